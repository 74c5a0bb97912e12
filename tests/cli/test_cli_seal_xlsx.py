"""Records come out of a workbook typed by the catalogue, and seal as those of CSV do."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import PUBLIC_FIELDS, PUBLIC_ROW, Answer, Desk
from tests.gateway.workbooks import parts, sheet_of, simple, written, zipped

TITLES = (
    *("统一社会信用代码", "社会组织名称", "法定代表人", "登记状态", "注册资金", "成立登记日期"),
    *("证书有效期至", "登记地行政区划", "住所", "联系电话", "电子邮箱", "更新时间"),
)
SECRET = "机密7319"


@pytest.fixture(scope="module")
def closed(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Copy the founded world once, for calls that are all refused."""
    folder = tmp_path_factory.mktemp("closed") / "world"
    shutil.copytree(founded, folder, symlinks=True)
    return Desk(folder)


def _book(desk: Desk, *rows: Sequence[Any], **more: Any) -> Path:
    return desk.write(written({"数据": rows}, **more), "r.xlsx")


def _public(row: Mapping[str, Any]) -> list[Any]:
    return [row[name] for name in PUBLIC_FIELDS]


@pytest.mark.parametrize("titles", [PUBLIC_FIELDS, TITLES], ids=["ids", "titles"])
def test_a_workbook_seals_as_its_records_would(desk: Desk, titles: Sequence[str]) -> None:
    """By field id or Chinese title; an empty cell is null where that may stand."""
    other = {**PUBLIC_ROW, "name": "另一个会", "email": "office@example.org"}
    records = _book(desk, titles, _public(PUBLIC_ROW), [], _public(other))
    answer = desk.seal_public(records)
    assert answer.status == 0, answer.err
    assert desk.opened() == [PUBLIC_ROW, other]


def test_dates_and_numbers_of_the_program_take_the_declared_form(desk: Desk) -> None:
    """As the catalogue has it: an amount with its digits, a date in its format."""
    cells = {
        "registered_capital": 50_000.5,
        "established_date": date(2001, 2, 28),
        "updated_at": datetime(2026, 1, 31, 8, 30),
        "region": 140105,
    }
    records = _book(desk, PUBLIC_FIELDS, _public({**PUBLIC_ROW, **cells}))
    answer = desk.seal_public(records)
    assert answer.status == 0, answer.err
    assert desk.opened() == [{**PUBLIC_ROW, "registered_capital": "50000.5"}]


# Field: (what stands in the cell, value as it comes out).
CELLS: Mapping[str, Sequence[tuple[Any, object]]] = {
    "text": [(None, ""), ("0", "0"), (0, "0"), (13800138000, "13800138000"), (1.5, "1.5")],
    "count": [(None, None), (0, 0), (-7, -7), (7.0, 7), ("007", 7), (10**14, 10**14)],
    "amount": [(1, "1"), (-0.1, "-0.1"), (0.1 + 0.2, "0.3"), ("999999.99", "999999.99")],
    "flag": [(True, True), (False, False), (1, True), (0, False), ("是", True), ("否", False)],
    "day": [(date(2024, 2, 29), "2024年02月29日"), ("长期", "长期")],
    "moment": [("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z")],
    "sex": [(0, "0"), ("9", "9")],
    "point": [("112.55,37.87", "112.55,37.87")],
    "blob": [("AAECAwQFBgc=", "AAECAwQFBgc=")],
}


def test_cells_are_typed_by_the_catalogue(desk: Desk) -> None:
    """A number may stand where digits are text; a text where it spells the type."""
    for field, cells in CELLS.items():
        records = _book(desk, (field, "must"), *((cell, "x") for cell, _ in cells))
        answer = desk.seal_plain(records)
        assert answer.status == 0, (field, answer.err)
        assert [row.get(field) for row in desk.opened()] == [value for _, value in cells], field


