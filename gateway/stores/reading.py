"""The ledger as it is read: shards by name, entries in pages, receipts, checkpoints, proofs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import NamedTuple, final

from gateway.errors import LedgerInvalidError, LedgerUnavailableError, RequestMalformedError
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.origins import read_shard_name, worker_writer
from gateway.model.call import Receipt
from gateway.stores.ledger_folder import folder_lock
from gateway.stores.shards import ARCHIVED_SUFFIX, ShardReader, list_shards, shard_of

# A page is one message: it ends before the entry that would make it longer.
MAX_READ_BYTES = 8 * 1024 * 1024
# Archived shards that are kept unpacked, each in a file as large as what it was made of.
MAX_UNPACKED = 2
# Beyond every entry; SQLite counts no further.
_NO_NUMBER = 2**62


class ShardSummary(NamedTuple):
    """A shard in a line; of an archived one nobody counts the entries."""

    name: str
    writer: str
    begun: int
    closed: bool
    archived: bool
    entries: int


class Page(NamedTuple):
    """Entries of a shard as JSON, and where they go on; `more` says that there are further ones."""

    shard: str
    closed: bool
    entries: list[bytes]
    end: int
    more: bool


@final
class LedgerReading:
    """All shards of a folder, whoever writes them. Threads may share it.

    Raises everywhere: LedgerUnavailableError, LedgerInvalidError; RequestMalformedError
    for a shard, an entry or a size that is not there.
    """

    def __init__(self, folder: Path) -> None:
        """Read the ledger of a folder; nothing is opened until somebody asks."""
        self._folder = folder
        self._mine = Lock()
        # By file and its state; the one used last is last.
        self._unpacked: dict[tuple[Path, int, int], ShardReader] = {}

    def shards(self, after: str, count: int) -> tuple[list[ShardSummary], bool]:
        """List the shards begun after the one named, and tell whether there are more."""
        paths = list_shards(self._folder)
        begin = 0 if not after else 1 + [shard_of(path) for path in paths].index(self._known(after))
        page = paths[begin : begin + count]
        return [self._summary(path) for path in page], begin + count < len(paths)

    def newest(self, worker: int) -> str | None:
        """Return the name of the shard that a worker began last, if it has one."""
        for path in reversed(list_shards(self._folder)):
            name = shard_of(path) or ""
            found = read_shard_name(name)
            if found is not None and found[0] == worker_writer(worker):
                return name
        return None

    def page(self, shard: str, begin: int, count: int) -> Page:
        """Read at most `count` entries from number `begin` on, fewer where they are long."""
        with self._opened(shard) as reader:
            size = reader.size()
            if begin > size:
                raise RequestMalformedError(
                    reason="this ledger has not so many entries", reason_zh="日志没有这么多条目"
                )
            entries: list[bytes] = []
            room = MAX_READ_BYTES
            for row in reader.rows(begin, min(begin + count, size)):
                entry = row.to_json(shard)
                room -= len(entry)
                if room < 0 and entries:
                    break
                entries.append(entry)
            end = begin + len(entries)
            return Page(shard, reader.closed, entries, end, more=end < size)

    def entry(self, shard: str, number: int) -> bytes:
        """Read one entry as JSON."""
        with self._opened(shard) as reader:
            return reader.row(min(number, _NO_NUMBER)).to_json(shard)

    def receipt(self, shard: str, number: int) -> Receipt:
        """Make the receipt of an entry anew, against the newest checkpoint."""
        with self._opened(shard) as reader:
            return reader.receipt(min(number, _NO_NUMBER))

    def checkpoint(self, shard: str, *, cosigned: bool = False) -> str | None:
        """Return the newest checkpoint, a signed note; or the newest that has cosignatures."""
        with self._opened(shard) as reader:
            if not cosigned:
                return reader.checkpoint()
            found = None
            for note in reader.checkpoints():
                if len(read_checkpoint(note).note.signatures) > 1:
                    found = note
            return found

    def consistency(self, shard: str, old: int, new: int) -> tuple[bytes, ...]:
        """Prove that the tree of `new` entries begins with all of that of `old`."""
        with self._opened(shard) as reader:
            return reader.consistency(old, new)

    def close(self) -> None:
        """Let go what was unpacked."""
        with self._mine:
            while self._unpacked:
                self._unpacked.popitem()[1].close()

    def _known(self, name: str) -> str:
        self._path(name)
        return name

    def _path(self, name: str) -> Path:
        for path in list_shards(self._folder):
            if shard_of(path) == name:
                return path
        raise RequestMalformedError(
            reason="this ledger has no such shard", reason_zh="日志中没有该分片"
        )

    def _summary(self, path: Path) -> ShardSummary:
        name = shard_of(path) or ""
        writer, begun = read_shard_name(name) or ("", 0)
        if path.name.endswith(ARCHIVED_SUFFIX):
            return ShardSummary(name, writer, begun, closed=True, archived=True, entries=0)
        with self._opened(name) as reader:
            return ShardSummary(name, writer, begun, reader.closed, False, reader.size())

    @contextmanager
    def _opened(self, name: str) -> Iterator[ShardReader]:
        path = self._path(name)
        if not path.name.endswith(ARCHIVED_SUFFIX):
            with self._open(path) as reader:
                yield reader
            return
        with self._mine:
            yield self._unpack(path)

    def _open(self, path: Path) -> ShardReader:
        try:
            return ShardReader(path)
        except LedgerInvalidError:
            # It may be on the point of being begun; whoever begins one holds the folder.
            try:
                with folder_lock(self._folder):
                    return ShardReader(path)
            except OSError:
                raise LedgerUnavailableError from None

    def _unpack(self, path: Path) -> ShardReader:
        try:
            state = os.stat(path)
        except OSError:
            raise LedgerUnavailableError from None
        key = path, state.st_ino, state.st_mtime_ns
        reader = self._unpacked.pop(key, None)
        if reader is None:
            while len(self._unpacked) >= MAX_UNPACKED:
                self._unpacked.pop(next(iter(self._unpacked))).close()
            reader = ShardReader(path)
        self._unpacked[key] = reader
        return reader
