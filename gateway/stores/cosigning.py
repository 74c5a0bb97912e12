"""Cosignatures in the ledger: those of others kept, and what this department cosigned itself.

A checkpoint that is thinned out can be cosigned still: the root at any size is in the tiles.
"""

import fcntl
import gzip
import os
import shutil
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
from gateway.stores.ledger_folder import folder_lock
from gateway.stores.shard_checks import check_whole
from gateway.stores.shard_file import SCHEMA
from gateway.stores.shard_keeping import compress, keeping
from gateway.stores.shards import ARCHIVED_SUFFIX, ShardReader, list_shards, shard_of
from keys.material import VerifyingKey

_private = msgspec.json.Decoder(PrivatePart)


class OwnLedger(NamedTuple):
    """The ledger of a node: its folder, the parts of its origins, the keys it was signed with."""

    folder: Path
    department: str
    node: str
    keys: tuple[VerifyingKey, ...]


class Offered(NamedTuple):
    """A checkpoint of this ledger with cosignatures, all of it checked."""

    signed: SignedCheckpoint
    origin: Origin
    own: SignedNote
    witnesses: Mapping[NoteSignature, Witness]


class KeptCheckpoint(NamedTuple):
    """A checkpoint as it is kept, with all its signatures, and who cosigned it."""

    checkpoint: Checkpoint
    text: str
    witnesses: tuple[Witness, ...]


def check_offered(
    ledger: OwnLedger, text: str | bytes, departments: Mapping[str, Department], now: int
) -> Offered:
    """Check cosignatures of a checkpoint of this ledger; `now` is Unix seconds.

    Raises: CheckpointInvalidError; RequestMalformedError for one of another ledger;
        LedgerInvalidError where the ledger is not what this department signed for;
        LedgerUnavailableError.
    """
    signed, origin = read_own_kind(text)
    if origin.department != ledger.department:
        raise _not_ours()
    own = signed_by(signed, ledger.keys)
    if own is None:
        raise CheckpointInvalidError(
            reason="this department has not signed it", reason_zh="没有本部门的签名"
        )
    found = witnesses(signed, departments, now)
    if not found:
        raise CheckpointInvalidError(
            reason="no department of the directory has cosigned it",
            reason_zh="没有目录中其他部门的联署",
        )
    offered = Offered(signed, origin, own, found)
    _find(ledger, offered)
    return offered


def add_cosignatures(
    ledger: OwnLedger, offered: Offered, departments: Mapping[str, Department], now: int
) -> KeptCheckpoint:
    """Keep cosignatures that were checked; lines that nobody can check are left out.

    Raises: as `check_offered`.
    """
    try:
        # Nobody archives the shard meanwhile, without what is kept here.
        with keeping(ledger.folder) as place:
            path = _find(ledger, offered)
            if path.name.endswith(ARCHIVED_SUFFIX):
                kept = _keep_archived(path, offered, place)
            else:
                kept = _keep(path, offered)
    except OSError:
        raise LedgerUnavailableError from None
    checkpoint = offered.signed.checkpoint
    held = witnesses(SignedCheckpoint(checkpoint, kept), departments, now)
    return KeptCheckpoint(checkpoint, kept.text, tuple(held.values()))


def _find(ledger: OwnLedger, offered: Offered) -> Path:
    """Find the shard's file, and check that it holds what this department signed for."""
    origin, checkpoint = offered.origin, offered.signed.checkpoint
    path = next((one for one in list_shards(ledger.folder) if shard_of(one) == origin.shard), None)
    if path is None:
        if origin.node != ledger.node:
            raise _not_ours()
        raise LedgerInvalidError(
            reason="a shard is missing that this department signed for",
            reason_zh="缺少本部门签署过的分片",
        )
    with ShardReader(path) as shard:
        if shard.origin != checkpoint.origin:
            raise _not_ours()
        size = checkpoint.size
        known = 0 < size <= shard.size()
        if not known or root_of(size, Tiles(shard.tile, size).node) != checkpoint.root:
            raise LedgerInvalidError(
                reason="a shard does not fit a checkpoint that this department signed",
                reason_zh="分片与本部门签署过的检查点不符",
            )
    return path


def _keep(path: Path, offered: Offered, journal: str = "WAL") -> SignedNote:
    size, body = offered.signed.checkpoint.size, offered.signed.note.body
    database = GroupedDatabase(path, SCHEMA)
    try:
        with database.together():
            # Thinned out, it stands again as this department signed it.
            rows = database.run("SELECT note FROM checkpoint WHERE size = ?", (size,))
            base = read_note(str(rows[0][0])) if rows else offered.own
            kept = merge(base, SignedNote(body, tuple(offered.witnesses)))
            database.run("INSERT OR REPLACE INTO checkpoint VALUES (?, ?, 1)", (size, kept.text))
        database.run(f"PRAGMA journal_mode = {journal}")
    finally:
        database.close()
    return kept


def _keep_archived(path: Path, offered: Offered, place: Path) -> SignedNote:
    copy = place / path.name.removesuffix(".gz")
    with gzip.open(path) as packed, copy.open("wb") as file:
        shutil.copyfileobj(packed, file)
    # An archive is one file, with no log beside it.
    kept = _keep(copy, offered, journal="DELETE")
    with ShardReader(copy) as shard:
        check_whole(shard)
    compress(copy, path)
    copy.unlink()
    return kept


@contextmanager
def witnessing(folder: Path) -> Iterator[None]:
    """Keep others from cosigning between the look at what is known and the entry of it.

    Raises: LedgerUnavailableError.
    """
    try:
        # It makes the folder, durably, if there is none.
        with folder_lock(folder):
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
