"""Shards that are put away: closed, compressed, and rid of whom their entries are about.

What is kept is complete at every moment, whenever a process is killed: a file
takes its place only when it is durable and was read again, and what it replaces
goes last. Who runs it again finishes it. Writers go on meanwhile: a shard is closed
within a transaction, and whoever writes begins the next one.
"""

import fcntl
import gzip
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.errors import LedgerInvalidError, LedgerUnavailableError
from gateway.stores.files import sync_folder, whole_file
from gateway.stores.grouped import BUSY_SECONDS
from gateway.stores.ledger_folder import BESIDE, folder_lock
from gateway.stores.shard_checks import agree, check_whole
from gateway.stores.shard_file import SCHEMA
from gateway.stores.shards import (
    ARCHIVED_SUFFIX,
    OPEN_SUFFIX,
    ShardReader,
    list_shards,
    shard_of,
    unpacking,
)

# Held by who archives, forgets, backs up or restores: one of them at a time.
KEEPING_LOCK = "keeping.lock"
_PRIVATE = 0o600
# Of compression: what is above takes twice the time for a hundredth of the size.
_LEVEL = 6


class _When(msgspec.Struct):
    time: int


class _Entered(msgspec.Struct):
    shared: _When


class Kept(NamedTuple):
    """A shard, and how many of its entries were dealt with."""

    shard: str
    entries: int


_entered = msgspec.json.Decoder(_Entered)


