"""Keys in one file under a passphrase, shared by the processes of one installation."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Self, final

from keys.derive import Mac
from keys.errors import KeyUnavailableError
from keys.material import Purpose
from keys.ports import KeyInfo, KeyState
from keys.stores.disk import locked, read_private, replace_whole
from keys.stores.keyfile import (
    MAXIMUM_FILE_BYTES,
    Cost,
    Lock,
    derive_lock,
    new_lock,
    open_keys,
    parse,
    seal_keys,
)
from keys.stores.memory import MemoryStore
from keys.stores.passphrase import PassphraseSource


@final
class FileStore:
    """A `KeyProvider` over a key file.

    Keys are read once and used from memory. A change takes the lock, reads the
    file as it now is, and puts a whole new one in its place; other processes see
    it when they `reload`.
    """

    __slots__ = ("_lock", "_memory", "_passphrase", "_path", "_stamp")

    _lock: Lock
    _memory: MemoryStore
    _stamp: tuple[int, int, int]

    def __init__(self, path: Path | str, passphrase: PassphraseSource) -> None:
        """Open the file.

        Raises:
            KeyUnavailableError: it is missing, open to others, no key file, asks
                for an absurd cost, or the passphrase is another.
        """
        self._path = Path(os.path.realpath(path))
        self._passphrase = passphrase
        self._load(None)

    @classmethod
    def create(
        cls, path: Path | str, passphrase: PassphraseSource, *, cost: Cost | None = None
    ) -> Self:
        """Write a file without keys, and open it.

        Raises:
            KeyUnavailableError: there is one already, it cannot be written, or
                the passphrase is too short.
        """
        store = cls.__new__(cls)
        store._path = Path(os.path.realpath(path))
        store._passphrase = passphrase
        lock = new_lock(passphrase.read(), cost or Cost())
        with locked(store._path):
            if os.path.lexists(store._path):
                raise KeyUnavailableError(
                    reason=f"{store._path} exists already", reason_zh=f"{store._path} 已存在"
                )
            replace_whole(store._path, seal_keys(lock, ()))
            store._load(lock)
        return store

    def __repr__(self) -> str:
        return f"<FileStore {str(self._path)!r}>"

    def list_keys(self) -> tuple[KeyInfo, ...]:
        """Return what may be known of every key held."""
        return self._memory.list_keys()

    def sign(self, key_id: str, message: bytes) -> bytes:
        """Sign `message` with a signing or ledger key."""
        return self._memory.sign(key_id, message)

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        """Return the content key in `wrapped`; see `KeyProvider`."""
        return self._memory.unwrap(key_id, wrapped, info)

    def mac(self, key_id: str, context: bytes) -> Mac:
        """Return the keyed hash of a pseudonym key for `context`."""
        return self._memory.mac(key_id, context)

    def reload(self) -> bool:
        """Take over what other processes changed; tell whether there was anything.

        Costs one `stat` where there was nothing. The passphrase is asked for
        again only if it was changed.

        Raises:
            KeyUnavailableError: the file no longer opens; the keys held stay.
        """
        if self._stamp_now() == self._stamp:
            return False
        self._load(self._lock)
        return True

    def new(
        self, purpose: Purpose, suite: int, now: int, days: int, state: KeyState = "next"
    ) -> KeyInfo:
        """Make a key; see `MemoryStore.new`."""
        return self._change(lambda memory: memory.new(purpose, suite, now, days, state))

    def rotate(self, purpose: Purpose, suite: int, now: int) -> KeyInfo:
        """Retire the active key and activate the next one; see `MemoryStore.rotate`."""
        return self._change(lambda memory: memory.rotate(purpose, suite, now))

    def retire(self, key_id: str, now: int) -> KeyInfo:
        """Retire a key; see `MemoryStore.retire`."""
        return self._change(lambda memory: memory.retire(key_id, now))

    def change_passphrase(self, passphrase: PassphraseSource, *, cost: Cost | None = None) -> None:
        """Encrypt the file anew under another passphrase, by default at the same cost.

        Copies made before still open with the old one.

        Raises:
            KeyUnavailableError: the file no longer opens, or the new passphrase
                is too short.
        """
        chosen = passphrase.read()
        with locked(self._path):
            self._load(self._lock)
            lock = new_lock(chosen, cost or self._lock.header.cost())
            replace_whole(self._path, seal_keys(lock, self._memory._held))
            self._lock, self._passphrase = lock, passphrase
            self._stamp = self._stamp_now()

    def _change(self, change: Callable[[MemoryStore], KeyInfo]) -> KeyInfo:
        with locked(self._path):
            self._load(self._lock)
            memory = MemoryStore(self._memory._held)
            changed = change(memory)
            replace_whole(self._path, seal_keys(self._lock, memory._held))
            self._memory, self._stamp = memory, self._stamp_now()
        return changed

    def _load(self, lock: Lock | None) -> None:
        # The stamp is taken first: a file put in place meanwhile is read again.
        stamp = self._stamp_now()
        header, ciphertext = parse(read_private(self._path, MAXIMUM_FILE_BYTES))
        if lock is None or not lock.fits(header):
            lock = derive_lock(self._passphrase.read(), header)
        memory = MemoryStore(open_keys(lock, header, ciphertext))
        self._lock, self._memory, self._stamp = lock, memory, stamp

    def _stamp_now(self) -> tuple[int, int, int]:
        try:
            status = os.stat(self._path)
        except OSError:
            return (0, 0, 0)
        return (status.st_ino, status.st_mtime_ns, status.st_size)
