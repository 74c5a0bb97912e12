"""Put stars over the part of a text on one side of a separator."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel, Operator
from masking.operators._positions import positions, starred


class MaskPart(Operator, frozen=True, kw_only=True):
    """Put a star over each position before, after or between a separator.

    Where the separator stands more than once, the larger part is hidden: all
    before the last, all after the first, all between first and last. A value
    without it (for `between`: with less than two) gives `***`; so does one of
    which less than a third would be hidden, or more than `most` positions stay
    visible, or with characters that nobody sees.

    >>> tried(MaskPart(separator="@", part="before"), "张三@内网", "a@b@c.d", "张三")
    ['**@内网', '***@c.d', '***']
    >>> tried(MaskPart(separator="-", part="after"), "0351-2024123")
    ['0351-*******']
    >>> tried(MaskPart(separator="-", part="between"), "A-2024-31-C", "A-2024")
    ['A-*******-C', '***']
    """

    name = "mask_part"
    title = "stars beside a separator"
    title_zh = "按分隔符遮盖"
    description_zh: ClassVar[str] = (
        "以星号遮盖分隔符之前、之后或之间的各位；分隔符多次出现时遮盖较大的部分。"
        "没有分隔符、遮盖不足三分之一、可见位数超过 most 或含不可见字符的值整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    separator: Annotated[str, Meta(min_length=1, max_length=1)]
    part: Literal["before", "after", "between"]
    most: Annotated[int, Meta(ge=1, le=64)] = 16

    def shown(self) -> float:
        return float(self.most)

    def kernel(self, _bind: Binding) -> Kernel:
        separator, part, most = self.separator, self.part, self.most

        def mask(column: Column) -> Column:
            return [one(value) if separator in value else HIDDEN for value in column]

        def one(value: str) -> str:
            parts = positions(value)
            if parts is None or separator not in parts:  # one with a mark on it is none
                return HIDDEN
            first, last = _ends(parts, separator)
            if part == "before":
                return starred(parts, 0, last, most)
            if part == "after":
                return starred(parts, first + 1, len(parts), most)
            return starred(parts, first + 1, last, most) if first < last else HIDDEN

        return mask


def _ends(parts: Sequence[str], separator: str) -> tuple[int, int]:
    """Return where the first and the last separator stand."""
    return parts.index(separator), len(parts) - 1 - parts[::-1].index(separator)
