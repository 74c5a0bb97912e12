"""The household register: families, and who still stands in it."""

from functools import cached_property

from gateway.sample.dates import LAST_DAY, YEAR
from gateway.sample.matters._contract import Matter, code, day, text, whole
from gateway.sample.roles import SUBJECT
from gateway.sample.sheet import Sheet

_REGISTERED, _DECEASED = "1", "2"
# Shares of those struck off, one behind the other; of the old, more have died.
_STRUCK_OFF = (("3", 0.02), ("4", 0.003), ("9", 0.002))
_OLD = LAST_DAY - 75 * YEAR
_DEATHS, _DEATHS_OF_OLD = 0.006, 0.06


class Lives:
    """Who stands in the register, and since when somebody does not."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def statuses(self) -> list[str]:
        draw = self._sheet.lasting("life status")
        return [_status(draw(), birth) for birth in self._sheet.people(SUBJECT).births]

    @cached_property
    def changes(self) -> list[int | None]:
        return [
            None if status == _REGISTERED else start
            for status, start in zip(self.statuses, self._sheet.starts, strict=True)
        ]


def _status(place: float, birth: int) -> str:
    place -= _DEATHS_OF_OLD if birth <= _OLD else _DEATHS
    if place < 0:
        return _DECEASED
    for status, share in _STRUCK_OFF:
        place -= share
        if place < 0:
            return status
    return _REGISTERED


MATTERS = (
    Matter(
        frozenset({"household_number"}),
        {
            "household_number": text(lambda sheet: sheet.family.numbers),
            "household_type": code(lambda sheet: sheet.family.types),
            "household_size": whole(lambda sheet: sheet.family.sizes),
            "relation": code(lambda sheet: sheet.family.relations),
        },
    ),
    Matter(
        frozenset({"life_status"}),
        {
            "life_status": code(lambda sheet: sheet.part(Lives).statuses),
            "status_date": day(lambda sheet: sheet.part(Lives).changes, leaves_out=True),
        },
    ),
)