@contextmanager
def keeping(folder: Path) -> Iterator[Path]:
    """Have the shards of a folder to oneself, but for who writes and reads; give room for a while.

    Raises: LedgerUnavailableError.
    """
    try:
        with folder_lock(folder):
            # Made under the lock that makes the folder, too.
            handle = os.open(folder / KEEPING_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    except OSError:
        raise LedgerUnavailableError from None
    with os.fdopen(handle) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with unpacking(folder) as place:
            yield place


def archive(folder: Path, name: str, now: int) -> int:
    """Close a shard at `now` (ms), and compress it to a file of its own, which readers span.

    Returns how many entries it has. One that is archived stays as it is.
    Raises: LedgerInvalidError where the shard is not whole, which then stays, closed;
        LedgerUnavailableError, OSError.
    """
    plain, packed = folder / f"{name}{OPEN_SUFFIX}", folder / f"{name}{ARCHIVED_SUFFIX}"
    with keeping(folder) as place:
        if plain.exists():
            close_shard(plain, now)
            _check_no_longer(plain, packed)
            fresh = place / packed.name
            compress(copied(plain, place), fresh)
            with ShardReader(fresh) as shard:
                check_whole(shard)
            fresh.replace(packed)
            sync_folder(folder)
        remove_plain(folder, name)
        with ShardReader(packed) as shard:
            return shard.size()


def forget(folder: Path, before: int, now: int) -> Iterator[Kept]:
    """Erase whom the entries made before `before` (ms) are about, shard by shard.

    The bytes are gone from the files; tree, checkpoints and receipts stay as they are.
    A shard with any such entry is closed at `now` (ms), so that no writer waits.
    Raises: LedgerInvalidError, LedgerUnavailableError, OSError.
    """
    with keeping(folder) as place:
        for path in list_shards(folder):
            if path.name.endswith(ARCHIVED_SUFFIX):
                count = forget_archived(path, before, place)
            else:
                count = _forget_plain(path, before, now)
            yield Kept(shard_of(path) or "", count)


def forget_archived(path: Path, before: int, place: Path) -> int:
    """Erase in an archive; one that holds nothing so old stays as it is."""
    with ShardReader(path) as shard:
        numbers = list(_old(shard, before))
    if numbers:
        copy = place / path.name.removesuffix(".gz")
        with gzip.open(path) as packed, copy.open("wb") as file:
            shutil.copyfileobj(packed, file)
        _erase(copy, numbers)
        with ShardReader(copy) as shard:
            check_whole(shard)
        compress(copy, path)
        copy.unlink()
    return len(numbers)


def _forget_plain(path: Path, before: int, now: int) -> int:
    with ShardReader(path) as shard:
        numbers, closed = list(_old(shard, before)), shard.closed
    if numbers:
        close_shard(path, now)
        _erase(path, numbers)
    if numbers or closed:
        # Without any, too: a killed process may have left them in the log beside the file.
        _empty_log(path)
    return len(numbers)


def close_shard(path: Path, now: int) -> None:
    """Let a shard take no more entries, durably; whoever writes it begins the next one."""

    def close(database: sqlite3.Connection) -> None:
        database.execute("INSERT OR IGNORE INTO meta VALUES ('closed', ?)", (str(now),))

    _change(path, close)


def copied(path: Path, place: Path) -> Path:
    """Copy a shard as it stands into `place`, without what beside it SQLite keeps."""
    copy = place / path.name
    with _opened(path) as database:
        database.execute("VACUUM INTO ?", (os.fspath(copy),))
    return copy


def compress(path: Path, packed: Path) -> None:
    """Compress a file; the other one appears whole, and is durable."""
    with (
        path.open("rb") as file,
        whole_file(packed, _PRIVATE) as out,
        gzip.GzipFile("", "wb", _LEVEL, fileobj=out, mtime=0) as stream,
    ):
        shutil.copyfileobj(file, stream)


def remove_plain(folder: Path, name: str) -> None:
    """Remove the file of a shard whose archive is durable, and what SQLite left beside it."""
    with folder_lock(folder):
        # The file first: without what is beside it, it would be shorter than it was.
        for suffix in ("", *BESIDE):
            (folder / f"{name}{OPEN_SUFFIX}{suffix}").unlink(missing_ok=True)
            sync_folder(folder)


def _erase(path: Path, numbers: list[int]) -> None:
    """Erase whom entries are about from a shard that nobody writes to."""

    def rewrite(database: sqlite3.Connection) -> None:
        # Deleted rows can leave copies of them on pages that were laid out anew meanwhile;
        # pages of a table that is dropped are overwritten whole.
        database.execute("CREATE TEMP TABLE old (number INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO old VALUES (?)", zip(numbers))
        database.execute("ALTER TABLE subject RENAME TO subject_before")
        for statement in SCHEMA.split(";"):
            database.execute(statement)
        database.execute("INSERT INTO subject SELECT * FROM subject_before WHERE number NOT IN old")
        database.execute("DROP TABLE subject_before")

    _change(path, rewrite)


def _empty_log(path: Path) -> None:
    with _opened(path) as database:
        ((busy, *_),) = database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if busy:
        # Somebody reads what stood there before: it is in the log still.
        raise LedgerUnavailableError


def _old(shard: ShardReader, before: int) -> Iterator[int]:
    for number, leaf in shard.subject_leaves():
        try:
            time = _entered.decode(leaf).shared.time
        except msgspec.DecodeError:
            raise LedgerInvalidError(
                reason=f"{shard.name}: entry {number} is wrong",
                reason_zh=f"{shard.name}：第 {number} 条有误",
            ) from None
        if time < before:
            yield number


def _check_no_longer(plain: Path, packed: Path) -> None:
    """Check that an archive which is there already holds nothing that the shard does not."""
    if not packed.exists():
        return
    with ShardReader(plain) as shard, ShardReader(packed) as there:
        if there.size() > shard.size() or not agree(there, shard):
            raise LedgerInvalidError(
                reason=f"{shard.name}: its archive holds what its file does not",
                reason_zh=f"{shard.name}：归档文件含有分片文件中没有的条目",
            )


def _change(path: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    with _opened(path) as database:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("BEGIN IMMEDIATE")
        try:
            work(database)
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(
            sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
        ) as database:
            database.execute("PRAGMA synchronous = FULL")
            yield database
    except sqlite3.OperationalError:
        raise LedgerUnavailableError from None
    except sqlite3.DatabaseError:
        name = shard_of(path)
        raise LedgerInvalidError(
            reason=f"{name}: its file is damaged", reason_zh=f"{name}：文件已损坏"
        ) from None
