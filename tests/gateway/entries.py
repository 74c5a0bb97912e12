"""Catalogue entries made in a line: a field, a resource, code lists."""

from datetime import date
from typing import Any

from gateway.catalogue.checking import settle
from gateway.model.resource import (
    Classification,
    Code,
    CodeList,
    Field,
    FieldType,
    OpenClass,
    Opening,
    Protection,
    Resource,
    ResourceProvider,
    Share,
    ShareClass,
)
from gateway.records import RecordDecoder

CODES = ("1", "2", "长期", "", "a:b", "x" * 32)
CODE_LISTS = {
    "letters": CodeList(
        id="letters",
        name="码",
        source="无",
        codes=tuple(Code(code=code, name="名") for code in CODES),
    )
}


def make_field(name: str, type: str | FieldType = "string", **more: Any) -> Field:
    """Make a field with its defaults spelled out, as a catalogue has it once it is read."""
    chosen = {"name": name, "grade": "G1", **more}
    if FieldType(type) is FieldType.CODE:
        chosen.setdefault("code_list", "letters")
    return settle(Field(id=name, type=FieldType(type), **chosen))


def make_resource(*fields: Field, **more: Any) -> Resource:
    """Make an entry of these fields."""
    chosen = {
        "code": "r/1",
        "name": "资源",
        "abstract": "无",
        "classification": Classification(category="a", item="b", detail="c"),
        "provider": ResourceProvider(department="11149900MB0C12002H", name="部门"),
        "format": "数据库",
        "share": Share(share_class=ShareClass.UNCONDITIONAL),
        "open": Opening(open_class=OpenClass.NONE),
        "use_requirements": "无",
        "update_cycle": "每日",
        "source_business": "无",
        "grade": "G1",
        "published": date(2026, 1, 1),
        "protection": Protection(
            users="a", region="b", scope="c", masking="d", authorization="e", tracing="f"
        ),
        **more,
    }
    return Resource(fields=fields, **chosen)


def make_decoder(*fields: Field, granted: frozenset[str] | None = None) -> RecordDecoder:
    """Make the decoder of an entry of these fields, by default all granted."""
    names = frozenset(field.id for field in fields) if granted is None else granted
    return RecordDecoder(make_resource(*fields), names, CODE_LISTS)
