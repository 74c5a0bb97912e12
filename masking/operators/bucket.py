"""Show the interval that a number falls into."""

from decimal import Decimal
from itertools import repeat
from math import floor, log10
from operator import floordiv, sub
from typing import Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import (
    HIDDEN,
    Binding,
    Column,
    Expressed,
    Expression,
    Kernel,
    Operator,
)

# A larger number is hidden: its digits would be the label, and a decimal such
# as 1E+999999 would take a megabyte to write out.
LARGEST = 10**30

# In a table the ends of the interval of a lesser number are surely of 64 bits.
FARTHEST = 2**62

# Labels are kept between batches, not without end: a column of numbers chosen
# to differ must not fill the memory.
MAX_LABELS = 4096


class Bucket(Operator, frozen=True, kw_only=True):
    """Show the half-open interval `[low,high)` of `width` that a number falls into.

    Intervals are counted from `origin`, below it as well. What is not finite,
    or in an interval that reaches beyond 10^30, gives `***`.

    >>> tried(Bucket(width=1000), 3280, 3000, -1, type="integer")
    ['[3000,4000)', '[3000,4000)', '[-1000,0)']
    >>> tried(Bucket(width=10, origin=5), Decimal("14.99"), Decimal("NaN"), type="decimal")
    ['[5,15)', '***']
    """

    name = "bucket"
    title = "interval"
    title_zh = "区间"
    description_zh: ClassVar[str] = (
        "输出数值所在的半开区间 [low,high)，区间宽 width，自 origin 起向两侧划分。"
        "非有限数，或所在区间越过 10^30 的数输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("integer", "decimal"))

    width: Annotated[int, Meta(ge=2, le=10**18)]
    origin: Annotated[int, Meta(ge=-(10**18), le=10**18)] = 0

    def shown(self) -> float:
        return 18.0 - log10(self.width)

    def kernel(self, bind: Binding) -> Kernel:
        width, origin = self.width, self.origin
        labels = _Labels(width, origin)
        whole, checked = bind.type == "integer", bind.checked

        def mask(column: Column) -> Column:
            try:
                if checked or (min(column) > -LARGEST and max(column) < LARGEST):
                    numbers = column if whole else map(Decimal.__floor__, column)
                    if origin:
                        numbers = map(sub, numbers, repeat(origin))
                    return list(map(labels.__getitem__, map(floordiv, numbers, repeat(width))))
            except (ArithmeticError, ValueError):  # a decimal that is no number
                pass
            return [labels[(floor(v) - origin) // width] if _plain(v) else HIDDEN for v in column]

        return mask

    def expression(self, bind: Binding) -> Expression | None:
        import polars as pl

        width, origin = self.width, self.origin
        if bind.type != "integer":
            return None

        def written(index: pl.Series) -> pl.Series:
            low = index * width + origin
            return pl.select(pl.format("[{},{})", low, low + width)).to_series()

        def labelled(index: pl.Series) -> pl.Series:
            first, last = index.min(), index.max()
            if not isinstance(first, int) or not isinstance(last, int) or last - first > MAX_LABELS:
                return written(index)
            near = pl.int_range(0, last - first + 1, eager=True)
            return written(near + first).gather(index - first)

        def mask(x: pl.Expr) -> Expressed:
            number = x.cast(pl.Int64, strict=False)
            value = ((number - origin) // width).map_batches(
                labelled, return_dtype=pl.String(), is_elementwise=True
            )
            return Expressed(value, number.is_between(-FARTHEST, FARTHEST))

        return mask


class _Labels(dict[int, str]):
    """The label of each interval, by its number."""

    def __init__(self, width: int, origin: int) -> None:
        super().__init__()
        self._width, self._origin = width, origin

    def __missing__(self, index: int) -> str:
        if len(self) >= MAX_LABELS:
            self.clear()
        low = self._origin + index * self._width
        high = low + self._width
        shown = low > -LARGEST and high <= LARGEST
        label = self[index] = f"[{low},{high})" if shown else HIDDEN
        return label


def _plain(number: int | Decimal) -> bool:
    if isinstance(number, Decimal) and not number.is_finite():
        return False
    return -LARGEST < number < LARGEST
