"""Values of a column as JSON would have brought them: one spelling whatever way they came.

What a column's type does not hold exactly stays unfit, with the name of the type.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Context, Decimal
from functools import cache, lru_cache
from itertools import repeat
from math import isfinite
from typing import NamedTuple

from gateway.model.resource import Field, FieldType
from gateway.records.arrow.schema import ArrowType
from gateway.records.columns import Values
from gateway.records.objects import Unfit

# Stands for a time that the field's format cannot tell, for its check to refuse.
BEYOND = "…"
# More digits than any column has, so that nothing is rounded.
_EXACT = Context(prec=200)
_START = date(1970, 1, 1).toordinal()
_LAST = date.max.toordinal()
_DAY = 86_400
_FIRST_NEAR = date(1900, 1, 1).toordinal() - _START
_LAST_NEAR = date(2049, 12, 31).toordinal() - _START
# So many days at once are worth a look into a calendar.
_MANY = 64
_GREENWICH = frozenset(("UTC", "Etc/UTC", "Z", "+00:00"))
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")

_TEXT = frozenset(("text",))
_HOLD: dict[FieldType, frozenset[str]] = {
    FieldType.STRING: _TEXT,
    FieldType.CODE: _TEXT,
    FieldType.GEO_POINT: _TEXT,
    FieldType.INTEGER: frozenset(("int",)),
    FieldType.DECIMAL: frozenset(("decimal", "int", "float", "text")),
    FieldType.BOOLEAN: frozenset(("bool",)),
    FieldType.DATE: frozenset(("text", "date", "timestamp")),
    FieldType.DATETIME: frozenset(("text", "timestamp")),
    FieldType.BINARY: frozenset(("binary", "text")),
}


def spelled(values: Values, kind: ArrowType, field: Field) -> Values:
    """Spell a column's values for a field; those it does not hold become `Unfit`."""
    if kind.family == "null":
        return values
    if kind.family in _HOLD[field.type]:
        match kind.family:
            case "decimal":
                scale, wanted = kind.scale, field.scale or 0
                return _present(values, lambda there: _decimals(there, scale, wanted))
            case "float":
                # Shorter ones have digits that nobody wrote: 0.1 would be 0.10000000149.
                if kind.width == 8:
                    return [_number(value) for value in values]
            case "date" | "timestamp":
                spell = _speller(kind, field)
                if spell is not None:
                    return _present(values, spell)
            case _:
                return values
    unfit = Unfit(kind.name)
    return [None if value is None else unfit for value in values]


def _present(values: Values, spell: Callable[[Values], Values]) -> Values:
    """Spell the values that are there."""
    if None not in values:
        return spell(values) if values else []
    there = [value for value in values if value is not None]
    told = iter(spell(there) if there else [])
    return [None if value is None else next(told) for value in values]


def _number(value: float | None) -> Decimal | float | None:
    """Turn a number into the digits that JSON would have."""
    return Decimal(repr(value)) if value is not None and isfinite(value) else value


