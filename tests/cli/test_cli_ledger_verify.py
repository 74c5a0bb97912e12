"""`sealgate ledger verify` finds what was done to a node's ledger, and says how it knows."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.node import Node
from gateway.stores.clock import system_clock
from gateway.stores.shards import ShardReader, list_shards, shard_of
from tests.cli.command import OUTSIDER, PROVIDER, PUBLIC_ROW, ROW, Answer, Desk, call, done

TAMPER = (
    "UPDATE entry SET private = CAST(replace(private, 'cli', 'foo') AS BLOB)"
    " WHERE number = (SELECT max(number) FROM entry)"
)


@pytest.fixture
def used(desk: Desk) -> Desk:
    """Seal twice and open once, so that the requester is a witness."""
    desk.seal(desk.write([ROW], "records.json"))
    assert desk.open().status == 0
    assert desk.seal_public(desk.write([PUBLIC_ROW], "public.json")).status == 0
    return desk


def verify(node: Path, *more: object) -> Answer:
    """Verify the ledger of a node."""
    return call("ledger", "verify", "--node", node, *more)


def shard_of_node(node: Path) -> Path:
    """Return the file of its newest shard."""
    return list_shards(node / "ledger")[-1]


def change(node: Path, statement: str) -> None:
    """Change the newest shard as whoever holds its file can."""
    with sqlite3.connect(shard_of_node(node)) as database:
        assert database.execute(statement).rowcount
    database.close()


def test_a_ledger_as_it_was_written_is_well(used: Desk) -> None:
    """Every shard in a line; no key is needed but the public ones of the directory."""
    (used.provider / "keys.json").unlink()
    answer = verify(used.provider)
    assert answer.status == 0, answer.err
    name = shard_of(shard_of_node(used.provider))
    assert name is not None
    assert f"\n{name}  " in answer.out
    assert "the ledger is what was written 日志完整" in answer.out.splitlines()[-1]


def test_the_answer_as_json_tells_of_every_shard(used: Desk) -> None:
    """With totals, and what is known from outside."""
    answer = verify(used.provider, "--witness", used.requester, "--json").json
    (shard,) = answer["shards"]
    assert answer["entries"] == shard["entries"] > 2
    assert answer["checkpoints"] == shard["checkpoints"] >= 1
    assert (shard["outside"], shard["revoked"], shard["clock_steps"]) == (1, 0, [])
    assert answer["from"] == shard["from"] <= shard["to"] == answer["to"]


def test_a_changed_entry_is_named_and_none_of_its_values(used: Desk) -> None:
    """By its shard and number, in both languages."""
    change(used.provider, TAMPER)
    answer = verify(used.provider)
    assert answer.code == "LEDGER_INVALID"
    with ShardReader(shard_of_node(used.provider)) as shard:
        last = shard.size() - 1
    assert f"shard {shard.name}, entry {last}: its private part" in answer.err
    assert f"第 {last} 号条目" in answer.err
    assert "foo" not in answer.err
    assert verify(used.provider, "--json").json["records"] == [last]


def test_a_file_that_is_no_shard_any_more_is_named(used: Desk) -> None:
    """Whatever the database says of it."""
    path = shard_of_node(used.provider)
    path.write_bytes(b"no database, and longer than its header has to be" * 100)
    for left in path.parent.glob("*-wal"):
        left.unlink()
    answer = verify(used.provider)
    assert answer.code == "LEDGER_INVALID"
    assert path.stem in answer.err


def test_a_removed_shard_is_found_by_a_witness(used: Desk) -> None:
    """By itself the node knows nothing of it."""
    name = shard_of_node(used.provider).stem
    shutil.rmtree(used.provider / "ledger")
    assert verify(used.provider).status == 0
    answer = verify(used.provider, "--witness", used.requester)
    assert answer.code == "LEDGER_INVALID"
    assert f"shard {name}: it is missing" in answer.err


def test_an_older_copy_is_found_by_a_receipt_and_by_a_checkpoint(used: Desk) -> None:
    """What the node gave out later, and somebody kept."""
    ledger, copy = used.provider / "ledger", used.folder / "copy"
    shutil.copytree(ledger, copy)
    records = used.write([PUBLIC_ROW], "again.json")
    receipt, note = used.folder / "call.receipt", used.folder / "note.txt"
    used.seal_public(records)
    with ShardReader(shard_of_node(used.provider)) as shard:
        last = shard.size() - 1
        note.write_text(shard.checkpoint() or "", "utf-8")
    name = shard_of_node(used.provider).stem
    done("ledger", "prove", "--node", used.provider, name, last, "--out", receipt)
    assert verify(used.provider, "--receipt", receipt, "--checkpoint", note).status == 0
    shutil.rmtree(ledger)
    shutil.copytree(copy, ledger)
    assert verify(used.provider).status == 0
    for option, file in (("--receipt", receipt), ("--checkpoint", note)):
        answer = verify(used.provider, option, file)
        assert answer.code == "LEDGER_INVALID"
        assert f"entry {last}: it is missing" in answer.err


def test_files_that_prove_nothing_are_refused(used: Desk) -> None:
    """A changed checkpoint, one of another department, and what is no receipt."""
    note = used.folder / "note.txt"
    with ShardReader(shard_of_node(used.provider)) as shard:
        text = shard.checkpoint() or ""
        size = shard.size()
    note.write_text(text.replace(f"\n{size}\n", f"\n{size + 1}\n"), "utf-8")
    assert verify(used.provider, "--checkpoint", note).code == "CHECKPOINT_INVALID"
    assert verify(used.provider, "--receipt", note).code == "RECEIPT_INVALID"
    note.write_text(text, "utf-8")
    assert verify(used.requester, "--checkpoint", note).status == 2
    assert verify(used.provider, "--checkpoint", used.folder / "none").status == 2


def test_a_shard_in_the_place_of_another_is_found(used: Desk) -> None:
    """Its origin says which it is."""
    path = shard_of_node(used.provider)
    path.rename(path.with_name("node-000000000001-00000000.sqlite"))
    answer = verify(used.provider)
    assert answer.code == "LEDGER_INVALID"
    assert "another one" in answer.err


def test_archived_shards_are_verified_too(used: Desk) -> None:
    """They hold against their witnesses as before, and a change in one is found."""
    path = shard_of_node(used.provider)
    done("ledger", "archive", "--node", used.provider, "--shard", path.stem)
    used.seal_public(used.write([PUBLIC_ROW], "later.json"))
    answer = verify(used.provider, "--witness", used.requester, "--json").json
    assert [one["closed"] for one in answer["shards"]] == [True, False]
    assert answer["shards"][0]["outside"] == 1
    archived = list_shards(used.provider / "ledger")[0]
    data = bytearray(archived.read_bytes())
    data[len(data) // 2] ^= 1
    archived.write_bytes(data)
    assert verify(used.provider).status == 3


def test_who_is_not_in_the_directory_is_told_how(used: Desk) -> None:
    """And what the node would publish does, once it is named."""
    entry = used.folder / "entry.yaml"
    done("trust", "export", "--node", used.provider, "--out", entry)
    for department in (used.provider / "trust" / "current" / "departments").iterdir():
        if PROVIDER in department.read_text("utf-8"):
            department.unlink()
    answer = verify(used.provider)
    assert answer.code == "TRUST_STALE"
    assert "sealgate trust export --node" in answer.err
    assert verify(used.provider, "--trust", entry).status == 0
    shutil.rmtree(used.provider / "trust")
    assert verify(used.provider).code == "TRUST_STALE"


def test_a_clock_that_was_set_back_fails_unless_it_is_allowed(used: Desk) -> None:
    """Then it is told in the report."""
    for ahead in (3_600_000, 0):
        with Node(used.provider, clock=lambda more=ahead: system_clock() + more) as node:
            node.administer("an act", caller="test")
    answer = verify(used.provider)
    assert answer.code == "LEDGER_INVALID"
    assert "the clock was set back" in answer.err
    allowed = verify(used.provider, "--allow-clock-steps")
    assert allowed.status == 0
    assert "s back at entry" in allowed.out
    steps = verify(used.provider, "--allow-clock-steps", "--json").json["shards"][0]["clock_steps"]
    assert [abs(step["seconds"] - 3600) < 60 for step in steps] == [True]


def test_a_node_without_a_ledger_has_nothing_to_hide(used: Desk) -> None:
    """No shard, no entry."""
    shutil.rmtree(used.outsider / "ledger", ignore_errors=True)
    answer = verify(used.outsider, "--json").json
    assert (answer["entries"], answer["shards"], answer["from"]) == (0, [], None)
    assert OUTSIDER not in str(answer)
