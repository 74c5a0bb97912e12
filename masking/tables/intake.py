"""Take a table in: hold its columns to the plan, and spell them as the kernels expect."""

import re
from collections.abc import Sequence

import polars as pl
from polars import selectors

from keys.errors import FieldFault
from masking.columns import CompiledField
from masking.errors import TableInvalidError
from masking.operators import FieldType
from masking.operators._dates import pattern_of

# A longer list of faults is a table of something else.
LISTED = 50
# What looks like a name; a file without a header has values there.
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z0-9_]{0,63}").fullmatch

_TEXTS: frozenset[FieldType] = frozenset(("string", "code", "date", "datetime", "geo_point"))
_DATES: frozenset[FieldType] = frozenset(("date", "datetime"))
_DTYPES: dict[FieldType, pl.DataType] = {
    **dict.fromkeys(_TEXTS, pl.String()),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(38, 6),
    "boolean": pl.Boolean(),
    "binary": pl.Binary(),
}
_EXPECTED: dict[FieldType, tuple[str, str]] = {
    "string": ("expected a column of texts", "应为文本列"),
    "code": ("expected a column of codes as text", "应为文本形式的代码列"),
    "date": ("expected a column of dates, or of texts", "应为日期列或文本列"),
    "datetime": (
        "expected a column of times without zone, or of texts",
        "应为不带时区的时间列或文本列",
    ),
    "geo_point": ("expected a column of `longitude,latitude` as text", "应为文本“经度,纬度”列"),
    "integer": ("expected a column of whole numbers", "应为整数列"),
    "decimal": (
        "expected a column of exact decimal numbers, not of binary fractions",
        "应为精确的十进制数列，不能是浮点数",
    ),
    "boolean": ("expected a column of true and false", "应为布尔列"),
    "binary": ("expected a column of bytes", "应为二进制列"),
}
_UNPLANNED = ("not in the plan", "不在脱敏方案中")
_BEYOND = ("a date before the year 1 or after 9999", "有公元 1 年之前或 9999 年之后的日期")
_NO_TEXT = ("bytes that are no text in UTF-8", "有不是 UTF-8 文本的字节")
# Days around 1970 that have a year of four digits, and how many units a day has.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
# How the parts of a date pattern are called where columns of dates are spelled.
_STRFTIME = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "%": "%%"}


def frame_of(table: object, fields: Sequence[CompiledField]) -> pl.DataFrame:
    """Return the planned columns, in plan order; one that is missing is null.

    Raises:
        TableInvalidError: this is no table, or it does not fit the plan.
    """
    frame = table if isinstance(table, pl.DataFrame) else _read(table)
    schema = frame.schema  # made anew each time it is asked for
    if faults := _faults(schema, fields):
        raise _misfit(faults)
    if beyond := [name for name in frame.columns if not _in_calendar(frame[name])]:
        raise _misfit([FieldFault(None, name, *_BEYOND) for name in beyond])
    spelled = frame.select(_spelled(field, schema.get(field.id), frame.height) for field in fields)
    if frame is not table:
        # polars takes an Arrow stream's word for it, and would panic or worse
        broken = [one.name for one in spelled if one.dtype == pl.String and not _is_text(one)]
        if broken:
            raise _misfit([FieldFault(None, name, *_NO_TEXT) for name in broken])
    return spelled


def _misfit(faults: Sequence[FieldFault]) -> TableInvalidError:
    names = ", ".join(fault.field for fault in faults[:3]) + ("…" if len(faults) > 3 else "")
    return TableInvalidError(
        reason=f"{names}: {faults[0].text}",
        reason_zh=f"{names}：{faults[0].text_zh}",
        fields=tuple(faults[:LISTED]),
        fault_count=len(faults),
    )


def _read(table: object) -> pl.DataFrame:
    if not hasattr(table, "__arrow_c_stream__"):
        raise TableInvalidError(
            reason="expected a polars DataFrame or an Arrow table",
            reason_zh="应为 polars DataFrame 或 Arrow 表",
        )
    try:
        return pl.DataFrame(table)
    # what they say may hold values, or names that are some
    except (Exception, pl.exceptions.PanicException):
        raise TableInvalidError(
            reason="its Arrow stream cannot be read, or two columns have one name",
            reason_zh="Arrow 数据流无法读取，或有两列同名",
        ) from None


def _faults(schema: pl.Schema, fields: Sequence[CompiledField]) -> list[FieldFault]:
    planned = {field.id: field for field in fields}
    faults = []
    for position, (name, dtype) in enumerate(schema.items(), 1):
        field = planned.get(name)
        if field is None:
            shown = name if _NAME(name) else f"#{position}"
            faults.append(FieldFault(None, shown, *_UNPLANNED))
        elif not _fits(field, dtype):
            faults.append(FieldFault(None, name, *_EXPECTED[field.bind.type]))
    return faults


def _fits(field: CompiledField, dtype: pl.DataType) -> bool:
    kind = field.bind.type
    if isinstance(dtype, pl.Null):
        return True
    if isinstance(dtype, pl.Date | pl.Datetime):
        return kind in _DATES and _strftime(field, dtype) is not None
    if kind in _TEXTS:
        return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
    if kind == "integer":
        return dtype.is_integer()
    return type(dtype) is type(_DTYPES[kind])


def _strftime(field: CompiledField, dtype: pl.DataType) -> str | None:
    """Return how dates are spelled in the field's format, if the column has all of its parts."""
    pattern = pattern_of(field.bind)
    spelled = re.sub("YYYY|MM|DD|HH|mm|ss|%", lambda part: _STRFTIME[part[0]], pattern)
    whole = isinstance(dtype, pl.Datetime) and dtype.time_zone is None
    timed = re.search("%[HMS]", spelled) is not None
    zoned = re.search("[YMDHmsSZ]", re.sub("%[YmdHMS%]", "", spelled)) is not None
    fits = whole if timed else isinstance(dtype, pl.Date) or whole
    return spelled if fits and not zoned else None


def _in_calendar(series: pl.Series) -> bool:
    """Tell whether every date can be spelled."""
    if not isinstance(series.dtype, pl.Date | pl.Datetime):
        return True
    day = _A_DAY[series.dtype.time_unit] if isinstance(series.dtype, pl.Datetime) else 1
    # compared as dates, the farthest would panic
    units = series.to_physical()
    ends = [int(end) for end in (units.min(), units.max()) if isinstance(end, int)]
    return all(_FIRST_DAY <= end // day <= _LAST_DAY for end in ends)


def _is_text(series: pl.Series) -> bool:
    try:
        series.cast(pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def _spelled(field: CompiledField, dtype: pl.DataType | None, rows: int) -> pl.Expr:
    """Return the column as the kernels expect it."""
    expected = _DTYPES[field.bind.type]
    if dtype is None:
        return pl.repeat(None, rows, dtype=expected).alias(field.id)
    column = column_of(field)
    if isinstance(dtype, pl.Date | pl.Datetime):
        return column.dt.strftime(_strftime(field, dtype) or "")
    if isinstance(dtype, pl.Null | pl.Categorical | pl.Enum):
        return column.cast(expected)
    return column


def column_of(field: CompiledField) -> pl.Expr:
    """Return the column of a field, of which the name is a name and not a pattern."""
    if field.id.startswith(("^", "*")):
        return selectors.by_name(field.id).as_expr()
    return pl.col(field.id)
