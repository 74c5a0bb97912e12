"""Shards that are written for a test, changed like a thief would, and verified."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.errors import LedgerInvalidError
from gateway.ledger.directory import LedgerDirectory
from gateway.ledger.notes import (
    SignedCheckpoint,
    read_checkpoint,
)
from gateway.ledger.verifying import (
    ShardReport,
    verify_shard,
)
from gateway.model.call import Entry, Subjects
from gateway.model.trust import Department
from gateway.stores.shards import ShardReader, list_shards
from tests.gateway.ledger_shards import (
    DEPARTMENT,
    an_entry,
    directory_entry,
    sqlite_ledger,
)

# Two full tiles and a part of one.
SIZE, GROUP = 600, 100


def entries(count: int = SIZE, first: int = 1000, more: str = "") -> Iterable[Entry]:
    """Make entries a millisecond apart, each third about somebody."""
    for number in range(count):
        subjects = Subjects(key_id="k" * 26, digests=bytes([number % 256]) * 16)
        entry = an_entry(first + number, f"r/{more}{number}")
        yield replace(entry, subjects=subjects) if number % 3 == 0 else entry


def write(folder: Path, what: Iterable[Entry], group: int = GROUP) -> Path:
    """Enter all, so many to a commit; return the shard's file."""
    ledger = sqlite_ledger(folder)
    left = list(what)
    while left:
        with ledger.together():
            for entry in left[:group]:
                ledger.append(entry)
        del left[:group]
    ledger.close()
    (path,) = list_shards(folder)
    return path


def directory(*others: Department, own: Department | None = None) -> LedgerDirectory:
    """Return the directory that knows our department, and others."""
    entry = directory_entry() if own is None else own
    return LedgerDirectory(DEPARTMENT, {one.id: one for one in (entry, *others)})


def verified(
    path: Path, outside: Sequence[SignedCheckpoint] = (), known: LedgerDirectory | None = None
) -> ShardReport:
    """Verify the shard of a file."""
    with ShardReader(path) as reader:
        return verify_shard(reader, known or directory(), outside)


def found(path: Path, *outside: SignedCheckpoint) -> tuple[int | None, str]:
    """Return the entry that is named, and what is said of it."""
    with pytest.raises(LedgerInvalidError) as refused:
        verified(path, outside)
    text = refused.value.message
    assert path.name.removesuffix(".sqlite") in text
    assert "：" in refused.value.message_zh
    numbers = refused.value.records
    return (numbers[0] if numbers else None), text


def change(path: Path, statement: str, *values: object) -> None:
    """Change a shard with SQL, as whoever holds its file can."""
    with sqlite3.connect(path) as database:
        assert database.execute(statement, values).rowcount
    database.close()


def newest(path: Path) -> SignedCheckpoint:
    """Return the newest checkpoint of a shard, as somebody else kept it."""
    with ShardReader(path) as reader:
        return read_checkpoint(reader.checkpoint() or "")
