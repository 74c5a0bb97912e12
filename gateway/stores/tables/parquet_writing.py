"""Parquet out: one column type to each output type, row group by row group.

Nothing of the file that came in goes over: no metadata, no statistics. Those that are
written are of masked values.
"""

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import UNSET

from gateway.masking_files import OutColumn
from gateway.stores.records import malformed
from gateway.stores.tables.columnar import chrono, polars
from masking.operators import Column

if TYPE_CHECKING:
    from polars import DataFrame, DataType, Series

ROW_GROUP = 65_536
# All that the format has, so that a rounded amount fits too.
_DIGITS = 38


def write_parquet(
    out: BinaryIO, columns: Sequence[OutColumn], batches: Iterable[Sequence[Column]]
) -> None:
    """Write all batches.

    Raises: what `batches` raise; ExtraMissingError, RecordMalformedError.
    """
    pl = polars()
    makers = [_maker(column) for column in columns]
    schema = {one.field.id: _type(one) for one in columns}
    failed: list[BaseException] = []

    def frames(*_: object) -> Iterator["DataFrame"]:
        # The library would repeat the text of an error in one of its own.
        try:
            for batch in batches:
                series = [make(column) for make, column in zip(makers, batch, strict=True)]
                yield pl.DataFrame(dict(zip(schema, series, strict=True)), schema=schema)
        except BaseException as error:
            failed.append(error)

    from polars.io.plugins import register_io_source

    frame = register_io_source(frames, schema=schema, is_pure=False)
    try:
        frame.sink_parquet(out, row_group_size=ROW_GROUP, maintain_order=True)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise OSError(errno.EIO, "the Parquet file cannot be written") from None
    if failed:
        raise failed[0]


def _type(column: OutColumn) -> "DataType":
    """Return the column type of an output type; a date that may be open is text."""
    pl, field = polars(), column.field
    plain: dict[str, Any] = {
        "integer": pl.Int64(),
        "boolean": pl.Boolean(),
        "binary": pl.Binary(),
        "null": pl.Null(),
        "decimal": pl.Decimal(_DIGITS, field.scale or 0),
    }
    if _is_time(column):
        plain |= {"date": pl.Date(), "datetime": pl.Datetime("us")}
    found: DataType = plain.get(column.type) or pl.String()
    return found


def _is_time(column: OutColumn) -> bool:
    timed = column.type in ("date", "datetime") and column.type == column.field.type
    return timed and not column.field.open_end and chrono(column.field) is not None


def _maker(column: OutColumn) -> Callable[[Column], "Series"]:
    pl, kind = polars(), _type(column)
    timed, pattern = _is_time(column), chrono(column.field)
    date = column.type == "date"

    def make(values: Column) -> "Series":
        if UNSET in values:
            values = [None if value is UNSET else value for value in values]
        if column.type == "decimal":
            _check_exact(values, column)
        if not timed:
            return _series(values, kind, column)
        text = pl.Series(values, dtype=pl.String, strict=True).str
        made: Series = text.to_date(pattern) if date else text.to_datetime(pattern)
        return made

    return make


def _series(values: Column, kind: "DataType", column: OutColumn) -> "Series":
    """Make a column; a masked number may be larger than any that came in."""
    pl = polars()
    try:
        series: Series = pl.Series(values, dtype=kind, strict=True)
    except (pl.exceptions.PolarsError, OverflowError, TypeError):
        raise malformed(
            f"{column.field.id} holds numbers larger than Parquet has; write NDJSON",
            f"{column.field.id} 中有超出 Parquet 范围的数值，请输出为 NDJSON",
        ) from None
    return series


def _check_exact(values: Iterable[Decimal | None], column: OutColumn) -> None:
    """Check amounts that the library would round."""
    scale = column.field.scale or 0
    quantum = Decimal(1).scaleb(-scale)
    for value in values:
        if value is None or value.same_quantum(quantum):
            continue
        _, digits, exponent = value.as_tuple()
        if not isinstance(exponent, int) or exponent < -scale or len(digits) > _DIGITS - scale:
            raise malformed(
                f"{column.field.id} holds amounts that Parquet would round; write NDJSON",
                f"{column.field.id} 中有 Parquet 会舍入的数值，请输出为 NDJSON",
            )
