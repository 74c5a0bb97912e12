"""A growing Merkle tree (RFC 6962 section 2.1), of which only the right edge is held. No I/O."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import NamedTuple

from gateway.ledger.tree import HASH_BYTES
from keys.suites import fingerprint, fingerprints


class Edge(NamedTuple):
    """The complete subtrees that a tree of `size` leaves is made of.

    `nodes` holds the hash of the one of 2**level leaves, for each bit of `size` that is set.
    """

    size: int = 0
    nodes: Mapping[int, bytes] = {}

    def root(self) -> bytes:
        """Return the root; that of no leaves is the hash of nothing."""
        right, *left = [self.nodes[level] for level in sorted(self.nodes)] or [fingerprint(b"")]
        return reduce(lambda root, node: fingerprint(b"\x01" + node + root), left, right)


class Growth:
    """A tree with leaves just added: its root, its edge, and the path of each of them."""

    __slots__ = ("_before", "_common", "_folded", "_rows", "_size", "root")

    def __init__(self, edge: Edge, hashes: Sequence[bytes]) -> None:
        """Add leaves by their hashes, one at least.

        Raises: ValueError for no leaf, or a hash that has not 32 bytes.
        """
        if not hashes or any(len(one) != HASH_BYTES for one in hashes):
            raise ValueError("a tree grows by leaves, and their hashes have 32 bytes each")
        self._before, self._size = edge, edge.size + len(hashes)
        # Of each level the new nodes, behind the number of the first, as long as there are
        # several. What has no sibling rises as it is.
        self._rows: list[tuple[int, list[bytes]]] = []
        first, row = edge.size, list(hashes)
        while len(row) > 1:
            if first % 2:
                first -= 1
                row.insert(0, edge.nodes[len(self._rows)])
            self._rows.append((first, row))
            first, row = first // 2, _above(row)
        # From where there is one, all paths are the same: what stands left of it, level by level.
        self._common: list[bytes] = []
        self._folded = {len(self._rows): row[0]}
        self.root: bytes = self._fold(first, len(self._rows), row[0])

    def _fold(self, number: int, level: int, node: bytes) -> bytes:
        while number:
            if number % 2:
                left = self._before.nodes[level]
                self._common.append(left)
                node = fingerprint(b"\x01" + left + node)
            number, level = number // 2, level + 1
            self._folded[level] = node
        return node

    def path(self, added: int) -> tuple[bytes, ...]:
        """Return the path of the leaf that was added at this place, from the leaf upwards."""
        if not self._rows:
            return tuple(self._common)
        number, path = self._before.size + added, []
        for first, row in self._rows:
            sibling = (number ^ 1) - first
            if sibling < len(row):
                path.append(row[sibling])
            number //= 2
        return (*path, *self._common)

    def completed(self, level: int) -> list[bytes]:
        """Return the subtrees of 2**level leaves that were completed, from left to right."""
        begin, end = self._before.size >> level, self._size >> level
        if begin == end:
            return []
        if level >= len(self._rows):
            return [self._folded[level]]
        first, row = self._rows[level]
        return row[begin - first : end - first]

    def edge(self) -> Edge:
        """Return the edge of the tree as it is now."""
        old, new, nodes = self._before.size, self._size, {}
        for level in range(new.bit_length()):
            if new >> level & 1:
                fresh = new >> level != old >> level
                nodes[level] = self.completed(level)[-1] if fresh else self._before.nodes[level]
        return Edge(new, nodes)


def _above(row: list[bytes]) -> list[bytes]:
    pairs = zip(row[::2], row[1::2], strict=False)
    above = fingerprints([b"\x01" + left + right for left, right in pairs])
    if len(row) % 2:
        above.append(row[-1])
    return above
