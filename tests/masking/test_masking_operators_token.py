"""Tokens: equal for equal values, unlike for others, and their provider alone reads them."""

import copy
import pickle
import re

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from keys.derive import Mac, derive_key
from keys.reversible import Siv
from masking.kinds import kind
from masking.operators import HIDDEN, Binding, FieldType, Scope
from masking.operators.token import MAX_BYTES, PREFIX, Token

AID = Scope(requester="R1", purpose="aid", resource="S1")
SPELLED = re.compile(r"sgt1_[A-Za-z0-9_-]+")
TEXTS = st.text(max_size=40) | st.text("\0\x80\n王𠮷 *sgt1_", max_size=60)


def bound(
    *, type: FieldType = "string", name: str = "general", scope: Scope = AID, key: bytes = b"k" * 32
) -> Binding:
    described = kind(name)
    return Binding(
        field="field",
        type=type,
        kind=name,
        scope=scope,
        mac=lambda context: Mac(key + context),
        canonical=described.canonical,
        misfits=described.misfits,
    )


def token(*values: object, operator: Token = Token(), **field: object) -> list[str]:  # noqa: B008  # frozen
    return operator.kernel(bound(**field))(list(values))  # type: ignore[arg-type]


@given(TEXTS)
def test_a_token_comes_back(value: str) -> None:
    """Whatever Unicode the value is; it is spelled so that addresses and tables can hold it."""
    (made,) = token(value)
    assert SPELLED.fullmatch(made)
    assert made != value
    assert Token().reveal(bound())(made) == value
    assert token(value, value) == [made, made]


@given(st.integers())
def test_a_number_comes_back_as_it_is_written(value: int) -> None:
    """Of numbers text is told."""
    (made,) = token(value, type="integer")
    assert Token().reveal(bound(type="integer"))(made) == str(value)


@given(TEXTS, TEXTS)
def test_unlike_values_have_unlike_tokens(one: str, other: str) -> None:
    """And equal ones equal."""
    first, second = token(one, other)
    assert (first == second) is (one == other)


@pytest.mark.parametrize("size", [0, 1, 14, 15, 16, 31, 32, 1023, MAX_BYTES])
def test_a_length_is_told_in_blocks_only(size: int) -> None:
    """Of 16 bytes, what ends the value among them."""
    made = [token("x" * size)[0], token("y" * (size // 16 * 16))[0]]
    assert len({len(each) for each in made}) == 1


@pytest.mark.parametrize("value", ["x" * (MAX_BYTES + 1), "王" * 10_000, "a\ud800", "\udfff"])
def test_what_cannot_be_a_token_is_hidden(value: str) -> None:
    """Too long, or no Unicode."""
    assert token(value) == [HIDDEN]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_without_end_is_hidden(sign: int) -> None:
    """Before it is written out, which takes time by the square of its length."""
    assert token(sign * (1 << 200_000), type="integer") == [HIDDEN]


SCOPES = {
    "requester+purpose": "requester purpose",
    "requester": "requester",
    "resource": "resource",
    "global": "",
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("part", ["requester", "purpose", "resource"])
def test_a_scope_says_who_can_join(scope: str, part: str) -> None:
    """A token is the same wherever the parts of its scope are, and cannot be read elsewhere."""
    operator = Token(scope=scope)  # type: ignore[arg-type]
    other = Scope(**{"requester": "R1", "purpose": "aid", "resource": "S1", part: "other"})
    (here,) = token("13812345678", operator=operator)
    (there,) = token("13812345678", operator=operator, scope=other)
    bears = part in SCOPES[scope].split()
    assert (here != there) is bears
    assert operator.reveal(bound(scope=other))(here) == (None if bears else "13812345678")


def test_kinds_scopes_and_keys_do_not_mix() -> None:
    """Each of them makes another token of one value."""
    made = {
        *token("13812345678"),
        *token("13812345678", name="mobile"),
        *token("13812345678", key=b"another key of 32 bytes, for this"),
        *(token("13812345678", operator=Token(scope="requester"))),
    }
    assert len(made) == 4


def test_spellings_of_one_value_have_one_token() -> None:
    """Which comes back in the kind's own."""
    one, other = token("11010519491231002X", "11010519491231002x", name="resident_id")
    assert one == other
    assert Token().reveal(bound(name="resident_id"))(one) == "11010519491231002X"


def _near_misses(made: str) -> list[str]:
    body = made.removeprefix(PREFIX)
    changed = [
        made[:place] + ("A" if made[place] != "A" else "B") + made[place + 1 :]
        for place in range(len(made))
    ]
    return [
        "",
        PREFIX,
        body,
        PREFIX + "=",
        PREFIX + "A",
        made + "=",
        made + "A",
        made + "\n",
        made[:-1],
        made[:-4],
        PREFIX + body[4:],
        made.upper(),
        made.replace(PREFIX, "sgt2_"),
        made.translate({ord("A"): "Ａ", ord("w"): "ｗ"}) + "é",
        " " + made,
        made * 1000,
        PREFIX + "A" * 100_000,
        made + "\ud800",
        made + "\0",
        *changed,
    ]


@pytest.mark.parametrize("value", ["13812345678", "", "x" * 15])
def test_what_is_no_token_of_this_key_is_told(value: str) -> None:
    """One character changed, left out or added; the last one has bits that say nothing."""
    (made,) = token(value)
    reveal = Token().reveal(bound())
    assert reveal(made) == value
    assert [reveal(near) for near in _near_misses(made)] == [None] * len(_near_misses(made))


@given(st.text(max_size=60) | st.text(max_size=60).map(PREFIX.__add__))
def test_any_text_can_be_tried(text: str) -> None:
    """None of them is a token, and none breaks anything."""
    assert Token().reveal(bound())(text) is None


def test_the_cipher_is_that_of_the_rfc() -> None:
    """Under two derived keys of 256 bits, without associated data."""
    mac = Mac(b"k" * 32)
    halves = [derive_key(mac, b"sealgate/v1/aes-siv", half) for half in (b"1", b"2")]
    assert len(b"".join(halves)) == 64
    made = Siv(mac).encrypt(b"plain")
    assert made == AESSIV(b"".join(halves)).encrypt(b"plain", None)
    assert Siv(mac).decrypt(made) == b"plain"
    assert Siv(mac).decrypt(b"") is None


def test_the_library_gives_what_the_rfc_shows() -> None:
    """RFC 5297, appendix A.1."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    data = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    plain = bytes.fromhex("112233445566778899aabbccddee")
    made = "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
    assert AESSIV(key).encrypt(plain, [data]).hex() == made


def test_a_cipher_shows_nothing_of_its_key() -> None:
    """Nor can it be copied or pickled."""
    cipher = Siv(Mac(b"k" * 32))
    assert repr(cipher) == "<Siv, key withheld>"
    with pytest.raises(TypeError):
        pickle.dumps(cipher)
    with pytest.raises(TypeError):
        copy.copy(cipher)
