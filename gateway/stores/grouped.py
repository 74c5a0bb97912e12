"""A SQLite file whose changes are made in groups, each durable whole or not at all."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar, final

from gateway.errors import LedgerUnavailableError
from gateway.steps import StoreBusy

T = TypeVar("T")
# A writer waits this long for another process before it gives up.
BUSY_SECONDS = 10.0
RETRY_SECONDS = 0.02
# The log beside the file is cut back to this once it is written over.
LOG_BYTES = 16_777_216
# Pages of 4 KiB in that log, over which a commit brings them into the file.
LOG_PAGES, TIDIED_LOG_PAGES = 1_000, 4_000
# What an extended result code of SQLite says in its last byte.
_PRIMARY = 0xFF


@final
class GroupedDatabase:
    """One connection, which threads may share: a group has it to itself."""

    def __init__(self, path: Path, schema: str, *, tidied: bool = False) -> None:
        """Open the file, which is made if there is none; `schema` may run again and again.

        Where it is `tidied`, somebody calls `tidy` every now and then, and no commit has
        to bring the log beside the file into it. Raises: LedgerUnavailableError.
        """
        self._path, self._log_pages = path, TIDIED_LOG_PAGES if tidied else LOG_PAGES
        self._mine = threading.RLock()
        self._grouped = self._broken = False
        # How long SQLite waits for another process, in seconds.
        self._patience = BUSY_SECONDS
        try:
            # Before SQLite, whose files beside it take its mode.
            path.touch(mode=0o600)
            self._database = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error):
            raise LedgerUnavailableError from None
        try:
            self._prepare(schema)
        except (sqlite3.Error, UnicodeError):
            self.close()
            raise LedgerUnavailableError from None

    def _prepare(self, schema: str) -> None:
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        self._database.execute(f"PRAGMA wal_autocheckpoint = {self._log_pages}")
        # SQLite waits for another process in all but this: two that turn a new file to WAL.
        give_up = monotonic() + BUSY_SECONDS
        while True:
            try:
                self._database.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > give_up:
                    raise
                sleep(RETRY_SECONDS)
        self._database.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")

    @contextmanager
    def together(self, *, wait: bool = True) -> Iterator[None]:
        """Make all changes within durable at once at the end, or none on an error.

        After an error of the database nothing within succeeds any more, though
        the error may have been caught: what went before it is lost with it.
        Within a group this joins it.
        Raises: LedgerUnavailableError; StoreBusy, where another process has the file
            and is not to be waited for.
        """
        with self._mine:
            if self._grouped:
                yield
                return
            self._roll_back()
            self._begin(wait)
            self._grouped, self._broken = True, False
            try:
                yield
                self.run("COMMIT")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._grouped = False

    def run(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Run a statement, and return its rows.

        Raises: LedgerUnavailableError.
        """
        with self._mine:
            if self._grouped and self._broken:
                raise LedgerUnavailableError
            try:
                if not self._grouped:
                    self._wait_for(BUSY_SECONDS)
                return self._database.execute(statement, values).fetchall()
            except (sqlite3.Error, UnicodeError):
                self._broken = True
                # Not to know what was done before is not to release anything.
                raise LedgerUnavailableError from None

    def apply(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what takes several statements, with the connection.

        Raises: LedgerUnavailableError.
        """
        with self._mine:
            if self._grouped and self._broken:
                raise LedgerUnavailableError
            try:
                return work(self._database)
            except (sqlite3.Error, UnicodeError):
                self._broken = True
                raise LedgerUnavailableError from None

    def tidy(self) -> None:
        """Bring the log beside the file into it, from any thread, while others write.

        What cannot be done now is done by the next one, or by a commit.
        """
        # By a connection of its own: this one may be writing.
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(self._path, timeout=0, isolation_level=None)) as database,
        ):
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close the file."""
        with self._mine:
            self._database.close()

    def _begin(self, wait: bool) -> None:
        try:
            self._wait_for(BUSY_SECONDS if wait else 0)
            self._database.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not wait and error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY:
                raise StoreBusy from None
            raise LedgerUnavailableError from None

    def _wait_for(self, seconds: float) -> None:
        # Kept in mind: who writes often does so without waiting, again and again.
        if seconds != self._patience:
            self._database.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
            self._patience = seconds

    def _roll_back(self) -> None:
        try:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
        except sqlite3.Error:
            # Tried again before the next group, which fails if it cannot be.
            self._broken = True
