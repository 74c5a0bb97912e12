"""A number and its noun agree."""

import pytest

from masking.counting import counted


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 values"), (1, "1 value"), (2, "2 values"), (1000, "1,000 values")],
)
def test_one_is_said_otherwise_than_several(number: int, text: str) -> None:
    """With commas in large numbers."""
    assert counted(number, "value") == text


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    """English has such."""
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2, "entry", "entries") == "2 entries"
