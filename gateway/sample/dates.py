"""Days and moments, written in the format that a field declares."""

import re
from datetime import date, timedelta

# Sample data has a last day of its own, so that it does not change with the calendar.
LAST_DAY = date(2026, 6, 30).toordinal()
# Registers are taken to reach ten years back.
FIRST_DAY = date(2016, 7, 1).toordinal()
YEAR = 365
# A day that never comes: the open end of a field that has one.
FOREVER = date.max.toordinal()
OPENS, CLOSES = 8 * 3600 + 30 * 60, 17 * 3600 + 30 * 60

_DAY_TOKENS = re.compile("YYYY|MM|DD")
_TIME_TOKENS = re.compile("HH|mm|ss|Z")
_ZONE = "+08:00"


class Days(dict[int, str]):
    """Days in a format such as YYYYMMDD, by ordinal; each is written once.

    Memory is bounded by the days of a century.
    """

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = pattern

    def __missing__(self, ordinal: int) -> str:
        day = date.fromordinal(ordinal)
        parts = {"YYYY": f"{day.year:04d}", "MM": f"{day.month:02d}", "DD": f"{day.day:02d}"}
        text = _DAY_TOKENS.sub(lambda token: parts[token.group()], self._pattern)
        self[ordinal] = text
        return text


class Times(dict[int, str]):
    """Times of day in a format such as HH:mm:ss, by second; memory is bounded by a day's."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        self._pattern = pattern

    def __missing__(self, second: int) -> str:
        time = str(timedelta(seconds=second)).rjust(8, "0")
        parts = {"HH": time[:2], "mm": time[3:5], "ss": time[6:], "Z": _ZONE}
        text = _TIME_TOKENS.sub(lambda token: parts[token.group()], self._pattern)
        self[second] = text
        return text


def halves(pattern: str) -> tuple[str, str]:
    """Split a format of date and time where its time begins."""
    found = _TIME_TOKENS.search(pattern)
    start = found.start() if found else len(pattern)
    return pattern[:start], pattern[start:]
