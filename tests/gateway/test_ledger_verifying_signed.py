"""What `gateway.ledger.verifying` finds of signatures, witnesses and clocks."""

import shutil
import threading
from base64 import b64encode
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.errors import LedgerInvalidError, LedgerUnavailableError
from gateway.ledger.cosignatures import cosign
from gateway.ledger.notes import (
    Checkpoint,
    SignedCheckpoint,
    checkpoint_text,
    merge,
    read_note,
    sign_note,
)
from gateway.ledger.tiles import Tiles
from gateway.ledger.tree import root_of
from gateway.ledger.verifying import (
    CLOCK_TOLERANCE_MS,
    first_step,
    missing_shard,
)
from gateway.model.trust import Department, public_entry
from gateway.stores.shards import ShardReader
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
from tests.gateway.written_shards import (
    SIZE,
    change,
    directory,
    entries,
    found,
    newest,
    verified,
    write,
)

WITNESS = "11149900MB0C13013W"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a shard once; tests change copies of it."""
    return write(tmp_path_factory.mktemp("written") / "ledger", entries())


@pytest.fixture
def shard(written: Path, tmp_path: Path) -> Path:
    """Copy the shard for a test."""
    return Path(shutil.copy(written, tmp_path))


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
