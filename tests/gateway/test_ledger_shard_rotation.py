"""A node that stays open signs receipts with the ledger key that is active when it signs."""

from pathlib import Path

import msgspec
import pytest

from gateway.model.call import Receipt
from gateway.model.trust import Department, public_entry
from gateway.node import Node
from gateway.stores.shards import ShardReader, list_shards
from keys.errors import KeyUnavailableError
from keys.material import Purpose
from keys.stores.memory import MemoryStore
from tests.cli.command import spawn
from tests.gateway.forge import rows
from tests.gateway.ledger_shards import (
    an_entry,
    check_whole,
    checked,
    directory_entry,
    entries_of,
    sqlite_ledger,
    times_of,
)
from tests.gateway.worker import Town, found_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for all tests of this file."""
    return found_town(tmp_path_factory.mktemp("town"))


def _keys(verb: str, node: Path, *more: str) -> str:
    """Change a node's ledger key in a process of its own; return the key's id."""
    answer = spawn("keys", verb, "--node", node, "--json", *more)
    assert answer.returncode == 0, answer.stderr
    (key,) = msgspec.json.decode(answer.stdout)
    return str(key["key_id"])


def _directory_entry(node: Node) -> Department:
    """Return what the directory would say of a node's ledger keys as they are now."""
    keys = [key for key in node.keys.list_keys() if key.purpose is Purpose.LEDGER]
    return Department(
        id=node.department, name="部门", suites=(1,), keys=tuple(map(public_entry, keys))
    )


def _signed_by(node: Node, receipt: Receipt) -> str:
    """Check a receipt with the node's keys; return which of them signed it."""
    return checked(receipt, _directory_entry(node)).key_id


def test_a_rotation_in_another_process_counts_at_the_next_call(town: Town) -> None:
    """On both sides, without the node being opened anew; old receipts verify still."""
    request = town.request(rows())
    with Node(town.place("provider")) as provider, Node(town.place("requester")) as requester:
        for node in (provider, requester):
            before = provider.seal(request)
            old = before.receipt if node is provider else requester.open(before.envelope).receipt
            key_id = _keys("rotate", node.places.folder, "--purpose", "ledger")
            signer = _signed_by(node, old)
            assert key_id != signer
            after = provider.seal(request)
            new = after.receipt if node is provider else requester.open(after.envelope).receipt
            assert _signed_by(node, new) == key_id
            assert _signed_by(node, old) == signer
            assert check_whole(node.places.ledger, _directory_entry(node)) >= 2


def test_a_node_tells_whether_it_took_anything_over(town: Town) -> None:
    """So that a service can do so between its calls; keys that were given stay."""
    with Node(town.place("outsider")) as node, Node(node.places.folder, keys=node.keys) as given:
        assert not node.reload()
        key_id = _keys("new", node.places.folder, "--purpose", "ledger")
        assert key_id not in {key.key_id for key in node.keys.list_keys()}
        assert not given.reload()
        assert node.reload()
        assert key_id in {key.key_id for key in node.keys.list_keys()}
        assert not node.reload()


def test_without_a_ledger_key_nothing_leaves(town: Town) -> None:
    """Also where the node was opened while there was one."""
    fresh = found_town(town.world.folder / "another")
    request = fresh.request(rows())
    node = Node(fresh.place("provider"))
    retired = _signed_by(node, node.seal(request).receipt)
    before = entries_of(node.places.folder)
    _keys("retire", node.places.folder, "--key", retired)
    with pytest.raises(KeyUnavailableError, match="no active ledger key"):
        node.seal(request)
    # What was refused was counted, and the count cannot be entered either: it is told.
    with pytest.raises(KeyUnavailableError):
        node.close()
    assert entries_of(node.places.folder) == before
    with pytest.raises(KeyUnavailableError):
        Node(fresh.place("provider"))


def test_each_commit_is_signed_by_the_key_of_its_time(tmp_path: Path) -> None:
    """One shard, a rotation between two of its commits; all its checkpoints hold."""
    keys = MemoryStore()
    first = keys.new(Purpose.LEDGER, 1, 0, 30, "active")
    ledger = sqlite_ledger(tmp_path, keys)
    receipts = [ledger.append(an_entry(1))]
    second = keys.new(Purpose.LEDGER, 1, 0, 30)
    receipts.append(ledger.append(an_entry(2)))
    keys.rotate(Purpose.LEDGER, 1, 1)
    receipts.append(ledger.append(an_entry(3)))
    told = [checked(receipt, directory_entry(keys)) for receipt in receipts]
    assert [one.key_id for one in told] == [first.key_id, first.key_id, second.key_id]
    assert len({one.origin for one in told}) == 1
    assert times_of(tmp_path) == [1, 2, 3]
    assert check_whole(tmp_path, directory_entry(keys)) == 3


def test_whoever_has_other_keys_begins_a_shard_of_its_own(tmp_path: Path) -> None:
    """As where the key file was lost: what others signed stays as it is, and entries go on."""
    mine, other = MemoryStore(), MemoryStore()
    for keys in (mine, other):
        keys.new(Purpose.LEDGER, 1, 0, 30, "active")
    sqlite_ledger(tmp_path, mine).append(an_entry(1))
    (before,) = list_shards(tmp_path)
    ledger = sqlite_ledger(tmp_path, other)
    assert ledger.checkpoint() is None
    receipts = [ledger.append(an_entry(number)) for number in (2, 3)]
    told = [checked(receipt, directory_entry(other)) for receipt in receipts]
    assert [one.number for one in told] == [0, 1]
    assert checked(sqlite_ledger(tmp_path, other).append(an_entry(4)), directory_entry(other))
    first, second = list_shards(tmp_path)
    assert (first, times_of(tmp_path)) == (before, [1, 2, 3, 4])
    with ShardReader(first) as kept, ShardReader(second) as begun:
        assert (kept.size(), begun.size()) == (1, 3)
