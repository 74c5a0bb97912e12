"""A ledger's shard to tamper with, and all that can be read from it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from gateway.ledger.directory import LedgerDirectory
from gateway.ledger.notes import SignedCheckpoint
from gateway.ledger.verifying import verify_shard
from gateway.model.call import Entry, Receipt, Subjects
from gateway.stores.shards import Row, ShardReader, list_shards
from tests.gateway.ledger_shards import DEPARTMENT, an_entry, directory_entry, sqlite_ledger
from tests.gateway.witness_notes import DIRECTORY

# A full tile and a part of one, in commits of this size.
SIZE, GROUP = 300, 50
_directory = LedgerDirectory(DEPARTMENT, DIRECTORY | {DEPARTMENT: directory_entry()})


class Content(NamedTuple):
    """All that can be read from a shard."""

    origin: str
    rows: list[Row]
    notes: list[str]
    subjects: list[tuple[int, Subjects]]
    receipts: list[Receipt]
    closed: bool
    erased: int


def entry(number: int) -> Entry:
    """Make an entry; each third is about somebody."""
    made = an_entry(1000 + number, f"r/{number}", caller=f"caller {number}")
    about = Subjects(key_id="k" * 26, digests=bytes([number % 256]) * 16)
    return replace(made, subjects=about) if number % 3 == 0 else made


def write(
    folder: Path, begin: int = 0, end: int = SIZE, *, keep_log: bool = False
) -> list[Receipt]:
    """Enter these entries in commits of GROUP; the shard is closed, or its log left as it is."""
    ledger = sqlite_ledger(folder)
    receipts = []
    for first in range(begin, end, GROUP):
        with ledger.together():
            receipts += [ledger.append(entry(n)) for n in range(first, min(end, first + GROUP))]
    if not keep_log:
        ledger.close()
    return receipts


def shard_in(folder: Path) -> Path:
    """Return the one shard that there is."""
    (path,) = list_shards(folder)
    return path


def verify(path: Path, outside: Sequence[SignedCheckpoint] = ()) -> None:
    """Verify a shard as `sealgate ledger verify` does. Raises: what that refuses with."""
    with ShardReader(path) as shard:
        verify_shard(shard, _directory, outside)


def content(path: Path) -> Content:
    """Read it all."""
    with ShardReader(path) as shard:
        size = shard.size()
        return Content(
            origin=shard.origin,
            rows=list(shard.rows(-(2**62))),
            notes=list(shard.checkpoints()),
            subjects=list(shard.subjects(-(2**62))),
            receipts=[shard.receipt(number) for number in {0, size // 2, size - 1} if size],
            closed=shard.closed,
            erased=shard.erased(),
        )


def change(path: Path, statement: str, *values: object) -> int:
    """Change a shard by SQL, as whoever holds its file can; return how many rows that were."""
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(statement, values).rowcount


def column(path: Path, statement: str) -> Iterator[tuple[object, ...]]:
    """Read by SQL."""
    with closing(sqlite3.connect(path)) as database:
        yield from database.execute(statement).fetchall()
