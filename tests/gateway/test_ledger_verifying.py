"""What `gateway.ledger.verifying` finds: any change of a shard, named by its entry."""

import random
import shutil
import sqlite3
import threading
from base64 import b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.errors import LedgerInvalidError, LedgerUnavailableError, ReceiptInvalidError
from gateway.ledger.cosignatures import cosign
from gateway.ledger.directory import LedgerDirectory
from gateway.ledger.entries import private_hash
from gateway.ledger.judging import Judge
from gateway.ledger.leaves import read_leaves
from gateway.ledger.notes import (
    Checkpoint,
    SignedCheckpoint,
    checkpoint_text,
    merge,
    read_checkpoint,
    read_note,
    sign_note,
)
from gateway.ledger.receipts import read_leaf
from gateway.ledger.tiles import Tiles
from gateway.ledger.tree import root_of
from gateway.ledger.verifying import (
    CLOCK_TOLERANCE_MS,
    ShardReport,
    first_step,
    missing_shard,
    verify_shard,
)
from gateway.model.call import Entry, Subjects
from gateway.model.trust import Department, public_entry
from gateway.stores.shards import ShardReader, list_shards
from keys.material import Purpose
from keys.stores.memory import MAXIMUM_DAYS, MemoryStore
from keys.suites import suite
from tests.gateway.ledger_shards import (
    DEPARTMENT,
    KEYS,
    an_entry,
    directory_entry,
    sqlite_ledger,
)

WITNESS = "11149900MB0C13013W"
# Two full tiles and a part of one; a checkpoint is kept at 300 or thereabouts, and the newest.
SIZE, GROUP = 600, 100


def entries(count: int = SIZE, first: int = 1000, more: str = "") -> Iterable[Entry]:
    """Make entries a millisecond apart, each third about somebody."""
    for number in range(count):
        subjects = Subjects(key_id="k" * 26, digests=bytes([number % 256]) * 16)
        entry = an_entry(first + number, f"r/{more}{number}")
        yield replace(entry, subjects=subjects) if number % 3 == 0 else entry


def write(folder: Path, what: Iterable[Entry], group: int = GROUP) -> Path:
    """Enter all, so many to a commit; return the shard's file."""
    ledger = sqlite_ledger(folder)
    left = list(what)
    while left:
        with ledger.together():
            for entry in left[:group]:
                ledger.append(entry)
        del left[:group]
    ledger.close()
    (path,) = list_shards(folder)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a shard once; tests change copies of it."""
    return write(tmp_path_factory.mktemp("written") / "ledger", entries())


@pytest.fixture
def shard(written: Path, tmp_path: Path) -> Path:
    """Copy the shard for a test."""
    return Path(shutil.copy(written, tmp_path))


def directory(*others: Department, own: Department | None = None) -> LedgerDirectory:
    """Return the directory that knows our department, and others."""
    entry = directory_entry() if own is None else own
    return LedgerDirectory(DEPARTMENT, {one.id: one for one in (entry, *others)})


def verified(
    path: Path, outside: Sequence[SignedCheckpoint] = (), known: LedgerDirectory | None = None
) -> ShardReport:
    """Verify the shard of a file."""
    with ShardReader(path) as reader:
        return verify_shard(reader, known or directory(), outside)


def found(path: Path, *outside: SignedCheckpoint) -> tuple[int | None, str]:
    """Return the entry that is named, and what is said of it."""
    with pytest.raises(LedgerInvalidError) as refused:
        verified(path, outside)
    text = refused.value.message
    assert path.name.removesuffix(".sqlite") in text
    assert "：" in refused.value.message_zh
    numbers = refused.value.records
    return (numbers[0] if numbers else None), text


def change(path: Path, statement: str, *values: object) -> None:
    """Change a shard with SQL, as whoever holds its file can."""
    with sqlite3.connect(path) as database:
        assert database.execute(statement, values).rowcount
    database.close()


def newest(path: Path) -> SignedCheckpoint:
    """Return the newest checkpoint of a shard, as somebody else kept it."""
    with ShardReader(path) as reader:
        return read_checkpoint(reader.checkpoint() or "")


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


def test_a_forged_signature_is_found(shard: Path) -> None:
    """Another key under the department's name, and a signature with a byte changed."""
    other = MemoryStore()
    key = other.new(Purpose.LEDGER, 1, 0, MAXIMUM_DAYS, "active")
    own = Department(id=DEPARTMENT, name="x", suites=(1,), keys=(public_entry(key),))
    with pytest.raises(LedgerInvalidError, match="no signature by a ledger key"):
        verified(shard, (), directory(own=own))
    signed = newest(shard)
    (line,) = signed.note.signatures
    wrong = bytes([line.signature[0] ^ 1]) + line.signature[1:]
    text = signed.note._replace(signatures=(line._replace(signature=wrong),)).text
    change(shard, "UPDATE checkpoint SET note = ?", text)
    assert "no signature by a ledger key" in found(shard)[1]


