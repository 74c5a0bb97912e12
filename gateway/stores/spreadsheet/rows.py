"""The rows of one sheet, as they come."""

import math
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from gateway.model.cells import Area, Cell, CellKind
from gateway.stores.spreadsheet.dates import date_of, iso
from gateway.stores.spreadsheet.markup import Attributes, Reader, main_elements, main_root
from gateway.stores.spreadsheet.package import WorkbookError, broken
from gateway.stores.spreadsheet.parts import Pieces, SharedTexts, too_much_text, unescaped

# The last row that a sheet has.
MAX_ROWS = 1_048_576
# An entry has at most 512 fields; stops rows that are read a column at a time.
MAX_COLUMNS = 1024
# Stops a list of merged cells that is longer than any sheet is looked at.
MAX_MERGED = 50_000
# Text that a few kilobytes of cells may stand for: stops one shared text named in each of them.
MAX_TEXT_AT_ONCE = 8_000_000

_COLUMN = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})", re.ASCII)
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
# Digits that a spreadsheet shows and keeps.
_DIGITS = 15
_END = object()

Row = tuple[int, dict[int, Cell]]


class Surroundings(NamedTuple):
    """What the cells of a sheet lean on."""

    texts: SharedTexts
    date_styles: frozenset[str]
    since_1904: bool


class Rows:
    """An iterator over the rows that hold anything: numbers from 1, cells by column from 1.

    `merged` is whole at the end. Raises: WorkbookError.
    """

    def __init__(self, chunks: Iterable[bytes], around: Surroundings) -> None:
        self._chunks, self._around = chunks, around
        self._found: list[Row] = []
        self._taken = 0
        self._number, self._column = 0, 0
        self._cells: dict[int, Cell] = {}
        self._attributes: Attributes = {}
        self._formula = False
        self._columns: dict[str, int] = {}
        self._merged: list[Area] = []
        self._pieces = pieces = Pieces()
        starts = {
            **pieces.starts,
            "c": self._begin_cell,
            "row": self._begin_row,
            "f": self._begin_formula,
            "mergeCell": self._merge,
        }
        ends = main_elements({**pieces.ends, "c": self._end_cell, "row": self._end_row})
        root = main_root("worksheet")
        self._reader = Reader(root, main_elements(starts), ends, pieces.take)

    @property
    def merged(self) -> tuple[Area, ...]:
        return tuple(self._merged)

    def __iter__(self) -> Iterator[Row]:
        chunks = self._reader.feed(self._chunks)
        going, refusal = True, None
        while going:
            try:
                going = next(chunks, _END) is not _END
            except WorkbookError as error:
                refusal = error
            # Rows before the one that is refused are still rows.
            found, self._found = self._found, []
            self._taken = 0
            yield from found
            if refusal is not None:
                raise refusal

    def _begin_formula(self, _: Attributes) -> None:
        self._formula = True

    def _end_row(self) -> None:
        if self._cells:
            self._found.append((self._number, self._cells))
            self._cells = {}

    def _begin_row(self, attributes: Attributes) -> None:
        number = attributes.get("r")
        following = self._number + 1
        if number is not None:
            if not number.isdecimal() or len(number) > 7 or int(number) < following:
                raise broken()
            following = int(number)
        if following > MAX_ROWS:
            raise broken()
        self._number, self._column, self._cells = following, 0, {}

    def _begin_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        if reference is None:
            column = self._column + 1
        else:
            letters = reference.rstrip("0123456789")
            column = self._columns.get(letters) or self._place(letters)
        if column > MAX_COLUMNS:
            raise WorkbookError(
                f"the sheet has more than {MAX_COLUMNS} columns; delete those to the right",
                f"工作表超过 {MAX_COLUMNS} 列，请删除右侧多余的列",
            )
        if column <= self._column:
            raise broken()
        self._column, self._attributes, self._formula = column, attributes, False
        self._pieces.give()

    def _place(self, letters: str) -> int:
        found = _COLUMN.fullmatch(letters + "1")
        if found is None:
            raise broken()
        place = _number_of(found[1])
        if place <= MAX_COLUMNS:
            self._columns[letters] = place
        return place

    def _end_cell(self) -> None:
        text = self._pieces.give()
        cell = self._cell(text) if text or self._formula else None
        if cell is not None:
            self._cells[self._column] = cell

    def _cell(self, text: str) -> Cell | None:
        """Make the cell that ends here; None for an empty text."""
        if self._formula:
            return Cell(CellKind.FORMULA, "")
        match self._attributes.get("t", "n"):
            case "s":
                text = self._around.texts.text(text.strip())
                self._taken += len(text)
                if self._taken > MAX_TEXT_AT_ONCE:
                    raise too_much_text()
                return Cell(CellKind.TEXT, text) if text else None
            case "str" | "inlineStr":
                return Cell(CellKind.TEXT, unescaped(text))
            case "n":
                return self._number_cell(text.strip())
            case "b":
                return _BOOLEANS.get(text.strip(), _ERROR)
            case "d":
                return _dated(text.strip())
        return _ERROR

    def _number_cell(self, text: str) -> Cell:
        shown = plain_number(text)
        if shown is None:
            return _ERROR
        if self._attributes.get("s") in self._around.date_styles:
            moment = date_of(float(text), self._around.since_1904)
            if moment is not None:
                return Cell(CellKind.DATE, iso(moment), moment)
        return Cell(CellKind.NUMBER, shown)

    def _merge(self, attributes: Attributes) -> None:
        first, _, last = attributes.get("ref", "").partition(":")
        corners = [_COLUMN.fullmatch(corner) for corner in (first, last or first)]
        if len(self._merged) >= MAX_MERGED or None in corners:
            raise broken()
        left, right = (_number_of(corner[1]) for corner in corners if corner)
        top, bottom = (int(corner[2]) for corner in corners if corner)
        self._merged.append(Area(top, left, bottom, right))


_ERROR = Cell(CellKind.ERROR, "")
_BOOLEANS = {
    "1": Cell(CellKind.BOOLEAN, "true"),
    "true": Cell(CellKind.BOOLEAN, "true"),
    "0": Cell(CellKind.BOOLEAN, "false"),
    "false": Cell(CellKind.BOOLEAN, "false"),
}


def _number_of(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place


def plain_number(text: str) -> str | None:
    """Spell a number as a spreadsheet shows it; None for what is no number.

    At most 15 digits, since a spreadsheet has no more: 0.1 is stored as
    0.10000000000000001, and of a number of 18 digits the last three are lost.
    """
    if len(text) <= _DIGITS and text.isascii() and text.isdecimal():
        return str(int(text))
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    if not math.isfinite(value):
        return None
    shown = Decimal(f"{value:.{_DIGITS}g}")
    if shown and not -_DIGITS <= shown.adjusted() < _DIGITS:
        return f"{shown.normalize():E}"
    return f"{shown.normalize():f}" if shown else "0"


def _dated(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _ERROR
    moment = moment.replace(tzinfo=None, microsecond=0)
    return Cell(CellKind.DATE, iso(moment), moment)
