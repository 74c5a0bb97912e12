"""A catalogue is read whole and settled, or every fault of every file is told."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from gateway import world
from gateway.catalogue import read_catalogue
from gateway.catalogue.checking import DEFAULT_LENGTH
from gateway.catalogue.fields import DEFAULT_PRECISION, DEFAULT_SCALE
from gateway.catalogue.reading import MAX_FILES
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import TYPE_LETTERS, Field, FieldType
from masking.faults import Fault
from masking.grades import DEFAULT_SCHEME, Disclosure

ENTRY: Mapping[str, Any] = {
    "code": "a/1",
    "name": "资源",
    "abstract": "无",
    "classification": {"category": "a", "item": "b", "detail": "c"},
    "provider": {"department": "11149900MB0C12002H", "name": "部门"},
    "format": "数据库",
    "share": {"class": "unconditional"},
    "open": {"class": "none"},
    "use_requirements": "无",
    "update_cycle": "每日",
    "source_business": "无",
    "grade": "G2",
    "published": "2026-01-01",
    "protection": dict.fromkeys(
        ("users", "region", "scope", "masking", "authorization", "tracing"), "无"
    ),
}
PURPOSES = {"purposes": [{"id": "p", "name": "用途", "basis": "依据", "scenarios": ["场景"]}]}
CODES = {"id": "yes", "name": "是", "source": "无", "codes": [{"code": "1", "name": "一"}]}


def _files(*fields: Mapping[str, Any], **changes: Any) -> dict[str, bytes]:
    listed = [
        {"id": f"f{n}", "name": f"项{n}", "grade": "G1"} | dict(f) for n, f in enumerate(fields)
    ]
    entry = {**ENTRY, "fields": listed or [{"id": "f", "name": "项", "grade": "G1", "type": "C"}]}
    entry = {key: value for key, value in {**entry, **changes}.items() if value is not None}
    plain = {"purposes.yaml": PURPOSES, "code-lists/yes.yaml": CODES, "resources/a.yaml": entry}
    return {
        name: yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode()
        for name, value in plain.items()
    }


def _field(**more: Any) -> Field:
    return read_catalogue(_files(more)).resources["a/1"].fields[0]


def _faults(files: Mapping[str, bytes]) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueInvalidError) as caught:
        read_catalogue(files)
    error = caught.value
    assert error.fault_count >= len(error.faults) > 0
    assert error.report().count("\n") == len(error.faults) - 1
    for fault in error.faults:
        assert fault.line >= 1
        assert fault.column >= 1
        assert fault.text
        assert fault.remedy
        assert any("\u4e00" <= char <= "\u9fff" for char in fault.text_zh + fault.remedy_zh)
    return error.faults


def _told(files: Mapping[str, bytes]) -> list[str]:
    return [fault.text for fault in _faults(files)]


def test_the_packaged_catalogue_is_whole() -> None:
    """One entry of each share class, fields of every type and grade, several purposes."""
    found = read_catalogue(world.catalogue_files())
    resources = found.resources.values()
    assert {resource.share.share_class.value for resource in resources} == {
        "unconditional",
        "conditional",
        "dedicated",
        "none",
    }
    fields = [field for resource in resources for field in resource.fields]
    assert {field.type for field in fields} == {kind for kind in FieldType if len(kind) > 1}
    assert {field.grade for field in fields} == set(found.grades.ids)
    assert len(found.purposes) > 1
    assert len({resource.provider.department for resource in resources}) == 9


@pytest.mark.parametrize("letter", TYPE_LETTERS)
def test_letters_of_the_guide_are_read_as_types(letter: str) -> None:
    """What follows is only the type's name."""
    assert _field(type=letter).type is TYPE_LETTERS[letter]
    assert _told(_files({"type": letter.lower()}))


def test_what_a_field_leaves_out_is_spelled_out() -> None:
    """Length, digits and format; required, neither null nor empty."""
    assert _field(type="string").length == DEFAULT_LENGTH
    assert _field(type="G").length == DEFAULT_LENGTH
    amount = _field(type="Y")
    assert (amount.precision, amount.scale) == (DEFAULT_PRECISION, DEFAULT_SCALE)
    assert _field(type="decimal", precision=5, scale=0).scale == 0
    assert _field(type="D").format == "YYYY-MM-DD"
    assert _field(type="T").format == "YYYY-MM-DDTHH:mm:ss"
    plain = _field(type="C")
    assert (plain.required, plain.null, plain.empty, plain.open_end) == (True, False, False, False)
    assert (plain.kind, plain.cap) == ("general", None)
    assert _field(type="C", cap="partial").cap is Disclosure.PARTIAL


