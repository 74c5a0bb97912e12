"""Roots, paths and their checks, against the definitions of RFC 6962 written down as they stand."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.tree import (
    check_consistency,
    consistency_path,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_from,
    root_of,
)
from tests.gateway.naive_tree import NaiveTree, above, proved, reached, sha256, turns

MOST = 70
trees = st.lists(st.binary(max_size=8), min_size=1, max_size=MOST).map(NaiveTree)
# Leaves that differ, so that a path cannot lead from the wrong one to the right root.
SERIES = NaiveTree([place.to_bytes(2, "big") for place in range(300)])
sizes = st.integers(1, 300)
HASH = sha256(b"another")

# The leaves and the roots over the first of them that implementations of RFC 6962 share.
KNOWN_LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def follow(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    try:
        return root_from(leaf, index, size, path)
    except ValueError:
        return None


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    try:
        check_consistency(old, old_root, new, new_root, path)
    except ValueError:
        return False
    return True


@st.composite
def changed(draw: st.DrawFn, hashes: Sequence[bytes]) -> list[bytes]:
    """One byte of one of the hashes is another."""
    place, at = draw(st.integers(0, len(hashes) - 1)), draw(st.integers(0, 31))
    one = bytearray(hashes[place])
    one[at] ^= draw(st.integers(1, 255))
    return [*hashes[:place], bytes(one), *hashes[place + 1 :]]


@st.composite
def disturbed(draw: st.DrawFn, path: Sequence[bytes]) -> list[bytes]:
    """A path as it is, cut, lengthened, or with one of its hashes moved."""
    found = list(path)
    how = draw(st.sampled_from(["as it is", "cut", "longer", "moved"]))
    if found and how in {"cut", "moved"}:
        found.pop(draw(st.integers(0, len(found) - 1)))
    if how in {"longer", "moved"}:
        found.insert(draw(st.integers(0, len(found))), draw(st.sampled_from([HASH, *path])))
    return found


@pytest.mark.parametrize("size", range(len(KNOWN_ROOTS)))
def test_known_leaves_have_known_roots(size: int) -> None:
    """Those that other implementations have, beginning with the tree of no leaves."""
    tree = NaiveTree(KNOWN_LEAVES)
    assert root_of(size, tree.nodes(size)).hex() == KNOWN_ROOTS[size]
    assert tree.head(0, size).hex() == KNOWN_ROOTS[size]


@given(trees, st.data())
def test_paths_are_those_of_the_rfc_and_lead_to_the_root(
    tree: NaiveTree, draw: st.DataObject
) -> None:
    """For every leaf of a tree of any size."""
    size = draw.draw(st.integers(1, len(tree.leaves)))
    root = root_of(size, tree.nodes(size))
    assert root == tree.head(0, size)
    for index in range(size):
        path = inclusion_path(index, size, tree.nodes(size))
        assert list(path) == tree.path(index, 0, size)
        assert root_from(leaf_hash(tree.leaves[index]), index, size, path) == root


@given(trees, st.data())
def test_proofs_of_consistency_are_those_of_the_rfc_and_hold(
    tree: NaiveTree, draw: st.DataObject
) -> None:
    """For every older tree that a tree of any size begins with."""
    new = draw.draw(st.integers(1, len(tree.leaves)))
    for old in range(1, new + 1):
        path = consistency_path(old, new, tree.nodes(new))
        assert list(path) == tree.proof(old, new)
        check_consistency(old, tree.head(0, old), new, tree.head(0, new), path)


@given(sizes, sizes, st.data())
def test_a_path_leads_where_the_rfc_says_or_nowhere(
    size: int, other: int, draw: st.DataObject
) -> None:
    """Whatever was done to it, and at whatever place in a tree of whatever size."""
    index, place = draw.draw(st.integers(0, size - 1)), draw.draw(st.integers(0, other - 1))
    leaf = SERIES.head(index, index + 1)
    path = draw.draw(disturbed(SERIES.path(index, 0, size)))
    for at, count in ((index, size), (place, size), (index, other), (place, other)):
        expected = reached(leaf, at, count, path) if at < count else None
        assert follow(leaf, at, count, path) == expected


@given(sizes, st.data())
def test_a_path_leads_to_the_root_from_its_own_place_alone(size: int, draw: st.DataObject) -> None:
    """Not with a byte changed, nor from another place, nor where it is too long or too short."""
    index = draw.draw(st.integers(0, size - 1))
    root, leaf = SERIES.head(0, size), SERIES.head(index, index + 1)
    path = SERIES.path(index, 0, size)
    other_leaf, *other_path = draw.draw(changed([leaf, *path]))
    assert follow(other_leaf, index, size, other_path) != root
    for other in range(-1, size + 1):
        assert (follow(leaf, other, size, path) == root) == (other == index)
    assert follow(leaf, index, size, [*path, HASH]) is None
    assert follow(leaf, index, size, [HASH, *path]) is None
    if path:
        assert follow(leaf, index, size, path[:-1]) is None
        assert follow(leaf, index, size, path[1:]) is None


@given(sizes, sizes, st.data())
def test_a_tree_of_another_size_is_not_taken_unless_it_has_the_same_path(
    size: int, other: int, draw: st.DataObject
) -> None:
    """A path tells the turns on the way to the root; the size is told by the checkpoint."""
    index = draw.draw(st.integers(0, min(size, other) - 1))
    leaf, path = SERIES.head(index, index + 1), SERIES.path(index, 0, size)
    taken = follow(leaf, index, other, path) == SERIES.head(0, size)
    assert taken == (turns(index, other) == turns(index, size))


@given(sizes, sizes, sizes, sizes, st.data())
def test_consistency_holds_where_the_rfc_says_and_nowhere_else(
    one: int, two: int, three: int, four: int, draw: st.DataObject
) -> None:
    """Whatever was done to the proof, and whatever the sizes of the trees are said to be."""
    (old, new), (said_old, said_new) = sorted((one, two)), sorted((three, four))
    path = draw.draw(disturbed(SERIES.proof(old, new)))
    roots = SERIES.head(0, old), SERIES.head(0, new)
    for before, after in ((old, new), (said_old, new), (old, said_new), (said_old, said_new)):
        expected = before <= after and proved(before, roots[0], after, path) == roots
        assert consistent(before, roots[0], after, roots[1], path) == expected


@given(sizes, sizes, st.data())
def test_consistency_is_refused_where_anything_was_changed(
    one: int, two: int, draw: st.DataObject
) -> None:
    """A byte of a root or of the proof, the older tree's size, the length of the proof."""
    old, new = sorted((one, two))
    old_root, new_root = SERIES.head(0, old), SERIES.head(0, new)
    path = SERIES.proof(old, new)
    before, after, *between = draw.draw(changed([old_root, new_root, *path]))
    assert not consistent(old, before, new, after, between)
    for other in range(-1, new + 2):
        assert consistent(other, old_root, new, new_root, path) == (other == old)
    for longer in ([*path, HASH], [HASH, *path]):
        assert not consistent(old, old_root, new, new_root, longer)
    if path:
        for shorter in (path[:-1], path[1:], []):
            assert not consistent(old, old_root, new, new_root, shorter)


