"""Resources, their fields, code lists and purposes: what a catalogue holds.

Entries carry the metadata that the compilation guide (政务信息资源目录编制指南)
and the sharing rules ask for, and are read from YAML as they stand here: the
types are the schema.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from masking.examples import such_as
from masking.grades import Disclosure

FieldId = Annotated[
    str,
    Meta(
        pattern=r"^(?!.*[0-9]{6})[A-Za-z][A-Za-z0-9_]{0,63}\Z",
        description="an ASCII letter first, then letters, digits or underscores, at most 64, "
        "no run of six digits",
        extra={"zh": "以 ASCII 字母开头，其后为字母、数字或下划线，至多 64 个，不得有六位连续数字"},
        examples=["birth_date"],
    ),
]
ResourceCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}\Z",
        description="a letter or digit first, then letters, digits, dots, slashes, hyphens or "
        "underscores, at most 64",
        extra={"zh": "以字母或数字开头，其后为字母、数字、点、斜线、连字符或下划线，至多 64 个"},
        examples=["3070010010001/000012"],
    ),
]
DepartmentId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\Z",
        description="an 18-character unified social credit code (GB 32100)",
        extra={"zh": "18 位统一社会信用代码（GB 32100）"},
        examples=["11149900MB0C12002H"],
    ),
]
# No name of ours is longer; stops one that fills a ledger or a terminal.
MAX_NAME = 128
# One line: no control characters, which would command a terminal, nor marks that
# turn the direction of writing. Names travel in manifests, which refuse others.
Name = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+\Z",
        max_length=MAX_NAME,
        description="one line of 1 to 128 characters",
        extra={"zh": "一行文字，1 至 128 个字符"},
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Basis = Annotated[Text, such_as("《…》第…条")]
Id = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z",
        description="a lower-case letter or digit first, then such, dots, hyphens or underscores, "
        "at most 64",
        extra={"zh": "以小写字母或数字开头，其后可有点、连字符、下划线，至多 64 个"},
        examples=["medical-assistance"],
    ),
]
GradeId = Annotated[str, Meta(min_length=1, max_length=32, examples=["G2"])]


class FieldType(StrEnum):
    """Type of a field's values in records."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CODE = "code"
    GEO_POINT = "geo_point"
    BINARY = "binary"
    # The guide's type letters, accepted as names.
    C = "C"
    N = "N"
    Y = "Y"
    D = "D"
    T = "T"
    L = "L"
    M = "M"
    G = "G"
    B = "B"
    I = "I"  # noqa: E741 - the guide's letter
    F = "F"


# 字符型 数值型 货币型 日期型 日期时间型 逻辑型 备注型 通用型 双精度型 整型 浮点型
TYPE_LETTERS = {
    "C": FieldType.STRING,
    "N": FieldType.DECIMAL,
    "Y": FieldType.DECIMAL,
    "D": FieldType.DATE,
    "T": FieldType.DATETIME,
    "L": FieldType.BOOLEAN,
    "M": FieldType.STRING,
    "G": FieldType.BINARY,
    "B": FieldType.DECIMAL,
    "I": FieldType.INTEGER,
    "F": FieldType.DECIMAL,
}


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An information item (信息项) of a resource.

    `length` counts characters (bytes for binary); `precision` and `scale` are
    the digits of a decimal in all and behind the point. `null` lets JSON null
    stand, `empty` the empty string, `required: false` an absent key.
    """

    id: Annotated[FieldId, such_as("name")]
    name: Annotated[Name, such_as("姓名")]
    name_en: Annotated[Name, such_as("name")] | None = None
    type: FieldType
    kind: Annotated[Id, such_as("person_name")] = "general"
    grade: GradeId
    cap: Annotated[Disclosure, such_as("partial")] | None = None
    length: Annotated[int, Meta(ge=1, le=16_777_216), such_as("50")] | None = None
    precision: Annotated[int, Meta(ge=1, le=38), such_as("18")] | None = None
    scale: Annotated[int, Meta(ge=0, le=18), such_as("2")] | None = None
    format: Annotated[str, Meta(min_length=4, max_length=32), such_as("YYYY-MM-DD")] | None = None
    open_end: bool = False
    code_list: Annotated[Id, such_as("sex")] | None = None
    required: bool = True
    null: bool = False
    empty: bool = False
    description: Annotated[Text, such_as("以户口簿为准")] | None = None


class Classification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The four steps of the classification: 类, 项, 目, 细目."""

    category: Annotated[Name, such_as("部门信息资源")]
    item: Annotated[Name, such_as("民政")]
    detail: Annotated[Name, such_as("社会救助")]
    sub_detail: Annotated[Name, such_as("临时救助")] | None = None