GOOD: list[dict[str, Any]] = [
    {"type": "C", "length": 1},
    {"type": "C", "length": 16_777_216},
    {"type": "decimal", "precision": 38, "scale": 18},
    {"type": "decimal", "precision": 2, "scale": 2},
    {"type": "code", "code_list": "yes"},
    {"type": "date", "format": "YYYYMMDD", "open_end": True},
    {"type": "datetime", "format": "YYYY/MM/DD HH:mm:ss", "open_end": True},
    {"type": "geo_point", "null": True},
    {"type": "B"},
    {"type": "string", "empty": True, "null": True, "required": False},
]


@pytest.mark.parametrize("more", GOOD, ids=str)
def test_a_field_may_say_what_its_type_knows(more: dict[str, Any]) -> None:
    """To the bounds."""
    found = _field(**more)
    assert all(
        getattr(found, name) == value for name, value in more.items() if name not in ("type", "cap")
    )


BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "text"}, "type"),
    ({}, "type"),
    ({"type": "C", "length": 0}, "length"),
    ({"type": "C", "length": 16_777_217}, "length"),
    ({"type": "C", "length": "10"}, "length"),
    ({"type": "C", "precision": 2}, "`precision` means nothing for type string"),
    ({"type": "I", "length": 2}, "`length` means nothing for type integer"),
    ({"type": "I", "scale": 0}, "`scale` means nothing for type integer"),
    ({"type": "C", "format": "YYYY"}, "`format` means nothing for type string"),
    ({"type": "C", "open_end": True}, "`open_end` means nothing for type string"),
    ({"type": "C", "code_list": "yes"}, "`code_list` means nothing for type string"),
    ({"type": "I", "empty": True}, "`empty` means nothing for type integer"),
    ({"type": "decimal", "precision": 39}, "precision"),
    ({"type": "decimal", "scale": 19}, "scale"),
    ({"type": "decimal", "scale": -1}, "scale"),
    ({"type": "decimal", "precision": 2, "scale": 3}, "more digits behind the point than in all"),
    ({"type": "decimal", "precision": 1}, "more digits behind the point than in all"),
    ({"type": "date", "format": "DD.MM.YYYY"}, "this format of a date is not known"),
    ({"type": "date", "format": "YYYY-MM-DDTHH:mm:ss"}, "this format of a date is not known"),
    ({"type": "datetime", "format": "YYYY-MM-DD"}, "this format of a datetime is not known"),
    ({"type": "code"}, "a code needs a code list"),
    ({"type": "code", "code_list": "no"}, "there is no code list 'no' in this catalogue"),
    ({"type": "C", "kind": "secret"}, "there is no kind 'secret'"),
    ({"type": "C", "grade": "G9"}, "there is no grade 'G9' in the scheme"),
    ({"type": "C", "cap": "some"}, "cap"),
    ({"type": "C", "id": "a123456"}, "id"),
    ({"type": "C", "id": "_a"}, "id"),
    ({"type": "C", "id": "a-b"}, "id"),
    ({"type": "C", "id": "姓名"}, "id"),
    ({"type": "C", "id": "a" * 65}, "id"),
    ({"type": "C", "name": ""}, "name"),
    ({"type": "C", "name": "名" * 129}, "name"),
    ({"type": "C", "colour": "red"}, "colour"),
    ({"type": "C", "required": "no"}, "required"),
    ({"type": "C", "required": "maybe"}, "required"),
]


@pytest.mark.parametrize(("more", "text"), BAD, ids=str)
def test_a_field_may_say_nothing_else(more: dict[str, Any], text: str) -> None:
    """Each is told at its place in the entry."""
    faults = _faults(_files({"type": "C"}, more))
    assert any(text in fault.text for fault in faults), faults
    assert {fault.file for fault in faults} == {"resources/a.yaml"}
    assert all("fields" in fault.path for fault in faults)
    assert min(fault.line for fault in faults) > 25


