"""What was answered for is in a shard, whole commits and nothing else, and each is signed for."""

import shutil
import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.errors import LedgerUnavailableError, ReceiptInvalidError
from gateway.ledger.receipts import read_receipt, receipt_text
from gateway.model.call import Subjects
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shard_file import CHECKPOINT_ENTRIES
from gateway.stores.shards import ShardReader, list_shards
from keys.errors import KeyUnavailableError
from keys.stores.memory import MemoryStore
from tests.gateway.ledger_shards import (
    DEPARTMENT,
    KEY,
    an_entry,
    check_whole,
    checked,
    entries_in,
    shared_of,
    sqlite_ledger,
    times_of,
)


def only_shard(folder: Path) -> Path:
    """Return the one shard that there is."""
    (path,) = list_shards(folder)
    return path


# --- One process


def test_entries_stand_in_the_order_they_came(tmp_path: Path) -> None:
    """One behind the other, also by a ledger opened anew; readable by their owner only."""
    folder = tmp_path / "ledger"
    ledger = sqlite_ledger(folder)
    receipts = [ledger.append(an_entry(number)) for number in range(3)]
    assert times_of(folder) == [0, 1, 2]
    assert [receipt.index for receipt in receipts] == [0, 1, 2]
    assert sqlite_ledger(folder).append(an_entry(3)).index == 3
    assert check_whole(folder) == 4
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.suffix


def test_a_receipt_can_be_checked_without_the_private_part(tmp_path: Path) -> None:
    """It shows the shared part, and of the private one a hash under a salt that only we have."""
    receipt = sqlite_ledger(tmp_path).append(an_entry(7, caller="the registry's own system"))
    told = checked(read_receipt(receipt_text(receipt)))
    assert (told.department, told.number, told.size) == (DEPARTMENT, 0, 1)
    assert told.key_id == KEY.key_id
    assert told.shared == an_entry(7).shared
    assert b"registry" not in receipt.leaf
    (entry,) = entries_in(tmp_path)
    assert entry["private"] == {"caller": "the registry's own system"}
    assert entry["salt"].encode() not in receipt.leaf


def test_entries_of_one_commit_share_a_checkpoint(tmp_path: Path) -> None:
    """Each receipt is checked by itself; with another's place, leaf or path it is none."""
    ledger = sqlite_ledger(tmp_path)
    first = ledger.append(an_entry(0))
    with ledger.together():
        receipts = [ledger.append(an_entry(number)) for number in range(1, 8)]
        assert times_of(tmp_path) == [0]
    assert times_of(tmp_path) == [*range(8)]
    assert len({receipt.checkpoint for receipt in receipts}) == 1
    assert [checked(receipt).number for receipt in (first, *receipts)] == [*range(8)]
    assert {checked(receipt).size for receipt in receipts} == {8}
    for changed in (
        replace(receipts[0], index=2),
        replace(receipts[0], leaf=receipts[1].leaf),
        replace(receipts[0], path=receipts[1].path),
        replace(receipts[0], path=()),
        replace(receipts[0], checkpoint=first.checkpoint),
    ):
        with pytest.raises(ReceiptInvalidError):
            checked(changed)


