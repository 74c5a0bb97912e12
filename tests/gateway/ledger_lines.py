"""A ledger file, entries for it, and the lines that are in it."""

import json
import os
from pathlib import Path
from typing import Any

from gateway.model.call import Entry, PrivatePart, SharedPart
from gateway.ports import Clock
from gateway.stores.ledger_file import FileLedger
from keys.material import Purpose
from keys.ports import KeyProvider
from keys.stores.memory import MAXIMUM_DAYS, MemoryStore

KEYS = MemoryStore()
KEY = KEYS.new(Purpose.LEDGER, 1, 0, MAXIMUM_DAYS, "active")


def file_ledger(path: Path, keys: KeyProvider = KEYS, clock: Clock = lambda: 1000) -> FileLedger:
    return FileLedger(path, random=os.urandom, keys=keys, clock=clock)


def an_entry(number: int, more: str = "", caller: str = "test") -> Entry:
    shared = SharedPart(version=1, time=number, kind="seal", outcome="ok", resource=more or None)
    return Entry(shared=shared, private=PrivatePart(caller=caller))


def lines_of(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def times_of(path: Path) -> list[int]:
    return [line["shared"]["time"] for line in lines_of(path)]