ENTRIES: list[tuple[dict[str, Any], str | None]] = [
    ({"share": {"class": "conditional"}}, "has no legal basis"),
    ({"share": {"class": "conditional", "basis": "《办法》"}}, None),
    ({"share": {"class": "none"}}, "has no legal basis"),
    ({"share": {"class": "dedicated"}}, "departments are listed"),
    ({"share": {"class": "unconditional", "departments": ["11149900MB0C13013W"]}}, "departments"),
    ({"share": {"class": "dedicated", "departments": ["11149900MB0C13013W"]}}, None),
    ({"share": {"class": "dedicated", "departments": ["x"]}}, "departments"),
    ({"share": {}}, "class"),
    ({"open": {"class": "conditional"}}, "open class conditional has no condition"),
    ({"open": {"class": "conditional", "condition": "无"}}, None),
    ({"status": "replaced"}, "go together"),
    ({"replaced_by": "a/1"}, "go together"),
    ({"status": "replaced", "replaced_by": "a/1"}, "resource a/1 is this one"),
    ({"status": "replaced", "replaced_by": "b/1"}, "resource b/1 is not in this catalogue"),
    ({"status": "stopped"}, None),
    ({"related": ["a/1"]}, "resource a/1 is this one"),
    ({"region_field": "f0"}, "the field 'f0' is not of kind region"),
    ({"region_field": "nowhere"}, "there is no field 'nowhere' here"),
    ({"grade": "G9"}, "there is no grade 'G9' in the scheme"),
    ({"grade": "CORE"}, None),
    ({"code": "../a"}, "code"),
    ({"code": "a b"}, "code"),
    ({"provider": {"department": "11149900MB0C12002", "name": "x"}}, "department"),
    ({"provider": {"department": "11149900MB0C12002X", "name": "x"}}, "the check digit"),
    ({"share": {"class": "dedicated", "departments": ["11149900MB0C13013X"]}}, "the check digit"),
    ({"published": "2026-02-30"}, "published"),
    ({"published": 20260101}, "published"),
    ({"secrecy_review": {"date": "2026-02-28", "reference": "1"}}, None),
    ({"secrecy_review": {"date": "2026-02-28"}}, "reference"),
    ({"protection": {"users": "x"}}, "region"),
    ({"abstract": None}, "abstract"),
    ({"fields": []}, "fields"),
]


@pytest.mark.parametrize(("changes", "text"), ENTRIES, ids=str)
def test_an_entry_holds_together(changes: dict[str, Any], text: str | None) -> None:
    """Sharing, opening, status, links, grades, review and protection."""
    files = _files({"type": "C"}, **changes)
    if text is None:
        assert read_catalogue(files).resources
    else:
        assert any(text in told for told in _told(files))


def test_a_resource_stands_as_high_as_its_highest_field() -> None:
    """就高从严."""
    files = _files({"type": "C", "grade": "G3"}, {"type": "C", "grade": "G1"})
    assert _told(files) == ["the resource's grade is below that of one of its fields"]
    assert _faults(files)[0].remedy == "write G3"


@pytest.mark.parametrize(
    "fields",
    [
        ({"id": "a"}, {"id": "a"}),
        ({"id": "a", "name": "甲"}, {"id": "b", "name": "甲"}),
        ({"id": "a", "name": "甲"}, {"id": "b", "name": "a"}),
        ({"id": "a", "name": "b"}, {"id": "b", "name": "乙"}),
    ],
    ids=str,
)
def test_no_two_fields_go_by_one_name(fields: tuple[dict[str, Any], ...]) -> None:
    """Else a column of CSV would have two."""
    told = _told(_files(*({"type": "C", **field} for field in fields)))
    assert told == ["two fields share this id or name"]


def test_a_field_may_be_titled_by_its_id() -> None:
    """That names one field only."""
    assert _field(type="C", id="email", name="email").name == "email"


def test_one_entry_and_one_list_to_a_code() -> None:
    """The later file is told, with the earlier one."""
    files = _files({"type": "C"})
    files["resources/b.yaml"] = files["resources/a.yaml"]
    files["code-lists/z.yaml"] = files["code-lists/yes.yaml"]
    assert _told(files) == [
        "id yes stands in code-lists/yes.yaml too",
        "code a/1 stands in resources/a.yaml too",
    ]


def test_codes_and_purposes_stand_once() -> None:
    """Each repetition is told."""
    files = _files({"type": "C"})
    codes = {**CODES, "codes": [{"code": code, "name": code} for code in ("1", "2", "1", "2")]}
    files["code-lists/yes.yaml"] = yaml.safe_dump(codes).encode()
    twice = [dict(purpose) for purpose in PURPOSES["purposes"] * 2]
    twice[1]["scenarios"] = ["另一场景"]
    files["purposes.yaml"] = yaml.safe_dump({"purposes": twice}).encode()
    assert _told(files) == ["code 1 stands twice", "code 2 stands twice", "purpose p stands twice"]


