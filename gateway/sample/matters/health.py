"""Health care: institutions, and readings of the chronically ill."""

from functools import cached_property

from gateway.sample.chance import digits, pick
from gateway.sample.dates import YEAR
from gateway.sample.matters._contract import Matter, code, day, decimal, text, whole
from gateway.sample.organisations import Organisations
from gateway.sample.roles import HOSPITAL
from gateway.sample.sheet import Sheet
from gateway.sample.words import pairs, words

_LEVELS = ("1", "2", "2", "3", "9")
_BEDS = {"1": 40, "2": 300, "3": 900, "9": 20}
_CATEGORIES = pairs("institution-categories")
_HOSPITAL = "A"
_SPECIALITIES = words("specialities")
# Diagnoses that care for the chronically ill begins with, where a list has them.
_HYPERTENSION, _DIABETES = "I10.x00", "E11.900"
_CHRONIC = (_HYPERTENSION, _HYPERTENSION, _HYPERTENSION, _DIABETES, _DIABETES, "J44.900", "I63.900")
_GLUCOSE_DIGITS = 4
_LICENCE_YEARS = 15
# Systolic pressure from which the risk is of each level.
_RISKS = ((180, "4"), (160, "3"), (140, "2"))


class Hospitals:
    """What is known of the rows' hospitals, the same in each resource."""

    def __init__(self, sheet: Sheet) -> None:
        self.all: Organisations = sheet.organisations(HOSPITAL)
        self._count = sheet.count

    @cached_property
    def codes(self) -> list[str]:
        draw, numbered = self.all.stream("number"), digits(3)
        return [
            f"H{place.code}{numbered[int(draw() * 1000)]}{int(draw() * 90) + 10}"
            for place in self.all.places
        ]

    @cached_property
    def levels(self) -> list[str]:
        return pick(self.all.stream("level"), _LEVELS, self._count)

    @cached_property
    def categories(self) -> list[str]:
        return [
            next((found for end, found in _CATEGORIES.items() if name.endswith(end)), _HOSPITAL)
            for name in self.all.names
        ]

    @cached_property
    def beds(self) -> list[int]:
        draw = self.all.stream("beds")
        return [10 + int(draw() * _BEDS[level]) for level in self.levels]

    @cached_property
    def specialities(self) -> list[str]:
        draw = self.all.stream("specialities")
        chosen = (pick(draw, _SPECIALITIES, 5) for _ in range(self._count))
        return ["；".join(dict.fromkeys(each)) for each in chosen]


def _licence_ends(sheet: Sheet) -> list[int]:
    return [start + _LICENCE_YEARS * YEAR for start in sheet.starts]


class Readings:
    """Diagnoses and readings of the rows' patients."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def diagnoses(self) -> list[str]:
        return pick(self._sheet.streams["diagnosis"], _CHRONIC, self._sheet.count)

    @cached_property
    def systolic(self) -> list[int | None]:
        draw = self._sheet.streams["systolic"]
        return [
            None if each == _DIABETES else 105 + int((draw() + draw()) * 45)
            for each in self.diagnoses
        ]

    @cached_property
    def diastolic(self) -> list[int | None]:
        draw = self._sheet.streams["diastolic"]
        return [
            None if systolic is None else int(systolic * (0.55 + draw() * 0.12))
            for systolic in self.systolic
        ]

    @cached_property
    def glucose(self) -> list[int | None]:
        """Tenths of a millimole to the litre."""
        draw = self._sheet.streams["glucose"]
        return [
            55 + int((draw() + draw()) * 45) if each == _DIABETES else None
            for each in self.diagnoses
        ]

    @cached_property
    def risks(self) -> list[str]:
        return [
            next((risk for least, risk in _RISKS if (systolic or 0) >= least), "1")
            for systolic in self.systolic
        ]


MATTERS = (
    Matter(
        frozenset({"hospital_code"}),
        {
            "hospital_code": text(lambda sheet: sheet.part(Hospitals).codes),
            "hospital_level": code(lambda sheet: sheet.part(Hospitals).levels),
            "institution_category": code(lambda sheet: sheet.part(Hospitals).categories),
            "beds": whole(lambda sheet: sheet.part(Hospitals).beds),
            "licensed_until": day(_licence_ends),
            "specialities": text(lambda sheet: sheet.part(Hospitals).specialities),
        },
    ),
    Matter(
        frozenset({"systolic"}),
        {
            "diagnosis_code": code(lambda sheet: sheet.part(Readings).diagnoses),
            "systolic": whole(lambda sheet: sheet.part(Readings).systolic, leaves_out=True),
            "diastolic": whole(lambda sheet: sheet.part(Readings).diastolic, leaves_out=True),
            "glucose": decimal(
                lambda sheet: sheet.part(Readings).glucose, _GLUCOSE_DIGITS, 1, leaves_out=True
            ),
            "risk_level": code(lambda sheet: sheet.part(Readings).risks),
        },
    ),
)
