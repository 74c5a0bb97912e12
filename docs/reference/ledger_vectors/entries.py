"""Fixed keys and entries, of every part that a leaf can have."""

import base64
from typing import Any

import msgspec

from docs.reference.envelope_vectors.sealing import OPENER, SENDER, fixed
from docs.reference.ledger_vectors.model import (
    Digest,
    LedgerKey,
    PseudonymKey,
    SettledLeaf,
    Subject,
)
from gateway.ledger.cosignatures import cosignature_hash
from gateway.ledger.entries import SALT_BYTES, VERSION, SettledEntry, private_hash, settle
from gateway.ledger.entries import subjects_hash as hash_subjects
from gateway.ledger.notes import Checkpoint, checkpoint_text, key_hash, sign_note
from gateway.ledger.origins import Origin, shard_name
from gateway.ledger.tree import leaf_hash
from gateway.ledger.witnesses import witness_name
from gateway.model.call import SUBJECT_BYTES, Entry, PrivatePart, SharedPart, Subjects
from gateway.subjects import SubjectDigester
from keys import material
from keys.material import Purpose, VerifyingKey
from keys.ports import KeyInfo
from keys.stores.memory import MAXIMUM_DAYS, HeldKey, MemoryStore
from keys.suites import XWING, suite

NOW = 1_793_577_600_000
NODE = "main"
SHARD = shard_name("node", NOW - 5000, fixed("shard", 4))
ORIGIN = str(Origin(SENDER, NODE, SHARD))
THEIRS = str(Origin(OPENER, NODE, shard_name("worker-0", NOW - 9000, fixed("their shard", 4))))
RESOURCE, PURPOSE = "3070010010001/000001", "medical-assistance"
_PEOPLE = (
    ("resident_id", "11010519491231002X"),
    ("resident_id", "11010519491231002x"),
    ("uscc", OPENER),
)


def private_key(name: str) -> material.LedgerKey:
    """Return one of the two ledger keys."""
    return suite(XWING).ledger_key(fixed(f"{name} key"))


def public_key(name: str) -> VerifyingKey:
    """Return the public half of one of them."""
    return suite(XWING).verifying_key(private_key(name).public, Purpose.LEDGER)


def _ledger_key(name: str, department: str, note_name: str) -> LedgerKey:
    held, public = private_key(name), public_key(name)
    return LedgerKey(
        name=name,
        department=department,
        note_name=note_name,
        key_id=held.key_id,
        private=fixed(f"{name} key").hex(),
        public=base64.b64encode(held.public).decode(),
        note_hash=key_hash(note_name, public).hex(),
        cosignature_hash=cosignature_hash(note_name, public).hex(),
    )


KEYS = (
    _ledger_key("ledger", SENDER, ORIGIN),
    _ledger_key("witness", OPENER, witness_name(OPENER)),
)


def _pseudonym_key() -> tuple[PseudonymKey, list[str]]:
    held = suite(XWING).pseudonym_key(fixed("pseudonym key"))
    info = KeyInfo(
        key_id=held.key_id,
        purpose=Purpose.PSEUDONYM,
        suite=XWING,
        state="active",
        not_before=0,
        not_after=MAXIMUM_DAYS * 86_400,
    )
    digester = SubjectDigester(MemoryStore([HeldKey(info, held)]))
    found = tuple(
        Digest(kind=kind, value=value, digest=digester.of_one(kind, value)[0].digests.hex())
        for kind, value in _PEOPLE
    )
    key = PseudonymKey(key_id=held.key_id, private=fixed("pseudonym key").hex(), digests=found)
    # Each once, sorted, as an entry has them.
    return key, sorted({one.digest for one in found})


PSEUDONYMS, PEOPLE = _pseudonym_key()


def signed(origin: str, size: int, root: bytes, key: str) -> str:
    """Return the note of a checkpoint."""
    body = checkpoint_text(Checkpoint(origin, size, root))
    return sign_note(body, origin, public_key(key), private_key(key).sign)


