"""Parquet in: slices of columns, spelled as the catalogue spells values, as lines of JSON.

The type of a column must hold its field's values exactly: nothing goes through floating
point. A moment that the field's format would cut short stays as it is, and the decoder
refuses it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gateway.errors import RecordMalformedError
from gateway.model.resource import Field, FieldType, Resource
from gateway.stores.records import columns_of, malformed
from gateway.stores.tables.columnar import chrono, polars
from keys.errors import FieldFault

if TYPE_CHECKING:
    from polars import DataFrame, DataType, Expr, LazyFrame

# A slice is about so large in memory; and no more rows than this, however narrow.
SLICE_BYTES = 8 * 1024 * 1024
SLICE_ROWS = 65_536
FIRST_ROWS = 1024
# Of a decimal number; it has no more in memory.
MOST_DIGITS = 38
# Days around 1970 that can be spelled; no record has one farther off.
FARTHEST_DAY = 4_000_000
# Stands for a farther one, for the decoder to refuse.
BEYOND = "…"
# Rows that become lines at once.
LINES = 4096

_INTEGERS = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
_TEXTS = ("String", "Categorical", "Enum")
_HOLD: dict[FieldType, tuple[str, ...]] = {
    FieldType.STRING: _TEXTS,
    FieldType.CODE: _TEXTS,
    FieldType.GEO_POINT: _TEXTS,
    FieldType.INTEGER: _INTEGERS,
    FieldType.DECIMAL: ("Decimal", "String", *_INTEGERS),
    FieldType.BOOLEAN: ("Boolean",),
    FieldType.DATE: ("Date", "Datetime", "String"),
    FieldType.DATETIME: ("Datetime", "String"),
    FieldType.BINARY: ("Binary", "String"),
}


class ParquetTable:
    """A Parquet file whose schema was read: `fields`, as its columns name them."""

    def __init__(self, path: Path, resource: Resource) -> None:
        """Read the schema.

        Raises: FieldUncataloguedError, RecordMalformedError, ExtraMissingError.
        """
        self._pl = pl = polars()
        # The path is a name, not a pattern, and its folders are no columns.
        self._frame: LazyFrame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        try:
            schema = self._frame.collect_schema()
            self._rows: int = self._frame.select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
            _unreadable()
        self.fields = columns_of(schema.names(), resource)
        if not self.fields:
            raise malformed("the file has no column", "文件没有列")
        for place, (field, held) in enumerate(zip(self.fields, schema.dtypes(), strict=True), 1):
            _check(field, held, place)
        self._spelled = [
            _spelled(pl.col(name), field, held).alias(field.id)
            for field, (name, held) in zip(self.fields, schema.items(), strict=True)
        ]
        # Of an absent value only Parquet says null; elsewhere its key is not there.
        self._gaps = [
            b'"%s":null' % field.id.encode()
            for field in self.fields
            if not field.required and not field.null
        ]
        self._read = 0

    def share(self) -> float:
        """Return how much was read, from 0 to 1."""
        return self._read / self._rows if self._rows else 1.0

    def lines(self) -> Iterator[bytes]:
        """Yield each row as a line of JSON.

        Raises: RecordMalformedError.
        """
        for frame in self._slices():
            for part in frame.iter_slices(LINES):
                yield from self._without_gaps(part.write_ndjson().encode()).splitlines()
                self._read += len(part)

    def _slices(self) -> Iterator["DataFrame"]:
        """Read slice by slice: a file's row groups may be larger than memory."""
        pl, start, size = self._pl, 0, FIRST_ROWS
        while start < self._rows:
            try:
                frame = self._frame.slice(start, size).select(self._spelled).collect()
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
                _unreadable()
            yield frame
            start += len(frame)
            each = frame.estimated_size() / len(frame)
            size = max(1, min(SLICE_ROWS, 8 * size, int(SLICE_BYTES / max(each, 1))))

    def _without_gaps(self, lines: bytes) -> bytes:
        # No text holds these bytes: a quotation mark within one has a backslash before it.
        for gap in self._gaps:
            if gap in lines:
                lines = lines.replace(b"," + gap, b"").replace(b"{" + gap + b",", b"{")
                lines = lines.replace(b"{" + gap + b"}", b"{}")
        return lines


def _check(field: Field, held: "DataType", place: int) -> None:
    name = held.base_type().__name__
    good = name == "Null" or name in _HOLD[field.type]
    if name == "Datetime":
        good = good and getattr(held, "time_zone", None) is None
    if name == "Decimal":
        # what has more digits is a type only of the file
        good = good and getattr(held, "precision", 0) <= MOST_DIGITS
    if good and name in ("Date", "Datetime"):
        good = chrono(field) is not None
    if good:
        return
    text = f"column {place} is of the type {name}, which does not hold {field.type} exactly"
    text_zh = f"第 {place} 列的类型为 {name}，不能准确表示 {field.type}"
    raise RecordMalformedError(
        reason=text, reason_zh=text_zh, fields=(FieldFault(None, field.id, text, text_zh),)
    )


def _spelled(column: "Expr", field: Field, held: "DataType") -> "Expr":
    pl = polars()
    match held.base_type().__name__:
        case "Categorical" | "Enum":
            return column.cast(pl.String)
        case "Binary":
            return column.bin.encode("base64")
        case "Decimal":
            # Noughts behind the declared digits say nothing; other digits are refused.
            shorter = column.cast(pl.Decimal(38, field.scale or 0), strict=False)
            same = shorter.cast(held, strict=False) == column
            return _either(same, shorter.cast(pl.String), column)
        case "Date" | "Datetime":
            return _spelled_time(column, chrono(field) or "", held)
    return column


def _spelled_time(column: "Expr", pattern: str, held: "DataType") -> "Expr":
    pl = polars()
    unit = getattr(held, "time_unit", "day")
    day = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}.get(unit, 1)
    # spelling the farthest would panic
    near = (column.to_physical().cast(pl.Int64) // day).is_between(-FARTHEST_DAY, FARTHEST_DAY)
    told = pl.when(near).then(column)
    text = told.dt.strftime(pattern)
    fine = "ns" if unit == "ns" else "us"
    whole = text.str.to_datetime(pattern, strict=False, time_unit=fine) == told.cast(
        pl.Datetime(fine)
    )
    far = pl.when(column.is_not_null() & ~near).then(pl.lit(BEYOND))
    spelled: Expr = pl.coalesce(far, _either(whole, text, told))
    return spelled


def _either(good: "Expr", text: "Expr", column: "Expr") -> "Expr":
    """Give the text where it is good, else the column as it is, for the decoder to refuse."""
    pl = polars()
    spelled: Expr = pl.when(good).then(text).otherwise(column.cast(pl.String))
    return spelled


def _unreadable() -> NoReturn:
    raise malformed("the file is no Parquet that can be read", "文件不是可读取的 Parquet") from None
