"""Check one field of a catalogue entry for what its schema cannot say."""

from collections.abc import Iterator

from gateway.catalogue.formats import DATE_FORMATS, DATETIME_FORMATS
from gateway.catalogue.leaning import Known, Leaning
from gateway.model.resource import TYPE_LETTERS, Field, FieldType, Resource
from masking.document import Found, judged
from masking.document.shapes import listed
from masking.document.words import instead, nearest
from masking.faults import quote
from masking.kinds import KINDS

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


def field_faults(path: Path, field: Field, leaning: Leaning) -> Iterator[Found]:
    """Yield what is wrong with the field at `path`."""
    return judged(
        grade_fault((*path, "grade"), field, leaning.grades),
        *(_unused(path, field, attribute) for attribute in _USED_BY),
        _code_list(path, field, leaning.lists),
        _format(path, field),
        _kind(path, field),
        _digits(path, field),
    )


def grade_fault(path: Path, graded: Field | Resource, grades: Known) -> Iterator[Found]:
    """Yield a fault if the scheme has no such grade."""
    if grades.lack(graded.grade):
        yield Found(
            path,
            f"there is no grade '{quote(graded.grade)}' in the scheme",
            f"分级方案中没有级别“{quote(graded.grade)}”",
            *grades.instead(graded.grade),
        )


def plain_type(field: Field) -> FieldType:
    """Return a field's type by its name, also where a letter stands for it."""
    return TYPE_LETTERS.get(field.type, field.type)


def _unused(path: Path, field: Field, attribute: str) -> Iterator[Found]:
    value = getattr(field, attribute)
    # Not `in (None, False)`: a scale of 0 is something said.
    if value is None or value is False:
        return
    kind = plain_type(field)
    if kind not in _USED_BY[attribute]:
        yield Found(
            (*path, attribute),
            f"`{attribute}` means nothing for type {kind}",
            f"类型 {kind} 不使用 `{attribute}`",
            "delete it",
            "请删除",
        )


def _code_list(path: Path, field: Field, lists: Known) -> Iterator[Found]:
    if plain_type(field) is not FieldType.CODE:
        return
    if field.code_list is None:
        yield Found(
            (*path, "type"),
            "a code needs a code list of this catalogue",
            "代码型字段须指明目录中的代码表",
            *_choice_of_list(lists),
        )
    elif lists.lack(field.code_list):
        yield Found(
            (*path, "code_list"),
            f"there is no code list '{field.code_list}' in this catalogue",
            f"目录中没有代码表“{field.code_list}”",
            *(lists.instead(field.code_list) if lists.names else _NO_LIST),
        )


_NO_LIST = ("write the list as a file under `code-lists/`", "请在 `code-lists/` 下编写该代码表")


def _choice_of_list(lists: Known) -> tuple[str, str]:
    if not lists.names:
        return _NO_LIST
    names = listed(list(lists.names)), listed(list(lists.names), "、")
    added = f"`code_list: {lists.names[0]}`"
    return f"add {added}, or another of the lists here: {names[0]}", (
        f"请添加 {added}，或目录中的其他代码表：{names[1]}"
    )


def _format(path: Path, field: Field) -> Iterator[Found]:
    kind = plain_type(field)
    formats = {FieldType.DATE: DATE_FORMATS, FieldType.DATETIME: DATETIME_FORMATS}.get(kind)
    if formats and field.format is not None and field.format not in formats:
        yield Found(
            (*path, "format"),
            f"this format of a {kind} is not known",
            f"未知的 {kind} 格式",
            *instead(None, formats),
        )


def _kind(path: Path, field: Field) -> Iterator[Found]:
    if field.kind not in KINDS:
        yield Found(
            (*path, "kind"),
            f"there is no kind '{field.kind}'",
            f"没有数据类别“{field.kind}”",
            *instead(nearest(field.kind, KINDS), KINDS),
        )


def _digits(path: Path, field: Field) -> Iterator[Found]:
    if plain_type(field) is not FieldType.DECIMAL:
        return
    scale = DEFAULT_SCALE if field.scale is None else field.scale
    precision = field.precision or DEFAULT_PRECISION
    if scale > precision:
        yield Found(
            (*path, "scale"),
            "more digits behind the point than in all",
            "小数位数多于总位数",
            f"write `scale: {precision}` or less",
            f"请写 `scale: {precision}` 或更小",
        )
