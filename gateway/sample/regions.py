"""Places that people live in: divisions by GB/T 2260, telephone areas, plates, coordinates."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gateway.model.resource import CodeList
from gateway.sample.words import pairs, table


class Place(NamedTuple):
    """A county-level division with what hangs on it.

    `text` is its name behind those of its province and city; longitude and
    latitude are those of its city, in decimal degrees.
    """

    code: str
    name: str
    text: str
    area_code: str
    plate: str
    longitude: float
    latitude: float


class _City(NamedTuple):
    name: str
    area_code: str
    plate: str
    longitude: float
    latitude: float


_PROVINCES = pairs("provinces")
# By the first four digits.
_CITIES = {
    code: _City(name, area, plate, float(longitude), float(latitude))
    for code, name, area, plate, longitude, latitude in table("cities", 6)
}
_COUNTIES = pairs("counties")
# Where a code's province is not known either.
_SOME_CITY = "1401"
_GROUPINGS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
_PROVINCE_DIGITS, _CITY_DIGITS, _CODE_DIGITS = 2, 4, 6


def places(listed: CodeList | None) -> tuple[Place, ...]:
    """Return the places to draw from: the lowest divisions of a list, or our own few.

    A list whose codes are not of six digits says nothing of places.
    """
    names = {code.code: code.name for code in listed.codes} if listed else {}
    lowest = tuple(_lowest(names))
    if not lowest:
        names, lowest = _COUNTIES, tuple(_COUNTIES)
    return tuple(_place(code, names) for code in lowest)


def _lowest(names: Mapping[str, str]) -> Iterator[str]:
    codes = [code for code in names if len(code) == _CODE_DIGITS and code.isdecimal()]
    counties = [code for code in codes if not code.endswith("00")]
    cities = [code for code in codes if not code.endswith("0000")]
    named = (code for code in counties if names[code] not in _GROUPINGS)
    yield from tuple(named) or cities or codes


def _place(code: str, names: Mapping[str, str]) -> Place:
    province, prefix = code[:_PROVINCE_DIGITS], code[:_CITY_DIGITS]
    own = _CITIES.get(prefix)
    city = own or _CITIES.get(province + "01") or _CITIES[_SOME_CITY]
    above = (
        names.get(province + "0000") or _PROVINCES.get(province, ""),
        names.get(prefix + "00") or (own.name if own else ""),
    )
    text = names[code]
    for name in dict.fromkeys(reversed(above)):
        if name not in _GROUPINGS and not text.startswith(name):
            text = name + text
    return Place(code, names[code], text, city.area_code, city.plate, city.longitude, city.latitude)
