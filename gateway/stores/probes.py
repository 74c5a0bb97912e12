"""What keeps a node from writing, found without writing anything that stays.

Nothing waits for a running process for long, and none waits for us: its locks are
held for as long as it takes to let them go.
"""

import os
import sqlite3
import tempfile
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import NamedTuple

# An append or a reservation holds its lock for milliseconds: more is a process that hangs.
LOCK_SECONDS = 2.0
# Room that must be there: more than any entry takes.
PROBE_BYTES = 64 * 1024
# What an extended result code of SQLite says in its last byte.
_PRIMARY = 0xFF


class Obstacle(NamedTuple):
    """What keeps a file from being written."""

    text: str
    text_zh: str


_LOCKED = Obstacle(
    f"another process has held its lock for {LOCK_SECONDS:.0f} s",
    f"另一进程持有锁已超过 {LOCK_SECONDS:.0f} 秒",
)
_NOT_ORDINARY = Obstacle("it is no ordinary file", "不是普通文件")


def database_obstacle(*paths: Path) -> Obstacle | None:
    """Tell what would keep SQLite files from being changed, or None.

    One that is not there yet is no obstacle, if its folder takes one.
    """
    files = [Path(os.path.realpath(path)) for path in paths]
    try:
        rooms = (_room_obstacle(folder) for folder in {file.parent for file in files})
        changes = (_change_obstacle(file) for file in files if file.exists())
        return next(filter(None, chain(rooms, changes)), None)
    except sqlite3.Error as error:
        if error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY:
            return _LOCKED
        # Its name, since the text may quote what a file holds.
        return Obstacle(error.sqlite_errorname, error.sqlite_errorname)
    except OSError as error:
        return _because(error)


def _because(error: OSError) -> Obstacle:
    reason = os.strerror(error.errno or 0)
    return Obstacle(reason, reason)


def _room_obstacle(folder: Path) -> Obstacle | None:
    """Write, sync and drop a file without a name."""
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        if file.write(bytes(PROBE_BYTES)) != PROBE_BYTES:
            return Obstacle("the disk is full", "磁盘已满")
        os.fsync(file.fileno())
    return None


def _change_obstacle(path: Path) -> Obstacle | None:
    if not path.is_file():
        return _NOT_ORDINARY
    # Not made if somebody removes it meanwhile.
    address = f"{path.as_uri()}?mode=rw"
    with closing(
        sqlite3.connect(address, uri=True, timeout=LOCK_SECONDS, isolation_level=None)
    ) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE probe (probe INTEGER)")
        database.execute("ROLLBACK")
    return None
