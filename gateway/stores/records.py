"""Record files: JSON, NDJSON and CSV in and out.

Records are numbered from 1 as they stand in the file; blank lines are none. CSV is
typed by the catalogue; its headers are field ids or Chinese titles. What is not of
its type stays as it was written, and the decoder says so.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import BinaryIO, Literal

import msgspec

from gateway.errors import RecordMalformedError
from gateway.model.call import Row
from gateway.model.resource import Field, FieldType, Resource
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.records.faults import looks_rounded, uncatalogued_columns
from gateway.stores.encodings import (
    GB18030,
    UTF8,
    UTF8_MARKED,
    TextLines,
    TooLongError,
    decode,
    encode,
)
from keys.errors import FieldFault

RecordFormat = Literal["json", "ndjson", "csv"]
# Rows of a batch in a stream; some 200 KiB of ordinary records.
BATCH_BYTES = 192 * 1024
# Objects of one array, which is held in memory whole; larger data comes as NDJSON.
MAX_ARRAY_OBJECTS = 2_000_000

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_BOOLEANS = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
# Where msgspec found the fault; the rest of its text may quote a value.
_BYTE = re.compile(r"\(byte ([0-9]+)\)\Z")
_ITEM = re.compile(r" - at `\$\[([0-9]+)\]`\Z")


class _Any(msgspec.Struct):
    """Any object: nothing of it is kept."""


_objects = msgspec.json.Decoder(list[_Any])
_raws = msgspec.json.Decoder(list[msgspec.Raw])


def csv_lines(file: BinaryIO, resource: Resource, encoding: str) -> Iterator[bytes]:
    """Yield each row of a CSV file as a line of JSON, typed by the catalogue.

    Raises: FieldUncataloguedError for a header that names no field,
        RecordMalformedError for rows that do not fit the header or the encoding.
    """
    csv.field_size_limit(MAX_RECORD_BYTES)
    number = 0
    try:
        with TextLines(file, encoding) as lines:
            reader = csv.reader(lines, strict=True)
            header = next(reader, None)
            if not header:
                raise malformed("the file has no header", "文件没有表头")
            fields = columns_of(header, resource)
            lines.begin()
            for cells in filter(None, reader):
                number += 1
                if len(cells) != len(fields):
                    raise ragged(len(cells), len(fields), number)
                yield _line(fields, cells)
                lines.begin()
    except (UnicodeError, csv.Error, TooLongError):
        raise malformed(
            f"from about here on the text is no CSV in {encoding}; try --encoding gb18030 or utf-8",
            f"自此处起不是 {encoding} 编码的 CSV，可尝试 --encoding gb18030 或 utf-8",
            number + 1,
        ) from None


def ragged(cells: int, columns: int, record: int) -> RecordMalformedError:
    """Make the refusal of a row that does not fit the header."""
    return malformed(
        f"{cells} cells, but {columns} in the header",
        f"有 {cells} 格，表头有 {columns} 格",
        record,
    )


def columns_of(header: Sequence[str], resource: Resource) -> list[Field]:
    """Return the fields that a header names, by id or Chinese title.

    Raises: FieldUncataloguedError, RecordMalformedError for one that stands twice.
    """
    known = {field.name: field for field in resource.fields}
    known |= {field.id: field for field in resource.fields}
    names = [cell.strip() for cell in header]
    strange = [(place, name) for place, name in enumerate(names, 1) if name not in known]
    if strange:
        raise uncatalogued_columns(resource, strange)
    found = [known[name] for name in names]
    ids = [field.id for field in found]
    for position, name in enumerate(ids, 1):
        if ids.index(name) < position - 1:
            raise malformed(f"column {position} stands twice", f"第 {position} 列重复")
    return found


def _line(fields: Sequence[Field], cells: Sequence[str]) -> bytes:
    record = {}
    for field, cell in zip(fields, cells, strict=True):
        if cell or (field.type is FieldType.STRING and field.empty):
            record[field.id] = typed_text(field, cell)
        elif field.null:
            record[field.id] = None
    return msgspec.json.encode(record)


def typed_text(field: Field, cell: str) -> object:
    """Return the value that a text spells, as JSON has it; what is not of its type as it is."""
    if field.type is FieldType.INTEGER and _INTEGER.fullmatch(cell):
        return int(cell)
    if field.type is FieldType.BOOLEAN:
        return _BOOLEANS.get(cell.strip().lower(), cell)
    if looks_rounded(field, cell.strip()):
        # As a number it is refused, with a hint to what happened.
        return msgspec.Raw(cell.strip().encode())
    return cell


def ndjson_lines(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    """Yield the objects of an NDJSON file, a line each, blank lines left out.

    Raises: RecordMalformedError.
    """
    number = 0
    try:
        for line in _utf8_lines(file, encoding):
            stripped = line.strip()
            if not stripped:
                continue
            number += 1
            if not (stripped.startswith(b"{") and stripped.endswith(b"}")):
                raise malformed(
                    "the line is no JSON object; try --format json or csv",
                    "该行不是 JSON 对象，可尝试 --format json 或 csv",
                    number,
                )
            yield stripped
    except (UnicodeError, TooLongError):
        raise malformed(
            f"from about here on the text is no NDJSON in {encoding}",
            f"自此处起不是 {encoding} 编码的 NDJSON",
            number + 1,
        ) from None


def _utf8_lines(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    if encoding == GB18030:
        with TextLines(file, encoding) as lines:
            for text in lines:
                yield text.encode()
                lines.begin()
        return
    mark = b"\xef\xbb\xbf"
    for line in iter(partial(file.readline, MAX_RECORD_BYTES + 1), b""):
        if len(line) > MAX_RECORD_BYTES:
            raise TooLongError
        yield line.removeprefix(mark)
        mark = b""


def json_items(data: bytes, encoding: str = UTF8) -> list[bytes]:
    """Split a JSON array of objects into its elements, a line each.

    Raises: RecordMalformedError.
    """
    try:
        data = decode(data, encoding).encode() if encoding == GB18030 else data
    except UnicodeError:
        raise malformed(f"the text is no {encoding}", f"文本不是 {encoding} 编码") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.count(b"{") > MAX_ARRAY_OBJECTS:
        raise malformed(
            f"an array of more than {MAX_ARRAY_OBJECTS} objects is better NDJSON",
            f"数组超过 {MAX_ARRAY_OBJECTS} 个对象，请改用 NDJSON",
        )
    try:
        # First without keeping anything: what is no object is not worth the memory.
        _objects.decode(data)
        return _split(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _no_array(str(error), data) from None


def _split(data: bytes) -> list[bytes]:
    return [_one_line(bytes(item)) for item in _raws.decode(data)]


def _one_line(item: bytes) -> bytes:
    """Take the line ends out of an object that somebody laid out to be read."""
    if b"\n" in item or b"\r" in item:
        return msgspec.json.format(item, indent=-1)
    return item


def _no_array(text: str, data: bytes) -> RecordMalformedError:
    item, byte = _ITEM.search(text), _BYTE.search(text)
    if item is not None:
        return malformed("it is no object", "不是对象", int(item[1]) + 1)
    if byte is None:
        return malformed("the text is no array of JSON objects", "文本不是 JSON 对象数组")
    before = data[: int(byte[1])]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return malformed(
        f"no JSON at line {line}, byte {column}", f"第 {line} 行第 {column} 字节处不是 JSON"
    )


def batched(lines: Iterable[bytes], size: int = BATCH_BYTES) -> Iterator[list[bytes]]:
    """Gather lines into batches of about `size` bytes."""
    batch: list[bytes] = []
    total = 0
    for line in lines:
        if batch and total + len(line) > size:
            yield batch
            batch, total = [], 0
        batch.append(line)
        total += len(line) + 1
    if batch:
        yield batch


class RecordWriter:
    """Writes opened records as JSON, NDJSON or CSV, batch by batch."""

    def __init__(self, file: BinaryIO, form: RecordFormat, encoding: str) -> None:
        self._file, self._form, self._encoding = file, form, encoding
        self._written = 0
        self._header: Sequence[str] | None = None

    def write(self, records: bytes, fields: Sequence[str]) -> None:
        """Write a JSON array of records whose fields are `fields`."""
        if self._form == "csv":
            try:
                rows = msgspec.json.decode(records, type=list[Row])
            except msgspec.MsgspecError:
                raise malformed("they are no flat objects", "不是扁平的对象") from None
            self._write_csv(rows, fields)
            return
        separator = b",\n" if self._form == "json" else b"\n"
        for item in _split(records):
            if self._form == "json" or self._written:
                self._file.write(separator if self._written else b"[\n")
            self._file.write(item)
            self._written += 1

    def finish(self) -> None:
        """Write what stands at the end."""
        if self._form == "json":
            self._file.write(b"\n]\n" if self._written else b"[]\n")
        elif self._form == "ndjson" and self._written:
            self._file.write(b"\n")

    def _write_csv(self, rows: Iterable[Mapping[str, object]], fields: Sequence[str]) -> None:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        if self._header is None:
            self._header = fields
            if self._encoding == UTF8_MARKED:
                self._file.write(b"\xef\xbb\xbf")
            writer.writerow(fields)
        if list(fields) != list(self._header):
            raise malformed(
                "the parts have other fields; CSV cannot show that",
                "各部分字段不同，无法写为 CSV",
            )
        writer.writerows([_cell(row.get(name)) for name in self._header] for row in rows)
        self._file.write(encode(text.getvalue(), self._encoding))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def malformed(reason: str, reason_zh: str, record: int | None = None) -> RecordMalformedError:
    """Make the refusal of a file, or of one record of it."""
    if record is None:
        return RecordMalformedError(reason=reason, reason_zh=reason_zh)
    fault = FieldFault(record, "", reason, reason_zh)
    return RecordMalformedError(
        reason=reason, reason_zh=reason_zh, fields=(fault,), records=(record,)
    )
