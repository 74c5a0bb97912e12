"""What `sealgate mask` refuses: all of the file, before there is any of the output."""

import json
import stat
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cli.command import (
    OUTSIDER,
    PUBLIC_RESOURCE,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Answer,
    Desk,
    call,
)
from tests.cli.masked_files import FORMS, mask, mask_file, mask_plain, read_rows, write_rows

GOOD = {"must": "good"}
SECRET = "机密7319"
FIRST = "what stood here before"


def _refused(desk: Desk, answer: Answer, out: Path, code: str) -> None:
    """Check that nothing was written, and no value told."""
    assert answer.code == code, answer
    assert out.read_text() == FIRST
    assert not desk.left_behind()
    for secret in (SECRET, "7319", ROW["resident_id"], ROW["name"]):
        assert secret not in answer.out + answer.err


def _out(desk: Desk, form: str = "csv") -> Path:
    path = desk.folder / f"out.{form}"
    path.write_text(FIRST)
    return path


BAD: dict[str, tuple[list[object], str]] = {
    "a text in place of a number": ([GOOD, {"must": "x", "count": SECRET}], "FIELD_INVALID"),
    "too long": ([GOOD, {"must": SECRET}], "FIELD_INVALID"),
    "too large": ([GOOD, {"must": "x", "count": 9223372036854775808}], "FIELD_INVALID"),
    "a finer amount": ([GOOD, {"must": "x", "amount": "1.731"}], "FIELD_INVALID"),
    "no code": ([GOOD, {"must": "x", "sex": SECRET}], "FIELD_INVALID"),
    "a day that is none": ([GOOD, {"must": "x", "day": "1949年02月30日"}], "FIELD_INVALID"),
    "nothing where something must be": ([GOOD, {"text": SECRET}], "FIELD_INVALID"),
    "a number in place of text": ([GOOD, '{"must": 7319}'], "FIELD_INVALID"),
    "twice": ([GOOD, f'{{"must": "x", "must": "{SECRET}"}}'], "FIELD_INVALID"),
    "a key that is not catalogued": ([GOOD, {"must": "x", SECRET: SECRET}], "FIELD_UNCATALOGUED"),
    "no object": ([GOOD, f'["{SECRET}"]'], "RECORD_MALFORMED"),
    "no JSON": ([GOOD, f'{{"must": {SECRET}}}'], "RECORD_MALFORMED"),
}


@pytest.mark.parametrize(("name", "to"), list(zip(BAD, cycle(FORMS), strict=False)))
def test_a_bad_record_refuses_the_file(desk: Desk, name: str, to: str) -> None:
    """With its number in the file, however far down it stands."""
    rows, code = BAD[name]
    good = json.dumps(GOOD)
    texts = [good] * 9000 + [row if isinstance(row, str) else json.dumps(row) for row in rows]
    records, out = desk.write("\n\n".join(texts), "in.ndjson"), _out(desk, to)
    answer = mask_plain(desk, records, out, "--json")
    _refused(desk, answer, out, code)
    assert answer.json["records"] == [9002]


HEADERS = {
    "must,count,blood_type": "blood_type",
    f"must,{SECRET}": "#2",
    "must,140926196210031157": "#2",
}


@pytest.mark.parametrize(
    ("header", "form"), list(zip(HEADERS, ["csv", "xlsx", "parquet"], strict=True))
)
def test_an_unknown_column_is_told_by_name_or_place(desk: Desk, header: str, form: str) -> None:
    """A name that may be a value is not repeated."""
    columns = header.split(",")
    records, out = desk.folder / f"in.{form}", _out(desk)
    if form == "csv":
        records.write_text(header + "\n" + ",".join(SECRET for _ in columns) + "\n")
    elif form == "parquet":
        pl.DataFrame({name: [SECRET] for name in columns}).write_parquet(records)
    else:
        openpyxl = pytest.importorskip("openpyxl")
        book = openpyxl.Workbook()
        book.active.append(columns)
        book.save(records)
    answer = mask_plain(desk, records, out, "--json")
    _refused(desk, answer, out, "FIELD_UNCATALOGUED")
    assert [fault["field"] for fault in answer.json["fields"]] == [HEADERS[header]]
    assert "140926196210031157" not in answer.out + answer.err


BROKEN = {
    "csv": ["", "must,must\n", "must\ngood\nx,y\n", 'must\n"机密7319', "must\n\udcff\n"],
    "parquet": ["", "PAR1 机密7319 PAR1", "机密7319"],
    "xlsx": ["机密7319"],
}


