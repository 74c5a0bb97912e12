"""CSV read by columns gives the very lines that reading it row by row gives."""

import csv
import io
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue import read_catalogue
from gateway.model.resource import Resource
from gateway.stores.records import csv_lines
from gateway.stores.tables.delimited import ROWS, CsvTable
from gateway.world import catalogue_files
from keys.errors import SealgateError
from tests.cli.command import PLAIN_ENTRY, PLAIN_FIELDS, PLAIN_RESOURCE


def _resource() -> Resource:
    files = {**catalogue_files(), "resources/plain.yaml": PLAIN_ENTRY.encode()}
    return read_catalogue(files).resources[PLAIN_RESOURCE]


RESOURCE = _resource()
CELL = st.one_of(
    st.sampled_from(
        [
            "",
            "1",
            "-7",
            "007",
            "是",
            "否",
            "TRUE",
            " true ",
            "1.4E+17",
            "1e5",
            "长期",
            "1.50",
            '"',
            "a\nb",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)
NAMES = [*PLAIN_FIELDS, "身份", "文本", "nobody"]


def _read(text: str, quick: bool) -> list[bytes] | str:
    file = io.BytesIO(text.encode())
    try:
        with ExitStack() as stack:
            if quick:
                return list(CsvTable(file, RESOURCE, "utf-8", stack).lines())
            return list(csv_lines(file, RESOURCE, "utf-8"))
    except SealgateError as refusal:
        return f"{refusal} {refusal.records} {refusal.fields}"


@given(
    st.lists(st.sampled_from(PLAIN_FIELDS), min_size=1, max_size=5, unique=True).flatmap(
        lambda names: st.tuples(
            st.just(names),
            st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), max_size=8),
        )
    )
)
def test_rows_are_the_same_lines(table: tuple[list[str], list[list[str]]]) -> None:
    """Whatever the cells hold."""
    names, rows = table
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, *rows])
    assert _read(text.getvalue(), quick=True) == _read(text.getvalue(), quick=False)


@given(st.text(st.sampled_from('must,count\n\r"x1是 '), max_size=60))
def test_broken_files_are_refused_alike(text: str) -> None:
    """With the same words and numbers."""
    assert _read("must,count\n" + text, quick=True) == _read("must,count\n" + text, quick=False)
    assert _read(text, quick=True) == _read(text, quick=False)


@pytest.mark.parametrize("rows", [ROWS - 1, ROWS, ROWS + 1, 3 * ROWS])
def test_many_rows_come_in_order(rows: int) -> None:
    """And a row that does not fit has its number."""
    text = "must,count\n" + "".join(f"{n},{n}\n" for n in range(rows))
    for whole in (text, text + "x\n", text + 'x,"'):
        found, expected = _read(whole, quick=True), _read(whole, quick=False)
        assert found == expected
