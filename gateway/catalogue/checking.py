"""Check one catalogue entry for what its schema cannot say, and settle its defaults."""

from collections.abc import Iterator

import msgspec

from gateway.catalogue.fields import (
    DEFAULT_PRECISION,
    DEFAULT_SCALE,
    Path,
    field_faults,
    grade_fault,
    plain_type,
)
from gateway.catalogue.formats import DEFAULT_DATE, DEFAULT_DATETIME
from gateway.catalogue.leaning import Known, Leaning
from gateway.model.resource import (
    Field,
    FieldType,
    OpenClass,
    Resource,
    ShareClass,
    Status,
)
from masking.document import Found, each, judged
from masking.document.words import instead, nearest
from masking.kinds import KINDS
from masking.policy.naming import misspelt_department

# Longest string where the entry names no length; stops one value that fills memory.
DEFAULT_LENGTH = 4000


def settle(field: Field) -> Field:
    """Spell out what a field leaves to defaults: type, format, length, digits."""
    kind = plain_type(field)
    changes: dict[str, object] = {"type": kind}
    if kind in (FieldType.STRING, FieldType.BINARY) and field.length is None:
        changes["length"] = DEFAULT_LENGTH
    if kind is FieldType.DATE and field.format is None:
        changes["format"] = DEFAULT_DATE
    if kind is FieldType.DATETIME and field.format is None:
        changes["format"] = DEFAULT_DATETIME
    if kind is FieldType.DECIMAL:
        changes["precision"] = field.precision or DEFAULT_PRECISION
        changes["scale"] = DEFAULT_SCALE if field.scale is None else field.scale
    return msgspec.structs.replace(field, **changes)


def settled(entry: Resource) -> Resource:
    """Return the entry with every field's defaults spelled out."""
    return msgspec.structs.replace(entry, fields=tuple(map(settle, entry.fields)))


def entry_faults(entry: Resource, leaning: Leaning) -> Iterator[Found]:
    """Yield what is wrong with an entry, as far as it could be read."""
    return judged(
        _provider(entry, leaning.departments),
        _basis(entry),
        _departments(entry),
        _department_codes(entry, leaning.departments),
        _condition(entry),
        _status(entry),
        _replaced_by(entry, leaning.resources),
        _related(entry, leaning.resources),
        _region(entry),
        grade_fault(("grade",), entry, leaning.grades),
        _rank(entry, leaning.grades),
        _doubles(entry),
        _fields(entry, leaning),
    )


def _basis(entry: Resource) -> Iterator[Found]:
    share_class = entry.share.share_class
    if share_class in (ShareClass.CONDITIONAL, ShareClass.NONE) and entry.share.basis is None:
        yield Found(
            ("share",),
            f"share class {share_class} has no legal basis",
            f"共享类型 {share_class} 没有法律依据",
            "add `basis: 《…》第…条`",
            "请补充 `basis: 《…》第…条`",
        )


def _departments(entry: Resource) -> Iterator[Found]:
    dedicated = entry.share.share_class is ShareClass.DEDICATED
    if dedicated == bool(entry.share.departments):
        return
    remedy = ("delete `departments`", "请删除 `departments`")
    if dedicated:
        example = "`departments: [11149900MB0C13013W]`"
        remedy = f"add those who may have it: {example}", f"请添加可使用的部门：{example}"
    yield Found(
        ("share",),
        "departments are listed for share class dedicated, and only for it",
        "专用类资源须列明部门，其他类不得列明",
        *remedy,
    )


def _provider(entry: Resource, departments: Known) -> Iterator[Found]:
    path = ("provider", "department")
    yield from misspelt_department(path, entry.provider.department, departments.nearest)


def _department_codes(entry: Resource, departments: Known) -> Iterator[Found]:
    for index, code in each(entry.share.departments):
        path = ("share", "departments", index)
        yield from misspelt_department(path, code, departments.nearest)


def _condition(entry: Resource) -> Iterator[Found]:
    if entry.open.open_class is OpenClass.CONDITIONAL and entry.open.condition is None:
        yield Found(
            ("open",),
            "open class conditional has no condition",
            "有条件开放没有写明条件",
            "add `condition: …`",
            "请补充 `condition: …`",
        )


