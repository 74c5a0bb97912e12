"""Declared formats of dates and times: how they are spelled, and whether a value fits."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date, datetime

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
# For each: its form with every digit a nought, the parser, and what must not occur
# (later versions of Python take 24 o'clock for the next day).
_QUICK: dict[str, tuple[bytes, Callable[[str], object], str]] = {
    "YYYY-MM-DD": (b"0000-00-00", date.fromisoformat, ""),
    "YYYYMMDD": (b"00000000", date.fromisoformat, ""),
    "YYYY-MM-DDTHH:mm:ss": (b"0000-00-00T00:00:00", datetime.fromisoformat, "T24"),
    "YYYY-MM-DD HH:mm:ss": (b"0000-00-00 00:00:00", datetime.fromisoformat, " 24"),
}
_TO_NOUGHT = bytes.maketrans(b"123456789", b"000000000")

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
        if quick is not None and quick(column):
            return []
        return [index for index, value in enumerate(column) if not fits(value)]

    quick = _quick_check(*_QUICK[pattern]) if pattern in _QUICK else None
    return misfits


def _quick_check(
    form: bytes, parse: Callable[[str], object], never: str
) -> Callable[[Sequence[str]], bool]:
    """Make a check that says yes to a column only if every value fits; no means perhaps."""
    line = form + b"\n"

    def holds(column: Sequence[str]) -> bool:
        joined = "\n".join(column)
        if not joined.isascii() or (never and never in joined):
            return False
        if joined.encode().translate(_TO_NOUGHT) + b"\n" != line * len(column):
            return False
        try:
            deque(map(parse, column), maxlen=0)
        except ValueError:
            return False
        return True

    return holds
