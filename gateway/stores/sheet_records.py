"""Records in a workbook: one sheet, its first row the titles, typed by the catalogue.

As with CSV, what is not of its type stays as it was written, and the decoder says so;
but a cell knows whether it holds a number, a date or a text, which CSV has lost.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import BinaryIO

import msgspec

from gateway.errors import RecordMalformedError
from gateway.model.cells import Cell, CellKind, column_letters
from gateway.model.resource import Field, FieldType, Resource
from gateway.stores.records import columns_of, malformed, ragged, typed_text
from gateway.stores.spreadsheet import Workbook, WorkbookError

_DATED = (FieldType.DATE, FieldType.DATETIME)
_COUNTED = (FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN)
# Parts of a declared format, and what a part that it lacks must be for nothing to be lost.
_PARTS = {"YYYY": -1, "MM": 1, "DD": 1, "HH": 0, "mm": 0, "ss": 0}


def xlsx_lines(file: BinaryIO, resource: Resource, sheet: str | None = None) -> Iterator[bytes]:
    """Yield each row of a sheet, by default of the first, as a line of JSON.

    Raises: FieldUncataloguedError for a title that names no field, RecordMalformedError
        for rows that do not fit the titles, formulas, merged cells, and what is no workbook.
    """
    number = 0
    try:
        rows = Workbook(file).rows(sheet)
        fields: dict[int, Field] | None = None
        for _, cells in rows:
            if fields is None:
                fields = _titles(cells, resource)
                continue
            number += 1
            yield _line(fields, cells, number)
        if fields is None:
            raise malformed("the sheet is empty", "工作表为空")
        if rows.merged and number:
            raise malformed(
                "cells are merged, so that rows lack what stands in the row above; unmerge them",
                "存在合并单元格，下方各行缺少上一行的内容，请取消合并并逐行填写",
            )
    except WorkbookError as error:
        raise malformed(error.reason, error.reason_zh, number + 1 if number else None) from None


def _titles(cells: Mapping[int, Cell], resource: Resource) -> dict[int, Field]:
    first, last = min(cells), max(cells)
    columns = range(first, last + 1)
    names = [cells[column].text if column in cells else "" for column in columns]
    return dict(zip(columns, columns_of(names, resource), strict=True))


def _line(fields: Mapping[int, Field], cells: Mapping[int, Cell], number: int) -> bytes:
    if not cells.keys() <= fields.keys():
        raise ragged(len(cells.keys() | fields.keys()), len(fields), number)
    record: dict[str, object] = {}
    for column, field in fields.items():
        cell = cells.get(column)
        if cell is not None:
            if cell.kind in (CellKind.FORMULA, CellKind.ERROR):
                raise _unreadable(cell, column, field, number)
            record[field.id] = _typed(field, cell)
        elif field.type is FieldType.STRING and field.empty:
            record[field.id] = ""
        elif field.null:
            record[field.id] = None
    return msgspec.json.encode(record)


def _unreadable(cell: Cell, column: int, field: Field, number: int) -> RecordMalformedError:
    at = f"column {column_letters(column)} ({field.id})"
    at_zh = f"{column_letters(column)} 列（{field.name}）"
    if cell.kind is CellKind.FORMULA:
        return malformed(
            f"{at} holds a formula, and formulas are not worked out; paste the column as values",
            f"{at_zh}是公式，公式不会被计算，请将该列粘贴为数值",
            number,
        )
    return malformed(
        f"{at} holds an error such as #REF!, or no proper number",
        f"{at_zh}是 #REF! 之类的错误值，或不是正常的数字",
        number,
    )


def _typed(field: Field, cell: Cell) -> object:
    match cell.kind:
        case CellKind.BOOLEAN:
            # Where text is expected it is refused: nobody knows how it was to be spelled.
            return cell.text == "true"
        case CellKind.DATE if cell.moment is not None:
            return _dated(field, cell.moment, cell.text)
        case CellKind.NUMBER if field.type not in _COUNTED and "E" in cell.text:
            # As a number it is refused, with a hint that it was cut off.
            return msgspec.Raw(cell.text.encode())
    return typed_text(field, cell.text)


def _dated(field: Field, moment: datetime, spelled: str) -> object:
    if field.type in _DATED:
        return _in_format(moment, field.format or "") or spelled
    # A house number such as 3-16 is no date: refused, not spelled in some way.
    return spelled if field.type in _COUNTED else False


def _in_format(moment: datetime, pattern: str) -> str | None:
    """Spell a moment in a declared format; None if the format would lose a part of it."""
    values = (moment.year, *moment.timetuple()[1:6])
    spelled = pattern
    for (part, least), value in zip(_PARTS.items(), values, strict=True):
        if part not in pattern:
            if value != least:
                return None
        else:
            spelled = spelled.replace(part, f"{value:0{len(part)}}", 1)
    return None if "Z" in pattern else spelled