@given(sizes, sizes, st.data())
def test_a_tree_with_a_leaf_rewritten_proves_nothing(
    one: int, two: int, draw: st.DataObject
) -> None:
    """Of what it shows none fits the root that was signed for before."""
    old, new = sorted((one, two))
    rewritten = list(SERIES.leaves)
    rewritten[draw.draw(st.integers(0, old - 1))] = b"another"
    tree = NaiveTree(rewritten)
    path = consistency_path(old, new, tree.nodes(new))
    assert not consistent(old, SERIES.head(0, old), new, tree.head(0, new), path)


def test_a_path_alone_does_not_tell_the_size() -> None:
    """The first leaf of three has the path of the first of four: checkpoints sign the size."""
    leaf, path = SERIES.head(0, 1), SERIES.path(0, 0, 3)
    assert root_from(leaf, 0, 3, path) == root_from(leaf, 0, 4, path) == SERIES.head(0, 3)


@pytest.mark.parametrize("wrong", [b"", HASH[:31], HASH + b"\x00"])
def test_what_has_not_32_bytes_is_no_hash(wrong: bytes) -> None:
    """Wherever it stands: as leaf, as root, in a path, as node, or split unevenly in a pair."""
    for leaf, path in ((wrong, [HASH]), (HASH, [wrong])):
        with pytest.raises(ValueError, match="32 bytes"):
            root_from(leaf, 0, 2, path)
    for old, new, path in (
        (wrong, HASH, [HASH]),
        (HASH, wrong, [HASH]),
        (HASH, HASH, [wrong]),
        (HASH, HASH, [HASH, wrong]),
    ):
        with pytest.raises(ValueError, match="32 bytes"):
            check_consistency(1, old, 2, new, path)
    for left, right in ((wrong, HASH), (HASH, wrong), (HASH[:31], HASH + b"\x00")):
        with pytest.raises(ValueError, match="32 bytes"):
            node_hash(left, right)
    for size in (1, 2, 3):
        with pytest.raises(ValueError, match="32 bytes"):
            root_of(size, lambda _level, _number: wrong)
    with pytest.raises(ValueError, match="32 bytes"):
        check_consistency(1, wrong, 1, wrong, [])


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (-1, 1), (2, 1)])
def test_nothing_is_consistent_with_no_leaves_or_more_leaves(old: int, new: int) -> None:
    """Neither made nor taken, whatever the roots."""
    with pytest.raises(ValueError, match="has leaves"):
        consistency_path(old, new, SERIES.nodes(300))
    for path in ([], [HASH]):
        with pytest.raises(ValueError, match="has leaves"):
            check_consistency(old, sha256(b""), new, HASH, path)


def test_trees_of_one_size_have_one_root() -> None:
    """And there is nothing to be proved between them."""
    check_consistency(5, HASH, 5, HASH, [])
    assert not consistent(5, HASH, 5, SERIES.head(0, 5), [])
    assert not consistent(5, HASH, 5, HASH, [HASH])
    assert consistency_path(5, 5, SERIES.nodes(5)) == ()


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (4, 3)])
def test_where_there_is_no_leaf_there_is_no_path(index: int, size: int) -> None:
    """Neither is one followed from there."""
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_path(index, size, SERIES.nodes(3))
    with pytest.raises(ValueError, match="no such leaf"):
        root_from(HASH, index, size, [HASH, HASH])


def test_no_tree_has_fewer_than_no_leaves() -> None:
    """A size is counted, not reckoned."""
    with pytest.raises(ValueError, match="size"):
        root_of(-1, SERIES.nodes(3))


def test_leaves_and_nodes_are_hashed_apart() -> None:
    """The two hashes of a node, written as a leaf, are not the node."""
    assert node_hash(HASH, HASH) == above(HASH, HASH)
    assert leaf_hash(HASH + HASH) != node_hash(HASH, HASH)
    assert leaf_hash(b"leaf") == sha256(b"\x00leaf")
