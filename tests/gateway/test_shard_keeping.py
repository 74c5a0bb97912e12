"""Shards are archived, and rid of whom they are about; what is killed half-way loses nothing."""

import gzip
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from gateway.errors import LedgerInvalidError, LedgerUnavailableError
from gateway.stores.shard_checks import check_whole
from gateway.stores.shard_keeping import archive, forget, keeping
from gateway.stores.shards import ShardReader, list_shards, shard_of
from tests.gateway.kept_ledgers import (
    NEW,
    about,
    an_entry,
    filled,
    holds,
    ledger,
    names_of,
    rows_of,
    subjects_of,
)

ROOT = Path(__file__).parents[2]
SECONDS = 60
_WRITER = """
import sys
from pathlib import Path
from gateway.ledger.receipts import receipt_text
from tests.gateway.kept_ledgers import an_entry, ledger
kept = ledger(Path(sys.argv[1]), "worker-0")
told = (Path(sys.argv[1]).parent / "told").open("w")
print("ready", flush=True)
number = 0
while not (Path(sys.argv[1]).parent / "stop").exists():
    receipt = kept.append(an_entry(number, number))
    told.write(f"{receipt.checkpoint.partition(chr(10))[0].rpartition('/')[2]} {receipt.index}\\n")
    number += 1
"""
_ARCHIVER = """
import sys
from pathlib import Path
from gateway.stores.shard_keeping import archive
print("ready", flush=True)
sys.stdin.readline()
archive(Path(sys.argv[1]), sys.argv[2], 1)
"""
_FORGETTER = """
import sys
from pathlib import Path
from gateway.stores.shard_keeping import forget
print("ready", flush=True)
sys.stdin.readline()
list(forget(Path(sys.argv[1]), int(sys.argv[2]), 1))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def _started(code: str, *arguments: object) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _killed(code: str, *arguments: object, after: float) -> None:
    """Run a program, and kill it while it works."""
    process = _started(code, *arguments)
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=SECONDS)


def _only(folder: Path) -> str:
    (path,) = list_shards(folder)
    return shard_of(path) or ""


def _bytes_of(folder: Path) -> bytes:
    """Join all bytes of a ledger's files, what is compressed also as it was."""
    found = b""
    for path in folder.rglob("*"):
        if path.is_file():
            found += path.read_bytes()
            if path.suffix == ".gz":
                found += gzip.decompress(path.read_bytes())
    return found


def _people_in(folder: Path) -> set[bytes]:
    return set(re.findall(rb"DIGEST.{10}", _bytes_of(folder), re.DOTALL))


