"""Show the surname of a Chinese name and a star for each further character."""

from typing import ClassVar

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
from masking.shapes import HAN, Shape
from masking.surnames import COMPOUND, SINGLE

_SINGLE = frozenset(SINGLE)
# Characters that begin no compound surname, so that one look decides.
_SIMPLE = _SINGLE - {surname[0] for surname in COMPOUND}

_NAME = Shape(f"[{HAN}]{{2,4}}")
_SIMPLE_NAME = f"^[{''.join(sorted(_SIMPLE))}][{HAN}]{{1,3}}$"
# Has the shape of a name and no surname: stands in for what is no such name.
_NOBODY = "〇〇"
_STARS = ("", "", "*", "**", "***")
# For each of them what a name is shown as, by the name's length.
_SHOWN = {surname: [surname + stars for stars in _STARS] for surname in _SIMPLE}
_SHOWN[_NOBODY[0]] = [HIDDEN] * len(_STARS)


class Surname(Operator, frozen=True, kw_only=True):
    """Show the surname of a Chinese name of two to four characters.

    Any other name gives `***`: one of a single character, one in letters, one
    with a dot between its parts, a longer one, one that begins with no known
    surname. There, what comes first is a given name, or nobody can tell.

    >>> tried(Surname(), "王芳", "张建国", "欧阳明月", "司马光")
    ['王*', '张**', '欧阳**', '司马*']
    >>> tried(Surname(), "买买提·艾力", "Smith", "王")
    ['***', '***', '***']
    """

    name = "surname"
    title = "surname only"
    title_zh = "仅保留姓氏"
    description_zh: ClassVar[str] = (
        "保留二至四字中文姓名的姓氏（按表识别复姓），其后每字一个星号。"
        "其他姓名整体输出 ***：单字、字母书写、带间隔号、超过四字、首字不是已知姓氏的。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string",))

    def shown(self) -> float:
        return 1.0

    def kernel(self, _bind: Binding) -> Kernel:
        return _mask

    def expression(self, _bind: Binding) -> Expression:
        import polars as pl

        def mask(x: pl.Expr) -> Expressed:
            stars = pl.lit(_STARS[-1]).str.head(x.str.len_chars() - 1)
            # a compound surname is left to the kernel
            return Expressed(pl.concat_str(x.str.head(1), stars), x.str.contains(_SIMPLE_NAME))

        return mask


def surname_length(name: str) -> int:
    """Return how many characters of a Chinese name are its surname, 0 if that is not known."""
    if not _NAME.fits(name):
        return 0
    if len(name) > 2 and name[:2] in COMPOUND:
        return 2
    return 1 if name[0] in _SINGLE else 0


def _mask(column: Column) -> Column:
    if len(column) == 1:
        return [_one(column[0])]
    others = _NAME.misfits(column)
    if others:
        column = column.copy()
        for index in others:
            column[index] = _NOBODY
    shown = _SHOWN.get
    return [row[len(name)] if (row := shown(name[0])) else _one(name) for name in column]


def _one(name: str) -> str:
    if (row := _SHOWN.get(name[:1])) and _NAME.fits(name):
        return row[len(name)]
    shown = surname_length(name)
    return name[:shown] + "*" * (len(name) - shown) if shown else HIDDEN
