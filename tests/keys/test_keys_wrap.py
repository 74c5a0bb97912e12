"""Wrapping content keys: HPKE of both suites, against published KEM vectors.

No published HPKE vector fits: they all use an `aad`, and this project has none.
So the test carries RFC 9180's key schedule itself, begins with the shared
secret of a published KEM vector, and lets the suite open what comes out.
"""

import hmac
import json
from hashlib import sha3_256, sha256, shake_256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.derive import Secret
from keys.errors import DecryptionFailedError, KeyUnavailableError
from keys.material import Purpose
from keys.suites import X25519, XWING, suite

BOTH = pytest.mark.parametrize("number", [XWING, X25519])
CONTENT_KEY = bytes(range(32))
INFO = b"Ode on a Grecian Urn"
ENC_BYTES = {XWING: 1120, X25519: 32}
KEM_ID = {XWING: 0x647A, X25519: 0x0020}

XWING_LABEL = bytes.fromhex("5c2e2f2f5e5c")

# RFC 9180 appendix A.1.1
DHKEM_PRIVATE = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"
DHKEM_PUBLIC = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
DHKEM_ENC = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
DHKEM_SECRET = "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc"


def xwing_vector() -> dict[str, bytes]:
    """Return seed, public key, ciphertext and shared secret of the draft."""
    text = json.loads(Path(__file__).with_name("xwing_draft_vector.json").read_text("ascii"))
    names = ("seed", "public", "ciphertext", "shared_secret")
    return {name: bytes.fromhex("".join(text[name])) for name in names}


def sealed_by_rfc_9180(number: int, shared_secret: bytes, enc: bytes, content_key: bytes) -> bytes:
    """Return `enc` and ciphertext for a shared secret: base mode, empty `aad`, sequence 0."""
    suite_id = b"HPKE" + b"".join(part.to_bytes(2, "big") for part in (KEM_ID[number], 1, 2))

    def extract(salt: bytes, label: bytes, keying: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite_id + label + keying, "sha256")

    def expand(key: bytes, label: bytes, info: bytes, length: int) -> bytes:
        labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label + info
        return hmac.digest(key, labelled + b"\x01", "sha256")[:length]

    context = b"\0" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", INFO)
    secret = extract(shared_secret, b"secret", b"")
    key, nonce = expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)
    return enc + AESGCM(key).encrypt(nonce, content_key, b"")


def test_an_xwing_seed_expands_as_the_draft_says() -> None:
    """The public key of the draft's seed is the draft's public key."""
    vector = xwing_vector()
    assert suite(XWING).opening_key(vector["seed"]).public == vector["public"]


def test_the_xwing_vector_agrees_with_an_independent_combiner() -> None:
    """SHA3-256 over both secrets, X25519 halves and the label gives the draft's secret."""
    vector = xwing_vector()
    expanded = shake_256(vector["seed"]).digest(96)
    lattice, curve = vector["ciphertext"][:1088], vector["ciphertext"][1088:]
    lattice_secret = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).decapsulate(lattice)
    curve_secret = X25519PrivateKey.from_private_bytes(expanded[64:]).exchange(
        X25519PublicKey.from_public_bytes(curve)
    )
    combined = lattice_secret + curve_secret + curve + vector["public"][1184:] + XWING_LABEL
    assert sha3_256(combined).digest() == vector["shared_secret"]


def test_suite_1_opens_what_was_sealed_from_the_drafts_ciphertext() -> None:
    """X-Wing decapsulation and the key schedule, against code of this test."""
    vector = xwing_vector()
    wrapped = sealed_by_rfc_9180(XWING, vector["shared_secret"], vector["ciphertext"], CONTENT_KEY)
    assert suite(XWING).opening_key(vector["seed"]).unwrap(wrapped, INFO) == CONTENT_KEY


def test_suite_2_opens_what_was_sealed_from_the_vector_of_rfc_9180() -> None:
    """DHKEM(X25519) and the key schedule, against code of this test."""
    opening = suite(X25519).opening_key(bytes.fromhex(DHKEM_PRIVATE))
    wrapped = sealed_by_rfc_9180(
        X25519, bytes.fromhex(DHKEM_SECRET), bytes.fromhex(DHKEM_ENC), CONTENT_KEY
    )
    assert opening.public.hex() == DHKEM_PUBLIC
    assert opening.unwrap(wrapped, INFO) == CONTENT_KEY