def test_codes_are_text_as_they_stand() -> None:
    """Leading noughts stay, and no code is taken for a number or a truth value."""
    files = _files({"type": "code", "code_list": "yes"})
    files["code-lists/yes.yaml"] = (
        b"id: yes\nname: no\nsource: null text\n"
        b"codes: [{code: 010, name: x}, {code: on, name: y}, {code: 1.0, name: z}]\n"
    )
    found = read_catalogue(files).code_lists["yes"]
    assert [code.code for code in found.codes] == ["010", "on", "1.0"]
    assert found.name == "no"


def test_without_a_scheme_the_default_counts() -> None:
    """And one of its own replaces it, if it holds."""
    files = _files({"type": "C", "grade": "LOW"}, grade="HIGH")
    assert len(_told(files)) == 2
    grades = [{"id": "LOW", "title": "low", "title_zh": "低", "above_level": "partial"}]
    grades.append({"id": "HIGH", "title": "high", "title_zh": "高"})
    files["grades.yaml"] = yaml.safe_dump({"id": "own", "grades": grades}).encode()
    assert read_catalogue(files).grades.ids == ("LOW", "HIGH")
    assert read_catalogue(_files({"type": "C"})).grades is DEFAULT_SCHEME
    files["grades.yaml"] = yaml.safe_dump({"id": "own", "grades": []}).encode()
    assert _told(files) == ["no grade here"]
    rising = [{**grades[0], "cap": "partial"}, {**grades[1], "cap": "clear"}]
    files["grades.yaml"] = yaml.safe_dump({"id": "own", "grades": rising}).encode()
    assert all(fault.file == "grades.yaml" for fault in _faults(files))


def test_what_is_missing_is_told() -> None:
    """Purposes, and any entry at all."""
    files = _files({"type": "C"})
    del files["purposes.yaml"]
    assert _told(files) == ["the file is missing"]
    files = _files({"type": "C"})
    del files["resources/a.yaml"]
    assert _told(files) == ["no resource here"]


def test_the_true_total_is_told_where_a_file_has_too_many_faults() -> None:
    """A reader stops listing, but not counting."""
    files = _files(*({"type": "C", "colour": "red"} for _ in range(300)))
    with pytest.raises(CatalogueInvalidError) as caught:
        read_catalogue(files)
    assert caught.value.fault_count == 300
    assert len(caught.value.faults) < 300
    assert caught.value.message.startswith("300 faults; the first: ")


def test_the_version_is_that_of_the_content() -> None:
    """Of every byte and every name, whatever the order of files."""
    files = _files({"type": "C"})
    version = read_catalogue(files).version
    assert read_catalogue(dict(reversed(files.items()))).version == version
    more = {**files, "resources/a.yaml": files["resources/a.yaml"] + b"\n"}
    assert read_catalogue(more).version != version
    moved = dict(files)
    moved["resources/b.yaml"] = moved.pop("resources/a.yaml")
    assert read_catalogue(moved).version != version


def test_a_folder_of_too_many_files_is_refused() -> None:
    """Before any of them is read."""
    files = {f"resources/{n}.yaml": b"\xff" for n in range(MAX_FILES + 1)}
    assert _told(files)[0] == f"more than {MAX_FILES} files"


def test_a_schema_fault_does_not_hide_what_is_wrong_with_fields() -> None:
    """An unknown key, and a grade and a code list that are not there: all are told at once."""
    files = world.catalogue_files()
    name = "resources/social-assistance.yaml"
    text = files[name].decode()
    text = text.replace("abstract:", "abstrct:", 1)
    text = text.replace("kind: person_name, grade: G2", "kind: person_name, grade: G7", 1)
    text = text.replace("code_list: sex", "code_list: sx", 1)
    with pytest.raises(CatalogueInvalidError) as refused:
        read_catalogue(files | {name: text.encode()})
    faults = [fault for fault in refused.value.faults if fault.file == name]
    assert {("fields", 0, "grade"), ("fields", 2, "code_list")} <= {one.path for one in faults}
    assert any("abstrct" in fault.text for fault in faults)
