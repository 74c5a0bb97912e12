"""Cosignatures of other departments are kept with the checkpoint that they are of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import CheckpointInvalidError, LedgerInvalidError, RequestMalformedError
from gateway.ledger.notes import Checkpoint, checkpoint_text, read_checkpoint, sign_note
from gateway.ledger.receipts import ledger_keys
from gateway.model.call import Entry, PrivatePart
from gateway.stores.cosigning import (
    KeptCheckpoint,
    OwnLedger,
    add_cosignatures,
    check_offered,
    last_witnessed,
)
from gateway.stores.reading import LedgerReading
from gateway.stores.shard_file import CHECKPOINT_ENTRIES
from gateway.stores.shard_keeping import archive
from gateway.stores.shards import ShardReader, list_shards, shard_of
from keys.errors import SealgateError
from tests.gateway.ledger_shards import (
    DEPARTMENT,
    KEY,
    KEYS,
    an_entry,
    check_whole,
    directory_entry,
    sqlite_ledger,
)
from tests.gateway.witness_notes import DIRECTORY, NOW, SECOND, WITNESS, cosigned, ledger_key
from tests.gateway.witness_notes import department as entry_of

SIZE = 40


@pytest.fixture
def notes(tmp_path: Path) -> list[str]:
    """Fill a ledger, an entry a commit; return the checkpoint of each commit."""
    ledger = sqlite_ledger(tmp_path)
    found = [ledger.append(an_entry(number)).checkpoint for number in range(SIZE)]
    ledger.close()
    return found


def own(folder: Path, node: str = "main") -> OwnLedger:
    """Return what a node knows of its own ledger."""
    return OwnLedger(folder, DEPARTMENT, node, tuple(ledger_keys(directory_entry())))


def add(folder: Path, note: str, node: str = "main") -> KeptCheckpoint:
    """Have cosignatures kept."""
    ledger = own(folder, node)
    return add_cosignatures(ledger, check_offered(ledger, note, DIRECTORY, NOW), DIRECTORY, NOW)


def kept_in(folder: Path) -> dict[int, str]:
    """Return the checkpoints that are kept, by size."""
    with ShardReader(list_shards(folder)[0]) as shard:
        return {read_checkpoint(note).checkpoint.size: note for note in shard.checkpoints()}


def test_a_cosignature_is_kept_and_stays_when_the_ledger_grows(
    tmp_path: Path, notes: list[str]
) -> None:
    """Others of about that size are thinned out, and this one is not."""
    told = add(tmp_path, cosigned(notes[-1]))
    assert [(one.department, one.time) for one in told.witnesses] == [(WITNESS, NOW)]
    ledger = sqlite_ledger(tmp_path)
    for number in range(3):
        ledger.append(an_entry(number))
    ledger.close()
    kept = kept_in(tmp_path)
    assert sorted(kept) == [SIZE, SIZE + 3]
    assert kept[SIZE] == told.text == cosigned(notes[-1])
    assert check_whole(tmp_path) == SIZE + 3
    reading, shard = LedgerReading(tmp_path), shard_of(list_shards(tmp_path)[0]) or ""
    assert reading.checkpoint(shard) == kept[SIZE + 3]
    assert reading.checkpoint(shard, cosigned=True) == told.text


def test_what_was_thinned_out_can_be_cosigned(tmp_path: Path, notes: list[str]) -> None:
    """The tree tells the root at every size, so that each stands again."""
    assert sorted(kept_in(tmp_path)) == [SIZE]
    assert CHECKPOINT_ENTRIES > SIZE
    for size in (1, 7, 8, SIZE - 1):
        add(tmp_path, cosigned(notes[size - 1]))
        assert kept_in(tmp_path)[size] == cosigned(notes[size - 1])
    assert check_whole(tmp_path) == SIZE


def test_cosignatures_are_united(tmp_path: Path, notes: list[str]) -> None:
    """Each department's stands once, the first; sent again nothing changes."""
    add(tmp_path, cosigned(notes[4]))
    told = add(tmp_path, cosigned(notes[4], SECOND, time=NOW - 5))
    assert [(one.department, one.time) for one in told.witnesses] == [
        (WITNESS, NOW),
        (SECOND, NOW - 5),
    ]
    again = add(tmp_path, cosigned(notes[4], time=NOW - 9))
    assert (again.text, kept_in(tmp_path)[5]) == (told.text, told.text)


def test_what_nobody_can_check_is_left_out(tmp_path: Path, notes: list[str]) -> None:
    """A name that the directory does not know, a key that it does not know."""
    strange = cosigned(notes[4], "11149900MB0C15001X", ledger_key(31))
    both = cosigned(cosigned(strange, SECOND, ledger_key(32)))
    told = add(tmp_path, both)
    assert told.text == cosigned(notes[4])


