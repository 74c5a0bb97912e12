"""The columns that a resource fills once: those of the guide, then ours."""

from functools import partial

from gateway.catalogue.guide.columns import column
from gateway.catalogue.guide.spellings import YES_NO, Day, Prose, Several, Token
from gateway.catalogue.guide.vocabulary import OPEN_CLASS, SHARE_CLASS, STATUS

# Titles that rules of the resource name.
FORMAT, FORMAT_TYPE = "信息资源格式分类", "信息资源格式类型"
OPEN, OPEN_CONDITION, FINER_OPEN = "是否向社会开放", "开放条件", "开放类型"

_PROSE, _TOKEN, _DAY = Prose(), Token(), Day()
_CLASSES, _FORMAT = "信息资源分类", "信息资源格式"
_SHARE, _OPEN = "共享属性", "开放属性"
OURS = "信息资源补充信息"

_of_guide = partial(column, guide=True)
_ours = partial(column, group=OURS, width=16)


GUIDE_COLUMNS = (
    _of_guide(
        "类",
        "classification.category",
        _PROSE,
        "基础、主题或部门信息资源",
        "base, theme or department resource",
        group=_CLASSES,
        required=True,
    ),
    _of_guide("项", "classification.item", _PROSE, "", "", group=_CLASSES, required=True),
    _of_guide("目", "classification.detail", _PROSE, "", "", group=_CLASSES, required=True),
    _of_guide("细目", "classification.sub_detail", _PROSE, "可不填", "optional", group=_CLASSES),
    _of_guide(
        "信息资源名称",
        "name",
        _PROSE,
        "一行文字",
        "one line",
        "资源名称",
        "数据资源名称",
        "目录名称",
        required=True,
        width=24,
    ),
    _of_guide(
        "信息资源代码",
        "code",
        _TOKEN,
        "文本格式，例如 3070010010001/000012",
        "as text, such as 3070010010001/000012",
        "资源代码",
        "数据资源代码",
        "目录代码",
        required=True,
        width=24,
    ),
    _of_guide(
        "信息资源提供方",
        "provider.name",
        _PROSE,
        "部门全称",
        "the department's full name",
        "提供方",
        "提供方名称",
        "信息资源提供方名称",
        "提供部门",
        required=True,
        width=18,
    ),
    _of_guide(
        "信息资源提供方代码",
        "provider.department",
        _TOKEN,
        "18 位统一社会信用代码，文本格式",
        "its 18-character unified social credit code, as text",
        "提供方代码",
        "提供部门代码",
        required=True,
        width=22,
    ),
    _of_guide(
        "信息资源摘要",
        "abstract",
        _PROSE,
        "内容概述",
        "what it holds",
        "摘要",
        "资源摘要",
        required=True,
        width=36,
    ),
    _of_guide(
        FORMAT,
        "",
        _PROSE,
        "电子文件、电子表格、数据库等",
        "such as 数据库",
        "格式分类",
        "信息资源格式",
        group=_FORMAT,
        required=True,
    ),
    _of_guide(FORMAT_TYPE, "", _PROSE, "可不填", "optional", "格式类型", group=_FORMAT),
)
# Behind the columns of the items, as the guide has it.
GUIDE_COLUMNS_BEHIND = (
    _of_guide(
        "共享类型",
        "share.class",
        SHARE_CLASS,
        "从列表中选择；专用共享须列出部门",
        "one of the list; 专用共享 names its departments",
        group=_SHARE,
        required=True,
    ),
    _of_guide(
        "共享条件",
        "share.condition",
        _PROSE,
        "有条件共享的条件",
        "the condition, where there is one",
        group=_SHARE,
        width=30,
    ),
    _of_guide(
        "共享方式",
        "share.mode",
        Several(),
        "多种方式用顿号分隔",
        "several are separated by 、",
        "共享方式类型",
        group=_SHARE,
    ),
    _of_guide(OPEN, "", YES_NO, "是或否", "是 or 否", "是否开放", group=_OPEN, required=True),
    _of_guide(
        OPEN_CONDITION,
        "open.condition",
        _PROSE,
        "填写后即为有条件开放",
        "makes the resource open on this condition",
        group=_OPEN,
        width=24,
    ),
    _of_guide(
        "更新周期",
        "update_cycle",
        _PROSE,
        "实时、每日、每周、每月、每季度、每年等",
        "such as 每日",
        "更新频率",
        required=True,
    ),
    _of_guide(
        "发布日期", "published", _DAY, "例如 2026-03-16", "such as 2026-03-16", required=True
    ),
    _of_guide(
        "关联资源代码",
        "related",
        Several(codes=True),
        "多个代码用顿号分隔",
        "several are separated by 、",
        "关联信息资源代码",
        width=24,
    ),
)
OUR_COLUMNS = (
    _ours("资源英文名称", "name_en", _PROSE, "可不填", "optional"),
    _ours(
        "资源级别",
        "grade",
        _TOKEN,
        "不低于任一信息项的级别，例如 G3",
        "no lower than any item's, such as G3",
        required=True,
    ),
    _ours(
        "共享依据",
        "share.basis",
        _PROSE,
        "有条件和不予共享须写明《…》第…条",
        "the legal basis of 有条件共享 and 不予共享",
        width=30,
    ),
    _ours(
        "专用部门代码",
        "share.departments",
        Several(codes=True),
        "专用共享的部门代码，顿号分隔",
        "codes of the departments of 专用共享, separated by 、",
        width=22,
    ),
    _ours("共享复核日期", "share.review_by", _DAY, "可不填", "optional"),
    _ours(
        FINER_OPEN,
        "",
        OPEN_CLASS,
        "仅在前两列说不清时填写",
        "only where the two columns of the guide do not say it",
    ),
    _ours("使用要求", "use_requirements", _PROSE, "", "", required=True, width=30),
    _ours("来源业务", "source_business", _PROSE, "", "", required=True, width=20),
    _ours("使用对象", "protection.users", _PROSE, "谁可以使用", "who may use it", required=True),
    _ours("使用地域", "protection.region", _PROSE, "在哪里使用", "where", required=True),
    _ours("使用范围", "protection.scope", _PROSE, "用于什么", "for what", required=True),
    _ours("脱敏要求", "protection.masking", _PROSE, "", "", required=True),
    _ours("认证授权", "protection.authorization", _PROSE, "", "", required=True),
    _ours("留痕要求", "protection.tracing", _PROSE, "", "", required=True),
    _ours("须签安全协议", "protection.agreement", YES_NO, "是或否", "是 or 否", default=False),
    _ours("保密审查日期", "secrecy_review.date", _DAY, "未审查的不得共享", "unreviewed, unshared"),
    _ours("保密审查文号", "secrecy_review.reference", _PROSE, "", "", width=22),
    _ours(
        "区划信息项",
        "region_field",
        _TOKEN,
        "数据类别为行政区划代码的信息项标识",
        "id of the item whose kind is 行政区划代码",
    ),
    _ours("状态", "status", STATUS, "空白即在用", "blank is 在用", default="active"),
    _ours("替代资源代码", "replaced_by", _TOKEN, "仅已替代的资源填写", "only if 已替代", width=24),
)
