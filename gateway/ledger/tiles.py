"""Tiles of a tree, and bundles of its leaves (C2SP tlog-tiles): names, bytes, nodes. No I/O.

The tile of a level and a number holds up to 256 hashes, side by side: on level 0 those
of leaves, above it those of full tiles of the level below. What lies between two levels
is worked out from the lower one.
"""

from collections.abc import Callable, Sequence

from gateway.ledger.tree import HASH_BYTES
from keys.suites import fingerprint

TILE_WIDTH = 256
# Levels of a tree between one level of tiles and the next.
TILE_HEIGHT = 8
# The last level of tiles that has a name.
LAST_LEVEL = 63
# Tiles that are kept at a time, of 16 KiB each with what was worked out: who walks through a
# large tree does not come to hold all of it.
KEPT_TILES = 64
# Leaves stand in a bundle behind their lengths of so many bytes.
_LENGTH_BYTES = 2
_LONGEST_LEAF = (1 << 8 * _LENGTH_BYTES) - 1

# Gives the first `width` hashes of a tile, by its level, its number and the width.
ReadTile = Callable[[int, int, int], bytes]


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Name a tile, a partial one by the number of hashes in it.

    Raises: ValueError where no tile has that name.
    """
    if not 0 <= level <= LAST_LEVEL:
        raise ValueError("there are no tiles of this level")
    return f"tile/{level}/{_number(number, width)}"


def entries_path(number: int, width: int = TILE_WIDTH) -> str:
    """Name the bundle of the leaves of a tile of level 0.

    Raises: ValueError where no bundle has that name.
    """
    return f"tile/entries/{_number(number, width)}"


def tile_width(level: int, number: int, size: int) -> int:
    """Count the hashes that a tree of `size` leaves has in a tile; 0 where it has no such tile."""
    hashes = (size >> TILE_HEIGHT * level) - number * TILE_WIDTH
    return max(0, min(hashes, TILE_WIDTH))


def entry_bundle(leaves: Sequence[bytes]) -> bytes:
    """Put the leaves of a tile side by side, each behind its length.

    Raises: ValueError for no leaf, more than a tile has, or one of 64 KiB or more.
    """
    if not 1 <= len(leaves) <= TILE_WIDTH:
        raise ValueError("a bundle holds the leaves of one tile")
    if any(len(leaf) > _LONGEST_LEAF for leaf in leaves):
        raise ValueError("a leaf is too long for a bundle")
    return b"".join([len(leaf).to_bytes(_LENGTH_BYTES, "big") + leaf for leaf in leaves])


def read_bundle(data: bytes) -> list[bytes]:
    """Take apart what `entry_bundle` put together.

    Raises: ValueError for anything else.
    """
    leaves: list[bytes] = []
    at = 0
    while at < len(data) and len(leaves) < TILE_WIDTH:
        begin = at + _LENGTH_BYTES
        at = begin + int.from_bytes(data[at:begin], "big")
        leaves.append(data[begin:at])
    if not leaves or at != len(data):
        raise ValueError("no bundle of leaves")
    return leaves


class Tiles:
    """The complete subtrees of a tree, by way of its tiles.

    A tile is read once while it is kept, and so is what was worked out from it.
    """

    __slots__ = ("_kept", "_read", "_size")

    def __init__(self, read: ReadTile, size: int) -> None:
        """Take the tree of `size` leaves, and what reads its tiles."""
        self._read, self._size = read, size
        # Of each tile the rows of hashes from its own upwards; the one used last is last.
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    def node(self, level: int, number: int) -> bytes:
        """Return the hash of a complete subtree of 2**level leaves.

        Raises: ValueError where the tree has none there, or a tile of another width was read.
        """
        if level < 0 or not 0 <= number < self._size >> level:
            raise ValueError("the tree has no such subtree")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_number, place = divmod(number, TILE_WIDTH >> height)
        rows = self._rows(tile_level, tile_number)
        while len(rows) <= height:
            rows.append(_above(rows[-1]))
        return rows[height][HASH_BYTES * place : HASH_BYTES * (place + 1)]

    def _rows(self, level: int, number: int) -> list[bytes]:
        rows = self._kept.pop((level, number), None)
        if rows is None:
            width = tile_width(level, number, self._size)
            hashes = self._read(level, number, width)
            if len(hashes) != HASH_BYTES * width:
                raise ValueError("a tile is not as wide as the tree has it")
            rows = [hashes]
        self._kept[level, number] = rows
        if len(self._kept) > KEPT_TILES:
            del self._kept[next(iter(self._kept))]
        return rows


def _above(row: bytes) -> bytes:
    # Two neighbours stand side by side already; a last one without a neighbour has no node above.
    pair = 2 * HASH_BYTES
    whole = len(row) // pair * pair
    return b"".join([fingerprint(b"\x01" + row[at : at + pair]) for at in range(0, whole, pair)])


def _number(number: int, width: int) -> str:
    if number < 0 or not 1 <= width <= TILE_WIDTH:
        raise ValueError("no tile has this number and width")
    digits = str(number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return "".join([f"x{one}/" for one in above]) + last + suffix
