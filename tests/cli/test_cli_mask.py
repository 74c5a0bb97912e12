"""`sealgate mask`: what comes out is what sealing and opening give, in every form."""

import io
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import (
    COMMAND,
    FIELDS,
    PLAIN_RESOURCE,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Desk,
    environment,
)
from tests.cli.masked_files import (
    FORMS,
    PLAIN_ROWS,
    many,
    mask,
    mask_file,
    mask_plain,
    read_rows,
    write_rows,
)

ODD: list[dict[str, Any]] = [
    {**ROW, "resident_id": "110105194912310021"},
    {**ROW, "bank_card": "6222021001122334455", "mobile": "12345"},
    {**ROW, "name": "欧阳·买买提", "valid_until": "20300101"},
]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
def test_masked_by_a_grant_is_sealed_and_opened(desk: Desk, form: str) -> None:
    """Byte for byte, findings included."""
    records = write_rows(desk, [*many(700), *ODD], "ndjson")
    out = desk.folder / f"out.{form}"
    answer = mask_file(desk, records, out, "--grant", desk.grant, "--json")
    assert answer.status == 0, answer.err
    assert desk.seal(records).status == 0
    assert desk.open(name=f"opened.{form}").status == 0
    assert out.read_bytes() == (desk.folder / f"opened.{form}").read_bytes()
    assert answer.json["findings"] == {"resident_id": 1, "mobile": 1}
    assert answer.json["records"] == 703


def test_requester_and_purpose_say_what_a_grant_would(desk: Desk) -> None:
    """With its level and fields."""
    records = write_rows(desk, [*many(5), *ODD], "ndjson")
    outs = desk.folder / "told.ndjson", desk.folder / "granted.ndjson"
    told = mask(desk, records, outs[0], "--level", "G2", "--fields", ",".join(FIELDS))
    assert told.status == 0, told.err
    assert mask_file(desk, records, outs[1], "--grant", desk.grant).status == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("to", FORMS)
def test_every_form_comes_out_as_every_form(desk: Desk, form: str, to: str) -> None:
    """Text stays text, amounts exact, null null, and what is not there is not there."""
    records = write_rows(desk, PLAIN_ROWS, form)
    out, again = desk.folder / f"out.{to}", desk.folder / "again.ndjson"
    first = mask_plain(desk, records, out)
    assert first.status == 0, first.err
    second = mask_plain(desk, out, again)
    assert second.status == 0, second.err
    assert read_rows(again) == [dict(row) for row in PLAIN_ROWS]


@pytest.mark.parametrize("form", FORMS)
def test_masked_is_the_same_in_every_form(desk: Desk, form: str) -> None:
    """Though each form says types in its own way; columns may have Chinese titles."""
    rows = [{"公民身份号码": row["resident_id"], "address": row["address"]} for row in many(20)]
    plain = [{"resident_id": row["resident_id"], "address": row["address"]} for row in many(20)]
    which = ("--fields", "resident_id,address")
    expected, out = desk.folder / "e.ndjson", desk.folder / "o.ndjson"
    assert mask(desk, write_rows(desk, plain, "ndjson", "e-in"), expected, *which).status == 0
    records = write_rows(desk, plain if form == "ndjson" else rows, form)
    answer = mask(desk, records, out, *which)
    assert answer.status == 0, answer.err
    assert out.read_bytes() == expected.read_bytes()
    assert ROW["resident_id"] not in out.read_text("utf-8")


@pytest.mark.parametrize(
    ("form", "to"), list(zip(FORMS, ["parquet", "csv", "ndjson"], strict=True))
)
def test_a_file_without_records_comes_out_without_records(desk: Desk, form: str, to: str) -> None:
    """With its columns, where the form has such."""
    records = desk.write("" if form == "ndjson" else "must,count\n", "in.csv")
    if form == "parquet":
        made = desk.folder / "in.parquet"
        assert mask_plain(desk, records, made).status == 0
        records = made
    out, again = desk.folder / f"out.{to}", desk.folder / "again.csv"
    answer = mask_plain(desk, records, out, "--format", form)
    assert answer.status == 0, answer.err
    assert "0 records" in answer.out
    assert mask_plain(desk, out, again).status == 0
    header = b"must,count" if "ndjson" not in (form, to) else b"text,must,count"
    assert again.read_bytes().startswith(header)
    assert again.read_bytes().count(b"\n") == 1


