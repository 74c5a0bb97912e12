"""Show the first positions of a text and nothing after them."""

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
from masking.operators._positions import hides_enough, plain, positions
from masking.operators.keep import HIDDEN_SHARE


class Truncate(Operator, frozen=True, kw_only=True):
    """Show the first `length` positions, without stars: not even how many follow is told.

    A value of which less than a third would be cut off gives `***`, whatever
    its length; so does one with characters that nobody sees.

    >>> tried(Truncate(length=4), "030006120", "北京市朝阳区建国路", "03000")
    ['0300', '北京市朝', '***']
    """

    name = "truncate"
    title = "truncate"
    title_zh = "截断"
    description_zh: ClassVar[str] = (
        "只保留前 length 位，其后不以星号补足，不透露原长度。"
        "截去不足三分之一或含不可见字符的值整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    length: Annotated[int, Meta(ge=1, le=64)]

    def shown(self) -> float:
        return float(self.length)

    def kernel(self, _bind: Binding) -> Kernel:
        length, shortest = self.length, self._shortest

        def mask(column: Column) -> Column:
            if plain("".join(column)):
                return [v[:length] if len(v) >= shortest else HIDDEN for v in column]
            return [one(value) for value in column]

        def one(value: str) -> str:
            parts = positions(value)
            if parts is None or len(parts) < shortest or not hides_enough(parts[length:], parts):
                return HIDDEN
            return "".join(parts[:length])

        return mask

    @property
    def _shortest(self) -> int:
        return -(-self.length * HIDDEN_SHARE // (HIDDEN_SHARE - 1))

    def expression(self, _bind: Binding) -> Expression:
        length, shortest = self.length, self._shortest
        return lambda x: Expressed(x.str.head(length), x.str.len_chars() >= shortest)
