"""Checks of a column of values that their type alone does not settle."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gateway.catalogue.formats import date_misfits
from gateway.model.resource import CodeList, Field, FieldType

# What columns hold is settled by each field's type, so they are typed loosely.
Values = list[Any]
ColumnCheck = Callable[[Values], list[int]]

MAX_INTEGER = (1 << 63) - 1
_GEO_POINT = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,9})?),(-?[0-9]{1,2}(?:\.[0-9]{1,9})?)")


def column_check(field: Field, code_lists: Mapping[str, CodeList]) -> ColumnCheck | None:
    """Return the check of a field's present values: indexes of those that do not fit."""
    if field.type is FieldType.CODE:
        codes = code_lists[field.code_list or ""].codes
        return _among(frozenset(code.code for code in codes))
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        return date_misfits(field.format or "", field.open_end)
    if field.type is FieldType.DECIMAL:
        return _digits(field.precision or 0, field.scale or 0)
    if field.type is FieldType.GEO_POINT:
        return lambda column: [i for i, value in enumerate(column) if not is_geo_point(value)]
    return None


def _among(codes: frozenset[str]) -> ColumnCheck:
    def misfits(column: Sequence[str]) -> list[int]:
        if codes.issuperset(column):
            return []
        return [index for index, value in enumerate(column) if value not in codes]

    return misfits


def _digits(precision: int, scale: int) -> ColumnCheck:
    whole = precision - scale
    same_quantum = Decimal(1).scaleb(-scale).same_quantum

    def fits(value: Decimal) -> bool:
        exponent = value.as_tuple().exponent
        # Nought has its one digit before the point and takes no room there.
        small = value.adjusted() < whole or not value
        return isinstance(exponent, int) and -scale <= exponent <= 0 and small

    def misfits(column: Sequence[Decimal]) -> list[int]:
        # Amounts mostly have all their digits behind the point: told without a loop of ours.
        if all(map(same_quantum, column)) and (
            not column or max(map(Decimal.adjusted, column)) < whole
        ):
            return []
        return [index for index, value in enumerate(column) if not fits(value)]

    return misfits


def is_geo_point(value: str) -> bool:
    """Tell whether a text is `longitude,latitude` in decimal degrees (CGCS2000)."""
    found = _GEO_POINT.fullmatch(value)
    return found is not None and abs(float(found[1])) <= 180 and abs(float(found[2])) <= 90
