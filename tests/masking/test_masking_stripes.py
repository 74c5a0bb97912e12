"""Numbers told by their places are those told one by one."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.kinds import kind
from masking.shapes import DigitShape
from masking.stripes import DAY, MONTH, STRIPED_FROM, Places, among

YEARS = (1, 4, 99, 100, 1800, 1900, 1999, 2000, 2023, 2024, 9999)
IDS = ("11010519491231002X", "440524188001010014", "140926196210031157", "11010519491231002x")


def _is_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("year", YEARS)
def test_every_day_of_a_year_is_told(year: int) -> None:
    """Of all month and day numbers only the ordinary days are sure, and 29 February is not."""
    places = Places(8, {4: MONTH, 6: DAY})
    column = [f"{year:04}{rest:04}" for rest in range(10_000)]
    doubtful = set(places.doubtful("".join(column).encode()))
    for index, text in enumerate(column):
        assert (index not in doubtful) == (_is_day(text) and text[4:] != "0229")


@given(st.lists(st.integers(0, 99), min_size=1, max_size=40), st.sets(st.integers(0, 99)))
def test_a_number_that_has_no_business_there_is_told(numbers: list[int], allowed: set[int]) -> None:
    """At whatever row it stands."""
    places = Places(6, {0: among(allowed), 2: MONTH, 4: DAY})
    joined = "".join(f"{number:02}0131" for number in numbers).encode()
    expected = [index for index, number in enumerate(numbers) if number not in allowed]
    assert places.doubtful(joined) == expected


ODD = st.sampled_from(
    [
        "11010519490229001X",
        "110105200002290016",
        "110105190002290012",
        "1101051949123100X2",
        "X10105194912310021",
        "11010519491231002Ｘ",
        "1101051949123100２X",
        "11010519491231002",
        "11010519491231002X0",
        "110105194912310\n21",
        "11010519491231002Y",
        "19010519491231002X",
        "99010519491231002X",
        "110105219912310021",
        "",
    ]
)


@given(
    st.lists(st.sampled_from(IDS) | ODD, max_size=4),
    st.integers(0, 2 * STRIPED_FROM),
    st.sampled_from(IDS),
)
def test_a_long_column_of_ids_is_judged_value_by_value(
    odd: list[str], more: int, usual: str
) -> None:
    """The short way over many values, and back from it where one is odd."""
    misfits = kind("resident_id").misfits
    assert misfits is not None
    column = [*[usual] * (more // 2), *odd, *[usual] * (more - more // 2)]
    expected = [index for index, value in enumerate(column) if misfits([value])]
    assert misfits(column) == expected


def test_a_value_that_is_no_text_is_an_error() -> None:
    """As for every shape."""
    shape = DigitShape("[0-9]{6}", b"", Places(6, {2: MONTH, 4: DAY}))
    good = ["000131"] * STRIPED_FROM
    assert shape.misfits(good) == []
    for value in (None, 131, b"000131"):
        with pytest.raises(TypeError):
            shape.misfits([*good, value])  # type: ignore[list-item]
