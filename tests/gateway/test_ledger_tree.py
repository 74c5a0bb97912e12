"""Merkle trees of the ledger, against RFC 6962 section 2.1 written down as it stands."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.tree import grow, leaf_hash, root_from

leaves = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def _head(data: list[bytes]) -> bytes:
    """MTH of RFC 6962."""
    if len(data) == 1:
        return hashlib.sha256(b"\0" + data[0]).digest()
    split = 1 << (len(data) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _head(data[:split]) + _head(data[split:])).digest()


def _path(index: int, data: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962."""
    if len(data) == 1:
        return []
    split = 1 << (len(data) - 1).bit_length() - 1
    if index < split:
        return [*_path(index, data[:split]), _head(data[split:])]
    return [*_path(index - split, data[split:]), _head(data[:split])]


@given(leaves)
def test_roots_and_paths_are_those_of_the_rfc(data: list[bytes]) -> None:
    """Of trees of every size, for every leaf; and each path leads to the root."""
    hashes = [leaf_hash(one) for one in data]
    root, paths = grow(hashes)
    assert root == _head(data)
    assert paths == [_path(index, data) for index in range(len(data))]
    for index, (one, path) in enumerate(zip(hashes, paths, strict=True)):
        assert root_from(one, index, len(data), path) == root


@given(leaves, st.data())
def test_a_path_leads_to_the_root_from_its_own_place_alone(
    data: list[bytes], draw: st.DataObject
) -> None:
    """With anything changed it leads elsewhere, or nowhere."""
    data = [bytes([place]) + one for place, one in enumerate(data)]
    hashes = [leaf_hash(one) for one in data]
    root, paths = grow(hashes)
    index = draw.draw(st.integers(0, len(data) - 1))
    other = draw.draw(st.integers(0, len(data) + 3))
    path = paths[index]
    if other != index:
        assert _reached(hashes[index], other, len(data), path) != root
    assert _reached(hashes[index], index, len(data), [*path, hashes[0]]) is None
    if path:
        assert _reached(hashes[index], index, len(data), path[:-1]) is None
        place = draw.draw(st.integers(0, len(path) - 1))
        changed = [*path[:place], leaf_hash(b"another"), *path[place + 1 :]]
        assert _reached(hashes[index], index, len(data), changed) != root


def _reached(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    try:
        return root_from(leaf, index, size, path)
    except ValueError:
        return None


@pytest.mark.parametrize("hashes", [[], [b""], [b"x" * 31], [b"x" * 32, b"x" * 33]])
def test_what_is_no_hash_grows_no_tree(hashes: list[bytes]) -> None:
    """Nor does nothing; and no path is followed through it."""
    with pytest.raises(ValueError, match="32 bytes"):
        grow(hashes)
    for one in hashes:
        if len(one) != 32:
            with pytest.raises(ValueError, match="32 bytes"):
                root_from(one, 0, 1, [])
            with pytest.raises(ValueError, match="32 bytes"):
                root_from(b"x" * 32, 0, 2, [one])
