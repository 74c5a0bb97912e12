"""Format-preserving encryption: the cipher is FF1, the format stays, and the key reverses it."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric

from keys.derive import Mac, derive_key
from keys.reversible import Ff1
from masking.check_digits import USCC, USCC_ALPHABET
from masking.formats import MAX_CHARACTERS, format_of
from masking.formats.checks import (
    credit_check,
    luhn_digit,
    organisation_check,
    resident_check,
)
from masking.formats.place import PROVINCES
from masking.kinds import kind
from masking.operators import HIDDEN, Binding, Scope
from masking.operators.fpe import Fpe
from tests.masking.ff1_vectors import DIGITS, LETTERS, NIST, OTHER, Vector
from tests.masking.kind_values import BAD, GOOD

ff1 = pytest.importorskip("fastfpe.ff1")

AID = Scope(requester="R1", purpose="aid", resource="S1")
TAX = Scope(requester="R1", purpose="tax", resource="S1")
# Of these whatever is well formed has a result.
OWN = ("bank_card", "mobile", "resident_id", "uscc")


def bound(name: str, *, scope: Scope = AID, key: bytes = b"k" * 32) -> Binding:
    """Bind a field of a kind, as the engine does."""
    described = kind(name)
    return Binding(
        field="field",
        type="string",
        kind=name,
        scope=scope,
        mac=lambda context: Mac(key + context),
        canonical=described.canonical,
        misfits=described.misfits,
    )


def encrypted(name: str, *values: str, scope: Scope = AID, key: bytes = b"k" * 32) -> list[str]:
    return Fpe().kernel(bound(name, scope=scope, key=key))(list(values))


def misfits(name: str, value: str) -> list[int]:
    """Return what the shape of a kind says of a value; any text fits one without a shape."""
    shape = kind(name).misfits
    return [] if shape is None else shape([value])


# Whether a number is right, by another's reckoning where there is one.
STANDARD: dict[str, Callable[[str], bool]] = {
    "bank_card": lambda value: bool(luhn.is_valid(value)),
    "mobile": str.isdigit,
    "resident_id": lambda value: bool(ric.calc_check_digit(value) == value[-1]),
    "uscc": lambda value: USCC.holds(value) and not misfits("org_code", value[8:17]),
}


def spelling(value: str) -> str:
    """Return a value with one sign for all digits, and one for all letters of a case."""
    return "".join(
        "0" if sign in DIGITS else "A" if sign.isupper() else "a" if sign.islower() else sign
        for sign in value
    )


@pytest.mark.parametrize("vector", NIST)
def test_the_library_gives_the_samples_of_the_standard(vector: Vector) -> None:
    """All nine, in both directions."""
    alphabet = DIGITS if vector.plain in DIGITS else LETTERS
    assert ff1.encrypt(vector.key, vector.tweak, alphabet, vector.plain) == vector.cipher
    assert ff1.decrypt(vector.key, vector.tweak, alphabet, vector.cipher) == vector.plain


@pytest.mark.parametrize("vector", OTHER, ids=[str(len(each.plain)) for each in OTHER])
def test_the_library_agrees_with_another(vector: Vector) -> None:
    """On as many digits, and tweaks as long, as are used here."""
    assert ff1.encrypt(vector.key, vector.tweak, DIGITS, vector.plain) == vector.cipher
    assert ff1.decrypt(vector.key, vector.tweak, DIGITS, vector.cipher) == vector.plain


def test_the_key_is_derived_and_has_256_bits() -> None:
    """From the MAC under a label of its own."""
    mac = Mac(b"k" * 32)
    key = derive_key(mac, b"sealgate/v1/ff1").hex()
    assert len(key) == 64
    assert Ff1(mac).encrypt("0123456789", b"t") == ff1.encrypt(key, "74", DIGITS, "0123456789")


IDS = st.builds(
    "{}{:04}{:%Y%m%d}{:03}".format,
    st.sampled_from(["11", "37", "50", "65", "71", "83", "90", "99"]),
    st.integers(0, 9999),
    st.dates(date(1800, 1, 1), date(2099, 12, 31)),
    st.integers(0, 999),
).map(lambda digits: digits + resident_check(digits))
CODES = st.builds(
    "{}{}{:04}{}".format,
    st.sampled_from(["11", "12", "51", "91", "92", "93", "A1", "N2", "Y1"]),
    st.sampled_from(["10", "11", "44", "65", "83"]),
    st.integers(0, 9999),
    st.text(USCC_ALPHABET, min_size=8, max_size=8),
).map(lambda stem: stem + (check := organisation_check(stem[8:])) + credit_check(stem + check))
CARDS = st.from_regex("[1-9][0-9]{11,17}", fullmatch=True).map(
    lambda digits: digits + luhn_digit(digits)
)
# Well-formed values of kinds of every sort.
WELL_FORMED: dict[str, st.SearchStrategy[str]] = {
    "resident_id": IDS,
    "uscc": CODES,
    "bank_card": CARDS,
    "mobile": st.integers(13 * 10**9, 20 * 10**9 - 1).map(str),
    "landline": st.from_regex(r"\A0[1-9][0-9]-[2-9][0-9]{7}\Z"),
    "passport": st.from_regex(r"\A[A-Z]{1,2}[0-9]{7}\Z"),
    "general": st.text("0123456789ABCxyz -/.", min_size=7, max_size=MAX_CHARACTERS),
    **{
        name: st.sampled_from(values)
        for name, values in GOOD.items()
        if name not in ("resident_id", "uscc", "bank_card", "mobile", "landline", "passport")
    },
}
each_kind = pytest.mark.parametrize("name", WELL_FORMED)


@each_kind
@given(data=st.data())
def test_a_result_is_of_the_kind_and_comes_back(name: str, data: st.DataObject) -> None:
    """It has the format and the shape of its kind, is another value, and the key reverses it."""
    value = data.draw(WELL_FORMED[name])
    (result,) = encrypted(name, value)
    canonical = (kind(name).canonical or str)(value)
    if result == HIDDEN:
        assert Fpe().reveal(bound(name))(result) is None
        return
    assert result not in (value, canonical)
    assert misfits(name, result) == []
    assert Fpe().reveal(bound(name))(result) == canonical
    if name not in ("resident_id", "uscc"):
        assert spelling(result) == spelling(value)


@pytest.mark.parametrize("name", OWN)
@given(data=st.data())
def test_a_well_formed_number_always_has_a_result(name: str, data: st.DataObject) -> None:
    """Its check digits are right by another's reckoning too."""
    (result,) = encrypted(name, data.draw(WELL_FORMED[name]))
    assert result != HIDDEN
    assert STANDARD[name](result)


