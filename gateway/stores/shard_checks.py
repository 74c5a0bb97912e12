"""Whether a shard is whole: its entries, its tree and its checkpoints fit together."""

from typing import NoReturn

from gateway.errors import CheckpointInvalidError, LedgerInvalidError
from gateway.ledger.directory import Anybody
from gateway.ledger.notes import SignedCheckpoint, read_checkpoint
from gateway.ledger.tiles import Tiles
from gateway.ledger.tree import root_of
from gateway.ledger.verifying import verify_shard
from gateway.stores.shards import ShardReader


def newest_checkpoint(shard: ShardReader) -> SignedCheckpoint | None:
    """Return the newest checkpoint, if there is one; nobody checked who signed it.

    Raises: LedgerInvalidError.
    """
    note = shard.checkpoint()
    if note is None:
        return None
    try:
        signed = read_checkpoint(note)
    except CheckpointInvalidError:
        _invalid(shard.name, "its checkpoint cannot be read", "检查点无法解析")
    if signed.checkpoint.origin != shard.origin:
        _invalid(shard.name, "its checkpoint is another's", "检查点属于其他分片")
    return signed


def check_whole(shard: ShardReader) -> int:
    """Check a shard that nobody writes to; return how many entries it has.

    Every byte counts of leaves, private parts, subjects, tiles and roots. Who signed
    the checkpoints does not: `sealgate ledger verify` asks that.
    Raises: LedgerInvalidError, LedgerUnavailableError.
    """
    return verify_shard(shard, Anybody(shard.origin)).entries


def agree(first: ShardReader, second: ShardReader) -> bool:
    """Tell whether one of two copies of a shard begins with all of the other.

    Raises: LedgerInvalidError, LedgerUnavailableError.
    """
    size = min(first.size(), second.size())
    if first.origin != second.origin:
        return False
    return not size or _root(first, size) == _root(second, size)


def _root(shard: ShardReader, size: int) -> bytes:
    return root_of(size, Tiles(shard.tile, size).node)


def _invalid(shard: str, reason: str, reason_zh: str) -> NoReturn:
    raise LedgerInvalidError(
        reason=f"{shard}: {reason}", reason_zh=f"{shard}：{reason_zh}"
    ) from None
