"""Social insurance: who is insured how, by whom, on which wage."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import TypeVar

from gateway.sample.chance import pick, weighted
from gateway.sample.dates import FIRST_DAY, LAST_DAY, YEAR
from gateway.sample.matters._contract import Matter, code, day, flag, money, text, whole
from gateway.sample.roles import SUBJECT
from gateway.sample.sheet import Sheet

T = TypeVar("T")
_EMPLOYEE, _RESIDENT = "310", "390"
_RESIDENT_PREMIUM = 400_00
_PERSONAL_SHARE = 0.02
_MONTH = 30
# The end of this year and of the last.
_PAID_UNTIL = (date(2026, 12, 1), date(2026, 12, 1), date(2026, 12, 1), date(2025, 12, 1))
_INSURED, _SUSPENDED, _ENDED = "1", "2", "4"
_STATUSES = weighted([(_INSURED, 88), (_SUSPENDED, 8), (_ENDED, 4)])
_BENEFIT_SHARE = 0.5
_RURAL_YEARS = 7


class Insured:
    """What insurances know of the rows' people, the same in each resource."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def kinds(self) -> list[str]:
        draw = self._sheet.lasting("insurance")
        return pick(draw, (_EMPLOYEE, _RESIDENT, _RESIDENT), self._sheet.count)

    @cached_property
    def wages(self) -> list[int]:
        """Monthly wage in hundredths."""
        draw = self._sheet.lasting("wage")
        return [3_200_00 + int(draw() * draw() * 16_000) * 100 for _ in range(self._sheet.count)]

    @cached_property
    def premiums(self) -> list[int]:
        """What the person pays in a year."""
        return [
            int(wage * 12 * _PERSONAL_SHARE) if kind == _EMPLOYEE else _RESIDENT_PREMIUM
            for kind, wage in zip(self.kinds, self.wages, strict=True)
        ]

    @cached_property
    def balances(self) -> list[int | None]:
        draw = self._sheet.streams["balance"]
        return self.of_employees([int(draw() * premium * 8) for premium in self.premiums])

    @cached_property
    def months(self) -> list[int]:
        draw = self._sheet.streams["months"]
        return [
            1 + int((LAST_DAY - start) / _MONTH * (0.6 + 0.4 * draw()))
            for start in self._sheet.starts
        ]

    @cached_property
    def statuses(self) -> list[str]:
        return pick(self._sheet.streams["insured"], _STATUSES, self._sheet.count)

    @cached_property
    def unemployed(self) -> list[bool]:
        """Whether somebody whose insurance rests draws benefits."""
        draw = self._sheet.streams["unemployed"]
        return [draw() < _BENEFIT_SHARE and status == _SUSPENDED for status in self.statuses]

    def of_employees(self, values: Sequence[T]) -> list[T | None]:
        """Keep the values of those who are insured by an employer."""
        return [
            value if kind == _EMPLOYEE else None
            for kind, value in zip(self.kinds, values, strict=True)
        ]


def _employer_codes(sheet: Sheet) -> list[str | None]:
    return sheet.part(Insured).of_employees(sheet.organisations(SUBJECT).credit_codes)


def _employer_names(sheet: Sheet) -> list[str | None]:
    return sheet.part(Insured).of_employees(sheet.organisations(SUBJECT).names)


def _paid_until(sheet: Sheet) -> list[int]:
    ends = pick(sheet.streams["paid until"], _PAID_UNTIL, sheet.count)
    return [end.toordinal() for end in ends]


def _joined(sheet: Sheet) -> list[int]:
    """Return years in which the scheme for the country was open, after the person was born."""
    draw = sheet.streams["joined"]
    return [
        max(FIRST_DAY - int(draw() * _RURAL_YEARS * YEAR), birth)
        for birth in sheet.people(SUBJECT).births
    ]


def _rural_premiums(sheet: Sheet) -> list[int]:
    draw = sheet.streams["rural premium"]
    return [(1 + int(draw() * 9)) * 20_00 for _ in range(sheet.count)]


MATTERS = (
    Matter(
        frozenset({"insurance_type"}),
        {"insurance_type": code(lambda sheet: sheet.part(Insured).kinds)},
    ),
    Matter(
        frozenset({"insurance_type", "employer_uscc"}),
        {
            "employer_uscc": text(_employer_codes, leaves_out=True),
            "employer_name": text(_employer_names, leaves_out=True),
            "paid_until": day(_paid_until),
            "premium": money(lambda sheet: sheet.part(Insured).premiums),
            "account_balance": money(lambda sheet: sheet.part(Insured).balances, leaves_out=True),
        },
    ),
    Matter(
        frozenset({"wage_base"}),
        {
            "wage_base": money(lambda sheet: sheet.part(Insured).wages),
            "enrolment_status": code(lambda sheet: sheet.part(Insured).statuses),
            "unemployment_benefit": flag(lambda sheet: sheet.part(Insured).unemployed),
            "paid_months": whole(lambda sheet: sheet.part(Insured).months),
        },
    ),
    Matter(
        frozenset({"joined_date", "premium"}),
        {"joined_date": day(_joined), "premium": money(_rural_premiums)},
    ),
)