def _status(entry: Resource) -> Iterator[Found]:
    replaced = entry.status is Status.REPLACED
    if replaced != (entry.replaced_by is not None):
        yield Found(
            ("status",),
            "`status: replaced` and `replaced_by` go together",
            "`status: replaced` 须与 `replaced_by` 一并填写",
            *(_UNREPLACED if replaced else _REPLACED),
        )


_UNREPLACED = (
    "write `status: active`, or name in `replaced_by` what stands in its place",
    "请写 `status: active`，或在 `replaced_by` 中写明替代资源",
)
_REPLACED = (
    "write `status: replaced`, or delete `replaced_by`",
    "请写 `status: replaced`，或删除 `replaced_by`",
)


def _replaced_by(entry: Resource, resources: Known) -> Iterator[Found]:
    if entry.replaced_by is not None:
        yield from _link(("replaced_by",), entry.replaced_by, entry, resources)


def _related(entry: Resource, resources: Known) -> Iterator[Found]:
    for index, code in each(entry.related):
        yield from judged(_link(("related", index), code, entry, resources))


def _link(path: Path, code: str, entry: Resource, resources: Known) -> Iterator[Found]:
    if code == entry.code:
        yield Found(
            path,
            f"resource {code} is this one",
            f"资源 {code} 就是本条目",
            "write the code of another resource here",
            "请填写目录中另一资源的代码",
        )
    elif resources.lack(code):
        yield Found(
            path,
            f"resource {code} is not in this catalogue",
            f"目录中没有资源 {code}",
            *resources.instead(code),
        )


def _region(entry: Resource) -> Iterator[Found]:
    name = entry.region_field
    if name is None:
        return
    ids = each(entry.fields, lambda field: field.id)
    place = next((index for index, text in ids if text == name), None)
    # Only with every id read is it known that none is this one.
    region = entry.field(name) if place is None else entry.fields[place]
    if region is None:
        yield Found(
            ("region_field",),
            f"there is no field '{name}' here",
            f"本资源中没有字段“{name}”",
            *_region_instead(name, entry),
        )
    elif region.kind != "region" and region.kind in KINDS:
        yield Found(
            ("region_field",),
            f"the field '{name}' is not of kind region",
            f"字段“{name}”的类别不是 region",
            *_region_instead(name, entry),
        )


def _region_instead(name: str, entry: Resource) -> tuple[str, str]:
    fields = each(entry.fields, lambda field: (field.id, field.kind))
    regions = [text for _, (text, kind) in fields if kind == "region"]
    if not regions:
        return (
            "name a field whose kind is region, or delete it",
            "请填写类别为 region 的字段，或删除",
        )
    return instead(nearest(name, regions), regions)


def _rank(entry: Resource, grades: Known) -> Iterator[Found]:
    """Hold the entry's grade against its fields', those that are known."""
    ids = grades.names if grades.whole else ()
    of_fields = each(entry.fields, lambda field: field.grade)
    highest = max((ids.index(grade) for _, grade in of_fields if grade in ids), default=0)
    if entry.grade in ids[:highest]:
        yield Found(
            ("grade",),
            "the resource's grade is below that of one of its fields",
            "资源级别低于其字段的最高级别（就高从严）",
            f"write {ids[highest]}",
            f"请写为 {ids[highest]}",
        )


def _doubles(entry: Resource) -> Iterator[Found]:
    ids = dict(each(entry.fields, lambda field: field.id))
    titles = each(entry.fields, lambda field: field.name)
    named = [(index, "id", text) for index, text in ids.items()]
    # A field may be titled by its id.
    named += [(index, "name", text) for index, text in titles if ids.get(index) != text]
    seen: set[str] = set()
    for index, attribute, text in sorted(named):
        if text in seen:
            yield Found(
                ("fields", index, attribute),
                "two fields share this id or name",
                "两个字段的标识或名称相同",
                "give each field its own",
                "请使用不同的标识和名称",
            )
        seen.add(text)


def _fields(entry: Resource, leaning: Leaning) -> Iterator[Found]:
    for index, field in each(entry.fields):
        yield from field_faults(("fields", index), field, leaning)
