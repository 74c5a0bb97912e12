"""Suites: registered numbers, signatures, payload encryption and key ids."""

import sys
from base64 import b32encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.derive import lp
from keys.errors import (
    DecryptionFailedError,
    KeyUnavailableError,
    SignatureInvalidError,
    SuiteRefusedError,
)
from keys.material import Purpose
from keys.suites import X25519, XWING, suite

BOTH = pytest.mark.parametrize("number", [XWING, X25519])
CHUNK = 16 * 1024

# RFC 8032 section 7.1, tests 1 to 3: private, public, message, signature.
ED25519_VECTORS = [
    pytest.param(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        id="1",
    ),
    pytest.param(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        id="2",
    ),
    pytest.param(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        id="3",
    ),
]

# Points of small order, and bytes that are no point: each would let a signature
# hold that nobody made.
NO_VERIFYING_KEYS = {
    "empty": b"",
    "short": bytes(31),
    "long": bytes(33),
    "order 4": bytes(32),
    "order 1": b"\x01" + bytes(31),
    "order 2": bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    "not canonical": b"\xff" * 32,
    "not on the curve": b"\x02" + bytes(31),
}


def test_a_suite_answers_to_its_number() -> None:
    """Numbers and names are registered for good."""
    assert [(s.number, s.name, s.hash_size, s.jws_algorithm) for s in (suite(1), suite(2))] == [
        (1, "XWING", 32, "Ed25519"),
        (2, "X25519", 32, "Ed25519"),
    ]
    assert suite(1) is suite(1)


@BOTH
def test_a_signature_in_a_note_is_of_the_types_of_its_algorithm(number: int) -> None:
    """As C2SP signed-note assigns them: plain Ed25519, and its timestamped cosignatures."""
    assert (suite(number).note_type, suite(number).cosignature_type) == (0x01, 0x04)


@pytest.mark.parametrize("number", [0, 3, 4, -1, 2**64])
def test_an_unregistered_number_is_refused(number: int) -> None:
    """Also numbers that are reserved for later."""
    with pytest.raises(SuiteRefusedError) as refusal:
        suite(number)
    assert str(number) in refusal.value.message
    assert str(number) in refusal.value.message_zh


@BOTH
def test_hash_takes_its_parts_as_one_run_of_bytes(number: int) -> None:
    """In one call, in parts, and through a running hash."""
    running = suite(number).hasher()
    running.update(b"ab")
    running.update(b"c")
    expected = sha256(b"abc").digest()
    assert suite(number).hash(b"abc") == suite(number).hash(b"a", b"", b"bc") == expected
    assert running.digest() == expected


@BOTH
@settings(deadline=None)
@given(key=st.binary(min_size=32, max_size=32), info=st.binary(max_size=99), n=st.integers(1, 99))
def test_expand_is_hkdf_with_an_empty_salt(number: int, key: bytes, info: bytes, n: int) -> None:
    """Held against the HKDF of `cryptography`."""
    expected = HKDF(hashes.SHA256(), n, None, info).derive(key)
    assert suite(number).expand(key, info, n) == expected


@BOTH
@pytest.mark.parametrize(("private", "public", "message", "signature"), ED25519_VECTORS)
def test_signatures_are_those_of_rfc_8032(
    number: int, private: str, public: str, message: str, signature: str
) -> None:
    """Public key and signature come out as published, and verify."""
    key = suite(number).signing_key(bytes.fromhex(private))
    said = bytes.fromhex(message)
    assert key.public.hex() == public
    assert key.sign(said).hex() == signature
    suite(number).verifying_key(key.public).verify(bytes.fromhex(signature), said)
    ledger = suite(number).ledger_key(bytes.fromhex(private))
    assert ledger.sign(said).hex() == signature


def test_a_signature_altered_anywhere_is_refused() -> None:
    """Every bit of signature and message counts, and no byte moves between them."""
    key, other = (suite(XWING).signing_key(bytes([seed]) * 32) for seed in (1, 2))
    verifying = suite(XWING).verifying_key(key.public)
    message = b"digest of an envelope"
    signature = key.sign(message)
    wrong = [
        (signature[:-1], signature[-1:] + message),
        (signature + message[:1], message[1:]),
        (signature[:-1], message),
        (signature + b"\0", message),
        (b"", signature + message),
        (b"", b""),
        (signature, message + b"\0"),
        (signature, message[:-1]),
        (bytes(64), message),
    ]
    wrong += [(_flip(signature, bit), message) for bit in range(8 * len(signature))]
    wrong += [(signature, _flip(message, bit)) for bit in range(8 * len(message))]
    verifying.verify(signature, message)
    for signed, said in wrong:
        with pytest.raises(SignatureInvalidError, match=verifying.key_id):
            verifying.verify(signed, said)
    with pytest.raises(SignatureInvalidError):
        suite(XWING).verifying_key(other.public).verify(signature, message)


@pytest.mark.parametrize("name", sorted(NO_VERIFYING_KEYS))
def test_bytes_that_are_no_public_key_are_refused(name: str) -> None:
    """Before anything is verified under them."""
    with pytest.raises(KeyUnavailableError, match="not a signing key"):
        suite(XWING).verifying_key(NO_VERIFYING_KEYS[name])


@pytest.mark.parametrize("purpose", [Purpose.OPENING, Purpose.PSEUDONYM])
def test_only_signing_and_ledger_keys_verify(purpose: Purpose) -> None:
    """A verifying key for sealing is a mistake of the program."""
    public = suite(XWING).generate(Purpose.SIGNING).public
    with pytest.raises(ValueError, match="verify"):
        suite(XWING).verifying_key(public, purpose)


