"""Kinds agree with what others compute of their numbers; where they do not, it is said why."""

import ipaddress
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import imei, luhn, mac, numdb
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

from gateway.sample.identifiers import body_check
from masking.check_digits import USCC_ALPHABET
from masking.kinds import kind

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Divisions of every sort: as they are, given up, of a year, and of no county.
COUNTIES = (
    "110101",
    "110103",
    "110118",
    "140105",
    "310115",
    "440305",
    "510107",
    "650102",
    "810000",
)
SPANNED = (date(1800, 1, 1), date(2099, 12, 31))


def fits(name: str, value: str) -> bool:
    """Tell whether a value is of a kind, alone and in a column alike."""
    misfits = kind(name).misfits
    assert misfits is not None
    alone = not misfits([value])
    assert misfits([value] * 40) == ([] if alone else list(range(40)))
    return alone


def digits(size: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=size, max_size=size)


@st.composite
def mutated(draw: st.DrawFn, values: st.SearchStrategy[str], characters: str) -> str:
    """Draw a value with a character changed, lost, doubled or put in, or two of them swapped."""
    value = draw(values)
    place = draw(st.integers(0, len(value) - 1))
    head, here, tail = value[:place], value[place], value[place + 1 :]
    other = draw(st.sampled_from(characters))
    return draw(
        st.sampled_from(
            (
                head + other + tail,
                head + tail,
                head + here + here + tail,
                head + other + here + tail,
                head + tail[:1] + here + tail[1:],
            )
        )
    )


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    """Draw a county or six digits, any day, a sequence number and the check digit of stdnum."""
    place = draw(st.sampled_from(COUNTIES) | digits(6))
    day = draw(st.dates(*SPANNED))
    body = f"{place}{day:%Y%m%d}{draw(digits(3))}"
    return body + ric.calc_check_digit(body + "0")


def _placed(value: str) -> bool:
    """Tell whether stdnum knows a county by the first six digits, in the year of birth."""
    try:
        return bool(ric.get_birth_place(value))
    except (
        ValidationError,
        KeyError,
    ):  # a KeyError is its answer for a province without the county
        return False


def _known(value: str) -> bool:
    """Tell whether stdnum takes a resident identity number."""
    try:
        return ric.is_valid(value)
    except KeyError:
        return False


SIGNS = DIGITS + "Xx -\n０"


@given(resident_ids() | mutated(resident_ids(), SIGNS) | st.text(DIGITS + "X", max_size=20))
@example("11010519491231002x")
@example("830000199001010017")
def test_resident_ids_are_those_of_stdnum_but_for_places_and_spelling(value: str) -> None:
    """Wherever the two differ it is for one of three reasons.

    Counties: ours are those of no table, which would be out of date; the
    province must be one, or 9 for residents from abroad. Years: ours are 1800
    to 2099. Spelling: ours has no blanks, and no digits but ASCII ones.
    """
    ours, theirs = fits("resident_id", value), _known(value)
    if ours and not theirs:
        assert not _placed(value)
    elif theirs and not ours:
        year = ric.get_birth_date(value).year
        assert value.upper() != ric.compact(value) or not 1800 <= year <= 2099
    elif ours:
        assert value.upper() == ric.compact(value)


@given(resident_ids())
def test_a_county_that_stdnum_knows_leaves_no_difference(value: str) -> None:
    """With the right check digit and a year of ours."""
    if _placed(value):
        assert fits("resident_id", value)
        assert _known(value)


def test_provinces_are_those_of_stdnum_and_one() -> None:
    """That one is 83, in numbers of people from Taiwan; 9 stands for other countries."""
    table = numdb.get("cn/loc")

    def numbered(head: str) -> str:
        body = f"{head}000019900101001"
        return body + ric.calc_check_digit(body + "0")

    heads = [f"{head:02}" for head in range(100)]
    theirs = {head for head in heads if "province" in table.info(head + "0000")[0][1]}
    ours = {head for head in heads if fits("resident_id", numbered(head))}
    assert ours == theirs | {"83"} | {f"9{digit}" for digit in DIGITS}


@st.composite
def credit_codes(draw: st.DrawFn, first: str = DIGITS) -> str:
    """Draw a credit code with the check character of stdnum."""
    head = draw(st.text(first, min_size=2, max_size=2)) + draw(digits(6))
    code = head + draw(st.text(USCC_ALPHABET, min_size=9, max_size=9))
    return code + uscc.calc_check_digit(code)


any_code = st.text(USCC_ALPHABET + "IOSVZ -a", min_size=16, max_size=20)


@given(
    credit_codes()
    | credit_codes(USCC_ALPHABET)
    | mutated(credit_codes(), USCC_ALPHABET + "IOSVZ -a\n")
    | any_code
)
@example("N2110000600037341L")
def test_credit_codes_are_those_of_stdnum_but_for_letters_and_spelling(value: str) -> None:
    """Wherever the two differ it is for one of two reasons.

    Letters: GB 32100 has such as A1 and N2 in front, where stdnum asks for
    digits. Spelling: ours has no blanks, no hyphens and no small letters.
    """
    ours, theirs = fits("uscc", value), uscc.is_valid(value)
    if ours and not theirs:
        assert not value[:2].isdecimal()
        assert value[-1] == uscc.calc_check_digit(value[:-1])
    elif theirs and not ours:
        assert value != uscc.compact(value)


