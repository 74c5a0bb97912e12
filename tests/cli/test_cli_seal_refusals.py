"""Records that cannot be sealed are refused whole, by record and field, and without a value."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.cli.command import FIELDS, PLAIN_RESOURCE, PUBLIC_RESOURCE, ROW, Answer, Desk

SECRET = "机密7319"
HEADER = ",".join(FIELDS)
CELLS = ",".join({None: "", False: "false"}.get(v, str(v)) for v in ROW.values()).replace(
    "112.55,37.87", '"112.55,37.87"'
)


def _csv(*rows: str, header: str = HEADER) -> str:
    return "\r\n".join((header, *rows)) + "\r\n"


def _refused(desk: Desk, answer: Answer, code: str) -> Mapping[str, Any]:
    assert answer.code == code, answer.err
    assert not desk.envelope.exists()
    assert not desk.left_behind()
    assert SECRET not in answer.out + answer.err
    described: Mapping[str, Any] = answer.json
    assert set(described) == {"code", "message", "message_zh", "fields", "records"}
    return described


def test_unknown_columns_are_named_if_they_look_like_names(desk: Desk) -> None:
    """All at once; a title in Chinese or a number could be a value, so its place is told."""
    header = f"{HEADER},blood_type,血型,110105194912310021,,x1234567"
    records = desk.write(_csv(f"{CELLS},{SECRET},a,b,c,d", header=header), "r.csv")
    told = _refused(desk, desk.seal(records, "--json"), "FIELD_UNCATALOGUED")
    count = len(FIELDS)
    places = ["blood_type", *(f"#{count + place}" for place in (2, 3, 4, 5))]
    assert [fault["field"] for fault in told["fields"]] == places
    assert told["records"] == []


def test_many_unknown_columns_are_counted_but_not_all_listed(desk: Desk) -> None:
    """At most 50 within 4 KiB, and the true total."""
    header = ",".join([HEADER, *(f"column_{'x' * 40}_{n}" for n in range(3000))])
    answer = desk.seal(desk.write(_csv(CELLS, header=header), "r.csv"), "--json")
    told = _refused(desk, answer, "FIELD_UNCATALOGUED")
    assert len(told["fields"]) <= 50
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 10_000
    assert "3000 in all 共 3000 处" in answer.err


@pytest.mark.parametrize("again", ["name", "姓名", " name "])
def test_a_column_may_not_stand_twice(desk: Desk, again: str) -> None:
    """Not by id and title either: which of them counts?"""
    records = desk.write(_csv(f"{CELLS},{SECRET}", header=f"{HEADER},{again}"), "r.csv")
    told = _refused(desk, desk.seal(records, "--json"), "RECORD_MALFORMED")
    assert f"column {len(FIELDS) + 1} stands twice" in told["message"]


@pytest.mark.parametrize("row", [f"{CELLS},{SECRET}", CELLS.rsplit(",", 3)[0]])
def test_ragged_rows_are_refused_by_number(desk: Desk, row: str) -> None:
    """Blank rows do not count."""
    records = desk.write(_csv(CELLS, "", CELLS, "", "", row, CELLS), "r.csv")
    told = _refused(desk, desk.seal(records, "--json"), "RECORD_MALFORMED")
    assert told["records"] == [3]
    assert f"but {len(FIELDS)} in the header" in told["message"]


BROKEN = {
    "gb18030 as utf-8": (_csv(CELLS).encode("gb18030"), "utf-8"),
    "utf-8 as gb18030": (_csv(CELLS + "€").encode(), "gb18030"),
    "utf-16": (_csv(CELLS).encode("utf-16"), "utf-8"),
    "latin": (_csv("José".ljust(30, "é")).encode("latin-1"), "utf-8"),
    "open quote": (_csv(CELLS, '"' + SECRET).encode(), "utf-8"),
    "stray quote": (_csv(CELLS, f'"{SECRET}"x,').encode(), "utf-8"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "utf-8"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_text_of_another_form_or_encoding_is_refused(desk: Desk, name: str, form: str) -> None:
    """With a word on encodings, and nothing of the text."""
    content, encoding = BROKEN[name]
    answer = desk.seal(
        desk.write(content, "r.dat"), "--format", form, "--encoding", encoding, "--json"
    )
    assert answer.status == 3
    if answer.code != "FIELD_UNCATALOGUED":
        _refused(desk, answer, "RECORD_MALFORMED")
    assert "张三丰" not in answer.err


@pytest.mark.parametrize(
    "encoding", ["", "rot13", "utf-16", "latin-1", "base64", "utf-7", "x" * 99]
)
def test_other_encodings_are_wrong_use(desk: Desk, encoding: str) -> None:
    """Also those that Python knows."""
    records = desk.write(_csv(CELLS), "r.csv")
    answer = desk.seal(records, "--encoding", encoding)
    assert answer.status == 2
    assert "--encoding" in answer.err
    # An envelope that could not be written down would be spent.
    assert desk.seal(records).status == 0
    assert desk.open("--encoding", encoding, name="o.csv").status == 2
    assert desk.open(name="o.csv").status == 0


@pytest.mark.parametrize("cell", ["1.1E+17", "1.10105E+17", "1e17", " 1.1E+017 ", "9E999"])
@pytest.mark.parametrize("field", ["resident_id", "mobile", "bank_card"])
def test_a_number_that_a_spreadsheet_cut_off_gets_a_hint(desk: Desk, cell: str, field: str) -> None:
    """Nor does one beyond all numbers turn into nothing, where nothing may stand."""
    records = desk.write(_csv(f"x,{cell}", header=f"name,{field}"), "r.csv")
    told = _refused(desk, desk.seal(records, "--json"), "FIELD_INVALID")
    (fault,) = (fault for fault in told["fields"] if fault["field"] == field)
    assert "spreadsheet" in fault["text"]
    assert "电子表格" in fault["text_zh"]
    assert cell.strip() not in fault["text"].replace("1.4E+17", "")


def test_a_column_out_of_scope_refuses_the_call(desk: Desk) -> None:
    """The grant names no landline."""
    grant = desk.issue("narrow", fields=("name", "sex"))
    records = desk.write("name,sex,household_size\na,1,\nb,1,3\n", "r.csv")
    told = _refused(desk, desk.seal(records, "--json", grant=grant), "FIELD_OUT_OF_SCOPE")
    assert told["message"] == "fields not named in the grant: household_size"
    assert told["records"] == [2]


def test_the_worst_sort_of_fault_is_told_first(desk: Desk) -> None:
    """Uncatalogued before out of scope before ill-typed, wherever they stand."""
    grant = desk.issue("narrow", fields=("name", "sex"))
    rows: list[dict[str, Any]] = [
        {"name": 1, "sex": SECRET},
        {"name": "a", "sex": "1", "household_size": 3},
        {"name": "a", "sex": "1", "blood_type": SECRET, SECRET: SECRET},
    ]
    for count, code in ((3, "FIELD_UNCATALOGUED"), (2, "FIELD_OUT_OF_SCOPE"), (1, "FIELD_INVALID")):
        answer = desk.seal(desk.write(rows[:count], "r.json"), "--json", grant=grant)
        told = _refused(desk, answer, code)
        assert told["records"] == [count]


def test_a_region_out_of_scope_names_the_records(desk: Desk) -> None:
    """By their numbers in the file, blank lines left out."""
    grant = desk.issue("region", region="140100")
    lines = [json.dumps({**ROW, "region": code}) for code in ("140105", "140105", "140925")]
    records = desk.write("\n\n".join(lines), "r.ndjson")
    told = _refused(desk, desk.seal(records, "--json", grant=grant), "REGION_OUT_OF_SCOPE")
    assert told["records"] == [3]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (("--resource", PLAIN_RESOURCE), "TOKEN_CLAIM_INVALID"),
        (("--resource", "nothing/0"), "TOKEN_CLAIM_INVALID"),
        (("--resource", PUBLIC_RESOURCE), "TOKEN_CLAIM_INVALID"),
        (("--purpose", "open-statistics"), "PURPOSE_NOT_GRANTED"),
        (("--suite", "9"), "SUITE_REFUSED"),
    ],
)
def test_what_the_grant_does_not_say_is_refused(
    desk: Desk, changes: tuple[str, str], code: str
) -> None:
    """Another resource, purpose or suite."""
    _refused(desk, desk.seal(desk.write([dict(ROW)], "r.json"), *changes, "--json"), code)


def test_no_record_is_no_call(desk: Desk) -> None:
    """An empty file of any form, or only a header."""
    for content, form in (("[]", "json"), ("", "ndjson"), ("\n \n", "ndjson"), (HEADER, "csv")):
        answer = desk.seal(desk.write(content, "r"), "--format", form, "--json")
        assert "no record" in _refused(desk, answer, "RECORD_MALFORMED")["message"]
    for content, form in (("", "json"), ("", "csv"), ("\n", "csv"), ("{}", "json")):
        answer = desk.seal(desk.write(content, "r"), "--format", form, "--json")
        _refused(desk, answer, "RECORD_MALFORMED")


def test_a_line_that_is_no_object_is_told(desk: Desk) -> None:
    """An array where lines are expected gets the way out."""
    records = desk.write(f"{json.dumps(ROW)}\n\n[1]\n", "r.ndjson")
    told = _refused(desk, desk.seal(records, "--json"), "RECORD_MALFORMED")
    assert told["records"] == [2]
    assert "--format json" in told["message"]
    records = desk.write(f"{json.dumps(ROW)}\n{{{SECRET}}}\n", "r.ndjson")
    told = _refused(desk, desk.seal(records, "--json"), "RECORD_MALFORMED")
    assert told["records"] == [2]


def test_an_array_is_refused_at_its_place(desk: Desk) -> None:
    """By line where it is no JSON, by record where that is no object."""
    answer = desk.seal(desk.write('[\n{"name":\n  nothing}]', "r.json"), "--json")
    assert "line 3" in _refused(desk, answer, "RECORD_MALFORMED")["message"]
    answer = desk.seal(desk.write('[{}, {}, "x"]', "r.json"), "--json")
    assert _refused(desk, answer, "RECORD_MALFORMED")["records"] == [3]
