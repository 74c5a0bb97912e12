"""Electronic certificates: what they are called and numbered, who issued them, until when."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from gateway.sample.chance import digits, pick, weighted
from gateway.sample.dates import FOREVER, LAST_DAY, YEAR
from gateway.sample.matters._contract import Matter, code, day, spelled, text
from gateway.sample.roles import SUBJECT
from gateway.sample.sheet import Sheet
from gateway.sample.words import table

# Numbers that are the holder's own.
_PERSONAL = frozenset({"11", "41"})
_VALID, _EXPIRED, _CANCELLED, _REPLACED = "1", "2", "3", "4"
_STATUSES = weighted([(_VALID, 94), (_CANCELLED, 3), (_REPLACED, 3)])


class _Certificate(NamedTuple):
    """A kind of certificate: how frequent, its letter, who issues it, years of validity or 0."""

    share: str
    letter: str
    issuer: str
    years: str


_KINDS: Mapping[str, _Certificate] = {
    row[0]: _Certificate(*row[1:]) for row in table("certificates", 5)
}
_TYPES = weighted((kind, int(certificate.share)) for kind, certificate in _KINDS.items())


class Certificates:
    """Certificates of the rows' people."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def types(self) -> list[str]:
        return pick(self._sheet.streams["certificate"], _TYPES, self._sheet.count)

    @cached_property
    def numbers(self) -> list[str]:
        sheet, numbered = self._sheet, digits(4)
        draw, holders = sheet.streams["certificate number"], sheet.people(SUBJECT).resident_ids
        return [
            holder
            if kind in _PERSONAL
            else f"{_KINDS[kind].letter}{place.code}{numbered[int(draw() * 10_000)]}"
            f"{numbered[int(draw() * 10_000)]}"
            for kind, holder, place in zip(self.types, holders, sheet.places, strict=True)
        ]

    @cached_property
    def issuers(self) -> list[str]:
        return [
            place.name + _KINDS[kind].issuer
            for kind, place in zip(self.types, self._sheet.places, strict=True)
        ]

    @cached_property
    def ends(self) -> list[int]:
        years = [int(_KINDS[kind].years) for kind in self.types]
        return [
            start + term * YEAR if term else FOREVER
            for start, term in zip(self._sheet.starts, years, strict=True)
        ]

    @cached_property
    def statuses(self) -> list[str]:
        drawn = pick(self._sheet.streams["certificate status"], _STATUSES, self._sheet.count)
        return [
            _EXPIRED if end < LAST_DAY else status
            for end, status in zip(self.ends, drawn, strict=True)
        ]


def _digests(sheet: Sheet) -> list[str]:
    draw = sheet.streams["file digest"]
    return ["".join(f"{int(draw() * 2**32):08x}" for _ in range(8)) for _ in range(sheet.count)]


def _licence_numbers(sheet: Sheet) -> list[str]:
    draw, numbered = sheet.streams["licence number"], digits(4)
    return [
        f"{place.code}{numbered[int(draw() * 10_000)]}{numbered[int(draw() * 10_000)]}"
        for place in sheet.places
    ]


MATTERS = (
    Matter(
        frozenset({"certificate_type"}),
        {
            "certificate_type": code(lambda sheet: sheet.part(Certificates).types),
            "certificate_name": text(
                lambda sheet: spelled(sheet, "certificate_type", sheet.part(Certificates).types)
            ),
            "certificate_number": text(lambda sheet: sheet.part(Certificates).numbers),
            "issuing_authority": text(lambda sheet: sheet.part(Certificates).issuers),
            "issued_date": day(lambda sheet: sheet.starts),
            "valid_until": day(lambda sheet: sheet.part(Certificates).ends),
            "status": code(lambda sheet: sheet.part(Certificates).statuses),
        },
    ),
    Matter(frozenset({"file_digest"}), {"file_digest": text(_digests)}),
    Matter(frozenset({"licence_number"}), {"licence_number": text(_licence_numbers)}),
)