BAD_CELLS: Mapping[str, Sequence[Any]] = {
    "text": (True, date(2024, 2, 29), 1.4e17, 110105194912310021),
    "must": ("12345", 12345),
    "count": (1.5, "1.0", True, 1e16, date(2024, 2, 29)),
    "amount": (1.234, 1_000_000, 1e16, True, date(2024, 2, 29)),
    "flag": (2, "yes", date(2024, 2, 29)),
    "day": (datetime(2024, 2, 29, 8), 45351, 20240229, True, "2024-02-29"),
    "moment": (datetime(2024, 2, 29, 8), date(2024, 2, 29)),
    "sex": (3, "01", True),
    "point": (112.55, date(2024, 2, 29)),
    "blob": (True, 1e17),
}


@pytest.mark.parametrize("field", BAD_CELLS)
def test_a_cell_of_another_type_is_told_without_its_value(closed: Desk, field: str) -> None:
    """By number of the record and field; nothing is guessed, nothing cut off."""
    for cell in BAD_CELLS[field]:
        row = (cell,) if field == "must" else (cell, "x")
        good = ("x",) if field == "must" else (None, "x")
        records = _book(closed, (field, "must")[: len(row)], row, good)
        answer = closed.seal_plain(records, "--json")
        assert answer.code == "FIELD_INVALID", cell
        assert answer.json["records"] == [1], cell
        assert [fault["field"] for fault in answer.json["fields"]] == [field], cell
        assert len(str(cell)) < 4 or str(cell) not in answer.out + answer.err


def test_an_identity_number_that_was_cut_off_says_so(closed: Desk) -> None:
    """A workbook keeps 15 digits of a number, as CSV made of it would show."""
    for cut in (110105194912310021, 1.1010519491231e17):
        row = _public({**PUBLIC_ROW, "uscc": cut})
        answer = closed.seal_public(_book(closed, PUBLIC_FIELDS, row))
        assert answer.code == "FIELD_INVALID"
        assert "1.4E+17" in answer.err


def test_sheets_are_chosen_by_name(desk: Desk) -> None:
    """Of any other format there are none."""
    sheets: dict[str, list[Sequence[str]]] = {"说明": [["说明"]], "数据": [("must",), ("x",)]}
    records = desk.write(written(sheets), "R.XLSX")
    assert desk.seal_plain(records).code == "FIELD_UNCATALOGUED"
    assert desk.seal_plain(records, "--sheet", "数据").status == 0
    assert desk.opened() == [{"must": "x"}]
    answer = desk.seal_plain(records, "--sheet", SECRET)
    assert answer.code == "RECORD_MALFORMED"
    assert SECRET not in answer.err
    as_csv = desk.write("must\nx\n", "r.csv")
    assert desk.seal_plain(as_csv, "--sheet", "数据").status == 2
    odd = desk.write(written({"数据": [("must",), ("x",)]}), "records.bin")
    assert desk.seal_plain(odd, "--format", "xlsx").status == 0


def test_a_table_may_begin_anywhere(desk: Desk) -> None:
    """Blank rows above and columns before it are none."""
    records = _book(desk, [], (None, None, " must ", "整数"), (None, None, "x", 1))
    assert desk.seal_plain(records).status == 0
    assert desk.opened() == [{"must": "x", "count": 1}]


def test_ill_typed_rows_are_set_aside(desk: Desk) -> None:
    """As one JSON object a line, and the others are sealed."""
    rejects = desk.folder / "rejects.ndjson"
    records = _book(desk, ("must", "count"), ("x", 1), ("y", "一"), ("z", 3), (SECRET, 4))
    answer = desk.seal_plain(records, "--rejects", rejects, "--json")
    assert answer.status == 0, answer.err
    assert answer.json["rejected"] == 2
    aside = [json.loads(line) for line in rejects.read_bytes().splitlines()]
    assert [row["count"] for row in aside] == ["一", 4]
    assert [row["count"] for row in desk.opened()] == [1, 3]
    assert SECRET not in answer.out + answer.err


