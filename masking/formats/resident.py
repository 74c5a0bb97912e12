"""Resident identity numbers (GB 11643), numbered: place, day of birth, sequence."""

import re
from datetime import date

from masking.formats.checks import resident_check
from masking.formats.place import PROVINCES, among, joined, parted

_DIGITS_OF_ID = re.compile("[0-9]{17}[0-9X]").fullmatch

# 9 in the first place: permanent residents from abroad.
_PLACES = (*PROVINCES, *(f"9{digit}" for digit in range(10)))
_NUMBER_OF = among(_PLACES)
# The centuries that the kind's shape takes.
_FIRST_DAY = date(1800, 1, 1).toordinal()
_DAYS = date(2099, 12, 31).toordinal() - _FIRST_DAY + 1
_SIZES = (len(_PLACES), 10_000, _DAYS, 1000)


class ResidentIds:
    """All numbers of 18 characters with a province or 9x, a day from 1800 to 2099, and a check.

    The check character X is a capital.
    """

    __slots__ = ()

    template = "resident_id"
    size = len(_PLACES) * 10_000 * _DAYS * 1000

    def number(self, value: str) -> int | None:
        """Return the number of an ID; None if it has no such place, day or check."""
        place = _NUMBER_OF.get(value[:2])
        if place is None or not _DIGITS_OF_ID(value) or resident_check(value[:17]) != value[17]:
            return None
        try:
            day = date(int(value[6:10]), int(value[10:12]), int(value[12:14])).toordinal()
        except ValueError:
            return None
        if not 0 <= day - _FIRST_DAY < _DAYS:
            return None
        return joined((place, int(value[2:6]), day - _FIRST_DAY, int(value[14:17])), _SIZES)

    def value(self, number: int) -> str:
        """Return the ID of a number."""
        place, county, day, sequence = parted(number, _SIZES)
        birth = date.fromordinal(_FIRST_DAY + day)
        digits = (
            f"{_PLACES[place]}{county:04}{birth.year}{birth.month:02}{birth.day:02}{sequence:03}"
        )
        return digits + resident_check(digits)


_RESIDENT_IDS = ResidentIds()


def resident_id(_value: str) -> ResidentIds:
    """Return the one format of resident IDs."""
    return _RESIDENT_IDS
