"""Shapes told over a whole column are those told value by value."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.shapes import HAN, PLAIN, UNSEEN, Seen, Shape

PATTERNS = ["a{2}", "a|ab", "(?:a|b){0,3}", "[^\n]{1,3}", "(?! )[^\nb]+", "(?=.{2,3}$)a*b*", ""]
EVERY_CHARACTER = list(map(chr, range(sys.maxunicode + 1)))


@pytest.mark.parametrize("pattern", PATTERNS)
@given(column=st.lists(st.text("ab \n", max_size=4), max_size=6))
def test_a_column_misfits_where_its_values_do(pattern: str, column: list[str]) -> None:
    """Line feeds inside values, empty values and the last line are no loophole."""
    shape = Shape(pattern)
    matches = re.compile(f"(?:{pattern})").fullmatch
    expected = [index for index, value in enumerate(column) if matches(value) is None]
    assert shape.misfits(column) == expected
    assert [index for index, value in enumerate(column) if not shape.fits(value)] == expected


@pytest.mark.parametrize(
    "column",
    [["12\n34"], ["12", "34\n"], ["12\n34", ""], ["", "12"], ["12", ""], ["\n", "12"], ["12\r"]],
)
def test_one_value_cannot_pass_for_two(column: list[str]) -> None:
    """A value that holds a line feed between two good halves is found."""
    assert Shape("[0-9]{2}").misfits(column)


@given(st.lists(st.text(max_size=8), max_size=6))
def test_seen_text_is_the_same_by_its_short_way(column: list[str]) -> None:
    """What Python calls printable is a part of what holds nothing unseen."""
    matches = re.compile(f"[^{UNSEEN}]{{2,5}}").fullmatch
    expected = [index for index, value in enumerate(column) if matches(value) is None]
    assert Seen(2, 5).misfits(column) == expected


def test_no_printable_character_is_unseen() -> None:
    """The short way of `Seen` lets nothing through that the pattern would not."""
    unseen = re.compile(f"[{UNSEEN}]").fullmatch
    assert [c for c in EVERY_CHARACTER if c.isprintable() and unseen(c)] == []


def test_format_and_control_characters_are_unseen() -> None:
    """Every control, direction and joining mark below the private planes is unseen."""
    unseen = re.compile(f"[{UNSEEN}]").fullmatch
    shown = [
        c
        for c in EVERY_CHARACTER
        if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and not unseen(c)
    ]
    assert shown == []
    for c in "\u200b\u200d\u200e\u202e\u2066\ufeff\u00ad\u061c\U000e0041":
        assert unseen(c)


def test_plain_characters_stand_alone() -> None:
    """No plain character is a mark on another, a control, a blank or a lone surrogate."""
    plain = re.compile(f"[{PLAIN}]").fullmatch
    kinds = {unicodedata.category(c) for c in EVERY_CHARACTER if plain(c)}
    # Cn: places in the Chinese blocks that a later Unicode may fill with characters
    assert kinds.isdisjoint({"Mn", "Mc", "Me", "Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp"})


def test_han_is_only_chinese_characters() -> None:
    """No letter or digit of another script passes for a Chinese character."""
    han = re.compile(f"[{HAN}]").fullmatch
    names = {unicodedata.name(c, "CJK UNASSIGNED").split("-")[0] for c in EVERY_CHARACTER if han(c)}
    assert names == {
        "CJK UNIFIED IDEOGRAPH",
        "CJK COMPATIBILITY IDEOGRAPH",
        "CJK UNASSIGNED",
        "IDEOGRAPHIC NUMBER ZERO",
    }


def test_a_value_that_is_no_text_is_an_error() -> None:
    """The engine relies on it to find columns that are not whole."""
    for column in ([None], ["ab", None], [b"ab"], ["ab", 1]):
        with pytest.raises(TypeError):
            Shape("a").misfits(column)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            Seen(1, 2).misfits(column)  # type: ignore[arg-type]
