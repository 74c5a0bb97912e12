"""Open and seal envelopes as the page on them says.

Reader and writer are written from docs/reference/envelope.md alone, with primitives
of `cryptography`, PyNaCl and the standard library.
"""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.signing import VerifyKey

FILE = Path(__file__).parents[2] / "docs" / "reference" / "vectors" / "envelope.json"
VECTORS = json.loads(FILE.read_text("utf-8"))
POSITIVES = {each["name"]: each for each in VECTORS["positive"]}
(STREAM,) = VECTORS["streams"]
OPENING = [*VECTORS["positive"], *STREAM["parts"]]

# Section 3: name, is it a number, largest value or longest length.
HEADER = (
    ("version", True, 65_535),
    ("suite", True, 65_535),
    ("id", False, 16),
    ("type", True, 255),
    ("sender", False, 18),
    ("sender_key_id", False, 26),
    ("recipient", False, 18),
    ("recipient_key_id", False, 26),
    ("created", True, 253_402_300_799_999),
    ("expires", True, 253_402_300_799_999),
    ("stream_id", False, 16),
    ("part", True, 2_147_483_647),
    ("last", True, 1),
    ("previous_digest", False, 64),
    ("request_digest", False, 64),
)
ENVELOPE = (
    ("header", False, 512),
    ("wrapped_key", False, 4096),
    ("payload", False, 18_939_904),
    ("signature", False, 512),
)
TEXTS = ("sender", "sender_key_id", "recipient", "recipient_key_id")


