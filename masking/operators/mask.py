"""Put stars over a range of positions."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

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
from masking.operators._positions import plain, positions, starred
from masking.operators.keep import HIDDEN_SHARE, STRIPED_FROM, _striped


class Mask(Operator, frozen=True, kw_only=True):
    """Put a star over each of `count` positions, beginning with position `from`.

    Positions count from 1, with `side: end` from the last backwards. A value of
    which less than a third would be hidden, or more than `most` positions stay
    visible, gives `***`; so does one with characters that nobody sees.

    >>> tried(Mask(start=4, count=4), "13812345678", "王小明", "1381")
    ['138****5678', '***', '***']
    >>> tried(Mask(start=1, count=3, side="end"), "京A12345")
    ['京A12***']
    >>> tried(Mask(start=4, count=4, most=7), "138123456789")
    ['***']
    """

    name = "mask"
    title = "stars over a range"
    title_zh = "按位置遮盖"
    description_zh: ClassVar[str] = (
        "从第 from 位起以星号遮盖 count 位；side 为 end 时从末位倒数。"
        "遮盖不足三分之一、可见位数超过 most 或含不可见字符的值整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    start: Annotated[int, Meta(ge=1, le=64)] = field(name="from")
    count: Annotated[int, Meta(ge=1, le=64)]
    side: Literal["start", "end"] = "start"
    most: Annotated[int, Meta(ge=1, le=128)] = 128

    def shown(self) -> float:
        """Return the most that the guard leaves visible: twice what is hidden, or `most`."""
        return float(min(self.count * (HIDDEN_SHARE - 1), self.most))

    def kernel(self, _bind: Binding) -> Kernel:
        before, count, most, from_end = self.start - 1, self.count, self.most, self.side == "end"
        longest, stars, after = self._longest, "*" * count, before + count

        def mask(column: Column) -> Column:
            if not from_end and column and plain("".join(column)):
                width = len(column[0])
                if len(column) >= STRIPED_FROM and after <= width <= longest:
                    striped = _striped(column, before, width - after)
                    if striped is not None:
                        return striped
                return [
                    value[:before] + stars + value[after:]
                    if after <= len(value) <= longest
                    else one(value)
                    for value in column
                ]
            return [one(value) for value in column]

        def one(value: str) -> str:
            parts = positions(value)
            if parts is None:
                return HIDDEN
            size = len(parts)
            if not from_end:
                return starred(parts, min(before, size), min(after, size), most)
            return starred(parts, max(size - after, 0), max(size - before, 0), most)

        return mask

    @property
    def _longest(self) -> int:
        # in a longer text `count` stars are less than a third
        return min(self.count * HIDDEN_SHARE, self.count + self.most)

    def expression(self, _bind: Binding) -> Expression:
        import polars as pl

        before, count, longest = self.start - 1, self.count, self._longest
        after, from_end = before + count, self.side == "end"

        def mask(x: pl.Expr) -> Expressed:
            size, stars = x.str.len_chars(), pl.lit("*" * count)
            if from_end:
                parts = [x.str.head(size - after), stars, x.str.tail(before)]
            else:
                parts = [x.str.head(before), stars, x.str.slice(after)]
            return Expressed(pl.concat_str(parts), size.is_between(after, longest))

        return mask
