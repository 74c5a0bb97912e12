"""Read one scalar by the type that is expected at its place."""

import datetime
import enum
import math
import re
from collections.abc import Callable
from decimal import Decimal

import msgspec.inspect as mi

from masking.document import words
from masking.document.nodes import Scalar
from masking.document.shapes import Shape, spellings

# A longer number is no number of a configuration, and int() of a very long one is slow.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,27})(?:\.[0-9]{1,28})?")
_FLOAT = re.compile(_NUMBER.pattern + r"(?:[eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    _DATE.pattern
    + r"[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[-+][0-9]{2}:[0-9]{2})?"
)
NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "false": False}


def is_null(scalar: Scalar) -> bool:
    return scalar.plain and scalar.text in NULLS


def read_scalar(shape: Shape, scalar: Scalar) -> object:
    """Read `scalar` as the type of `shape`.

    Returns the value, `Words` where it breaks a constraint of the type, or None
    where it is not of the type at all.
    """
    value = _READERS[type(shape.type)](shape.type, scalar)
    return value if value is None else _constrained(shape, value)


def reads(shape: Shape) -> bool:
    """Tell whether values of `shape` are scalars."""
    return type(shape.type) in _READERS


def _text(_: mi.Type, scalar: Scalar) -> object:
    return scalar.text


def _spelled(kind: mi.Type, scalar: Scalar) -> object:
    return spellings(kind).get(scalar.text)


def _integer(_: mi.Type, scalar: Scalar) -> object:
    fits = scalar.plain and _INTEGER.fullmatch(scalar.text)
    return int(scalar.text) if fits else None


def _float(_: mi.Type, scalar: Scalar) -> object:
    if not (scalar.plain and _FLOAT.fullmatch(scalar.text)):
        return None
    value = float(scalar.text)
    return value if math.isfinite(value) else None


def _decimal(_: mi.Type, scalar: Scalar) -> object:
    return Decimal(scalar.text) if _NUMBER.fullmatch(scalar.text) else None


def _boolean(_: mi.Type, scalar: Scalar) -> object:
    return _BOOLEANS.get(scalar.text) if scalar.plain else None


def _date(_: mi.Type, scalar: Scalar) -> object:
    if not _DATE.fullmatch(scalar.text):
        return None
    try:
        return datetime.date.fromisoformat(scalar.text)
    except ValueError:
        return None


def _datetime(kind: mi.Type, scalar: Scalar) -> object:
    if not _DATETIME.fullmatch(scalar.text):
        return None
    try:
        value = datetime.datetime.fromisoformat(scalar.text)
    except ValueError:
        return None
    zoned = getattr(kind, "tz", None)
    return value if zoned is None or zoned is (value.tzinfo is not None) else None


_READERS: dict[type[mi.Type], Callable[[mi.Type, Scalar], object]] = {
    mi.LiteralType: _spelled,
    mi.EnumType: _spelled,
    mi.BoolType: _boolean,
    mi.IntType: _integer,
    mi.FloatType: _float,
    mi.DecimalType: _decimal,
    mi.DateType: _date,
    mi.DateTimeType: _datetime,
    mi.StrType: _text,
}
# A text of a union is tried as the narrower types first.
ORDER = tuple(_READERS)


def _constrained(shape: Shape, value: object) -> object:
    kind = shape.type
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return _constrained_text(shape, value)
    if isinstance(kind, mi.IntType | mi.FloatType) and isinstance(value, int | float):
        return value if _within(kind, value) else words.out_of_range(shape)
    return value


def _constrained_text(shape: Shape, value: str) -> object:
    kind = shape.type
    if not isinstance(kind, mi.StrType):
        return value
    if not length_fits(kind, len(value)):
        return words.wrong_length(shape, len(value))
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return words.wrong_form(shape, value)
    return value


def length_fits(kind: mi.Type, length: int) -> bool:
    low = getattr(kind, "min_length", None)
    high = getattr(kind, "max_length", None)
    return (low is None or length >= low) and (high is None or length <= high)


def _within(kind: mi.IntType | mi.FloatType, value: float) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
        and (kind.multiple_of is None or value % kind.multiple_of == 0)
    )