def _call(kind: str, number: int, outcome: str = "ok", **members: Any) -> SharedPart:
    time = NOW + 1000 * number
    return SharedPart(version=VERSION, time=time, kind=kind, outcome=outcome, **members)


_FULL: dict[str, Any] = {
    "provider": SENDER,
    "requester": OPENER,
    "resource": RESOURCE,
    "purpose": PURPOSE,
    "grant": "vector-grant-1",
    "fields": (("name", "surname"), ("resident_id", "pseudonym"), ("bank_card", "drop")),
    "records": 2,
    "policy": "civil-affairs@3",
    "catalogue": "vectors",
    "trust": 7,
    "envelope": "0192f0c1d2e37abc8def0123456789ab",
    "digest": fixed("envelope digest").hex(),
}
_ENTRIES: tuple[tuple[str, str, str, SharedPart, PrivatePart, bool], ...] = (
    ("start", "a service begins; few members are there", "服务启动，成员最少",
     _call("start", 0, provider=SENDER),
     PrivatePart(caller="(node)", detail="sealgate 0.1.0, worker 0"), False),
    ("seal", "a seal, with every member of a call, about three digests' people",
     "密封，含全部成员和主体摘要", _call("seal", 1, **_FULL),
     PrivatePart(caller="case-system", reference="青民保〔2026〕12号"), True),
    ("open", "an open, whose private part has a checkpoint of the sender's ledger",
     "打开，内部部分含发送方检查点",
     _call("open", 2, **{**_FULL, "provider": OPENER, "requester": SENDER}),
     PrivatePart(caller="cli", checkpoint=signed(THEIRS, 12, fixed("their root"), "witness")),
     False),
    ("refused", "a refusal, and text that JSON escapes: quote, backslash, newline, U+0001, U+007F",
     "拒绝，含需转义的字符", _call("seal", 3, "RESOURCE_UNCATALOGUED", provider=SENDER, trust=7),
     PrivatePart(caller='a "b" \\ / c\nd\te\u0001f\u007f', reference="引号“”"), False),
    ("counted", "refusals of strangers, summed up", "陌生人的拒绝汇总",
     _call("open", 4, "ENVELOPE_MALFORMED", count=1000),
     PrivatePart(caller="(unauthenticated)"), False),
)  # fmt: skip


def _settled(name: str, shared: SharedPart, private: PrivatePart, about: bool) -> SettledEntry:
    digests = bytes.fromhex("".join(PEOPLE))
    subjects = Subjects(key_id=PSEUDONYMS.key_id, digests=digests) if about else None
    entry = Entry(shared=shared, private=private, subjects=subjects)
    return settle(entry, fixed(f"salt {name}", SALT_BYTES))


SETTLED = [
    _settled(name, shared, private, about) for name, _, _, shared, private, about in _ENTRIES
]
LEAVES = [one.leaf for one in SETTLED]


def _vector(name: str, about: str, about_zh: str, one: SettledEntry) -> SettledLeaf:
    subjects = one.subjects
    return SettledLeaf(
        name=name,
        about=about,
        about_zh=about_zh,
        salt=one.salt.hex(),
        private=one.private.decode(),
        private_hash=private_hash(one.salt, one.private).hex(),
        subjects=None if subjects is None else _subject(subjects),
        subjects_hash=None if subjects is None else hash_subjects(subjects).hex(),
        leaf=one.leaf.decode(),
        leaf_hash=leaf_hash(one.leaf).hex(),
    )


def _subject(subjects: Subjects) -> Subject:
    joined = subjects.digests.hex()
    digits = 2 * SUBJECT_BYTES
    split = tuple(joined[at : at + digits] for at in range(0, len(joined), digits))
    return Subject(key_id=subjects.key_id, digests=split)


def entries() -> tuple[SettledLeaf, ...]:
    """Return the entries with all that is hashed on the way."""
    return tuple(_vector(*told[:3], one) for told, one in zip(_ENTRIES, SETTLED, strict=True))


def as_leaf(members: dict[str, Any]) -> bytes:
    """Write a leaf from members that need not be those of one."""
    return msgspec.json.encode(members)
