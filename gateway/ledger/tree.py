"""Merkle trees of RFC 6962 (section 2.1; the same in RFC 9162): roots and paths. No I/O.

The tree of one leaf is its hash. The hashes of leaves and of nodes are kept apart
by their first byte, so that no node passes for a leaf.

A path alone does not tell the size of a tree: what is checked here holds for sizes
and roots that a checkpoint binds together.
"""

from collections.abc import Callable, Sequence

from keys.suites import fingerprint

HASH_BYTES = 32

# Gives the hash of the complete subtree of 2**level leaves, by its level and its number.
Nodes = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf."""
    return fingerprint(b"\x00" + leaf)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two nodes into the one above them.

    Raises: ValueError for a hash that has not 32 bytes.
    """
    if len(left) != HASH_BYTES or len(right) != HASH_BYTES:
        raise ValueError("a hash of a tree has 32 bytes")
    return fingerprint(b"\x01" + left + right)


def root_of(size: int, node: Nodes) -> bytes:
    """Return the root of the tree of `size` leaves; that of no leaves is the hash of nothing.

    Raises: ValueError.
    """
    if size < 0:
        raise ValueError("no tree has this size")
    return _root(0, size, node) if size else fingerprint(b"")


def inclusion_path(index: int, size: int, node: Nodes) -> tuple[bytes, ...]:
    """Return the path of a leaf in the tree of `size` leaves (RFC 6962 section 2.1.1).

    Raises: ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    path, begin, end = [], 0, size
    while end - begin > 1:
        split = begin + _left(end - begin)
        if index < split:
            path.append(_root(split, end, node))
            end = split
        else:
            path.append(_root(begin, split, node))
            begin = split
    return tuple(reversed(path))


def consistency_path(old_size: int, new_size: int, node: Nodes) -> tuple[bytes, ...]:
    """Return what proves that a tree begins with all of an older one (RFC 6962 section 2.1.2).

    Raises: ValueError where the older tree is empty, or larger than the newer.
    """
    if not 0 < old_size <= new_size:
        raise ValueError("a tree is consistent with a smaller one that has leaves")
    path, begin, end = [], 0, new_size
    while old_size != end:
        split = begin + _left(end - begin)
        if old_size <= split:
            path.append(_root(split, end, node))
            end = split
        else:
            path.append(_root(begin, split, node))
            begin = split
    # A subtree that is the whole older tree is left out: who checks knows its root.
    if begin:
        path.append(_root(begin, end, node))
    return tuple(reversed(path))


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
            found = node_hash(sibling, found)
            while not node % 2 and node:
                node, last = node // 2, last // 2
        else:
            found = node_hash(found, sibling)
        node, last = node // 2, last // 2
    if last:
        raise ValueError("the path is too short")
    return found


def check_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the newer tree begins with all of the older (RFC 9162 section 2.1.4.2).

    Trees of one size have one root, and nothing between them.
    Raises: ValueError where that is not proved, or the older tree is empty.
    """
    if not 0 < old_size <= new_size:
        raise ValueError("a tree is consistent with a smaller one that has leaves")
    if any(len(one) != HASH_BYTES for one in (old_root, new_root, *path)):
        raise ValueError("a hash of a tree has 32 bytes")
    if old_size == new_size:
        if path or old_root != new_root:
            raise ValueError("trees of one size differ")
        return
    if _grown(old_size, old_root, new_size, path) != (old_root, new_root):
        raise ValueError("the newer tree does not begin with the older")


def _grown(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    # The numbers are those of the steps of RFC 9162 section 2.1.4.2.
    if not path:  # 1
        raise ValueError("the path is too short")
    if not old_size & (old_size - 1):  # 2
        path = (old_root, *path)
    node, last = old_size - 1, new_size - 1  # 3
    while node % 2:  # 4
        node, last = node // 2, last // 2
    old = new = path[0]  # 5
    for one in path[1:]:  # 6
        if not last:  # 6a
            raise ValueError("the path is too long")
        if node % 2 or node == last:  # 6b
            old, new = node_hash(one, old), node_hash(one, new)
            while not node % 2 and node:
                node, last = node // 2, last // 2
        else:
            new = node_hash(new, one)
        node, last = node // 2, last // 2  # 6c
    if last:  # 7
        raise ValueError("the path is too short")
    return old, new


def _root(begin: int, end: int, node: Nodes) -> bytes:
    # Of the leaves from `begin` to `end`, where `begin` stands where a subtree of so many may.
    hashes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        hashes.append(node(level, begin >> level))
        begin += 1 << level
    found = hashes.pop()
    if len(found) != HASH_BYTES:
        raise ValueError("a hash of a tree has 32 bytes")
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def _left(size: int) -> int:
    # The largest power of two smaller than `size`, which is 2 at least.
    return 1 << (size - 1).bit_length() - 1
