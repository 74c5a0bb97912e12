"""Land: parcels, homes on them, and the names of places."""

from collections.abc import Mapping
from functools import cached_property

from gateway.sample.chance import Draw, digits, pick, weighted
from gateway.sample.dates import FOREVER, YEAR
from gateway.sample.matters._contract import Matter, code, day, decimal, flag, money, text
from gateway.sample.sheet import Sheet
from gateway.sample.when import days
from gateway.sample.words import words

# By the letters of a parcel's code: the rights in it, and what it is used for.
_TENURES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "GB": (("3", "4"), ("05", "06", "07", "08")),
    "JC": (("5", "6"), ("07",)),
    "JB": (("7",), ("05", "06", "08")),
}
# State-owned land is sold for so many years.
_SOLD, _TERMS = "GB", (40, 50, 70)
_SEIZED_SHARE = 0.03
_HOME_TENURES = weighted([("GB", 6), ("JC", 4)])
_STREETS = words("streets")
_AREA_DIGITS, _AREA_SCALE = 10, 2
_HEIGHT_DIGITS, _HEIGHT_SCALE = 7, 3
# By category of a place name.
_NAMES = {
    "1": _STREETS,
    "2": words("estates"),
    "3": words("towns"),
    "4": words("villages"),
}
_ORIGINS = words("name-origins")


class Parcels:
    """Parcels of land by their codes of nineteen characters (GB/T 37346)."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        home = sheet.setting.resource.field("unit_number") is not None
        self._letters = _HOME_TENURES if home else tuple(_TENURES)

    def _draw(self, name: str) -> Draw:
        return self._sheet.streams[f"parcel {name}"]

    @cached_property
    def tenures(self) -> list[str]:
        return pick(self._draw("tenure"), self._letters, self._sheet.count)

    @cached_property
    def numbers(self) -> list[str]:
        draw, numbered = self._draw("number"), digits(3)
        return [
            f"{place.code}{numbered[1 + int(draw() * 99)]}{numbered[1 + int(draw() * 99)]}{letters}"
            f"{1 + int(draw() * 99998):05d}"
            for place, letters in zip(self._sheet.places, self.tenures, strict=True)
        ]

    @cached_property
    def units(self) -> list[str]:
        """Numbers of the homes on the parcels, of 28 characters."""
        draw, numbered = self._draw("unit"), digits(4)
        return [
            f"{parcel}F{numbered[1 + int(draw() * 90)]}{numbered[1 + int(draw() * 400)]}"
            for parcel in self.numbers
        ]

    @cached_property
    def rights(self) -> list[str]:
        draw = self._draw("right")
        return [pick(draw, _TENURES[letters][0], 1)[0] for letters in self.tenures]

    @cached_property
    def uses(self) -> list[str]:
        draw = self._draw("use")
        return [pick(draw, _TENURES[letters][1], 1)[0] for letters in self.tenures]

    @cached_property
    def ends(self) -> list[int]:
        """Days on which rights that were sold for a time end; homesteads are held for ever."""
        draw = self._draw("end")
        terms = [pick(draw, _TERMS, 1)[0] if each == _SOLD else 0 for each in self.tenures]
        return [
            start + term * YEAR if term else FOREVER
            for start, term in zip(self._sheet.starts, terms, strict=True)
        ]

    @cached_property
    def areas(self) -> list[int]:
        draw = self._draw("area")
        return [120_00 + int(draw() * draw() * 60_000_00) for _ in range(self._sheet.count)]

    @cached_property
    def floors(self) -> list[int]:
        """Areas of homes."""
        draw = self._draw("floor")
        return [38_00 + int(draw() * 140_00) for _ in range(self._sheet.count)]

    @cached_property
    def prices(self) -> list[int]:
        draw = self._draw("price")
        return [floor * (2_000 + int(draw() * 70) * 100) for floor in self.floors]

    @cached_property
    def boundaries(self) -> list[str]:
        draw = self._draw("boundary")
        sides = (pick(draw, _STREETS, 4) for _ in range(self._sheet.count))
        return ["东至{}，南至{}，西至{}，北至{}".format(*four) for four in sides]

    @cached_property
    def titles(self) -> list[str]:
        draw, year, numbered = self._draw("title"), days("YYYY"), digits(4)
        return [
            f"{place.plate[0]}（{year[start]}）{place.name}不动产权第"
            f"{numbered[int(draw() * 1000)][1:]}{numbered[int(draw() * 10_000)]}号"
            for place, start in zip(self._sheet.places, self._sheet.starts, strict=True)
        ]


class Names:
    """Names of places, by what kind of place they name."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def categories(self) -> list[str]:
        return pick(self._sheet.streams["name category"], tuple(_NAMES), self._sheet.count)

    @cached_property
    def names(self) -> list[str]:
        draw = self._sheet.streams["place name"]
        return [pick(draw, _NAMES[category], 1)[0] for category in self.categories]

    @cached_property
    def origins(self) -> list[str]:
        draw = self._sheet.streams["name origin"]
        return [pick(draw, _ORIGINS, 1)[0] % {"name": name} for name in self.names]


def _seized(sheet: Sheet) -> list[bool]:
    draw = sheet.streams["seized"]
    return [draw() < _SEIZED_SHARE for _ in range(sheet.count)]


def _heights(sheet: Sheet) -> list[int]:
    draw = sheet.streams["elevation"]
    return [350_000 + int(draw() * 1_500_000) for _ in range(sheet.count)]


MATTERS = (
    Matter(
        frozenset({"parcel_number"}),
        {
            "parcel_number": text(lambda sheet: sheet.part(Parcels).numbers),
            "boundaries": text(lambda sheet: sheet.part(Parcels).boundaries),
            "land_use": code(lambda sheet: sheet.part(Parcels).uses),
            "right_type": code(lambda sheet: sheet.part(Parcels).rights),
            "right_until": day(lambda sheet: sheet.part(Parcels).ends),
            "parcel_area": decimal(
                lambda sheet: sheet.part(Parcels).areas, _AREA_DIGITS, _AREA_SCALE
            ),
        },
    ),
    Matter(
        frozenset({"unit_number"}),
        {
            "unit_number": text(lambda sheet: sheet.part(Parcels).units),
            "title_number": text(lambda sheet: sheet.part(Parcels).titles),
            "right_type": code(lambda sheet: sheet.part(Parcels).rights),
            "right_until": day(lambda sheet: sheet.part(Parcels).ends),
            "floor_area": decimal(
                lambda sheet: sheet.part(Parcels).floors, _AREA_DIGITS, _AREA_SCALE
            ),
            "seized": flag(_seized),
            "price": money(lambda sheet: sheet.part(Parcels).prices),
        },
    ),
    Matter(
        frozenset({"place_name"}),
        {
            "place_name": text(lambda sheet: sheet.part(Names).names),
            "place_category": code(lambda sheet: sheet.part(Names).categories),
            "meaning": text(lambda sheet: sheet.part(Names).origins),
            "elevation": decimal(_heights, _HEIGHT_DIGITS, _HEIGHT_SCALE),
        },
    ),
)
