"""The ledger as an append-only file: one JSON line an entry, synced before it counts."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import RLock
from time import monotonic, sleep

import msgspec

from gateway.errors import LedgerUnavailableError, RequestMalformedError
from gateway.ledger import SALT_BYTES, begin_receipt, settle, sign_receipts
from gateway.model.call import Entry, Receipt
from gateway.ports import Clock, Dice, KeyProvider
from gateway.stores.files import sync_folder
from gateway.stores.grouped import BUSY_SECONDS, RETRY_SECONDS
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.ring import Ring

# A line is some kilobytes; the last one is looked for in this much of the tail.
TAIL_BYTES = 64 * 1024
# A page of entries is one message.
MAX_READ_BYTES = 8 * 1024 * 1024


class FileLedger:
    """A LedgerSink. Processes share the file; whoever writes holds its lock.

    Receipts are signed with the ledger key of `keys` that is active then, so that
    a rotation counts from the next entry. Threads may share one ledger.
    """

    def __init__(self, path: Path, *, random: Dice, keys: KeyProvider, clock: Clock) -> None:
        self._path, self._random = path, random
        self._keys, self._clock = keys, clock
        self._mine = RLock()
        self._file: _File | None = None
        self._group: _Group | None = None
        # The keys held, and the active one of them.
        self._active: tuple[tuple[KeyInfo, ...], KeyInfo] | None = None

    def append(self, entry: Entry) -> Receipt:
        """Write the entry; it is durable, and its receipt whole, on return or after `together`.

        Raises: LedgerUnavailableError, KeyUnavailableError where no ledger key is in
            force; the file then ends where it did.
        """
        with self._mine:
            if self._group is not None:
                return self._add(entry, self._group)
            with self.together() as group:
                return self._add(entry, group)

    def _add(self, entry: Entry, group: "_Group") -> Receipt:
        settled = settle(entry, self._random(SALT_BYTES))
        receipt = begin_receipt(settled, group.end)
        group.add(msgspec.json.encode(settled) + b"\n", receipt)
        return receipt

    @contextmanager
    def together(self) -> Iterator["_Group"]:
        """Make all entries appended within durable at once, at the end; all or none.

        Raises: as `append`.
        """
        with self._mine:
            if self._group is not None:
                yield self._group
                return
            try:
                with self._opened().locked() as end:
                    self._group = group = _Group(end)
                    try:
                        yield group
                    finally:
                        self._group = None
                    self._write(group)
            except OSError:
                self.close()
                raise LedgerUnavailableError from None

    def close(self) -> None:
        """Close the file; the next entry opens it again."""
        with self._mine:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _opened(self) -> "_File":
        if self._file is not None and not self._file.stands_at(self._path):
            self.close()
        if self._file is None:
            self._file = _File(self._path)
        return self._file

    def _write(self, group: "_Group") -> None:
        if not group.lines or self._file is None:
            return
        key_id = self._active_key()
        # Signed first, so that no entry stands whose call ended without its receipt.
        sign_receipts(group.receipts, key_id, partial(self._keys.sign, key_id))
        self._file.append(b"".join(group.lines))

    def _active_key(self) -> str:
        keys, now = self._keys.list_keys(), self._clock() // 1000
        found = self._active
        if found is None or found[0] is not keys or not found[1].valid_at(now):
            self._active = found = keys, Ring(keys).active(Purpose.LEDGER, at=now)
        return found[1].key_id


class _Group:
    """Lines on their way into the file, and their receipts."""

    __slots__ = ("end", "lines", "receipts")

    def __init__(self, end: int) -> None:
        # Where the next line will begin.
        self.end = end
        self.lines: list[bytes] = []
        self.receipts: list[Receipt] = []

    def add(self, line: bytes, receipt: Receipt) -> None:
        self.lines.append(line)
        self.receipts.append(receipt)
        self.end += len(line)


class _File:
    """The open file. Raises: OSError."""

    __slots__ = ("_end", "_handle", "_path", "_place")

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._path, self._handle = path, os.open(path, flags, 0o600)
        found = os.fstat(self._handle)
        self._place = found.st_dev, found.st_ino
        # Behind the last line that is known to be whole.
        self._end = -1

    def stands_at(self, path: Path) -> bool:
        """Tell whether the file is still what the path leads to."""
        try:
            found = os.stat(path)
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._place

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the file's lock; give the position behind its last whole line."""
        self._lock()
        try:
            size = os.lseek(self._handle, 0, os.SEEK_END)
            if size != self._end:
                self._end = self._whole_end(size)
                if self._end != size:
                    # A process died while it wrote: nobody got an answer for that line.
                    os.ftruncate(self._handle, self._end)
            yield self._end
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def _lock(self) -> None:
        give_up = monotonic() + BUSY_SECONDS
        while True:
            try:
                return fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if monotonic() > give_up:
                    raise
                sleep(RETRY_SECONDS)

    def append(self, lines: bytes) -> None:
        """Write lines durably, or leave the file as it was."""
        before = self._end
        try:
            if os.write(self._handle, lines) != len(lines):
                raise OSError("the disk is full")
            os.fsync(self._handle)
            if before == 0:
                # A new file is durable only with its name.
                sync_folder(self._path.parent)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._handle, before)
            raise
        self._end = before + len(lines)

    def close(self) -> None:
        os.close(self._handle)

    def _whole_end(self, end: int) -> int:
        while end:
            start = max(0, end - TAIL_BYTES)
            at = os.pread(self._handle, end - start, start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
        return 0


def read_entries(path: Path, begin: int, count: int) -> tuple[list[bytes], int | None]:
    """Read at most `count` entries from a position on, and where the next one begins.

    Raises: RequestMalformedError where no entry begins there, LedgerUnavailableError.
    """
    entries: list[bytes] = []
    try:
        with path.open("rb") as file:
            if begin:
                file.seek(begin - 1)
                if file.read(1) != b"\n":
                    raise _nowhere()
            while len(entries) < count and file.tell() - begin < MAX_READ_BYTES:
                line = file.readline()
                if not line.endswith(b"\n"):
                    # The end, or one that is still being written.
                    return entries, None
                entries.append(line[:-1])
            return entries, file.tell()
    except FileNotFoundError:
        if begin:
            raise _nowhere() from None
        return entries, None
    except OSError:
        raise LedgerUnavailableError from None


def _nowhere() -> RequestMalformedError:
    return RequestMalformedError(
        reason="no entry of this ledger begins there", reason_zh="该位置没有日志条目"
    )