def test_an_archived_shard_takes_cosignatures(tmp_path: Path, notes: list[str]) -> None:
    """Its file is whole afterwards, and still one."""
    name = shard_of(list_shards(tmp_path)[0]) or ""
    archive(tmp_path, name, now=5000)
    told = add(tmp_path, cosigned(notes[6]))
    assert [path.name for path in list_shards(tmp_path)] == [f"{name}.sqlite.gz"]
    assert kept_in(tmp_path)[7] == told.text
    assert check_whole(tmp_path) == SIZE
    assert not list(tmp_path.glob("*-wal"))


def _signed(note: str, **changes: Any) -> str:
    """Have this department sign another checkpoint than it did."""
    said = read_checkpoint(note).checkpoint._replace(**changes)
    key = ledger_keys(directory_entry())[0]
    return cosigned(
        sign_note(checkpoint_text(said), said.origin, key, lambda body: KEYS.sign(KEY.key_id, body))
    )


def _unsigned(note: str) -> str:
    """Take our own signature out."""
    body, _, lines = cosigned(note).rpartition("\n\n")
    return f"{body}\n\n{lines.split(chr(10), 1)[1]}"


def _other(note: str, old: str, new: str) -> str:
    return _signed(note, origin=read_checkpoint(note).checkpoint.origin.replace(old, new))


# What is offered, and the code that it is refused with.
WRONG: dict[str, tuple[Callable[[list[str]], str], type[SealgateError]]] = {
    "not signed by us": (lambda notes: _unsigned(notes[4]), CheckpointInvalidError),
    "not cosigned": (lambda notes: notes[4], CheckpointInvalidError),
    "cosigned for another": (
        lambda notes: cosigned(notes[4], over=notes[5]),
        CheckpointInvalidError,
    ),
    "by nobody known": (
        lambda notes: cosigned(notes[4], "11149900MB0C15001X", ledger_key(31)),
        CheckpointInvalidError,
    ),
    "of the future": (lambda notes: cosigned(notes[4], time=NOW + 61), CheckpointInvalidError),
    "by ourselves": (
        lambda notes: cosigned(notes[4], DEPARTMENT, ledger_key(33)),
        CheckpointInvalidError,
    ),
    "no checkpoint": (lambda _: "nothing", CheckpointInvalidError),
    "another root": (lambda notes: _signed(notes[4], root=bytes(32)), LedgerInvalidError),
    "more entries": (lambda notes: _signed(notes[4], size=SIZE + 1), LedgerInvalidError),
    "no entries": (lambda notes: _signed(notes[4], size=0), LedgerInvalidError),
    "a shard that is gone": (
        lambda notes: _other(notes[4], "/node-0", "/node-1"),
        LedgerInvalidError,
    ),
    "another node's": (lambda notes: _other(notes[4], "/main/", "/spare/"), RequestMalformedError),
    "another department's": (
        lambda notes: _other(notes[4], DEPARTMENT, WITNESS),
        RequestMalformedError,
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_and_changes_nothing(
    tmp_path: Path, notes: list[str], name: str
) -> None:
    """What this department signed and does not have says that its ledger was changed."""
    make, refusal = WRONG[name]
    before = kept_in(tmp_path)
    with pytest.raises(refusal):
        add(tmp_path, make(notes))
    assert kept_in(tmp_path) == before


def test_a_revoked_key_witnesses_nothing(tmp_path: Path, notes: list[str]) -> None:
    """Its cosignature is that of a key that nobody knows."""
    directory = DIRECTORY | {WITNESS: entry_of(WITNESS, ledger_key(11), revoked=True)}
    with pytest.raises(CheckpointInvalidError, match="no department"):
        check_offered(own(tmp_path), cosigned(notes[4]), directory, NOW)


def test_the_newest_checkpoint_that_came_is_found(tmp_path: Path, notes: list[str]) -> None:
    """In all shards of the witness, whatever else its entries say."""
    origin = read_checkpoint(notes[0]).checkpoint.origin
    folder = tmp_path / "witness"
    for writer, sizes in (("node", (3, 9)), ("worker-0", (6, 2))):
        ledger = sqlite_ledger(folder, writer=writer)
        for size in sizes:
            private = PrivatePart(caller="x", checkpoint=notes[size - 1])
            ledger.append(_with(private))
        ledger.append(_with(PrivatePart(caller="x", reference=notes[20], detail=f'"{origin}')))
        ledger.close()
    found = last_witnessed(folder, origin)
    assert found == Checkpoint(origin, 9, read_checkpoint(notes[8]).checkpoint.root)
    assert last_witnessed(folder, f"{origin}0") is None
    archive(folder, shard_of(list_shards(folder)[0]) or "", now=5000)
    assert last_witnessed(folder, origin) == found


def _with(private: PrivatePart) -> Entry:
    entry = an_entry(1)
    return Entry(shared=entry.shared, private=private)
