"""Numbers that are dates: by the format of their cell, counted in days from an epoch."""

import re
from datetime import datetime, timedelta

# Built-in formats that show dates; those from 27 and 50 on in East Asian editions. Not 46,
# which shows a duration.
_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
# Quoted text, escaped characters, fill, width, colours, conditions, locales.
_NO_PART = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]', re.DOTALL)
_DURATION = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_PART = re.compile(r"[ymdhs]", re.IGNORECASE)

_EPOCH = datetime(1899, 12, 30)
# From the epoch of 1900 to that of 1904.
_DAYS_TO_1904 = 1462
# The day that 1900 never had, but spreadsheets do; and the first of the year 10000.
_NO_DAY, _END = 60, 2_958_466


def shows_date(format_id: int, code: str | None) -> bool:
    """Tell whether a number format, by its id and its code if it has one, shows a date."""
    if code is None:
        return format_id in _BUILT_IN
    if _DURATION.search(code):
        return False
    return _PART.search(_NO_PART.sub("", code.split(";", 1)[0])) is not None


def date_of(days: float, since_1904: bool) -> datetime | None:
    """Return the moment that a count of days stands for, to the second; None if no day."""
    if since_1904:
        days = days + _DAYS_TO_1904 if days >= 0 else -1
    if not 1 <= days < _END or int(days) == _NO_DAY:
        return None
    if days < _NO_DAY:
        # Before the day that never was, counting began a day later.
        days += 1
    try:
        return _EPOCH + timedelta(seconds=round(days * 86_400))
    except OverflowError:
        return None


def iso(moment: datetime) -> str:
    """Spell a moment, with its time only where it has one."""
    return moment.isoformat(timespec="seconds").removesuffix("T00:00:00")
