"""Public credit: penalties, and the list of those who owe wages."""

from collections.abc import Sequence
from functools import cached_property

from gateway.sample.chance import digits, pick, weighted
from gateway.sample.dates import LAST_DAY, YEAR
from gateway.sample.matters._contract import Matter, code, day, money, text, whole
from gateway.sample.roles import ROLES, SUBJECT
from gateway.sample.sheet import Sheet
from gateway.sample.when import days
from gateway.sample.words import table, words

# What was done, and the law that forbids it.
_OFFENCES = table("offences", 2)
_REASONS = words("wage-reasons")
_KINDS = weighted([("1", 30), ("2", 55), ("3", 5), ("4", 10)])
_FINED = "2"
_LISTED, _REMOVED = "1", "2"
_TERMS = (YEAR // 2, YEAR, 2 * YEAR, 3 * YEAR)
(_LEGAL,) = (role for role in ROLES if role.name == "legal")


class Penalties:
    """Decisions on the rows' businesses."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def kinds(self) -> list[str]:
        return pick(self._sheet.streams["penalty kind"], _KINDS, self._sheet.count)

    @cached_property
    def offences(self) -> list[tuple[str, ...]]:
        return pick(self._sheet.streams["offence"], _OFFENCES, self._sheet.count)

    @cached_property
    def facts(self) -> list[str]:
        legal, names = self._sheet.people(_LEGAL), self._sheet.organisations(SUBJECT).names
        columns: dict[str, Sequence[str]] = {
            "name": names,
            "person": legal.names,
            "id": legal.resident_ids,
            "mobile": legal.mobiles,
            "address": self._sheet.people(SUBJECT).addresses,
        }
        rows = zip(*columns.values(), strict=True)
        return [
            facts % dict(zip(columns, row, strict=True))
            for (facts, _), row in zip(self.offences, rows, strict=True)
        ]

    @cached_property
    def fines(self) -> list[int]:
        draw = self._sheet.streams["fine"]
        return [
            (1 + int(draw() * draw() * 500)) * 200_00 if kind == _FINED else 0
            for kind in self.kinds
        ]


class Arrears:
    """Wages that the rows' businesses owe."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def workers(self) -> list[int]:
        draw = self._sheet.streams["workers"]
        return [5 + int(draw() * draw() * 200) for _ in range(self._sheet.count)]

    @cached_property
    def amounts(self) -> list[int]:
        draw = self._sheet.streams["arrears"]
        return [workers * (3_000_00 + int(draw() * 20_000_00)) for workers in self.workers]

    @cached_property
    def ends(self) -> list[int]:
        terms = pick(self._sheet.streams["arrears term"], _TERMS, self._sheet.count)
        return [start + term for start, term in zip(self._sheet.starts, terms, strict=True)]

    @cached_property
    def statuses(self) -> list[str]:
        return [_REMOVED if end < LAST_DAY else _LISTED for end in self.ends]


def _decisions(sheet: Sheet, branch: str) -> list[str]:
    draw, numbered, year = sheet.streams["decision number"], digits(4), days("YYYY")
    return [
        f"{place.name}{branch}〔{year[start]}〕{numbered[int(draw() * 10_000)]}号"
        for place, start in zip(sheet.places, sheet.starts, strict=True)
    ]


MATTERS = (
    Matter(
        frozenset({"decision_number", "facts"}),
        {
            "decision_number": text(lambda sheet: _decisions(sheet, "市监罚")),
            "facts": text(lambda sheet: sheet.part(Penalties).facts),
            "legal_basis": text(lambda sheet: [law for _, law in sheet.part(Penalties).offences]),
            "penalty_kind": code(lambda sheet: sheet.part(Penalties).kinds),
            "fine": money(lambda sheet: sheet.part(Penalties).fines),
            "decided_date": day(lambda sheet: sheet.starts),
        },
    ),
    Matter(
        frozenset({"decision_number", "owed_workers"}),
        {
            "decision_number": text(lambda sheet: _decisions(sheet, "人社薪列")),
            "reason": text(lambda sheet: pick(sheet.streams["reason"], _REASONS, sheet.count)),
            "owed_workers": whole(lambda sheet: sheet.part(Arrears).workers),
            "owed_amount": money(lambda sheet: sheet.part(Arrears).amounts),
            "listed_date": day(lambda sheet: sheet.starts),
            "listed_until": day(lambda sheet: sheet.part(Arrears).ends),
            "list_status": code(lambda sheet: sheet.part(Arrears).statuses),
        },
    ),
)
