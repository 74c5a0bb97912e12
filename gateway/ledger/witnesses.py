"""Departments as witnesses: who cosigned a checkpoint, and what may be cosigned. No I/O.

A department cosigns with its ledger key, under a name of its own. Its cosignature says
that the ledger had just these entries then, and that what it had seen before is among them.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gateway.errors import CheckpointInvalidError, RequestMalformedError
from gateway.ledger.cosignatures import check_cosignature, cosignature_hash
from gateway.ledger.notes import (
    Checkpoint,
    NoteSignature,
    SignedCheckpoint,
    SignedNote,
    check_signature,
    find_signature,
    key_hash,
    read_checkpoint,
)
from gateway.ledger.origins import Origin, read_origin
from gateway.ledger.receipts import MAX_PATH, ledger_keys
from gateway.ledger.tree import HASH_BYTES, check_consistency
from gateway.model.trust import Department
from keys.material import VerifyingKey

# A clock of another machine may be as much ahead.
MAX_AHEAD_SECONDS = 60
# A proof of the largest tree has some 6 KB: nobody is to make us read more.
MAX_PROOF_BYTES = 16 * 1024


class Witness(NamedTuple):
    """A department whose cosignature holds: its key, and when it cosigned (Unix seconds)."""

    department: str
    key_id: str
    time: int


def witness_name(department: str) -> str:
    """Return the key name that a department cosigns under."""
    return f"sealgate/{department}"


def read_own_kind(data: str | bytes) -> tuple[SignedCheckpoint, Origin]:
    """Read a checkpoint of a ledger like ours.

    Raises: CheckpointInvalidError.
    """
    signed = read_checkpoint(data)
    try:
        return signed, read_origin(signed.checkpoint.origin)
    except ValueError:
        raise CheckpointInvalidError(
            reason="its origin is none of a shard", reason_zh="来源不是日志分片"
        ) from None


def signed_by(signed: SignedCheckpoint, keys: Iterable[VerifyingKey]) -> SignedNote | None:
    """Return the checkpoint with the signatures of its log alone; None where it has none.

    Raises: CheckpointInvalidError where one of a known key does not hold.
    """
    origin, held = signed.checkpoint.origin, []
    for key in keys:
        line = find_signature(signed.note, origin, key_hash(origin, key))
        if line is not None:
            check_signature(SignedNote(signed.note.body, (line,)), origin, (key,))
            held.append(line)
    return SignedNote(signed.note.body, tuple(held)) if held else None


def witnesses(
    signed: SignedCheckpoint, departments: Mapping[str, Department], now: int
) -> dict[NoteSignature, Witness]:
    """Return the cosignatures of other departments that hold; `now` is Unix seconds.

    Lines of names and keys that the directory does not know are passed over: nobody
    can tell whether they hold.
    Raises: CheckpointInvalidError where one of a known key does not, or is of the future.
    """
    own = read_origin(signed.checkpoint.origin).department
    named = {one.name for one in signed.note.signatures}
    found = {}
    for department in departments.values():
        name = witness_name(department.id)
        if name not in named or department.id == own:
            continue
        for key in ledger_keys(department):
            line = find_signature(signed.note, name, cosignature_hash(name, key))
            if line is None:
                continue
            key_id, time = check_cosignature(signed, name, (key,))
            if time > now + MAX_AHEAD_SECONDS:
                raise CheckpointInvalidError(
                    reason="a cosignature is of the future", reason_zh="联署时间晚于当前时间"
                )
            found[line] = Witness(department.id, key_id, time)
    return found


def check_newer(known: Checkpoint | None, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Check that a checkpoint may be cosigned by who knows another of its ledger.

    Raises: CheckpointInvalidError where the two do not go together; RequestMalformedError
        where that cannot be told.
    """
    if known is None:
        return
    if known.size == new.size:
        if known.root != new.root:
            raise CheckpointInvalidError(
                reason="another one of the same size is known here: that ledger was changed",
                reason_zh="此处已有同一规模但内容不同的检查点，该日志已被改动",
            )
        return
    if known.size > new.size:
        raise RequestMalformedError(
            reason=f"a later checkpoint, of {known.size} entries, is known here",
            reason_zh=f"此处已有更新的检查点（{known.size} 条）",
        )
    if not proof:
        raise RequestMalformedError(
            reason=f"a checkpoint of {known.size} entries is known here: a proof from there to "
            f"{new.size} is needed",
            reason_zh=f"此处已有 {known.size} 条时的检查点，须提供从 {known.size} 到 {new.size} "
            "的一致性证明",
        )
    try:
        check_consistency(known.size, known.root, new.size, new.root, proof)
    except ValueError:
        raise CheckpointInvalidError(
            reason=f"the proof does not lead to it from the one of {known.size} entries that is "
            "known here",
            reason_zh=f"证明不能将其与此处已有的 {known.size} 条时的检查点相连",
        ) from None


def proof_text(hashes: Sequence[bytes]) -> str:
    """Write a proof: a hash a line, in base64."""
    return "".join(b64encode(one).decode() + "\n" for one in hashes)


def read_proof(text: str) -> tuple[bytes, ...]:
    """Read what `proof_text` writes.

    Raises: RequestMalformedError.
    """
    lines = text.split()
    try:
        hashes = tuple(b64decode(line, validate=True) for line in lines)
    except ValueError:
        hashes = (b"",)
    # Of each level two hashes at most.
    if len(hashes) > 2 * MAX_PATH or any(len(one) != HASH_BYTES for one in hashes):
        raise RequestMalformedError(
            reason="a proof has a hash of 32 bytes on each line, in base64",
            reason_zh="证明应每行为一个 32 字节散列值（base64）",
        )
    return hashes
