"""A node that stays open signs receipts with the ledger key that is active when it signs."""

from pathlib import Path

import msgspec
import pytest

from gateway.ledger import receipt_message
from gateway.model.call import Receipt
from gateway.node import Node
from keys.errors import KeyUnavailableError
from keys.material import Purpose
from keys.stores.memory import MemoryStore
from keys.suites import suite
from tests.cli.command import spawn
from tests.gateway.forge import rows
from tests.gateway.ledger_lines import an_entry, file_ledger, times_of
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


def _check(node: Node, receipt: Receipt) -> None:
    """Check a receipt's signature with the key that it names."""
    (key,) = (key for key in node.keys.list_keys() if key.key_id == receipt.key_id)
    assert key.public is not None
    verifying = suite(key.suite).verifying_key(key.public, Purpose.LEDGER)
    verifying.verify(bytes.fromhex(str(receipt.signature)), receipt_message(receipt))


def test_a_rotation_in_another_process_counts_at_the_next_call(town: Town) -> None:
    """On both sides, without the node being opened anew; old receipts verify still."""
    request = town.request(rows())
    with Node(town.place("provider")) as provider, Node(town.place("requester")) as requester:
        for node in (provider, requester):
            before = provider.seal(request)
            old = before.receipt if node is provider else requester.open(before.envelope).receipt
            key_id = _keys("rotate", node.places.folder, "--purpose", "ledger")
            assert key_id != old.key_id
            after = provider.seal(request)
            new = after.receipt if node is provider else requester.open(after.envelope).receipt
            assert new.key_id == key_id
            for receipt in (old, new):
                _check(node, receipt)


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
    with Node(fresh.place("provider")) as node:
        retired = node.seal(request).receipt.key_id
        before = node.places.ledger.read_bytes()
        _keys("retire", node.places.folder, "--key", str(retired))
        with pytest.raises(KeyUnavailableError, match="no active ledger key"):
            node.seal(request)
        assert node.places.ledger.read_bytes() == before
    with pytest.raises(KeyUnavailableError):
        Node(fresh.place("provider"))


def test_each_entry_is_signed_by_the_key_of_its_time(tmp_path: Path) -> None:
    """One ledger, a rotation between two of its entries."""
    keys = MemoryStore()
    first = keys.new(Purpose.LEDGER, 1, 0, 30, "active")
    ledger = file_ledger(tmp_path / "ledger.ndjson", keys)
    receipts = [ledger.append(an_entry(1))]
    second = keys.new(Purpose.LEDGER, 1, 0, 30)
    receipts.append(ledger.append(an_entry(2)))
    keys.rotate(Purpose.LEDGER, 1, 1)
    receipts.append(ledger.append(an_entry(3)))
    assert [receipt.key_id for receipt in receipts] == [first.key_id, first.key_id, second.key_id]
    assert times_of(tmp_path / "ledger.ndjson") == [1, 2, 3]
