"""Trees, paths and tiles as RFC 6962 section 2.1 and C2SP tlog-tiles define them, word for word."""

import hashlib
from collections.abc import Callable, Sequence


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def above(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def split(count: int) -> int:
    """Return the largest power of two smaller than `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


class NaiveTree:
    """The leaves D, and what the definitions say of D[begin:end]; a head is worked out once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self._heads: dict[tuple[int, int], bytes] = {}

    def head(self, begin: int, end: int) -> bytes:
        """MTH(D[begin:end])."""
        if (begin, end) not in self._heads:
            self._heads[begin, end] = self._head(begin, end)
        return self._heads[begin, end]

    def _head(self, begin: int, end: int) -> bytes:
        assert 0 <= begin <= end <= len(self.leaves)
        if end == begin:
            return sha256(b"")
        if end - begin == 1:
            return sha256(b"\x00" + self.leaves[begin])
        middle = begin + split(end - begin)
        return above(self.head(begin, middle), self.head(middle, end))

    def path(self, index: int, begin: int, end: int) -> list[bytes]:
        """PATH(index, D[begin:end])."""
        if end - begin == 1:
            return []
        count = split(end - begin)
        middle = begin + count
        if index < count:
            return [*self.path(index, begin, middle), self.head(middle, end)]
        return [*self.path(index - count, middle, end), self.head(begin, middle)]

    def proof(self, old: int, new: int) -> list[bytes]:
        """PROOF(old, D[0:new])."""
        return self._subproof(old, 0, new, True)

    def _subproof(self, old: int, begin: int, end: int, whole: bool) -> list[bytes]:
        if old == end - begin:
            return [] if whole else [self.head(begin, end)]
        count = split(end - begin)
        middle = begin + count
        if old <= count:
            return [*self._subproof(old, begin, middle, whole), self.head(middle, end)]
        return [*self._subproof(old - count, middle, end, False), self.head(begin, middle)]

    def nodes(self, size: int) -> Callable[[int, int], bytes]:
        """Give the complete subtrees of the tree of the first `size` leaves, and no other."""

        def node(level: int, number: int) -> bytes:
            end = (number + 1) * 2**level
            assert 0 <= end <= size
            return self.head(number * 2**level, end)

        return node

    def tile(self, level: int, number: int, width: int) -> bytes:
        """Return the first hashes of a tile."""
        span = 256**level
        firsts = [(number * 256 + place) * span for place in range(width)]
        return b"".join([self.head(first, first + span) for first in firsts])


def turns(index: int, size: int) -> list[bool]:
    """Tell on which side PATH finds the leaf, from the root downwards."""
    if size == 1:
        return []
    count = split(size)
    if index < count:
        return [False, *turns(index, count)]
    return [True, *turns(index - count, size - count)]


def reached(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Follow PATH from the root down, and return the root it leads to, if it is one."""
    sides = turns(index, size)
    if len(sides) != len(path):
        return None
    for right, one in zip(reversed(sides), path, strict=True):
        leaf = above(one, leaf) if right else above(leaf, one)
    return leaf


def proved(
    old: int, old_root: bytes, new: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Follow PROOF from the root down, and return the two roots that it leads to, if any."""
    left = list(path)

    def follow(old: int, new: int, whole: bool) -> tuple[bytes, bytes]:
        if old == new:
            one = old_root if whole else left.pop()
            return one, one
        count, one = split(new), left.pop()
        if old <= count:
            before, after = follow(old, count, whole)
            return before, above(after, one)
        before, after = follow(old - count, new - count, False)
        return above(one, before), above(one, after)

    try:
        roots = follow(old, new, True)
    except IndexError:
        return None
    return None if left else roots
