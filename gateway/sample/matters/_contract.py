"""What a matter is."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gateway.model.resource import TYPE_LETTERS, Field, FieldType
from gateway.sample.sheet import Sheet

# Text and codes are str, whole numbers int, days ordinals, decimals int in
# units of their last digit; None where there is nothing to say.
Values = Sequence[str | None] | Sequence[int | None] | Sequence[bool]
Make = Callable[[Sheet], Values]
_MONEY_DIGITS, _MONEY_SCALE = 12, 2


class Writer(NamedTuple):
    """How a field of a type is written.

    Where `leaves_out`, it says itself where nothing stands. A decimal has
    `digits` in all, `scale` of them behind the point.
    """

    type: FieldType
    make: Make
    leaves_out: bool = False
    digits: int = 0
    scale: int = 0

    def fits(self, field: Field) -> bool:
        """Tell whether the field can hold what is written."""
        if TYPE_LETTERS.get(field.type, field.type) is not self.type:
            return False
        if self.type is not FieldType.DECIMAL:
            return True
        roomy = field.precision is None or field.precision >= self.digits
        return roomy and (_MONEY_SCALE if field.scale is None else field.scale) == self.scale


class Matter(NamedTuple):
    """Fields that belong together, by id; it holds where a resource has those it `needs`."""

    needs: frozenset[str]
    writers: Mapping[str, Writer]


def text(make: Make, *, leaves_out: bool = False) -> Writer:
    """Write text."""
    return Writer(FieldType.STRING, make, leaves_out)


def code(make: Make) -> Writer:
    """Write codes; one that the field's list does not have becomes one that it has."""
    return Writer(FieldType.CODE, make)


def whole(make: Make, *, leaves_out: bool = False) -> Writer:
    """Write whole numbers."""
    return Writer(FieldType.INTEGER, make, leaves_out)


def flag(make: Make) -> Writer:
    """Write yes and no."""
    return Writer(FieldType.BOOLEAN, make)


def decimal(make: Make, digits: int, scale: int, *, leaves_out: bool = False) -> Writer:
    """Write decimals, given in units of their last digit."""
    return Writer(FieldType.DECIMAL, make, leaves_out, digits, scale)


def money(make: Make, *, leaves_out: bool = False) -> Writer:
    """Write amounts, given in hundredths."""
    return decimal(make, _MONEY_DIGITS, _MONEY_SCALE, leaves_out=leaves_out)


def day(make: Make, *, leaves_out: bool = False) -> Writer:
    """Write dates, given as ordinals."""
    return Writer(FieldType.DATE, make, leaves_out)


def moment(make: Make) -> Writer:
    """Write days, given as ordinals, with a time of day."""
    return Writer(FieldType.DATETIME, make)


def picked(sheet: Sheet, field_id: str) -> list[str]:
    """Draw codes of the list of a field; none where there is no list."""
    listed, draw = sheet.setting.listed(field_id), sheet.streams[field_id]
    codes = [entry.code for entry in listed.codes] if listed else [""]
    return [codes[int(draw() * len(codes))] for _ in range(sheet.count)]


def spelled(sheet: Sheet, field_id: str, codes: Sequence[str]) -> list[str]:
    """Return the names of codes of the list of a field."""
    listed = sheet.setting.listed(field_id)
    names = {entry.code: entry.name for entry in listed.codes} if listed else {}
    return [names.get(each) or each or field_id for each in codes]
