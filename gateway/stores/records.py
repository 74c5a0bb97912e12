"""Record files: JSON, NDJSON and CSV in and out.

CSV is typed by the catalogue; its headers are field ids or Chinese titles. What
is not of its type stays as it was written, and the decoder says so.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Literal, TextIO

import msgspec

from gateway.errors import FieldUncataloguedError, RecordMalformedError
from gateway.model.call import Row
from gateway.model.resource import Field, FieldType, Resource
from gateway.records.faults import looks_rounded, shown_name
from keys.errors import FieldFault

RecordFormat = Literal["json", "ndjson", "csv"]
# Rows of a batch in a stream; some 200 KiB of ordinary records.
BATCH_BYTES = 192 * 1024
# One cell of CSV; the csv module's own bound of 128 KiB would stop photos.
MAX_CELL_CHARACTERS = 24 * 1024 * 1024

# GB 18030-2005 and -2022 gave these code points places outside the private area,
# where Python's codec (GB 18030-2000) still puts them.
_PLACES_2022 = str.maketrans(
    {
        0xE7C7: 0x1E3F,
        0xE78D: 0xFE10,
        0xE78E: 0xFE12,
        0xE78F: 0xFE11,
        0xE790: 0xFE13,
        0xE791: 0xFE14,
        0xE792: 0xFE15,
        0xE793: 0xFE16,
        0xE794: 0xFE17,
        0xE795: 0xFE18,
        0xE796: 0xFE19,
        0xE816: 0x20087,
        0xE817: 0x20089,
        0xE818: 0x200CC,
        0xE81E: 0x9FB4,
        0xE826: 0x9FB5,
        0xE82B: 0x9FB6,
        0xE82C: 0x9FB7,
        0xE831: 0x215D7,
        0xE832: 0x9FB8,
        0xE83B: 0x2298F,
        0xE843: 0x9FB9,
        0xE854: 0x9FBA,
        0xE855: 0x241FE,
        0xE864: 0x9FBB,
    }
)
_PLACES_2000 = {new: old for old, new in _PLACES_2022.items()}
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_BOOLEANS = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}


def open_text(file: BinaryIO, encoding: str) -> TextIO:
    """Read bytes as text; `utf-8` takes a byte order mark or none."""
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    return io.TextIOWrapper(file, encoding=name, newline="")


def csv_lines(file: BinaryIO, resource: Resource, encoding: str) -> Iterator[bytes]:
    """Yield each row of a CSV file as a line of JSON, typed by the catalogue.

    Raises: FieldUncataloguedError for a header that names no field,
        RecordMalformedError for rows that do not fit the header or the encoding.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    reader = csv.reader(_translated(open_text(file, encoding), encoding), strict=True)
    number = 0
    try:
        header = next(reader, None)
        if not header:
            raise _malformed("the file has no header", "文件没有表头")
        fields = _columns(header, resource)
        for number, cells in enumerate(reader, 1):
            if not cells:
                continue
            if len(cells) != len(fields):
                raise _malformed(
                    f"record {number} has {len(cells)} cells, the header {len(fields)}",
                    f"第 {number} 条记录有 {len(cells)} 格，表头有 {len(fields)} 格",
                )
            yield _line(fields, cells)
    except (UnicodeError, csv.Error):
        raise _malformed(
            f"behind record {number} the text is no CSV in {encoding}; "
            "try --encoding gb18030 or utf-8",
            f"第 {number} 条记录之后不是 {encoding} 编码的 CSV，可尝试 --encoding gb18030 或 utf-8",
        ) from None


def _is_gb18030(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "gb18030"


def _translated(lines: TextIO, encoding: str) -> Iterator[str]:
    if not _is_gb18030(encoding):
        return iter(lines)
    return (line.translate(_PLACES_2022) for line in lines)


def _columns(header: Sequence[str], resource: Resource) -> list[Field]:
    known = {field.name: field for field in resource.fields}
    known |= {field.id: field for field in resource.fields}
    found: list[Field] = []
    faults: list[FieldFault] = []
    for position, cell in enumerate(header, 1):
        field = known.get(cell.strip())
        if field is None:
            text = ("the column is not in the catalogue", "目录中没有该列")
            faults.append(FieldFault(None, shown_name(cell.strip(), position), *text))
        elif field in found:
            raise _malformed(f"column {position} stands twice", f"第 {position} 列重复")
        else:
            found.append(field)
    if faults:
        names = ", ".join(fault.field for fault in faults[:20])
        raise FieldUncataloguedError(resource=resource.code, names=names, fields=tuple(faults[:50]))
    return found


def _line(fields: Sequence[Field], cells: Sequence[str]) -> bytes:
    record = {}
    for field, cell in zip(fields, cells, strict=True):
        if cell or (field.type is FieldType.STRING and field.empty):
            record[field.id] = _typed(field, cell)
        elif field.null:
            record[field.id] = None
    return msgspec.json.encode(record)


def _typed(field: Field, cell: str) -> object:
    if field.type is FieldType.INTEGER and _INTEGER.fullmatch(cell):
        return int(cell)
    if field.type is FieldType.BOOLEAN:
        return _BOOLEANS.get(cell.strip().lower(), cell)
    if looks_rounded(field, cell):
        # As a number it is refused, with a hint to what happened.
        return float(cell)
    return cell


def json_items(data: bytes) -> list[bytes]:
    """Split a JSON array into its elements as they stand.

    Raises: RecordMalformedError.
    """
    try:
        return [bytes(item) for item in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except msgspec.MsgspecError:
        raise _malformed("the text is no JSON array", "文本不是 JSON 数组") from None


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
            self._write_csv(msgspec.json.decode(records, type=list[Row]), fields)
            return
        separator = b",\n" if self._form == "json" else b"\n"
        for item in json_items(records):
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
            writer.writerow(fields)
        writer.writerows([_cell(row.get(name)) for name in self._header] for row in rows)
        content = text.getvalue()
        if _is_gb18030(self._encoding):
            content = content.translate(_PLACES_2000)
        self._file.write(content.encode(self._encoding))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _malformed(reason: str, reason_zh: str) -> RecordMalformedError:
    return RecordMalformedError(reason=reason, reason_zh=reason_zh)
