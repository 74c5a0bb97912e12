"""Kinds know their shape, and their usual treatments keep the promises of their class."""

import re
from collections.abc import Mapping
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.check_digits import (
    BUSINESS_REGISTRATION,
    IMEI,
    RESIDENT_ID,
    USCC,
    Luhn,
    Mod11And10,
    WeightedSum,
)
from masking.grades import Disclosure
from masking.kinds import KINDS, NO_STANDARD, Kind, kind
from masking.operators import HIDDEN, FieldType, tried
from masking.operators.region import Region
from masking.operators.scrub import Scrub
from masking.policy import read_policy
from masking.policy.model import Pseudonyms
from masking.policy.outcome import standard
from tests.masking.kind_values import ALL_GOOD, BAD, GOOD

each_kind = pytest.mark.parametrize("each", KINDS.values(), ids=list(KINDS))
# The shape of these is any text that can be seen.
LOOSE = {"address", "org_name", "document_number"}
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
# A standard's number, or a document's.
CITED = re.compile(
    r"(?:G[BS](?:/T)?|GA) [0-9.]+-[0-9]{4}|(?:RFC|IEEE Std|ICAO Doc|3GPP TS) [0-9.]+"
    r"|ISO/IEC [0-9]+-[0-9]|ITU-T E\.164|[\u4e00-\u9fff]+〔20[0-9]{2}〕[0-9]+号"
)
NAMING = """\
policy: names
version: 1
provider: 11149900MB0C12002H
defaults:
  kinds: {person_name: linkable, org_name: linkable}
pseudonyms: {kinds: [person_name, org_name]}
"""
LONG = 200_000
# Seconds for some ninety values of that length; going back and forth takes days.
SOON = 10


def test_the_tables_name_every_kind_with_a_shape() -> None:
    """No kind gets a shape without values that fit and values that nearly do."""
    shaped = {name for name, each in KINDS.items() if each.misfits is not None}
    assert set(GOOD) == set(BAD) == shaped


@pytest.mark.parametrize("name", GOOD)
def test_good_values_fit(name: str) -> None:
    """One by one and in one column."""
    misfits = kind(name).misfits
    assert misfits is not None
    column = GOOD[name]
    assert [value for value in column if misfits([value])] == []
    assert misfits(column * 20) == []
    assert misfits([]) == []


@pytest.mark.parametrize("name", BAD)
def test_near_misses_are_found(name: str) -> None:
    """One by one, in one column, and each among good values, where it stands."""
    misfits = kind(name).misfits
    assert misfits is not None
    good = GOOD[name]
    assert [value for value in BAD[name] if not misfits([value])] == []
    assert misfits(BAD[name]) == list(range(len(BAD[name])))
    for value in ["", *BAD[name]]:
        assert misfits([*good, value, *good]) == [len(good)]


@each_kind
@given(column=st.lists(st.text(max_size=24) | st.sampled_from(ALL_GOOD), max_size=8))
def test_a_kind_judges_each_value_by_itself(each: Kind, column: list[str]) -> None:
    """No neighbour makes a value fit or misfit."""
    misfits = each.misfits
    if misfits is not None:
        expected = [index for index, value in enumerate(column) if misfits([value])]
        assert misfits(column) == expected


@each_kind
def test_a_column_that_is_not_text_is_an_error(each: Kind) -> None:
    """The engine takes it for a sign that the column is not whole."""
    for value in (None, 1, b"1"):
        for column in ([value], ["1", value]):
            if each.misfits is not None:
                with pytest.raises(TypeError):
                    each.misfits(column)  # type: ignore[arg-type]


@each_kind
def test_a_standard_treatment_is_of_the_class_it_stands_for(each: Kind) -> None:
    """Clear and nothing always exist; a pseudonym exists for identifiers alone."""
    for disclosure, operator in each.standard.items():
        assert operator.disclosure is disclosure
    assert {Disclosure.CLEAR, Disclosure.NOTHING} <= set(each.standard)
    assert (Disclosure.LINKABLE in each.standard) == each.identifier


@each_kind
def test_a_kind_says_what_it_is(each: Kind) -> None:
    """Titles in two languages; whatever it contains is a kind too, and not itself."""
    assert re.fullmatch("[a-z][a-z0-9]*(?:_[a-z0-9]+)*", each.name)
    assert each.title.isascii()
    assert re.search("[\u4e00-\u9fff]", each.title_zh)
    assert set(each.contains) <= set(KINDS) - {each.name}
    assert KINDS[each.name] is kind(each.name) is each


@each_kind
def test_a_kind_has_a_shape_or_says_why_it_has_none(each: Kind) -> None:
    """In two languages, and one of the two only."""
    assert (each.misfits is None) != (each.unshaped is None)
    if each.unshaped is not None:
        assert re.search("[a-z]{3}", each.unshaped.text)
        assert re.search("[\u4e00-\u9fff]", each.unshaped.text_zh)


@each_kind
def test_a_kind_cites_its_standards_or_has_none(each: Kind) -> None:
    """By number; what is no standard's is told by a dash."""
    if each.source != NO_STANDARD:
        assert all(map(CITED.fullmatch, each.source.split(", ")))


def test_kinds_without_a_standard_are_few() -> None:
    """Texts, names, sums: what no standard gives a shape to."""
    assert {each.name for each in KINDS.values() if each.source == NO_STANDARD} == {
        *("general", "free_text", "geo_point", "amount", "person_name", "address"),
        *("age", "photo", "document_number", "org_name"),
    }
    assert len(KINDS) >= 30


def test_titles_tell_kinds_apart() -> None:
    """In either language: spreadsheets and labels name kinds by them."""
    for titles in (
        [each.title for each in KINDS.values()],
        [each.title_zh for each in KINDS.values()],
    ):
        assert len(set(titles)) == len(titles)


