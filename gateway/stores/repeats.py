"""Repeated requests in one SQLite file, shared by all processes of a node.

The bounds always hold when a method returns. Room is made by forgetting what is
oldest: of a caller over its own share, else of whoever has most, so that one
caller never pushes out what another keeps within a modest share. What is being
worked on is never forgotten. Answers count in whole pages, and pages are used
again, so that the file stays about as large as its bounds allow.
"""

import secrets
from contextlib import AbstractContextManager
from pathlib import Path
from typing import final

from msgspec import Struct

from gateway.errors import LedgerUnavailableError
from gateway.repeats import MAX_CALL_SECONDS, MAX_REPEAT_HOURS, Found, Full, Mark, RepeatKey, lapsed
from gateway.stores.grouped import GroupedDatabase
from gateway.stores.holders import Holder

# Whoever repeats nothing and sends new ids for ever must not fill the disk.
MAX_ROWS = 100_000
MAX_BYTES = 268_435_456
# Nor may one caller take it all.
MAX_CALLER_ROWS = 25_000
MAX_CALLER_BYTES = 67_108_864
# What has lapsed is swept in this many rows at a write: more than a write adds.
SWEEP_ROWS = 16
# Rows looked at together where room is made.
STEP_ROWS = 64
PAGE_BYTES = 4096

_REPEAT_MS = MAX_REPEAT_HOURS * 3_600_000
_CALL_MS = MAX_CALL_SECONDS * 1000
_TICKET_BITS = 62

_SCHEMA = """
CREATE TABLE IF NOT EXISTS repeat (
    number INTEGER PRIMARY KEY,
    caller TEXT NOT NULL, method TEXT NOT NULL, request TEXT NOT NULL,
    key_id TEXT NOT NULL, digest BLOB NOT NULL,
    at INTEGER NOT NULL, ticket INTEGER NOT NULL,
    holder INTEGER, size INTEGER NOT NULL, answer BLOB,
    UNIQUE (caller, method, request)
);
CREATE INDEX IF NOT EXISTS repeat_caller ON repeat (caller);
CREATE INDEX IF NOT EXISTS repeat_at ON repeat (at);
CREATE TABLE IF NOT EXISTS share (
    caller TEXT PRIMARY KEY, held INTEGER NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS repeat_added AFTER INSERT ON repeat BEGIN
    INSERT INTO share VALUES (NEW.caller, 1, NEW.size)
    ON CONFLICT DO UPDATE SET held = held + 1, size = size + NEW.size;
END;
CREATE TRIGGER IF NOT EXISTS repeat_answered AFTER UPDATE OF size ON repeat BEGIN
    UPDATE share SET size = size + NEW.size - OLD.size WHERE caller = OLD.caller;
END;
CREATE TRIGGER IF NOT EXISTS repeat_removed AFTER DELETE ON repeat BEGIN
    UPDATE share SET held = held - 1, size = size - OLD.size WHERE caller = OLD.caller;
    DELETE FROM share WHERE caller = OLD.caller AND held = 0;
END;
"""


class Bounds(Struct, frozen=True, kw_only=True):
    """The most that is kept, in all and of one caller; bytes are those of answers."""

    rows: int = MAX_ROWS
    size: int = MAX_BYTES
    caller_rows: int = MAX_CALLER_ROWS
    caller_size: int = MAX_CALLER_BYTES


