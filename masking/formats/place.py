"""What a format is, and numbers made of several."""

from collections.abc import Sequence
from typing import Protocol

# GB/T 2260-2007: the first two digits of a region code, by province.
PROVINCES = (
    *("11", "12", "13", "14", "15"),
    *("21", "22", "23"),
    *("31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46"),
    *("50", "51", "52", "53", "54"),
    *("61", "62", "63", "64", "65"),
    *("71", "81", "82", "83"),
)


class Format(Protocol):
    """All values of one format, numbered from 0 to `size` - 1; `template` names it."""

    @property
    def template(self) -> str: ...
    @property
    def size(self) -> int: ...

    def number(self, value: str) -> int | None:
        """Return the number of a value; None if it is not of the format."""
        ...

    def value(self, number: int) -> str:
        """Return the value of a number."""
        ...


def joined(parts: Sequence[int], sizes: Sequence[int]) -> int:
    """Make one number of several, each below its size; the last counts ones."""
    number = 0
    for part, size in zip(parts, sizes, strict=True):
        number = number * size + part
    return number


def parted(number: int, sizes: Sequence[int]) -> list[int]:
    """Make several numbers of one, as `joined` takes them."""
    parts: list[int] = []
    for size in reversed(sizes):
        number, part = divmod(number, size)
        parts.append(part)
    return parts[::-1]


def among(numbers: Sequence[str]) -> dict[str, int]:
    """Return where each of the texts stands among them."""
    return {text: place for place, text in enumerate(numbers)}