def test_a_long_workbook_is_a_stream(desk: Desk) -> None:
    """Row by row, in as many parts as it takes."""
    rows = [(f"{number % 10_000}", number, "长" * 40) for number in range(4000)]
    records = _book(desk, ("must", "count", "text"), *rows)
    answer = desk.seal_plain(records, "--stream")
    assert answer.status == 0, answer.err
    assert [row["count"] for row in desk.opened()] == list(range(4000))


def _cells(inner: str, **more: str) -> bytes:
    text = '<c t="inlineStr"><is><t>{}</t></is></c>'
    titles = "".join(text.format(name) for name in ("must", "count"))
    good = f"{text.format('x')}<c><v>1</v></c>"
    return simple(f"<row>{titles}</row><row>{good}</row><row>{inner}</row>", **more)


# Name: (the workbook, the record that is named, words of the refusal).
MALFORMED: Mapping[str, tuple[Callable[[], bytes], int | None, str]] = {
    "a formula": (
        lambda: _cells("<c><f>1+1</f><v>2</v></c>"),
        2,
        "column A (must) holds a formula",
    ),
    "a formula that another cell has": (
        lambda: _cells('<c r="B3"><f t="shared" si="0"/><v>2</v></c>'),
        2,
        "column B (count) holds a formula",
    ),
    "an error": (lambda: _cells('<c t="e"><v>#REF!</v></c>'), 2, "error such as #REF!"),
    "no number": (lambda: _cells('<c r="B3"><v>NaN</v></c>'), 2, "no proper number"),
    "cells beyond the titles": (lambda: _cells('<c r="D3"><v>1</v></c>'), 2, "3 cells, but 2"),
    "a cell of the last column": (lambda: _cells('<c r="XFD3"><v>1</v></c>'), 2, "columns"),
    "a text beyond all": (
        lambda: _cells(f'<c t="inlineStr"><is><t>{"x" * 40_000}</t></is></c>'),
        2,
        "32767",
    ),
    "merged cells": (
        lambda: written({"数据": [("must",), ("x",), (None,)]}, merged=("A2:A3",)),
        None,
        "unmerge",
    ),
    "an empty sheet": (lambda: written({"数据": []}), None, "empty"),
    "no records": (lambda: written({"数据": [("must",)]}), None, "no record"),
    "a title twice": (lambda: written({"数据": [("must", "必填"), ("x", "y")]}), None, "twice"),
    "entities": (
        lambda: zipped(parts('<!DOCTYPE x [<!ENTITY a "b">]>' + sheet_of("<row/>"))),
        None,
        "document type",
    ),
    "blanks without end": (lambda: zipped(parts(sheet_of(" " * 32_000_000))), None, "unpacks"),
    "no workbook": (lambda: b"must\nx\n", None, "no .xlsx"),
    "an old workbook": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") * 100, None, "password"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_cannot_be_read_is_refused_with_its_record(closed: Desk, name: str) -> None:
    """And nothing is written."""
    make, record, words = MALFORMED[name]
    answer = closed.seal_plain(closed.write(make(), "r.xlsx"), "--json")
    assert answer.code == "RECORD_MALFORMED"
    assert words in answer.err
    assert answer.json["records"] == ([] if record is None else [record])
    assert not closed.envelope.exists()
    assert not closed.left_behind()


def _refused(desk: Desk, *rows: Sequence[Any]) -> Answer:
    answer = desk.seal_plain(_book(desk, *rows))
    assert answer.status == 3
    return answer


def test_a_title_that_is_no_field_is_named_if_it_looks_like_a_name(closed: Desk) -> None:
    """Else by its position: it may be a value."""
    answer = _refused(closed, ("must", "remark"), ("x", "y"))
    assert answer.code == "FIELD_UNCATALOGUED"
    assert "remark" in answer.err
    answer = _refused(closed, ("must", SECRET), ("x", "y"))
    assert answer.code == "FIELD_UNCATALOGUED"
    assert SECRET not in answer.err
    assert "#2" in answer.err
    assert _refused(closed, ("must", None, "count"), ("x", "y", 1)).code == "FIELD_UNCATALOGUED"