def test_a_workbook_can_be_masked(desk: Desk) -> None:
    """Its header tells the fields."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["必填", "整数"])
    book.active.append(["0012", 7])
    book.save(desk.folder / "in.xlsx")
    out = desk.folder / "out.ndjson"
    answer = mask_plain(desk, desk.folder / "in.xlsx", out)
    assert answer.status == 0, answer.err
    assert read_rows(out) == [{"must": "0012", "count": 7}]


def test_only_what_is_wanted_is_written(desk: Desk) -> None:
    """The rest is read all the same, and its absence is no fault."""
    records = write_rows(desk, [ROW, {"sex": "2"}], "ndjson")
    out = desk.folder / "out.csv"
    answer = mask_file(desk, records, out, "--fields", "性别")
    assert answer.status == 0, answer.err
    assert out.read_bytes() == b"sex\r\n1\r\n2\r\n"


def test_level_bounds_what_is_shown(desk: Desk) -> None:
    """Without a level no grant does."""
    records = write_rows(desk, [ROW], "ndjson")
    shown = []
    for level in ((), ("--level", "G1")):
        out = desk.folder / "out.ndjson"
        answer = mask(desk, records, out, "--fields", "name,region", *level, "--json")
        assert answer.status == 0, answer.err
        shown.append({one["id"]: one["disclosure"] for one in answer.json["fields"]})
    assert shown[0] == {"name": "clear", "region": "clear"}
    assert shown[1] == {"name": "partial", "region": "clear"}


def test_a_draft_of_a_policy_can_be_used(desk: Desk) -> None:
    """While the node's stays as it is."""
    policy = (desk.provider / "policy.yaml").read_text("utf-8")
    draft = desk.folder / "draft.yaml"
    head, _, _ = policy.partition("\ndefaults:")
    draft.write_text(f"{head}\ndefaults:\n  grades: {{G1: nothing, G2: nothing}}\n", "utf-8")
    records = write_rows(desk, [ROW], "ndjson")
    out = desk.folder / "out.csv"
    answer = mask_file(desk, records, out, "--policy", draft, "--fields", "sex,name")
    assert answer.status == 0, answer.err
    assert "张三丰" not in out.read_text("utf-8")
    assert (desk.provider / "policy.yaml").read_text("utf-8") == policy


def test_keys_are_opened_for_keyed_operators_only(desk: Desk) -> None:
    """Without them nobody is asked for a passphrase."""
    (desk.provider / "passphrase").unlink()
    records = write_rows(desk, [ROW], "ndjson")
    out = desk.folder / "out.csv"
    assert mask(desk, records, out, "--fields", "sex,name").status == 0
    assert mask(desk, records, out, "--fields", "resident_id,birth_date").code == "KEY_UNAVAILABLE"


def test_pipes_take_records_in_and_out(desk: Desk) -> None:
    """Whatever the header is cut into; the account of it goes to standard error."""
    arguments = ["mask", "--node", str(desk.provider), "--resource", PLAIN_RESOURCE]
    arguments += ["--format", "csv", "--to", "ndjson", "-", "-"]
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        for byte in b"must,count\n0012,7\n":
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out) == {"must": "0012", "count": 7}
    assert b"1 record" in err
    assert b"\r" not in err


def test_nothing_is_written_to_a_pipe_before_all_of_it_held(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader never has half a file."""
    rows = "must\n" + "good\n" * 200_000 + "too long\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rows.encode())))
    answer = mask_plain(desk, "-", "-", "--format", "csv")
    assert answer.code == "FIELD_INVALID"
    assert answer.out == ""


def test_other_encodings_are_read_and_written(desk: Desk) -> None:
    """GB 18030 in, UTF-8 with a mark out."""
    records = desk.write("必填,文本\n甲,乙\n".encode("gb18030"), "in.csv")
    out = desk.folder / "out.csv"
    more = ("--encoding", "gbk", "--to-encoding", "utf-8-sig")
    assert mask_plain(desk, records, out, *more).status == 0
    assert out.read_bytes() == "\ufefftext,must\r\n乙,甲\r\n".encode()


def test_the_answer_tells_what_became_of_each_field(desk: Desk) -> None:
    """As a manifest would, and of values nothing; the file is its owner's alone."""
    records = write_rows(desk, [ROW], "ndjson")
    out = desk.folder / "out.parquet"
    answer = mask(desk, records, out, "--fields", "mobile,birth_date", "--json")
    assert answer.status == 0, answer.err
    told = {one["id"]: one["treatment"]["op"] for one in answer.json["fields"]}
    assert told == {"mobile": "keep", "birth_date": "year"}
    assert {name: answer.json[name] for name in ("resource", "records", "rejected", "out")} == {
        "resource": RESOURCE,
        "records": 1,
        "rejected": 0,
        "out": str(out),
    }
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert ROW["mobile"] not in answer.out


def test_a_rule_for_another_requester_does_not_hold(desk: Desk) -> None:
    """One for this requester does; without a requester none does."""
    policy = desk.provider / "policy.yaml"
    head, _, _ = policy.read_text("utf-8").partition("\ndefaults:")
    policy.write_text(
        f"""{head}
defaults:
  grades: {{G1: clear, G2: partial, G3: partial}}
rules:
  - id: strict
    match: {{fields: [sex], requesters: [{REQUESTER}], purposes: [{PURPOSE}]}}
    treatment: nothing
""",
        "utf-8",
    )
    records = write_rows(desk, [ROW], "ndjson")
    shown: dict[str, Path] = {}
    for name, who in {"told": mask, "untold": mask_file}.items():
        shown[name] = desk.folder / f"{name}.csv"
        answer = who(desk, records, shown[name], "--fields", "sex,region")
        assert answer.status == 0, answer.err
    assert shown["told"].read_bytes() != shown["untold"].read_bytes()


def test_text_is_searched_for_columns_that_are_left_out(desk: Desk) -> None:
    """Whom a note is about is not told because the name is in another column."""
    pytest.importorskip("presidio_analyzer")
    note = f"{ROW['name']}户，住{ROW['address']}，电话{ROW['mobile']}"
    records = write_rows(desk, [{**ROW, "visit_note": note}], "ndjson")
    out = desk.folder / "out.csv"
    answer = mask_file(desk, records, out, "--fields", "visit_note")
    assert answer.status == 0, answer.err
    written = out.read_text("utf-8")
    assert "户，住" in written
    for name in ("name", "address", "mobile"):
        assert str(ROW[name]) not in written