def lp(*parts: bytes) -> bytes:
    """Section Notation."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def sha256(data: bytes) -> bytes:
    """The H of suites 1 and 2."""
    return hashlib.sha256(data).digest()


def take_varint(data: bytes) -> tuple[int, bytes]:
    """Section 2, rules 3 and 4."""
    value = 0
    for index, byte in enumerate(data[:10]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            assert byte or index == 0
            assert value < 2**64
            return value, data[index + 1 :]
    raise AssertionError("no end")


def read(data: bytes, table: tuple[tuple[str, bool, int], ...]) -> dict[str, Any]:
    """Section 2."""
    found: dict[str, Any] = {}
    before = 0
    while data:
        tag, data = take_varint(data)
        number = tag >> 3
        assert before < number <= len(table)
        name, is_number, limit = table[number - 1]
        assert tag & 7 == (0 if is_number else 2)
        value, data = take_varint(data)
        assert 0 < value <= limit
        if is_number:
            found[name] = value
        else:
            assert value <= len(data)
            found[name], data = data[:value], data[value:]
        before = number
    return found


def write(values: dict[str, Any], table: tuple[tuple[str, bool, int], ...]) -> bytes:
    """Section 2, the other way round."""

    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)

    out = b""
    for number, (name, is_number, _) in enumerate(table, 1):
        if value := values.get(name):
            out += bytes([number * 8 + (0 if is_number else 2)])
            out += varint(value) if is_number else varint(len(value)) + value
    return out


def expand(key: bytes, info: bytes, length: int, name: str) -> bytes:
    """HKDF-Expand, RFC 5869 section 2.3."""
    out = block = b""
    for number in range(1, 256):
        if len(out) >= length:
            break
        block = hmac.digest(key, block + info + bytes([number]), name)
        out += block
    return out[:length]


class Hpke(NamedTuple):
    """RFC 9180, base mode, HKDF-SHA256 and AES-256-GCM; section 6."""

    kem: int

    def labelled_extract(self, suite_id: bytes, salt: bytes, label: bytes, keying: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite_id + label + keying, "sha256")

    def labelled_expand(
        self, suite_id: bytes, key: bytes, label: bytes, info: bytes, length: int
    ) -> bytes:
        prefix = length.to_bytes(2, "big") + b"HPKE-v1" + suite_id + label
        return expand(key, prefix + info, length, "sha256")

    def dhkem(self, secret: bytes, enc: bytes, public: bytes) -> bytes:
        suite_id = b"KEM" + self.kem.to_bytes(2, "big")
        key = self.labelled_extract(suite_id, b"", b"eae_prk", secret)
        return self.labelled_expand(suite_id, key, b"shared_secret", enc + public, 32)

    def key_and_nonce(self, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
        suite_id = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (self.kem, 1, 2))
        context = (
            b"\0"
            + self.labelled_extract(suite_id, b"", b"psk_id_hash", b"")
            + self.labelled_extract(suite_id, b"", b"info_hash", info)
        )
        secret = self.labelled_extract(suite_id, shared, b"secret", b"")
        return (
            self.labelled_expand(suite_id, secret, b"key", context, 32),
            self.labelled_expand(suite_id, secret, b"base_nonce", context, 12),
        )


def xwing_secret(lattice: bytes, curve: bytes, enc: bytes, public: bytes) -> bytes:
    """Section 6, the shared secret of X-Wing."""
    label = bytes.fromhex("5c2e2f2f5e5c")
    return hashlib.sha3_256(lattice + curve + enc[1088:] + public[1184:] + label).digest()


def unwrap(number: int, private: bytes, public: bytes, wrapped: bytes, info: bytes) -> bytes:
    """Section 6: open a wrapped key."""
    if number == 2:
        hpke, enc = Hpke(0x0020), wrapped[:32]
        secret = X25519PrivateKey.from_private_bytes(private).exchange(
            X25519PublicKey.from_public_bytes(enc)
        )
        shared = hpke.dhkem(secret, enc, public)
    else:
        hpke, enc = Hpke(0x647A), wrapped[:1120]
        seed = hashlib.shake_256(private).digest(96)
        lattice = MLKEM768PrivateKey.from_seed_bytes(seed[:64]).decapsulate(enc[:1088])
        curve = X25519PrivateKey.from_private_bytes(seed[64:]).exchange(
            X25519PublicKey.from_public_bytes(enc[1088:])
        )
        shared = xwing_secret(lattice, curve, enc, public)
    key, nonce = hpke.key_and_nonce(shared, info)
    content_key = AESGCM(key).decrypt(nonce, wrapped[len(enc) :], b"")
    assert len(content_key) == 32
    return content_key


def wrap(number: int, public: bytes, content_key: bytes, info: bytes) -> bytes:
    """Section 6: wrap a content key."""
    ephemeral = X25519PrivateKey.generate()
    own = ephemeral.public_key().public_bytes_raw()
    curve = ephemeral.exchange(X25519PublicKey.from_public_bytes(public[-32:]))
    if number == 2:
        hpke, enc = Hpke(0x0020), own
        shared = hpke.dhkem(curve, enc, public)
    else:
        lattice, sealed = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
        hpke, enc = Hpke(0x647A), sealed + own
        shared = xwing_secret(lattice, curve, enc, public)
    key, nonce = hpke.key_and_nonce(shared, info)
    return enc + AESGCM(key).encrypt(nonce, content_key, b"")


def wrap_info(head: dict[str, Any]) -> bytes:
    """Section 6."""
    return b"sealgate/v1/wrap" + lp(
        head["suite"].to_bytes(2, "big"), *(head[name] for name in TEXTS)
    )


def payload_key(content_key: bytes, header_digest: bytes) -> bytes:
    """Section 7."""
    extracted = hmac.digest(bytes(32), content_key, "sha256")
    return expand(extracted, b"sealgate/v1/payload" + header_digest, 32, "sha256")


def padded(length: int) -> int:
    """Section 8."""
    if length <= 4096:
        return 4096
    if length <= 65_536:
        return next(1 << bits for bits in range(12, 17) if length <= 1 << bits)
    e = next(bits for bits in range(64) if length < 2 << bits)
    s = next(bits for bits in range(64) if e < 2 << bits) + 1
    step = 1 << (e - s)
    return -(-length // step) * step


def chunk_keys(key: bytes, salt: bytes, context: bytes) -> tuple[AESGCM, int, bytes]:
    """Section 9: what encrypts chunks, the base nonce, the commitment."""
    label = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
    okm = expand(key, label + salt + context, 76, "sha512")
    return AESGCM(okm[:32]), int.from_bytes(okm[32:44], "big"), okm[44:]


def decrypt(key: bytes, context: bytes, payload: bytes) -> bytes:
    """Section 9, opening."""
    aead, nonce, commitment = chunk_keys(key, payload[:24], context)
    assert hmac.compare_digest(payload[24:56], commitment)
    chunks: list[bytes] = []
    rest = payload[56:]
    while True:
        chunk, rest = rest[:16_400], rest[16_400:]
        chunks.append(aead.decrypt((nonce ^ len(chunks)).to_bytes(12, "big"), chunk, b""))
        if len(chunk) < 16_400:
            assert not rest
            return b"".join(chunks)


def encrypt(key: bytes, context: bytes, plaintext: bytes) -> bytes:
    """Section 9, sealing."""
    salt = os.urandom(24)
    aead, nonce, commitment = chunk_keys(key, salt, context)
    pieces = [plaintext[at : at + 16_384] for at in range(0, len(plaintext) + 1, 16_384)]
    numbered = ((nonce ^ i).to_bytes(12, "big") for i in range(len(pieces)))
    return b"".join((salt, commitment, *map(aead.encrypt, numbered, pieces, [b""] * len(pieces))))


def split(plaintext: bytes) -> tuple[bytes, bytes]:
    """Section 8: manifest and records, where lengths and padding hold."""
    first = 8 + int.from_bytes(plaintext[:8], "big")
    end = first + 8 + int.from_bytes(plaintext[first : first + 8], "big")
    assert end <= len(plaintext) == padded(end)
    assert not any(plaintext[end:])
    return plaintext[8:first], plaintext[first + 8 : end]


def envelope_digest(parts: dict[str, Any]) -> bytes:
    """Section 10."""
    return sha256(lp(parts["header"], parts["wrapped_key"], sha256(parts["payload"])))


def key_of(department: bytes, key_id: bytes, purpose: str) -> dict[str, Any]:
    """Section 4: look a key up in the directory."""
    wanted = department.decode(), key_id.decode(), purpose
    (key,) = (
        key
        for key in VECTORS["keys"]
        if (key["department"], key["key_id"], key["purpose"]) == wanted
    )
    assert isinstance(key, dict)
    return key


def open_envelope(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Open an envelope; return header fields, every value on the way, manifest and records."""
    parts = read(data, ENVELOPE)
    head = read(parts["header"], HEADER)
    sender = key_of(head["sender"], head["sender_key_id"], "signing")
    digest = envelope_digest(parts)
    message = b"sealgate/v1/signature" + digest
    VerifyKey(base64.b64decode(sender["public"])).verify(message, parts["signature"])
    own = key_of(head["recipient"], head["recipient_key_id"], "opening")
    public = base64.b64decode(own["public"])
    info, private = wrap_info(head), bytes.fromhex(own["private"])
    content_key = unwrap(head["suite"], private, public, parts["wrapped_key"], info)
    header_digest = sha256(parts["header"])
    key = payload_key(content_key, header_digest)
    plaintext = decrypt(key, header_digest, parts["payload"])
    manifest, records = split(plaintext)
    steps = {
        **parts,
        "header_digest": header_digest,
        "info": info,
        "content_key": content_key,
        "payload_key": key,
        "payload_digest": sha256(parts["payload"]),
        "envelope_digest": digest,
        "signature_input": message,
        "content_bytes": len(lp(manifest, records)),
        "padded_bytes": len(plaintext),
    }
    del steps["payload"]
    return head, steps, manifest, records


def shown(value: Any) -> Any:
    """Spell a value as the vectors do."""
    return value.hex() if isinstance(value, bytes) else value