def _decimals(values: Values, scale: int, wanted: int) -> Values:
    """Set the point; noughts behind the field's own digits are the column's, not the value's."""
    if scale > wanted:
        spare = 10 ** (scale - wanted)
        if any(value % spare for value in values):
            return [
                _pointed(value, scale) if value % spare else _pointed(value // spare, wanted)
                for value in values
            ]
        values, scale = [value // spare for value in values], wanted
    if scale < 0:
        values, scale = [value * 10**-scale for value in values], 0
    return list(map(_EXACT.scaleb, map(Decimal, values), repeat(-scale)))


def _pointed(value: int, scale: int) -> Decimal:
    return _EXACT.scaleb(Decimal(value), -scale)


def _speller(kind: ArrowType, field: Field) -> Callable[[Values], Values] | None:
    """Make what spells days or moments in the field's format; None if that is ambiguous."""
    pattern = field.format or ""
    zoned = "Z" in pattern
    if "DD" not in pattern or zoned != (kind.zone is not None):
        return None
    shift = _shift(kind.zone) if kind.zone is not None else 0
    if shift is None:
        return None
    place = pattern.index("DD") + 2
    form, tail = pattern[:place], pattern[place:].removesuffix("Z")
    day, second = kind.day, max(1, kind.day // _DAY)
    ending = "Z" if kind.zone in _GREENWICH else kind.zone or ""
    if "HH" not in tail:
        return lambda values: _days(values, day, form + tail)
    clock = _clock(tail)
    return lambda values: _moments(values, day, shift * second, form, clock, ending)


def _days(values: Values, day: int, form: str) -> Values:
    if day == 1:
        return _calendar(values, form)
    told = _calendar([value // day for value in values], form)
    # A time of day stays untold.
    return [BEYOND if value % day else text for value, text in zip(values, told, strict=True)]


def _moments(
    values: Values, day: int, ahead: int, form: str, clock: "_Clock", ending: str
) -> Values:
    second = day // _DAY
    finest = clock.finest * second
    seconds = [(value + ahead) // second for value in values]
    days = _calendar([whole // _DAY for whole in seconds], form)
    minutes, last = clock.minutes, [text + ending for text in clock.seconds]
    told = [
        text + minutes[whole % _DAY // 60] + last[whole % 60]
        for text, whole in zip(days, seconds, strict=True)
    ]
    if any([(value + ahead) % finest for value in values]):  # noqa: C419 - twice as fast
        # What is finer than the format stays untold.
        return [
            BEYOND if (value + ahead) % finest else text
            for value, text in zip(values, told, strict=True)
        ]
    return told


def _calendar(numbers: Values, form: str) -> Values:
    """Spell days, counted from 1970."""
    first, last = min(numbers), max(numbers)
    if len(numbers) >= _MANY and first >= _FIRST_NEAR and last <= _LAST_NEAR:
        near = _near_days(form)
        return [near[number - _FIRST_NEAR] for number in numbers]
    if _START + first >= 1 and _START + last <= _LAST:
        return _spelled_days(numbers, form)
    fits = [1 <= _START + number <= _LAST for number in numbers]
    told = _spelled_days([n if fit else 0 for n, fit in zip(numbers, fits, strict=True)], form)
    return [text if fit else BEYOND for text, fit in zip(told, fits, strict=True)]


def _spelled_days(numbers: Iterable[int], form: str) -> list[str]:
    days = map(date.isoformat, map(date.fromordinal, map(_START.__add__, numbers)))
    if form == "YYYY-MM-DD":
        return list(days)
    form = form.replace("YYYY", "{0}").replace("MM", "{1}").replace("DD", "{2}")
    return [form.format(day[:4], day[5:7], day[8:]) for day in days]


@lru_cache(maxsize=4)
def _near_days(form: str) -> list[str]:
    """Spell the days that records mostly have, once; they take 4 MB."""
    return _spelled_days(range(_FIRST_NEAR, _LAST_NEAR + 1), form)


class _Clock(NamedTuple):
    """Texts of all minutes of a day and all seconds of a minute; in seconds, the finest."""

    minutes: tuple[str, ...]
    seconds: tuple[str, ...]
    finest: int


@cache
def _clock(pattern: str) -> _Clock:
    """Spell what stands behind the day in a format."""
    head, ss, tail = pattern.partition("ss")
    minutes = (
        head.replace("HH", f"{hour:02}").replace("mm", f"{minute:02}")
        for hour in range(24)
        for minute in range(60)
    )
    seconds = (f"{second:02}{tail}" if ss else "" for second in range(60))
    return _Clock(tuple(minutes), tuple(seconds), 1 if ss else 60)


def _shift(zone: str) -> int | None:
    """Return a fixed zone's seconds east of Greenwich; None for a zone with a history."""
    if zone in _GREENWICH:
        return 0
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return None
    seconds = int(found[2]) * 3_600 + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds
