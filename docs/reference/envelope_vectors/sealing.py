"""Fixed keys and the sealing of vectors: everything but encapsulation and salt is fixed."""

import base64
import hashlib
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from docs.reference.envelope_vectors.model import Key
from gateway.envelope.header import Header, write_header
from gateway.envelope.padding import padding
from gateway.envelope.sealing import SIGNATURE_LABEL, envelope_digest, payload_key, wrap_info
from gateway.envelope.wire import write_message
from gateway.ledger.notes import Checkpoint, checkpoint_text, sign_note
from gateway.model.call import FieldTreatment, GrantReference, HeldGrant, Manifest
from keys.derive import lp
from keys.material import Purpose
from keys.suites import X25519, XWING, suite

NOW = 1_793_577_600_000
CREATED = NOW - 60_000
DAY = 86_400_000
SHARD = "worker-0-01a1998dd7c0-5f0e3a91"
SENDER, OPENER, OUTSIDER = "11149900MB0C12002H", "11149900MB0C13013W", "11149900MB0C140248"

_SECONDS, _MONTH = CREATED // 1000, 30 * 86_400


def fixed(name: str, size: int = 32) -> bytes:
    """Make bytes that are the same for the same name."""
    return hashlib.shake_256(f"sealgate envelope vectors: {name}".encode()).digest(size)


def _key(name: str, department: str, purpose: Purpose, number: int, **changes: int) -> Key:
    private = fixed(f"key {name}")
    made = suite(number).private_key(purpose, private)
    term = {"not_before": _SECONDS - _MONTH, "not_after": _SECONDS + _MONTH}
    return Key(
        name=name,
        department=department,
        purpose=purpose.value,
        suite=number,
        key_id=made.key_id,
        private=private.hex(),
        public=base64.b64encode(made.public).decode(),
        **{**term, **changes},
    )


_ALL = (
    _key("sender", SENDER, Purpose.SIGNING, XWING),
    _key("sender-revoked", SENDER, Purpose.SIGNING, XWING, revoked_at=_SECONDS + 30),
    _key("sender-retired", SENDER, Purpose.SIGNING, XWING, retired_at=_SECONDS - 3600),
    _key("outsider", OUTSIDER, Purpose.SIGNING, XWING),
    _key("opener-xwing", OPENER, Purpose.OPENING, XWING),
    _key("opener-x25519", OPENER, Purpose.OPENING, X25519),
    _key("opener-retired", OPENER, Purpose.OPENING, X25519, retired_at=_SECONDS - 3600),
    _key(
        "opener-ended",
        OPENER,
        Purpose.OPENING,
        X25519,
        not_before=_SECONDS - 2 * _MONTH,
        not_after=_SECONDS - 8 * 86_400,
    ),
    _key("outsider-x25519", OUTSIDER, Purpose.OPENING, X25519),
)
KEYS = {key.name: key for key in _ALL}
GRANT = GrantReference(jti="vector-grant-1", digest=fixed("grant").hex())
CONTENT_KEY = fixed("content key")

_FIELDS: tuple[tuple[str, str, str, dict[str, str | int], str], ...] = (
    ("name", "姓名", "string", {"op": "surname"}, "partial"),
    ("resident_id", "公民身份号码", "string", {"op": "pseudonym", "digits": 32}, "linkable"),
    ("monthly_income", "家庭月人均收入", "decimal", {"op": "clear"}, "clear"),
    ("household_size", "家庭人口数", "integer", {"op": "clear"}, "clear"),
    ("bank_card", "发放账号", "absent", {"op": "drop"}, "nothing"),
)

HELD = HeldGrant(
    jti=GRANT.jti,
    digest=GRANT.digest,
    provider=SENDER,
    resource="3070010010001/000001",
    purpose="medical-assistance",
    fields=tuple(field[0] for field in _FIELDS),
)


def rows(count: int) -> list[dict[str, object]]:
    """Make records: the first as most are, the second with null and a large number."""
    return [
        {
            "name": "林**" if number % 2 else "田*",
            "resident_id": fixed(f"row {number}", 16).hex(),
            "monthly_income": None if number % 2 else "53.42",
            "household_size": 9_007_199_254_740_993 if number % 2 else 3,
        }
        for number in range(count)
    ]


def manifest(records: int, **changes: Any) -> dict[str, Any]:
    """Make the members of a good manifest, changed by name; None takes one away."""
    good = Manifest(
        version=1,
        provider=SENDER,
        requester=OPENER,
        resource=HELD.resource,
        resource_name="社会救助对象信息",
        purpose=HELD.purpose,
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
    )
    members = {**msgspec.to_builtins(good), **changes}
    return {name: value for name, value in members.items() if value is not None}


def checkpoint(department: str = SENDER, shard: str = SHARD, size: int = 12) -> str:
    """Make a checkpoint of a department's ledger; the sender's ledger key signs it."""
    origin = f"sealgate/{department}/main/{shard}"
    key = suite(X25519).ledger_key(fixed("ledger key"))
    public = suite(X25519).verifying_key(key.public, Purpose.LEDGER)
    body = checkpoint_text(Checkpoint(origin, size, fixed("root")))
    return sign_note(body, origin, public, key.sign)


def padded(plaintext: bytes) -> bytes:
    """Append the zeros."""
    return plaintext + padding(len(plaintext))


def header(name: str, **changes: Any) -> Header:
    """Make an ordinary header whose id comes from `name`, changed by name."""
    dice = fixed(f"id {name}", 10)
    envelope_id = bytearray(CREATED.to_bytes(6, "big") + dice)
    envelope_id[6] = envelope_id[6] & 0x0F | 0x70
    envelope_id[8] = envelope_id[8] & 0x3F | 0x80
    usual = Header(
        suite=X25519,
        envelope_id=bytes(envelope_id),
        sender=SENDER,
        sender_key_id=KEYS["sender"].key_id,
        recipient=OPENER,
        recipient_key_id=KEYS["opener-x25519"].key_id,
        created=CREATED,
        expires=CREATED + DAY,
    )
    return replace(usual, **changes)


class Parts(Struct, frozen=True, kw_only=True):
    """Header, wrapped key and payload of an envelope, and the key that shall sign them."""

    header: bytes
    wrapped_key: bytes
    payload: bytes
    signer: str = "sender"

    def fields(self) -> list[bytes]:
        """Return the four fields as they stand in the envelope."""
        # Both suites hash and sign alike.
        chosen = suite(X25519)
        digest = envelope_digest(chosen, self.header, self.wrapped_key, self.payload)
        signing = chosen.signing_key(bytes.fromhex(KEYS[self.signer].private))
        signature = signing.sign(SIGNATURE_LABEL + digest)
        values = (self.header, self.wrapped_key, self.payload, signature)
        return [write_message(((number, value),)) for number, value in enumerate(values, 1)]

    def envelope(self) -> bytes:
        """Return the envelope."""
        return b"".join(self.fields())


def wrap(info_of: Header, key_id: str | None = None) -> bytes:
    """Wrap the content key to the key that a header names, or to another."""
    wanted = key_id or info_of.recipient_key_id
    key = next(key for key in KEYS.values() if key.key_id == wanted)
    sealing = suite(key.suite).sealing_key(base64.b64decode(key.public))
    return sealing.wrap(CONTENT_KEY, wrap_info(info_of))


def seal(for_: Header, plaintext: bytes, wrapped_key: bytes = b"") -> Parts:
    """Encrypt a plaintext, padding included, under a header."""
    chosen, head = suite(for_.suite), write_header(for_)
    digest = chosen.hash(head)
    payload = chosen.encrypt(payload_key(chosen, CONTENT_KEY, digest), digest, plaintext)
    return Parts(header=head, wrapped_key=wrapped_key or wrap(for_), payload=payload)


def contents(members: object, records: object) -> bytes:
    """Encode manifest and records as the plaintext without its padding."""
    return lp(msgspec.json.encode(members), msgspec.json.encode(records))


def ordinary(for_: Header, count: int = 2, wrapped_key: bytes = b"", **changes: Any) -> Parts:
    """Seal `count` records under a good manifest, or one that is changed by name."""
    return seal(for_, padded(contents(manifest(count, **changes), rows(count))), wrapped_key)
