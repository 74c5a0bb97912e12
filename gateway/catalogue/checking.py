"""Check one catalogue entry for what its schema cannot say, and settle its defaults."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from gateway.catalogue.formats import (
    DATE_FORMATS,
    DATETIME_FORMATS,
    DEFAULT_DATE,
    DEFAULT_DATETIME,
)
from gateway.model.resource import (
    TYPE_LETTERS,
    CodeList,
    Field,
    FieldType,
    OpenClass,
    Resource,
    ShareClass,
    Status,
)
from masking import kinds
from masking.document import Document, Fault
from masking.grades import GradeScheme

# Digits of a decimal where the entry names none.
DEFAULT_PRECISION, DEFAULT_SCALE = 18, 2
# Longest string where the entry names no length; stops one value that fills memory.
DEFAULT_LENGTH = 4000

_USED_BY = {
    "length": {FieldType.STRING, FieldType.BINARY},
    "precision": {FieldType.DECIMAL},
    "scale": {FieldType.DECIMAL},
    "format": {FieldType.DATE, FieldType.DATETIME},
    "open_end": {FieldType.DATE, FieldType.DATETIME},
    "code_list": {FieldType.CODE},
    "empty": {FieldType.STRING},
}
Path = tuple[str | int, ...]


class _Found(NamedTuple):
    path: Path
    text: str
    text_zh: str
    remedy: str
    remedy_zh: str


def settle(field: Field) -> Field:
    """Spell out what a field leaves to defaults: type, format, length, digits."""
    kind = TYPE_LETTERS.get(field.type, field.type)
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


class ResourceCheck:
    """One entry with what it leans on; None where that could not be read."""

    def __init__(
        self,
        entry: Document[Resource],
        scheme: GradeScheme | None,
        lists: Mapping[str, CodeList] | None,
    ) -> None:
        self.entry, self.scheme, self.lists = entry, scheme, lists
        self.resource = entry.value

    def settled(self) -> Resource:
        """Return the entry with every field's defaults spelled out."""
        fields = tuple(settle(field) for field in self.resource.fields)
        return msgspec.structs.replace(self.resource, fields=fields)

    def faults(self, known: frozenset[str] | None) -> list[Fault]:
        """List the entry's faults; `known` holds the codes of all entries, if all were read."""
        found = [*self._sharing(), *self._links(known), *self._grades(), *self._doubles()]
        for index, field in enumerate(self.resource.fields):
            found += self._field(("fields", index), field)
        return [self.entry.fault(*fault) for fault in found]

    def _sharing(self) -> Iterator[_Found]:
        share = self.resource.share
        limited = share.share_class in (ShareClass.CONDITIONAL, ShareClass.NONE)
        if limited and share.basis is None:
            yield _Found(
                ("share",),
                f"share class {share.share_class} has no legal basis",
                f"共享类型 {share.share_class} 没有法律依据",
                "add `basis: 《…》第…条`",
                "请补充 `basis: 《…》第…条`",
            )
        if (share.share_class is ShareClass.DEDICATED) != bool(share.departments):
            yield _Found(
                ("share",),
                "departments are listed for share class dedicated, and only for it",
                "专用类资源须列明部门，其他类不得列明",
                "add or remove `departments: [...]`",
                "请增加或删除 `departments: [...]`",
            )
        opening = self.resource.open
        if opening.open_class is OpenClass.CONDITIONAL and opening.condition is None:
            yield _Found(
                ("open",),
                "open class conditional has no condition",
                "有条件开放没有写明条件",
                "add `condition: …`",
                "请补充 `condition: …`",
            )

    def _links(self, known: frozenset[str] | None) -> Iterator[_Found]:
        resource = self.resource
        if (resource.status is Status.REPLACED) != (resource.replaced_by is not None):
            yield _Found(
                ("status",),
                "`status: replaced` and `replaced_by` go together",
                "`status: replaced` 须与 `replaced_by` 一并填写",
                "write both or neither",
                "两者同时填写或都不填写",
            )
        for path, code in (
            (("replaced_by",), resource.replaced_by),
            *((("related", index), code) for index, code in enumerate(resource.related)),
        ):
            missing = known is not None and code not in known
            if code is not None and (missing or code == resource.code):
                yield _Found(
                    path,
                    f"resource {code} is not in this catalogue",
                    f"目录中没有资源 {code}",
                    "write the code of another resource here",
                    "请填写目录中另一资源的代码",
                )
        region = resource.region_field and resource.field(resource.region_field)
        if resource.region_field and (region is None or region.kind != "region"):  # type: ignore[union-attr]
            yield _Found(
                ("region_field",),
                "the region field is no field of kind region here",
                "区划字段不是本资源中类别为 region 的字段",
                "name a field whose kind is `region`",
                "请填写类别为 `region` 的字段",
            )

    def _grades(self) -> Iterator[_Found]:
        if self.scheme is None:
            return
        ids = self.scheme.ids
        allowed = ", ".join(ids)
        for path, grade in (
            (("grade",), self.resource.grade),
            *((("fields", i, "grade"), f.grade) for i, f in enumerate(self.resource.fields)),
        ):
            if grade not in ids:
                yield _Found(
                    path,
                    "this grade is not in the scheme",
                    "分级方案中没有该级别",
                    f"write one of {allowed}",
                    f"请从 {allowed} 中选择",
                )
        ranks = [ids.index(f.grade) for f in self.resource.fields if f.grade in ids]
        if self.resource.grade in ids and ranks and ids.index(self.resource.grade) < max(ranks):
            yield _Found(
                ("grade",),
                "the resource's grade is below that of one of its fields",
                "资源级别低于其字段的最高级别（就高从严）",
                f"write {ids[max(ranks)]}",
                f"请写为 {ids[max(ranks)]}",
            )

    def _doubles(self) -> Iterator[_Found]:
        seen: set[str] = set()
        for index, field in enumerate(self.resource.fields):
            for attribute in ("id", "name"):
                text = getattr(field, attribute)
                if attribute == "name" and text == field.id:
                    continue
                if text in seen:
                    yield _Found(
                        ("fields", index, attribute),
                        "two fields share this id or name",
                        "两个字段的标识或名称相同",
                        "give each field its own",
                        "请使用不同的标识和名称",
                    )
                seen.add(text)

    def _field(self, path: Path, field: Field) -> Iterator[_Found]:
        kind = TYPE_LETTERS.get(field.type, field.type)
        for attribute, types in _USED_BY.items():
            value = getattr(field, attribute)
            # Not `in (None, False)`: a scale of 0 is something said.
            if value is not None and value is not False and kind not in types:
                yield _Found(
                    (*path, attribute),
                    f"`{attribute}` means nothing for type {kind}",
                    f"类型 {kind} 不使用 `{attribute}`",
                    "remove it",
                    "请删除",
                )
        yield from self._code_list(path, field, kind)
        yield from self._format(path, field, kind)
        if field.kind not in kinds.KINDS:
            yield _Found(
                (*path, "kind"),
                "this kind is not known",
                "未知的数据类别",
                f"write one of {', '.join(sorted(kinds.KINDS))}",
                "请填写已知类别，不确定时用 general",
            )
        scale = DEFAULT_SCALE if field.scale is None else field.scale
        precision = field.precision or DEFAULT_PRECISION
        if kind is FieldType.DECIMAL and scale > precision:
            yield _Found(
                (*path, "scale"),
                "more digits behind the point than in all",
                "小数位数多于总位数",
                f"write `scale:` of at most {precision}",
                f"`scale` 不超过 {precision}",
            )

    def _code_list(self, path: Path, field: Field, kind: FieldType) -> Iterator[_Found]:
        lists = self.lists
        if kind is not FieldType.CODE or (field.code_list and lists is None):
            return
        if lists is not None and field.code_list in lists:
            return
        names = sorted(lists or ())
        yield _Found(
            (*path, "code_list" if field.code_list else "type"),
            "a code needs a code list of this catalogue",
            "代码型字段须指明目录中的代码表",
            f"write code_list: one of {', '.join(names) or '(none here)'}",
            f"请填写 code_list：{'、'.join(names) or '（目录中没有代码表）'}",
        )

    def _format(self, path: Path, field: Field, kind: FieldType) -> Iterator[_Found]:
        formats = {FieldType.DATE: DATE_FORMATS, FieldType.DATETIME: DATETIME_FORMATS}.get(kind)
        if formats and field.format is not None and field.format not in formats:
            yield _Found(
                (*path, "format"),
                f"this format of a {kind} is not known",
                f"未知的 {kind} 格式",
                f"write one of {', '.join(formats)}",
                f"请从 {', '.join(formats)} 中选择",
            )
