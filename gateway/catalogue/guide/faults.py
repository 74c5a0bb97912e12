"""Faults of a workbook: at which sheet, row and column, and what to write instead."""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.errors import CatalogueInvalidError
from gateway.model.cells import column_letters
from masking.faults import Fault, quote

# A workbook of nonsense has as many faults as cells: the rest is only counted.
MAX_FAULTS = 200


class Words(NamedTuple):
    """What is wrong and what to write instead, in English and Chinese."""

    text: str
    text_zh: str
    remedy: str
    remedy_zh: str


class Place(NamedTuple):
    """Where something stands; `sheet` counts from 0, row and column from 1.

    0 for a column is the whole row, 0 for a row the whole sheet.
    """

    sheet: int
    row: int = 0
    column: int = 0
    title: str = ""


class CellFault(Fault):
    """A fault of a workbook; `file` names it, `path` holds sheet and title of the column."""

    __slots__ = ()

    @property
    def place(self) -> str:
        """Name the cell as spreadsheets do: `file.xlsx:目录!F12 (信息项名称)`."""
        sheet, title = map(str, (*self.path, "", "")[:2])
        named = f"{self.file}:{quote(sheet)}" if sheet else self.file
        if not self.line:
            return named
        cell = f"{named}!{column_letters(self.column)}{self.line}"
        return f"{cell} ({quote(title)})" if title else cell


class FaultList:
    """The faults of one workbook."""

    def __init__(self, file: str, sheets: Iterable[str]) -> None:
        self._file, self._sheets = file, tuple(sheets)
        self._found: list[tuple[Place, Fault]] = []
        self._told: set[tuple[int, int, int]] = set()
        self.count = 0

    def add(self, place: Place | None, words: Words) -> None:
        """Add a fault; None stands for the whole workbook."""
        sheet = "" if place is None else self._sheets[place.sheet]
        at = place or Place(-1)
        self._told.add(at[:3])
        fault = CellFault(self._file, at.row, at.column, (sheet, at.title), *words)
        self._keep(at, fault)

    def add_foreign(self, fault: Fault) -> None:
        """Add a fault of another file."""
        self._keep(Place(len(self._sheets)), fault)

    def _keep(self, at: Place, fault: Fault) -> None:
        self.count += 1
        if len(self._found) < MAX_FAULTS:
            self._found.append((at, fault))

    def mark(self, place: Place) -> None:
        """Know a place as told of, where the fault is named at another."""
        self._told.add(place[:3])

    def told(self, place: Place) -> bool:
        """Tell whether a fault of that very place is known."""
        return place[:3] in self._told

    def raise_if_any(self) -> None:
        """Refuse the workbook if it has a fault.

        Raises: CatalogueInvalidError with every fault, by sheet, row and column.
        """
        if self.count:
            faults = [fault for _, fault in sorted(self._found, key=lambda each: each[0][:3])]
            raise CatalogueInvalidError(faults, fault_count=self.count)


def whole_workbook(file: str, text: str, text_zh: str) -> CatalogueInvalidError:
    """Make the refusal of a workbook that is not read at all."""
    words = "use an ordinary .xlsx workbook", "请使用普通的 .xlsx 工作簿"
    return CatalogueInvalidError([CellFault(file, 0, 0, ("", ""), text, text_zh, *words)])
