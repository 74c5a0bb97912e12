"""The four sheets of a catalogue: resources, code lists, purposes, grades."""

from functools import partial

from gateway.catalogue.guide import entry_columns, item_columns
from gateway.catalogue.guide.columns import Form, column
from gateway.catalogue.guide.spellings import YES_NO, Prose, Token
from gateway.catalogue.guide.vocabulary import DISCLOSURE

_PROSE, _TOKEN = Prose(), Token()
_column = partial(column, required=True, width=20)


RESOURCES = Form(
    "目录",
    ("信息资源目录", "政务信息资源目录", "政务数据目录"),
    (
        *entry_columns.GUIDE_COLUMNS,
        *item_columns.GUIDE_COLUMNS,
        *entry_columns.GUIDE_COLUMNS_BEHIND,
        *item_columns.OUR_COLUMNS,
        *entry_columns.OUR_COLUMNS,
    ),
    ("信息资源代码", "信息资源名称"),
    "fields",
    "resource",
    "资源",
    "information item",
    "信息项",
)
CODE_LISTS = Form(
    "代码表",
    ("代码", "字典"),
    (
        _column("代码表标识", "id", _TOKEN, "例如 sex", "such as sex"),
        _column("代码表名称", "name"),
        _column("代码表英文名称", "name_en", required=False),
        _column("代码来源", "source", _PROSE, "标准号或制定部门", "the standard, or who made it"),
        _column("代码", "code", _TOKEN, "文本格式", "as text", item=True, width=14),
        _column("代码名称", "name", item=True, width=24),
        _column("代码英文名称", "name_en", required=False, item=True, width=24),
    ),
    ("代码表标识", "代码表名称"),
    "codes",
    "code list",
    "代码表",
    "code",
    "代码",
)
PURPOSES = Form(
    "用途",
    (),
    (
        _column("用途标识", "id", _TOKEN, "例如 medical-assistance", "such as medical-assistance"),
        _column("用途名称", "name"),
        _column("用途英文名称", "name_en", required=False),
        _column("用途依据", "basis", width=40),
        _column("应用场景", "", _PROSE, "每行一个", "one to a row", item=True, width=30),
    ),
    ("用途标识", "用途名称"),
    "scenarios",
    "purpose",
    "用途",
    "scenario",
    "应用场景",
)
GRADES = Form(
    "分级",
    ("分级方案",),
    (
        _column("分级方案标识", "id", _PROSE, "例如 GB/T 43697-2024", "such as GB/T 43697-2024"),
        _column("级别标识", "id", _TOKEN, "自低到高", "from the lowest up", item=True),
        _column("级别名称", "title_zh", item=True),
        _column("级别英文名称", "title", item=True),
        _column("级别披露上限", "cap", DISCLOSURE, required=False, item=True),
        _column("超出授权级别时", "above_level", DISCLOSURE, required=False, item=True),
        _column("是否核心数据", "core", YES_NO, required=False, item=True, default=False),
    ),
    ("分级方案标识",),
    "grades",
    "grade scheme",
    "分级方案",
    "grade",
    "级别",
)
FORMS = (RESOURCES, CODE_LISTS, PURPOSES, GRADES)
# Sheets of ours that hold no data: what the columns mean, and the words of lists.
HELP_SHEET, CHOICES_SHEET = "说明", "选项"