def test_who_holds_the_key_cannot_write_the_past_anew(shard: Path, tmp_path: Path) -> None:
    """By itself such a shard is well; a checkpoint that left the house gives it away."""
    known = newest(shard)
    again = write(tmp_path / "again", entries(SIZE + 50, more="other/"))
    target = again.with_name(shard.name)
    again.rename(target)
    change(target, "UPDATE meta SET value = ? WHERE name = 'origin'", known.checkpoint.origin)
    change(target, "DELETE FROM checkpoint")
    ledger = sqlite_ledger(target.parent)
    with pytest.raises(LedgerUnavailableError):
        # A writer does not build on it either.
        ledger.append(an_entry(1))
    ledger.close()
    sign_anew(target)
    assert verified(target).entries == SIZE + 50
    number, text = found(target, known)
    assert (number, "known outside has another root" in text) == (0, True)


def sign_anew(path: Path) -> None:
    """Sign what a shard holds, as an operator who cheats can."""
    with ShardReader(path) as reader:
        size, origin = reader.size(), reader.origin
        root = root_of(size, Tiles(reader.tile, size).node)
    (info,) = KEYS.list_keys()
    key = suite(info.suite).verifying_key(info.public or b"", Purpose.LEDGER)
    body = checkpoint_text(Checkpoint(origin, size, root))
    note = sign_note(body, origin, key, lambda message: KEYS.sign(info.key_id, message))
    change(path, "INSERT INTO checkpoint VALUES (?, ?, 0)", size, note)


def test_an_older_copy_in_place_of_a_shard_is_found(tmp_path: Path) -> None:
    """By itself it is well; a later checkpoint that is known outside gives it away."""
    path = write(tmp_path / "ledger", entries(300))
    copy = Path(shutil.copy(path, tmp_path))
    write(tmp_path / "ledger", entries(50))
    known = newest(path)
    assert verified(path, [known]).outside == 1
    shutil.copy(copy, path)
    assert verified(path).entries == 300
    number, text = found(path, known)
    assert number == 300
    assert "over 350 entries is known outside" in text


def test_what_nobody_of_the_department_signed_is_no_witness(shard: Path) -> None:
    """Another root or a larger size that anybody can write down accuses nobody."""
    known = newest(shard)
    for checkpoint in (
        known.checkpoint._replace(root=bytes(32)),
        known.checkpoint._replace(size=5, root=bytes(32)),
        known.checkpoint._replace(size=SIZE + 1),
    ):
        body = f"{checkpoint.origin}\n{checkpoint.size}\n{b64encode(checkpoint.root).decode()}\n"
        forged = known.note._replace(body=body)
        assert verified(shard, [SignedCheckpoint(checkpoint, forged)]).outside == 0


def test_checkpoints_of_other_shards_say_nothing_of_this_one(shard: Path, tmp_path: Path) -> None:
    """Each is held against the shard of its origin."""
    other = write(tmp_path / "other", entries(SIZE + 5))
    assert verified(shard, [newest(other)]).outside == 0


def test_a_shard_of_which_only_a_checkpoint_is_left_is_named() -> None:
    """The words for it."""
    fault = missing_shard("node-0", 7)
    assert "shard node-0: it is missing: a checkpoint over 7" in fault.message


@pytest.mark.parametrize(
    ("times", "steps"),
    [
        ([0, CLOCK_TOLERANCE_MS, 0], []),
        ([0, CLOCK_TOLERANCE_MS + 1, 0], [(2, CLOCK_TOLERANCE_MS + 1)]),
        ([9_000_000, 5_400_000, 5_400_001, 9_000_001], [(1, 3_600_000)]),
        ([9_000_000, 5_400_000, 9_000_001, 5_000_000], [(1, 3_600_000), (3, 4_000_001)]),
    ],
)
def test_a_clock_that_was_set_back_is_told(
    tmp_path: Path, times: list[int], steps: list[tuple[int, int]]
) -> None:
    """Once for each time; calls that overlap explain as much as the tolerance."""
    path = write(tmp_path, map(an_entry, times), group=2)
    report = verified(path)
    assert [tuple(step) for step in report.steps] == steps
    fault = first_step([report])
    assert (fault is None) == (not steps)
    if fault is not None:
        assert fault.records == (steps[0][0],)
        assert "the clock was set back" in fault.message


def with_key(department: str) -> tuple[MemoryStore, Department]:
    """Make a ledger key, and the directory's entry of its department."""
    store = MemoryStore()
    key = store.new(Purpose.LEDGER, 1, 0, MAXIMUM_DAYS, "active")
    entry = Department(id=department, name="x", suites=(1,), keys=(public_entry(key),))
    return store, entry


