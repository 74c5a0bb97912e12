"""Ledgers on disk with entries about people, and what their files say of them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart, Subjects
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shard_checks import check_whole
from gateway.stores.shards import Row, ShardReader, list_shards
from keys.material import Purpose
from keys.stores.memory import MAXIMUM_DAYS, MemoryStore

DEPARTMENT = "11149900MB0C12002H"
KEYS = MemoryStore()
KEYS.new(Purpose.LEDGER, 1, 0, MAXIMUM_DAYS, "active")
# Times of entries, ms.
OLD, NEW = 1_000_000, 9_000_000


def ledger(
    folder: Path, writer: str = "node", clock: Callable[[], int] = lambda: NEW
) -> SqliteLedger:
    return SqliteLedger(
        folder,
        writer,
        department=DEPARTMENT,
        node="main",
        random=os.urandom,
        keys=KEYS,
        clock=clock,
    )


def about(number: int) -> bytes:
    """Return the digest of a person."""
    return b"DIGEST" + number.to_bytes(10, "big")


def an_entry(number: int, *people: int, time: int = NEW) -> Entry:
    shared = SharedPart(version=1, time=time, kind="seal", outcome="ok", records=number)
    joined = b"".join(map(about, sorted(people)))
    return Entry(
        shared=shared,
        private=PrivatePart(caller=f"caller-{number}"),
        subjects=Subjects(key_id="k", digests=joined) if people else None,
    )


def filled(folder: Path, count: int, *, writer: str = "node", old: int = 0) -> list[Receipt]:
    """Enter so many entries, each about a person of its number, of which the first are old."""
    kept = ledger(folder, writer)
    with kept.together():
        found = [
            kept.append(an_entry(number, number, time=OLD if number < old else NEW))
            for number in range(count)
        ]
    kept.close()
    return found


def rows_of(folder: Path) -> dict[str, list[Row]]:
    """Read all entries; every shard is whole."""
    found = {}
    for path in list_shards(folder):
        with ShardReader(path) as shard:
            assert check_whole(shard) == shard.size()
            found[shard.name] = list(shard.rows())
    return found


def subjects_of(folder: Path) -> Iterator[bytes]:
    for path in list_shards(folder):
        with ShardReader(path) as shard:
            yield from (subjects.digests for _, subjects in shard.subjects())


def names_of(folder: Path) -> set[str]:
    """List the files of a ledger, but for its locks."""
    return {path.name for path in folder.iterdir()} - {"lock", "keeping.lock"}


def holds(receipts: list[Receipt], rows: dict[str, list[Row]]) -> bool:
    """Tell whether every receipt's entry stands where it says."""
    return all(
        rows[one.checkpoint.partition("\n")[0].rpartition("/")[2]][one.index].leaf == one.leaf
        for one in receipts
    )
