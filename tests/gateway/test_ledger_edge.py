"""A tree that grows by its edge, held against the definition of RFC 6962."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.edge import Edge, Growth
from gateway.ledger.tree import leaf_hash
from gateway.stores.shard_file import SCHEMA, ShardTree, load_tree
from tests.gateway.naive_tree import NaiveTree

# Sizes of commits: mostly small, and now and then one that fills tiles.
commits = st.lists(st.one_of(st.integers(1, 5), st.integers(200, 600)), min_size=1, max_size=6)


def _leaves(begin: int, count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(begin, begin + count)]


@given(commits)
def test_it_grows_as_the_definition_says(counts: list[int]) -> None:
    """Root, paths, completed subtrees and edge after each commit, whatever the commits before."""
    edge, naive = Edge(), NaiveTree(_leaves(0, sum(counts)))
    for count in counts:
        before, size = edge.size, edge.size + count
        growth = Growth(edge, [leaf_hash(leaf) for leaf in _leaves(before, count)])
        edge = growth.edge()
        assert (edge.size, growth.root) == (size, naive.head(0, size))
        for added in {0, count // 2, count - 1}:
            assert list(growth.path(added)) == naive.path(before + added, 0, size)
        for level in range(11):
            numbers = range(before >> level, size >> level)
            nodes = [naive.head(number << level, (number + 1) << level) for number in numbers]
            assert growth.completed(level) == nodes
        assert {level for level in range(16) if size >> level & 1} == set(edge.nodes)


@given(commits)
def test_what_is_kept_is_the_tiles_and_gives_the_edge_again(counts: list[int]) -> None:
    """Every full tile, and of the levels above the leaves the one that is being filled."""
    naive, tree = NaiveTree(_leaves(0, sum(counts))), ShardTree([])
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    for count in counts:
        begin = tree.edge.size
        _, tiles = tree.grow(_leaves(begin, count))
        for number, leaf in enumerate(_leaves(begin, count), begin):
            database.execute("INSERT INTO entry VALUES (?, ?, x'', x'')", (number, leaf))
        for place, hashes in tiles:
            database.execute("INSERT OR REPLACE INTO tile VALUES (?, ?)", (place, hashes))
    kept = dict(database.execute("SELECT place, hashes FROM tile"))
    size = sum(counts)
    wanted = {number: naive.tile(0, number, 256) for number in range(size // 256)}
    if size >= 256:
        wanted[1 << 48] = naive.tile(1, 0, size // 256)
    assert kept == wanted
    assert load_tree(database, size).edge == tree.edge


@pytest.mark.parametrize("hashes", [[], [b"short"], [bytes(32), bytes(33)]])
def test_it_grows_by_whole_hashes_only(hashes: list[bytes]) -> None:
    """No leaf, or a hash that has not 32 bytes, is an error."""
    with pytest.raises(ValueError, match="32 bytes"):
        Growth(Edge(), hashes)
