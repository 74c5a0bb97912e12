"""A shard as files that any verifier of C2SP tlog-tiles reads: checkpoint, tiles, leaves.

Never a private part, and never whom an entry is about: a leaf holds hashes of these.
What a checkpoint needs is there before it, and stays until after the next one took its
place, so that a reader may read at any time.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import NoReturn

from gateway.errors import CheckpointInvalidError, LedgerInvalidError
from gateway.ledger.notes import Checkpoint, read_checkpoint
from gateway.ledger.tiles import (
    TILE_WIDTH,
    Tiles,
    entries_path,
    entry_bundle,
    tile_path,
    tile_width,
)
from gateway.ledger.tree import root_of
from gateway.stores.files import sync_folder, write_whole
from gateway.stores.shard_checks import newest_checkpoint
from gateway.stores.shard_keeping import Kept
from gateway.stores.shards import ShardReader, clear_left

CHECKPOINT_FILE = "checkpoint"


def export(shard: ShardReader, out: Path) -> Kept:
    """Export a shard into a folder of its name in `out`, or bring what is there up to date.

    A folder that is not there yet appears whole or not at all.
    Raises: LedgerInvalidError where what is there is not the beginning of this shard; OSError.
    """
    signed = newest_checkpoint(shard)
    if signed is None:
        return Kept(shard.name, 0)
    # From here on it is the tree of this size; what is entered meanwhile is for the next time.
    checkpoint, note = signed.checkpoint, signed.note.text.encode()
    folder = out / shard.name
    if folder.exists():
        before = _exported(shard, checkpoint, folder)
        _write(shard, before, checkpoint.size, folder)
        write_whole(folder / CHECKPOINT_FILE, note)
        _tidy(before, checkpoint.size, folder)
    else:
        out.mkdir(exist_ok=True)
        clear_left(out, f".{shard.name}.*.new")
        fresh = out / f".{shard.name}.{token_hex(8)}.new"
        try:
            _write(shard, 0, checkpoint.size, fresh)
            write_whole(fresh / CHECKPOINT_FILE, note)
            fresh.rename(folder)
            sync_folder(out)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return Kept(shard.name, checkpoint.size)


def _exported(shard: ShardReader, now: Checkpoint, folder: Path) -> int:
    """Return how many entries were exported before; they are the first ones of the shard."""
    try:
        before = read_checkpoint((folder / CHECKPOINT_FILE).read_bytes()).checkpoint
    except (CheckpointInvalidError, FileNotFoundError, NotADirectoryError):
        _unlike(folder)
    if before.origin != now.origin or not 0 < before.size <= now.size:
        _unlike(folder)
    if root_of(before.size, Tiles(shard.tile, before.size).node) != before.root:
        _unlike(folder)
    return before.size


def _write(shard: ShardReader, before: int, size: int, folder: Path) -> None:
    """Write what a tree of `size` has and one of `before` had not, or not whole."""
    for number, width in _grown(0, before, size):
        rows = shard.rows(number * TILE_WIDTH, number * TILE_WIDTH + width)
        bundle = entry_bundle([row.leaf for row in rows])
        _put(folder / entries_path(number, width), bundle)
    for level in _levels(size):
        for number, width in _grown(level, before, size):
            _put(folder / tile_path(level, number, width), shard.tile(level, number, width))


def _levels(size: int) -> Iterator[int]:
    level = 0
    while tile_width(level, 0, size):
        yield level
        level += 1


def _grown(level: int, before: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield number and width of each tile of a level that came or grew."""
    number = (before >> 8 * level) // TILE_WIDTH
    while width := tile_width(level, number, size):
        yield number, width
        number += 1


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _tidy(before: int, size: int, folder: Path) -> None:
    """Remove tiles that were partial and have grown: nothing that stands there names them."""
    if before == size:
        return
    places = [entries_path(number, width) for number, width in _partial(0, before)]
    for level in _levels(before):
        places += [tile_path(level, number, width) for number, width in _partial(level, before)]
    now = {entries_path(number, width) for number, width in _partial(0, size)}
    for level in _levels(size):
        now |= {tile_path(level, number, width) for number, width in _partial(level, size)}
    for place in set(places) - now:
        (folder / place).unlink(missing_ok=True)
        parent = (folder / place).parent
        if not any(parent.iterdir()):
            parent.rmdir()


def _partial(level: int, size: int) -> Iterator[tuple[int, int]]:
    number = (size >> 8 * level) // TILE_WIDTH
    if width := tile_width(level, number, size):
        yield number, width


def _unlike(folder: Path) -> NoReturn:
    raise LedgerInvalidError(
        reason=f"{folder} is not what was exported of this ledger before",
        reason_zh=f"{folder} 与此前从本日志导出的内容不符",
    ) from None
