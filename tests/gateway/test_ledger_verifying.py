"""What `gateway.ledger.verifying` finds in a shard: any change, named by its entry."""

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import LedgerInvalidError
from gateway.ledger.notes import (
    read_checkpoint,
)
from gateway.ledger.verifying import (
    ShardReport,
)
from gateway.stores.shards import ShardReader, list_shards
from tests.gateway.ledger_shards import (
    sqlite_ledger,
)
from tests.gateway.written_shards import (
    SIZE,
    change,
    entries,
    found,
    newest,
    verified,
    write,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a shard once; tests change copies of it."""
    return write(tmp_path_factory.mktemp("written") / "ledger", entries())


@pytest.fixture
def shard(written: Path, tmp_path: Path) -> Path:
    """Copy the shard for a test."""
    return Path(shutil.copy(written, tmp_path))


def test_a_shard_that_nobody_changed_is_well(shard: Path) -> None:
    """Its report tells how many entries and checkpoints, and from when to when."""
    report = verified(shard, [newest(shard)])
    assert report == ShardReport(
        name=shard.stem,
        closed=False,
        entries=SIZE,
        checkpoints=1,
        cosignatures=0,
        unknown=0,
        revoked=0,
        outside=1,
        first=1000,
        last=1000 + SIZE - 1,
        steps=(),
    )


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 512, 2049, 2560])
def test_shards_of_any_size_are_well(tmp_path: Path, size: int) -> None:
    """Also where a tile is just full, and where more than one checkpoint is kept."""
    report = verified(write(tmp_path, entries(size), group=300))
    assert report.entries == size
    assert report.checkpoints == 1 + (size - 1) // 1024 - (size == 1025)


def test_an_empty_shard_is_well(tmp_path: Path) -> None:
    """Nothing was entered, and nothing signed."""
    ledger = sqlite_ledger(tmp_path)
    assert ledger.checkpoint() is None
    ledger.close()
    (path,) = list_shards(tmp_path)
    report = verified(path)
    assert (report.entries, report.checkpoints, report.first, report.last) == (0, 0, None, None)


def test_subjects_that_were_erased_are_no_fault(shard: Path) -> None:
    """The leaf stays, and so does its hash of them."""
    change(shard, "DELETE FROM subject WHERE number < 300")
    assert verified(shard).entries == SIZE


# What is done to a shard; the entry that is named then, and a word of what is said.
CHANGES: dict[str, tuple[str, int, str]] = {
    "leaf": (
        "UPDATE entry SET leaf = CAST(replace(leaf, '\"ok\"', '\"no\"') AS BLOB) WHERE number = 5",
        5,
        "tile 0 of level 0",
    ),
    "leaf of the last tile": (
        "UPDATE entry SET leaf = CAST(replace(leaf, '\"ok\"', '\"no\"') AS BLOB)"
        " WHERE number = 590",
        0,
        "an entry from here on was changed",
    ),
    "leaf with a blank": (
        "UPDATE entry SET leaf = CAST(replace(leaf, ',\"kind\"', ', \"kind\"') AS BLOB)"
        " WHERE number = 7",
        7,
        "canonical",
    ),
    "leaf with a member": (
        'UPDATE entry SET leaf = CAST(replace(leaf, \'"kind"\', \'"x":1,"kind"\') AS BLOB)'
        " WHERE number = 7",
        7,
        "canonical",
    ),
    "leaf that is none": ("UPDATE entry SET leaf = x'ff' WHERE number = 8", 8, "canonical"),
    "leaf of nothing": ("UPDATE entry SET leaf = x'' WHERE number = 8", 8, "canonical"),
    "private part": (
        "UPDATE entry SET private = CAST(replace(private, 'test', 'fest') AS BLOB)"
        " WHERE number = 300",
        300,
        "private part",
    ),
    "salt": ("UPDATE entry SET salt = zeroblob(16) WHERE number = 301", 301, "private part"),
    "short salt": ("UPDATE entry SET salt = x'00' WHERE number = 301", 301, "private part"),
    "first": ("DELETE FROM entry WHERE number = 0", 0, "missing"),
    "dropped": ("DELETE FROM entry WHERE number = 400", 400, "missing"),
    "many dropped": ("DELETE FROM entry WHERE number BETWEEN 100 AND 450", 100, "missing"),
    "tail": ("DELETE FROM entry WHERE number >= 550", 550, "missing"),
    "before the first": ("INSERT INTO entry VALUES (-1, x'', x'', x'')", -1, "no entry has"),
    "beyond the last": ("INSERT INTO entry VALUES (999, x'', x'', x'')", SIZE, "no checkpoint"),
    "duplicate": (
        "INSERT INTO entry SELECT 600, leaf, salt, private FROM entry WHERE number = 599",
        SIZE,
        "no checkpoint",
    ),
    "subjects": ("UPDATE subject SET digests = zeroblob(32) WHERE number = 303", 303, "subject"),
    "subjects' key": ("UPDATE subject SET key_id = 'other' WHERE number = 303", 303, "subject"),
    "subjects of nobody": (
        "INSERT INTO subject SELECT 304, key_id, digests FROM subject WHERE number = 303",
        304,
        "subject",
    ),
    "tile": (
        "UPDATE tile SET hashes = CAST(substr(hashes, 1, 320) || zeroblob(32)"
        " || substr(hashes, 353) AS BLOB) WHERE place = 1",
        256 + 10,
        "tile 1 of level 0",
    ),
    "upper tile": (
        "UPDATE tile SET hashes = CAST(substr(hashes, 1, 32) || zeroblob(32) AS BLOB)"
        " WHERE place > 1000",
        256,
        "tile 0 of level 1",
    ),
    "upper tile removed": ("DELETE FROM tile WHERE place > 1000", 0, "tile 0 of level 1"),
    "checkpoint removed": ("DELETE FROM checkpoint", 0, "no checkpoint covers it"),
    "checkpoint of other size": (
        "UPDATE checkpoint SET note = replace(note, char(10) || '600', char(10) || '599')",
        0,
        "checkpoint over 599 entries",
    ),
    "checkpoint of another": (
        "UPDATE checkpoint SET note = replace(note, '/main/', '/side/')",
        0,
        "checkpoint over 600 entries",
    ),
    "origin": (
        "UPDATE meta SET value = replace(value, 'node-', 'worker-0-') WHERE name = 'origin'",
        0,
        "another one",
    ),
    "department": (
        "UPDATE meta SET value = replace(value, '/1114', '/1115') WHERE name = 'origin'",
        0,
        "another one",
    ),
    "origin that is none": ("UPDATE meta SET value = 'x' WHERE name = 'origin'", 0, "another one"),
}


@pytest.mark.parametrize(("statement", "number", "word"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_found_and_its_entry_named(
    shard: Path, statement: str, number: int, word: str
) -> None:
    """Of several entries the first; what was changed is said, and no value of it."""
    change(shard, statement)
    told, text = found(shard)
    assert told == number
    assert word in text


def test_entries_in_another_order_are_found(shard: Path) -> None:
    """Two that changed places; neither is about somebody."""
    change(shard, "UPDATE entry SET number = 9999 WHERE number = 20")
    change(shard, "UPDATE entry SET number = 20 WHERE number = 22")
    change(shard, "UPDATE entry SET number = 22 WHERE number = 9999")
    number, text = found(shard)
    assert number == 20
    assert "tile 0 of level 0" in text


def test_the_first_of_several_bad_entries_is_named(shard: Path) -> None:
    """Whatever is wrong with those behind it."""
    for name in ("dropped", "private part", "tail"):
        change(shard, CHANGES[name][0])
    assert found(shard)[0] == 300


def test_a_change_of_the_last_tile_is_told_from_the_last_checkpoint_that_agrees(
    tmp_path: Path,
) -> None:
    """It lies between the two checkpoints."""
    path = write(tmp_path, entries(1100))
    change(path, CHANGES["leaf of the last tile"][0].replace("590", "1090"))
    with ShardReader(path) as reader:
        before, _ = (read_checkpoint(note).checkpoint.size for note in reader.checkpoints())
    assert found(path)[0] == before > 900


def test_a_checkpoint_that_cannot_be_read_is_told_last(shard: Path) -> None:
    """What is wrong with an entry comes before it."""
    change(shard, "INSERT INTO checkpoint VALUES (5, 'x', 0)")
    assert found(shard)[0] is None
    assert "checkpoint 1 of those kept" in found(shard)[1]
    change(shard, CHANGES["dropped"][0])
    assert found(shard)[0] == 400


# What there is to flip a bit of: how it is read, and how it is put back.
CELLS = (
    ("SELECT number, leaf FROM entry", "UPDATE entry SET leaf = ? WHERE number = ?"),
    ("SELECT number, salt FROM entry", "UPDATE entry SET salt = ? WHERE number = ?"),
    ("SELECT number, private FROM entry", "UPDATE entry SET private = ? WHERE number = ?"),
    ("SELECT place, hashes FROM tile", "UPDATE tile SET hashes = ? WHERE place = ?"),
    ("SELECT number, key_id FROM subject", "UPDATE subject SET key_id = ? WHERE number = ?"),
    ("SELECT number, digests FROM subject", "UPDATE subject SET digests = ? WHERE number = ?"),
    ("SELECT size, note FROM checkpoint", "UPDATE checkpoint SET note = ? WHERE size = ?"),
    ("SELECT name, value FROM meta", "UPDATE meta SET value = ? WHERE name = ?"),
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cell=st.sampled_from(CELLS), dice=st.randoms(use_true_random=False))
def test_any_bit_that_is_flipped_is_found(
    written: Path, tmp_path: Path, cell: tuple[str, str], dice: random.Random
) -> None:
    """In any column of any row; of text the low bits, so that it stays text."""
    path = Path(shutil.copy(written, tmp_path))
    read, put = cell
    with sqlite3.connect(path) as database:
        row, value = dice.choice(list(database.execute(read)))
    database.close()
    text = isinstance(value, str)
    data = bytearray(value.encode() if text else value)
    at = dice.choice([place for place, byte in enumerate(data) if byte < 0x80 or not text])
    data[at] ^= 1 << dice.randrange(3 if text else 8)
    change(path, put, data.decode() if text else bytes(data), row)
    with pytest.raises(LedgerInvalidError):
        verified(path)
