"""Dates and moments of a batch: births, the day a matter began, what follows, and ends."""

import re
from collections.abc import Sequence
from functools import cache

from gateway.catalogue.formats import DEFAULT_DATE, DEFAULT_DATETIME, OPEN_END
from gateway.model.resource import TYPE_LETTERS, Field, FieldType
from gateway.sample.chance import pick
from gateway.sample.dates import CLOSES, FOREVER, LAST_DAY, OPENS, YEAR, Days, Times, halves
from gateway.sample.sheet import Sheet

DATED = frozenset({FieldType.DATE, FieldType.DATETIME})
_END_WORDS = frozenset({"until", "end", "ends", "to", "expiry", "expires", "expire", "deadline"})
_END_TITLE = re.compile("截止|届满|到期|失效|终止|有效期|[止至]$")
_START_TITLE = re.compile("起始|开始|起$|自$")
_OPEN_SHARE = 0.3
# Years that a thing with an end goes on for.
_TERMS = (1, 1, 1, 2, 3, 5, 10)

days = cache(Days)
_times = cache(Times)


def moments(sheet: Sheet, field: Field) -> list[str]:
    """Write dates, or dates with times, in the field's format."""
    found = spell(sheet, field, _ordinals(sheet, field))
    if field.open_end:
        draw = sheet.streams[f"{field.id} open"]
        found = [OPEN_END if draw() < _OPEN_SHARE else text for text in found]
    return found


def spell(sheet: Sheet, field: Field, ordinals: Sequence[int]) -> list[str]:
    """Write days in the field's format; a time of day is drawn where it has one."""
    exact = TYPE_LETTERS.get(field.type, field.type) is FieldType.DATETIME
    pattern = field.format or (DEFAULT_DATETIME if exact else DEFAULT_DATE)
    if exact:
        day, time = halves(pattern)
        seconds, draw = _times(time), sheet.streams[f"{field.id} time"]
        times = [seconds[OPENS + int(draw() * (CLOSES - OPENS))] for _ in ordinals]
        return [a + b for a, b in zip(map(days(day).__getitem__, ordinals), times, strict=True)]
    found = list(map(days(pattern).__getitem__, ordinals))
    if field.open_end and FOREVER in ordinals:
        forever = days(pattern)[FOREVER]
        return [OPEN_END if text == forever else text for text in found]
    return found


def _ordinals(sheet: Sheet, field: Field) -> list[int]:
    if field.kind == "birth_date":
        return sheet.people(sheet.setting.roles[field.id]).births
    if is_end(field):
        terms = pick(sheet.streams[field.id], _TERMS, sheet.count)
        return [start + term * YEAR for start, term in zip(sheet.starts, terms, strict=True)]
    if field.id == _first(sheet):
        return sheet.starts
    draw = sheet.streams[field.id]
    return [start + int(draw() * (LAST_DAY - start + 1)) for start in sheet.starts]


def _first(sheet: Sheet) -> str | None:
    """Return the id of the field that holds the day a matter began."""
    for field in sheet.setting.resource.fields:
        dated = TYPE_LETTERS.get(field.type, field.type) in DATED
        if dated and field.kind != "birth_date" and not is_end(field):
            return field.id
    return None


def is_end(field: Field) -> bool:
    """Tell whether a field holds the day something ends."""
    words = field.id.lower().split("_")
    if field.open_end or not _END_WORDS.isdisjoint(words):
        return True
    return bool(_END_TITLE.search(field.name)) and not _START_TITLE.search(field.name)
