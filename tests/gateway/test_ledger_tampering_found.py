"""Who finds which change of a ledger: `verify` alone, a receipt, a recipient, or a witness.

Whoever holds a shard's file and no key is found by `verify` wherever he changes what was
signed for. Whoever holds the key can sign for anything, an older state among it: he is found
by what left the house before. What nobody finds stands here as well.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.ledger.notes import Checkpoint, checkpoint_text, sign_note
from gateway.ledger.own_keys import OwnKeys
from gateway.ledger.receipts import receipt_text
from gateway.node import Node
from gateway.ports import KeyProvider
from gateway.stores.clock import system_clock
from gateway.stores.shards import ShardReader, list_shards
from tests.cli.command import call
from tests.gateway.forge import rows
from tests.gateway.naive_tree import NaiveTree
from tests.gateway.worker import Town, found_town

# Four ways to find a change, by what `sealgate ledger verify` is given.
VERIFY, RECEIPT, RECIPIENT, WITNESS = "verify", "receipt", "recipient", "witness"
ALL = {VERIFY, RECEIPT, RECIPIENT, WITNESS}
OUTSIDE = {RECEIPT, RECIPIENT, WITNESS}
PAPERS = 4
# How many of them the witness has seen.
SEEN = 2


class Kept(NamedTuple):
    """A provider's ledger, its older copy, and what others hold of it."""

    town: Town
    ledger: Path
    whole: Path
    older: Path
    receipts: tuple[Path, ...]

    @property
    def given(self) -> dict[str, list[object]]:
        """Return what `sealgate ledger verify` is given, by who finds."""
        return {
            VERIFY: [],
            RECEIPT: [part for file in self.receipts for part in ("--receipt", file)],
            RECIPIENT: ["--witness", self.town.place("requester")],
            WITNESS: ["--witness", self.town.place("outsider")],
        }

    def finders(self) -> set[str]:
        """Return who finds that the ledger is not what was written."""
        provider = self.town.place("provider")
        found = set()
        for who, given in self.given.items():
            answer = call("ledger", "verify", "--node", provider, *given)
            if answer.status:
                assert answer.code == "LEDGER_INVALID"
                found.add(who)
        return found

    def put_back(self) -> None:
        """Put the ledger back as it was."""
        shutil.rmtree(self.ledger, ignore_errors=True)
        shutil.copytree(self.whole, self.ledger)

    def shard(self, writer: str = "node") -> Path:
        """Return the file of a writer's shard."""
        (path,) = (one for one in list_shards(self.ledger) if one.name.startswith(f"{writer}-"))
        return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Seal and open some envelopes; another department cosigns what the ledger is meanwhile."""
    folder = tmp_path_factory.mktemp("found")
    town = found_town(folder / "town")
    ledger = town.place("provider") / "ledger"
    receipts: list[Path] = []
    with (
        Node(town.place("provider")) as provider,
        Node(town.place("requester")) as requester,
        Node(town.place("outsider")) as witness,
        Node(town.place("provider"), worker=0) as worker,
    ):
        worker.seal(town.request(rows()))
        for number in range(PAPERS):
            sealed = provider.seal(town.request(rows()))
            requester.open(sealed.envelope)
            receipts.append(folder / f"{number}.receipt")
            receipts[-1].write_text(receipt_text(sealed.receipt), "utf-8")
            if number + 1 == SEEN:
                note = sealed.receipt.checkpoint.encode()
                cosigned = witness.witnessing.cosign(note, (), "clerk", None)
                _copy(ledger, folder / "older")
                # Not an entry more: the cosignature is put beside the checkpoint.
                _keep(ledger, cosigned.text)
    _copy(ledger, folder / "whole")
    return Kept(town, ledger, folder / "whole", folder / "older", tuple(receipts))


def _copy(ledger: Path, to: Path) -> None:
    """Copy shards as they stand."""
    to.mkdir()
    for path in list_shards(ledger):
        with closing(sqlite3.connect(path)) as database:
            database.execute("VACUUM INTO ?", (str(to / path.name),))


def _keep(ledger: Path, note: str) -> None:
    size = int(note.split("\n")[1])
    (path,) = ledger.glob("node-*.sqlite")
    _sql(path, "INSERT OR REPLACE INTO checkpoint VALUES (?, ?, 1)", size, note)


@pytest.fixture
def kept(written: Kept) -> Iterator[Kept]:
    """Give the ledger as it was written, to one test."""
    written.put_back()
    yield written
    written.put_back()


def _sql(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute(statement, values).rowcount


def test_nobody_finds_anything_where_nothing_was_changed(kept: Kept) -> None:
    """The receipts, the recipient's ledger and the witness's agree with it."""
    assert kept.finders() == set()


# --- Who holds the file alone


def _last(kept: Kept) -> int:
    with ShardReader(kept.shard()) as shard:
        return shard.size() - 1


def _change_a_leaf(kept: Kept) -> None:
    change = "UPDATE entry SET leaf = replace(leaf, '\"ok\"', '\"no\"') WHERE number = 1"
    _sql(kept.shard(), change)


def _drop_the_last(kept: Kept) -> None:
    _sql(kept.shard(), "DELETE FROM entry WHERE number = ?", _last(kept))


def _swap_files(kept: Kept) -> None:
    one, other, aside = kept.shard(), kept.shard("worker-0"), kept.ledger / "aside"
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def _another_departments_shard(kept: Kept) -> None:
    (foreign,) = list_shards(kept.town.place("requester") / "ledger")
    with closing(sqlite3.connect(foreign)) as database:
        kept.shard().unlink()
        name = next(kept.whole.glob("node-*.sqlite")).name
        database.execute("VACUUM INTO ?", (str(kept.ledger / name),))


def _sign_with_another_key(kept: Kept) -> None:
    with Node(kept.town.place("requester")) as other:
        _change_a_leaf(kept)
        _sign_anew(kept.shard(), other.keys, keep_cosigned=False)


def _older_copy(kept: Kept) -> None:
    shutil.copy(kept.older / kept.shard().name, kept.shard())


def _remove_the_shard(kept: Kept) -> None:
    kept.shard().unlink()


def _erase_subjects(kept: Kept) -> None:
    _sql(kept.shard(), "DELETE FROM subject")


def _take_cosignatures_away(kept: Kept) -> None:
    _sql(kept.shard(), "DELETE FROM checkpoint WHERE cosigned")


def _mark_as_closed(kept: Kept) -> None:
    _sql(kept.shard(), "INSERT INTO meta VALUES ('closed', '1')")


def _change_what_is_at_hand(kept: Kept) -> None:
    _sql(kept.shard(), "UPDATE meta SET value = 'x' WHERE name = 'last-policy'")


# --- Who holds the key as well


def _sign_anew(path: Path, keys: KeyProvider, *, keep_cosigned: bool) -> None:
    """Sign what stands in a shard now, as if it had been written so."""
    with ShardReader(path) as shard:
        size, origin = shard.size(), shard.origin
        root = NaiveTree([row.leaf for row in shard.rows()]).head(0, size)
    key, sign = OwnKeys(keys).signer(system_clock() // 1000)
    note = sign_note(checkpoint_text(Checkpoint(origin, size, root)), origin, key, sign)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM checkpoint WHERE NOT ? OR NOT cosigned", (keep_cosigned,))
        database.execute("INSERT INTO checkpoint VALUES (?, ?, 0)", (size, note))


def _cheat(kept: Kept, *, keep_cosigned: bool = False) -> None:
    with Node(kept.town.place("provider")) as node:
        _sign_anew(kept.shard(), node.keys, keep_cosigned=keep_cosigned)


def _write_the_first_call_anew(kept: Kept, *, keep_cosigned: bool = False) -> None:
    with ShardReader(kept.shard()) as shard:
        number = next(row.number for row in shard.rows() if b'"kind":"seal"' in row.leaf)
    change = "UPDATE entry SET leaf = replace(leaf, '\"ok\"', '\"no\"') WHERE number = ?"
    _sql(kept.shard(), change, number)
    _cheat(kept, keep_cosigned=keep_cosigned)


def _and_leave_the_cosignature(kept: Kept) -> None:
    _write_the_first_call_anew(kept, keep_cosigned=True)


def _write_the_last_call_anew(kept: Kept) -> None:
    change = "UPDATE entry SET leaf = replace(leaf, '\"ok\"', '\"no\"') WHERE number = ?"
    _sql(kept.shard(), change, _last(kept))
    _cheat(kept)


def _cut_the_last_call_off(kept: Kept) -> None:
    number = _last(kept)
    _drop_the_last(kept)
    _sql(kept.shard(), "DELETE FROM subject WHERE number = ?", number)
    _cheat(kept)


def _leave_the_first_call_out(kept: Kept) -> None:
    with ShardReader(kept.shard()) as shard:
        number = next(row.number for row in shard.rows() if b'"kind":"seal"' in row.leaf)
    for table in ("entry", "subject"):
        _sql(kept.shard(), f"DELETE FROM {table} WHERE number = ?", number)  # noqa: S608 - ours
        up = f"UPDATE {table} SET number = number - 1 WHERE number > ?"  # noqa: S608 - ours
        _sql(kept.shard(), up, number)
    _cheat(kept)


def _write_another_private_part(kept: Kept) -> None:
    _sql(kept.shard(), "UPDATE entry SET private = replace(private, 'local', 'other')")
    _cheat(kept)


FOUND: dict[Callable[[Kept], None], set[str]] = {
    # What `verify` finds by itself, it finds whatever else it is given.
    _change_a_leaf: ALL,
    _drop_the_last: ALL,
    _swap_files: ALL,
    _another_departments_shard: ALL,
    _sign_with_another_key: ALL,
    # As it stood once: the witness has not seen more, the recipient has.
    _older_copy: {RECEIPT, RECIPIENT},
    _remove_the_shard: OUTSIDE,
    # Nothing that was signed for: what may be erased, and what is kept beside entries.
    _erase_subjects: set(),
    _take_cosignatures_away: set(),
    _mark_as_closed: set(),
    _change_what_is_at_hand: set(),
    # With the key.
    _write_the_first_call_anew: OUTSIDE,
    _leave_the_first_call_out: OUTSIDE,
    # A cosigned checkpoint that was left where it is cannot be signed anew.
    _and_leave_the_cosignature: ALL,
    # An envelope tells of what was entered before it: of the last call only its receipt tells.
    _write_the_last_call_anew: {RECEIPT},
    _cut_the_last_call_off: {RECEIPT},
    # The leaf has its hash.
    _write_another_private_part: ALL,
}


@pytest.mark.parametrize("how", FOUND, ids=lambda how: how.__name__.strip("_"))
def test_who_finds_it(kept: Kept, how: Callable[[Kept], None]) -> None:
    """Each alone, from what it holds."""
    how(kept)
    assert kept.finders() == FOUND[how]
