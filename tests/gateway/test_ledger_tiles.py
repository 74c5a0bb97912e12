"""Tiles and bundles, against the words of C2SP tlog-tiles and RFC 6962."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.ledger.tiles import (
    KEPT_TILES,
    TILE_WIDTH,
    Tiles,
    entries_path,
    entry_bundle,
    read_bundle,
    tile_path,
    tile_width,
)
from gateway.ledger.tree import (
    check_consistency,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_from,
    root_of,
)
from tests.gateway.naive_tree import NaiveTree

# As many leaves as the specification's example has: three levels of tiles.
MOST = 70_000
TREE = NaiveTree([place.to_bytes(4, "big") for place in range(MOST)])
EDGES = (1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 65_793, MOST)
sizes = st.one_of(st.sampled_from(EDGES), st.integers(1, 1000), st.integers(1, MOST))


@pytest.mark.parametrize(
    ("level", "number", "width", "path"),
    [
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (0, 1_234_067, 8, "tile/0/x001/x234/067.p/8"),
        (0, 0, 256, "tile/0/000"),
        (1, 0, 1, "tile/1/000.p/1"),
        (2, 7, 255, "tile/2/007.p/255"),
        (63, 999, 256, "tile/63/999"),
        (3, 1000, 256, "tile/3/x001/000"),
        (3, 999_999, 17, "tile/3/x999/999.p/17"),
        (3, 1_000_000, 256, "tile/3/x001/x000/000"),
    ],
)
def test_tiles_are_named_as_specified(level: int, number: int, width: int, path: str) -> None:
    """Three digits a step; a partial one by its width; bundles likewise."""
    assert tile_path(level, number, width) == path
    assert entries_path(number, width) == path.replace(f"tile/{level}/", "tile/entries/")


def test_without_a_width_a_tile_is_full() -> None:
    """Names of full tiles have no width in them."""
    assert tile_path(0, 273) == "tile/0/273"
    assert entries_path(273) == "tile/entries/273"


@pytest.mark.parametrize(
    ("level", "number", "width"),
    [(-1, 0, 256), (64, 0, 256), (0, -1, 256), (0, 0, 0), (0, 0, 257), (0, 0, -1)],
)
def test_what_is_no_tile_has_no_name(level: int, number: int, width: int) -> None:
    """There are 64 levels, and 1 to 256 hashes in a tile."""
    with pytest.raises(ValueError, match="tile"):
        tile_path(level, number, width)
    if level == 0:
        with pytest.raises(ValueError, match="tile"):
            entries_path(number, width)


def test_the_tiles_of_the_example_are_as_wide_as_it_says() -> None:
    """Of 70,000 leaves: 273 full tiles and one of 112, one full and one of 17, one of 1."""
    widths = {
        level: [width for number in range(300) if (width := tile_width(level, number, MOST))]
        for level in range(4)
    }
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1], 3: []}
    assert (tile_width(0, 0, 256), tile_width(0, 1, 256), tile_width(1, 0, 256)) == (256, 0, 1)


@given(sizes, st.data())
def test_every_subtree_is_had_by_way_of_tiles(size: int, draw: st.DataObject) -> None:
    """In any order, and of complete ones each; only tiles that the tree has are read."""
    read: list[tuple[int, int]] = []

    def counting(level: int, number: int, width: int) -> bytes:
        read.append((level, number))
        assert width == min(256, size // 256**level - 256 * number) > 0
        return TREE.tile(level, number, width)

    tiles, node = Tiles(counting, size), TREE.nodes(size)
    for _ in range(10):
        level = draw.draw(st.integers(0, size.bit_length() - 1))
        number = draw.draw(st.integers(0, (size >> level) - 1))
        assert tiles.node(level, number) == node(level, number)
    assert len(set(read)) == len(read) <= 10


@given(sizes, st.data())
def test_paths_by_way_of_tiles_are_those_of_the_rfc(size: int, draw: st.DataObject) -> None:
    """And lead to the root, which the tiles give as well."""
    index = draw.draw(st.integers(0, size - 1))
    tiles = Tiles(TREE.tile, size)
    root, path = root_of(size, tiles.node), inclusion_path(index, size, tiles.node)
    assert root == TREE.head(0, size)
    assert list(path) == TREE.path(index, 0, size)
    assert root_from(leaf_hash(TREE.leaves[index]), index, size, path) == root


@given(sizes, sizes)
@example(256, 65_536)
@example(65_536, MOST)
def test_consistency_by_way_of_tiles_is_that_of_the_rfc(one: int, two: int) -> None:
    """And holds between the roots of both trees."""
    old, new = sorted((one, two))
    path = consistency_path(old, new, Tiles(TREE.tile, new).node)
    assert list(path) == TREE.proof(old, new)
    check_consistency(old, TREE.head(0, old), new, TREE.head(0, new), path)


@given(sizes, st.data())
def test_a_tree_has_no_subtree_beyond_its_edge(size: int, draw: st.DataObject) -> None:
    """Nor one that is not complete, nor one below its leaves; no tile is read for it."""

    def unread(*_: int) -> bytes:
        raise AssertionError("a tile was read")

    level = draw.draw(st.integers(0, 20))
    beyond = (size >> level) + draw.draw(st.integers(0, 300))
    for at, number in ((level, beyond), (level, -1), (-1, 0), (200, 0)):
        with pytest.raises(ValueError, match="no such subtree"):
            Tiles(unread, size).node(at, number)


@pytest.mark.parametrize("difference", [-32, -1, 1, 32])
def test_a_tile_of_another_width_is_refused(difference: int) -> None:
    """A hash too few, a hash too many, or a part of one."""

    def wrong(level: int, number: int, width: int) -> bytes:
        return (TREE.tile(level, number, width) + b"x" * 32)[: 32 * width + difference]

    with pytest.raises(ValueError, match="as wide"):
        Tiles(wrong, 1000).node(0, 900)


def test_a_changed_tile_leads_to_another_root() -> None:
    """Wherever in it the byte stands."""
    for at in range(0, 32 * 232, 229):

        def damaged(level: int, number: int, width: int, at: int = at) -> bytes:
            data = bytearray(TREE.tile(level, number, width))
            if (level, number) == (0, 3):
                data[at] ^= 1
            return bytes(data)

        assert root_of(1000, Tiles(damaged, 1000).node) != TREE.head(0, 1000)


def test_a_proof_reads_each_tile_on_its_way_once() -> None:
    """One of each level beneath the root, and no more where it stands at the edge."""
    read: list[tuple[int, int, int]] = []

    def counting(level: int, number: int, width: int) -> bytes:
        read.append((level, number, width))
        return TREE.tile(level, number, width)

    tiles = Tiles(counting, MOST)
    inclusion_path(69_999, MOST, tiles.node)
    assert sorted(read) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    inclusion_path(69_900, MOST, tiles.node)
    assert len(read) == 3


def test_who_walks_through_a_tree_does_not_hold_all_of_it() -> None:
    """The tiles used last are kept, and the others read anew."""
    read: list[tuple[int, int]] = []

    def counting(level: int, number: int, width: int) -> bytes:
        read.append((level, number))
        return TREE.tile(level, number, width)

    tiles = Tiles(counting, MOST)
    for number in range(KEPT_TILES + 10):
        assert tiles.node(3, 32 * number) == TREE.nodes(MOST)(3, 32 * number)
        tiles.node(16, 0)
    assert len(read) == KEPT_TILES + 11
    tiles.node(0, TILE_WIDTH * (KEPT_TILES + 9))
    assert len(read) == KEPT_TILES + 11
    tiles.node(0, 0)
    assert read[-1] == (0, 0)
    assert len(read) == KEPT_TILES + 12


leaves = st.lists(st.binary(max_size=300), min_size=1, max_size=256)


@given(leaves)
@example([b""])
@example([b"x" * 65_535] * 2)
@example([b""] * 256)
def test_a_bundle_holds_its_leaves_each_behind_its_length(bundled: list[bytes]) -> None:
    """Two bytes, the greater first; and they are read again as they were."""
    data = entry_bundle(bundled)
    at = 0
    for leaf in bundled:
        assert data[at : at + 2] == bytes(divmod(len(leaf), 256))
        assert data[at + 2 : at + 2 + len(leaf)] == leaf
        at += 2 + len(leaf)
    assert at == len(data)
    assert read_bundle(data) == bundled


@given(leaves, st.binary(min_size=1, max_size=1), st.data())
def test_a_bundle_cut_or_lengthened_is_refused_or_another(
    bundled: list[bytes], more: bytes, draw: st.DataObject
) -> None:
    """A leaf is never had in part: what is read would be written the same."""
    data = entry_bundle(bundled)
    cut = data[: draw.draw(st.integers(0, len(data) - 1))]
    with suppress(ValueError):
        assert entry_bundle(read_bundle(cut)) == cut
    with pytest.raises(ValueError, match="no bundle"):
        read_bundle(data[:-1])
    with pytest.raises(ValueError, match="no bundle"):
        read_bundle(data + more)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00\x01",
        b"\x00\x02a",
        b"\x00\x01ab",
        b"\xff\xff" + b"x" * 65_534,
        b"\x00\x00" * 257,
    ],
)
def test_what_is_no_bundle_is_refused(data: bytes) -> None:
    """Nothing, half a length, half a leaf, something behind it, one leaf too many."""
    with pytest.raises(ValueError, match="no bundle"):
        read_bundle(data)


@pytest.mark.parametrize("bundled", [[], [b""] * 257, [b"x" * 65_536]])
def test_what_fits_no_bundle_is_not_put_into_one(bundled: list[bytes]) -> None:
    """No leaf, more than 256, or one whose length two bytes cannot tell."""
    with pytest.raises(ValueError, match="bundle"):
        entry_bundle(bundled)