def keep_cosignature(path: Path, store: MemoryStore, time: int, wrong: bool = False) -> None:
    """Cosign the newest checkpoint and keep that; `wrong` signs another message."""
    (info,) = store.list_keys()
    key = suite(info.suite).verifying_key(info.public or b"", Purpose.LEDGER)
    signed = newest(path)
    name = f"sealgate/{WITNESS}"
    more = b"x" if wrong else b""
    line = cosign(signed, name, key, lambda message: store.sign(info.key_id, message + more), time)
    note = merge(signed.note, read_note(f"{signed.note.body}\n{line}"))
    change(path, "UPDATE checkpoint SET note = ?, cosigned = 1", note.text)


def test_cosignatures_are_counted_and_a_false_one_is_found(shard: Path, tmp_path: Path) -> None:
    """Those of keys that the directory does not hold are nobody's word."""
    store, entry = with_key(WITNESS)
    (tmp_path / "false").mkdir()
    false = Path(shutil.copy(shard, tmp_path / "false"))
    keep_cosignature(shard, store, 5)
    assert verified(shard).unknown == 1
    report = verified(shard, (), directory(entry))
    assert (report.cosignatures, report.unknown) == (1, 0)
    keep_cosignature(false, store, 5, wrong=True)
    with pytest.raises(LedgerInvalidError, match="a cosignature of the checkpoint over 600"):
        verified(false, (), directory(entry))


def test_what_only_a_revoked_key_signed_is_told(shard: Path) -> None:
    """The tree is what it was; who reads the report may want another witness."""
    entry = directory_entry()
    revoked = replace(entry, keys=tuple(replace(key, revoked_at=1) for key in entry.keys))
    assert verified(shard, (), directory(own=revoked)).revoked == 1
    assert verified(shard).revoked == 0


def test_a_shard_that_is_being_written_is_well(tmp_path: Path) -> None:
    """As far as the checkpoint that is its newest when it is looked at."""
    path = write(tmp_path, entries(300))
    ledger, stop = sqlite_ledger(tmp_path), threading.Event()

    def append() -> None:
        while not stop.is_set():
            ledger.append(an_entry(2000))

    writer = threading.Thread(target=append)
    writer.start()
    try:
        sizes = [verified(path).entries for _ in range(30)]
    finally:
        stop.set()
        writer.join()
        ledger.close()
    assert sizes == sorted(sizes)
    assert sizes[-1] > sizes[0]


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


SPELLED = b'{"private":"%s","shared":{"version":1,"time":5,"kind":"seal","outcome":"ok"%s}}'


@pytest.mark.parametrize(
    ("more", "canonical"),
    [
        (b"", True),
        (b',"fields":[["a","clear"]]', True),
        (b',"fields":[["a","clear"],["b","drop"]],"records":3', True),
        (b',"fields":[]', False),
        (b',"fields":[["a", "clear"]]', False),
        (b',"fields": [["a","clear"]]', False),
        (b',"fields":[["a","clear"]] ', False),
        (b',"fields":[["a"]]', False),
        (b',"fields":[["a","clear",1]]', False),
        (b',"fields":{"a":"clear"}', False),
        (b',"fields":null', False),
        (b',"fields":[["a","\\u0063lear"]]', False),
        (b',"fields":[["a","clear"]],"fields":[["a","clear"]]', False),
        (b',"records":3,"fields":[["a","clear"]]', False),
        (b',"records":3.0', False),
        (b',"records":null', False),
        (b',"count":03', False),
        (b',"more":1', False),
        (b"\n", False),
    ],
)
def test_many_leaves_are_read_as_strictly_as_one(more: bytes, canonical: bool) -> None:
    """The quick way and the way of receipts take the same spellings."""
    leaf = SPELLED % (b"00" * 32, more)
    good = SPELLED % (b"11" * 32, b"")
    try:
        quick = read_leaves([good, leaf, good])
    except ValueError:
        quick = None
    assert (quick is not None) == canonical
    if canonical:
        assert msgspec.json.encode(read_leaf(leaf)) == leaf
    else:
        with pytest.raises(ReceiptInvalidError):
            read_leaf(leaf)


def test_hashes_of_private_parts_are_not_run_together() -> None:
    """A character that moved from one leaf to the next is found at the first."""
    salt, private = bytes(16), b'{"caller":"a"}'
    text = private_hash(salt, private).hex().encode()
    leaves = [SPELLED % (text[:-1], b""), SPELLED % (text[-1:] + text, b"")]
    rows = [(number, leaf, salt, private) for number, leaf in enumerate(leaves)]
    with pytest.raises(LedgerInvalidError, match="entry 0: its private part"):
        Judge("node-0").judge(rows, 0, 2, {})
