"""Declared formats of dates and times: how they are spelled, and whether a value fits."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, datetime

from masking.stripes import DAY, MONTH, STRIPED_FROM, Places, among

OPEN_END = "长期"
DEFAULT_DATE = "YYYY-MM-DD"
DEFAULT_DATETIME = "YYYY-MM-DDTHH:mm:ss"
DATE_FORMATS = (
    "YYYY-MM-DD",
    "YYYYMMDD",
    "YYYY/MM/DD",
    "YYYY年MM月DD日",
    "YYYY-MM",
    "YYYYMM",
    "YYYY",
)
DATETIME_FORMATS = (
    "YYYY-MM-DDTHH:mm:ss",
    "YYYY-MM-DDTHH:mm:ssZ",
    "YYYY-MM-DD HH:mm:ss",
    "YYYY-MM-DD HH:mm",
    "YYYY/MM/DD HH:mm:ss",
    "YYYYMMDDHHmmss",
)
_PARTS = {
    "YYYY": r"([0-9]{4})",
    "MM": r"([0-9]{2})",
    "DD": r"([0-9]{2})",
    "HH": r"([0-9]{2})",
    "mm": r"([0-9]{2})",
    "ss": r"([0-9]{2})",
    # No place on earth is further from Greenwich.
    "Z": r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|\+14:00)",
}
_FILL = (1, 1, 1, 0, 0, 0)
# Formats whose values the standard library parses in C, once their form is sure.
# For each: the parser, and what must not occur (later versions of Python take 24
# o'clock for the next day).
_QUICK: dict[str, tuple[Callable[[str], object], str]] = {
    "YYYY-MM-DD": (date.fromisoformat, ""),
    "YYYYMMDD": (date.fromisoformat, ""),
    "YYYY-MM-DDTHH:mm:ss": (datetime.fromisoformat, "T24"),
    "YYYY-MM-DD HH:mm:ss": (datetime.fromisoformat, " 24"),
}
# What may stand where a part begins; the first century is a rarity, or a mistake.
_TABLES = {
    "YYYY": among(range(1, 100)),
    "MM": MONTH,
    "DD": DAY,
    "HH": among(range(24)),
    "mm": among(range(60)),
    "ss": among(range(60)),
}
_TO_NOUGHT = bytes.maketrans(b"123456789", b"000000000")
# Runs through an iterator and keeps nothing of it.
_exhaust = deque[object](maxlen=0).extend

Misfits = Callable[[Sequence[str]], list[int]]


def date_misfits(pattern: str, open_end: bool) -> Misfits:
    """Make a check that lists the indexes of values that are no date of `pattern`."""
    escaped = re.escape(pattern)
    matcher = re.compile(re.sub("|".join(_PARTS), lambda part: _PARTS[part.group()], escaped))

    def fits(value: str) -> bool:
        if open_end and value == OPEN_END:
            return True
        found = matcher.fullmatch(value)
        if found is None:
            return False
        parts = [int(part) for part in found.groups()]
        year, month, day, hour, minute, second = [*parts, *_FILL[len(parts) :]]
        try:
            datetime(year, month, day, hour, minute, second)
        except ValueError:
            return False
        return True

    def misfits(column: Sequence[str]) -> list[int]:
        return [index for index, value in enumerate(column) if not fits(value)]

    return _quick_misfits(pattern, fits, misfits) if pattern in _QUICK else misfits


def _quick_misfits(pattern: str, fits: Callable[[str], bool], misfits: Misfits) -> Misfits:
    """Make a check that goes through most columns in C, and asks `misfits` of the others."""
    parse, never = _QUICK[pattern]
    line = re.sub("[YMDHms]", "0", pattern).encode() + b"\n"
    places = Places(
        len(line),
        {pattern.index(part): table for part, table in _TABLES.items() if part in pattern},
    )

    def quick(column: Sequence[str]) -> list[int]:
        joined = "\n".join(column)
        if not joined.isascii():
            return misfits(column)
        lines = joined.encode() + b"\n"
        if lines.translate(_TO_NOUGHT) != line * len(column):
            return misfits(column)
        if len(column) >= STRIPED_FROM:
            return [index for index in places.doubtful(lines) if not fits(column[index])]
        if never and never in joined:
            return misfits(column)
        try:
            _exhaust(map(parse, column))
        except ValueError:
            return misfits(column)
        return []

    return quick
