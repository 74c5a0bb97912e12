"""Dates and times fit their declared format and the calendar, one by one and as a column."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.formats import (
    DATE_FORMATS,
    DATETIME_FORMATS,
    DEFAULT_DATE,
    DEFAULT_DATETIME,
    OPEN_END,
    date_misfits,
)

STRFTIME = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "YYYYMMDD": "%Y%m%d",
    "YYYY/MM/DD": "%Y/%m/%d",
    "YYYY年MM月DD日": "%Y年%m月%d日",
    "YYYY-MM": "%Y-%m",
    "YYYYMM": "%Y%m",
    "YYYY": "%Y",
    "YYYY-MM-DDTHH:mm:ss": "%Y-%m-%dT%H:%M:%S",
    "YYYY-MM-DDTHH:mm:ssZ": "%Y-%m-%dT%H:%M:%SZ",
    "YYYY-MM-DD HH:mm:ss": "%Y-%m-%d %H:%M:%S",
    "YYYY-MM-DD HH:mm": "%Y-%m-%d %H:%M",
    "YYYY/MM/DD HH:mm:ss": "%Y/%m/%d %H:%M:%S",
    "YYYYMMDDHHmmss": "%Y%m%d%H%M%S",
}
ALL = [*DATE_FORMATS, *DATETIME_FORMATS]


def _spell(moment: datetime, pattern: str) -> str:
    # strftime leaves early years short.
    return moment.strftime(STRFTIME[pattern].replace("%Y", f"{moment.year:04d}"))


def _fits(pattern: str, value: str, *, open_end: bool = False) -> bool:
    misfits = date_misfits(pattern, open_end)
    alone = misfits([value]) == []
    good = _spell(datetime(2024, 2, 29, 8, 30, 59), pattern)
    assert misfits([good, value, good]) == ([] if alone else [1])
    # Many are gone through in another way.
    assert misfits([*[good] * 40, value]) == ([] if alone else [40])
    return alone


def test_every_format_is_known_here() -> None:
    """And the defaults are among them."""
    assert set(STRFTIME) == set(ALL)
    assert DEFAULT_DATE in DATE_FORMATS
    assert DEFAULT_DATETIME in DATETIME_FORMATS


@given(moment=st.datetimes(), pattern=st.sampled_from(ALL))
def test_every_real_moment_fits_every_format(moment: datetime, pattern: str) -> None:
    """From the year 1 to 9999."""
    assert _fits(pattern, _spell(moment, pattern))


@given(
    parts=st.tuples(*(st.integers(0, top) for top in (9999, 15, 33, 26, 62, 62))),
    pattern=st.sampled_from(ALL),
)
def test_a_date_fits_if_the_calendar_has_it(parts: tuple[int, ...], pattern: str) -> None:
    """What `datetime` takes, and nothing else."""
    names = ("YYYY", "MM", "DD", "HH", "mm", "ss")
    value = pattern
    used = []
    for name, part, low in zip(names, parts, (1, 1, 1, 0, 0, 0), strict=True):
        used.append(part if name in pattern else low)
        value = value.replace(name, f"{part:0{len(name)}d}", 1)
    try:
        datetime(*used)  # type: ignore[arg-type]
        real = True
    except ValueError:
        real = False
    assert _fits(pattern, value) is real


LEAP = [(1900, False), (2000, True), (2023, False), (2024, True), (2100, False), (4, True)]


@pytest.mark.parametrize(("year", "leap"), LEAP)
def test_leap_years_are_those_of_the_calendar(year: int, leap: bool) -> None:
    """In every format that has a day."""
    for pattern in ALL:
        if "DD" in pattern:
            value = _spell(datetime(2024, 2, 29), pattern).replace("2024", f"{year:04d}", 1)
            assert _fits(pattern, value) is leap


NEAR_MISSES = {
    "YYYY-MM-DD": (
        *("2024-2-29", "2024-02-29 ", " 2024-02-29", "2024-02-29\n", "20240229", "2024/02/29"),
        *("0000-01-01", "2024-00-01", "2024-13-01", "2024-01-00", "2024-01-32", "2024-04-31"),
        *("２０２４-02-29", "-024-02-29", "2024-W09-4", "2024-060", "2024-02-29T00:00:00", ""),
        *("长期", "2024-02-29\n2024-02-29"),
    ),
    "YYYYMMDD": ("2024-02-29", "2024229", "20241301", "00000101", "20230229", "2024022 9"),
    "YYYY-MM": ("2024-13", "2024-00", "2024", "2024-1"),
    "YYYY": ("0000", "24", "20245", "二零二四"),
    "YYYY年MM月DD日": ("2024年2月29日", "2024年02月29", "2023年02月29日"),
    "YYYY-MM-DDTHH:mm:ss": (
        *("2024-02-29T24:00:00", "2024-02-29T23:60:00", "2024-02-29T23:59:60"),
        *(
            "2024-02-29t00:00:00",
            "2024-02-29T00:00",
            "2024-02-29T00:00:00.5",
            "2024-02-29 00:00:00",
        ),
        *("2024-02-29T00:00:00Z", "2024-02-29T00:00:00\n2024-02-29T00:00:00"),
    ),
    "YYYY-MM-DD HH:mm:ss": ("2024-02-29 24:00:00", "2024-02-29T00:00:00", "2024-02-29  0:00:00"),
    "YYYY-MM-DDTHH:mm:ssZ": (
        *("2024-02-29T00:00:00", "2024-02-29T00:00:00z", "2024-02-29T00:00:00+8:00"),
        *("2024-02-29T00:00:00+0800", "2024-02-29T00:00:00+14:01", "2024-02-29T00:00:00+99:00"),
        *("2024-02-29T00:00:00+08:60", "2024-02-29T24:00:00Z"),
    ),
}


@pytest.mark.parametrize("pattern", NEAR_MISSES)
def test_near_misses_do_not_fit(pattern: str) -> None:
    """Other widths, signs, separators, digits of other scripts, and no open end unasked."""
    for value in NEAR_MISSES[pattern]:
        assert not _fits(pattern, value), value


@pytest.mark.parametrize(
    "offset", ["Z", "+00:00", "-00:00", "+08:00", "-12:00", "+14:00", "+05:45"]
)
def test_a_time_with_offset_has_one_there_is(offset: str) -> None:
    """China's and the others."""
    assert _fits("YYYY-MM-DDTHH:mm:ssZ", f"2024-02-29T00:00:00{offset}")


@pytest.mark.parametrize("pattern", ALL)
def test_the_open_end_stands_where_it_is_declared(pattern: str) -> None:
    """Among dates too."""
    assert _fits(pattern, OPEN_END, open_end=True)
    assert not _fits(pattern, OPEN_END)
    assert not _fits(pattern, OPEN_END + " ", open_end=True)
    assert date_misfits(pattern, True)([]) == []


@given(st.lists(st.dates() | st.sampled_from(["2023-02-29", "x", "", "长期"]), max_size=30))
def test_a_column_has_the_misfits_of_its_values(column: list[date | str]) -> None:
    """The quick way for whole columns finds none that the slow way would not."""
    values = [str(value) if isinstance(value, str) else value.isoformat() for value in column]
    for open_end in (False, True):
        misfits = date_misfits("YYYY-MM-DD", open_end)
        alone = [index for index, value in enumerate(values) if misfits([value])]
        assert misfits(values) == alone


def test_a_long_column_is_judged_in_little_time() -> None:
    """All of a hundred years, a million values or so."""
    day = date(1930, 1, 1)
    values = [(day + timedelta(n)).isoformat() for n in range(36_500)]
    assert date_misfits("YYYY-MM-DD", False)(values * 10) == []
