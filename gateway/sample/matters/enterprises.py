"""Registered businesses: form, capital, sector, what they may do, since when."""

from collections.abc import Sequence
from functools import cached_property

from gateway.sample.chance import pick, weighted
from gateway.sample.dates import FIRST_DAY, FOREVER, YEAR
from gateway.sample.matters._contract import Matter, code, day, flag, money, text, whole
from gateway.sample.organisations import Organisations
from gateway.sample.roles import SUBJECT
from gateway.sample.sheet import Sheet
from gateway.sample.words import pairs, words

_TRADER, _TRADER_PREFIX = "9500", "92"
_TYPES = weighted((name, int(share)) for name, share in pairs("entity-types").items())
_SECTORS = weighted((name, int(share)) for name, share in pairs("sectors").items())
_SCOPES = words("business-scopes")
_FOUNDED_BEFORE = 12 * YEAR
_TERMS = (0, 0, 30, 50)
_FOREIGN_SHARE = 0.03
_REGISTRY = "市场监督管理局"


class Businesses:
    """What is registered of the rows' businesses, the same in each resource."""

    def __init__(self, sheet: Sheet) -> None:
        self._all: Organisations = sheet.organisations(SUBJECT)
        self._count = sheet.count

    @cached_property
    def types(self) -> list[str]:
        drawn = pick(self._all.stream("type"), _TYPES, self._count)
        return [
            _TRADER if prefix == _TRADER_PREFIX else each
            for each, prefix in zip(drawn, self._all.prefixes, strict=True)
        ]

    @cached_property
    def sectors(self) -> list[str]:
        return pick(self._all.stream("sector"), _SECTORS, self._count)

    @cached_property
    def capital(self) -> list[int]:
        draw = self._all.stream("capital")
        return [
            (1 + int(draw() * draw() * (20 if each == _TRADER else 3000))) * 10_000_00
            for each in self.types
        ]

    @cached_property
    def scopes(self) -> list[str]:
        """Three activities or fewer, each named once."""
        draw = self._all.stream("scope")
        drawn = (pick(draw, _SCOPES, 3) for _ in range(self._count))
        return ["；".join(_once(activities)) + "。" for activities in drawn]

    @cached_property
    def founded(self) -> list[int]:
        """Days before any matter of the sample began."""
        draw = self._all.stream("founded")
        return [FIRST_DAY - int(draw() * _FOUNDED_BEFORE) for _ in range(self._count)]

    @cached_property
    def ends(self) -> list[int]:
        """Days up to which the businesses may run, long after the sample's last; or for ever."""
        terms = pick(self._all.stream("end"), _TERMS, self._count)
        return [
            start + term * YEAR if term else FOREVER
            for start, term in zip(self.founded, terms, strict=True)
        ]

    @cached_property
    def staff(self) -> list[int]:
        draw = self._all.stream("staff")
        return [1 + int(draw() * draw() * (8 if e == _TRADER else 400)) for e in self.types]


def _foreign(sheet: Sheet) -> list[bool]:
    draw = sheet.organisations(SUBJECT).stream("foreign")
    return [draw() < _FOREIGN_SHARE for _ in range(sheet.count)]


def _registries(sheet: Sheet) -> list[str]:
    return [place.name + _REGISTRY for place in sheet.places]


def _once(activities: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(activities))


MATTERS = (
    Matter(
        frozenset({"uscc", "entity_type"}),
        {
            "entity_type": code(lambda sheet: sheet.part(Businesses).types),
            "industry": code(lambda sheet: sheet.part(Businesses).sectors),
            "registered_capital": money(lambda sheet: sheet.part(Businesses).capital),
            "business_scope": text(lambda sheet: sheet.part(Businesses).scopes),
            "established_date": day(lambda sheet: sheet.part(Businesses).founded),
            "business_until": day(lambda sheet: sheet.part(Businesses).ends),
            "valid_until": day(lambda sheet: sheet.part(Businesses).ends),
            "foreign_invested": flag(_foreign),
            "registry_authority": text(_registries),
            "employees": whole(lambda sheet: sheet.part(Businesses).staff),
        },
    ),
)
