"""Round a number to a multiple."""

from collections.abc import Callable
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from math import floor, log10
from typing import Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import (
    Binding,
    Column,
    Expressed,
    Expression,
    FieldType,
    Kernel,
    Operator,
    OutputType,
)
from masking.operators._numbers import within
from masking.operators.bucket import FARTHEST


class Round(Operator, frozen=True, kw_only=True):
    """Round a number to the nearest multiple of `to`, half to the even one.

    An integer stays an integer; a decimal stays one, without digits behind its
    point. A multiple comes back as it is. What is not finite, or beyond 10^30,
    gives null.

    >>> tried(Round(to=1000), 12345, 12500, 13500, -499, 3000, type="integer")
    [12000, 12000, 14000, 0, 3000]
    >>> tried(Round(to=5), Decimal("12.50"), Decimal("12.51"), type="decimal")
    [Decimal('10'), Decimal('15')]
    """

    name = "round"
    title = "round to a multiple"
    title_zh = "取整"
    description_zh: ClassVar[str] = (
        "四舍六入五成双，取 to 的最近整倍数；整数仍为整数，小数仍为小数且不带小数位。"
        "本为整倍数的值原样输出；非有限数或绝对值达到 10^30 的数输出 null。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("integer", "decimal"))

    to: Annotated[int, Meta(ge=2, le=10**18)]

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        """Compare with `bucket` of the same width."""
        return 18.0 - log10(self.to)

    def gives_back(self, value: object) -> bool:
        return (
            isinstance(value, int | Decimal)
            and within(value)
            and value == floor(value)
            and (floor(value) % self.to == 0)
        )

    def kernel(self, bind: Binding) -> Kernel:
        rounded = _whole(self.to) if bind.type == "integer" else _decimal(self.to)

        def mask(column: Column) -> Column:
            try:
                return (
                    rounded(column) if within(min(column)) and within(max(column)) else each(column)
                )
            except (ArithmeticError, ValueError):  # no values at all, or one that is no number
                return each(column)

        def each(column: Column) -> Column:
            return [rounded([value])[0] if within(value) else None for value in column]

        return mask

    def expression(self, bind: Binding) -> Expression | None:
        import polars as pl

        to, half, odd = self.to, (self.to - 1) // 2, self.to % 2
        if bind.type != "integer":
            return None

        def mask(x: pl.Expr) -> Expressed:
            number = x.cast(pl.Int64, strict=False)
            upwards = number + half if odd else number + half + (number // to & 1)
            return Expressed(upwards // to * to, number.is_between(-FARTHEST, FARTHEST))

        return mask


def _whole(to: int) -> Callable[[Column], Column]:
    half, odd = (to - 1) // 2, to % 2
    if odd:
        return lambda column: [(number + half) // to * to for number in column]
    # One more where the multiple below is odd: a tie goes up from there alone.
    return lambda column: [(number + half + (number // to & 1)) // to * to for number in column]


def _decimal(to: int) -> Callable[[Column], Column]:
    whole = _whole(4 * to)

    def rounded(column: Column) -> Column:
        return [Decimal(number // 4) for number in whole(list(map(_quarters, column)))]

    return rounded


def _quarters(number: Decimal) -> int:
    """Return four times a number, in which the two steps beside a half stand for all there."""
    below = floor(number)
    if number == below:
        return 4 * below
    nearest = number.to_integral_value(ROUND_HALF_UP)
    if nearest != number.to_integral_value(ROUND_HALF_DOWN):
        return 4 * below + 2
    return 4 * below + (1 if nearest == below else 3)
