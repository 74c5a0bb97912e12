"""A small catalogue as plain data: two entries, two code lists, grades and purposes."""

from typing import Any

A, B = "resources/a.yaml", "resources/b.yaml"
SEX, TOWNS = "code-lists/sex.yaml", "code-lists/towns.yaml"
GRADES, PURPOSES = "grades.yaml", "purposes.yaml"


def _field(name: str, type: str, **more: object) -> dict[str, object]:
    return {"id": name, "name": f"项{name}", "type": type, "grade": "G1", **more}


def _entry(code: str, *fields: dict[str, object], **more: object) -> dict[str, Any]:
    words = ("users", "region", "scope", "masking", "authorization", "tracing")
    return {
        "code": code,
        "name": "资源",
        "name_en": "resource",
        "abstract": "无",
        "classification": {"category": "a", "item": "b", "detail": "c"},
        "provider": {"department": "11149900MB0C12002H", "name": "部门"},
        "format": "数据库",
        "share": {"class": "conditional", "basis": "《办法》", "condition": "无", "mode": ["接口"]},
        "open": {"class": "conditional", "condition": "无"},
        "use_requirements": "无",
        "update_cycle": "每日",
        "source_business": "无",
        "grade": "G3",
        "published": "2026-01-01",
        "protection": dict.fromkeys(words, "无"),
        "secrecy_review": {"date": "2026-01-01", "reference": "1"},
        "status": "active",
        "fields": list(fields),
        **more,
    }


def _list(name: str, *codes: str) -> dict[str, Any]:
    listed = [{"code": code, "name": code} for code in codes]
    return {"id": name, "name": name, "source": "无", "codes": listed}


def _purpose(name: str) -> dict[str, Any]:
    return {"id": name, "name": "用途", "basis": "依据", "scenarios": ["场景", "另一场景"]}


def _grade(name: str, above: str) -> dict[str, Any]:
    return {"id": name, "title": name, "title_zh": name, "cap": "clear", "above_level": above}


SOUND: dict[str, Any] = {
    GRADES: {
        "id": "own",
        "grades": [_grade("G1", "partial"), _grade("G2", "partial"), _grade("G3", "linkable")],
    },
    PURPOSES: {"purposes": [_purpose("p"), _purpose("q")]},
    SEX: _list("sex", "1", "2", "9"),
    TOWNS: _list("towns", "140100", "140200"),
    A: _entry(
        "a/1",
        _field("town", "code", code_list="towns", kind="region"),
        _field("name", "string", length=64, grade="G3"),
        _field("born", "date", format="YYYYMMDD"),
        _field("sex", "code", code_list="sex", cap="partial"),
        _field("income", "decimal", precision=10, scale=2),
        _field("note", "string", description="无"),
        related=["b/1"],
        region_field="town",
    ),
    B: _entry("b/1", _field("key", "string"), _field("town", "code", code_list="towns")),
}
