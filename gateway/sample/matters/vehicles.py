"""Vehicles: identification numbers with their check digit, models, kinds of plate."""

from functools import cached_property

from gateway.sample.chance import Draw, digits, pick
from gateway.sample.dates import LAST_DAY, YEAR
from gateway.sample.matters._contract import Matter, code, day, money, text
from gateway.sample.roles import SUBJECT
from gateway.sample.sheet import Sheet
from gateway.sample.words import table

# GB 16735: what letters count, and the weight of each place; the ninth is the check digit's.
_LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_ALPHABET = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
# Maker and price in thousands of yuan, from and to. No maker has this identifier.
_MODELS = table("models", 3)
_MAKER = "LZZ"
# A plate with a place more is of a new-energy vehicle.
_NEW_ENERGY_LENGTH = 8
_CAR, _NEW_ENERGY_CAR = "02", "52"


class Vehicles:
    """Vehicles of the rows' people."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet

    @cached_property
    def models(self) -> list[tuple[str, ...]]:
        return pick(self._sheet.streams["model"], _MODELS, self._sheet.count)

    @cached_property
    def prices(self) -> list[int]:
        draw = self._sheet.streams["price"]
        return [
            (int(low) * 10 + int(draw() * (int(high) - int(low)) * 10)) * 100_00
            for _, low, high in self.models
        ]

    @cached_property
    def numbers(self) -> list[str]:
        draw = self._sheet.streams["vin"]
        return [vehicle_number(draw) for _ in range(self._sheet.count)]

    @cached_property
    def plate_types(self) -> list[str]:
        return [
            _NEW_ENERGY_CAR if len(plate) == _NEW_ENERGY_LENGTH else _CAR
            for plate in self._sheet.people(SUBJECT).plates
        ]

    @cached_property
    def inspections(self) -> list[int]:
        """Ends of the two years that an inspection holds, none of them long past."""
        return [
            start + (1 + (LAST_DAY - start) // (2 * YEAR)) * 2 * YEAR
            for start in self._sheet.starts
        ]


def vehicle_number(draw: Draw) -> str:
    """Make a vehicle identification number (GB 16735) with its check digit."""
    described = "".join(pick(draw, _ALPHABET, 5))
    rest = "".join(pick(draw, _ALPHABET, 4)) + digits(4)[int(draw() * 10_000)]
    return _MAKER + described + check_digit(f"{_MAKER}{described}0{rest}") + rest


def check_digit(number: str) -> str:
    """Return the check digit of a vehicle identification number, whatever stands in its place."""
    values = (_LETTERS[c] if c in _LETTERS else int(c) for c in number)
    rest = sum(value * weight for value, weight in zip(values, _WEIGHTS, strict=True)) % 11
    return "0123456789X"[rest]


MATTERS = (
    Matter(
        frozenset({"vin"}),
        {
            "vin": text(lambda sheet: sheet.part(Vehicles).numbers),
            "model": text(lambda sheet: [model for model, *_ in sheet.part(Vehicles).models]),
            "plate_type": code(lambda sheet: sheet.part(Vehicles).plate_types),
            "inspected_until": day(lambda sheet: sheet.part(Vehicles).inspections),
            "price": money(lambda sheet: sheet.part(Vehicles).prices),
        },
    ),
)
