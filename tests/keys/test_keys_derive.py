"""Length-prefixed joining, HMAC and HKDF: published vectors, and laws against other code."""

import hmac
import pickle
from hashlib import sha256, sha512

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.derive import Hkdf, Mac, Secret, derive_key, lp
from keys.suites import suite

PARTS = st.lists(st.binary(max_size=40), max_size=5)

# RFC 4231 section 4; case 5 is a truncated output, which this project has not.
HMAC_VECTORS = [
    pytest.param(
        b"\x0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        id="1",
    ),
    pytest.param(
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        id="2",
    ),
    pytest.param(
        b"\xaa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        id="3",
    ),
    pytest.param(
        bytes(range(1, 26)),
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        id="4",
    ),
    pytest.param(
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        id="6",
    ),
    pytest.param(
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size "
        b"data. The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        id="7",
    ),
]

# RFC 5869 appendix A: the SHA-256 cases, from the pseudorandom key on.
EXPAND_VECTORS = [
    pytest.param(
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        id="A.1",
    ),
    pytest.param(
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        bytes(range(0xB0, 0x100)).hex(),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
        "cc30c58179ec3e87c14c01d5c1f3434f1d87",
        id="A.2",
    ),
    pytest.param(
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        id="A.3",
    ),
]


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ((), b""),
        ((b"",), bytes(8)),
        ((b"ab", b""), b"\0\0\0\0\0\0\0\x02ab" + bytes(8)),
        ((bytes(5000),), b"\0\0\0\0\0\0\x13\x88" + bytes(5000)),
    ],
)
def test_lp_puts_each_part_behind_its_length(parts: tuple[bytes, ...], joined: bytes) -> None:
    """Eight bytes, big-endian, counting bytes, also beyond the prepared lengths."""
    assert lp(*parts) == joined


@settings(deadline=None)
@given(PARTS, PARTS)
def test_lp_gives_different_parts_different_bytes(one: list[bytes], other: list[bytes]) -> None:
    """No two lists of parts join to the same bytes."""
    assert (lp(*one) == lp(*other)) == (one == other)


@pytest.mark.parametrize(("key", "message", "expected"), HMAC_VECTORS)
def test_mac_gives_the_vectors_of_rfc_4231(key: bytes, message: bytes, expected: str) -> None:
    """HMAC-SHA256, with keys shorter and longer than a block."""
    assert Mac(key).mac(message).hex() == expected


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_mac_equals_hmac_over_any_hash(key: bytes, message: bytes) -> None:
    """The prepared states give what `hmac.digest` gives, also with a wider block."""
    assert Mac(key).mac(message) == hmac.digest(key, message, "sha256")
    assert Mac(key, sha512).mac(message) == hmac.digest(key, message, "sha512")


@pytest.mark.parametrize("size", [0, 63, 64, 65, 127, 128, 129])
def test_mac_equals_hmac_where_a_key_fills_a_block(size: int) -> None:
    """Only a key longer than a block is hashed first."""
    key = bytes(range(size))
    assert Mac(key).mac(b"m") == hmac.digest(key, b"m", "sha256")
    assert Mac(key, sha512).mac(b"m") == hmac.digest(key, b"m", "sha512")


@settings(deadline=None)
@given(st.lists(st.text()), st.integers(1, 64))
def test_a_column_is_hashed_value_by_value(column: list[str], digits: int) -> None:
    """`hex_column` is `mac` of each text, cut to the digits asked for."""
    mac = Mac(b"key")
    expected = [mac.mac(value.encode()).hex()[:digits] for value in column]
    assert mac.hex_column(column, digits) == expected


def test_a_lone_surrogate_is_hashed_and_not_quoted_in_an_error() -> None:
    """An encoding error would carry the value."""
    assert len(Mac(b"key").hex_column(["\ud800", "张三"], 32)) == 2


@pytest.mark.parametrize("digits", [-1, 0, 65])
def test_a_column_has_as_many_digits_as_the_hash_gives(digits: int) -> None:
    """Digits that the hash has not are refused instead of cut short."""
    with pytest.raises(ValueError, match="digits"):
        Mac(b"key").hex_column(["a"], digits)


@pytest.mark.parametrize(("pseudorandom_key", "info", "expected"), EXPAND_VECTORS)
def test_expand_gives_the_vectors_of_rfc_5869(
    pseudorandom_key: str, info: str, expected: str
) -> None:
    """The three SHA-256 cases, of one block and of several."""
    wanted = bytes.fromhex(expected)
    key = bytes.fromhex(pseudorandom_key)
    assert Hkdf().expand(key, bytes.fromhex(info), len(wanted)) == wanted


def test_extract_gives_the_vector_of_rfc_5869_without_salt() -> None:
    """Case A.3 is the one with an empty salt."""
    expected = "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"
    assert Hkdf().extract(b"\x0b" * 22).hex() == expected


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=80), st.binary(max_size=80), st.integers(1, 200))
def test_hkdf_equals_that_of_cryptography(key: bytes, info: bytes, length: int) -> None:
    """Another implementation gives the same for every length."""
    hkdf = Hkdf()
    expected = HKDF(hashes.SHA256(), length, None, info).derive(key)
    assert hkdf.expand(hkdf.extract(key), info, length) == expected


@pytest.mark.parametrize(("size", "length"), [(32, 0), (32, 255 * 32 + 1), (31, 32), (33, 32)])
def test_hkdf_refuses_what_it_is_not_defined_for(size: int, length: int) -> None:
    """Neither more than 255 blocks nor a pseudorandom key of another size."""
    with pytest.raises(ValueError, match="HKDF"):
        Hkdf().expand(bytes(size), b"", length)


def test_hkdf_reaches_its_longest_output() -> None:
    """The counter is one byte: 255 blocks are the most."""
    assert len(Hkdf().expand(bytes(32), b"", 255 * 32)) == 255 * 32


def test_derived_keys_differ_by_every_part() -> None:
    """Parts that join to the same text are still different parts."""
    mac = Mac(b"key")
    derived = {
        derive_key(mac, b"label", b"ab"),
        derive_key(mac, b"label", b"a", b"b"),
        derive_key(mac, b"labela", b"b"),
        derive_key(Mac(b"yek"), b"label", b"ab"),
    }
    assert len(derived) == 4


def test_a_secret_is_the_same_bytes_and_shows_none_of_them() -> None:
    """Equal, hashable and usable as bytes; silent as text."""
    secret = Secret(b"plain words")
    assert secret == b"plain words"
    assert hash(secret) == hash(b"plain words")
    assert sha256(secret).digest() == sha256(b"plain words").digest()
    assert {repr(secret), str(secret), f"{secret}", f"{secret:>40}"} == {"<11 secret bytes>"}
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


@pytest.mark.parametrize("number", [1, 2])
@given(key=st.binary(min_size=32, max_size=32), info=st.binary(max_size=80))
def test_an_expander_is_hkdf_of_its_key(number: int, key: bytes, info: bytes) -> None:
    """The extract done once gives what HKDF gives each time, and shows nothing."""
    chosen = suite(number)
    expander = chosen.expander(key)
    assert expander.expand(info) == chosen.expand(key, info, chosen.hash_size)
    assert expander.expand(info) == expander.expand(info)
    assert repr(expander) == "<Expander, key withheld>"
    with pytest.raises(TypeError):
        pickle.dumps(expander)