@BOTH
@pytest.mark.parametrize("size", [0, 31, 33])
def test_what_holds_no_content_key_is_refused(number: int, size: int) -> None:
    """Another length inside a valid wrapping is not handed on as a key, nor wrapped."""
    vector = xwing_vector()
    opening, enc, secret = {
        XWING: (
            suite(XWING).opening_key(vector["seed"]),
            vector["ciphertext"],
            vector["shared_secret"],
        ),
        X25519: (
            suite(X25519).opening_key(bytes.fromhex(DHKEM_PRIVATE)),
            bytes.fromhex(DHKEM_ENC),
            bytes.fromhex(DHKEM_SECRET),
        ),
    }[number]
    with pytest.raises(DecryptionFailedError):
        opening.unwrap(sealed_by_rfc_9180(number, secret, enc, bytes(size)), INFO)
    with pytest.raises(ValueError, match="32 bytes"):
        suite(number).sealing_key(opening.public).wrap(bytes(size), INFO)


@BOTH
def test_a_wrapped_key_opens_with_its_key_and_info_only(number: int) -> None:
    """Another recipient, another info, or none: refused."""
    suite_ = suite(number)
    mine, other = (suite_.opening_key(bytes([seed]) * 32) for seed in (1, 2))
    sealing = suite_.sealing_key(mine.public)
    wrapped = sealing.wrap(CONTENT_KEY, INFO)
    assert len(wrapped) == ENC_BYTES[number] + 32 + 16
    assert sealing.wrap(CONTENT_KEY, INFO) != wrapped
    opened = mine.unwrap(wrapped, INFO)
    assert opened == CONTENT_KEY
    assert isinstance(opened, Secret)
    for key, info in [(other, INFO), (mine, INFO + b"\0"), (mine, INFO[:-1]), (mine, b"")]:
        with pytest.raises(DecryptionFailedError):
            key.unwrap(wrapped, info)


@BOTH
def test_a_wrapped_key_altered_or_cut_is_refused(number: int) -> None:
    """Every byte of suite 2 and every seventh of suite 1, and truncations likewise."""
    suite_ = suite(number)
    opening = suite_.opening_key(bytes(32))
    wrapped = suite_.sealing_key(opening.public).wrap(CONTENT_KEY, INFO)
    step = {XWING: 7, X25519: 1}[number]
    wrong = [wrapped[:size] for size in range(0, len(wrapped), step)]
    for position in range(0, len(wrapped), step):
        changed = bytearray(wrapped)
        changed[position] ^= 1
        # RFC 7748 section 5: the top bit of an X25519 value is not looked at, so
        # HPKE binds the bytes of `enc` by the KEM context instead.
        wrong.append(bytes(changed))
    wrong += [wrapped + b"\0", b"\0" + wrapped]
    for altered in wrong:
        with pytest.raises(DecryptionFailedError):
            opening.unwrap(altered, INFO)


def test_a_key_of_one_suite_does_not_open_what_another_sealed() -> None:
    """Not even where the X25519 halves are the same kind of key."""
    one = suite(XWING).generate(Purpose.OPENING)
    two = suite(X25519).generate(Purpose.OPENING)
    wrapped_one = suite(XWING).sealing_key(one.public).wrap(CONTENT_KEY, INFO)
    wrapped_two = suite(X25519).sealing_key(two.public).wrap(CONTENT_KEY, INFO)
    assert hasattr(one, "unwrap")
    assert hasattr(two, "unwrap")
    for key, wrapped in [(one, wrapped_two), (two, wrapped_one)]:
        with pytest.raises(DecryptionFailedError):
            key.unwrap(wrapped, INFO)


@pytest.mark.parametrize(
    ("number", "public"),
    [
        (X25519, b""),
        (X25519, bytes(31)),
        (X25519, bytes(33)),
        (XWING, bytes(32)),
        (XWING, bytes(1215)),
        (XWING, bytes(1217)),
        (XWING, b"\xff" * 1216),  # FIPS 203 section 7.2: coefficients above the modulus
    ],
)
def test_bytes_that_cannot_be_sealed_to_are_refused(number: int, public: bytes) -> None:
    """When the key is read, not when a record waits."""
    with pytest.raises(KeyUnavailableError, match=f"suite {number}"):
        suite(number).sealing_key(public)


@BOTH
def test_a_public_key_of_small_order_is_refused(number: int) -> None:
    """With the all-zero X25519 key everybody would know the shared secret."""
    lattice = {XWING: suite(XWING).opening_key(bytes(32)).public[:1184], X25519: b""}[number]
    sealing = suite(number).sealing_key(lattice + bytes(32))
    with pytest.raises(KeyUnavailableError, match=sealing.key_id):
        sealing.wrap(CONTENT_KEY, INFO)


def test_the_vector_file_says_where_it_comes_from() -> None:
    """And is whole: its digest is pinned."""
    text = Path(__file__).with_name("xwing_draft_vector.json").read_bytes()
    assert b"draft-connolly-cfrg-xwing-kem" in text
    vector = xwing_vector()
    assert sha256(vector["ciphertext"]).hexdigest().startswith("17cd532d657e44c897ca6583e548a542")
