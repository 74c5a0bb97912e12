"""A file of records as lines of JSON, with what its header tells and how far it was read."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from gateway.model.resource import Field, Resource
from gateway.stores.records import columns_of, malformed, ndjson_lines
from gateway.stores.sheet_records import xlsx_lines
from gateway.stores.spreadsheet import Workbook, WorkbookError
from gateway.stores.tables.delimited import CsvTable
from gateway.stores.tables.parquet_reading import ParquetTable

InputForm = Literal["csv", "ndjson", "parquet", "xlsx"]


class Source(NamedTuple):
    """Records of a file: `fields` is None where only they themselves tell.

    `share` gives how much of the file was read, from 0 to 1; None: nobody knows.
    """

    fields: tuple[Field, ...] | None
    lines: Iterator[bytes]
    share: Callable[[], float | None]

    def __repr__(self) -> str:
        return "Source(…)"


def open_table(
    file: BinaryIO,
    form: InputForm,
    resource: Resource,
    stack: ExitStack,
    *,
    encoding: str,
    sheet: str | None = None,
) -> Source:
    """Open a file of records whose header, if it has one, is read at once.

    `stack` outlives the use of the source. Parquet and workbooks are ordinary files.

    Raises: FieldUncataloguedError, RecordMalformedError, ExtraMissingError.
    """
    if form == "parquet":
        table = ParquetTable(Path(os.fsdecode(file.name)), resource)
        return Source(tuple(table.fields), table.lines(), table.share)
    if form == "xlsx":
        fields = _titles(file, resource, sheet)
        file.seek(0)
        return Source(fields, xlsx_lines(file, resource, sheet), lambda: None)
    if form == "csv":
        rows = CsvTable(file, resource, encoding, stack)
        return Source(tuple(rows.fields), rows.lines(), _share(file))
    return Source(None, ndjson_lines(file, encoding), _share(file))


def _titles(file: BinaryIO, resource: Resource, sheet: str | None) -> tuple[Field, ...] | None:
    """Return the fields that the first row of a sheet names; None where there is no row."""
    try:
        for _, cells in Workbook(file).rows(sheet):
            titles = range(min(cells), max(cells) + 1)
            names = [cells[column].text if column in cells else "" for column in titles]
            return tuple(columns_of(names, resource))
    except WorkbookError as error:
        raise malformed(error.reason, error.reason_zh) from None
    return None


def _share(file: BinaryIO) -> Callable[[], float | None]:
    try:
        found = os.fstat(file.fileno())
    except OSError:
        return lambda: None
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        return lambda: None
    return lambda: min(1.0, file.tell() / found.st_size)
