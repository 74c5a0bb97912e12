"""Show the surname of a Chinese name and a star for each further character."""

from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel, Operator
from masking.shapes import HAN, Shape
from masking.surnames import COMPOUND, SINGLE

_SINGLE = frozenset(SINGLE)
# Characters that begin no compound surname, so that one look decides.
_SIMPLE = _SINGLE - {surname[0] for surname in COMPOUND}

_NAME = Shape(f"[{HAN}]{{2,4}}")
# Has the shape of a name and no surname: stands in for what is no such name.
_NOBODY = "〇〇"
_STARS = ("", "", "*", "**", "***")


class Surname(Operator, frozen=True, kw_only=True):
    """Show the surname of a Chinese name of two to four characters.

    Any other name gives `***`: one of a single character, one in letters, one
    with a dot between its parts, a longer one, one that begins with no known
    surname. There, what comes first is a given name, or nobody can tell.
    """

    name = "surname"
    title = "surname only"
    title_zh = "仅保留姓氏"
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string",))

    def shown(self) -> float:
        return 1.0

    def kernel(self, _bind: Binding) -> Kernel:
        return _mask


def surname_length(name: str) -> int:
    """Return how many characters of a Chinese name are its surname, 0 if that is not known."""
    if not _NAME.fits(name):
        return 0
    if len(name) > 2 and name[:2] in COMPOUND:
        return 2
    return 1 if name[0] in _SINGLE else 0


def _mask(column: Column) -> Column:
    others = _NAME.misfits(column)
    if others:
        column = column.copy()
        for index in others:
            column[index] = _NOBODY
    stars, simple = _STARS, _SIMPLE
    return [
        head + stars[len(name)] if (head := name[0]) in simple else _one(name) for name in column
    ]


def _one(name: str) -> str:
    shown = surname_length(name)
    return name[:shown] + "*" * (len(name) - shown) if shown else HIDDEN
