"""Workbooks as other programs write them, and as nobody should."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl

from gateway.model.cells import Area, Cell, CellKind, Table
from gateway.stores.spreadsheet.dates import iso
from gateway.stores.spreadsheet.rows import plain_number

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"

Rows = Iterable[Sequence[Any]]


def written(
    sheets: Mapping[str, Rows], *, merged: Sequence[str] = (), formats: Mapping[str, str] = {}
) -> bytes:
    """Write a workbook with another library: rows by sheet, number formats by cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(list(row))
    page = book.worksheets[0]
    for area in merged:
        page.merge_cells(area)
    for cell, code in formats.items():
        page[cell].number_format = code
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def edited(path: Path, changes: Mapping[str, Any], sheet: str = "目录") -> Path:
    """Change cells of a workbook, as a person with another program would."""
    book = openpyxl.load_workbook(path)
    page = book[sheet]
    for cell, value in changes.items():
        page[cell].value = value
    book.save(path)
    return path


def places(path: Path, sheet: str = "目录", row: int = 2) -> dict[str, str]:
    """Return the letters of a sheet's columns by their titles."""
    page = openpyxl.load_workbook(path)[sheet]
    return {
        str(cell.value).strip("*"): cell.column_letter
        for cell in page[row]
        if cell.value is not None
    }


def parts(sheet: str | bytes, **more: str | bytes) -> dict[str, bytes]:
    """Return the parts of a workbook of one sheet; others by the last word of their name."""
    made = {
        "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="r1" '
        f'Type="{_LINK}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_LINK}"><sheets>'
        '<sheet name="一" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">'
        f'<Relationship Id="r1" Type="{_LINK}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_LINK}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{_LINK}/styles" Target="/xl/styles.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    for name, content in more.items():
        (full,) = (each for each in made if each.endswith(f"/{name}.xml"))
        made[full] = content
    return {name: text.encode() if isinstance(text, str) else text for name, text in made.items()}


def zipped(contents: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Put parts into a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return file.getvalue()


def sheet_of(inner: str, namespace: str = MAIN) -> str:
    """Return the part of a sheet around rows in XML."""
    return f'<worksheet xmlns="{namespace}"><sheetData>{inner}</sheetData></worksheet>'


def simple(inner: str, **more: str | bytes) -> bytes:
    """Return a workbook of one sheet with these rows in XML."""
    return zipped(parts(sheet_of(inner), **more))


def cell(value: object) -> Cell:
    """Make a cell of a value as it is read."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, bool):
        return Cell(CellKind.BOOLEAN, str(value).lower())
    if isinstance(value, int | float):
        return Cell(CellKind.NUMBER, plain_number(repr(value)) or "")
    if isinstance(value, datetime):
        return Cell(CellKind.DATE, iso(value), value)
    return Cell(CellKind.TEXT, str(value))


FORMULA, BROKEN = Cell(CellKind.FORMULA, ""), Cell(CellKind.ERROR, "")


def table(name: str, rows: Rows, merged: Iterable[Area] = ()) -> Table:
    """Make a sheet of rows; None and empty texts are blank cells."""
    held = {
        number: {
            place: cell(value) for place, value in enumerate(row, 1) if value not in (None, "")
        }
        for number, row in enumerate(rows, 1)
    }
    return Table(name, {number: cells for number, cells in held.items() if cells}, tuple(merged))
