"""Gather the rows of a sheet into entries: one row for each item, the entry's own cells once.

Below an entry's first row its own cells are blank, merged or repeated; a row in which a
key cell says something else begins the next entry.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping

from gateway.catalogue.guide.columns import Column, Form
from gateway.catalogue.guide.faults import FaultList, Place, Words
from gateway.catalogue.guide.headers import Header
from gateway.catalogue.guide.spellings import Value
from gateway.model.cells import Cell, Table

# Cells that merged areas may be spread to; stops areas as large as the sheet.
MAX_SPREAD = 1_000_000


class Values:
    """What the cells of an entry, or of one item, hold, by the titles of their columns."""

    def __init__(self, sheet: int, row: int, positions: Mapping[str, int]) -> None:
        self._sheet, self._row, self._positions = sheet, row, positions
        self._values: dict[str, Value] = {}
        self._rows: dict[str, int] = {}
        self._cells: dict[str, Cell] = {}

    def get(self, title: str) -> Value | None:
        """Return the value in a column; None for a blank cell and for a faulty one."""
        return self._values.get(title)

    def text(self, title: str) -> str:
        """Return the text in a column; an empty one for a blank cell."""
        value = self._values.get(title)
        return value if isinstance(value, str) else ""

    def place(self, title: str = "") -> Place:
        """Return where a column's cell stands; column 0 if the sheet lacks it."""
        row = self._rows.get(title, self._row)
        return Place(self._sheet, row, self._positions.get(title, 0), title)

    def take(self, title: str, cell: Cell, value: Value | Words, row: int) -> Words | None:
        """Keep what a cell holds, if no row above did; return what is wrong with it."""
        if self._cells.get(title) == cell:
            return None
        before = self._values.get(title)
        if before is None or isinstance(value, Words):
            self._cells.setdefault(title, cell)
            self._rows.setdefault(title, row)
        if isinstance(value, Words):
            return value
        if before is None:
            if value not in ("", ()):
                self._values[title] = value
            return None
        return None if before == value else _differs(self._rows[title])

    def holds(self, title: str, cell: Cell, value: Value | Words) -> bool:
        """Tell whether a cell repeats what is known of its column."""
        return self._cells.get(title) == cell or self._values.get(title) == value


class Entry(Values):
    """An entry with its items."""

    def __init__(self, sheet: int, row: int, positions: Mapping[str, int]) -> None:
        super().__init__(sheet, row, positions)
        self.items: list[Values] = []


class Gatherer:
    """Reads the rows of one sheet; faults go to `faults`."""

    def __init__(self, table: Table, header: Header, sheet: int, faults: FaultList) -> None:
        self._table, self._header = table, header
        self._sheet, self._faults = sheet, faults
        self._form: Form = header.form
        self._positions = {column.title: place for place, column in header.columns.items()}
        self._merged = self._spread()

    def entries(self) -> list[Entry]:
        """Return the entries in the order of the sheet."""
        entries: list[Entry] = []
        for row, cells in self._rows():
            own = {title: cell for title, cell in cells.items() if not self._column(title).item}
            current = entries[-1] if entries else None
            if current is None or self._begins(current, own):
                if not own:
                    self._faults.add(Place(self._sheet, row), _headless(self._form))
                    continue
                current = Entry(self._sheet, row, self._positions)
                entries.append(current)
            self._fill(current, own, row)
            items = {title: cell for title, cell in cells.items() if title not in own}
            if items:
                item = Values(self._sheet, row, self._positions)
                self._fill(item, items, row)
                current.items.append(item)
        return entries

    def _column(self, title: str) -> Column:
        return self._header.columns[self._positions[title]]

    def _rows(self) -> Iterator[tuple[int, dict[str, Cell]]]:
        for row in sorted(self._table.rows):
            if row > self._header.row:
                held = {**self._merged.get(row, {}), **self._table.rows[row]}
                cells = {
                    column.title: held[place]
                    for place, column in self._header.columns.items()
                    if place in held and not _blank(held[place])
                }
                if cells:
                    yield row, cells

    def _spread(self) -> dict[int, dict[int, Cell]]:
        """Give the value of merged cells to each row that they reach down to."""
        spread: dict[int, dict[int, Cell]] = {}
        rows = sorted(self._table.rows)
        left = MAX_SPREAD
        for area in self._table.merged:
            cell = self._table.rows.get(area.top, {}).get(area.left)
            if cell is None or area.top <= self._header.row:
                continue
            below = rows[bisect_right(rows, area.top) : bisect_right(rows, area.bottom)]
            left -= len(below)
            if left < 0:
                self._faults.add(Place(self._sheet), _TOO_MERGED)
                break
            for row in below:
                spread.setdefault(row, {})[area.left] = cell
        return spread

    def _begins(self, current: Entry, cells: Mapping[str, Cell]) -> bool:
        for title in self._form.keys:
            if title in cells:
                value = self._column(title).spelling.read(cells[title])
                return not current.holds(title, cells[title], value)
        return False

    def _fill(self, values: Values, cells: Mapping[str, Cell], row: int) -> None:
        for title, cell in cells.items():
            value = self._column(title).spelling.read(cell)
            fault = values.take(title, cell, value, row)
            if fault is not None:
                self._faults.add(Place(self._sheet, row, self._positions[title], title), fault)


_TOO_MERGED = Words(
    f"merged areas cover more than {MAX_SPREAD:,} cells",
    f"合并单元格覆盖超过 {MAX_SPREAD:,} 格",
    "unmerge those below the table",
    "请取消表格下方的合并单元格",
)


def _blank(cell: Cell) -> bool:
    return cell.text.isspace()


def _headless(form: Form) -> Words:
    return Words(
        f"no {form.noun} begins in this row or above it",
        f"此行及以上没有{form.noun_zh}",
        f"write {form.keys[0]} in this row",
        f"请在此行填写{form.keys[0]}",
    )


def _differs(row: int) -> Words:
    return Words(
        f"this differs from row {row} of the same entry",
        f"与同一条目第 {row} 行不一致",
        "leave it blank below the first row, or give the row a code of its own",
        "首行以下请留空；若是另一条目，请填写其代码",
    )