class ResourceProvider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Department that provides the resource, by name and code."""

    department: DepartmentId
    name: Annotated[Name, such_as("青岚市民政局")]


class ShareClass(StrEnum):
    """Share class (共享类型): 无条件, 有条件, 专用, 不予共享."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    DEDICATED = "dedicated"
    NONE = "none"


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the resource may be shared; `basis` is the legal basis of a limit."""

    share_class: Annotated[ShareClass, such_as("conditional")] = msgspec.field(name="class")
    condition: Annotated[Text, such_as("仅用于核对待遇资格")] | None = None
    mode: tuple[Annotated[Name, such_as("接口")], ...] = ()
    basis: Basis | None = None
    departments: tuple[Annotated[DepartmentId, such_as("11149900MB0C13013W")], ...] = ()
    review_by: Annotated[date, such_as("2027-12-31")] | None = None


class OpenClass(StrEnum):
    """Open class (开放类型)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NONE = "none"


class Opening(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the resource may be opened to the public."""

    open_class: Annotated[OpenClass, such_as("none")] = msgspec.field(name="class")
    condition: Annotated[Text, such_as("按申请逐项审核")] | None = None


class SecrecyReview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Record of the secrecy review that comes before sharing."""

    date: date
    reference: Annotated[Name, such_as("青民保审〔2026〕9号")]


class Protection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold around the data: who, where, how far, under which agreement."""

    users: Annotated[Text, such_as("经办人员")]
    region: Annotated[Text, such_as("青岚市")]
    scope: Annotated[Text, such_as("待遇资格核对")]
    masking: Annotated[Text, such_as("按脱敏策略处理")]
    authorization: Annotated[Text, such_as("按授权令牌核验")]
    tracing: Annotated[Text, such_as("每次调用留存凭证")]
    agreement: bool = False


class Status(StrEnum):
    """Whether the resource is in use."""

    ACTIVE = "active"
    REPLACED = "replaced"
    STOPPED = "stopped"


class Resource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A catalogue entry (政务数据资源)."""

    code: ResourceCode
    name: Annotated[Name, such_as("社会救助对象信息")]
    name_en: Annotated[Name, such_as("social assistance recipients")] | None = None
    abstract: Annotated[Text, such_as("享受社会救助的人员")]
    classification: Classification
    provider: ResourceProvider
    format: Annotated[Name, such_as("数据库")]
    share: Annotated[Share, such_as("{class: conditional, basis: 《…》第…条}")]
    open: Opening
    use_requirements: Annotated[Text, such_as("仅按授权目的使用")]
    update_cycle: Annotated[Name, such_as("每月")]
    source_business: Annotated[Text, such_as("社会救助审核确认")]
    grade: GradeId
    published: date
    related: tuple[ResourceCode, ...] = ()
    protection: Protection
    secrecy_review: SecrecyReview | None = None
    region_field: Annotated[FieldId, such_as("region")] | None = None
    status: Status = Status.ACTIVE
    replaced_by: ResourceCode | None = None
    fields: Annotated[tuple[Field, ...], Meta(min_length=1, max_length=512)]

    def field(self, field_id: str) -> Field | None:
        """Return the field of that id, or None."""
        return next((field for field in self.fields if field.id == field_id), None)


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code of a list with its name."""

    code: Annotated[str, Meta(min_length=1, max_length=32), such_as("1")]
    name: Annotated[Name, such_as("男性")]
    name_en: Annotated[Name, such_as("male")] | None = None


class CodeList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed list of codes, such as GB/T 2261.1 sex."""

    id: Annotated[Id, such_as("sex")]
    name: Annotated[Name, such_as("性别")]
    name_en: Annotated[Name, such_as("sex")] | None = None
    source: Annotated[Name, such_as("GB/T 2261.1-2003")]
    codes: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=50_000)]


class Purpose(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What data may be asked for, with its application scenarios."""

    id: Id
    name: Annotated[Name, such_as("医疗救助资格核对")]
    name_en: Annotated[Name, such_as("medical assistance")] | None = None
    basis: Basis
    scenarios: Annotated[tuple[Annotated[Name, such_as("待遇资格核对")], ...], Meta(min_length=1)]


class Purposes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `purposes.yaml`."""

    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1)]
