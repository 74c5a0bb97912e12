"""Without a ledger nothing leaves and nothing opens, and a full disk spoils nothing."""

import os
import resource
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.node import Node
from gateway.stores import grouped
from gateway.stores.shards import list_shards
from tests.gateway.forge import refusal, rows
from tests.gateway.ledger_shards import (
    an_entry,
    check_whole,
    entries_of,
    sqlite_ledger,
    times_of,
)
from tests.gateway.worker import ROOT, Town, found_town

SHARD = f"node-{1000:012x}-00000000.sqlite"
as_root = os.geteuid() == 0
not_for_root = pytest.mark.skipif(as_root, reason="root writes anyway")


def _unwritable(folder: Path, kind: str) -> Path:
    """Make what cannot be a ledger's folder."""
    match kind:
        case "a file":
            folder.touch()
        case "in no folder":
            return folder.parent / "nowhere" / "ledger"
        case "a link in a circle":
            folder.symlink_to(folder)
        case "a read-only folder":
            folder.mkdir(mode=0o500)
        case _:
            folder.mkdir()
            _unwritable_shard(folder / SHARD, kind)
    return folder


def _unwritable_shard(shard: Path, kind: str) -> None:
    match kind:
        case "a shard that is a folder":
            shard.mkdir()
        case "a shard that is no database":
            shard.write_bytes(b"marked secret\n" * 500)
        case "a shard of nothing but zeros":
            shard.write_bytes(bytes(8192))
        case "a read-only shard":
            shard.touch(mode=0o400)


UNWRITABLE = [
    "a file",
    "in no folder",
    "a link in a circle",
    "a shard that is a folder",
    "a shard that is no database",
    "a shard of nothing but zeros",
    pytest.param("a read-only folder", marks=not_for_root),
    pytest.param("a read-only shard", marks=not_for_root),
]


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path, kind: str) -> None:
    """One code for whatever is wrong with it, for an entry and for a checkpoint."""
    ledger = sqlite_ledger(_unwritable(tmp_path / "ledger", kind))
    for _ in range(2):
        assert refusal(ledger.append, an_entry(1)) == "LEDGER_UNAVAILABLE"
        assert refusal(ledger.checkpoint) == "LEDGER_UNAVAILABLE"
    ledger.close()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for the tests of whole calls."""
    return found_town(tmp_path_factory.mktemp("town"))


@pytest.mark.parametrize("kind", ["a file", "a shard that is no database"])
def test_without_a_ledger_nothing_leaves_and_nothing_opens(
    town: Town, tmp_path: Path, kind: str
) -> None:
    """Whole calls, refused ones too; and once it is back, what was not opened opens."""
    (file,) = town.seal(tmp_path, rows(), 1)
    envelope = file.read_bytes()
    with Node(town.place("provider")) as provider, Node(town.place("requester")) as requester:
        # One of them has its shard open already.
        assert provider.seal(town.request(rows())).manifest.records == 3
        for role in ("provider", "requester"):
            held = town.place(role) / "ledger"
            if held.exists():
                held.rename(tmp_path / f"{role}-kept")
            _unwritable(held, kind)
        assert refusal(provider.seal, town.request(rows())) == "LEDGER_UNAVAILABLE"
        wrong = town.request([{**rows()[0], "blood_type": "A"}])
        assert refusal(provider.seal, wrong) == "LEDGER_UNAVAILABLE"
        assert refusal(requester.open, envelope) == "LEDGER_UNAVAILABLE"
        for role in ("provider", "requester"):
            (town.place(role) / "ledger").rename(tmp_path / f"{role}-broken")
        assert requester.open(envelope).manifest.records == 3
        assert provider.seal(town.request(rows())).manifest.records == 3
        for role in ("provider", "requester"):
            (entry,) = entries_of(town.place(role), "seal", "open")
            assert entry["shared"]["outcome"] == "ok"


# --- A full disk

_FULL = """
import resource, sys
from pathlib import Path
from gateway.node import Node
from tests.gateway.forge import refusal
from tests.gateway.ledger_shards import entries_of
folder, envelope = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
with Node(folder) as node:
    for _ in range(30):
        node.administer("r" * 9000, caller="test")
    before = entries_of(folder)
    (log,) = (folder / "ledger").glob("*-wal")
    size, hard = log.stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for room in (0, 1, 100, 5000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, hard))
        assert refusal(node.open, envelope) == "LEDGER_UNAVAILABLE", room
        assert entries_of(folder) == before, room
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(node.open(envelope).manifest.records)
    assert entries_of(folder)[: len(before)] == before
"""


def test_a_full_disk_leaves_the_ledger_as_it_was(town: Town, tmp_path: Path) -> None:
    """An entry that does not fit is none, the claim is given back; with room it goes on."""
    (file,) = town.seal(tmp_path, rows(), 1)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", _FULL, town.place("requester"), file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


def test_a_group_that_does_not_fit_is_none(tmp_path: Path) -> None:
    """Neither what fits of it nor its checkpoint is written; smaller ones and later ones are."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    shard = ledger._shard
    assert shard is not None
    ((pages,),) = shard._database.run("PRAGMA page_count")
    shard._database.run(f"PRAGMA max_page_count = {pages + 10}")

    def group(entries: int) -> None:
        with ledger.together():
            for number in range(1, 1 + entries):
                ledger.append(an_entry(number, "r" * 1000))

    for _ in range(2):
        assert refusal(group, 100) == "LEDGER_UNAVAILABLE"
        assert times_of(tmp_path) == [0]
    group(5)
    assert times_of(tmp_path) == [*range(6)]
    shard._database.run("PRAGMA max_page_count = 1000000")
    group(100)
    assert check_whole(tmp_path) == 106


# --- Others


def test_a_shard_that_others_hold_is_waited_for_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same code; nothing is entered then, and with the lock given back it goes on."""
    monkeypatch.setattr(grouped, "BUSY_SECONDS", 0.2)
    ledger = sqlite_ledger(tmp_path)
    first = ledger.append(an_entry(0))
    (path,) = list_shards(tmp_path)
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert refusal(ledger.append, an_entry(1)) == "LEDGER_UNAVAILABLE"
        assert 0.1 < time.monotonic() - begun < 5
        # Its checkpoint is asked for by every call, and waits for nobody.
        assert ledger.checkpoint() in (first.checkpoint, None)
        other.execute("ROLLBACK")
        assert ledger.append(an_entry(2)).index == 1
    finally:
        other.close()
    assert times_of(tmp_path) == [0, 2]
    assert check_whole(tmp_path) == 2