@pytest.mark.parametrize("name", OWN)
def test_another_scope_or_key_gives_another_result(name: str) -> None:
    """So that nobody can join by it, or reverse it."""
    value = GOOD[name][0]
    results = {
        *encrypted(name, value),
        *encrypted(name, value, scope=TAX),
        *encrypted(name, value, key=b"another key of 32 bytes, for this"),
    }
    assert len(results) == 3
    (result,) = encrypted(name, value)
    assert Fpe().reveal(bound(name, scope=TAX))(result) != value


def test_spellings_of_one_value_give_one_result() -> None:
    """The small x of a resident ID, which comes back as a capital."""
    one, other = encrypted("resident_id", "11010519491231002X", "11010519491231002x")
    assert one == other
    assert Fpe().reveal(bound("resident_id"))(one) == "11010519491231002X"


@pytest.mark.parametrize("name", ["general", "resident_id", "uscc", "bank_card", "mobile", "email"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "12345",
        "AAAA",
        "-/. -/. -/.",
        "１２３４５６７８",
        "12345678\n",
        "1234\x005678",
        "1234567甲",
        "12345678\ud800",
        "1" * (MAX_CHARACTERS + 1),
        "1" * 10_000,
        "a_b_1234567",
        HIDDEN,
        "*" * 18,
    ],
)
def test_what_has_no_format_or_too_few_values_is_hidden(name: str, value: str) -> None:
    """And never quoted; nothing of the sort comes back either."""
    assert encrypted(name, value) == [HIDDEN]
    assert Fpe().reveal(bound(name))(value) is None


