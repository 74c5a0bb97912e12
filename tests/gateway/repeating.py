"""What tests of repeated requests share: keys, a store on a file, requests."""

import sqlite3
from pathlib import Path
from random import Random

from gateway.repeats import Asked, Mark, RepeatKey, Repeats
from gateway.stores.repeats import Bounds, SqliteRepeats
from gateway.testing import START_MS
from keys.material import Purpose
from keys.stores.memory import MemoryStore

SECOND = 1000
HOUR = 3600 * SECOND
METHOD = "Seal"
CALLER = "registry"
MARK = Mark("key", b"digest")


def new_keys() -> MemoryStore:
    """Make a pseudonym key, and the one that will follow it."""
    keys = MemoryStore()
    keys.new(Purpose.PSEUDONYM, 1, START_MS // 1000 - 100 * 86_400, 400, "active")
    keys.new(Purpose.PSEUDONYM, 1, START_MS // 1000 - 100 * 86_400, 400, "next")
    return keys


def request_id(number: int) -> str:
    """Give the request id of a number."""
    digits = f"{Random(number).getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Desk:
    """One process's part in a shared file: closing it is what its death looks like."""

    def __init__(
        self, folder: Path, keys: MemoryStore | None = None, bounds: Bounds | None = None
    ) -> None:
        self.path = folder / "repeats.sqlite"
        self.keys = keys or new_keys()
        self.store = SqliteRepeats(self.path, bounds=bounds)
        self.repeats = Repeats(self.keys, self.store)

    def ask(self, number: int = 1, content: bytes = b"content", caller: str = CALLER) -> Asked:
        """Take the digest of a request by the number of its id."""
        return self.repeats.ask(caller, METHOD, request_id(number), (content,), START_MS)


def key(number: int, caller: str = "a") -> RepeatKey:
    """Give the key of a request by its number."""
    return RepeatKey(caller, METHOD, request_id(number))


def keep(store: SqliteRepeats, which: RepeatKey, answer: bytes, now: int = START_MS) -> None:
    """Reserve and complete a request."""
    ticket = store.reserve(which, MARK, now)
    assert isinstance(ticket, int)
    assert store.complete(which, ticket, answer, now)


def read(path: Path, statement: str) -> list[tuple[int, ...]]:
    """Ask the file, past the store."""
    database = sqlite3.connect(path)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()