@pytest.mark.parametrize(("form", "text"), [(f, t) for f, texts in BROKEN.items() for t in texts])
def test_a_file_that_is_none_is_refused(desk: Desk, form: str, text: str) -> None:
    """As what it is not."""
    records, out = desk.folder / f"in.{form}", _out(desk)
    records.write_bytes(text.encode("utf-8", "surrogateescape"))
    _refused(desk, mask_plain(desk, records, out), out, "RECORD_MALFORMED")


def test_a_field_that_a_grant_does_not_name_is_refused(desk: Desk) -> None:
    """As when it is sealed."""
    grant = desk.issue("narrow", fields=("name", "sex"))
    records, out = write_rows(desk, [{"name": ROW["name"], "mobile": "1"}], "csv"), _out(desk)
    _refused(desk, mask_file(desk, records, out, "--grant", grant), out, "FIELD_OUT_OF_SCOPE")


def test_a_region_of_a_grant_holds(desk: Desk) -> None:
    """By the numbers of the file, also of those set aside."""
    grant = desk.issue("region", region="140100")
    codes = ["140105", "x", "140925", "140105", "140925"]
    records, out = (
        write_rows(desk, [{**ROW, "region": code} for code in codes], "ndjson"),
        _out(desk),
    )
    rejects = desk.folder / "rejects.ndjson"
    more = ("--grant", grant, "--rejects", rejects, "--json")
    answer = mask_file(desk, records, out, *more)
    _refused(desk, answer, out, "REGION_OUT_OF_SCOPE")
    assert answer.json["records"] == [3, 5]
    assert not rejects.exists()


