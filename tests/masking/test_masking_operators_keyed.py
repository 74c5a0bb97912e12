"""Operators that do the same for one subject, and how they move dates."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keys.derive import Mac
from masking.grades import Disclosure
from masking.kinds import KINDS
from masking.operators import HIDDEN, Binding, FieldType, Scope, tried
from masking.operators._keyed import KeyScope, Subjected, deviation
from masking.operators._trial import GivenRecords
from masking.operators.fake import Fake
from masking.operators.month import Month
from masking.operators.noise import Noise
from masking.operators.shift import Shift
from masking.operators.year import Year
from masking.policy import Pseudonyms
from masking.policy.outcome import settle
from tests.masking.subjects import AID, SCOPES, key, of

# Another call, and in which of these scopes it meets the first.
CALLS = [
    (Scope(requester="R1", purpose="aid", resource="S2"), {"requester+purpose", "requester"}),
    (Scope(requester="R1", purpose="tax", resource="S1"), {"requester", "resource"}),
    (Scope(requester="R2", purpose="aid", resource="S1"), {"resource"}),
]
PEOPLE = [f"person {number}" for number in range(64)]
DAY = "2024-02-29"


def shifted(operator: Shift, values: Sequence[str], *subjects: str | None, **more: Any) -> Any:
    return of(operator, values, subjects or ["A"] * len(values), **{"type": "date", **more})


SHIFT = Shift(subject="person", days=200)
NOISE = Noise(spread=500, subject="person")
FAKE = Fake(subject="person")
# One of each, values of a field, and the field.
EACH: list[tuple[Subjected, Sequence[object], dict[str, Any]]] = [
    (SHIFT, [DAY] * 64, {"type": "date"}),
    (NOISE, [3280] * 64, {"type": "integer"}),
    (FAKE, ["13812345678"] * 64, {"kind": "mobile"}),
]
each_keyed = pytest.mark.parametrize(
    ("operator", "values", "field"), EACH, ids=[each.name for each, _, _ in EACH]
)


@each_keyed
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("call", "meets"), CALLS)
def test_calls_meet_in_their_scopes_alone(
    operator: Subjected,
    values: Sequence[object],
    field: dict[str, Any],
    scope: KeyScope,
    call: Scope,
    meets: set[str],
) -> None:
    """The same subject gets the same within a scope; outside, what it gets by chance."""
    operator = replace(operator, scope=scope)
    here, there = (of(operator, values, PEOPLE, **field, scope=each) for each in (AID, call))
    if scope in meets or scope == "global":
        assert here == there
    else:
        assert sum(one == other for one, other in zip(here, there, strict=True)) < 8


@each_keyed
def test_scopes_and_keys_have_nothing_in_common(
    operator: Subjected, values: Sequence[object], field: dict[str, Any]
) -> None:
    """Nor have two operators: each derives a key of its own."""
    found = [of(replace(operator, scope=scope), values, PEOPLE, **field) for scope in SCOPES]
    found.append(of(operator, values, PEOPLE, **field, mac=lambda context: Mac(b"other" + context)))
    for index, one in enumerate(found):
        for other in found[index + 1 :]:
            assert sum(mine == theirs for mine, theirs in zip(one, other, strict=True)) < 8


@each_keyed
def test_values_without_their_subject_are_hidden(
    operator: Subjected, values: Sequence[object], field: dict[str, Any]
) -> None:
    """A subject that is null, or no record at all; the neighbours in the column are not."""
    hidden = HIDDEN if operator.output_type(field.get("type", "string")) == "string" else None
    alone = of(operator, values[:1], ["A"], **field)
    assert of(operator, values[:3], [None, "A", None], **field) == [hidden, *alone, hidden]
    assert tried(operator, *values[:2], mac=key, scope=AID, **field) == [hidden, hidden]
    assert hidden not in alone


@each_keyed
def test_a_record_is_treated_alike_wherever_it_stands(
    operator: Subjected, values: Sequence[object], field: dict[str, Any]
) -> None:
    """Rows may be taken out of a column and come in another order."""
    whole = of(operator, values, PEOPLE, **field)
    bind = Binding(field="f", mac=key, scope=AID, **{"type": "string", "kind": "general", **field})
    records = GivenRecords([()] * 64, {"person": PEOPLE}).only(range(63, 0, -2))
    some = operator.record_kernel(bind)(list(values[63:0:-2]), records)
    assert some == whole[63:0:-2]


@given(st.binary(min_size=32, max_size=32), st.integers(1, 10**45))
def test_a_deviation_is_never_none_at_all(found: bytes, most: int) -> None:
    """From 1 to the most, either way."""
    assert 1 <= abs(deviation(found, most)) <= most


def test_deviations_are_spread_evenly() -> None:
    """Each of the two times seven is met, and none much oftener than another."""
    met = Counter(deviation(number.to_bytes(32), 7) for number in range(1400))
    assert met == dict.fromkeys([*range(-7, 0), *range(1, 8)], 100)
    hashed = Counter(deviation(key(b"").mac(bytes([n % 256, n // 256])), 2) for n in range(8000))
    assert sorted(hashed) == [-2, -1, 1, 2]
    assert all(1800 < count < 2200 for count in hashed.values())


# Shift


@pytest.mark.parametrize(
    ("format", "value", "type"),
    [
        ("YYYY-MM-DD", "2024-02-29", "date"),
        ("YYYYMMDD", "20240229", "date"),
        ("YYYY/MM/DD", "2024/02/29", "date"),
        ("YYYY年MM月DD日", "2024年02月29日", "date"),
        ("DD/MM/YYYY", "29/02/2024", "date"),
        ("YYYY-MM-DDTHH:mm:ss", "2024-02-29T23:59:59", "datetime"),
        ("YYYY-MM-DDTHH:mm:ssZ", "2024-02-29T23:59:59+08:00", "datetime"),
        ("YYYY-MM-DDTHH:mm:ssZ", "2024-02-29T23:59:59Z", "datetime"),
        ("YYYY-MM-DD HH:mm", "2024-02-29 23:59", "datetime"),
        ("YYYYMMDDHHmmss", "20240229235959", "datetime"),
    ],
)
def test_a_date_is_moved_in_its_own_format(format: str, value: str, type: FieldType) -> None:
    """Time of day and zone stay, and so does what stands between."""
    (plain,) = shifted(SHIFT, [DAY])
    (moved,) = shifted(SHIFT, [value], type=type, format=format)
    year, month, day = plain.split("-")
    pieces = {"YYYY": year, "MM": month, "DD": day}
    expected = value
    for token, piece in pieces.items():
        start = format.index(token)
        expected = expected[:start] + piece + expected[start + len(token) :]
    assert moved == expected != value


@pytest.mark.parametrize(
    ("value", "format"),
    [
        ("2023-02-29", None),
        ("1900-02-29", None),
        ("0000-01-01", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("2024-2-29", None),
        ("2024-02-29 ", None),
        ("２０２４-02-29", None),
        ("20240229", None),
        ("", None),
        ("2024-02", "YYYY-MM"),
        ("202402", "YYYYMM"),
        ("2024", "YYYY"),
    ],
)
def test_what_cannot_be_moved_is_null(value: str, format: str | None) -> None:
    """No day of a calendar, another format, none with a day, the ends of time."""
    both = [shifted(SHIFT, [value], each, format=format)[0] for each in PEOPLE]
    assert None in both
    if not value.startswith(("0001", "9999")):
        assert set(both) == {None}


def test_the_open_end_comes_back_as_it_is() -> None:
    """It is no date, and nobody's."""
    assert shifted(SHIFT, ["长期", DAY, "长期"], "A", "A", None)[::2] == ["长期", "长期"]
    assert SHIFT.gives_back("长期")
    assert not SHIFT.gives_back(DAY)


