"""Write the test vectors of the envelope, or with --check hold the written ones to it.

    python docs/reference/vectors.py            write docs/reference/vectors/envelope.json
    python docs/reference/vectors.py --check    exit 1 unless it opens and refuses as it says

Keys, ids, times, manifests and content keys are fixed; encapsulations and salts
are random, as in every envelope. docs/reference/envelope.md, section 18, tells
how to read the file.
"""

import base64
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.envelope.header import Header, MessageType, write_header
from gateway.envelope.opening import parse_envelope
from gateway.envelope.padding import pad, padded_length
from gateway.envelope.sealing import (
    PAYLOAD_LABEL,
    SIGNATURE_LABEL,
    envelope_digest,
    payload_key,
    wrap_info,
)
from gateway.envelope.wire import write_message, write_varint
from gateway.errors import StreamBrokenError
from gateway.inbound import Inbound
from gateway.model.call import (
    FieldTreatment,
    GrantReference,
    Manifest,
    Opened,
    StreamPlace,
    StreamTotals,
)
from gateway.model.trust import Blocks, Catalogue, Department, PublicKey, Snapshot, Trust
from gateway.testing import FixedClock, MemoryGrants, MemoryLedger, MemorySnapshots, MemoryState
from keys.derive import Hkdf, lp
from keys.errors import SealgateError
from keys.material import OpeningKey, Purpose, SigningKey
from keys.ports import KeyInfo
from keys.stores.memory import HeldKey, MemoryStore
from keys.suites import X25519, XWING, suite
from masking.grades import DEFAULT_SCHEME

FILE = Path(__file__).with_name("vectors") / "envelope.json"
FORMAT = "sealgate envelope vectors 1"
NOW = 1_793_577_600_000
CREATED = NOW - 60_000
HOUR, DAY = 3_600_000, 86_400_000
SENDER, OPENER, OUTSIDER = "11149900MB0C12002H", "11149900MB0C13013W", "11149900MB0C140248"
# Larger differences are given as whole envelopes.
MAX_SPLICED_BYTES = 1000
LENGTHS = (
    1, 4096, 4097, 8192, 8193, 20_000, 65_536, 65_537, 67_584, 67_585, 100_000, 131_073,
    200_000, 524_289, 1_000_000, 16_777_215, 16_777_216,
)  # fmt: skip


