"""Whole sheets in memory, for what is small: a catalogue."""

from typing import BinaryIO

from gateway.model.cells import Cell, Table
from gateway.stores.spreadsheet.book import Workbook
from gateway.stores.spreadsheet.package import WorkbookError
from gateway.stores.spreadsheet.parts import too_much_text

# A thousand resources of twenty items each have some 300,000 cells; a city has hundreds.
MAX_CELLS = 500_000
MAX_SHEET_BYTES = 256 * 1024 * 1024
# A catalogue's cells have some ten characters each.
MAX_TEXT = 32_000_000


def read_tables(file: BinaryIO) -> tuple[Table, ...]:
    """Read every sheet of a workbook.

    Raises: WorkbookError.
    """
    book = Workbook(file)
    tables: list[Table] = []
    left, taken = MAX_CELLS, 0
    for name in book.sheets:
        rows = book.rows(name, MAX_SHEET_BYTES)
        held: dict[int, dict[int, Cell]] = {}
        for number, cells in rows:
            held[number] = cells
            left -= len(cells)
            taken += sum(len(cell.text) for cell in cells.values())
            if taken > MAX_TEXT:
                raise too_much_text()
            if left < 0:
                raise WorkbookError(
                    f"the workbook has more than {MAX_CELLS:,} cells that are not blank",
                    f"工作簿的非空单元格超过 {MAX_CELLS:,} 个",
                )
        tables.append(Table(name, held, rows.merged))
    return tuple(tables)