DAYS = st.dates(date(20, 1, 1), date(9980, 1, 1))


@given(days=st.integers(7, 3660), dates=st.lists(DAYS, min_size=2, max_size=6), who=st.text())
def test_a_subjects_dates_are_moved_by_as_many_days(days: int, dates: list[date], who: str) -> None:
    """Intervals stay, leap days or not; no date stays; none goes further than it may."""
    operator = Shift(subject="person", days=days)
    column = [day.isoformat() for day in dates]
    moved = [date.fromisoformat(each) for each in shifted(operator, column, *[who] * len(column))]
    (offset,) = {after - before for before, after in zip(dates, moved, strict=True)}
    assert 1 <= abs(offset.days) <= days


def test_dates_of_every_kind_and_format_go_together() -> None:
    """A birth and an admission are as far apart as they were."""
    born = shifted(SHIFT, [DAY], kind="birth_date")
    assert born == shifted(SHIFT, [DAY], kind="date")
    (plain,) = shifted(SHIFT, ["20240229"], format="YYYYMMDD")
    assert plain == born[0].replace("-", "")


def test_subjects_and_numbers_of_days_are_moved_apart() -> None:
    """Two shifts of one date must not tell how far either is."""
    found = shifted(SHIFT, [DAY] * 64, *PEOPLE)
    assert len(set(found)) > 48
    twice = shifted(replace(SHIFT, days=400), [DAY] * 64, *PEOPLE)
    steps = [(date.fromisoformat(one) - date.fromisoformat(DAY)).days for one in found]
    further = [(date.fromisoformat(one) - date.fromisoformat(DAY)).days for one in twice]
    apart = {two - one for one, two in zip(steps, further, strict=True)}
    assert len(apart) > 48
    assert len({two - 2 * one for one, two in zip(steps, further, strict=True)}) > 48


