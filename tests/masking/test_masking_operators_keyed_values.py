"""Noise on numbers, and made-up values: the same for one subject."""

import math
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.fakes import FAKES
from masking.kinds import KINDS
from masking.operators import HIDDEN, Binding, FieldType, tried
from masking.operators.bucket import Bucket
from masking.operators.fake import Fake
from masking.operators.noise import MAX_PLACES, Noise
from tests.masking.subjects import AID, SCOPES, key, of

PEOPLE = [f"person {number}" for number in range(64)]
NOISE = Noise(spread=500, subject="person")
FAKE = Fake(subject="person")


@given(value=st.integers(-(10**29), 10**29), spread=st.integers(1, 10**15), who=st.text())
def test_noise_on_an_integer_is_exact_and_never_nothing(value: int, spread: int, who: str) -> None:
    """However large it is."""
    operator = Noise(spread=spread, subject="person")
    (noisy,) = of(operator, [value], [who], type="integer")
    assert type(noisy) is int
    assert 1 <= abs(noisy - value) <= spread


@given(
    units=st.integers(-(10**30) + 1, 10**30 - 1),
    places=st.integers(0, MAX_PLACES),
    spread=st.integers(1, 10**15),
)
def test_noise_on_a_decimal_is_in_its_last_place(units: int, places: int, spread: int) -> None:
    """Exact where arithmetic would round; as many places come out as went in."""
    value = Decimal(f"{units}E-{places}")
    with localcontext() as narrow:
        narrow.prec = 3
        (noisy,) = tried(Noise(spread=spread), value, type="decimal", mac=key, scope=AID)
    assert noisy.as_tuple().exponent == -places
    with localcontext() as wide:
        wide.prec = 100
        assert 0 < abs(noisy - value) <= spread


def test_cents_do_not_pass_through() -> None:
    """Of a hundred amounts that end in .37 hardly any does so afterwards."""
    amounts = [Decimal(f"{number}.37") for number in range(1000, 1100)]
    noisy = tried(Noise(spread=500), *amounts, type="decimal", mac=key, scope=AID)
    assert sum(str(each).endswith(".37") for each in noisy) < 10
    assert len({str(each)[-3:] for each in noisy}) > 30


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (Decimal("NaN"), "decimal"),
        (Decimal("sNaN"), "decimal"),
        (Decimal("-Infinity"), "decimal"),
        (Decimal("1E+30"), "decimal"),
        (Decimal("1E+999999"), "decimal"),
        (Decimal("-1E+30"), "decimal"),
        (Decimal("1E-31"), "decimal"),
        (Decimal("0E-999999"), "decimal"),
        (10**30, "integer"),
        (-(10**30), "integer"),
    ],
)
def test_what_no_noise_can_hide_is_null(value: object, type: FieldType) -> None:
    """No number, one too large, one with more places than anybody writes."""
    assert tried(Noise(spread=5), value, type=type, mac=key, scope=AID) == [None]
    assert of(Noise(spread=5, subject="person"), [value], ["A"], type=type) == [None]


def test_a_number_of_thousands_of_digits_is_null() -> None:
    """Nobody writes it out."""
    assert tried(Noise(spread=5), 10**6000, type="integer", mac=key, scope=AID) == [None]


@pytest.mark.parametrize(
    ("one", "other"), [("1E+3", "1000"), ("-0", "0"), ("0E+999999", "0"), ("-0.00", "0.00")]
)
def test_spellings_of_a_number_get_the_same_noise(one: str, other: str) -> None:
    """As long as they say as many places."""
    noisy = tried(Noise(spread=5), Decimal(one), Decimal(other), type="decimal", mac=key, scope=AID)
    assert str(noisy[0]) == str(noisy[1])


def test_who_asks_again_learns_nothing() -> None:
    """The same number of the same subject is as noisy each time; another's is not."""
    noisy = of(NOISE, [3280] * 64 * 2, PEOPLE * 2, type="integer")
    assert noisy[:64] == noisy[64:]
    assert len(set(noisy)) > 48
    same = of(NOISE, list(range(64)), ["A"] * 64, type="integer")
    assert len({after - before for before, after in enumerate(same)}) > 48


def test_without_a_subject_equal_numbers_stay_equal() -> None:
    """As the description says."""
    noisy = tried(Noise(spread=500), 7, 8, 7, type="integer", mac=key, scope=AID)
    assert noisy[0] == noisy[2] != noisy[1] - 1


