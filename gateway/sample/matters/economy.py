"""Macro-economy: series of indicators by division and month, and what businesses report."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

from gateway.sample.chance import pick
from gateway.sample.dates import LAST_DAY
from gateway.sample.matters._contract import (
    Matter,
    code,
    day,
    decimal,
    flag,
    moment,
    money,
    spelled,
    text,
)
from gateway.sample.sheet import Sheet
from gateway.sample.words import table

# By code: unit, and from where to where values go.
_INDICATORS: Mapping[str, tuple[str, int, int]] = {
    name: (unit, int(low), int(high)) for name, unit, low, high in table("indicators", 4)
}
_UNKNOWN = ("亿元", 1, 1000)
# Months of a series, back from the last whole one; those of the last year are preliminary.
_MONTHS, _PRELIMINARY = 120, 12
_RELEASED_AFTER = 17
_DIGITS, _GROWTH_DIGITS, _SCALE = 12, 6, 2


class Series:
    """One value to a row: indicators change first, then divisions, then months.

    So no two rows of the first hundred thousand are of the same indicator,
    division and month, where there are as many divisions as in a province.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        listed = sheet.setting.listed("indicator_code")
        self._codes = [entry.code for entry in listed.codes] if listed else [""]

    @cached_property
    def _numbers(self) -> range:
        return range(self._sheet.first, self._sheet.first + self._sheet.count)

    @cached_property
    def indicators(self) -> list[str]:
        return [self._codes[number % len(self._codes)] for number in self._numbers]

    @cached_property
    def _back(self) -> list[int]:
        size = len(self._codes) * len(self._sheet.setting.places)
        return [number // size % _MONTHS for number in self._numbers]

    @cached_property
    def regions(self) -> list[str]:
        places, size = self._sheet.setting.places, len(self._codes)
        return [places[number // size % len(places)].code for number in self._numbers]

    @cached_property
    def units(self) -> list[str]:
        return [_INDICATORS.get(each, _UNKNOWN)[0] for each in self.indicators]

    @cached_property
    def values(self) -> list[int]:
        draw, found = self._sheet.streams["value"], []
        for each in self.indicators:
            _, low, high = _INDICATORS.get(each, _UNKNOWN)
            found.append(low * 100 + int(draw() * (high - low) * 100))
        return found

    @cached_property
    def growth(self) -> list[int]:
        draw = self._sheet.streams["growth"]
        return [int((draw() + draw() - 0.75) * 1200) for _ in self._numbers]

    @cached_property
    def periods(self) -> list[int]:
        return [_month(back + 1) for back in self._back]

    @cached_property
    def releases(self) -> list[int]:
        return [_month(back) + _RELEASED_AFTER for back in self._back]

    @cached_property
    def preliminary(self) -> list[bool]:
        return [back < _PRELIMINARY for back in self._back]


class Reports:
    """What the rows' businesses report of a month."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def periods(self) -> list[int]:
        back = pick(self._sheet.streams["report"], range(1, _MONTHS), self._sheet.count)
        return [_month(months) for months in back]

    @cached_property
    def outputs(self) -> list[int]:
        draw = self._sheet.streams["output"]
        return [500_000_00 + int(draw() * draw() * 90_000_000_00) for _ in self.periods]

    @cached_property
    def revenues(self) -> list[int]:
        draw = self._sheet.streams["revenue"]
        return [int(output * (0.85 + 0.2 * draw())) for output in self.outputs]


def _month(back: int) -> int:
    """Return the first day of a month before that of the sample's last day."""
    last = date.fromordinal(LAST_DAY)
    months = last.year * 12 + last.month - 1 - back
    return date(months // 12, months % 12 + 1, 1).toordinal()


MATTERS = (
    Matter(
        frozenset({"indicator_code", "period"}),
        {
            "indicator_code": code(lambda sheet: sheet.part(Series).indicators),
            "indicator_name": text(
                lambda sheet: spelled(sheet, "indicator_code", sheet.part(Series).indicators)
            ),
            "region": code(lambda sheet: sheet.part(Series).regions),
            "period": day(lambda sheet: sheet.part(Series).periods),
            "value": decimal(lambda sheet: sheet.part(Series).values, _DIGITS, _SCALE),
            "unit": text(lambda sheet: sheet.part(Series).units),
            "growth": decimal(lambda sheet: sheet.part(Series).growth, _GROWTH_DIGITS, _SCALE),
            "preliminary": flag(lambda sheet: sheet.part(Series).preliminary),
            "released_at": moment(lambda sheet: sheet.part(Series).releases),
        },
    ),
    Matter(
        frozenset({"output_value", "survey_period"}),
        {
            "survey_period": day(lambda sheet: sheet.part(Reports).periods),
            "output_value": money(lambda sheet: sheet.part(Reports).outputs),
            "revenue": money(lambda sheet: sheet.part(Reports).revenues),
        },
    ),
)