@BOTH
@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_private_bytes_of_another_size_are_refused(
    number: int, purpose: Purpose, size: int
) -> None:
    """Each purpose takes 32 bytes."""
    with pytest.raises(KeyUnavailableError) as refusal:
        suite(number).private_key(purpose, bytes(size))
    assert purpose.title_zh in refusal.value.message_zh


@BOTH
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_key_is_made_of_the_randomness_given(number: int, purpose: Purpose) -> None:
    """The same dice give the same key, and the library's own dice another each time."""
    suite_ = suite(number)
    thrown = suite_.generate(purpose, lambda size: b"\x07" * size)
    assert thrown.key_id == suite_.private_key(purpose, b"\x07" * 32).key_id
    assert thrown.purpose is purpose
    assert thrown.suite == number
    assert suite_.generate(purpose).key_id != suite_.generate(purpose).key_id


@BOTH
def test_a_key_id_is_a_hash_of_purpose_and_public_half(number: int) -> None:
    """Both halves agree on it, and the same seed has another id for each purpose."""
    suite_ = suite(number)
    seed = b"\x05" * 32
    signing, ledger, opening = (
        suite_.signing_key(seed),
        suite_.ledger_key(seed),
        suite_.opening_key(seed),
    )
    digest = sha256(lp(b"sealgate/v1/key-id", b"signing", signing.public)).digest()
    assert signing.key_id == b32encode(digest).decode().lower()[:26]
    assert suite_.verifying_key(signing.public).key_id == signing.key_id
    assert suite_.verifying_key(ledger.public, Purpose.LEDGER).key_id == ledger.key_id
    assert suite_.sealing_key(opening.public).key_id == opening.key_id
    ids = {suite_.private_key(purpose, seed).key_id for purpose in Purpose}
    assert len(ids) == len(Purpose)


def test_a_pseudonym_key_gives_every_context_a_key_of_its_own() -> None:
    """Two contexts, or two keys, share no pseudonym; the same ones always do."""
    one, other = (suite(XWING).pseudonym_key(bytes([seed]) * 32) for seed in (1, 2))
    values = [
        key.mac(context).hex_column(["110101199001011237"], 32)[0]
        for key, context in [(one, b"a"), (one, b"b"), (other, b"a"), (one, b"a")]
    ]
    assert len(set(values)) == 3
    assert values[0] == values[3]
    assert one.public == b""


@BOTH
@settings(max_examples=30, deadline=None)
@given(
    size=st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 2**20, 2**20 + 1]),
    context=st.binary(max_size=64),
)
def test_a_payload_comes_back_under_key_and_context(number: int, size: int, context: bytes) -> None:
    """At every border of chunk and buffer."""
    plaintext = bytes(range(256)) * (size // 256 + 1)
    plaintext = plaintext[:size]
    ciphertext = suite(number).encrypt(b"\x01" * 32, context, plaintext)
    assert type(ciphertext) is bytes
    assert suite(number).decrypt(b"\x01" * 32, context, ciphertext) == plaintext
    with pytest.raises(DecryptionFailedError):
        suite(number).decrypt(b"\x02" * 32, context, ciphertext)
    with pytest.raises(DecryptionFailedError):
        suite(number).decrypt(b"\x01" * 32, context + b"\0", ciphertext)


def test_a_payload_altered_or_cut_anywhere_is_refused() -> None:
    """Every byte, every truncation, every chunk exchanged or left out."""
    suite_, key = suite(XWING), b"\x01" * 32
    short = suite_.encrypt(key, b"c", b"a record")
    chunked = suite_.encrypt(key, b"c", bytes(3 * CHUNK))
    head, sealed = 56, CHUNK + 16
    first, second = chunked[head : head + sealed], chunked[head + sealed : head + 2 * sealed]
    wrong = [short[:size] for size in range(len(short))]
    wrong += [_flip(short, 8 * position) for position in range(len(short))]
    wrong += [
        short + b"\0",
        chunked[:-1],
        chunked[: head + sealed],
        chunked[: head + 2 * sealed],
        chunked[:head] + second + first + chunked[head + 2 * sealed :],
        chunked[:head] + second + chunked[head + 2 * sealed :],
        _flip(chunked, 8 * (head + sealed)),
    ]
    for ciphertext in wrong:
        with pytest.raises(DecryptionFailedError):
            suite_.decrypt(key, b"c", ciphertext)


def test_two_encryptions_share_no_bytes_of_a_kept_buffer() -> None:
    """A ciphertext stays as it was while the next one is made in the same buffer."""
    suite_, key = suite(XWING), b"\x01" * 32
    first = suite_.encrypt(key, b"1", b"a" * 50_000)
    kept = bytes(first)
    second = suite_.encrypt(key, b"2", b"b" * 40_000)
    assert first == kept
    assert suite_.decrypt(key, b"1", first) == b"a" * 50_000
    assert suite_.decrypt(key, b"2", second) == b"b" * 40_000


def test_threads_share_no_buffer_while_they_encrypt() -> None:
    """Eight at once, at sizes that take a kept buffer: each ciphertext is its own."""
    suite_, key = suite(XWING), b"\x01" * 32

    def round_trip(number: int) -> bool:
        plaintext, context = bytes([number]) * (20_000 + 1_000 * number), bytes([number])
        return all(
            suite_.decrypt(key, context, suite_.encrypt(key, context, plaintext)) == plaintext
            for _ in range(40)
        )

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(round_trip, range(8)))
    finally:
        sys.setswitchinterval(interval)


def _flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