@pytest.mark.parametrize("name", OWN)
def test_what_is_not_of_the_kind_is_hidden(name: str) -> None:
    """Wrong places, days, checks and lengths."""
    assert set(encrypted(name, *BAD[name])) == {HIDDEN}


@pytest.mark.parametrize(
    "value", ["Z1110000600037341X", "93440300MA5FQ2Y0XD", "91990000600037341L"]
)
def test_a_credit_code_off_its_standard_is_hidden(value: str) -> None:
    """One of no register, with a wrong inner check, or of no province."""
    assert encrypted("uscc", value) == [HIDDEN]


@pytest.mark.parametrize("digits", [5, 6])
def test_a_million_values_are_the_least(digits: int) -> None:
    """Fewer could be tried one by one."""
    assert (encrypted("general", "1" * digits) == [HIDDEN]) is (digits < 6)


def test_addresses_of_machines_are_hidden() -> None:
    """Of what is spelled like one few are addresses: fewer than a million of some spellings."""
    assert encrypted("ip_address", "100.1.2.3", "192.168.100.200") == [HIDDEN, HIDDEN]


def test_a_format_is_permuted_whole() -> None:
    """Of the values of one format no two have the same result, and separators make another."""
    values = [f"{number:06}" for number in range(0, 10**6, 97)]
    results = encrypted("general", *values)
    assert len(set(results)) == len(results)
    assert encrypted("general", "123-456")[0].replace("-", "") != encrypted("general", "123456")[0]


@given(st.text(max_size=30) | st.text("0123456789ABCab-./ \0\ud800", max_size=80))
def test_any_text_is_hidden_or_comes_back(value: str) -> None:
    """And any text can be tried to be reversed."""
    (result,) = encrypted("general", value)
    reveal = Fpe().reveal(bound("general"))
    assert result == HIDDEN or reveal(result) == value
    before = reveal(value)
    assert before is None or encrypted("general", before) == [value]


@pytest.mark.parametrize("name", OWN)
@given(data=st.data())
def test_numbers_of_a_format_are_its_values(name: str, data: st.DataObject) -> None:
    """From the first to the last, each well formed and numbered as it is."""
    form = format_of(name, GOOD[name][0])
    assert form is not None
    last = form.size - 1
    number = data.draw(st.sampled_from([0, last]) | st.integers(0, last))
    value = form.value(number)
    assert form.number(value) == number
    assert misfits(name, value) == []


def test_provinces_are_those_of_the_shape() -> None:
    """No more, so that results have the shape; no fewer, so that no ID is hidden."""
    places = [f"{place:02}" for place in range(90)]
    taken = {place for place in places if not misfits("region", f"{place}0000")}
    assert taken == set(PROVINCES)


def test_a_missing_extra_is_told_when_the_operator_is_compiled() -> None:
    """By its name, before any value is looked at."""
    script = """
import sys
sys.modules["fastfpe"] = None
from masking.operators import tried
from masking.operators.fpe import Fpe
from masking.errors import ExtraMissingError
from keys.derive import Mac
try:
    tried(Fpe(), "13812345678", mac=Mac)
except ExtraMissingError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("EXTRA_MISSING: ")
    assert "sealgate[fpe]" in run.stdout
    assert "138" not in run.stdout


def test_a_cipher_shows_nothing_of_its_key() -> None:
    """Nor can it be copied or pickled; what holds the key as text prints as secret."""
    cipher = Ff1(Mac(b"k" * 32))
    key = derive_key(Mac(b"k" * 32), b"sealgate/v1/ff1").hex()
    held = cipher._key
    for shown in (repr(cipher), str(cipher), f"{held}", repr(held), str(held), f"{held!s:>9}"):
        assert key[:8] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(cipher)
    with pytest.raises(TypeError):
        copy.copy(cipher)