def test_a_subject_and_a_number_are_not_run_together() -> None:
    """No two pairs are hashed alike, whatever stands in a subject."""
    noisy = of(NOISE, [1, 11, 1, 1], ["1", "", "0\n1", "1 0\n1"], type="integer")
    assert len({after - before for before, after in zip((1, 11, 1, 1), noisy, strict=True)}) == 4


def test_spreads_are_made_apart() -> None:
    """Two of one number tell no more than both."""
    some, more = (
        tried(Noise(spread=spread), *range(64), type="integer", mac=key, scope=AID)
        for spread in (500, 1000)
    )
    assert len({two - one for one, two in zip(some, more, strict=True)}) > 48


def test_noise_is_compared_with_a_bucket_as_wide() -> None:
    """A wider scope counts as a little more."""
    assert Noise(spread=500).shown() == Bucket(width=1000).shown()
    shown = [Noise(spread=500, scope=scope).shown() for scope in SCOPES]
    assert shown == sorted(set(shown))
    assert Noise(spread=10**15).shown() > 0
    assert math.isclose(shown[-1], shown[0] + 0.003)


# Made-up values

SAMPLES = {"person_name": "王芳", "mobile": "13812345678", "org_name": "青岚市某某有限公司"}


@pytest.mark.parametrize("kind", FAKES)
def test_what_is_made_up_is_of_the_kinds_shape(kind: str) -> None:
    """All over the list, and it is long."""
    fakes, misfits = FAKES[kind], KINDS[kind].misfits
    assert fakes.size >= 100_000
    step = fakes.size // 5000 | 1
    some = [fakes.at(number) for number in range(0, fakes.size, step)]
    assert misfits is not None
    assert misfits(some) == []
    assert len(set(some)) > 0.99 * len(some)
    assert all(len(set(part)) == len(part) for part in fakes.parts)
    assert fakes.at(fakes.size) == fakes.at(0)


@pytest.mark.parametrize("kind", FAKES)
@given(subject=st.text(), number=st.integers(0, 10**9))
def test_the_value_itself_is_never_made_up(kind: str, subject: str, number: int) -> None:
    """Who has a name of the list is given the next."""
    value = FAKES[kind].at(number)
    (fake,) = of(FAKE, [value], [subject], kind=kind)
    assert fake != value
    (again,) = of(FAKE, [fake], [subject], kind=kind)
    assert again != fake


@pytest.mark.parametrize("kind", FAKES)
def test_made_up_values_are_spread(kind: str) -> None:
    """A thousand subjects get nearly as many values, and one gets one."""
    people = [str(number) for number in range(1000)]
    found = of(FAKE, [SAMPLES[kind]] * 1000, people, kind=kind)
    assert len(set(found)) > 980
    assert SAMPLES[kind] not in found
    assert found == of(FAKE, ["another"] * 1000, people, kind=kind)


def test_without_a_subject_equal_values_stay_equal() -> None:
    """By the kind's one spelling."""
    names = tried(Fake(), "王芳", "李明", "王芳", kind="person_name", mac=key, scope=AID)
    assert names[0] == names[2] != names[1]
    bind = Binding(
        field="f", type="string", kind="org_name", scope=AID, mac=key, canonical=str.upper
    )
    one, other = Fake().kernel(bind)(["abc公司", "ABC公司"])
    assert one == other


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(FAKES)))
def test_a_kind_without_a_list_is_hidden(kind: str) -> None:
    """With a subject and without."""
    assert of(FAKE, ["a", "b"], ["A", "B"], kind=kind) == [HIDDEN, HIDDEN]
    assert tried(Fake(), "a", kind=kind, mac=key, scope=AID) == [HIDDEN]


def test_nobody_is_given_a_name_that_everybody_knows() -> None:
    """None of the parts make it up."""
    surnames, first, second = FAKES["person_name"].parts
    for name in _KNOWN.split():
        assert not (name[0] in surnames and name[1] in first and name[2] in second)


_KNOWN = "孟浩然 卓文君 李清照 王安石 文天祥 钱学森 林徽因 沈从文 徐志摩 华罗庚 袁隆平 陈景润"


def test_a_telephone_that_is_made_up_rings_nowhere() -> None:
    """Its range was given to no operator."""
    assert {FAKES["mobile"].at(number)[:3] for number in range(1000)} == {"154", "194"}
