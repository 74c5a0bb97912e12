"""A department that witnesses, and checkpoints with its cosignature, for tests."""

from base64 import b64encode

from gateway.ledger.cosignatures import cosign
from gateway.ledger.notes import SignedNote, merge, read_checkpoint, read_signatures
from gateway.ledger.witnesses import witness_name
from gateway.model.trust import Department, PublicKey
from keys.material import LedgerKey, Purpose
from keys.suites import suite
from tests.gateway.ledger_shards import DEPARTMENT, directory_entry

WITNESS, SECOND = "11149900MB0C130056", "11149900MB0C14009D"
NOW = 1_800_000_000


def ledger_key(seed: int) -> LedgerKey:
    """Make a ledger key."""
    return suite(1).ledger_key(bytes([seed]) * 32)


def department(name: str, *keys: LedgerKey, revoked: bool = False) -> Department:
    """Return a department's entry in the directory."""
    public = tuple(
        PublicKey(
            key_id=key.key_id,
            purpose=Purpose.LEDGER,
            suite=1,
            public=b64encode(key.public).decode(),
            not_before=0,
            not_after=2 * NOW,
            revoked_at=1 if revoked else None,
        )
        for key in keys
    )
    return Department(id=name, name="见证部门", suites=(1,), keys=public)


KEYS_OF = {WITNESS: ledger_key(11), SECOND: ledger_key(12)}
DIRECTORY = {DEPARTMENT: directory_entry()} | {
    name: department(name, key) for name, key in KEYS_OF.items()
}


def cosigned(
    note: str,
    name: str = WITNESS,
    key: LedgerKey | None = None,
    *,
    time: int = NOW,
    over: str | None = None,
) -> str:
    """Add a department's cosignature to a checkpoint; `over` is what it signs in its place."""
    key = key or KEYS_OF[name]
    verifying = suite(1).verifying_key(key.public, Purpose.LEDGER)
    line = cosign(read_checkpoint(over or note), witness_name(name), verifying, key.sign, time)
    signed = read_checkpoint(note).note
    return merge(signed, SignedNote(signed.body, read_signatures(line))).text
