"""Shards of a ledger, to read: which there are, and what each holds."""

import gzip
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import NamedTuple, Self, final

from gateway.errors import LedgerInvalidError, LedgerUnavailableError, RequestMalformedError
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.origins import read_shard_name
from gateway.ledger.tiles import TILE_WIDTH, Tiles
from gateway.ledger.tree import consistency_path, inclusion_path, leaf_hash
from gateway.model.call import Receipt, Subjects
from gateway.stores.shard_file import tile_place

OPEN_SUFFIX, ARCHIVED_SUFFIX = ".sqlite", ".sqlite.gz"
# Beside the shards, what is unpacked for a while; and how old one is that a dead process left.
_UNPACKED = ".open-"
_LEFT_SECONDS = 86_400
# Rows fetched at once.
_ROWS = 1000
# A leaf begins with the hash of its private part; this follows where it is about somebody.
_SUBJECTS, _SUBJECTS_AT = b'"subjects":"', len(b'{"private":"",') + 64


class Row(NamedTuple):
    """An entry as it is kept: its leaf, and the private part whose salted hash is in it."""

    number: int
    leaf: bytes
    salt: bytes
    private: bytes

    def __repr__(self) -> str:
        return f"Row(number={self.number})"

    def to_json(self, shard: str) -> bytes:
        """Write the entry as people and programs of its own department read it."""
        return b'{"shard":%b,"number":%d,"leaf":%b,"salt":"%b","private":%b}' % (
            json.dumps(shard).encode(),
            self.number,
            self.leaf,
            self.salt.hex().encode(),
            self.private,
        )


def shard_of(path: Path) -> str | None:
    """Return the name of the shard that a file holds, if it holds one."""
    for suffix in (ARCHIVED_SUFFIX, OPEN_SUFFIX):
        if path.name.endswith(suffix):
            name = path.name.removesuffix(suffix)
            return name if read_shard_name(name) else None
    return None


def list_shards(folder: Path) -> list[Path]:
    """List the shards of a ledger's folder, the oldest first, archived ones among them.

    Raises: LedgerUnavailableError.
    """
    try:
        found = [(shard_of(path), path) for path in folder.iterdir()] if folder.is_dir() else []
    except OSError:
        raise LedgerUnavailableError from None
    # An archive that has just been made stands beside what it was made of for a moment.
    shards: dict[str, Path] = {}
    for name, path in sorted(found, key=lambda one: str(one[1])):
        if name is not None:
            shards.setdefault(name, path)
    return [shards[name] for name in sorted(shards, key=_begun)]


def newest_shard(folder: Path, writer: str) -> Path | None:
    """Return the file that a writer's next entry goes to, if there is one yet.

    Raises: LedgerUnavailableError.
    """
    for path in reversed(list_shards(folder)):
        found = read_shard_name(shard_of(path) or "")
        if found is not None and found[0] == writer:
            return path if path.suffix == OPEN_SUFFIX else None
    return None


def _begun(name: str) -> tuple[int, str]:
    found = read_shard_name(name)
    return (found[1] if found else 0, name)


