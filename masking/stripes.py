"""Two-digit numbers at fixed places of a column: days, their months, provinces.

The characters at one place of every value are a stripe of the joined bytes, as
in `masking.check_digits`. Two stripes make a number below 100 for each value, a
table turns it into bits, and the bits of all places of a value make one byte:

    0x80   a number has no business where it stands
    0x60   a month of 30 days, or February
    0x1f   the day

What is ordinary is so told of the whole column at once. The rest is for a check
of single values: what is wrong, and the 29th of February.
"""

import re
from collections.abc import Iterable, Mapping

# Below this many values a check of single ones is quicker.
STRIPED_FROM = 32

_WRONG, _THIRTY_DAYS, _FEBRUARY = 0x80, 0x20, 0x40
_TENS = bytes(10 * max(byte - 48, 0) % 100 for byte in range(256))
_ONES = bytes(max(byte - 48, 0) % 10 for byte in range(256))


def _table(bits: Mapping[int, int]) -> bytes:
    return bytes(bits.get(number, _WRONG) for number in range(256))


def among(numbers: Iterable[int]) -> bytes:
    """Return the table of a place where one of these numbers stands."""
    return _table(dict.fromkeys(numbers, 0))


MONTH = _table(
    dict.fromkeys((1, 3, 5, 7, 8, 10, 12), 0)
    | dict.fromkeys((4, 6, 9, 11), _THIRTY_DAYS)
    | {2: _FEBRUARY}
)
DAY = _table({day: day for day in range(1, 32)})

_ORDINARY = bytes(
    month | day
    for month, days in ((0, 31), (_THIRTY_DAYS, 30), (_FEBRUARY, 28))
    for day in range(1, days + 1)
)

_doubtful = re.compile(b"[^" + re.escape(_ORDINARY) + b"]").finditer


class Places:
    """Where numbers stand in values of one width, a month and a day among them."""

    __slots__ = ("_tables", "width")

    def __init__(self, width: int, tables: Mapping[int, bytes]) -> None:
        """`tables` has for each place the table of the number that begins there."""
        self.width, self._tables = width, tuple(tables.items())

    def doubtful(self, joined: bytes) -> list[int]:
        """Return the indexes of the joined values that are not surely right.

        At the places there are digits only.
        """
        width = self.width
        count, bits = len(joined) // width, 0
        for place, table in self._tables:
            tens = int.from_bytes(joined[place::width].translate(_TENS), "little")
            ones = int.from_bytes(joined[place + 1 :: width].translate(_ONES), "little")
            numbers = (tens + ones).to_bytes(count, "little")
            bits |= int.from_bytes(numbers.translate(table), "little")
        return [found.start() for found in _doubtful(bits.to_bytes(count, "little"))]
