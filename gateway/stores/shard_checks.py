"""Whether a shard is whole: its entries, its tree and its newest checkpoint fit together."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NoReturn, TypeVar

from gateway.errors import CheckpointInvalidError, LedgerInvalidError, ReceiptInvalidError
from gateway.ledger.entries import private_hash, subjects_hash
from gateway.ledger.notes import SignedCheckpoint, read_checkpoint
from gateway.ledger.receipts import read_leaf
from gateway.ledger.tiles import TILE_WIDTH, Tiles
from gateway.ledger.tree import HASH_BYTES, root_of
from gateway.model.call import Subjects
from gateway.stores.shard_file import ShardTree, tile_at
from gateway.stores.shards import Row, ShardReader

T = TypeVar("T")
# Entries whose tree is grown at once.
_BATCH = 16 * TILE_WIDTH


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

    Every byte counts of leaves, private parts, subjects and tiles. Who signed the
    checkpoints does not: `sealgate ledger verify` asks that.
    Raises: LedgerInvalidError, LedgerUnavailableError.
    """
    tree, root = ShardTree([]), b""
    unfilled: dict[int, bytes] = {}
    for rows in _batches(shard.rows(), _BATCH):
        begin = tree.edge.size
        subjects = dict(shard.subjects(begin, begin + len(rows)))
        for number, row in enumerate(rows, begin):
            _check_entry(shard.name, number, row, subjects.get(number))
        growth, tiles = tree.grow([row.leaf for row in rows])
        root = growth.root
        for place, hashes in tiles:
            unfilled.pop(place, None)
            if len(hashes) < HASH_BYTES * TILE_WIDTH:
                unfilled[place] = hashes
            else:
                _check_tile(shard, place, hashes)
    for place, hashes in unfilled.items():
        _check_tile(shard, place, hashes)
    size = tree.edge.size
    if next(shard.subjects(size), None) is not None:
        _invalid(shard.name, "it has subjects of no entry", "含有不属于任何条目的主体摘要")
    signed = newest_checkpoint(shard)
    found = signed and (signed.checkpoint.size, signed.checkpoint.root)
    if found != ((size, root) if size else None):
        _invalid(shard.name, "its entries are not those of its checkpoint", "条目与检查点不符")
    return size


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


def _check_entry(shard: str, number: int, row: Row, subjects: Subjects | None) -> None:
    try:
        leaf = read_leaf(row.leaf)
    except ReceiptInvalidError:
        _wrong_entry(shard, number)
    whose = None if subjects is None else subjects_hash(subjects).hex()
    if (
        row.number != number
        or leaf.private != private_hash(row.salt, row.private).hex()
        or whose not in (None, leaf.subjects)
    ):
        _wrong_entry(shard, number)


def _check_tile(shard: ShardReader, place: int, hashes: bytes) -> None:
    level, number = tile_at(place)
    if shard.tile(level, number, len(hashes) // HASH_BYTES) != hashes:
        _invalid(shard.name, "a tile of its tree is wrong", "哈希块有误")


def _batches(items: Iterable[T], count: int) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, count)):
        yield batch


def _wrong_entry(shard: str, number: int) -> NoReturn:
    _invalid(shard, f"entry {number} is wrong", f"第 {number} 条有误")


def _invalid(shard: str, reason: str, reason_zh: str) -> NoReturn:
    raise LedgerInvalidError(
        reason=f"{shard}: {reason}", reason_zh=f"{shard}：{reason_zh}"
    ) from None
