"""Check digits agree with python-stdnum, one value at a time and in columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from masking.check_digits import (
    BANK_CARD,
    RESIDENT_ID,
    STRIPED_FROM,
    USCC,
    USCC_ALPHABET,
    Luhn,
    WeightedSum,
)

DIGITS = "0123456789"
# Columns on both sides of the size where stripes begin, and past the width of a machine word.
SIZES = st.sampled_from([0, 1, STRIPED_FROM - 1, STRIPED_FROM, 7, 40, 300])

resident_ids = st.builds(
    str.__add__, st.text(DIGITS, min_size=17, max_size=17), st.sampled_from([*DIGITS, "X"])
)
usccs = st.text(USCC_ALPHABET, min_size=18, max_size=18)
cards = st.text(DIGITS, min_size=12, max_size=19)


def _failures(check: WeightedSum | Luhn, column: list[str]) -> list[int]:
    return [index for index, value in enumerate(column) if not check.holds(value)]


@given(resident_ids)
def test_the_resident_id_digit_is_that_of_gb_11643(value: str) -> None:
    """A resident ID holds exactly when its last character is the one stdnum computes."""
    assert RESIDENT_ID.holds(value) == (ric.calc_check_digit(value) == value[-1])


@given(usccs)
def test_the_uscc_character_is_that_of_gb_32100(value: str) -> None:
    """A credit code holds exactly when its last character is the one stdnum computes."""
    assert USCC.holds(value) == (uscc.calc_check_digit(value[:-1]) == value[-1])


@given(cards)
def test_the_card_digit_is_that_of_luhn(value: str) -> None:
    """A card number holds exactly when stdnum says so, whatever its length."""
    assert BANK_CARD.holds(value) == luhn.is_valid(value)


def test_each_weight_and_value_counts() -> None:
    """Every single changed character of a right value is noticed."""
    for value, check, alphabet in (
        ("11010519491231002X", RESIDENT_ID, DIGITS),
        ("91110000600037341L", USCC, USCC_ALPHABET),
        ("4111111111111111", BANK_CARD, DIGITS),
    ):
        assert check.holds(value)
        changed = [
            value[:place] + other + value[place + 1 :]
            for place in range(len(value))
            for other in alphabet
            if other != value[place]
        ]
        assert check.failures(changed) == list(range(len(changed)))


def test_a_small_x_counts_ten() -> None:
    """A resident ID typed with a small x is the same number."""
    assert RESIDENT_ID.holds("11010519491231002x")


@pytest.mark.parametrize(
    ("check", "values"), [(RESIDENT_ID, resident_ids), (USCC, usccs), (BANK_CARD, cards)]
)
@given(data=st.data())
def test_a_column_fails_where_its_values_do(
    check: WeightedSum | Luhn, values: st.SearchStrategy[str], data: st.DataObject
) -> None:
    """Stripes and single values agree; no value bears on its neighbour."""
    some = data.draw(st.lists(values, min_size=1, max_size=8))
    size = data.draw(SIZES)
    column = (some * (size // len(some) + 1))[:size]
    assert check.failures(column) == _failures(check, column)


@pytest.mark.parametrize(
    ("check", "heaviest"),
    [(RESIDENT_ID, "9" * 17 + "X"), (USCC, "Y" * 18), (BANK_CARD, "9" * 19)],
)
def test_no_sum_runs_over_into_the_next_value(check: WeightedSum | Luhn, heaviest: str) -> None:
    """The heaviest value anywhere leaves its neighbours as they are."""
    column = ["0" * len(heaviest), heaviest] * 20
    assert check.failures(column) == _failures(check, column)