def test_a_commit_that_fails_leaves_none_of_its_entries(tmp_path: Path) -> None:
    """Also those appended before what failed; their receipts stay incomplete."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    lost = []
    with suppress(ZeroDivisionError), ledger.together():
        lost.append(ledger.append(an_entry(1)))
        raise ZeroDivisionError
    assert ledger.append(an_entry(2)).index == 1
    assert times_of(tmp_path) == [0, 2]
    assert (lost[0].index, lost[0].checkpoint) == (-1, "")
    assert check_whole(tmp_path) == 2


def test_equal_entries_have_receipts_of_their_own(tmp_path: Path) -> None:
    """The salt is drawn anew for each, so that private parts cannot be guessed or compared."""
    ledger = sqlite_ledger(tmp_path)
    first, second = ledger.append(an_entry(1)), ledger.append(an_entry(1))
    assert shared_of(first) == shared_of(second)
    assert first.leaf != second.leaf


def test_an_entry_without_its_checkpoint_is_not_written(tmp_path: Path) -> None:
    """Where the ledger key is gone or has ended, no entry claims that a call ended well."""
    with pytest.raises(KeyUnavailableError, match="no active ledger key"):
        sqlite_ledger(tmp_path, MemoryStore()).append(an_entry(1))
    with pytest.raises(KeyUnavailableError):
        sqlite_ledger(tmp_path, clock=lambda: KEY.not_after * 1000).append(an_entry(1))
    assert times_of(tmp_path) == []
    sqlite_ledger(tmp_path).append(an_entry(2))
    assert check_whole(tmp_path) == 1


def test_a_long_entry_stays_whole(tmp_path: Path) -> None:
    """One of many pages beside short ones."""
    ledger = sqlite_ledger(tmp_path)
    long = an_entry(1, "r" * 200_000)
    receipts = [ledger.append(entry) for entry in (an_entry(0), long, an_entry(2))]
    assert checked(receipts[1]).shared == long.shared
    assert check_whole(tmp_path) == 3


def test_of_many_checkpoints_few_are_kept(tmp_path: Path) -> None:
    """One of as many entries as told, the newest, and each that somebody cosigned."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    with sqlite3.connect(only_shard(tmp_path)) as other:
        other.execute("UPDATE checkpoint SET cosigned = 1")
    sizes = [1]
    for step in (700, 700, 5, 700):
        with ledger.together():
            for number in range(step):
                ledger.append(an_entry(number))
        sizes.append(sizes[-1] + step)
    assert sizes == [1, 701, 1401, 1406, 2106]
    assert CHECKPOINT_ENTRIES == 1024
    with sqlite3.connect(only_shard(tmp_path)) as other:
        kept = [size for (size,) in other.execute("SELECT size FROM checkpoint ORDER BY size")]
    # 701 is the last one before 1,024, and 1,406 the last before 2,048.
    assert kept == [1, 701, 1406, 2106]
    assert check_whole(tmp_path) == 2106


def test_the_newest_checkpoint_is_at_hand(tmp_path: Path) -> None:
    """That of the last receipt, also for a ledger that has written nothing; else there is none."""
    assert sqlite_ledger(tmp_path).checkpoint() is None
    receipt = sqlite_ledger(tmp_path).append(an_entry(0))
    assert sqlite_ledger(tmp_path).checkpoint() == receipt.checkpoint


# --- Which shard an entry goes to


def test_each_writer_has_shards_of_its_own(tmp_path: Path) -> None:
    """Named by the writer, the time they were begun at, and chance; told by their origin."""
    for writer in ("node", "worker-0", "worker-11"):
        receipt = sqlite_ledger(tmp_path, writer=writer).append(an_entry(1))
        path = next(one for one in list_shards(tmp_path) if one.name.startswith(f"{writer}-"))
        assert checked(receipt).origin == f"sealgate/{DEPARTMENT}/main/{path.stem}"
        assert path.stem.startswith(f"{writer}-{1000:012x}-")
    assert len(list_shards(tmp_path)) == 3
    assert check_whole(tmp_path) == 3


