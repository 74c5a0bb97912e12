"""Operators on numbers, points and dates, on values chosen to trip them up."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.grades import Disclosure
from masking.kinds import KINDS
from masking.operators import HIDDEN, AnyOperator, FieldType, Operator, tried
from masking.operators.age_band import AgeBand
from masking.operators.bucket import LARGEST, Bucket
from masking.operators.grid import Grid
from masking.operators.month import Month
from masking.operators.quarter import Quarter
from masking.operators.round import Round
from masking.operators.top_bottom import TopBottom
from masking.operators.year import Year
from masking.policy import Pseudonyms
from masking.policy.outcome import settle

TODAY = date(2026, 6, 15)
PARTIAL, CLEAR = Disclosure.PARTIAL, Disclosure.CLEAR


def _type(number: object) -> FieldType:
    return "integer" if isinstance(number, int) else "decimal"


def _alike(operator: Operator, number: Any, masked: Any) -> None:
    """Hold that a number comes out so alone and among others, of its own type."""
    seven = 7 if isinstance(number, int) else Decimal(7)
    (beside,) = tried(operator, seven, type=_type(number))
    assert tried(operator, number, type=_type(number)) == [masked]
    column = tried(operator, seven, number, seven, type=_type(number))
    assert column == [beside, masked, beside]
    assert {type(each) for each in column} <= {type(number), type(masked)}


@pytest.mark.parametrize(
    ("to", "number", "rounded"),
    [
        (1000, 12345, 12000),
        (1000, 12500, 12000),
        (1000, 13500, 14000),
        (1000, 12501, 13000),
        (1000, -12500, -12000),
        (1000, -13500, -14000),
        (1000, 499, 0),
        (1000, 500, 0),
        (1000, 1500, 2000),
        (1000, 3000, 3000),
        (2, 1, 0),
        (2, 3, 4),
        (2, 5, 4),
        (3, 1, 0),
        (3, 2, 3),
        (3, -1, 0),
        (3, -2, -3),
        (10**18, 10**29, 10**29),
        (10, LARGEST, None),
        (10, -LARGEST, None),
        (10, LARGEST - 1, LARGEST),
        pytest.param(10, 10**5000, None, id="too long to write"),
        (1000, Decimal("12500.00"), Decimal(12000)),
        (1000, Decimal("12500.01"), Decimal(13000)),
        (1000, Decimal("12499.99"), Decimal(12000)),
        (1000, Decimal("-13500.00"), Decimal(-14000)),
        (1000, Decimal("-12500.01"), Decimal(-13000)),
        (5, Decimal("12.5"), Decimal(10)),
        (5, Decimal("7.5"), Decimal(10)),
        (5, Decimal("12.5000000000000000000000000000000000001"), Decimal(15)),
        (5, Decimal("12.4999999999999999999999999999999999999"), Decimal(10)),
        (3, Decimal("1.5"), Decimal(0)),
        (3, Decimal("4.5"), Decimal(6)),
        (3, Decimal("-1.5"), Decimal(0)),
        (3, Decimal("-4.5"), Decimal(-6)),
        (10, Decimal("-0.00"), Decimal(0)),
        (10, Decimal("1E+1"), Decimal(10)),
        (10, Decimal("1E-999999"), Decimal(0)),
        (10, Decimal("1E+999999"), None),
        (10, Decimal("-1E+30"), None),
        (10, Decimal("NaN"), None),
        (10, Decimal("sNaN"), None),
        (10, Decimal("-Infinity"), None),
    ],
)
def test_round_gives_the_nearest_multiple(to: int, number: Any, rounded: Any) -> None:
    """Half to even; what is no number does not spoil its neighbours."""
    _alike(Round(to=to), number, rounded)
    assert Round(to=to).gives_back(number) is (number == rounded)


@given(
    st.integers(2, 50),
    st.integers(-(10**6), 10**6)
    | st.integers(-200, 200).map(lambda halves: Decimal(halves) / 2)
    | st.decimals(-(10**4), 10**4, places=2)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000),
)
def test_round_is_the_rounding_of_fractions(to: int, number: Any) -> None:
    """As Python rounds exact fractions, half to even."""
    expected = round(Fraction(number) / to) * to
    assert tried(Round(to=to), number, type=_type(number)) == [expected]


def test_a_rounded_decimal_has_no_decimals_and_no_sign_of_nought() -> None:
    """One spelling for one number."""
    column = tried(Round(to=10), Decimal("-0.01"), Decimal("19.99"), type="decimal")
    assert list(map(str, column)) == ["0", "20"]


@pytest.mark.parametrize(
    ("number", "coded"),
    [
        (7, 18),
        (17, 18),
        (18, 18),
        (35, 35),
        (90, 90),
        (91, 90),
        (-LARGEST + 1, 18),
        (LARGEST, None),
        (Decimal("17.99"), Decimal(18)),
        (Decimal("18.00"), Decimal("18.00")),
        (Decimal("89.999"), Decimal("89.999")),
        (Decimal("90.01"), Decimal(90)),
        (Decimal("1E+999999"), None),
        (Decimal("Infinity"), None),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
    ],
)
def test_top_and_bottom_stand_for_all_beyond(number: Any, coded: Any) -> None:
    """What lies between stays, with its decimals."""
    _alike(TopBottom(bottom=18, top=90), number, coded)
    assert TopBottom(bottom=18, top=90).gives_back(number) is (number == coded)


def test_bounds_that_leave_nothing_between_are_refused() -> None:
    """Whoever writes a policy is told, in both languages."""
    with pytest.raises(ValueError, match="below") as refusal:
        TopBottom(bottom=90, top=90)
    assert "小于" in refusal.value.args[1]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"op": "top_bottom", "bottom": 2, "top": 1}, AnyOperator)


@pytest.mark.parametrize(
    ("cell", "value", "corner", "centre"),
    [
        (10, "116.397428,39.90923", "116.390,39.900", "116.3950,39.9050"),
        (10, "116.39,39.9", "116.390,39.900", "116.3950,39.9050"),
        (10, "116.389999999,39.899999999", "116.380,39.890", "116.3850,39.8950"),
        (1000, "0,0", "0.000,0.000", "0.5000,0.5000"),
        (1000, "-0.0,-0.000", "0.000,0.000", "0.5000,0.5000"),
        (1000, "-0.1,-0.1", "-1.000,-1.000", "-0.5000,-0.5000"),
        (1000, "180,90", "179.000,89.000", "179.5000,89.5000"),
        (1000, "-180,-90", "-180.000,-90.000", "-179.5000,-89.5000"),
        (7000, "180,90", "175.000,84.000", "178.5000,87.5000"),
        (7000, "-180,-90", "-180.000,-90.000", "-178.5000,-87.5000"),
        (1, "116.3974,39.9092", "116.397,39.909", "116.3975,39.9095"),
        (10, "180.1,0", None, None),
        (10, "0,90.1", None, None),
        (10, "-181,0", None, None),
        (10, "116.39", None, None),
        (10, "116.39,39.9,0", None, None),
        (10, "116.39, 39.9", None, None),
        (10, "+116.39,39.9", None, None),
        (10, "116.,39.9", None, None),
        (10, "1e2,39.9", None, None),
        (10, "１１６,39", None, None),
        (10, "116.39,39.9\n", None, None),
        (10, "116.1234567890,39.9", None, None),
        (10, "POINT(116 39)", None, None),
        (10, "", None, None),
    ],
)
def test_grid_shows_the_cell_of_a_point(
    cell: int, value: str, corner: str | None, centre: str | None
) -> None:
    """Below nought too, and nowhere beyond the poles; what is no point is null."""
    for operator, shown in (
        (Grid(millidegrees=cell), corner),
        (Grid(millidegrees=cell, point="centre"), centre),
    ):
        assert tried(operator, value, type="geo_point") == [shown]
        assert tried(operator, "0.5,0.5", value, type="geo_point")[1] == shown


@given(
    st.integers(1, 10_000),
    st.sampled_from(["corner", "centre"]),
    st.decimals(-180, 180, places=6),
    st.decimals(-90, 90, places=6),
)
def test_grid_gives_a_point_within_a_cell_of_the_true_one(
    cell: int, point: Any, east: Decimal, north: Decimal
) -> None:
    """And one that is a point itself."""
    operator = Grid(millidegrees=cell, point=point)
    (shown,) = tried(operator, f"{east:f},{north:f}", type="geo_point")
    for there, here, last in zip(
        map(Decimal, shown.split(",")), (east, north), (180, 90), strict=True
    ):
        assert abs(there) <= last
        assert abs(there - here) <= Decimal(cell) / 1000


@pytest.mark.parametrize(
    ("format", "value", "quarter"),
    [
        ("YYYY-MM-DD", "2026-01-01", "2026Q1"),
        ("YYYY-MM-DD", "2026-03-31", "2026Q1"),
        ("YYYY-MM-DD", "2026-04-01", "2026Q2"),
        ("YYYY-MM-DD", "2026-09-30", "2026Q3"),
        ("YYYY-MM-DD", "2026-12-31", "2026Q4"),
        (None, "2026-12-31", "2026Q4"),
        ("YYYYMMDD", "20261231", "2026Q4"),
        ("DD.MM.YYYY", "31.12.2026", "2026Q4"),
        ("YYYY年MM月DD日", "2026年12月31日", "2026Q4"),
        ("YYYY-MM", "2026-07", "2026Q3"),
        ("YYYY", "2026", HIDDEN),
        ("MM-DD", "07-01", HIDDEN),
        ("YYYY-MM-DD", "长期", "长期"),
        ("YYYY-MM-DD", "2026-00-01", HIDDEN),
        ("YYYY-MM-DD", "2026-13-01", HIDDEN),
        ("YYYY-MM-DD", "2026-12-31 ", HIDDEN),
        ("YYYY-MM-DD", "２０２６-12-31", HIDDEN),
        ("YYYY-MM-DD", "13812345678", HIDDEN),
        ("YYYY-MM-DD", "", HIDDEN),
    ],
)
def test_quarter_cuts_a_date_or_hides_it(format: str | None, value: str, quarter: str) -> None:
    """The cut follows the field's format; what is not of the format never shows."""
    assert tried(Quarter(), value, type="date", format=format) == [quarter]
    column = tried(Quarter(), value, value, value, type="date", format=format)
    assert column == [quarter] * 3


