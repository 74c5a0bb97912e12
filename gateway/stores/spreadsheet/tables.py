"""Whole sheets in memory, for what is small: a catalogue."""

from typing import BinaryIO

from gateway.model.cells import Cell, Table
from gateway.stores.spreadsheet.book import Workbook
from gateway.stores.spreadsheet.package import WorkbookError

# A thousand resources of twenty items each have some 300,000 cells; a city has hundreds.
MAX_CELLS = 500_000
MAX_SHEET_BYTES = 256 * 1024 * 1024


def read_tables(file: BinaryIO) -> tuple[Table, ...]:
    """Read every sheet of a workbook.

    Raises: WorkbookError.
    """
    book = Workbook(file)
    tables: list[Table] = []
    left = MAX_CELLS
    for name in book.sheets:
        rows = book.rows(name, MAX_SHEET_BYTES)
        held: dict[int, dict[int, Cell]] = {}
        for number, cells in rows:
            held[number] = cells
            left -= len(cells)
            if left < 0:
                raise WorkbookError(
                    f"the workbook has more than {MAX_CELLS:,} cells that are not blank",
                    f"工作簿的非空单元格超过 {MAX_CELLS:,} 个",
                )
        tables.append(Table(name, held, rows.merged))
    return tuple(tables)
