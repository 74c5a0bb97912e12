"""A ledger of its own for a test, entries for it, and what stands in its shards."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from gateway.ledger.entries import private_hash
from gateway.ledger.notes import check_signature, read_checkpoint
from gateway.ledger.receipts import CheckedReceipt, check_receipt, ledger_keys, read_leaf
from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart
from gateway.model.trust import Department, public_entry
from gateway.ports import Clock
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shards import ShardReader, list_shards
from keys.material import Purpose
from keys.ports import KeyInfo, KeyProvider
from keys.stores.memory import MAXIMUM_DAYS, HeldKey, MemoryStore
from keys.suites import suite
from tests.gateway.naive_tree import NaiveTree

DEPARTMENT = "11149900MB0C12002H"
# The same in every process.
_held = suite(1).private_key(Purpose.LEDGER, b"a ledger key that processes hold".ljust(32)[:32])
KEY = KeyInfo(
    key_id=_held.key_id,
    purpose=Purpose.LEDGER,
    suite=1,
    state="active",
    not_before=0,
    not_after=MAXIMUM_DAYS * 86_400,
    public=_held.public,
)
KEYS = MemoryStore([HeldKey(KEY, _held)])


def sqlite_ledger(
    folder: Path,
    keys: KeyProvider = KEYS,
    clock: Clock = lambda: 1000,
    *,
    writer: str = "node",
    node: str = "main",
) -> SqliteLedger:
    """Make a ledger whose shards stand in `folder`; its keys are in memory."""
    return SqliteLedger(
        folder,
        writer,
        department=DEPARTMENT,
        node=node,
        random=os.urandom,
        keys=keys,
        clock=clock,
    )


class EmptyLedger:
    """What ledgers of tests begin with: nothing was entered yet, and nothing is signed."""

    def last(self, kind: str) -> None:
        """Return None."""

    def checkpoint(self) -> None:
        """Return None."""


def an_entry(number: int, more: str = "", caller: str = "test") -> Entry:
    """Make an entry that is told by its time; `more` makes it longer."""
    shared = SharedPart(version=1, time=number, kind="seal", outcome="ok", resource=more or None)
    return Entry(shared=shared, private=PrivatePart(caller=caller))


def directory_entry(keys: KeyProvider = KEYS) -> Department:
    """Return what the directory says of whose ledger it is."""
    public = [public_entry(key) for key in keys.list_keys() if key.purpose is Purpose.LEDGER]
    return Department(id=DEPARTMENT, name="部门", suites=(1,), keys=tuple(public))


def checked(receipt: Receipt, department: Department | None = None) -> CheckedReceipt:
    """Check a receipt against the directory, as whoever was given it does."""
    department = department or directory_entry()
    return check_receipt(receipt, {department.id: department})


def shared_of(receipt: Receipt) -> SharedPart:
    """Return what a receipt shows of its call."""
    return read_leaf(receipt.leaf).shared


def entries_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the entries of all shards of a ledger's folder, the oldest shard first."""
    for path in list_shards(folder):
        with ShardReader(path) as shard:
            for row in shard.rows():
                entry = msgspec.json.decode(row.to_json(shard.name))
                yield {**entry, "shared": entry["leaf"]["shared"]}


def entries_of(node: Path, *kinds: str, writer: str = "") -> list[dict[str, Any]]:
    """Read the ledger in a node's folder: `shared`, `private`, `shard`, `number` and more.

    Of these kinds only, where any is named, and of one writer's shards, where it is named.
    """
    return [
        entry
        for entry in entries_in(node / "ledger")
        if (not kinds or entry["shared"]["kind"] in kinds)
        and entry["shard"].startswith(f"{writer}-" if writer else "")
    ]


def times_of(folder: Path) -> list[int]:
    """Return what `an_entry` was told by, of all that stands in a ledger's folder."""
    return [entry["shared"]["time"] for entry in entries_in(folder)]


def check_whole(folder: Path, department: Department | None = None) -> int:
    """Check each shard as its definition says, word for word; return how many entries there are."""
    return sum(_check_shard(path, department or directory_entry()) for path in list_shards(folder))


def _check_shard(path: Path, department: Department) -> int:
    with ShardReader(path) as shard:
        rows, notes = list(shard.rows()), list(shard.checkpoints())
        assert [row.number for row in rows] == [*range(len(rows))]
        for row in rows:
            assert read_leaf(row.leaf).private == private_hash(row.salt, row.private).hex()
        tree, sizes = NaiveTree([row.leaf for row in rows]), []
        for note in notes:
            signed = read_checkpoint(note)
            size = signed.checkpoint.size
            sizes.append(size)
            assert signed.checkpoint.origin == shard.origin
            assert signed.checkpoint.root == tree.head(0, size)
            assert check_signature(signed.note, shard.origin, ledger_keys(department))
        assert sizes[-1:] == ([len(rows)] if rows else [])
    return len(rows)
