"""People of a batch, a column for each thing known of them; what is not asked for is not made."""

from collections.abc import Sequence
from functools import cached_property

from gateway.sample import identifiers, names
from gateway.sample.chance import Draw, Streams, pick
from gateway.sample.dates import LAST_DAY, YEAR, Days
from gateway.sample.names import Surname
from gateway.sample.regions import Place
from gateway.sample.roles import Role
from gateway.sample.words import words

_STREETS, _ESTATES = words("streets"), words("estates")
_TOWNS, _VILLAGES = words("towns"), words("villages")
# RFC 2606 keeps these names for examples: no letter ever arrives.
_DOMAINS = ("example.com", "example.net", "example.org")
_BIRTH = Days("YYYYMMDD")
_NEVER_MARRIED_BELOW = 22
_MARITAL = ("10", "20", "20", "20", "21", "22", "30", "40")
# Of the homes in a county.
_COUNTRY_SHARE = 0.5
# Degrees that homes lie from the middle of their city, north, south, east and west.
_SPREAD = 0.12


class People:
    """One person to a row, in the places of those rows.

    All columns are as long as `places` and draw on streams of their own.
    """

    def __init__(self, streams: Streams, role: Role, places: Sequence[Place]) -> None:
        self._streams, self._role = streams.below(role.name), role
        self.places, self.count = places, len(places)

    def _draw(self, part: str) -> Draw:
        return self._streams[part]

    @cached_property
    def sexes(self) -> list[int]:
        """Codes of GB/T 2261.1: 1 male, 2 female."""
        if self._role.sex:
            return [self._role.sex] * self.count
        return pick(self._draw("sex"), (1, 2), self.count)

    @cached_property
    def births(self) -> list[int]:
        """Days of birth as ordinals."""
        low, high = self._role.ages
        draw, first = self._draw("birth"), LAST_DAY - (high + 1) * YEAR
        size = (high - low + 1) * YEAR
        return [first + int(draw() * size) for _ in range(self.count)]

    @cached_property
    def groups(self) -> list[str]:
        """Ethnic groups by their codes of GB/T 3304."""
        return pick(self._draw("group"), names.ETHNICITIES, self.count)

    @cached_property
    def surnames(self) -> list[Surname]:
        return names.surnames(self._draw("surname"), self.sexes, self.groups)

    @cached_property
    def names(self) -> list[str]:
        draw = self._draw("name")
        return names.full_names(draw, self.surnames, self.sexes, self.groups)

    @cached_property
    def given(self) -> list[str]:
        """Given names to stand behind another's surname."""
        return names.given_names(self._draw("given"), self.sexes)

    @cached_property
    def regions(self) -> list[str]:
        return [place.code for place in self.places]

    @cached_property
    def resident_ids(self) -> list[str]:
        births = list(map(_BIRTH.__getitem__, self.births))
        return identifiers.resident_ids(self._draw("id"), self.regions, births, self.sexes)

    @cached_property
    def marital(self) -> list[str]:
        """Codes of GB/T 2261.2 that go with the age."""
        draw, adult = self._draw("marital"), LAST_DAY - _NEVER_MARRIED_BELOW * YEAR
        found = pick(draw, _MARITAL, self.count)
        return [
            code if birth <= adult else "10" for code, birth in zip(found, self.births, strict=True)
        ]

    @cached_property
    def mobiles(self) -> list[str]:
        return identifiers.mobiles(self._draw("mobile"), self.count)

    @cached_property
    def landlines(self) -> list[str]:
        return identifiers.landlines(self._draw("landline"), [p.area_code for p in self.places])

    @cached_property
    def emails(self) -> list[str]:
        draw = self._draw("email")
        return [
            f"{surname.latin}{int(draw() * 9000) + 1000}@{_DOMAINS[int(draw() * len(_DOMAINS))]}"
            for surname in self.surnames
        ]

    @cached_property
    def addresses(self) -> list[str]:
        """Addresses that begin with the place: a flat in a town, or a house in a village."""
        draw = self._draw("address")
        return [_address(place, draw) for place in self.places]

    @cached_property
    def points(self) -> list[str]:
        """Homes as `longitude,latitude` in decimal degrees."""
        draw = self._draw("point")
        return [
            f"{place.longitude + (draw() - 0.5) * 2 * _SPREAD:.6f},"
            f"{place.latitude + (draw() - 0.5) * 2 * _SPREAD:.6f}"
            for place in self.places
        ]

    @cached_property
    def plates(self) -> list[str]:
        return identifiers.plates(self._draw("plate"), [place.plate for place in self.places])

    @cached_property
    def passports(self) -> list[str]:
        return identifiers.passports(self._draw("passport"), self.count)

    @cached_property
    def long_cards(self) -> list[str]:
        return identifiers.bank_cards(self._draw("card"), self.count, identifiers.LONG_CARD)

    @cached_property
    def short_cards(self) -> list[str]:
        return identifiers.bank_cards(self._draw("short card"), self.count, identifiers.SHORT_CARD)


_COLUMNS = (
    "sexes", "births", "groups", "surnames", "names", "given", "regions", "resident_ids",
    "marital", "mobiles", "landlines", "emails", "addresses", "points", "plates", "passports",
    "long_cards", "short_cards",
)  # fmt: skip


class _Chosen(People):
    """In each row the person of that row among one of several."""

    def __init__(self, people: Sequence[People]) -> None:
        self._people = people
        self.places, self.count = people[0].places if people else (), len(people)

    def __getattribute__(self, name: str) -> object:
        if name in _COLUMNS:
            return [getattr(each, name)[row] for row, each in enumerate(self._people)]
        return object.__getattribute__(self, name)


def chosen(people: Sequence[People]) -> People:
    """Return in each row the person of that row of the people named for it."""
    return _Chosen(people)


def _address(place: Place, draw: Draw) -> str:
    if place.name.endswith("县") and draw() < _COUNTRY_SHARE:
        town, village = _TOWNS[int(draw() * len(_TOWNS))], _VILLAGES[int(draw() * len(_VILLAGES))]
        return f"{place.text}{town}{village}{int(draw() * 180) + 1}号"
    street, estate = _STREETS[int(draw() * len(_STREETS))], _ESTATES[int(draw() * len(_ESTATES))]
    home = int(draw() * 2400)
    return (
        f"{place.text}{street}{int(draw() * 300) + 1}号{estate}"
        f"{home // 120 + 1}号楼{home // 24 % 5 + 1}单元{home // 4 % 6 + 1}0{home % 4 + 1}室"
    )