@pytest.mark.parametrize(
    ("born", "band"),
    [
        ("2026-06-15", "[0,10)"),
        ("2026-06-16", HIDDEN),  # a day to come
        ("2016-06-16", "[0,10)"),
        ("2016-06-15", "[10,20)"),
        ("2016-06-14", "[10,20)"),
        ("1941-06-16", "[80,85)"),  # the last band ends at the top
        ("1941-06-15", "[85,)"),
        ("1800-01-01", "[85,)"),
        ("2008-02-29", "[10,20)"),
        ("2007-02-29", HIDDEN),
        ("1990-04-31", HIDDEN),
        ("1990-13-01", HIDDEN),
        ("0000-01-01", HIDDEN),
        ("1990-06", HIDDEN),
        ("19900615", HIDDEN),
        ("1990-06-15\n", HIDDEN),
        ("１９９０-06-15", HIDDEN),
        ("长期", HIDDEN),
        ("", HIDDEN),
    ],
)
def test_age_band_counts_completed_years_on_the_day(born: str, band: str) -> None:
    """From the birthday on; what is no day of birth does not show."""
    operator = AgeBand(top=85)
    assert tried(operator, born, type="date", at=TODAY) == [band]
    column = tried(operator, "1990-06-15", born, "1990-06-16", type="date", at=TODAY)
    assert column == ["[30,40)", band, "[30,40)"]


