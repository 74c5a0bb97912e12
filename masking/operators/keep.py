"""Show the first and last positions of a text and a star for each one between."""

import re
from typing import Annotated, ClassVar
from unicodedata import category

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
from masking.shapes import PLAIN

# At least one position in so many is hidden, or nothing is shown: a short value
# must not come out nearly whole because the mask was made for a long one.
HIDDEN_SHARE = 3

# Below this many values a loop is quicker than stripes of the joined column.
STRIPED_FROM = 12

# In a table so many stars are ready to be taken; a longer text is for the kernel.
STARS_READY = 256

# Letters, by their category, that look like a space.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")

_plain = re.compile(f"[{PLAIN}]*+").fullmatch


class Keep(Operator, frozen=True, kw_only=True):
    """Show the first `prefix` and last `suffix` positions, a star for each between.

    A value of which less than a third would be hidden gives `***`, whatever
    its length, and blanks do not count as hidden; so does one with control,
    format or unassigned characters, which take up a place that nobody sees. A
    letter and the combining marks on it are one position.

    >>> tried(Keep(prefix=3, suffix=4), "13812345678", "1381234567")
    ['138****5678', '***']
    >>> tried(Keep(prefix=2), "青岚市民政局", "张三")
    ['青岚****', '***']
    >>> tried(Keep(), "13812345678")
    ['***********']
    """

    name = "keep"
    title = "keep ends"
    title_zh = "保留首尾"
    description_zh: ClassVar[str] = (
        "保留前 prefix 位和后 suffix 位，其间每位一个星号，因此可看出长度；"
        "字母与其上的组合符号合计一位。"
        "隐藏不足三分之一（空白不计为隐藏）或含不可见字符的值整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    prefix: Annotated[int, Meta(ge=0, le=64)] = 0
    suffix: Annotated[int, Meta(ge=0, le=64)] = 0

    def shown(self) -> float:
        return float(self.prefix + self.suffix)

    def kernel(self, _bind: Binding) -> Kernel:
        prefix, suffix = self.prefix, self.suffix
        shown, shortest = prefix + suffix, self._shortest

        def mask(column: Column) -> Column:
            if len(column) == 1:
                return [one(column[0])]
            if len(column) < STRIPED_FROM or _plain("".join(column)) is None:
                return list(map(one, column))
            if len(column[0]) >= shortest:
                striped = _striped(column, prefix, suffix)
                if striped is not None:
                    return striped
            if not suffix and min(map(len, column)) >= shortest:
                return [value[:prefix].ljust(len(value), "*") for value in column]
            return list(map(one, column))

        def one(value: str) -> str:
            if _plain(value) is None:
                return _by_cluster(value, prefix, suffix, shortest)
            size = len(value)
            if size < shortest:
                return HIDDEN
            return value[:prefix] + "*" * (size - shown) + value[size - suffix :]

        return mask

    @property
    def _shortest(self) -> int:
        shown = self.prefix + self.suffix
        return max(-(-shown * HIDDEN_SHARE // (HIDDEN_SHARE - 1)), 1)

    def expression(self, _bind: Binding) -> Expression:
        import polars as pl

        prefix, suffix, shortest = self.prefix, self.suffix, self._shortest
        shown, stars = prefix + suffix, pl.Series(["*" * count for count in range(STARS_READY + 1)])

        def mask(x: pl.Expr) -> Expressed:
            size = x.str.len_chars().cast(pl.Int64)
            parts = [pl.lit(stars).gather(size - shown, null_on_oob=True)]
            if prefix:
                parts.insert(0, x.str.head(prefix))
            if suffix:
                parts.append(x.str.tail(suffix))
            return Expressed(pl.concat_str(parts), size.is_between(shortest, shown + STARS_READY))

        return mask


def _striped(column: list[str], prefix: int, suffix: int) -> list[str] | None:
    """Write the stars over the joined column, if it is ASCII and all of one length."""
    width = len(column[0])
    joined = "\n".join(column)
    if (
        not joined.isascii()
        or len(joined) != len(column) * (width + 1) - 1
        or joined[width :: width + 1].strip("\n")
    ):
        return None
    written = bytearray(joined, "ascii")
    stars = b"*" * len(column)
    for position in range(prefix, width - suffix):
        written[position :: width + 1] = stars
    return written.decode("ascii").split("\n")


def _by_cluster(value: str, prefix: int, suffix: int, shortest: int) -> str:
    """Mask a text that is not plain: letters with their marks, not code points, count."""
    clusters: list[str] = []
    for character in value:
        kind = category(character)
        if kind[0] == "C" or kind in ("Zl", "Zp"):
            return HIDDEN
        if kind[0] != "M":
            clusters.append(character)
        elif clusters:
            clusters[-1] += character
        else:
            return HIDDEN
    end = len(clusters) - suffix
    hidden = clusters[prefix:end]
    if len(clusters) < shortest or _inked(hidden) * HIDDEN_SHARE < max(_inked(clusters), 1):
        return HIDDEN
    return "".join((*clusters[:prefix], "*" * len(hidden), *clusters[end:]))


def _inked(clusters: list[str]) -> int:
    """Count what leaves a mark on paper: a mask over blanks alone hides nothing."""
    return sum(not (cluster.isspace() or cluster in _BLANKS) for cluster in clusters)
