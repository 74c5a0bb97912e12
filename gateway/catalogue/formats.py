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
# Formats whose values the standard library parses in C, once their form is sure;
# newer versions of it take hour 24.
_QUICK: dict[str, tuple[str, Callable[[str], object]]] = {
    "YYYY-MM-DD": (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", date.fromisoformat),
    "YYYYMMDD": (r"[0-9]{8}", date.fromisoformat),
    "YYYY-MM-DDTHH:mm:ss": (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}",
        datetime.fromisoformat,
    ),
    "YYYY-MM-DD HH:mm:ss": (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}",
        datetime.fromisoformat,
    ),
}

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


def _quick_check(form: str, parse: Callable[[str], object]) -> Callable[[Sequence[str]], bool]:
    """Make a check that says yes to a column only if every value fits; no means perhaps."""
    matcher = re.compile(rf"(?:{form}\n)*{form}")

    def holds(column: Sequence[str]) -> bool:
        if matcher.fullmatch(column[0] if len(column) == 1 else "\n".join(column)) is None:
            return False
        try:
            if len(column) == 1:
                parse(column[0])
            else:
                deque(map(parse, column), maxlen=0)
        except ValueError:
            return False
        return True

    return holds
