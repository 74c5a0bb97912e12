"""The files that an import writes: spelled as people spell them, changed where a sheet was."""

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from gateway.catalogue.guide import import_tables, lay_out
from gateway.catalogue.guide.yaml_files import scalar, yaml_file
from gateway.model.cells import Cell, CellKind, Table
from gateway.model.resource import CodeList, Purposes, Resource
from gateway.stores.spreadsheet import read_tables
from gateway.stores.spreadsheet.writing import write_book
from gateway.world import catalogue_files

# A value, and how it is spelled outside and inside brackets.
SPELLED: Mapping[Any, tuple[str, str]] = {
    "甲": ("甲", "甲"),
    "a b": ("a b", "a b"),
    "YYYY-MM-DD": ("YYYY-MM-DD", "YYYY-MM-DD"),
    "3070010010001/000001": ("3070010010001/000001", "3070010010001/000001"),
    "a, b": ("a, b", "'a, b'"),
    "a:b": ("a:b", "'a:b'"),
    "": ("''", "''"),
    " a": ("' a'", "' a'"),
    "a:": ("'a:'", "'a:'"),
    "a: b": ("'a: b'", "'a: b'"),
    "a #b": ("'a #b'", "'a #b'"),
    "#a": ("'#a'", "'#a'"),
    "- a": ("'- a'", "'- a'"),
    "it's": ("it's", "it's"),
    "'a'": ("'''a'''", "'''a'''"),
    "null": ("'null'", "'null'"),
    "true": ("'true'", "'true'"),
    "no": ("'no'", "'no'"),
    "Y": ("'Y'", "'Y'"),
    "n": ("'n'", "'n'"),
    "1": ("'1'", "'1'"),
    "08": ("'08'", "'08'"),
    "1.5e3": ("'1.5e3'", "'1.5e3'"),
    "2026-03-16": ("'2026-03-16'", "'2026-03-16'"),
    "a\nb": ('"a\\nb"', '"a\\nb"'),
    "a\u00a0b": ('"a\u00a0b"', '"a\u00a0b"'),
    18: ("18", "18"),
    True: ("true", "true"),
    date(2026, 3, 16): ("2026-03-16", "2026-03-16"),
    None: ("", ""),
}


@pytest.mark.parametrize("value", SPELLED, ids=repr)
def test_a_value_is_spelled_so_that_any_reader_takes_it(value: Any) -> None:
    """In quotation marks only where it needs them."""
    assert (scalar(value), scalar(value, flow=True)) == SPELLED[value]
    for text in (f"a: {scalar(value)}", f"{{a: {scalar(value, flow=True)}}}"):
        assert yaml.safe_load(text) == {"a": value}


def test_keys_stand_in_the_order_of_the_schema() -> None:
    """Mappings below each other, lists of texts on a line, items of plain values too."""
    tree = {
        "fields": [{"name": "甲", "id": "a", "null": True}, {"id": "b", "name": "乙"}],
        "related": ["307/1", "307/2"],
        "name": "名",
        "share": {"mode": ["接口", "文件"], "class": "none"},
        "code": "307",
    }
    assert yaml_file(tree, Resource).decode() == (
        "code: '307'\n"
        "name: 名\n"
        "share:\n"
        "  class: none\n"
        "  mode: [接口, 文件]\n"
        "related: [307/1, 307/2]\n"
        "fields:\n"
        "  - {id: a, name: 甲, 'null': true}\n"
        "  - {id: b, name: 乙}\n"
    )


def test_long_lists_stand_item_below_item() -> None:
    """So do those of an item, which then has a line for each key."""
    tree: Any = {"related": [f"307001000{number}/00000{number}" for number in range(5)]}
    listed = yaml_file(tree, Resource).decode()
    assert listed.splitlines()[:2] == ["related:", "  - 3070010000/000000"]
    tree = {"related": [f"307001000{number}/00000{number}" for number in range(3)]}
    assert len(yaml_file(tree, Resource).splitlines()) == 1
    tree = {"purposes": [{"scenarios": ["甲", "乙"], "id": "p"}]}
    assert yaml_file(tree, Purposes).decode() == (
        "purposes:\n  - id: p\n    scenarios:\n      - 甲\n      - 乙\n"
    )
    assert yaml_file({"codes": [], "id": "x"}, CodeList) == b"id: x\ncodes: []\n"


def _tables() -> tuple[Table, ...]:
    file = io.BytesIO()
    write_book(lay_out(catalogue_files()), file)
    return read_tables(file)


@pytest.mark.parametrize(
    ("sheet", "title", "file"),
    [
        ("目录", "使用要求", "resources/"),
        ("目录", "信息项说明", "resources/"),
        ("代码表", "代码名称", "code-lists/"),
        ("用途", "用途依据", "purposes.yaml"),
        ("用途", "应用场景", "purposes.yaml"),
        ("分级", "级别名称", "grades.yaml"),
    ],
)
def test_a_change_in_any_sheet_changes_its_file_and_no_other(
    sheet: str, title: str, file: str
) -> None:
    """What else is there stays byte by byte."""
    tables = []
    for table in _tables():
        if table.name == sheet:
            titles = {cell.text.strip("*"): column for column, cell in table.rows[2].items()}
            row = {**table.rows[3], titles[title]: Cell(CellKind.TEXT, "已改")}
            table = replace(table, rows={**table.rows, 3: row})
        tables.append(table)
    before = catalogue_files()
    after = import_tables(tables, file="book.xlsx", beside=before).files
    assert after.keys() == before.keys()
    (changed,) = (name for name in after if after[name] != before[name])
    assert changed.startswith(file)
    assert "已改" in after[changed].decode()