@final
class SqliteRepeats:
    """A RepeatStore. Every change is durable when a method, or the group it is in, is over.

    Threads may share it; each group has it to itself.
    """

    def __init__(self, path: Path, *, bounds: Bounds | None = None) -> None:
        """Open the file, which is made if there is none, and the lock file beside it.

        Raises: LedgerUnavailableError.
        """
        self._bounds = bounds or Bounds()
        try:
            self._holder = Holder(path.with_suffix(".lock"))
        except OSError:
            raise LedgerUnavailableError from None
        try:
            self._database = GroupedDatabase(path, _SCHEMA)
        except LedgerUnavailableError:
            self._holder.close()
            raise
        self._run = self._database.run

    def together(self, *, wait: bool = True) -> AbstractContextManager[None]:
        """Make all changes within durable at once, or none; see `GroupedDatabase`."""
        return self._database.together(wait=wait)

    def reserve(self, key: RepeatKey, mark: Mark, now: int) -> int | Found | Full:
        """Reserve a request that is not there or has lapsed; see `RepeatStore`."""
        with self.together():
            self._sweep(now)
            there = self._row(key)
            if there is not None:
                number, found, alive = there
                if not lapsed(found, now, alive=alive):
                    return found
                self._run("DELETE FROM repeat WHERE number = ?", (number,))
            ticket = secrets.randbits(_TICKET_BITS)
            ((number,),) = self._run(
                "INSERT INTO repeat (caller, method, request, key_id, digest, at, ticket, holder, "
                "size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING number",
                (*_named(key), mark.key_id, mark.digest, now, ticket, self._holder.number),
            )
            full = self._make_room(key.caller, now, number)
            if full is None:
                return ticket
            self._run("DELETE FROM repeat WHERE number = ?", (number,))
            return full

    def complete(self, key: RepeatKey, ticket: int, answer: bytes | None, now: int) -> bool:
        """Complete the reservation of a ticket; see `RepeatStore`."""
        size = 0 if answer is None else -(-len(answer) // PAGE_BYTES) * PAGE_BYTES
        with self.together():
            done = self._run(
                "UPDATE repeat SET holder = NULL, size = ?, answer = ? "
                "WHERE (caller, method, request, ticket) = (?, ?, ?, ?) AND holder IS NOT NULL "
                "RETURNING number",
                (size, answer, *_named(key), ticket),
            )
            if done:
                self._make_room(key.caller, now, done[0][0])
            return bool(done)

    def release(self, key: RepeatKey, ticket: int) -> None:
        """Forget the reservation of a ticket; see `RepeatStore`."""
        with self.together():
            self._run(
                "DELETE FROM repeat "
                "WHERE (caller, method, request, ticket) = (?, ?, ?, ?) AND holder IS NOT NULL",
                (*_named(key), ticket),
            )

    def find(self, key: RepeatKey) -> Found | None:
        """Return what is there; see `RepeatStore`."""
        there = self._row(key)
        return None if there is None else there[1]

    def close(self) -> None:
        """Close the files; what this store still has reserved lapses."""
        self._database.close()
        self._holder.close()

    def _row(self, key: RepeatKey) -> tuple[int, Found, bool] | None:
        """Return number, what was found, and whether a reservation's process lives."""
        rows = self._run(
            "SELECT number, key_id, digest, at, holder, answer FROM repeat "
            "WHERE (caller, method, request) = (?, ?, ?)",
            _named(key),
        )
        if not rows:
            return None
        number, key_id, digest, at, holder, answer = rows[0]
        mark = Mark(key_id, digest)
        if holder is None:
            return number, Found(mark=mark, at=at, state="completed", answer=answer), True
        return number, Found(mark=mark, at=at, state="reserved"), self._holder.lives(holder)

    def _sweep(self, now: int) -> None:
        self._run(
            "DELETE FROM repeat WHERE number IN (SELECT number FROM repeat WHERE at <= ? LIMIT ?)",
            (now - _REPEAT_MS, SWEEP_ROWS),
        )
        self._run(
            "DELETE FROM repeat WHERE number IN (SELECT number FROM repeat WHERE at >= ? LIMIT ?)",
            (now + _REPEAT_MS, SWEEP_ROWS),
        )

    def _make_room(self, caller: str, now: int, spared: int) -> Full | None:
        """Forget what is oldest until all is within bounds, but for one row; else tell."""
        most = self._bounds
        shares = self._shares()
        held, size = shares[caller]
        self._forget(caller, held - most.caller_rows, size - most.caller_size, now, spared)
        while True:
            shares = self._shares()
            if shares[caller][0] > most.caller_rows:
                return Full(shares[caller][0] - 1, most.caller_rows)
            held, size = map(sum, zip(*shares.values(), strict=True))
            if held <= most.rows and size <= most.size:
                return None
            # By rows where these are too many, else by bytes.
            by = 0 if held > most.rows else 1
            for largest in sorted(shares, key=lambda name: shares[name][by], reverse=True):
                if self._forget(largest, held - most.rows, size - most.size, now, spared):
                    break
            else:
                return Full(held - 1, most.rows)

    def _shares(self) -> dict[str, tuple[int, int]]:
        """Return how many rows and bytes each caller has: as many callers as a node has."""
        rows = self._run("SELECT caller, held, size FROM share")
        return {caller: (held, size) for caller, held, size in rows}

    def _forget(self, caller: str, rows: int, size: int, now: int, spared: int) -> int:
        """Forget a caller's oldest until so many rows and bytes are gone; return how many."""
        gone: list[tuple[int]] = []
        last = -1
        while rows > 0 or size > 0:
            # Where bytes alone are wanted, rows without any are left.
            step = self._run(
                "SELECT number, size FROM repeat WHERE caller = ? AND number > ? AND number <> ? "
                "AND size >= ? AND (holder IS NULL OR abs(at - ?) >= ?) ORDER BY number LIMIT ?",
                (caller, last, spared, 0 if rows > 0 else 1, now, _CALL_MS, STEP_ROWS),
            )
            for last, freed in step:
                if rows > 0 or (size > 0 and freed):
                    gone.append((last,))
                    rows, size = rows - 1, size - freed
            if not step:
                break
        for one in gone:
            self._run("DELETE FROM repeat WHERE number = ?", one)
        return len(gone)


def _named(key: RepeatKey) -> tuple[str, str, str]:
    return key.caller, key.method, key.request
