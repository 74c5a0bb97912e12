"""Declared formats of dates and times: how they are spelled, and whether a value fits."""

import re
from collections import deque
from collections.abc import Callable
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
    "Z": r"(?:Z|[+-][0-9]{2}:[0-9]{2})",
}
_FILL = (1, 1, 1, 0, 0, 0)
_ISO_DATE = re.compile(r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}\n)*")
_BASIC_DATE = re.compile(r"(?:[0-9]{8}\n)*")

Misfits = Callable[[list[str]], list[int]]


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

    def misfits(column: list[str]) -> list[int]:
        if quick is not None and quick.fullmatch("\n".join(column) + "\n" if column else ""):
            try:
                deque(map(date.fromisoformat, column), maxlen=0)
            except ValueError:
                pass
            else:
                return []
        return [index for index, value in enumerate(column) if not fits(value)]

    quick = {"YYYY-MM-DD": _ISO_DATE, "YYYYMMDD": _BASIC_DATE}.get(pattern)
    return misfits
