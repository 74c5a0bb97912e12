"""The words of closed columns: the guide's where it has them."""

from gateway.catalogue.guide.spellings import OneOf, Value
from gateway.model.resource import TYPE_LETTERS, FieldType, OpenClass, ShareClass, Status
from masking.grades import Disclosure
from masking.kinds import KINDS

SHARE_CLASS = OneOf(
    {
        str(ShareClass.UNCONDITIONAL): ("无条件共享", "无条件"),
        str(ShareClass.CONDITIONAL): ("有条件共享", "有条件"),
        str(ShareClass.DEDICATED): ("专用共享", "专用"),
        str(ShareClass.NONE): ("不予共享", "不共享"),
    }
)
OPEN_CLASS = OneOf(
    {
        str(OpenClass.UNCONDITIONAL): ("无条件开放", "无条件"),
        str(OpenClass.CONDITIONAL): ("有条件开放", "有条件"),
        str(OpenClass.NONE): ("不予开放", "不开放"),
    }
)
STATUS = OneOf(
    {
        str(Status.ACTIVE): ("在用", "有效", "正常"),
        str(Status.REPLACED): ("已替代", "被替代"),
        str(Status.STOPPED): ("已停用", "停用", "废止"),
    }
)
DISCLOSURE = OneOf({each.label: (each.label_zh,) for each in reversed(Disclosure)})
KIND = OneOf({kind.name: (kind.title_zh,) for kind in KINDS.values()})

# The guide's types by their letters.
_TITLES = {
    "C": "字符型",
    "N": "数值型",
    "Y": "货币型",
    "D": "日期型",
    "T": "日期时间型",
    "L": "逻辑型",
    "M": "备注型",
    "G": "通用型",
    "B": "双精度型",
    "I": "整型",
    "F": "浮点型",
}
# The letter that stands for a type of ours; more than one letter stands for some.
LETTERS = {
    FieldType.STRING: "C",
    FieldType.DECIMAL: "N",
    FieldType.DATE: "D",
    FieldType.DATETIME: "T",
    FieldType.BOOLEAN: "L",
    FieldType.BINARY: "G",
    FieldType.INTEGER: "I",
    # The guide has no types of their own for these; a further column tells them apart.
    FieldType.CODE: "C",
    FieldType.GEO_POINT: "C",
}


def _spelled(letter: str, title: str) -> tuple[str, ...]:
    own = [str(kind) for kind, each in LETTERS.items() if each == letter and kind not in FINER]
    joined = (f"{title}{letter}", f"{letter}{title}", f"{title}({letter})", f"{letter}({title})")
    return (*joined, f"{title}-{letter}", f"{letter}-{title}", title, *own)


FINER = (FieldType.CODE, FieldType.GEO_POINT)
GUIDE_TYPE = OneOf({letter: _spelled(letter, title) for letter, title in _TITLES.items()})
FINER_TYPE = OneOf(
    {
        str(FieldType.CODE): ("代码型", "代码"),
        str(FieldType.GEO_POINT): ("坐标型", "坐标点", "坐标"),
    }
)


def own_type(letter: str) -> Value:
    """Return what a letter is written as in YAML: our type, if the letter says no more."""
    own = TYPE_LETTERS[letter]
    return str(own) if LETTERS[own] == letter else letter


def letter_of(own: str) -> str:
    """Return the guide's letter for a type as it stands in YAML."""
    return own if own in TYPE_LETTERS else LETTERS[FieldType(own)]
