"""What the cells of an entry say, by the paths of its YAML file."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gateway.catalogue.guide.columns import Column, Form
from gateway.catalogue.guide.entries import Values
from gateway.catalogue.guide.entry_columns import (
    FINER_OPEN,
    FORMAT,
    FORMAT_TYPE,
    OPEN,
    OPEN_CONDITION,
)
from gateway.catalogue.guide.faults import FaultList, Words
from gateway.catalogue.guide.forms import PURPOSES, RESOURCES
from gateway.catalogue.guide.item_columns import CODE_LIST, FINER, SCALE, SIZE, TYPE
from gateway.catalogue.guide.spellings import Value
from gateway.catalogue.guide.vocabulary import own_type
from gateway.model.resource import TYPE_LETTERS, FieldType, OpenClass

Path = tuple[str | int, ...]


class Leaf(NamedTuple):
    """A value at a path, and the column that it stands in; None where one is wanted."""

    path: Path
    value: Value | None
    title: str


Rule = Callable[[Values, FaultList], Iterator[Leaf]]


def leaves(form: Form, values: Values, *, item: bool, faults: FaultList) -> list[Leaf]:
    """List what an entry, or one of its items, says."""
    columns = [column for column in form.columns if column.item is item and column.path]
    found: list[Leaf] = []
    for rule in _RULES.get((form.sheet, item), ()):
        found += rule(values, faults)
    return found + list(_plain(columns, values))


def _plain(columns: Iterable[Column], values: Values) -> Iterator[Leaf]:
    begun = {column.path[0] for column in columns if values.get(column.title) is not None}
    for column in columns:
        value = values.get(column.title)
        # The review as a whole may be missing, but not a part of it.
        wanted = column.required or (
            column.path[0] == "secrecy_review" and "secrecy_review" in begun
        )
        if value is not None and value != column.default:
            yield Leaf(column.path, value, column.title)
        elif value is None and wanted:
            yield Leaf(column.path, None, column.title)


def _format(values: Values, _: FaultList) -> Iterator[Leaf]:
    parts = [part for part in map(values.text, (FORMAT, FORMAT_TYPE)) if part]
    yield Leaf(("format",), "/".join(parts) or None, FORMAT)


def _opening(values: Values, faults: FaultList) -> Iterator[Leaf]:
    asked, finer = values.get(OPEN), values.text(FINER_OPEN)
    closed = str(OpenClass.NONE)
    implied = OpenClass.CONDITIONAL if values.text(OPEN_CONDITION) else OpenClass.UNCONDITIONAL
    if finer and asked is not None and (finer != closed) is not asked:
        faults.add(values.place(FINER_OPEN), _CONTRADICTS)
    if finer:
        yield Leaf(("open", "class"), finer, FINER_OPEN)
    elif asked is None:
        yield Leaf(("open", "class"), None, OPEN)
    else:
        yield Leaf(("open", "class"), str(implied) if asked else closed, OPEN)


_CONTRADICTS = Words(
    f"this contradicts the column '{OPEN}'",
    f"与“{OPEN}”列矛盾",
    "leave one of the two blank, or correct it",
    "请改正，或将其中一列留空",
)


def _typing(values: Values, faults: FaultList) -> Iterator[Leaf]:
    letter, finer = values.text(TYPE), values.text(FINER)
    if not letter:
        yield Leaf(("type",), finer or None, FINER if finer else TYPE)
        return
    if finer and letter != "C":
        faults.add(values.place(FINER), _NO_TEXT)
    if not finer and letter == "C" and values.text(CODE_LIST):
        finer = str(FieldType.CODE)
    yield Leaf(("type",), finer or own_type(letter), TYPE)
    yield from _size(values, FieldType(finer) if finer else TYPE_LETTERS[letter], faults)


_NO_TEXT = Words(
    f"only what is 字符型C in the column '{TYPE}' can be finer",
    f"仅“{TYPE}”为字符型C 时才可细分",
    f"leave it blank, or write C in the column '{TYPE}'",
    f"请留空，或将“{TYPE}”改为字符型C",
)
_SIZED = (FieldType.STRING, FieldType.BINARY)


def _size(values: Values, kind: FieldType, faults: FaultList) -> Iterator[Leaf]:
    """Read the size as the type has it: characters or bytes, or digits in all and behind."""
    digits, comma, behind = values.text(SIZE).partition(",")
    scale = values.get(SCALE)
    if scale is not None:
        yield Leaf(("scale",), scale, SCALE)
    # The guide has a length for every type; for all but these it follows from the type.
    if digits and kind in _SIZED:
        yield Leaf(("length",), int(digits), SIZE)
    if digits and kind is FieldType.DECIMAL:
        yield Leaf(("precision",), int(digits), SIZE)
    if comma and kind is FieldType.DECIMAL and scale is None:
        yield Leaf(("scale",), int(behind), SIZE)
    elif comma and (kind is not FieldType.DECIMAL or scale != int(behind)):
        faults.add(values.place(SIZE), _NO_SCALE)


_NO_SCALE = Words(
    f"digits behind the point stand here, but the type has none, or '{SCALE}' has others",
    f"此处写有小数位数，但该类型没有小数，或与“{SCALE}”列不一致",
    "write one number only, for example 18",
    "请只写一个数，例如 18",
)


def _scenario(values: Values, _: FaultList) -> Iterator[Leaf]:
    yield Leaf((), values.get("应用场景"), "应用场景")


_RULES: dict[tuple[str, bool], tuple[Rule, ...]] = {
    (RESOURCES.sheet, False): (_format, _opening),
    (RESOURCES.sheet, True): (_typing,),
    (PURPOSES.sheet, True): (_scenario,),
}
