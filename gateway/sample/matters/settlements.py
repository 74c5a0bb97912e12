"""Bills of hospitals: stays, diagnoses, and who paid which part."""

from collections.abc import Sequence
from functools import cached_property

from gateway.sample.chance import Draw, pick, weighted
from gateway.sample.dates import LAST_DAY
from gateway.sample.matters._contract import Matter, code, day, moment, money, picked, spelled, text
from gateway.sample.people import People
from gateway.sample.roles import HOSPITAL, SUBJECT
from gateway.sample.sheet import Sheet
from gateway.sample.words import words

_VISITS = weighted([("21", 55), ("24", 10), ("14", 20), ("11", 15)])
_IN_PATIENT = frozenset({"21", "24"})
_LONGEST_STAY = 28
# In yuan: what the insurance leaves to the patient first, and where the costly illness begins.
_DEDUCTIBLE, _COSTLY = 300_00, 10_000_00
_NOTES = words("settlement-notes")


class Bills:
    """Treatments and their bills, all amounts in hundredths of a yuan.

    Insurance pays its share of what is above the deductible, the insurance for
    costly illness a share of what is left above its threshold, assistance a
    share of the rest; the patient pays what then remains.
    """

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    def _draw(self, name: str) -> Draw:
        return self._sheet.streams[f"bill {name}"]

    @cached_property
    def visits(self) -> list[str]:
        return pick(self._draw("visit"), _VISITS, self._sheet.count)

    @cached_property
    def stays(self) -> list[int]:
        """Days in hospital, none for out-patients."""
        draw = self._draw("stay")
        return [
            1 + int(draw() * _LONGEST_STAY) if visit in _IN_PATIENT else 0 for visit in self.visits
        ]

    @cached_property
    def leaving(self) -> list[int]:
        return [
            min(start + stay, LAST_DAY)
            for start, stay in zip(self._sheet.starts, self.stays, strict=True)
        ]

    @cached_property
    def diagnoses(self) -> list[str]:
        return picked(self._sheet, "diagnosis_code")

    @cached_property
    def totals(self) -> list[int]:
        draw = self._draw("total")
        return [
            80_00 + stay * 600_00 + int(draw() * draw() * (90_000_00 if stay else 1_500_00))
            for stay in self.stays
        ]

    @cached_property
    def insured(self) -> list[int]:
        draw = self._draw("insured")
        return [int(max(total - _DEDUCTIBLE, 0) * (0.5 + 0.25 * draw())) for total in self.totals]

    @cached_property
    def costly(self) -> list[int]:
        return [
            int(max(total - insured - _COSTLY, 0) * 0.6)
            for total, insured in zip(self.totals, self.insured, strict=True)
        ]

    @cached_property
    def assisted(self) -> list[int]:
        draw = self._draw("assisted")
        return [
            int((total - insured - costly) * (0.6 + 0.3 * draw()))
            for total, insured, costly in zip(self.totals, self.insured, self.costly, strict=True)
        ]

    @cached_property
    def own(self) -> list[int]:
        parts = (self.totals, self.insured, self.costly, self.assisted)
        return [total - a - b - c for total, a, b, c in zip(*parts, strict=True)]


def _discharges(sheet: Sheet) -> list[int | None]:
    bills = sheet.part(Bills)
    return [day if stay else None for day, stay in zip(bills.leaving, bills.stays, strict=True)]


def _notes(sheet: Sheet) -> list[str]:
    people: People = sheet.people(SUBJECT)
    drawn = pick(sheet.streams["note"], _NOTES, sheet.count)
    columns: dict[str, Sequence[str]] = {
        "name": people.names,
        "id": people.resident_ids,
        "mobile": people.mobiles,
        "card": people.long_cards,
        "hospital": sheet.organisations(HOSPITAL).names,
    }
    rows = zip(*columns.values(), strict=True)
    return [
        note % dict(zip(columns, row, strict=True)) for note, row in zip(drawn, rows, strict=True)
    ]


MATTERS = (
    Matter(
        frozenset({"total_cost", "visit_type"}),
        {
            "visit_type": code(lambda sheet: sheet.part(Bills).visits),
            "admitted": day(lambda sheet: sheet.starts),
            "discharged": day(_discharges, leaves_out=True),
            "settled_at": moment(lambda sheet: sheet.part(Bills).leaving),
            "diagnosis_code": code(lambda sheet: sheet.part(Bills).diagnoses),
            "diagnosis_name": text(
                lambda sheet: spelled(sheet, "diagnosis_code", sheet.part(Bills).diagnoses)
            ),
            "total_cost": money(lambda sheet: sheet.part(Bills).totals),
            "reimbursed": money(lambda sheet: sheet.part(Bills).insured),
            "critical_illness_paid": money(lambda sheet: sheet.part(Bills).costly),
            "assistance_paid": money(lambda sheet: sheet.part(Bills).assisted),
            "self_paid": money(lambda sheet: sheet.part(Bills).own),
            "note": text(_notes),
        },
    ),
)
