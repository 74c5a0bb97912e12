"""A backup holds a ledger whole; what is missing comes back, and nothing else is touched."""

import gzip
import hashlib
import io
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from time import sleep

import pytest

from gateway.errors import LedgerInvalidError
from gateway.stores.shard_backup import Restored, back_up, restore
from gateway.stores.shard_keeping import Kept, archive, forget
from gateway.stores.shards import ShardReader, list_shards, shard_of
from tests.gateway.kept_ledgers import (
    DEPARTMENT,
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
_RESTORER = """
import sys
from pathlib import Path
from tests.gateway.test_shard_backup import put_back
print("ready", flush=True)
sys.stdin.readline()
put_back(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


def put_back(
    folder: Path, backup: Path, before: int = 0, enter: Callable[[], object] = bool
) -> Restored:
    return restore(folder, backup, DEPARTMENT, now=5, forget_before=before, enter=enter)


def _names(folder: Path) -> list[str]:
    return [shard_of(path) or "" for path in list_shards(folder)]


def test_a_lost_ledger_comes_back(folder: Path, backup: Path) -> None:
    """Every entry, whether its shard was archived or not; the next one begins another shard."""
    receipts = filled(folder, 300) + filled(folder, 5, writer="worker-0")
    receipts += filled(folder, 3, writer="worker-1")
    archive(folder, _names(folder)[2], 5)
    kept = back_up(folder, backup, 5)
    before = rows_of(folder)
    assert [entries for _, entries in kept] == [300, 5, 3]
    assert backup.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(folder)
    assert put_back(folder, backup) == Restored(tuple(kept), (), ())
    assert rows_of(folder) == before
    assert all((path.stat().st_mode & 0o777) == 0o600 for path in list_shards(folder))
    receipts.append(ledger(folder, clock=lambda: NEW + 1).append(an_entry(6)))
    rows = rows_of(folder)
    assert len(rows) == 4
    assert holds(receipts, rows)
    assert put_back(folder, backup) == Restored((), tuple(kept), ())


def test_a_shorter_shard_grows_and_a_longer_one_stays(folder: Path, backup: Path) -> None:
    """Whoever writes the shorter one goes on in the next."""
    writing, other = ledger(folder), ledger(folder, "worker-0")
    for number in range(3):
        writing.append(an_entry(number))
        other.append(an_entry(number))
    older = folder.with_name("older")
    shutil.copytree(folder, older)
    for number in (3, 4):
        writing.append(an_entry(number))
    back_up(folder, backup, 5)
    other.append(an_entry(3))
    before = rows_of(folder)
    # The disk of long ago, but for what the worker wrote since.
    for path in older.glob("node-*"):
        (folder / path.name).unlink(missing_ok=True)
        shutil.copy(path, folder)
    writing = ledger(folder)
    writing.checkpoint()
    short, long = _names(folder)
    entered: list[str] = []

    def enter() -> None:
        writing.append(an_entry(9))
        entered.extend(_names(folder))

    done = put_back(folder, backup, enter=enter)
    assert done == Restored((Kept(short, 5),), (), (Kept(long, 3),))
    assert len(entered) == 3
    rows = rows_of(folder)
    assert {name: rows[name] for name in before} == before
    assert [len(rows[name]) for name in entered if name not in before] == [1]


def test_another_story_is_not_put_back(folder: Path, backup: Path) -> None:
    """Where both went on from one place, nothing is changed and nothing entered."""
    filled(folder, 3)
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy)
    for place, count in ((folder, 2), (copy, 1)):
        for number in range(count):
            ledger(place).append(an_entry(number + 7))
    back_up(folder, backup, 5)
    before = rows_of(copy)
    with pytest.raises(LedgerInvalidError, match="tell of different entries"):
        put_back(copy, backup, enter=pytest.fail)
    assert rows_of(copy) == before


def test_what_was_to_be_forgotten_does_not_come_back(folder: Path, backup: Path) -> None:
    """Whom entries past their term are about is erased on the way."""
    filled(folder, 10, old=4)
    back_up(folder, backup, 5)
    list(forget(folder, NEW, 5))
    before = rows_of(folder)
    shutil.rmtree(folder)
    put_back(folder, backup, before=NEW)
    assert rows_of(folder) == before
    assert list(subjects_of(folder)) == [about(number) for number in range(4, 10)]


def test_nothing_comes_back_that_cannot_be_entered(folder: Path, backup: Path) -> None:
    """The entry is first."""
    filled(folder, 3)
    back_up(folder, backup, 5)
    shutil.rmtree(folder)

    def refuse() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        put_back(folder, backup, enter=refuse)
    assert names_of(folder) == set()


def _members(backup: Path) -> dict[str, bytes]:
    with tarfile.open(backup) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def _written(backup: Path, members: dict[str, bytes], **changes: object) -> None:
    with tarfile.open(backup, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for key, value in changes.items():
                setattr(member, key, value)
            tar.addfile(member, io.BytesIO(data))


def _summed(members: dict[str, bytes]) -> dict[str, bytes]:
    sums = "".join(
        f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in members.items()
    )
    return {**members, "SHA256SUMS": sums.encode()}


def test_a_damaged_backup_is_refused(folder: Path, backup: Path) -> None:
    """Cut anywhere, or with any part altered; the ledger stays as it is."""
    filled(folder, 30)
    filled(folder, 3, writer="worker-0")
    back_up(folder, backup, 5)
    shutil.rmtree(folder)
    whole, dice = backup.read_bytes(), Random(3)
    # What follows the sums is padding.
    end = whole.rindex(b".sqlite.gz\n")
    cuts = [whole[: dice.randrange(end)] for _ in range(10)]
    cuts += [whole[: 512 * number] for number in range(end // 512)]
    flips = []
    for _ in range(40):
        altered = bytearray(whole)
        altered[dice.randrange(end)] ^= 1 << dice.randrange(8)
        flips.append(bytes(altered))
    refused = 0
    for data in (*cuts, *flips, b"", b"backup", gzip.compress(whole)):
        backup.write_bytes(data)
        try:
            put_back(folder, backup, enter=bool)
        except LedgerInvalidError:
            refused += 1
            assert names_of(folder) == set()
        else:
            # In a header there are bytes that say nothing: owner, time, mode.
            assert data in flips
            assert len(rows_of(folder)) == 2
            shutil.rmtree(folder)
    assert refused >= len(cuts) + 30


def test_names_in_a_backup_are_names_of_shards(folder: Path, backup: Path) -> None:
    """Nothing is written anywhere else, whatever it is called or whatever kind it is."""
    filled(folder, 3)
    back_up(folder, backup, 5)
    shutil.rmtree(folder)
    members = _members(backup)
    del members["SHA256SUMS"]
    ((name, data),) = members.items()
    for wrong in (
        f"../{name}",
        f"/var/{name}",
        f"a/{name}",
        f"./{name}",
        "x.sqlite.gz",
        "lock",
        name[:-3],
    ):
        _written(backup, _summed({wrong: data}))
        with pytest.raises(LedgerInvalidError, match="is no backup"):
            put_back(folder, backup)
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
        _written(backup, _summed(members), type=kind, linkname="/etc/passwd")
        with pytest.raises(LedgerInvalidError, match="is no backup"):
            put_back(folder, backup)
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == ["ledger"]
    _written(backup, _summed(members))
    assert len(put_back(folder, backup).restored) == 1


def test_a_backup_of_another_department_is_refused(folder: Path, backup: Path) -> None:
    """And one whose shard goes by another's name."""
    filled(folder, 3)
    back_up(folder, backup, 5)
    with pytest.raises(LedgerInvalidError, match="another ledger"):
        restore(folder, backup, "11149900MB0C13013W", now=5, forget_before=0, enter=pytest.fail)
    members = _members(backup)
    del members["SHA256SUMS"]
    ((name, data),) = members.items()
    other = re.sub("-[0-9a-f]{8}[.]", "-00000000.", name)
    _written(backup, _summed({other: data}))
    with pytest.raises(LedgerInvalidError, match="another ledger"):
        put_back(folder, backup, enter=pytest.fail)


def test_a_backup_whose_entries_were_changed_is_refused(folder: Path, backup: Path) -> None:
    """Though its sums fit."""
    filled(folder, 3)
    back_up(folder, backup, 5)
    members = _members(backup)
    del members["SHA256SUMS"]
    ((name, data),) = members.items()
    plain = folder.with_name("plain.sqlite")
    plain.write_bytes(gzip.decompress(data))
    with closing(sqlite3.connect(plain)) as database, database:
        database.execute("UPDATE entry SET private = '{}' WHERE number = 1")
    _written(backup, _summed({name: gzip.compress(plain.read_bytes())}))
    shutil.rmtree(folder)
    with pytest.raises(LedgerInvalidError, match="entry 1: its private part"):
        put_back(folder, backup)


def test_a_shard_that_is_not_whole_is_not_backed_up(folder: Path, backup: Path) -> None:
    """So that it is known before the backup is needed; there is no half of one then."""
    filled(folder, 3)
    (path,) = list_shards(folder)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM entry WHERE number = 2")
    with pytest.raises(LedgerInvalidError):
        back_up(folder, backup, 5)
    assert not backup.exists()


@pytest.mark.parametrize(
    "rounds", [6, pytest.param(25, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_who_restores_and_is_killed_loses_nothing(folder: Path, backup: Path, rounds: int) -> None:
    """Done again, it is finished; what was there is there at any moment."""
    dice = Random(13)
    for number in range(4):
        filled(folder, 1000, writer=f"worker-{number}")
    before = rows_of(folder)
    back_up(folder, backup, 5)
    names = _names(folder)
    for _ in range(rounds):
        for name in names[:2]:
            (folder / f"{name}.sqlite.gz").unlink(missing_ok=True)
            (folder / f"{name}.sqlite").unlink(missing_ok=True)
        restorer = subprocess.Popen(
            [sys.executable, "-c", _RESTORER, folder, backup],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert restorer.stdout is not None
        assert restorer.stdin is not None
        assert restorer.stdout.readline() == b"ready\n"
        restorer.stdin.write(b"go\n")
        restorer.stdin.flush()
        sleep(dice.uniform(0, 0.5))
        restorer.send_signal(signal.SIGKILL)
        restorer.communicate(timeout=60)
        there = rows_of(folder)
        assert set(names[2:]) <= set(there) <= set(names)
        assert all(there[name] == before[name] for name in there)
        put_back(folder, backup)
        assert rows_of(folder) == before
    for left in folder.glob(".open-*"):
        os.utime(left, (1, 1))
    put_back(folder, backup)
    assert not [*folder.glob(".open-*")]


def test_an_archive_that_holds_more_is_not_lost(folder: Path, backup: Path) -> None:
    """Where a restorer was killed before it removed the shorter file, no archiver shortens it."""
    filled(folder, 3)
    shutil.copytree(folder, folder.with_name("older"))
    ledger(folder).append(an_entry(3))
    name = _names(folder)[0]
    back_up(folder, backup, 5)
    archive(folder, name, 5)
    for path in folder.with_name("older").glob("*.sqlite*"):
        shutil.copy(path, folder)
    with pytest.raises(LedgerInvalidError, match="its archive holds what its file does not"):
        archive(folder, name, 5)
    assert put_back(folder, backup).restored == ((name, 4),)
    assert names_of(folder) == {f"{name}.sqlite.gz"}
    with ShardReader(list_shards(folder)[0]) as shard:
        assert shard.size() == 4