def test_a_closed_shard_takes_no_more(tmp_path: Path) -> None:
    """A ledger that had it open begins the next one with its next entry."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    with sqlite3.connect(only_shard(tmp_path)) as other:
        other.execute("INSERT INTO meta VALUES ('closed', '1')")
    assert [ledger.append(an_entry(number)).index for number in (1, 2)] == [0, 1]
    # Also where the clock went back meanwhile.
    assert sqlite_ledger(tmp_path, clock=lambda: 900).append(an_entry(3)).index == 2
    assert sorted(times_of(tmp_path)) == [0, 1, 2, 3]
    assert len(list_shards(tmp_path)) == 2
    assert check_whole(tmp_path) == 4


def test_a_shard_keeps_the_name_it_was_begun_under(tmp_path: Path) -> None:
    """Though its node is named otherwise since."""
    before = sqlite_ledger(tmp_path).append(an_entry(0))
    after = sqlite_ledger(tmp_path, node="second").append(an_entry(1))
    assert checked(before).origin == checked(after).origin
    assert check_whole(tmp_path) == 2


@pytest.mark.parametrize("gone", ["the file", "the folder"])
def test_a_shard_that_was_taken_away_is_begun_anew(tmp_path: Path, gone: str) -> None:
    """An open ledger writes to what its path leads to, not to what was there once."""
    folder = tmp_path / "ledger"
    ledger = sqlite_ledger(folder)
    first = ledger.append(an_entry(0))
    kept = tmp_path / "kept"
    if gone == "the folder":
        folder.rename(kept)
    else:
        kept.mkdir()
        for path in folder.glob("node-*"):
            path.rename(kept / path.name)
    second = ledger.append(an_entry(1))
    assert (second.index, times_of(folder), times_of(kept)) == (0, [1], [0])
    assert checked(first).origin != checked(second).origin
    ledger.close()
    assert ledger.append(an_entry(2)).index == 1
    assert check_whole(folder) == 2


def test_a_shard_in_anothers_place_is_gone_on_with(tmp_path: Path) -> None:
    """An open ledger takes the tree from what is there now, and so do its receipts."""
    folder, whole = tmp_path / "ledger", tmp_path / "whole"
    ledger = sqlite_ledger(folder)
    ledger.append(an_entry(0))
    ledger.close()
    shutil.copytree(folder, whole)
    assert [ledger.append(an_entry(number)).index for number in (1, 2)] == [1, 2]
    path = only_shard(folder)
    for beside in folder.glob(f"{path.name}-*"):
        beside.unlink()
    (whole / path.name).rename(path)
    assert ledger.append(an_entry(3)).index == 1
    assert times_of(folder) == [0, 3]
    assert check_whole(folder) == 2


# --- What a crash or a stranger leaves


def test_a_commit_that_was_cut_off_is_none(tmp_path: Path) -> None:
    """Wherever the log was torn: whole commits stay, and the next one is built on them."""
    folder, torn = tmp_path / "ledger", tmp_path / "torn"
    ledger = sqlite_ledger(folder)
    sizes = []
    for begin in (0, 10, 20):
        with ledger.together():
            for number in range(begin, begin + 10):
                ledger.append(an_entry(number))
        sizes.append(_log(folder).stat().st_size)
    # The file itself is as old as its schema; all else is in the log.
    steps = [0, 40, *range(sizes[0] - 3, sizes[-1], 1531), *(one - 1 for one in sizes), *sizes]
    for size in steps:
        shutil.copytree(folder, torn)
        with _log(torn).open("r+b") as log:
            log.truncate(size)
        (torn / f"{only_shard(folder).name}-shm").unlink()
        after = sqlite_ledger(torn)
        receipt = after.append(an_entry(99))
        after.close()
        told = times_of(torn)
        assert told[:-1] == [*range(receipt.index)]
        assert receipt.index in (0, 10, 20, 30)
        assert receipt.index >= 10 * sum(one <= size for one in sizes)
        assert checked(receipt).size == check_whole(torn) == len(told)
        shutil.rmtree(torn)


def _log(folder: Path) -> Path:
    return folder / f"{only_shard(folder).name}-wal"


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO entry SELECT number + 1, leaf, salt, private FROM entry",
        "DELETE FROM checkpoint",
        "UPDATE checkpoint SET size = size + 1",
        "DROP TABLE checkpoint",
    ],
)
def test_nothing_is_built_on_entries_without_a_checkpoint(tmp_path: Path, change: str) -> None:
    """Nobody signed for them: neither a new ledger goes on nor one that has the shard open."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    if change.startswith("INSERT"):
        open_ledgers = [ledger, sqlite_ledger(tmp_path)]
    else:
        open_ledgers = [sqlite_ledger(tmp_path)]
    with sqlite3.connect(only_shard(tmp_path)) as other:
        other.execute(change)
    for one in open_ledgers:
        with pytest.raises(LedgerUnavailableError):
            one.append(an_entry(1))
    assert set(times_of(tmp_path)) == {0}


def test_whom_an_entry_is_about_stands_beside_it(tmp_path: Path) -> None:
    """The leaf has a hash of it, so that the digests can be erased and the tree stays."""
    ledger = sqlite_ledger(tmp_path)
    about = Subjects(key_id="k" * 26, digests=bytes(range(32)))
    receipts = [
        ledger.append(replace(an_entry(0), subjects=about)),
        ledger.append(an_entry(1)),
    ]
    assert [checked(receipt).leaf.subjects is None for receipt in receipts] == [False, True]
    with ShardReader(only_shard(tmp_path)) as shard:
        assert list(shard.subjects()) == [(0, about)]
    with sqlite3.connect(only_shard(tmp_path)) as other:
        other.execute("DELETE FROM subject")
    assert ledger.append(an_entry(2)).index == 2
    assert check_whole(tmp_path) == 3


def test_a_ledger_that_was_closed_opens_again(tmp_path: Path) -> None:
    """With the next entry; what was closed twice too."""
    ledger: SqliteLedger = sqlite_ledger(tmp_path)
    ledger.close()
    for number in range(3):
        assert ledger.append(an_entry(number)).index == number
        ledger.close()
        ledger.close()
    assert check_whole(tmp_path) == 3
