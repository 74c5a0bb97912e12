"""Put a keyed, repeatable name in the place of an identifier."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, Expressed, Expression, Kernel
from masking.operators._keyed import Keyed

if TYPE_CHECKING:
    import polars as pl


class Pseudonym(Keyed, frozen=True, kw_only=True):
    """Replace an identifier by `digits` hexadecimal digits of its keyed hash.

    Equal values give equal pseudonyms within `scope`, and only there: each
    (kind, scope) has a key of its own. Who lacks the key can neither compute
    nor test a pseudonym. A kind's spellings of one value count as equal.

    The examples have a key made up for them; a node's own gives others.

    >>> from keys.derive import Mac
    >>> from masking.operators import Scope
    >>> def made_up(context):
    ...     return Mac(b"a key that everybody knows" + context)
    >>> for_aid = Scope(requester="R1", purpose="aid", resource="S1")
    >>> for_tax = Scope(requester="R1", purpose="tax", resource="S1")
    >>> phones = "13812345678", "13900000000", "13812345678"
    >>> tried(Pseudonym(digits=16), *phones, mac=made_up, scope=for_aid)
    ['baf629a3ad4582b7', '992c097970f09202', 'baf629a3ad4582b7']
    >>> tried(Pseudonym(digits=16), *phones, mac=made_up, scope=for_tax)
    ['2a02243937d54a92', '9fe57f9ade2d7960', '2a02243937d54a92']
    >>> joined = Pseudonym(digits=16, scope="requester")
    >>> tried(joined, *phones, mac=made_up, scope=for_aid) == tried(
    ...     joined, *phones, mac=made_up, scope=for_tax
    ... )
    True
    """

    name = "pseudonym"
    title = "pseudonym"
    title_zh = "假名"
    description_zh: ClassVar[str] = (
        "以密钥计算哈希，取前 digits 位十六进制数代替标识；同一范围 scope 内同类同值的假名相同，"
        "不同范围、不同类别的假名互不相通。没有密钥既不能计算也不能验证假名。"
        "同一值的不同写法（如身份证号末位大小写）先统一再计算。"
    )
    disclosure = Disclosure.LINKABLE
    accepts = frozenset(("string", "code", "integer"))

    # Fewer than 16 digits (64 bits) would make two people one; a hash has 64.
    digits: Annotated[int, Meta(ge=16, le=64)] = 32

    def kernel(self, bind: Binding) -> Kernel:
        mac = self.key(bind)
        digits, canonical = self.digits, bind.canonical
        text = bind.type != "integer"

        def mask(column: Column) -> Column:
            values = column if text else list(map(str, column))
            # Mostly every letter of the column is as it should be, or there is none.
            if canonical is not None and canonical(joined := "".join(values)) != joined:
                values = list(map(canonical, values))
            return mac.hex_column(values, digits)

        return mask

    def expression(self, bind: Binding) -> Expression | None:
        import polars as pl

        digits, hashed = self.digits, self.key(bind).hex_expression()
        if hashed is None or bind.canonical not in _ASCII_ALIKE:
            return None
        spell = _ASCII_ALIKE[bind.canonical]

        def mask(x: pl.Expr) -> Expressed:
            if bind.type == "integer":
                return Expressed(hashed(x.cast(pl.String)).str.head(digits))
            sure = None if bind.canonical is None else x.str.len_bytes() == x.str.len_chars()
            return Expressed(hashed(spell(x)).str.head(digits), sure)

        return mask


# Spellings that an expression makes as well, of ASCII surely alike.
_ASCII_ALIKE: "dict[Callable[[str], str] | None, Callable[[pl.Expr], pl.Expr]]" = {
    None: lambda x: x,
    str.upper: lambda x: x.str.to_uppercase(),
    str.lower: lambda x: x.str.to_lowercase(),
}