class Key(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str
    department: str
    purpose: str
    suite: int
    key_id: str = ""
    private: str = ""
    public: str = ""
    not_before: int = CREATED // 1000 - 30 * 86_400
    not_after: int = CREATED // 1000 + 30 * 86_400
    retired_at: int | None = None
    revoked_at: int | None = None


class Steps(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every value on the way, in the order of the page; binary ones in hexadecimal."""

    header: str
    header_digest: str
    info: str
    wrapped_key: str
    content_key: str
    payload_key: str
    salt: str
    chunk_key: str
    base_nonce: str
    commitment: str
    content_bytes: int
    padded_bytes: int
    payload_digest: str
    envelope_digest: str
    signature_input: str
    signature: str


class Positive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    about: str
    about_zh: str
    envelope: str
    fields: dict[str, int | str]
    steps: Steps
    manifest: str
    records: str


class Stream(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    about: str
    about_zh: str
    parts: tuple[Positive, ...]


class Negative(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    name: str
    code: str
    about: str
    about_zh: str
    base: str | None = None
    splices: tuple[tuple[int, int, str], ...] = ()
    envelope: str | None = None
    stream: str | None = None
    parts: tuple[int, ...] = ()
    alone: bool = False
    opened_before: bool = False
    now: int | None = None


class Period(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    issued: int
    expires: int


class Member(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: str
    suites: tuple[int, ...]


class File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str = FORMAT
    about: str = "see docs/reference/envelope.md; written by docs/reference/vectors.py"
    now: int = NOW
    opener: str = OPENER
    trust: Period = Period(issued=NOW // 1000 - 86_400, expires=NOW // 1000 + 29 * 86_400)
    departments: tuple[Member, ...]
    keys: tuple[Key, ...]
    grants: tuple[GrantReference, ...]
    padding: tuple[tuple[int, int], ...]
    positive: tuple[Positive, ...]
    streams: tuple[Stream, ...]
    negative: tuple[Negative, ...]


def fixed(name: str, size: int = 32) -> bytes:
    """Make bytes that are the same for the same name."""
    return hashlib.shake_256(f"sealgate envelope vectors: {name}".encode()).digest(size)


def _made(key: Key) -> Key:
    private = fixed(f"key {key.name}")
    made = suite(key.suite).private_key(Purpose(key.purpose), private)
    public = base64.b64encode(made.public).decode()
    return replace(key, key_id=made.key_id, private=private.hex(), public=public)


def _keys() -> tuple[Key, ...]:
    created = CREATED // 1000
    month = {"not_before": created - 60 * 86_400, "not_after": created - 8 * 86_400}
    signing = {"department": SENDER, "purpose": "signing", "suite": XWING}
    opening = {"department": OPENER, "purpose": "opening", "suite": X25519}
    keys = (
        Key(name="sender", **signing),
        Key(name="sender-revoked", revoked_at=created + 30, **signing),
        Key(name="sender-retired", retired_at=created - 3600, **signing),
        Key(name="outsider", department=OUTSIDER, purpose="signing", suite=XWING),
        Key(name="opener-xwing", department=OPENER, purpose="opening", suite=XWING),
        Key(name="opener-x25519", **opening),
        Key(name="opener-retired", retired_at=created - 3600, **opening),
        Key(name="opener-ended", **month, **opening),
        Key(name="outsider-x25519", department=OUTSIDER, purpose="opening", suite=X25519),
    )
    return tuple(map(_made, keys))


KEYS = {key.name: key for key in _keys()}
GRANT = GrantReference(jti="vector-grant-1", digest=fixed("grant").hex())
_FIELDS = (
    ("name", "姓名", "string", {"op": "surname"}, "partial"),
    ("resident_id", "公民身份号码", "string", {"op": "pseudonym", "digits": 32}, "linkable"),
    ("monthly_income", "家庭月人均收入", "decimal", {"op": "clear"}, "clear"),
    ("household_size", "家庭人口数", "integer", {"op": "clear"}, "clear"),
    ("bank_card", "发放账号", "absent", {"op": "drop"}, "nothing"),
)
ROWS = (
    {"name": "田*", "resident_id": fixed("a", 16).hex(), "monthly_income": "53.42",
     "household_size": 3},
    {"name": "林**", "resident_id": fixed("b", 16).hex(), "monthly_income": None,
     "household_size": 9_007_199_254_740_993},
)  # fmt: skip


def _manifest(records: int, totals: StreamTotals | None = None) -> Manifest:
    return Manifest(
        version=1,
        provider=SENDER,
        requester=OPENER,
        resource="3070010010001/000001",
        resource_name="社会救助对象信息",
        purpose="medical-assistance",
        scenario="住院和门诊救助资格核定",
        grant=GRANT,
        encoding="json",
        records=records,
        fields=tuple(
            FieldTreatment(id=id_, name=name, type=type_, treatment={**treatment}, disclosure=shown)
            for id_, name, type_, treatment, shown in _FIELDS
        ),
        policy="civil-affairs@3",
        catalogue="vectors",
        trust=7,
        findings={"resident_id": 1} if records == 2 else {},
        totals=totals,
    )


def header(name: str, **changes: object) -> Header:
    """Return an ordinary header whose id comes from `name`, changed by name."""
    low = int.from_bytes(fixed(f"id {name}", 10), "big")
    number = CREATED << 80 | 7 << 76 | (low >> 64 & 0xFFF) << 64 | 2 << 62 | low & (1 << 62) - 1
    ordinary = Header(
        suite=X25519,
        envelope_id=number.to_bytes(16, "big"),
        sender=SENDER,
        sender_key_id=KEYS["sender"].key_id,
        recipient=OPENER,
        recipient_key_id=KEYS["opener-x25519"].key_id,
        created=CREATED,
        expires=CREATED + DAY,
    )
    return replace(ordinary, **changes)


class Parts(Struct, frozen=True, kw_only=True):
    """An envelope in its four parts, still to be signed."""

    header: bytes
    wrapped_key: bytes
    payload: bytes
    signer: str = "sender"

    def fields(self) -> tuple[bytes, ...]:
        """Return the four fields of the envelope, signed."""
        digest = envelope_digest(suite(X25519), self.header, self.wrapped_key, self.payload)
        key = suite(XWING).signing_key(bytes.fromhex(KEYS[self.signer].private))
        values = (self.header, self.wrapped_key, self.payload, key.sign(SIGNATURE_LABEL + digest))
        return tuple(write_message(((number, value),)) for number, value in enumerate(values, 1))

    def envelope(self) -> bytes:
        """Return the envelope."""
        return b"".join(self.fields())


def wrap(for_: Header, content_key: bytes, info_of: Header | None = None) -> bytes:
    """Wrap a content key to the key that a header names."""
    key = next(key for key in KEYS.values() if key.key_id == for_.recipient_key_id)
    sealing = suite(key.suite).sealing_key(base64.b64decode(key.public))
    return sealing.wrap(content_key, wrap_info(info_of or for_))


def seal(
    for_: Header, manifest: bytes, records: bytes, *, wrapped_key: bytes = b"", padded: bytes = b""
) -> Parts:
    """Encrypt under a header and the one content key; `padded` stands for the plaintext."""
    chosen, content_key, head = suite(for_.suite), fixed("content key"), write_header(for_)
    digest = chosen.hash(head)
    key = payload_key(chosen, content_key, digest)
    payload = chosen.encrypt(key, digest, padded or pad(lp(manifest, records)))
    wrapped_key = wrapped_key or wrap(for_, content_key)
    return Parts(header=head, wrapped_key=wrapped_key, payload=payload)


def encode(value: object) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(value)


def ordinary(for_: Header, rows: object = ROWS, **changes: object) -> Parts:
    """Seal rows with a good manifest, or one that is changed by name."""
    assert isinstance(rows, tuple)
    manifest = msgspec.to_builtins(_manifest(len(rows)))
    return seal(for_, encode({**manifest, **changes}), encode(rows))


def positive(name: str, about: str, about_zh: str, data: bytes) -> Positive:
    """Take an envelope that opens apart, into all that the page speaks of."""
    parsed = parse_envelope(data)
    head, chosen = parsed.header, suite(parsed.header.suite)
    key = next(key for key in KEYS.values() if key.key_id == head.recipient_key_id)
    opening = suite(key.suite).private_key(Purpose.OPENING, bytes.fromhex(key.private))
    assert isinstance(opening, OpeningKey)
    info = wrap_info(head)
    content_key = bytes(opening.unwrap(parsed.wrapped_key, info))
    digest = chosen.hash(parsed.header_bytes)
    one = bytes(payload_key(chosen, content_key, digest))
    assert one == bytes(chosen.expand(content_key, PAYLOAD_LABEL + digest, 32))
    plaintext = chosen.decrypt(one, digest, parsed.payload)
    contents = _contents(plaintext)
    salt = parsed.payload[:24]
    label = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
    okm = _expand_sha512(one, label + salt + digest, 76)
    signed = envelope_digest(chosen, parsed.header_bytes, parsed.wrapped_key, parsed.payload)
    return Positive(
        name=name,
        about=about,
        about_zh=about_zh,
        envelope=base64.b64encode(data).decode(),
        fields=_fields(head),
        steps=Steps(
            header=parsed.header_bytes.hex(),
            header_digest=digest.hex(),
            info=info.hex(),
            wrapped_key=parsed.wrapped_key.hex(),
            content_key=content_key.hex(),
            payload_key=one.hex(),
            salt=salt.hex(),
            chunk_key=okm[:32].hex(),
            base_nonce=okm[32:44].hex(),
            commitment=okm[44:].hex(),
            content_bytes=len(lp(*contents)),
            padded_bytes=len(plaintext),
            payload_digest=chosen.hash(parsed.payload).hex(),
            envelope_digest=signed.hex(),
            signature_input=(SIGNATURE_LABEL + signed).hex(),
            signature=parsed.signature.hex(),
        ),
        manifest=contents[0].decode(),
        records=contents[1].decode(),
    )