def test_a_leap_day_turns_on_the_first_of_march() -> None:
    """Where the year has no such day."""
    for at, band in ((date(2026, 2, 28), "[0,18)"), (date(2026, 3, 1), "[18,36)")):
        assert tried(AgeBand(width=18), "2008-02-29", type="date", at=at) == [band]


def test_age_band_needs_a_day_and_a_whole_date() -> None:
    """Without the day of the call, or a day in the format, nothing shows."""
    assert tried(AgeBand(), "1990-06-15", type="date") == [HIDDEN]
    assert tried(AgeBand(), "1990-06", type="date", format="YYYY-MM", at=TODAY) == [HIDDEN]
    assert tried(AgeBand(), "15.06.1990", type="date", format="DD.MM.YYYY", at=TODAY) == ["[30,40)"]
    moment = tried(AgeBand(), "1990-06-15T08:00:00", type="datetime", at=TODAY)
    assert moment == ["[30,40)"]


def test_bands_are_those_of_their_own_day() -> None:
    """Nothing is kept from one day to the next."""
    born = (TODAY.replace(year=1996) + timedelta(days=1)).isoformat()
    bands = [
        tried(AgeBand(), born, type="date", at=TODAY + timedelta(days=days))[0] for days in (0, 1)
    ]
    assert bands == ["[20,30)", "[30,40)"]


@pytest.mark.parametrize(
    ("kind", "type", "operator", "disclosure"),
    [
        # usual are intervals of 1000 for an amount, of 10 for an age
        ("amount", "decimal", Round(to=1000), PARTIAL),
        ("amount", "decimal", Round(to=100), CLEAR),
        ("amount", "decimal", TopBottom(top=10**6), CLEAR),
        ("age", "integer", Round(to=10), PARTIAL),
        ("age", "integer", Round(to=5), CLEAR),
        ("age", "integer", TopBottom(top=90), CLEAR),
        # the year of a birth, the month of another date
        ("birth_date", "date", AgeBand(width=2), PARTIAL),
        ("birth_date", "date", Quarter(), CLEAR),
        ("date", "date", Quarter(), PARTIAL),
        # cells of a tenth of a degree of a point
        ("geo_point", "geo_point", Grid(millidegrees=100), PARTIAL),
        ("geo_point", "geo_point", Grid(millidegrees=50), CLEAR),
    ],
)
def test_what_shows_more_than_is_usual_counts_as_clear(
    kind: str, type: FieldType, operator: Operator, disclosure: Disclosure
) -> None:
    """By the positions an operator says it shows."""
    outcome = settle(operator, KINDS[kind], type, Pseudonyms())
    assert (outcome.operator, outcome.disclosure) == (operator, disclosure)


def test_the_coarser_shows_less() -> None:
    """Rules that compete are compared by it."""
    assert Round(to=1000).shown() == Bucket(width=1000).shown() < TopBottom().shown()
    assert Year().shown() < Quarter().shown() < Month().shown()
    assert AgeBand(width=50).shown() < AgeBand(width=2).shown() < Year().shown()
    assert Grid(millidegrees=100).shown() < Grid(millidegrees=10).shown()