@each_kind
def test_the_example_of_a_kind_fits_it(each: Kind) -> None:
    """And is not what its mask leaves."""
    assert each.example
    assert each.misfits is None or each.misfits([each.example]) == []


@pytest.mark.parametrize("name", GOOD)
def test_a_line_feed_before_or_behind_is_found(name: str) -> None:
    """As are carriage returns and NUL, which end a text for others."""
    misfits = kind(name).misfits
    assert misfits is not None
    for good in GOOD[name]:
        for value in (good + "\n", "\n" + good, good + "\r", good + "\x00", good + "\r\n"):
            assert misfits([value]) == [0]
            assert misfits([good, value, good]) == [1]


@pytest.mark.parametrize("name", sorted(set(GOOD) - LOOSE))
def test_full_width_digits_are_found(name: str) -> None:
    """They are no digits to the systems that numbers come from."""
    misfits = kind(name).misfits
    assert misfits is not None
    for good in GOOD[name]:
        wide = good.translate(FULL_WIDTH)
        assert wide == good or misfits([wide]) == [0]


@pytest.mark.parametrize("name", GOOD)
def test_a_huge_value_is_told_soon(name: str) -> None:
    """No shape goes back over what it has read more often than its own length."""
    misfits = kind(name).misfits
    assert misfits is not None
    began = process_time()
    for good in {GOOD[name][0], *GOOD[name][-2:]}:
        for piece in filter(None, (good, good[:-1], good[0], good[-1], good[: len(good) // 2])):
            whole = piece * (LONG // len(piece))
            for huge in (whole, whole + "\x00", good + whole):
                assert misfits([huge]) == [0]
                assert misfits([good, huge, good]) == [1]
    assert process_time() - began < SOON


@pytest.mark.parametrize("name", ["person_name", "org_name"])
def test_names_are_identifiers(name: str) -> None:
    """Direct ones to GB/T 42460: a policy may list them for pseudonyms, and one that does not
    gives them none."""
    for kinds, expected in (((name,), Disclosure.LINKABLE), ((), Disclosure.NOTHING)):
        found = standard(kind(name), "string", Disclosure.LINKABLE, Pseudonyms(kinds=kinds))
        assert found.disclosure is expected


def test_a_policy_may_list_names_for_pseudonyms() -> None:
    """It is read without a fault, as for any identifier."""
    policy = read_policy(NAMING.encode(), "policy.yaml")
    assert policy.pseudonyms.kinds == ("person_name", "org_name")


def _masked(name: str, values: list[str], type: FieldType = "string") -> list[str]:
    operator = kind(name).standard[Disclosure.PARTIAL]
    return tried(operator, *values, type=type, kind=name)


@pytest.mark.parametrize("name", GOOD)
def test_the_usual_mask_hides_at_least_a_third(name: str) -> None:
    """No good value of a kind comes out of its kind's own mask nearly whole."""
    operator = kind(name).standard.get(Disclosure.PARTIAL)
    if operator is None or isinstance(operator, Scrub | Region):
        return
    for value, masked in zip(GOOD[name], _masked(name, GOOD[name]), strict=True):
        assert masked == HIDDEN or masked.count("*") * 3 >= len(value)


def test_the_usual_mask_of_a_region_tells_no_county() -> None:
    """All codes of a prefecture come out as its own, whatever they are codes of."""
    codes = ["140105", "140100", "140181", "140105001", "140105001002"]
    assert kind("region").misfits(codes) == []  # type: ignore[misc]  # the kind has a shape
    assert set(_masked("region", codes)) == {"140100"}


@given(st.integers(-1799, 1799), st.integers(-899, 899), st.data())
def test_the_usual_mask_of_a_point_tells_a_cell_of_a_tenth_of_a_degree(
    east: int, north: int, data: st.DataObject
) -> None:
    """All points of a cell come out as one: some 100 square kilometres, never a house."""
    inside = st.integers(0, 99_999)
    points = [
        f"{_degrees(east, data.draw(inside))},{_degrees(north, data.draw(inside))}"
        for _ in range(2)
    ]
    assert set(_masked("geo_point", points, "geo_point")) == {f"{east / 10:.3f},{north / 10:.3f}"}


def _degrees(tenths: int, millionths: int) -> str:
    return f"{Decimal(tenths) / 10 + Decimal(millionths) / 1_000_000:.6f}"


def test_the_usual_mask_of_an_address_of_mail_tells_no_domain() -> None:
    """One of one's own names its owner."""
    (masked,) = _masked("email", ["info@wangfang.example.com"])
    assert masked.strip("*") == "i"


def test_an_unknown_kind_is_an_error() -> None:
    """No default stands in for a kind that is not there."""
    with pytest.raises(KeyError):
        kind("resident-id")


CHECKED: Mapping[str, WeightedSum | Luhn | Mod11And10 | None] = {
    "resident_id": RESIDENT_ID,
    "uscc": USCC,
    "business_registration": BUSINESS_REGISTRATION,
    "imei": IMEI,
    "org_code": None,
    "vin": None,
    "disability_certificate": None,
}


@pytest.mark.parametrize("name", CHECKED)
@given(data=st.data())
def test_check_digits_are_part_of_the_shape(name: str, data: st.DataObject) -> None:
    """A value with one digit changed does not fit."""
    value = data.draw(st.sampled_from(GOOD[name]))
    digits = [place for place, character in enumerate(value[:18]) if character.isdecimal()]
    place = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from("0123456789"))
    changed = value[:place] + other + value[place + 1 :]
    misfits = kind(name).misfits
    assert misfits is not None
    assert bool(misfits([changed])) == (changed != value)
    check = CHECKED[name]
    assert check is None or check.holds(value)
