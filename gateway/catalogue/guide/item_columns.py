"""The columns that each information item (信息项) of a resource fills: the guide's, then ours."""

from functools import partial

from gateway.catalogue.guide.columns import column
from gateway.catalogue.guide.spellings import YES_NO, Prose, Size, Token, Whole
from gateway.catalogue.guide.vocabulary import DISCLOSURE, FINER_TYPE, GUIDE_TYPE, KIND

# Titles that rules of the item name.
TYPE, SIZE, FINER, SCALE, CODE_LIST = "数据类型", "长度", "类型细分", "小数位数", "代码表"

_PROSE, _TOKEN = Prose(), Token()
OURS = "信息项补充信息"

_of_guide = partial(column, group="信息项信息", required=True, item=True, guide=True)
_ours = partial(column, group=OURS, item=True)


GUIDE_COLUMNS = (
    _of_guide(
        "信息项名称",
        "name",
        _PROSE,
        "每行一个信息项",
        "one item to a row",
        "信息项",
        "信息项中文名称",
        "数据项名称",
        width=20,
    ),
    _of_guide(
        TYPE,
        "",
        GUIDE_TYPE,
        "字母或名称，例如 C 或 字符型C",
        "the letter or the name, such as C or 字符型C",
        "信息项数据类型",
    ),
    _of_guide(
        SIZE,
        "",
        Size(),
        "字符型为字符数，数值型为总位数，也可写 10,2；其他类型不使用",
        "characters; of numbers the digits in all, or 10,2; not used for other types",
        "数据长度",
        "信息项长度",
        required=False,
    ),
)
OUR_COLUMNS = (
    _ours(
        "信息项标识",
        "id",
        _TOKEN,
        "记录中的键，英文字母开头，例如 birth_date",
        "the key in records, such as birth_date",
        required=True,
        width=20,
    ),
    _ours("信息项英文名称", "name_en", _PROSE, "可不填", "optional", width=20),
    _ours(
        FINER,
        "",
        FINER_TYPE,
        "坐标型须填写；填了代码表即为代码型",
        "needed for 坐标型; with a code list 代码型 is understood",
    ),
    _ours("数据类别", "kind", KIND, "空白即一般信息", "blank is 一般信息", default="general"),
    _ours("信息项级别", "grade", _TOKEN, "例如 G2", "such as G2", required=True),
    _ours("披露上限", "cap", DISCLOSURE, "只可调低", "can only lower what the grade allows"),
    _ours(SCALE, "", Whole(), "仅数值型", "only for numbers"),
    _ours(
        "日期格式",
        "format",
        _PROSE,
        "例如 YYYYMMDD，空白即 YYYY-MM-DD",
        "such as YYYYMMDD; blank is YYYY-MM-DD",
        width=20,
    ),
    _ours("可为长期", "open_end", YES_NO, "仅日期型", "only for dates", default=False),
    _ours(CODE_LIST, "code_list", _TOKEN, "代码表标识", "id of the code list", width=18),
    _ours("必填", "required", YES_NO, "空白即是", "blank is 是", default=True),
    _ours("可为空值", "null", YES_NO, "空白即否", "blank is 否", default=False),
    _ours("可为空文本", "empty", YES_NO, "空白即否；仅字符型", "blank is 否", default=False),
    _ours("信息项说明", "description", _PROSE, "可不填", "optional", width=24),
)
