"""Gather the faults of one file."""

from typing import NamedTuple, Protocol

from masking.faults import Fault

# A file of nonsense has as many faults as characters: the rest is only counted.
MAX_FAULTS = 200


class Placed(Protocol):
    """Anything that stands at a line and column, counted from 1."""

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


class Words(NamedTuple):
    """What is wrong and what to write instead, in English and Chinese."""

    text: str
    text_zh: str
    remedy: str
    remedy_zh: str


class Collector:
    """The faults met so far; `count` goes on where the list stops."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.count = 0
        self._faults: list[Fault] = []

    @property
    def full(self) -> bool:
        """Tell that further faults are only counted."""
        return len(self._faults) >= MAX_FAULTS

    def add(self, place: Placed, words: Words, path: tuple[str | int, ...] = ()) -> None:
        self.add_at(place.line, place.column, words, path)

    def add_at(
        self, line: int, column: int, words: Words, path: tuple[str | int, ...] = ()
    ) -> None:
        self.count += 1
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(Fault(self.file, line, column, path, *words))

    def sorted(self) -> list[Fault]:
        return sorted(self._faults, key=lambda fault: (fault.line, fault.column))
