"""Collapse the ends of a range of numbers."""

from decimal import Decimal
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

_FARTHEST = 10**18

Bound = Annotated[int, Meta(ge=-_FARTHEST, le=_FARTHEST)]


class TopBottom(Operator, frozen=True, kw_only=True):
    """Give `top` for every greater number and `bottom` for every lesser one.

    A number from `bottom` to `top` comes back as it is, so this counts as
    clear: it takes out who stands out, and hides nobody else. What is not
    finite, or beyond 10^30, gives null.

    >>> tried(TopBottom(bottom=18, top=90), 7, 18, 35, 101, type="integer")
    [18, 18, 35, 90]
    >>> tried(TopBottom(top=50000), Decimal("1234.50"), Decimal("88000.00"), type="decimal")
    [Decimal('1234.50'), Decimal('50000')]
    """

    name = "top_bottom"
    title = "top- and bottom-coding"
    title_zh = "顶层与底层编码"
    description_zh: ClassVar[str] = (
        "大于 top 的数输出 top，小于 bottom 的数输出 bottom；其间的数原样输出，因此按明文计。"
        "非有限数或绝对值达到 10^30 的数输出 null。"
    )
    disclosure = Disclosure.CLEAR
    accepts = frozenset(("integer", "decimal"))

    bottom: Bound = -_FARTHEST
    top: Bound = _FARTHEST

    def __post_init__(self) -> None:
        if self.bottom >= self.top:
            raise ValueError("`bottom` must be below `top`", "`bottom` 必须小于 `top`")

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        """Compare with `bucket` of width 1: more than any bucket, less than all."""
        return 18.0

    def gives_back(self, value: object) -> bool:
        return (
            isinstance(value, int | Decimal) and within(value) and self.bottom <= value <= self.top
        )

    def kernel(self, bind: Binding) -> Kernel:
        number = int if bind.type == "integer" else Decimal
        bottom, top = number(self.bottom), number(self.top)

        def mask(column: Column) -> Column:
            try:
                whole = within(min(column)) and within(max(column))
            except (ArithmeticError, ValueError):  # no values at all, or one that is no number
                whole = False
            if whole:
                return [bottom if v < bottom else top if v > top else v for v in column]
            return [min(max(v, bottom), top) if within(v) else None for v in column]

        return mask

    def expression(self, bind: Binding) -> Expression | None:
        import polars as pl

        bottom, top = self.bottom, self.top
        if bind.type != "integer":
            return None

        def mask(x: pl.Expr) -> Expressed:
            number = x.cast(pl.Int64, strict=False)
            return Expressed(number.clip(bottom, top), number.is_not_null())

        return mask
