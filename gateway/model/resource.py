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

from masking.grades import Disclosure

FieldId = Annotated[
    str,
    Meta(
        pattern=r"^(?!.*[0-9]{6})[A-Za-z][A-Za-z0-9_]{0,63}\Z",
        description="a name such as birth_date: an ASCII letter first, then letters, digits "
        "or underscores, at most 64, no run of six digits",
    ),
]
ResourceCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}\Z",
        description="a code such as 3070010010001/000012",
    ),
]
DepartmentId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\Z",
        description="an 18-character unified social credit code (GB 32100)",
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
        examples=["社会救助对象信息"],
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Id = Annotated[
    str,
    Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z", description="an id such as medical-assistance"),
]


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

    id: FieldId
    name: Name
    name_en: Name | None = None
    type: FieldType
    kind: Id = "general"
    grade: Annotated[str, Meta(min_length=1, max_length=32)]
    cap: Disclosure | None = None
    length: Annotated[int, Meta(ge=1, le=16_777_216)] | None = None
    precision: Annotated[int, Meta(ge=1, le=38)] | None = None
    scale: Annotated[int, Meta(ge=0, le=18)] | None = None
    format: Annotated[str, Meta(min_length=4, max_length=32)] | None = None
    open_end: bool = False
    code_list: Id | None = None
    required: bool = True
    null: bool = False
    empty: bool = False
    description: Text | None = None


class Classification(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The four steps of the classification: 类, 项, 目, 细目."""

    category: Name
    item: Name
    detail: Name
    sub_detail: Name | None = None


class ResourceProvider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Department that provides the resource, by name and code."""

    department: DepartmentId
    name: Name


class ShareClass(StrEnum):
    """Share class (共享类型): 无条件, 有条件, 专用, 不予共享."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    DEDICATED = "dedicated"
    NONE = "none"


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the resource may be shared; `basis` is the legal basis of a limit."""

    share_class: ShareClass = msgspec.field(name="class")
    condition: Text | None = None
    mode: tuple[Name, ...] = ()
    basis: Text | None = None
    departments: tuple[DepartmentId, ...] = ()
    review_by: date | None = None


class OpenClass(StrEnum):
    """Open class (开放类型)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NONE = "none"


class Opening(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the resource may be opened to the public."""

    open_class: OpenClass = msgspec.field(name="class")
    condition: Text | None = None


class SecrecyReview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Record of the secrecy review that comes before sharing."""

    date: date
    reference: Name


class Protection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must hold around the data: who, where, how far, under which agreement."""

    users: Text
    region: Text
    scope: Text
    masking: Text
    authorization: Text
    tracing: Text
    agreement: bool = False


class Status(StrEnum):
    """Whether the resource is in use."""

    ACTIVE = "active"
    REPLACED = "replaced"
    STOPPED = "stopped"


class Resource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A catalogue entry (政务数据资源)."""

    code: ResourceCode
    name: Name
    name_en: Name | None = None
    abstract: Text
    classification: Classification
    provider: ResourceProvider
    format: Name
    share: Share
    open: Opening
    use_requirements: Text
    update_cycle: Name
    source_business: Text
    grade: Annotated[str, Meta(min_length=1, max_length=32)]
    published: date
    related: tuple[ResourceCode, ...] = ()
    protection: Protection
    secrecy_review: SecrecyReview | None = None
    region_field: FieldId | None = None
    status: Status = Status.ACTIVE
    replaced_by: ResourceCode | None = None
    fields: Annotated[tuple[Field, ...], Meta(min_length=1, max_length=512)]

    def field(self, field_id: str) -> Field | None:
        """Return the field of that id, or None."""
        return next((field for field in self.fields if field.id == field_id), None)


class Code(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One code of a list with its name."""

    code: Annotated[str, Meta(min_length=1, max_length=32)]
    name: Name
    name_en: Name | None = None


class CodeList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed list of codes, such as GB/T 2261.1 sex."""

    id: Id
    name: Name
    name_en: Name | None = None
    source: Name
    codes: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=50_000)]


class Purpose(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What data may be asked for, with its application scenarios."""

    id: Id
    name: Name
    name_en: Name | None = None
    basis: Text
    scenarios: Annotated[tuple[Name, ...], Meta(min_length=1)]


class Purposes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `purposes.yaml`."""

    purposes: Annotated[tuple[Purpose, ...], Meta(min_length=1)]
