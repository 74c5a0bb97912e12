"""Masked columns into a file, batch by batch: CSV and NDJSON as `open` writes them."""

import csv
import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import BinaryIO, Literal

import msgspec
from msgspec import UNSET

from gateway.masking_files import OutColumn
from gateway.stores.encodings import UTF8_MARKED, encode
from masking.operators import Column

OutputForm = Literal["csv", "ndjson", "parquet"]
_MARK = b"\xef\xbb\xbf"


def write_table(
    out: BinaryIO,
    form: OutputForm,
    columns: Sequence[OutColumn],
    batches: Iterable[Sequence[Column]],
    *,
    encoding: str,
) -> None:
    """Write all batches; each has a column of values for each of `columns`.

    `encoding` is that of CSV. Raises: what `batches` raise; ExtraMissingError,
    RecordMalformedError for an amount that Parquet cannot hold.
    """
    if form == "parquet":
        from gateway.stores.tables.parquet_writing import write_parquet

        write_parquet(out, columns, batches)
    elif form == "csv":
        _write_csv(out, columns, batches, encoding)
    else:
        _write_ndjson(out, columns, batches)


def _write_ndjson(
    out: BinaryIO, columns: Sequence[OutColumn], batches: Iterable[Sequence[Column]]
) -> None:
    names = [f"f{place}" for place in range(len(columns))]
    row = msgspec.defstruct(
        "Masked",
        [(name, object) for name in names],
        rename={name: one.field.id for name, one in zip(names, columns, strict=True)},
        namespace={"__repr__": lambda _: "Masked(…)"},
        gc=False,
    )
    lines = msgspec.json.Encoder().encode_lines
    for batch in batches:
        out.write(lines(list(map(row, *batch))))


def _write_csv(
    out: BinaryIO,
    columns: Sequence[OutColumn],
    batches: Iterable[Sequence[Column]],
    encoding: str,
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if encoding == UTF8_MARKED:
        out.write(_MARK)
    writer.writerow([one.field.id for one in columns])
    for batch in batches:
        writer.writerows(zip(*map(_cells, batch), strict=True))
        out.write(encode(text.getvalue(), encoding))
        text.seek(0)
        text.truncate()
    out.write(encode(text.getvalue(), encoding))


def _cells(column: Column) -> Sequence[object]:
    """Spell the values of a column as `open` does; text as it is, so mostly nothing."""
    if {str}.issuperset(map(type, column)):
        return column
    return list(map(_cell, column))


def _cell(value: object) -> object:
    if value is None or value is UNSET:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return b64encode(value).decode() if isinstance(value, bytes) else value
