"""A column that may not leave is told once, however many records hold it."""

from typing import Any

import pytest

from gateway.records.faults import MAX_FAULTS
from tests.cli.command import ROW, Desk

SCOPE = "the grant does not name this field"
SCOPE_ZH = "授权未包含该字段"


@pytest.fixture
def narrow(desk: Desk) -> Desk:
    """Issue a grant for a field alone."""
    desk.grant = desk.issue("narrow", fields=("name",))
    return desk


def _lines(desk: Desk, records: list[dict[str, Any]], *more: object) -> list[str]:
    """Seal records that are refused; return the lines before the last two."""
    answer = desk.seal(desk.write(records, "records.json"), *more)
    assert answer.status == 3
    return answer.err.splitlines()[:-2]


def _row(*names: str) -> dict[str, Any]:
    return {"name": "张三", **{name: ROW.get(name, "x") for name in names}}


def test_a_column_in_every_record_is_one_line(narrow: Desk) -> None:
    """With the number of records, more than are listed, and the first."""
    rows = 4 * MAX_FAULTS
    place = f"in {rows} records, the first 1"
    place_zh = f"共 {rows} 条记录，首见于第 1 条"
    assert _lines(narrow, [_row("mobile")] * rows) == [
        f"  mobile: {SCOPE}, {place} {SCOPE_ZH}，{place_zh}"
    ]
    assert _lines(narrow, [_row("salary")] * rows) == [
        f"  salary: the field is not in the catalogue, {place} 目录中没有该字段，{place_zh}"
    ]


def test_columns_are_told_each_with_its_own_records(narrow: Desk) -> None:
    """One in a single record by its number, as any fault."""
    records = [_row(), _row("mobile"), _row("sex", "mobile"), _row("mobile"), _row("region")]
    assert _lines(narrow, records) == [
        f"  mobile: {SCOPE}, in 3 records, the first 2 {SCOPE_ZH}，共 3 条记录，首见于第 2 条",
        f"  record 3 第 3 条: sex: {SCOPE} {SCOPE_ZH}",
        f"  record 5 第 5 条: region: {SCOPE} {SCOPE_ZH}",
    ]


def test_what_is_not_listed_is_in_the_total(narrow: Desk) -> None:
    """A column that comes behind the limit of the list."""
    records = [_row("mobile")] * MAX_FAULTS + [_row("sex", "mobile")]
    lines = _lines(narrow, records)
    assert lines[0].startswith(f"  mobile: {SCOPE}, in {MAX_FAULTS + 1} records, the first 1 ")
    assert lines[1:] == [f"  … {MAX_FAULTS + 2} in all 共 {MAX_FAULTS + 2} 处"]


def test_the_first_is_the_one_of_the_file(narrow: Desk) -> None:
    """In a stream, and behind records that were set aside."""
    fine = [_row()] * 5
    ill: list[dict[str, Any]] = [{"name": 4}]
    lines = _lines(
        narrow,
        [*fine, *ill, *fine, _row("mobile"), _row("mobile")],
        *("--rejects", narrow.folder / "rejects.ndjson"),
    )
    assert lines == [
        f"  mobile: {SCOPE}, in 2 records, the first 12 {SCOPE_ZH}，共 2 条记录，首见于第 12 条"
    ]


def test_json_lists_them_as_before(narrow: Desk) -> None:
    """Record by record, up to the limit."""
    records = [_row("mobile")] * (MAX_FAULTS + 1)
    answer = narrow.seal(narrow.write(records, "records.json"), "--json").json
    assert [fault["record"] for fault in answer["fields"]] == [*range(1, MAX_FAULTS + 1)]
    assert set(answer["fields"][0]) == {"record", "field", "text", "text_zh"}
    assert len(answer["records"]) == MAX_FAULTS + 1


def test_ill_typed_values_are_told_record_by_record(narrow: Desk) -> None:
    """Since each may be wrong in its own way."""
    lines = _lines(narrow, [{"name": 4}, {"name": 5}])
    assert [line.split(":")[0] for line in lines] == ["  record 1 第 1 条", "  record 2 第 2 条"]
