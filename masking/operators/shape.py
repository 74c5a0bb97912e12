"""Show of which classes the characters of a text are."""

import re
from typing import ClassVar
from unicodedata import category

from masking.grades import Disclosure
from masking.operators._contract import Binding, Kernel, Operator
from masking.shapes import HAN

_is_han = re.compile(f"[{HAN}]").fullmatch
_KEPT = frozenset(" -._@/:,;()[]#+&'\"·—…、。，；：？！“”‘’《》〈〉（）【】「」－　")
_BY_CATEGORY = {"Lu": "X", "Lt": "X", "Ll": "x", "Nd": "0"}
_FULL_WIDTH = {"Lu": "Ｘ", "Ll": "ｘ", "Nd": "０"}

# A text chosen to hold every character there is must not fill the memory.
MAX_CHARACTERS = 4096


class Shape(Operator, frozen=True, kw_only=True):
    """Put for each character one that stands for its class.

    Capital letters give `X`, small ones `x`, digits `0`, Chinese characters 某,
    full-width letters and digits `Ｘ`, `ｘ`, `０`. Common punctuation and spaces
    stay; any other character gives a star, be it of a script without capitals,
    a sign or one that nobody sees. A text of nothing but such stand-ins and
    punctuation comes back as it is.

    >>> tried(Shape(), "晋A·12b45", "Wang Fang", "ＡＢ１２", "محمد", "000-XX")
    ['某X·00x00', 'Xxxx Xxxx', 'ＸＸ００', '****', '000-XX']
    """

    name = "shape"
    title = "classes of characters"
    title_zh = "字符类别替换"
    description_zh: ClassVar[str] = (
        "逐字符替换：大写字母为 X，小写字母为 x，数字为 0，汉字为“某”，"
        "全角字母和数字为 Ｘ、ｘ、０；"
        "常用标点和空格保留，其他字符（不分大小写的文字、符号、不可见字符）为星号。"
        "只由这些替代字符和标点组成的值原样输出。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    def shown(self) -> float:
        """Count as one position what classes and punctuation tell."""
        return 1.0

    def gives_back(self, value: object) -> bool:
        return isinstance(value, str) and _STAND_INS.issuperset(value)

    def kernel(self, _bind: Binding) -> Kernel:
        classes = _Classes()
        return lambda column: [value.translate(classes) for value in column]


class _Classes(dict[int, str]):
    """What stands for each character, by its code point."""

    def __missing__(self, point: int) -> str:
        if len(self) >= MAX_CHARACTERS:
            self.clear()
        stand_in = self[point] = _stand_in(chr(point))
        return stand_in


def _stand_in(character: str) -> str:
    if character in _KEPT:
        return character
    if _is_han(character):
        return "某"
    kind = category(character)
    if "\uff10" <= character <= "\uff5a":
        return _FULL_WIDTH.get(kind, "*")
    return _BY_CATEGORY.get(kind, "*")


_STAND_INS = _KEPT | frozenset("Xx0某Ｘｘ０*")
