"""CSV read many rows at a time: the lines of `gateway.stores.records.csv_lines`, sooner.

Rows are turned into columns, so that most of the work is done by loops in C; the header
is read first, so that it is known before the rows are.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import BinaryIO, NoReturn

import msgspec
from msgspec import UNSET

from gateway.model.resource import Field, FieldType, Resource
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.stores.encodings import TextLines, TooLongError
from gateway.stores.records import columns_of, malformed, ragged, typed_text

# Rows that are turned into columns at once.
ROWS = 512
_TYPED = (FieldType.INTEGER, FieldType.BOOLEAN)
_encode_lines = msgspec.json.Encoder().encode_lines


class CsvTable:
    """A CSV file whose header was read: `fields`, as it names them."""

    def __init__(self, file: BinaryIO, resource: Resource, encoding: str, stack: ExitStack) -> None:
        """Read the header; `stack` outlives the use of `lines`.

        Raises: FieldUncataloguedError, RecordMalformedError.
        """
        csv.field_size_limit(MAX_RECORD_BYTES)
        self._encoding = encoding
        self._text = stack.enter_context(TextLines(file, encoding))
        self._rows = csv.reader(self._text, strict=True)
        try:
            header = next(self._rows, None)
        except (UnicodeError, csv.Error, TooLongError):
            self._broken(1)
        if not header:
            raise malformed("the file has no header", "文件没有表头")
        self.fields = columns_of(header, resource)

    def lines(self) -> Iterator[bytes]:
        """Yield each row as a line of JSON, typed by the catalogue.

        Raises: RecordMalformedError.
        """
        encode = _encoder(self.fields)
        for rows in self._batches():
            yield from encode(rows)

    def _batches(self) -> Iterator[list[list[str]]]:
        text, width = self._text, len(self.fields)
        number, batch = 0, list[list[str]]()
        text.begin()
        try:
            for cells in filter(None, self._rows):
                number += 1
                if len(cells) != width:
                    raise ragged(len(cells), width, number)
                batch.append(cells)
                if len(batch) == ROWS:
                    yield batch
                    batch = []
                text.begin()
        except (UnicodeError, csv.Error, TooLongError):
            self._broken(number + 1)
        if batch:
            yield batch

    def _broken(self, number: int) -> NoReturn:
        raise malformed(
            f"from about here on the text is no CSV in {self._encoding}; "
            "try --encoding gb18030 or utf-8",
            f"自此处起不是 {self._encoding} 编码的 CSV，可尝试 --encoding gb18030 或 utf-8",
            number,
        ) from None


def _encoder(fields: Sequence[Field]) -> Callable[[list[list[str]]], list[bytes]]:
    names = [f"f{place}" for place in range(len(fields))]
    row = msgspec.defstruct(
        "Row",
        [(name, object) for name in names],
        rename={name: field.id for name, field in zip(names, fields, strict=True)},
        namespace={"__repr__": lambda _: "Row(…)"},
        gc=False,
    )
    typed = list(map(_column, fields))

    def encode(rows: list[list[str]]) -> list[bytes]:
        cells = zip(*rows, strict=True)
        columns = [make(column) for make, column in zip(typed, cells, strict=True)]
        return _encode_lines(list(map(row, *columns))).split(b"\n")[:-1]

    return encode


def _column(field: Field) -> Callable[[Sequence[str]], Sequence[object]]:
    """Make what gives a column of cells the values that JSON has for them."""
    counted = field.type in _TYPED
    gap: object = None if field.null else UNSET
    if field.type is FieldType.STRING and field.empty:
        gap = ""

    def typed(cells: Sequence[str]) -> Sequence[object]:
        if counted or _exponent(cells):
            return [typed_text(field, cell) if cell else gap for cell in cells]
        if gap == "" or "" not in cells:
            return cells
        return [cell or gap for cell in cells]

    return typed


def _exponent(cells: Sequence[str]) -> bool:
    """Tell whether a number may be among them that a spreadsheet cut off: 1.4E+17."""
    text = "".join(cells)
    return "E" in text or "e" in text
