"""Check one catalogue entry for what its schema cannot say, and settle its defaults."""

from collections.abc import Iterator, Mapping

import msgspec

from gateway.catalogue.fields import DEFAULT_PRECISION, DEFAULT_SCALE, FieldCheck, Found
from gateway.catalogue.formats import DEFAULT_DATE, DEFAULT_DATETIME
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
from masking.document import Document, Fault
from masking.grades import GradeScheme

# Longest string where the entry names no length; stops one value that fills memory.
DEFAULT_LENGTH = 4000


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
        self.entry, self.scheme = entry, scheme
        self.resource = entry.value
        self._of_field = FieldCheck(scheme, lists)

    def settled(self) -> Resource:
        """Return the entry with every field's defaults spelled out."""
        fields = tuple(settle(field) for field in self.resource.fields)
        return msgspec.structs.replace(self.resource, fields=fields)

    def faults(self, known: frozenset[str] | None) -> list[Fault]:
        """List the entry's faults; `known` holds the codes of all entries, if all were read."""
        found = [*self._sharing(), *self._links(known), *self._grades(), *self._doubles()]
        for index, field in enumerate(self.resource.fields):
            found += self._of_field.found(("fields", index), field)
        return [self.entry.fault(*fault) for fault in found]

    def _sharing(self) -> Iterator[Found]:
        share = self.resource.share
        limited = share.share_class in (ShareClass.CONDITIONAL, ShareClass.NONE)
        if limited and share.basis is None:
            yield Found(
                ("share",),
                f"share class {share.share_class} has no legal basis",
                f"共享类型 {share.share_class} 没有法律依据",
                "add `basis: 《…》第…条`",
                "请补充 `basis: 《…》第…条`",
            )
        if (share.share_class is ShareClass.DEDICATED) != bool(share.departments):
            yield Found(
                ("share",),
                "departments are listed for share class dedicated, and only for it",
                "专用类资源须列明部门，其他类不得列明",
                "add or remove `departments: [...]`",
                "请增加或删除 `departments: [...]`",
            )
        opening = self.resource.open
        if opening.open_class is OpenClass.CONDITIONAL and opening.condition is None:
            yield Found(
                ("open",),
                "open class conditional has no condition",
                "有条件开放没有写明条件",
                "add `condition: …`",
                "请补充 `condition: …`",
            )

    def _links(self, known: frozenset[str] | None) -> Iterator[Found]:
        resource = self.resource
        if (resource.status is Status.REPLACED) != (resource.replaced_by is not None):
            yield Found(
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
                yield Found(
                    path,
                    f"resource {code} is not in this catalogue",
                    f"目录中没有资源 {code}",
                    "write the code of another resource here",
                    "请填写目录中另一资源的代码",
                )
        region = resource.region_field and resource.field(resource.region_field)
        if resource.region_field and (region is None or region.kind != "region"):  # type: ignore[union-attr]
            yield Found(
                ("region_field",),
                "the region field is no field of kind region here",
                "区划字段不是本资源中类别为 region 的字段",
                "name a field whose kind is `region`",
                "请填写类别为 `region` 的字段",
            )

    def _grades(self) -> Iterator[Found]:
        if self.scheme is None:
            return
        ids = self.scheme.ids
        yield from self._of_field.grade(("grade",), self.resource.grade)
        ranks = [ids.index(f.grade) for f in self.resource.fields if f.grade in ids]
        if self.resource.grade in ids and ranks and ids.index(self.resource.grade) < max(ranks):
            yield Found(
                ("grade",),
                "the resource's grade is below that of one of its fields",
                "资源级别低于其字段的最高级别（就高从严）",
                f"write {ids[max(ranks)]}",
                f"请写为 {ids[max(ranks)]}",
            )

    def _doubles(self) -> Iterator[Found]:
        seen: set[str] = set()
        for index, field in enumerate(self.resource.fields):
            for attribute in ("id", "name"):
                text = getattr(field, attribute)
                if attribute == "name" and text == field.id:
                    continue
                if text in seen:
                    yield Found(
                        ("fields", index, attribute),
                        "two fields share this id or name",
                        "两个字段的标识或名称相同",
                        "give each field its own",
                        "请使用不同的标识和名称",
                    )
                seen.add(text)
