"""Cells of a spreadsheet: what they hold, not how they look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple


class CellKind(Enum):
    """What a cell holds; blank cells are none."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    DATE = auto()
    FORMULA = auto()
    ERROR = auto()


class Cell(NamedTuple):
    """One cell that is not blank.

    `text` is the text; of a number its digits as a spreadsheet shows them, with 15 of
    them at most (`0.1`, `1.40105E+17`); of a boolean `true` or `false`; of a date its
    form in ISO 8601, with `moment` as its value. Of a formula or an error it is empty:
    a formula is never worked out, nor is its last result believed.
    """

    kind: CellKind
    text: str
    moment: datetime | None = None

    def __repr__(self) -> str:
        return f"Cell({self.kind.name})"


class Area(NamedTuple):
    """A rectangle of merged cells, all four bounds inside; the first holds the value."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A whole sheet: cells by row and column, counted from 1 as the sheet counts."""

    name: str
    rows: Mapping[int, Mapping[int, Cell]]
    merged: tuple[Area, ...] = ()

    def __repr__(self) -> str:
        return f"Table({len(self.rows)} rows)"


def column_letters(column: int) -> str:
    """Spell a column as spreadsheets do: 1 is A, 28 is AB."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
