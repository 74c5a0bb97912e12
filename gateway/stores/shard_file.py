"""The SQLite file of a shard: its tables, and the tree over its entries as it grows."""

import sqlite3
from collections.abc import Iterable, Sequence

from gateway.ledger.edge import Edge, Growth
from gateway.ledger.tiles import TILE_WIDTH
from gateway.ledger.tree import HASH_BYTES, leaf_hash

# Of the checkpoints of as many entries one is kept, and each that somebody cosigned.
CHECKPOINT_ENTRIES = 1024
# Tiles are kept by one number: their level above, their place in it below.
_LEVEL_SHIFT = 48
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (
    name TEXT PRIMARY KEY, value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    number INTEGER PRIMARY KEY, leaf BLOB NOT NULL, salt BLOB NOT NULL, private BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS tile (
    place INTEGER PRIMARY KEY, hashes BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS checkpoint (
    size INTEGER PRIMARY KEY, note TEXT NOT NULL, cosigned INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS subject (
    number INTEGER PRIMARY KEY, key_id TEXT NOT NULL, digests BLOB NOT NULL
);
"""


def tile_place(level: int, number: int) -> int:
    """Return under which number a tile is kept."""
    return level << _LEVEL_SHIFT | number


def tile_at(place: int) -> tuple[int, int]:
    """Return the level and the number of the tile that is kept under this number."""
    return place >> _LEVEL_SHIFT, place & (1 << _LEVEL_SHIFT) - 1


def split_hashes(data: bytes) -> list[bytes]:
    """Take the hashes of a tile apart."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class ShardTree:
    """The tree of a shard, as whoever writes it holds it: the edge, and the tiles not yet full."""

    __slots__ = ("_tails", "edge")

    def __init__(self, tails: Sequence[list[bytes]]) -> None:
        """Take what is in the last tile of each level, from the leaves upwards."""
        self._tails = list(tails)
        size = 0
        nodes: dict[int, bytes] = {}
        for level, tail in enumerate(self._tails):
            size += len(tail) << 8 * level
            if tail:
                below = Growth(Edge(), tail).edge()
                nodes |= {8 * level + height: node for height, node in below.nodes.items()}
        self.edge = Edge(size, nodes)

    def grow(self, leaves: Iterable[bytes]) -> tuple[Growth, list[tuple[int, bytes]]]:
        """Add leaves; return the growth, and (place, hashes) of the tiles to be kept."""
        hashes = [leaf_hash(leaf) for leaf in leaves]
        before, growth = self.edge.size, Growth(self.edge, hashes)
        self.edge = growth.edge()
        tiles, level, added = [], 0, hashes
        while added:
            if level == len(self._tails):
                self._tails.append([])
            tail = self._tails[level]
            number = before >> 8 * level + 8
            tail += added
            while len(tail) >= TILE_WIDTH:
                tiles.append((tile_place(level, number), b"".join(tail[:TILE_WIDTH])))
                del tail[:TILE_WIDTH]
                number += 1
            if level and tail:
                tiles.append((tile_place(level, number), b"".join(tail)))
            level += 1
            added = growth.completed(8 * level)
        return growth, tiles


def load_tree(database: sqlite3.Connection, size: int) -> ShardTree:
    """Read the edge of a shard of `size` entries. Raises: sqlite3.Error."""
    begin = size // TILE_WIDTH * TILE_WIDTH
    rows = database.execute("SELECT leaf FROM entry WHERE number >= ? ORDER BY number", (begin,))
    tails = [[leaf_hash(leaf) for (leaf,) in rows]]
    level = 1
    while size >> 8 * level:
        count = size >> 8 * level
        found = database.execute(
            "SELECT hashes FROM tile WHERE place = ?", (tile_place(level, count // TILE_WIDTH),)
        ).fetchone()
        tail = split_hashes(found[0]) if found is not None and count % TILE_WIDTH else []
        tails.append(tail)
        level += 1
    return ShardTree(tails)