REFUSED: dict[str, tuple[Sequence[str], str]] = {
    "pseudonyms for nobody": ((), "REQUEST_MALFORMED"),
    "pseudonyms for no purpose": (("--requester", REQUESTER), "REQUEST_MALFORMED"),
    "a requester nobody knows": (("--requester", "11140000MB0000001X"), "DEPARTMENT_UNKNOWN"),
    "a purpose nobody knows": (("--purpose", "idle-curiosity"), "PURPOSE_NOT_GRANTED"),
    "a level nobody knows": (("--level", "G9"), "REQUEST_MALFORMED"),
    "no resource": (("--resource", "0/0"), "RESOURCE_UNCATALOGUED"),
    "a field nobody knows": (("--fields", "sex,blood_type"), "FIELD_UNCATALOGUED"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_terms_that_cannot_hold_are_refused(desk: Desk, name: str) -> None:
    """Before anything is read: a misspelled name would only loosen what holds."""
    more, code = REFUSED[name]
    records, out = write_rows(desk, [ROW], "csv"), _out(desk)
    answer = mask_file(desk, records, out, *more, "--json")
    _refused(desk, answer, out, code)
    if name.startswith("pseudonyms"):
        assert [fault["field"] for fault in answer.json["fields"]] == ["resident_id"]


def test_a_scope_of_the_resource_needs_no_requester(desk: Desk) -> None:
    """Equal values come out equal in every file of the resource."""
    path = desk.provider / "policy.yaml"
    head, _, _ = path.read_text("utf-8").partition("\ndefaults:")
    path.write_text(
        f"{head}\ndefaults:\n  grades: {{G3: linkable}}\n"
        "pseudonyms: {kinds: [resident_id], scope: resource, basis: 《…》第一条}\n",
        "utf-8",
    )
    records, outs = write_rows(desk, [ROW], "csv"), [_out(desk), desk.folder / "other.csv"]
    which = ("--fields", "resident_id")
    for out, do in zip(outs, (mask_file, mask), strict=True):
        answer = do(desk, records, out, *which)
        assert answer.status == 0, answer.err
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert ROW["resident_id"] not in outs[0].read_text()


def test_a_grant_for_another_resource_or_provider_is_refused(desk: Desk) -> None:
    """And so is one that was taken back."""
    records, out = write_rows(desk, [ROW], "csv"), _out(desk)
    _refused(
        desk, mask_file(desk, records, out, "--grant", desk.public), out, "TOKEN_CLAIM_INVALID"
    )
    call("block", "--node", desk.provider, "--requester", REQUESTER)
    _refused(desk, mask_file(desk, records, out, "--grant", desk.grant), out, "TOKEN_BLOCKED")


def test_without_a_policy_nothing_is_masked(desk: Desk) -> None:
    """Nor in the clear."""
    (desk.provider / "policy.yaml").unlink()
    records, out = write_rows(desk, [ROW], "csv"), _out(desk)
    _refused(desk, mask(desk, records, out), out, "POLICY_MISSING")


WRONG: list[list[str]] = [
    ["--grant", "{grant}", "--purpose", PURPOSE],
    ["--grant", "{grant}", "--requester", OUTSIDER],
    ["--grant", "{grant}", "--level", "G1"],
    ["--sheet", "1"],
    ["--fields", "mobile"],
    ["--rejects", "{in}"],
    ["--rejects", "{out}"],
    ["--policy", "{none}"],
    ["--encoding", "latin-1"],
]


@pytest.mark.parametrize("more", WRONG)
def test_wrong_use_is_told(desk: Desk, more: list[str]) -> None:
    """With status 2, and nothing is touched."""
    records, out = write_rows(desk, [{"sex": "1"}], "csv"), _out(desk)
    known = {"grant": desk.grant, "in": records, "out": out, "none": desk.folder / "none"}
    answer = mask_file(desk, records, out, *(text.format(**known) for text in more))
    assert answer.status == 2
    assert out.read_text() == FIRST


FILES = [
    ("in.dat", "out.csv"),
    ("in.csv", "out.dat"),
    ("in.csv", "out.xlsx"),
    ("in.csv", "in.csv"),
    ("none.csv", "out.csv"),
    ("in.csv", "none/out.csv"),
    ("-", "out.csv"),
]


@pytest.mark.parametrize(("source", "out"), FILES)
def test_files_that_cannot_be_are_told(desk: Desk, source: str, out: str) -> None:
    """Forms come from names or options."""
    for name in ("in.csv", "in.dat"):
        desk.write("sex\n1\n", name)
    places = [text if text == "-" else desk.folder / text for text in (source, out)]
    assert mask_file(desk, *places).status == 2
    assert (desk.folder / "in.csv").read_text() == "sex\n1\n"


def test_standard_output_holds_records_only(desk: Desk) -> None:
    """No answer as JSON, and no Parquet."""
    records = desk.write("sex\n1\n", "in.csv")
    assert mask_file(desk, records, "-", "--json").status == 2
    assert mask_file(desk, records, "-", "--to", "parquet").status == 2
    assert mask_file(desk, records, "-").out == "sex\r\n1\r\n"


def test_ill_typed_records_are_set_aside(desk: Desk) -> None:
    """As they stood, for their owner alone; those that are left are masked."""
    rows = [{"must": "x", "count": "y" if n % 1000 == 7 else n} for n in range(20_000)]
    records, out = write_rows(desk, rows, "csv"), desk.folder / "out.ndjson"
    rejects = desk.folder / "rejects.ndjson"
    answer = mask_plain(desk, records, out, "--rejects", rejects, "--json")
    assert answer.status == 0, answer.err
    assert (answer.json["records"], answer.json["rejected"]) == (19_980, 20)
    assert "20 set aside" in answer.err
    assert read_rows(rejects) == [row for row in rows if row["count"] == "y"]
    assert read_rows(out) == [row for row in rows if row["count"] != "y"]
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_with_everything_set_aside_there_is_no_file(desk: Desk) -> None:
    """The refusal says why."""
    records, out = write_rows(desk, [{"must": SECRET}], "csv"), _out(desk)
    rejects = desk.folder / "rejects.ndjson"
    answer = mask_plain(desk, records, out, "--rejects", rejects)
    _refused(desk, answer, out, "FIELD_INVALID")
    assert not rejects.exists()


def test_other_faults_than_types_are_not_set_aside(desk: Desk) -> None:
    """They may be the fault of every record."""
    rows: list[dict[str, Any]] = [{"must": SECRET}, GOOD, {**GOOD, "blood_type": SECRET}]
    records, out = write_rows(desk, rows, "ndjson"), _out(desk)
    rejects = desk.folder / "rejects.ndjson"
    answer = mask_plain(desk, records, out, "--rejects", rejects, "--json")
    _refused(desk, answer, out, "FIELD_UNCATALOGUED")
    assert answer.json["records"] == [3]
    assert not rejects.exists()


def test_a_resource_that_is_not_ours_is_not_masked(desk: Desk) -> None:
    """Another node's catalogue has it too, and no right to it."""
    records, out = write_rows(desk, [ROW], "csv"), _out(desk)
    for resource in (RESOURCE, PUBLIC_RESOURCE):
        answer = call("mask", "--node", desk.requester, "--resource", resource, records, out)
        _refused(desk, answer, out, "RESOURCE_NOT_OURS")
