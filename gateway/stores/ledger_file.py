"""The ledger as an append-only file: one JSON line an entry, synced before it counts."""

import fcntl
import os
from pathlib import Path

import msgspec

from gateway.errors import LedgerUnavailableError
from gateway.ledger import SALT_BYTES, SettledEntry, receipt_for, receipt_message, settle
from gateway.model.call import Entry, Receipt
from gateway.ports import Clock, Dice, KeyProvider
from gateway.stores.files import sync_folder
from keys.material import Purpose
from keys.ring import Ring

# A line is some kilobytes; the last one is looked for in this much of the tail.
TAIL_BYTES = 64 * 1024


class FileLedger:
    """A LedgerSink. Processes share the file; each append holds its lock.

    A receipt is signed with the ledger key of `keys` that is active then, so that
    a rotation counts from the next entry.
    """

    def __init__(self, path: Path, *, random: Dice, keys: KeyProvider, clock: Clock) -> None:
        self._path, self._random = path, random
        self._keys, self._clock = keys, clock

    def append(self, entry: Entry) -> Receipt:
        """Write the entry; it is durable on return.

        Raises: LedgerUnavailableError, KeyUnavailableError where no ledger key is in
            force; the file then ends where it did.
        """
        settled = settle(entry, self._random(SALT_BYTES))
        try:
            return self._write(settled)
        except OSError:
            raise LedgerUnavailableError from None

    def _write(self, settled: SettledEntry) -> Receipt:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            end = os.lseek(handle, 0, os.SEEK_END)
            whole = self._whole_end(handle, end)
            if whole != end:
                # A process died while it wrote: nobody got an answer for that line.
                os.ftruncate(handle, whole)
            # Signed first, so that no entry stands whose call ended without its receipt.
            receipt = self._receipt(settled, whole)
            self._append_line(handle, whole, msgspec.json.encode(settled) + b"\n")
            return receipt
        finally:
            os.close(handle)

    def _receipt(self, settled: SettledEntry, place: int) -> Receipt:
        receipt = receipt_for(settled, place)
        keys = Ring(self._keys.list_keys())
        key_id = keys.active(Purpose.LEDGER, at=self._clock() // 1000).key_id
        signature = self._keys.sign(key_id, receipt_message(receipt))
        return msgspec.structs.replace(receipt, key_id=key_id, signature=signature.hex())

    def _append_line(self, handle: int, whole: int, line: bytes) -> None:
        try:
            written = os.write(handle, line)
            if written != len(line):
                raise OSError("the disk is full")
            os.fsync(handle)
            if whole == 0:
                # A new file is durable only with its name.
                sync_folder(self._path.parent)
        except OSError:
            os.ftruncate(handle, whole)
            raise

    def _whole_end(self, handle: int, end: int) -> int:
        """Return the position behind the last whole line."""
        while end:
            start = max(0, end - TAIL_BYTES)
            at = os.pread(handle, end - start, start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            end = start
        return 0
