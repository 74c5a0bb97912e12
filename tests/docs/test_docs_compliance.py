"""Every obligation stands in the page on compliance, and a row that claims something shows it."""

import re
from collections import Counter

import pytest

from tests.docs.naming import missing
from tests.docs.tables import Row, both_languages, names, page, table, tables

TEXT = page("compliance.md")
ROWS = table(TEXT, "Obligations")
STATES = {"served": "满足", "partly": "部分", "open": "未满足"}

each_row = pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])


def state(row: Row) -> str:
    """Return what a row claims."""
    word, word_zh = row[2].split()
    assert STATES[word] == word_zh
    return word


def test_every_obligation_stands_there_once() -> None:
    """From the first to the last."""
    assert [row[0] for row in ROWS] == [f"O{number}" for number in range(1, 28)]


def test_the_states_are_explained() -> None:
    """All three, and no other."""
    explained = tables(TEXT)[1]
    assert [row[0].split() for row in explained] == [[*each] for each in STATES.items()]


def test_the_states_are_counted_right() -> None:
    """In the line above the table."""
    counts = Counter(map(state, ROWS))
    served, partly, unserved = (counts[word] for word in STATES)
    assert f"Of 27 rows {served} are served, {partly} partly, {unserved} open." in TEXT
    assert f"满足 {served} 项，部分满足 {partly} 项，未满足 {unserved} 项" in TEXT


@each_row
def test_a_row_says_what_is_asked_and_by_whom(row: Row) -> None:
    """In both languages, with its sources."""
    assert both_languages(row[1])
    assert re.search(r"(SX|XZ|GZ|SD) \d", row[1])


@each_row
def test_what_is_claimed_is_shown(row: Row) -> None:
    """By modules of the product and tests that are there; an open row claims nothing."""
    modules, tests = names(row[3]), names(row[4])
    if state(row) == "open":
        assert row[3:5] == ["—", "—"]
        return
    assert modules
    assert tests
    assert all(name.startswith(("gateway/", "masking/", "keys/")) for name in modules)
    assert all(re.match("tests/.+::test_", name) for name in tests)
    assert missing([*modules, *tests]) == []


@each_row
def test_what_is_missing_is_said(row: Row) -> None:
    """Wherever a row is not served."""
    if state(row) == "served":
        assert row[5] == "—"
    else:
        assert both_languages(row[5])
