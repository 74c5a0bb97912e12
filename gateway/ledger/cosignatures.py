"""Cosignatures of checkpoints after C2SP (tlog-cosignature, `cosignature/v1`). No I/O.

A witness signs a checkpoint with a time: the newest consistent state of that
log that it had seen by then. The signature is an 8-byte time, Unix seconds, and
what the key signed. The message does not commit to the witness's name; a key
therefore belongs to one name only.
"""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.errors import CheckpointInvalidError
from gateway.ledger.notes import (
    LARGEST_NUMBER,
    Sign,
    SignedCheckpoint,
    held_signatures,
    signature_line,
    typed_hash,
)
from keys.material import VerifyingKey
from keys.suites import suite

TIME_BYTES = 8


class Cosignature(NamedTuple):
    """A cosignature that was verified: by which key, and when, Unix seconds."""

    key_id: str
    time: int


def cosignature_hash(name: str, key: VerifyingKey) -> bytes:
    """Return the hash that names a ledger key in the cosignatures of `name`.

    Raises: ValueError for a key of another purpose, or what is no name.
    """
    return typed_hash(name, key, suite(key.suite).cosignature_type)


def cosign(signed: SignedCheckpoint, name: str, key: VerifyingKey, sign: Sign, time: int) -> str:
    """Return the line of a cosignature made at `time`, Unix seconds.

    `sign` signs with the private half of `key`. Whoever cosigns has checked that
    the checkpoint's log signed it, and that it is consistent with what was seen before.
    Raises: ValueError for a time that no cosignature can hold.
    """
    if not 0 <= time <= LARGEST_NUMBER:
        raise ValueError("the time of a cosignature has 63 bits")
    signature = time.to_bytes(TIME_BYTES) + sign(_message(signed, time))
    return signature_line(name, cosignature_hash(name, key), signature)


def check_cosignature(
    signed: SignedCheckpoint, name: str, keys: Iterable[VerifyingKey]
) -> Cosignature:
    """Return the cosignature of `name`; of several keys', the newest.

    Whether its time is to be believed is for the caller, who has a clock.
    Raises: CheckpointInvalidError where there is none, or one of a known key does not hold.
    """

    def parts(said: bytes) -> tuple[bytes, bytes]:
        time = _time(said)
        # No signature holds that is of 0 bytes: a time beyond the largest is none.
        signature = said[TIME_BYTES:] if time <= LARGEST_NUMBER else b""
        return signature, _message(signed, time)

    known = [(key, cosignature_hash(name, key)) for key in keys]
    held = held_signatures(signed.note, name, known, parts)
    if not held:
        raise CheckpointInvalidError(
            reason="no key known here has cosigned it", reason_zh="没有此处已知见证方的联署"
        )
    found = [Cosignature(one.key_id, _time(one.signature)) for one in held]
    return max(found, key=lambda one: one.time)


def _time(said: bytes) -> int:
    return int.from_bytes(said[:TIME_BYTES])


def _message(signed: SignedCheckpoint, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{signed.note.body}".encode()