def test_a_shift_shows_less_the_further_it_may_be() -> None:
    """Compared with years and months; a wider scope counts as more."""
    shown = [Shift(subject="s", days=days).shown() for days in (7, 30, 182, 200, 3660)]
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] > 0
    assert shown[2] > Year().shown() > shown[3]
    assert shown[0] < Month().shown()
    wider = [Shift(subject="s", days=200, scope=scope).shown() for scope in SCOPES]
    assert wider == sorted(set(wider))
    assert wider[-1] - wider[0] < 0.01


@pytest.mark.parametrize(
    ("kind", "days", "disclosure"),
    [("birth_date", 200, "partial"), ("birth_date", 100, "clear"), ("date", 7, "partial")],
)
def test_a_shift_is_measured_by_the_usual_mask(kind: str, days: int, disclosure: str) -> None:
    """Of a birth the year is usual, and a shift within half a year tells more."""
    beside = {"person": KINDS["resident_id"]}
    outcome = settle(replace(SHIFT, days=days), KINDS[kind], "date", Pseudonyms(), beside)
    assert outcome.disclosure is Disclosure[disclosure.upper()]


@pytest.mark.parametrize(
    ("operator", "kind", "type"),
    [(SHIFT, "date", "date"), (NOISE, "amount", "integer"), (FAKE, "mobile", "string")],
)
@pytest.mark.parametrize("beside", [{}, {"person": KINDS["sex"]}])
def test_without_an_identifier_for_its_subject_a_treatment_falls(
    operator: Subjected, kind: str, type: FieldType, beside: dict[str, Any]
) -> None:
    """To the class below, and says why."""
    allowed = Pseudonyms(kinds=("mobile",))
    outcome = settle(operator, KINDS[kind], type, allowed, beside)
    assert outcome.disclosure < operator.disclosure
    assert "person" in outcome.note
    assert "person" in outcome.note_zh
    whole = settle(operator, KINDS[kind], type, allowed, {"person": KINDS["resident_id"]})
    assert whole.operator == operator
