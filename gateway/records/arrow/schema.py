"""Columns of a stream: what their type is, how it lies in buffers, and how it is called."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from gateway.records.arrow.flatbuffers import BYTE, INT, LONG, SHORT, Table, broken

Family = Literal[
    "null", "int", "float", "bool", "text", "binary", "decimal", "date", "timestamp", "other"
]
Layout = Literal["none", "bits", "fixed", "offsets", "view", "other"]

_INTS = {
    (8, 1): "b",
    (16, 1): "h",
    (32, 1): "i",
    (64, 1): "q",
    (8, 0): "B",
    (16, 0): "H",
    (32, 0): "I",
    (64, 0): "Q",
}
_UNITS = (("s", 1), ("ms", 1_000), ("us", 1_000_000), ("ns", 1_000_000_000))
_DAY = 86_400
# Of the format's own limit: 76 digits in all.
_MOST_SCALE = 76
# By number; named only to be refused.
_OTHERS = {
    9: "time",
    11: "interval",
    12: "list",
    13: "struct",
    14: "union",
    16: "fixed_size_list",
    17: "map",
    18: "duration",
    21: "large_list",
    22: "run_end_encoded",
    25: "list_view",
    26: "large_list_view",
}


class ArrowType(Struct, frozen=True):
    """A type: `width` is in bytes; `form` is that of the module `struct`.

    `day` counts the units of a date or time that make a day. `zone` is the time zone
    as the schema spells it: any text, which is never shown.
    """

    name: str
    family: Family
    layout: Layout
    width: int = 0
    form: str = ""
    scale: int = 0
    day: int = 1
    zone: str | None = None


class ArrowColumn(Struct, frozen=True):
    """A column: where `dictionary` is given, `index` says how its values are named."""

    name: str
    kind: ArrowType
    index: ArrowType | None = None
    dictionary: int = 0


def read_schema(table: Table) -> tuple[ArrowColumn, ...]:
    """Read the columns. Raises: BrokenRecordError, LimitExceededError."""
    if table.number(0, SHORT, 0) != 0:
        raise broken("its numbers are big-endian", "数字为大端字节序")
    return tuple(map(_column, table.tables(1)))


def _column(table: Table) -> ArrowColumn:
    name, about = table.text(0) or "", table.table(3)
    kind = _kind(table.number(2, BYTE, 0), about)
    dictionary = table.table(4)
    if dictionary is None:
        return ArrowColumn(name, kind)
    index = dictionary.table(1)
    held = ArrowType("int32", "int", "fixed", 4, "i") if index is None else _int(index)
    return ArrowColumn(name, kind, held, dictionary.number(0, LONG, 0))


def _kind(number: int, about: Table | None) -> ArrowType:
    if number in _OTHERS:
        return ArrowType(_OTHERS[number], "other", "other")
    made = _KINDS.get(number)
    if made is None or about is None:
        raise broken("a column is of no type that is known", "列的类型未知")
    return made if isinstance(made, ArrowType) else made(about)


def _int(about: Table) -> ArrowType:
    bits, signed = about.number(0, INT, 0), about.number(1, BYTE, 0)
    form = _INTS.get((bits, signed))
    if form is None:
        raise broken("a whole number of no width that is known", "整数宽度未知")
    return ArrowType(f"{'' if signed else 'u'}int{bits}", "int", "fixed", bits // 8, form)


def _float(about: Table) -> ArrowType:
    name, width, form = {0: ("half", 2, "e"), 1: ("float", 4, "f"), 2: ("double", 8, "d")}.get(
        about.number(0, SHORT, 0), ("", 0, "")
    )
    if not width:
        raise broken("a floating point number of no width that is known", "浮点数宽度未知")
    return ArrowType(name, "float", "fixed", width, form)


def _decimal(about: Table) -> ArrowType:
    scale, bits = about.number(1, INT, 0), about.number(2, INT, 128)
    if bits not in (32, 64, 128, 256) or abs(scale) > _MOST_SCALE:
        raise broken("a decimal of no width or scale that is known", "小数宽度或位数未知")
    form = {32: "i", 64: "q"}.get(bits, "")
    return ArrowType(f"decimal{bits}", "decimal", "fixed", bits // 8, form, scale)


def _date(about: Table) -> ArrowType:
    match about.number(0, SHORT, 1):
        case 0:
            return ArrowType("date32", "date", "fixed", 4, "i", day=1)
        case 1:
            return ArrowType("date64", "date", "fixed", 8, "q", day=_DAY * 1_000)
    raise broken("a date of no unit that is known", "日期单位未知")


def _timestamp(about: Table) -> ArrowType:
    unit, zone = about.number(0, SHORT, 0), about.text(1) or None
    if not 0 <= unit < len(_UNITS):
        raise broken("a timestamp of no unit that is known", "时间戳单位未知")
    short, ticks = _UNITS[unit]
    name = f"timestamp[{short}]" if zone is None else f"timestamp[{short}, with time zone]"
    return ArrowType(name, "timestamp", "fixed", 8, "q", day=_DAY * ticks, zone=zone)


def _fixed_binary(about: Table) -> ArrowType:
    width = about.number(0, INT, 0)
    if width < 0:
        raise broken("a width below nought", "宽度为负")
    return ArrowType("fixed_size_binary", "binary", "fixed", width)


_KINDS: dict[int, ArrowType | Callable[[Table], ArrowType]] = {
    1: ArrowType("null", "null", "none"),
    2: _int,
    3: _float,
    4: ArrowType("binary", "binary", "offsets", 4, "i"),
    5: ArrowType("utf8", "text", "offsets", 4, "i"),
    6: ArrowType("bool", "bool", "bits"),
    7: _decimal,
    8: _date,
    10: _timestamp,
    15: _fixed_binary,
    19: ArrowType("large_binary", "binary", "offsets", 8, "q"),
    20: ArrowType("large_utf8", "text", "offsets", 8, "q"),
    23: ArrowType("binary_view", "binary", "view", 16),
    24: ArrowType("utf8_view", "text", "view", 16),
}