@pytest.mark.parametrize("count", [0, 1, 300])
def test_an_archived_shard_reads_as_before(folder: Path, count: int) -> None:
    """The same entries, receipts and checkpoint, in one file that its owner alone reads."""
    filled(folder, count)
    if not count:
        with ledger(folder).together():
            pass
    before, name = rows_of(folder), _only(folder)
    with ShardReader(list_shards(folder)[0]) as shard:
        note = shard.checkpoint()
        receipts = [shard.receipt(number) for number in (0, count - 1) if count]
    for _ in range(2):
        assert archive(folder, name, 5) == count
    assert names_of(folder) == {f"{name}.sqlite.gz"}
    (path,) = list_shards(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    assert rows_of(folder) == before
    with ShardReader(path) as shard:
        assert shard.closed
        assert shard.checkpoint() == note
        assert [shard.receipt(number) for number in (0, count - 1) if count] == receipts
        assert not count or next(shard.subjects())[1].digests == about(0)


def test_the_next_entry_begins_the_next_shard(folder: Path) -> None:
    """Of a ledger that had the old one open, and of one that is opened anew."""
    first, second = ledger(folder), ledger(folder)
    receipts = [first.append(an_entry(1)), second.append(an_entry(2))]
    name = _only(folder)
    archive(folder, name, 5)
    receipts += [first.append(an_entry(3)), second.append(an_entry(4))]
    receipts += [ledger(folder).append(an_entry(5))]
    rows = rows_of(folder)
    assert [len(rows[name]), len(rows)] == [2, 2]
    assert holds(receipts, rows)


def test_a_process_writes_while_its_shards_are_archived(folder: Path) -> None:
    """Every entry that it was told of is there, once."""
    writer = _started(_WRITER, folder)
    archived, until = 0, monotonic() + SECONDS
    while archived < 4 and monotonic() < until:
        sleep(0.05)
        for path in list_shards(folder):
            if path.suffix == ".sqlite":
                archive(folder, shard_of(path) or "", 5)
                archived += 1
    (folder.parent / "stop").touch()
    writer.communicate(timeout=SECONDS)
    assert writer.returncode == 0
    answers = (folder.parent / "told").read_text("ascii")
    rows = rows_of(folder)
    assert archived == 4
    told = [(line.split()[0], int(line.split()[1])) for line in answers.splitlines()]
    assert len(told) >= 4
    assert sorted(told) == sorted((name, row.number) for name in rows for row in rows[name])


@pytest.mark.parametrize(
    "rounds", [6, pytest.param(25, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_an_archiver_that_is_killed_loses_nothing(folder: Path, rounds: int) -> None:
    """At any moment all entries can be read; who does it again finishes it."""
    dice = Random(7)
    for number in range(rounds):
        filled(folder, 2000, writer=f"worker-{number}")
    before = rows_of(folder)
    for name in before:
        _killed(_ARCHIVER, folder, name, after=dice.uniform(0, 0.25))
        assert rows_of(folder) == before
    for name in before:
        archive(folder, name, 5)
    assert {path.name for path in list_shards(folder)} == {f"{name}.sqlite.gz" for name in before}
    assert rows_of(folder) == before


def test_what_a_killed_archiver_left_beside_goes(folder: Path) -> None:
    """The log of a shard whose file is gone already, and folders that are a day old."""
    filled(folder, 3)
    name = _only(folder)
    archive(folder, name, 5)
    (folder / f"{name}.sqlite-wal").write_bytes(b"left")
    old, young = folder / ".open-old", folder / ".open-young"
    for place in (old, young):
        place.mkdir()
        (place / "x.sqlite").write_bytes(b"left")
    os.utime(old, (1, 1))
    archive(folder, name, 5)
    assert names_of(folder) == {f"{name}.sqlite.gz", ".open-young"}


def test_a_shard_that_is_not_whole_is_not_archived(folder: Path) -> None:
    """It stays as it is, so that it can be looked into."""
    filled(folder, 3)
    name = _only(folder)
    with closing(sqlite3.connect(folder / f"{name}.sqlite")) as database, database:
        database.execute("UPDATE entry SET private = replace(private, '1', '2') WHERE number = 1")
    with pytest.raises(LedgerInvalidError, match=f"{name}, entry 1: its private part"):
        archive(folder, name, 5)
    assert f"{name}.sqlite" in names_of(folder)
    assert f"{name}.sqlite.gz" not in names_of(folder)


CHANGES = [
    "UPDATE entry SET leaf = replace(leaf, 'seal', 'open') WHERE number = 2",
    "UPDATE entry SET salt = zeroblob(16) WHERE number = 299",
    "DELETE FROM entry WHERE number = 299",
    "DELETE FROM entry WHERE number = 0",
    "UPDATE subject SET digests = zeroblob(16) WHERE number = 5",
    "INSERT INTO subject VALUES (300, 'k', zeroblob(16))",
    "UPDATE tile SET hashes = zeroblob(8192) WHERE length(hashes) = 8192",
    "UPDATE tile SET hashes = zeroblob(32) WHERE length(hashes) = 32",
    "UPDATE checkpoint SET note = replace(note, '300', '299')",
    "DELETE FROM checkpoint",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_shard_is_not_whole(folder: Path, change: str) -> None:
    """Whatever of it was changed."""
    filled(folder, 300)
    (path,) = list_shards(folder)
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute(change).rowcount
    with ShardReader(path) as shard, pytest.raises(LedgerInvalidError):
        check_whole(shard)


@pytest.mark.parametrize("count", [40, 4000])
def test_what_is_forgotten_is_gone_from_the_files(folder: Path, count: int) -> None:
    """Of shards that are open, closed and archived; the rest of each stays, and its tree."""
    half = count // 2
    for writer in ("node", "worker-0", "worker-1"):
        filled(folder, count, writer=writer, old=half)
    open_, closed, archived = (shard_of(path) or "" for path in list_shards(folder))
    archive(folder, archived, 5)
    before = rows_of(folder)
    assert about(half - 1) in _bytes_of(folder)
    assert {*forget(folder, NEW, 5)} == {(name, half) for name in (open_, closed, archived)}
    assert _people_in(folder) == {about(number) for number in range(half, count)}
    assert rows_of(folder) == before
    assert sorted(subjects_of(folder)) == sorted(3 * [about(n) for n in range(half, count)])
    for path in list_shards(folder):
        with ShardReader(path) as shard:
            assert (shard.erased(), shard.closed) == (half, True)
    assert {one.entries for one in forget(folder, NEW, 5)} == {0}
    assert {one.entries for one in forget(folder, NEW + 1, 5)} == {half}
    assert b"DIGEST" not in _bytes_of(folder)
    assert rows_of(folder) == before


def test_forgetting_leaves_what_is_young_alone(folder: Path) -> None:
    """A shard without anything so old is not even closed."""
    filled(folder, 5)
    assert [one.entries for one in forget(folder, NEW, 5)] == [0]
    with ShardReader(list_shards(folder)[0]) as shard:
        assert not shard.closed
        assert shard.erased() == 0


def test_a_reader_of_the_old_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as somebody reads, the bytes stand in the log: that is a failure, and is mended."""
    monkeypatch.setattr("gateway.stores.shard_keeping.BUSY_SECONDS", 0.1)
    filled(folder, 5, old=5)
    (path,) = list_shards(folder)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM subject").fetchone() == (5,)
        with pytest.raises(LedgerUnavailableError):
            list(forget(folder, NEW, 5))
        reader.execute("COMMIT")
    list(forget(folder, NEW, 5))
    assert b"DIGEST" not in _bytes_of(folder)


def test_who_forgets_and_is_killed_spoils_nothing(folder: Path) -> None:
    """Done again it is finished, though the first one may have closed shards only."""
    dice = Random(11)
    for writer in ("node", "worker-0"):
        filled(folder, 3000, writer=writer, old=1500)
    archive(folder, shard_of(list_shards(folder)[0]) or "", 5)
    before = rows_of(folder)
    for _ in range(5):
        _killed(_FORGETTER, folder, NEW, after=dice.uniform(0, 0.25))
        assert rows_of(folder) == before
    list(forget(folder, NEW, 5))
    for left in folder.glob(".open-*"):
        os.utime(left, (1, 1))
    with keeping(folder):
        pass
    assert _people_in(folder) == {about(number) for number in range(1500, 3000)}
    assert rows_of(folder) == before


def test_an_archive_that_is_damaged_is_none(folder: Path) -> None:
    """Cut off, or altered."""
    filled(folder, 50)
    archive(folder, _only(folder), 5)
    (path,) = list_shards(folder)
    whole = path.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 2] ^= 1
    for data in (whole[: len(whole) // 2], bytes(altered), b"", whole[:-4]):
        path.write_bytes(data)
        named = pytest.raises(LedgerInvalidError, match=shard_of(path) or "")
        with named, ShardReader(path) as shard:
            check_whole(shard)
