"""Cosignatures in the ledger: those of others kept, and what this department cosigned itself.

A checkpoint that is thinned out can be cosigned still: the root at any size is in the tiles.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.errors import (
    CheckpointInvalidError,
    LedgerInvalidError,
    LedgerUnavailableError,
    RequestMalformedError,
)
from gateway.ledger.notes import (
    Checkpoint,
    NoteSignature,
    SignedCheckpoint,
    SignedNote,
    merge,
    read_checkpoint,
    read_note,
)
from gateway.ledger.origins import Origin
from gateway.ledger.tiles import Tiles
from gateway.ledger.tree import root_of
from gateway.ledger.witnesses import Witness, read_own_kind, signed_by, witnesses
from gateway.model.call import PrivatePart
from gateway.model.trust import Department
from gateway.stores.grouped import GroupedDatabase
from gateway.stores.ledger import folder_lock
from gateway.stores.shard_file import SCHEMA
from gateway.stores.shards import ARCHIVED_SUFFIX, ShardReader, list_shards, shard_of
from keys.material import VerifyingKey

_private = msgspec.json.Decoder(PrivatePart)


class OwnLedger(NamedTuple):
    """The ledger of a node: its folder, the parts of its origins, the keys it was signed with."""

    folder: Path
    department: str
    node: str
    keys: tuple[VerifyingKey, ...]


class KeptCheckpoint(NamedTuple):
    """A checkpoint as it is kept, with all its signatures, and who cosigned it."""

    checkpoint: Checkpoint
    text: str
    witnesses: tuple[Witness, ...]


def add_cosignatures(
    ledger: OwnLedger, text: str | bytes, departments: Mapping[str, Department], now: int
) -> KeptCheckpoint:
    """Keep the cosignatures of a checkpoint of this ledger; those that nobody can check are not.

    `now` is Unix seconds.
    Raises: CheckpointInvalidError; RequestMalformedError for one of another ledger, or of an
        archived shard; LedgerInvalidError where the ledger is not what this department signed
        for; LedgerUnavailableError.
    """
    signed, origin = read_own_kind(text)
    if origin.department != ledger.department:
        raise _not_ours()
    own = signed_by(signed, ledger.keys)
    found = witnesses(signed, departments, now)
    if not found:
        raise CheckpointInvalidError(
            reason="no department of the directory has cosigned it",
            reason_zh="没有目录中其他部门的联署",
        )
    try:
        with folder_lock(ledger.folder):
            path = _checked(ledger, signed, origin, own)
            kept = _keep(path, signed, own, tuple(found))
    except OSError:
        raise LedgerUnavailableError from None
    held = witnesses(SignedCheckpoint(signed.checkpoint, kept), departments, now)
    return KeptCheckpoint(signed.checkpoint, kept.text, tuple(held.values()))


def _checked(
    ledger: OwnLedger, signed: SignedCheckpoint, origin: Origin, own: SignedNote | None
) -> Path:
    """Find the shard's file, and check that it holds what the checkpoint says."""
    path = next((one for one in list_shards(ledger.folder) if shard_of(one) == origin.shard), None)
    if path is None:
        if own is not None and origin.node == ledger.node:
            raise LedgerInvalidError(
                reason="a shard is missing that this department signed for",
                reason_zh="缺少本部门签署过的分片",
            )
        raise _not_ours()
    _, size, root = signed.checkpoint
    with ShardReader(path) as shard:
        if shard.origin != signed.checkpoint.origin:
            raise _not_ours()
        fits = 0 < size <= shard.size() and root_of(size, Tiles(shard.tile, size).node) == root
    if not fits and own is not None:
        raise LedgerInvalidError(
            reason="a shard does not fit a checkpoint that this department signed",
            reason_zh="分片与本部门签署过的检查点不符",
        )
    if not fits:
        raise CheckpointInvalidError(
            reason="it says other than this ledger", reason_zh="与本日志不符"
        )
    if path.name.endswith(ARCHIVED_SUFFIX):
        raise RequestMalformedError(
            reason="this shard is archived, and takes no more cosignatures",
            reason_zh="该分片已归档，不再接受联署",
        )
    return path


def _keep(
    path: Path,
    signed: SignedCheckpoint,
    own: SignedNote | None,
    cosignatures: tuple[NoteSignature, ...],
) -> SignedNote:
    size, body = signed.checkpoint.size, signed.note.body
    database = GroupedDatabase(path, SCHEMA)
    try:
        with database.together():
            rows = database.run("SELECT note FROM checkpoint WHERE size = ?", (size,))
            base = read_note(str(rows[0][0])) if rows else own
            if base is None:
                raise CheckpointInvalidError(
                    reason="its ledger has not signed it", reason_zh="没有所属日志的签名"
                )
            kept = merge(base, SignedNote(body, cosignatures))
            database.run("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, 1)", (size, kept.text))
    finally:
        database.close()
    return kept


@contextmanager
def witnessing(folder: Path) -> Iterator[None]:
    """Keep others from cosigning between the look at what is known and the entry of it.

    Raises: LedgerUnavailableError.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise LedgerUnavailableError from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def last_witnessed(folder: Path, origin: str) -> Checkpoint | None:
    """Return the newest checkpoint of another's ledger that this one has an entry of.

    It came with an envelope, or was cosigned here.
    Raises: LedgerUnavailableError, LedgerInvalidError.
    """
    newest: Checkpoint | None = None
    # As the private part has it: no text within JSON can look so, nor is an origin escaped.
    mark = f'"checkpoint":"{origin}\\n'.encode()
    for path in list_shards(folder):
        with ShardReader(path) as shard:
            for row in shard.rows():
                if mark not in row.private:
                    continue
                found = _checkpoint(row.private)
                if found.origin == origin and (newest is None or found.size > newest.size):
                    newest = found
    return newest


def _checkpoint(private: bytes) -> Checkpoint:
    try:
        return read_checkpoint(_private.decode(private).checkpoint or "").checkpoint
    except (msgspec.DecodeError, CheckpointInvalidError):
        raise LedgerInvalidError(
            reason="the private part of an entry cannot be read", reason_zh="条目的私有部分无法解析"
        ) from None


def _not_ours() -> RequestMalformedError:
    return RequestMalformedError(
        reason="it is a checkpoint of another ledger", reason_zh="这是其他日志的检查点"
    )
