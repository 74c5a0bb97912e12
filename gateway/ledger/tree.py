"""Merkle trees of RFC 6962 (section 2.1; the same in RFC 9162): roots and paths. No I/O.

The tree of one leaf is its hash. The hashes of leaves and of nodes are kept apart
by their first byte, so that no node passes for a leaf.
"""

from collections.abc import Sequence

from keys.suites import fingerprint

HASH_BYTES = 32


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf."""
    return fingerprint(b"\x00" + leaf)


def grow(hashes: Sequence[bytes]) -> tuple[bytes, list[list[bytes]]]:
    """Return the root over hashes of leaves, and for each leaf its path to the root.

    A path holds the siblings' hashes from the leaf upwards.
    Raises: ValueError for no leaf, or a hash of another length.
    """
    if not hashes or any(len(one) != HASH_BYTES for one in hashes):
        raise ValueError("a tree has leaves, and their hashes have 32 bytes each")
    paths: list[list[bytes]] = [[] for _ in hashes]
    # Nodes of one level, each with the leaves below it; what has no sibling rises as it is.
    level: list[tuple[bytes, tuple[int, ...]]] = [
        (one, (place,)) for place, one in enumerate(hashes)
    ]
    while len(level) > 1:
        above = []
        for left, right in zip(level[::2], level[1::2], strict=False):
            for place in left[1]:
                paths[place].append(right[0])
            for place in right[1]:
                paths[place].append(left[0])
            above.append((_node_hash(left[0], right[0]), left[1] + right[1]))
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0][0], paths


def root_from(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a leaf's hash and path lead to (RFC 9162 section 2.1.3.2).

    Raises: ValueError where no tree of this size has such a path at this index.
    """
    if not 0 <= index < size or any(len(one) != HASH_BYTES for one in (leaf, *path)):
        raise ValueError("no such leaf, or a hash that has not 32 bytes")
    node, last, found = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise ValueError("the path is too long")
        if node % 2 or node == last:
            found = _node_hash(sibling, found)
            while not node % 2 and node:
                node, last = node // 2, last // 2
        else:
            found = _node_hash(found, sibling)
        node, last = node // 2, last // 2
    if last:
        raise ValueError("the path is too short")
    return found


def _node_hash(left: bytes, right: bytes) -> bytes:
    return fingerprint(b"\x01" + left + right)
