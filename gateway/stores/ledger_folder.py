"""The folder of a ledger's shards: who begins or removes one holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from gateway.stores.files import sync_folder
from gateway.stores.grouped import BUSY_SECONDS, RETRY_SECONDS

# Held by who begins, archives or restores shards.
LOCK_FILE = "lock"
# SQLite's own, beside a file that is open.
BESIDE = ("-wal", "-shm")


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a ledger's folder, so that nobody else begins or removes a shard.

    The folder is made if there is none. Raises: OSError; BlockingIOError where somebody
    else has held it for BUSY_SECONDS.
    """
    if not folder.is_dir():
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        sync_folder(folder.parent)
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_up = monotonic() + BUSY_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() > give_up:
                    raise
                sleep(RETRY_SECONDS)
        yield
    finally:
        os.close(handle)