def test_each_reason_occurs() -> None:
    """The differences are there, and not only allowed for."""
    body = "83000019900101001"
    taiwan = body + ric.calc_check_digit(body + "0")
    assert fits("resident_id", taiwan)
    assert not ric.is_valid(taiwan)
    body = "11010517991231002"
    old = body + ric.calc_check_digit(body + "0")
    assert ric.is_valid(old)
    assert not fits("resident_id", old)
    assert ric.is_valid(" 11010519491231002X ")
    assert not fits("resident_id", " 11010519491231002X ")
    code = "N2110105MF0000000"
    code += uscc.calc_check_digit(code)
    assert fits("uscc", code)
    assert not uscc.is_valid(code)
    assert uscc.is_valid("91110000-600037341l")
    assert not fits("uscc", "91110000-600037341l")


def _with_luhn(body: str) -> str:
    return body + luhn.calc_check_digit(body)


cards = st.text(DIGITS, min_size=1, max_size=22).map(_with_luhn)


@given(cards | mutated(cards, DIGITS + " x０\n") | st.text(DIGITS, max_size=22))
def test_cards_are_those_of_luhn_but_for_their_length(value: str) -> None:
    """Ours have 13 to 19 digits and no zero in front; Luhn's are any."""
    ours, theirs = fits("bank_card", value), luhn.is_valid(value)
    assert ours == (theirs and 13 <= len(value) <= 19 and value[0] != "0")


imeis = digits(14).map(_with_luhn)


@given(imeis | mutated(imeis, DIGITS + " -") | st.text(DIGITS, max_size=17))
def test_mobile_equipment_is_that_of_stdnum_with_its_check_digit(value: str) -> None:
    """Ours has 15 digits and no separators; stdnum also takes 14 and 16, unchecked."""
    ours = fits("imei", value)
    assert ours == (imei.is_valid(value) and len(value) == 15 and value.isdecimal())


registrations = (
    digits(12)
    .map(lambda rest: "14" + rest)
    .map(lambda body: body + str(mod_11_10.calc_check_digit(body)))
)


@given(registrations | mutated(registrations, DIGITS + "x") | digits(15))
def test_business_registrations_are_those_of_mod_11_10(value: str) -> None:
    """GS 15 has 15 digits, the first of them a region's."""
    ours = fits("business_registration", value)
    if value[:2] in ("14", "10"):
        assert ours == (len(value) == 15 and mod_11_10.is_valid(value))
    elif ours:
        assert mod_11_10.is_valid(value)


bodies = st.text(DIGITS + LETTERS, min_size=8, max_size=8)
org_codes = bodies.map(lambda body: f"{body}-{body_check(body)}")


@given(org_codes | org_codes.map(lambda code: code.replace("-", "")) | mutated(org_codes, DIGITS))
def test_organisation_codes_have_the_check_of_gb_11714(value: str) -> None:
    """As the maker of sample records computes it; the hyphen may be left out."""
    body, check = value[:8], value[8:].removeprefix("-")
    right = len(body) == 8 and "-" not in body and len(check) == 1 and check == body_check(body)
    assert fits("org_code", value) == right


HEX = DIGITS + "abcdefABCDEF"
addresses = st.lists(st.text(HEX, min_size=2, max_size=2), min_size=6, max_size=6)


@given(addresses.map(":".join) | addresses.map("-".join) | mutated(addresses.map(":".join), HEX))
def test_hardware_addresses_are_those_of_stdnum_with_two_digits_each(value: str) -> None:
    """stdnum also takes one digit between colons, and either separator in one address."""
    theirs = mac.is_valid(value, validate_manufacturer=False)
    padded = all(len(part) == 2 for part in value.replace("-", ":").split(":"))
    assert fits("mac_address", value) == (theirs and padded and len(set(value) & {*":-"}) == 1)


def _address(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


networked = (
    st.ip_addresses().map(str)
    | st.ip_addresses(v=6).map(lambda address: address.exploded)
    | st.lists(st.sampled_from(["0", "ffff", "1", "", "192.0.2.1"]), max_size=9).map(":".join)
)


@given(networked | mutated(networked.filter(bool), HEX + ":.%") | st.text(HEX + ":.", max_size=45))
@example("1:2:3:4:5:6:7::")
@example("::2:3:4:5:6:7:8")
@example("1:2:3:4:5:6::8")
@example("::1.2.3.4")
@example("1:2:3:4:5::1.2.3.4")
@example("1:2:3:4:5:6::1.2.3.4")
@example("fe80::1%eth0")
def test_internet_addresses_are_those_of_the_standard_library_without_zones(value: str) -> None:
    """RFC 4291 has no zone behind a percent sign; it says where one is, on one machine."""
    theirs = _address(ipaddress.ip_address, value) and "%" not in value
    assert fits("ip_address", value) == theirs


@pytest.mark.parametrize("value", ["1M8GDM9AXKP042788", "11111111111111111"])
def test_vehicle_numbers_that_are_widely_printed_fit(value: str) -> None:
    """No other check character does."""
    assert [fits("vin", value[:8] + check + value[9:]) for check in DIGITS + "X"].count(True) == 1
    assert fits("vin", value)


NUMBERS = {
    "resident_id": resident_ids(),
    "disability_certificate": resident_ids().map(lambda number: number + "43"),
    "uscc": credit_codes(),
    "org_code": org_codes,
    "business_registration": registrations,
    "bank_card": cards,
    "imei": imeis,
    "vin": st.just("1M8GDM9AXKP042788"),
}


@pytest.mark.parametrize("name", NUMBERS)
@given(data=st.data())
def test_a_column_is_judged_as_its_values_are(name: str, data: st.DataObject) -> None:
    """Right and nearly right numbers in any order, few or many: no sum runs into the next."""
    misfits = kind(name).misfits
    assert misfits is not None
    values = NUMBERS[name] | mutated(NUMBERS[name], DIGITS + "XYZ9")
    some = data.draw(st.lists(values, min_size=1, max_size=12))
    column = some * data.draw(st.sampled_from((1, 2, 7)))
    assert misfits(column) == [row for row, value in enumerate(column) if misfits([value])]
