"""Tell which numbers may be worked with."""

from decimal import Decimal

from masking.operators.bucket import LARGEST


def within(number: int | Decimal) -> bool:
    """Tell whether a number is finite and below 10^30, so that its digits are few."""
    if isinstance(number, Decimal) and not number.is_finite():
        return False
    return -LARGEST < number < LARGEST
