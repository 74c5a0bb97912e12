"""`--rejects` sets ill-typed records aside; everything else still refuses the whole call."""

import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import PLAIN_RESOURCE, ROW, Answer, Desk
from tests.gateway.ledger_shards import entries_of

GOOD = {"must": "good"}
SECRET = "机密7319"


def _seal(desk: Desk, rows: Sequence[object], form: str, *more: object) -> Answer:
    texts = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    content = {"json": f"[{','.join(texts)}]", "ndjson": "\n\n".join(texts)}[form]
    records = desk.write(content, f"r.{form}")
    return desk.seal_plain(records, "--rejects", _rejects(desk), *more)


def _rejects(desk: Desk) -> Path:
    return desk.folder / "rejects.ndjson"


def _aside(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _rejects(desk).read_bytes().splitlines()]


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_ill_typed_records_are_set_aside_and_the_others_sealed(desk: Desk, form: str) -> None:
    """As they stood, in a file for its owner alone."""
    bad: list[dict[str, Any]] = [{"must": SECRET}, {"count": 1}, {**GOOD, "sex": "7"}]
    mixed = [bad[0], GOOD, bad[1], bad[2], GOOD]
    answer = _seal(desk, mixed, form, "--json")
    assert answer.status == 0, answer.err
    assert answer.json["records"] == 2
    assert answer.json["rejected"] == 3
    assert _aside(desk) == bad
    assert stat.S_IMODE(_rejects(desk).stat().st_mode) == 0o600
    assert desk.opened() == [GOOD, GOOD]
    assert SECRET not in answer.out + answer.err


def test_rows_of_csv_are_set_aside_typed(desk: Desk) -> None:
    """One JSON object a line, so that they can be mended and sealed as NDJSON."""
    records = desk.write("must,count,text\ngood,1,\ngood,x,\ngood,2,\n", "r.csv")
    answer = desk.seal_plain(records, "--rejects", _rejects(desk))
    assert answer.status == 0, answer.err
    assert "1 set aside" in answer.err
    assert _aside(desk) == [{"must": "good", "count": "x", "text": ""}]
    assert [row["count"] for row in desk.opened()] == [1, 2]


def test_records_laid_out_over_lines_are_set_aside_on_one(desk: Desk) -> None:
    """A JSON array made to be read."""
    rows: list[dict[str, Any]] = [GOOD, {"must": "too long"}]
    records = desk.write(json.dumps(rows, indent=4), "r.json")
    assert desk.seal_plain(records, "--rejects", _rejects(desk)).status == 0
    assert _aside(desk) == rows[1:]
    assert desk.opened() == rows[:1]


def test_with_nothing_ill_typed_the_file_is_empty(desk: Desk) -> None:
    """It says so that all of them were sealed."""
    assert _seal(desk, [GOOD], "ndjson").status == 0
    assert _rejects(desk).read_bytes() == b""


OTHERS = {
    "uncatalogued": ({**GOOD, "blood_type": SECRET}, "FIELD_UNCATALOGUED"),
    "uncatalogued and ill-typed": ({"blood_type": SECRET, "must": 1}, "FIELD_UNCATALOGUED"),
    "no object": ("[1]", "RECORD_MALFORMED"),
    "no JSON": ('{"must": nothing}', "RECORD_MALFORMED"),
    "half a pair": ('{"must": "\\ud800"}', "RECORD_MALFORMED"),
}


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize("name", OTHERS)
def test_other_faults_refuse_the_whole_call(desk: Desk, form: str, name: str) -> None:
    """Neither envelope nor rejects are written, and the number is that of the file."""
    row, code = OTHERS[name]
    answer = _seal(desk, [{"must": SECRET}, GOOD, {"must": 1}, row, GOOD], form, "--json")
    assert answer.code == code
    # An array that is no JSON has no records yet.
    if form == "ndjson" or name not in ("no JSON", "half a pair"):
        assert answer.json["records"] == [4]
        assert {fault["record"] for fault in answer.json["fields"]} == {4}
    assert not _rejects(desk).exists()
    assert not desk.envelope.exists()
    assert not desk.left_behind()
    assert SECRET not in answer.out + answer.err


def test_out_of_scope_refuses_the_whole_call(desk: Desk) -> None:
    """And the ledger has it as a refused call."""
    grant = desk.issue("narrow", resource=PLAIN_RESOURCE, fields=("must",), approval=None)
    rows: list[dict[str, Any]] = [{"must": 1}, {**GOOD}, {**GOOD, "count": 1}]
    records = desk.write(rows, "r.json")
    more = ("--resource", PLAIN_RESOURCE, "--rejects", _rejects(desk), "--json")
    answer = desk.seal(records, *more, grant=grant)
    assert answer.code == "FIELD_OUT_OF_SCOPE"
    assert answer.json["records"] == [3]
    assert entries_of(desk.provider)[-1]["shared"]["outcome"] == "FIELD_OUT_OF_SCOPE"


def test_a_region_is_told_by_the_numbers_of_the_file(desk: Desk) -> None:
    """Though those set aside never came to the check."""
    grant = desk.issue("region", region="140100")
    codes = ["140105", "x", "140925", "140105", "x", "x", "140925"]
    records = desk.write([{**ROW, "region": code} for code in codes], "r.json")
    answer = desk.seal(records, "--rejects", _rejects(desk), "--json", grant=grant)
    assert answer.code == "REGION_OUT_OF_SCOPE"
    assert answer.json["records"] == [3, 7]


def test_with_everything_set_aside_nothing_is_sealed(desk: Desk) -> None:
    """The refusal says why the records would have been set aside."""
    answer = _seal(desk, [{"must": 1}, {"must": 2}], "ndjson", "--json")
    assert answer.code == "FIELD_INVALID"
    assert answer.json["records"] == [1, 2]
    assert not _rejects(desk).exists()


def test_many_records_are_sifted_in_batches(desk: Desk) -> None:
    """Large input becomes a stream, and the numbers go on through all of it."""
    rows = [{**ROW, "household_size": "x" if n % 100 == 7 else n} for n in range(3000)]
    records = desk.write("\n".join(map(json.dumps, rows)), "r.ndjson")
    answer = desk.seal(records, "--rejects", _rejects(desk), "--stream", "--json")
    assert answer.status == 0, answer.err
    assert (answer.json["records"], answer.json["rejected"]) == (2970, 30)
    assert len(_aside(desk)) == 30
    assert [row["household_size"] for row in desk.opened()] == [
        n for n in range(3000) if n % 100 != 7
    ]
    rows[2500]["blood_type"] = "A"
    records = desk.write("\n".join(map(json.dumps, rows)), "r.ndjson")
    answer = desk.seal(records, "--rejects", _rejects(desk), "--stream", "--json")
    assert answer.code == "FIELD_UNCATALOGUED"
    assert answer.json["records"] == [2501]


def test_rejects_are_no_other_file_of_the_call(desk: Desk) -> None:
    """Neither input nor output."""
    records = desk.write([dict(ROW)], "r.json")
    for other in (records, desk.envelope, desk.grant, desk.folder):
        assert desk.seal(records, "--rejects", other).status == 2
    assert json.loads(records.read_bytes()) == [ROW]
