"""A shard of many entries as real seals write them: filled, verified, asked for proofs, weighed."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from msgspec.structs import replace

from gateway.ledger.directory import LedgerDirectory
from gateway.ledger.receipts import check_receipt
from gateway.ledger.tree import leaf_hash
from gateway.ledger.verifying import verify_shard
from gateway.model.call import Entry, Subjects
from gateway.node import Node
from gateway.stores.clock import system_clock
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shard_file import CHECKPOINT_ENTRIES
from gateway.stores.shards import ShardReader, list_shards

# Entries by which the bytes of one are told, in commits of as many as calls in flight.
WEIGHED, WEIGHED_TOGETHER = 32_768, 32
# Proofs of one turn: of a reader that is open, of a fresh one, of a file that no memory holds.
PROOFS, FRESH_PROOFS, COLD_PROOFS = 400, 40, 20


@contextmanager
def ledger_of(node: Node, folder: Path) -> Iterator[SqliteLedger]:
    """Open a ledger of a node's in another folder."""
    ledger = SqliteLedger(
        folder,
        "worker-0",
        department=node.department,
        node=node.file.node,
        random=os.urandom,
        keys=node.keys,
        clock=system_clock,
    )
    try:
        yield ledger
    finally:
        ledger.close()


def entries_like(seal: Entry) -> Iterator[Entry]:
    """Make entries of seals without end, of the form of one: each a ms later, and of its own."""
    shared, subjects = seal.shared, seal.subjects
    while True:
        shared = replace(
            shared,
            time=shared.time + 1,
            envelope=os.urandom(16).hex(),
            digest=os.urandom(32).hex(),
        )
        if subjects is not None:
            digests = os.urandom(len(subjects.digests))
            subjects = Subjects(key_id=subjects.key_id, digests=digests)
        yield Entry(shared=shared, private=seal.private, subjects=subjects)


def fill(ledger: SqliteLedger, seal: Entry, count: int, together: int) -> None:
    """Enter as many seals, so many in a commit."""
    entries = entries_like(seal)
    for begin in range(0, count, together):
        with ledger.together():
            for _ in range(min(together, count - begin)):
                ledger.append(next(entries))


def shard_in(folder: Path) -> Path:
    """Return the file of the only shard, which nobody writes to and which has no log beside it."""
    (path,) = list_shards(folder)
    assert not Path(f"{path}-wal").exists()
    return path


def weigh(node: Node, folder: Path, seal: Entry, count: int = WEIGHED) -> float:
    """Return the bytes of an entry in a shard's file, all that belongs to it counted in."""
    with ledger_of(node, folder) as ledger:
        fill(ledger, seal, count, WEIGHED_TOGETHER)
    return shard_in(folder).stat().st_size / count


def build(node: Node, folder: Path, seal: Entry, count: int) -> Path:
    """Make a large shard fast, with as many checkpoints as one has that grew call by call."""
    with ledger_of(node, folder) as ledger:
        fill(ledger, seal, count, CHECKPOINT_ENTRIES)
    return shard_in(folder)


def seconds(work: Callable[[], object]) -> float:
    """Return how long work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def verify_rate(path: Path, node: Node) -> float:
    """Return the entries a second that are verified."""
    directory = LedgerDirectory(node.department, node.snapshot().trust.departments)
    with ShardReader(path) as shard:
        size = shard.size()
        begun = time.perf_counter()
        report = verify_shard(shard, directory)
        took = time.perf_counter() - begun
    assert (report.entries, report.steps) == (size, ())
    assert report.checkpoints >= size // CHECKPOINT_ENTRIES
    return size / took


def read_rate(path: Path) -> float:
    """Return the entries a second that are read and hashed, and nothing else."""
    with ShardReader(path) as shard:
        size = shard.size()
        return size / seconds(lambda: [leaf_hash(row.leaf) for row in shard.rows()])


def proof_seconds(path: Path, node: Node, dice: Random) -> dict[str, float]:
    """Return the median seconds of a proof: by an open reader, a fresh one, from the disk."""
    departments = node.snapshot().trust.departments
    with ShardReader(path) as shard:
        size = shard.size()
        receipt = shard.receipt(dice.randrange(size))
        assert check_receipt(receipt, departments).size == size

        def proofs(count: int) -> Iterator[float]:
            for _ in range(count):
                yield seconds(partial(shard.receipt, dice.randrange(size)))

        times = {"open": median(proofs(PROOFS))}

    def fresh(number: int) -> None:
        with ShardReader(path) as shard:
            shard.receipt(number)

    def fresh_proofs(count: int, prepare: Callable[[], None]) -> Iterator[float]:
        for _ in range(count):
            prepare()
            yield seconds(partial(fresh, dice.randrange(size)))

    times["fresh"] = median(fresh_proofs(FRESH_PROOFS, lambda: None))
    times["cold"] = median(fresh_proofs(COLD_PROOFS, partial(evict, path)))
    return times


def evict(path: Path) -> None:
    """Have the system forget what it holds of a file in memory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
