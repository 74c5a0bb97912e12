"""A store that another process holds, or that is slow: who waits is refused, the loop goes on."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
import uvloop

from gateway.errors import LedgerUnavailableError
from gateway.server.committing import MAX_COMMIT_SECONDS, Conductor
from gateway.steps import Steps, write
from gateway.stores.grouped import GroupedDatabase

SCHEMA = "CREATE TABLE IF NOT EXISTS line (number INTEGER PRIMARY KEY);"


def _adding(store: GroupedDatabase, number: int) -> Steps[int]:
    yield from write(store, partial(store.run, "INSERT INTO line VALUES (?)", (number,)))
    return number


async def _drive(conductor: Conductor, store: GroupedDatabase, number: int) -> int:
    return await conductor.drive(_adding(store, number), lambda: None)


async def _longest_gap(ended: asyncio.Event) -> float:
    longest, last = 0.0, monotonic()
    while not ended.is_set():
        await asyncio.sleep(0.01)
        longest, last = max(longest, monotonic() - last), monotonic()
    return longest


async def _held(path: Path) -> tuple[float, float, float, list[int]]:
    """Return how long the first was waited for, and the next; the loop's longest gap; the rest."""
    store = GroupedDatabase(path, SCHEMA)
    conductor, ended = Conductor([store]), asyncio.Event()
    watch = asyncio.create_task(_longest_gap(ended))
    with closing(sqlite3.connect(path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        begun = monotonic()
        with pytest.raises(LedgerUnavailableError):
            await _drive(conductor, store, 1)
        first, begun = monotonic() - begun, monotonic()
        with pytest.raises(LedgerUnavailableError):
            await _drive(conductor, store, 2)
        second = monotonic() - begun
        foreign.execute("ROLLBACK")
    for _ in range(500):
        await asyncio.sleep(0.02)
        try:
            await _drive(conductor, store, 3)
            break
        except LedgerUnavailableError:
            continue
    ended.set()
    gap = await watch
    await conductor.close()
    rows = [number for (number,) in store.run("SELECT number FROM line ORDER BY number")]
    store.close()
    return first, second, gap, rows


def test_a_commit_that_takes_too_long_is_waited_for_no_more(tmp_path: Path) -> None:
    """The first is refused after a time, the next at once, and once it is free again all go on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        first, second, gap, rows = runner.run(_held(tmp_path / "store.sqlite"))
    # The loop counts in whole milliseconds.
    assert MAX_COMMIT_SECONDS - 0.01 <= first < MAX_COMMIT_SECONDS + 3
    assert second < 1
    assert gap < 1
    # What was given up may stand, though nobody was told so; what was refused at once does not.
    assert rows in ([3], [1, 3])