@final
class ShardReader:
    """A shard as it stands; what is entered meanwhile is seen by the next question."""

    def __init__(self, path: Path) -> None:
        """Open a shard's file, which is never changed.

        Raises: LedgerUnavailableError where it cannot be read, LedgerInvalidError where it
            is no shard.
        """
        name = shard_of(path)
        if name is None:
            raise _no_shard(path.name)
        self.name = name
        with ExitStack() as stack, _read(name):
            archive = path.with_name(name + ARCHIVED_SUFFIX)
            if path != archive and not path.exists() and archive.exists():
                # It was archived since it was listed.
                path = archive
            if path == archive:
                path = _unpack(path, stack.enter_context(unpacking(path.parent)))
            self._database = stack.enter_context(_connected(path))
            meta = dict(self._database.execute("SELECT name, value FROM meta"))
            if "origin" not in meta:
                raise _no_shard(name)
            self.origin = str(meta["origin"])
            self.closed = "closed" in meta
            self._closing = stack.pop_all()

    def size(self) -> int:
        """Count the entries."""
        with _read(self.name):
            ((size,),) = self._database.execute("SELECT coalesce(max(number) + 1, 0) FROM entry")
        return int(size)

    def rows(self, begin: int = 0, end: int | None = None) -> Iterator[Row]:
        """Read the entries from `begin` on, those before `end`."""
        with _read(self.name):
            # Cast: SQLite keeps what it was given, of whatever type that is.
            found = self._database.execute(
                "SELECT number, CAST(leaf AS BLOB), CAST(salt AS BLOB), CAST(private AS BLOB)"
                " FROM entry"
                " WHERE number >= ? AND number < ? ORDER BY number",
                (begin, 2**62 if end is None else end),
            )
            while rows := found.fetchmany(_ROWS):
                yield from map(Row._make, rows)

    def row(self, number: int) -> Row:
        """Read one entry.

        Raises: RequestMalformedError where there is none.
        """
        for row in self.rows(number, number + 1):
            return row
        raise RequestMalformedError(
            reason="this ledger has no such entry", reason_zh="日志中没有该条目"
        )

    def checkpoint(self) -> str | None:
        """Return the newest checkpoint, a signed note, if there is any entry."""
        with _read(self.name):
            found = self._database.execute(
                "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
            ).fetchone()
        return None if found is None else str(found[0])

    def checkpoints(self) -> Iterator[str]:
        """Read the checkpoints that are kept, the oldest first."""
        with _read(self.name):
            for (note,) in self._database.execute("SELECT note FROM checkpoint ORDER BY size"):
                yield str(note)

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes:
        """Return the first `width` hashes of a tile (C2SP tlog-tiles).

        Raises: LedgerInvalidError where it has not so many.
        """
        with _read(self.name):
            found = self._database.execute(
                "SELECT CAST(hashes AS BLOB) FROM tile WHERE place = ?",
                (tile_place(level, number),),
            ).fetchone()
        if found is not None:
            hashes = bytes(found[0][: 32 * width])
        elif level == 0:
            begin = number * TILE_WIDTH
            hashes = b"".join(leaf_hash(row.leaf) for row in self.rows(begin, begin + width))
        else:
            hashes = b""
        if len(hashes) != 32 * width:
            raise LedgerInvalidError(
                reason=f"{self.name}: a tile of its tree is missing",
                reason_zh=f"{self.name}：缺少哈希块",
            )
        return hashes

    def receipt(self, number: int) -> Receipt:
        """Make the receipt of an entry anew, against the newest checkpoint.

        Raises: RequestMalformedError where there is no such entry; CheckpointInvalidError
            where its checkpoint cannot be read.
        """
        row, note = self.row(number), self.checkpoint() or ""
        # The size that was signed: others may be entering meanwhile.
        size = read_checkpoint(note).checkpoint.size
        if number >= size:
            raise _no_shard(self.name)
        path = inclusion_path(number, size, Tiles(self.tile, size).node)
        return Receipt(leaf=row.leaf, index=number, path=path, checkpoint=note)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Prove that the tree of `new` entries holds that of the first `old`.

        Raises: RequestMalformedError where there are not so many, or `old` is 0.
        """
        if not 0 < old <= new <= self.size():
            raise RequestMalformedError(
                reason="this ledger has no trees of such sizes", reason_zh="日志没有该大小的树"
            )
        return consistency_path(old, new, Tiles(self.tile, new).node)

    def subjects(self, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, Subjects]]:
        """Read whom entries are about, as far as that was not erased."""
        with _read(self.name):
            found = self._database.execute(
                "SELECT number, CAST(key_id AS TEXT), CAST(digests AS BLOB) FROM subject"
                " WHERE number >= ? AND number < ? ORDER BY number",
                (begin, 2**62 if end is None else end),
            )
            while rows := found.fetchmany(_ROWS):
                yield from [
                    (number, Subjects(key_id=key_id, digests=digests))
                    for number, key_id, digests in rows
                ]

    def subject_leaves(self) -> Iterator[tuple[int, bytes]]:
        """Read the leaves of the entries of which it is kept whom they are about."""
        with _read(self.name):
            yield from self._database.execute(
                "SELECT number, CAST(leaf AS BLOB) FROM subject JOIN entry USING (number)"
                " ORDER BY number"
            )

    def erased(self) -> int:
        """Count the entries that are about somebody, as to whom it was erased."""
        with _read(self.name):
            ((count,),) = self._database.execute(
                "SELECT count(*) FROM entry WHERE substr(leaf, ?, ?) = ?"
                " AND number NOT IN (SELECT number FROM subject)",
                (_SUBJECTS_AT + 1, len(_SUBJECTS), _SUBJECTS),
            )
        return int(count)

    def close(self) -> None:
        """Close the file."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def unpacking(folder: Path) -> Iterator[Path]:
    """Make a folder beside the shards for what is needed for a while.

    What killed processes left of theirs goes away. Raises: OSError.
    """
    clear_left(folder, f"{_UNPACKED}*")
    with TemporaryDirectory(dir=folder, prefix=_UNPACKED) as place:
        yield Path(place)


def clear_left(folder: Path, pattern: str) -> None:
    """Remove folders of that name that are too old to be in use."""
    for left in folder.glob(pattern):
        with suppress(OSError):
            if left.stat().st_mtime < time() - _LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _unpack(path: Path, folder: Path) -> Path:
    unpacked = folder / path.name.removesuffix(".gz")
    try:
        with gzip.open(path) as packed, unpacked.open("wb") as file:
            shutil.copyfileobj(packed, file)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise _no_shard(shard_of(path) or path.name) from None
    return unpacked


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    # Where nobody may write beside it, a file without a log is read as it stands.
    modes = ["mode=ro"]
    if not Path(f"{path}-wal").exists():
        modes.append("mode=ro&immutable=1")
    while True:
        mode = modes.pop(0)
        database = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            database.execute("SELECT 1 FROM meta").fetchone()
            break
        except (sqlite3.Error, UnicodeError) as error:
            database.close()
            if not modes or not isinstance(error, sqlite3.OperationalError):
                raise
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _read(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError):
        raise LedgerUnavailableError from None
    except UnicodeError:
        # What is wrong with a schema, SQLite says in its words.
        raise _no_shard(name) from None
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
            raise LedgerUnavailableError from None
        raise _no_shard(name) from None


def _no_shard(name: str) -> LedgerInvalidError:
    return LedgerInvalidError(
        reason=f"{name}: its file is no shard, or is damaged",
        reason_zh=f"{name}：其文件不是日志分片或已损坏",
    )
