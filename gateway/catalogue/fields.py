"""Check one field of a catalogue entry, also of one that cannot be read as a whole."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec.inspect

from gateway.catalogue.formats import DATE_FORMATS, DATETIME_FORMATS
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import TYPE_LETTERS, CodeList, Field, FieldType
from masking import kinds
from masking.document import Document, Fault, nodes
from masking.document.collector import Collector
from masking.document.walk import Walker
from masking.grades import GradeScheme

# Digits of a decimal where the entry names none.
DEFAULT_PRECISION, DEFAULT_SCALE = 18, 2

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


class Found(NamedTuple):
    """Something wrong at a path of the document."""

    path: Path
    text: str
    text_zh: str
    remedy: str
    remedy_zh: str


class FieldCheck:
    """What fields lean on: grades and code lists; None where that could not be read."""

    def __init__(self, scheme: GradeScheme | None, lists: Mapping[str, CodeList] | None) -> None:
        self.scheme, self.lists = scheme, lists

    def salvaged(self, text: bytes, file: str) -> Iterator[Fault]:
        """Yield the faults of those fields of a broken entry that can be read."""
        root = nodes.compose(text, Collector(file))
        listed = _under(root, "fields")
        if root is None or not isinstance(listed, nodes.Sequence):
            return
        document = Document(None, file, root, CatalogueInvalidError)
        for index, item in enumerate(listed.items):
            field = _read_field(item)
            if field is not None:
                for found in self.found(("fields", index), field):
                    yield document.fault(*found)

    def grade(self, path: Path, grade: str) -> Iterator[Found]:
        """Yield a fault if the scheme has no such grade."""
        if self.scheme is not None and grade not in self.scheme.ids:
            allowed = ", ".join(self.scheme.ids)
            yield Found(
                path,
                "this grade is not in the scheme",
                "分级方案中没有该级别",
                f"write one of {allowed}",
                f"请从 {allowed} 中选择",
            )

    def found(self, path: Path, field: Field) -> Iterator[Found]:
        """Yield what is wrong with the field at `path`."""
        yield from self.grade((*path, "grade"), field.grade)
        kind = TYPE_LETTERS.get(field.type, field.type)
        for attribute, types in _USED_BY.items():
            value = getattr(field, attribute)
            # Not `in (None, False)`: a scale of 0 is something said.
            if value is not None and value is not False and kind not in types:
                yield Found(
                    (*path, attribute),
                    f"`{attribute}` means nothing for type {kind}",
                    f"类型 {kind} 不使用 `{attribute}`",
                    "remove it",
                    "请删除",
                )
        yield from self._code_list(path, field, kind)
        yield from self._format(path, field, kind)
        if field.kind not in kinds.KINDS:
            yield Found(
                (*path, "kind"),
                "this kind is not known",
                "未知的数据类别",
                f"write one of {', '.join(sorted(kinds.KINDS))}",
                "请填写已知类别，不确定时用 general",
            )
        scale = DEFAULT_SCALE if field.scale is None else field.scale
        precision = field.precision or DEFAULT_PRECISION
        if kind is FieldType.DECIMAL and scale > precision:
            yield Found(
                (*path, "scale"),
                "more digits behind the point than in all",
                "小数位数多于总位数",
                f"write `scale:` of at most {precision}",
                f"`scale` 不超过 {precision}",
            )

    def _code_list(self, path: Path, field: Field, kind: FieldType) -> Iterator[Found]:
        lists = self.lists
        if kind is not FieldType.CODE or (field.code_list and lists is None):
            return
        if lists is not None and field.code_list in lists:
            return
        names = sorted(lists or ())
        yield Found(
            (*path, "code_list" if field.code_list else "type"),
            "a code needs a code list of this catalogue",
            "代码型字段须指明目录中的代码表",
            f"write code_list: one of {', '.join(names) or '(none here)'}",
            f"请填写 code_list：{'、'.join(names) or '（目录中没有代码表）'}",
        )

    def _format(self, path: Path, field: Field, kind: FieldType) -> Iterator[Found]:
        formats = {FieldType.DATE: DATE_FORMATS, FieldType.DATETIME: DATETIME_FORMATS}.get(kind)
        if formats and field.format is not None and field.format not in formats:
            yield Found(
                (*path, "format"),
                f"this format of a {kind} is not known",
                f"未知的 {kind} 格式",
                f"write one of {', '.join(formats)}",
                f"请从 {', '.join(formats)} 中选择",
            )


def _under(node: nodes.Node | None, name: str) -> nodes.Node | None:
    if not isinstance(node, nodes.Mapping):
        return None
    return next((value for key, value in node.pairs if key.text == name), None)


def _read_field(node: nodes.Node) -> Field | None:
    collector = Collector("")
    value = Walker(collector).read(msgspec.inspect.type_info(Field), node)
    return value if isinstance(value, Field) and not collector.count else None
