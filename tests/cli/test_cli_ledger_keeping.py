"""`sealgate ledger export`, `forget`, `archive`, `backup` and `restore`, as a person calls them."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config import Places
from gateway.model.call import Entry, PrivatePart, SharedPart
from gateway.model.times import day_of
from gateway.stores.clock import system_clock
from gateway.stores.keyfile import open_keys
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shard_checks import check_whole
from gateway.stores.shards import ShardReader, list_shards, shard_of
from gateway.subjects import SubjectDigester
from tests.cli.command import PROVIDER, REQUESTER, RESOURCE, ROW, Desk, call, done


@pytest.fixture
def node(desk: Desk) -> Path:
    """Return a provider's folder, in whose ledger somebody's record was sealed."""
    assert desk.seal(desk.write([ROW], "records.json")).status == 0
    return desk.provider


def _entries(node: Path) -> list[dict[str, Any]]:
    """Read all entries; every shard is whole."""
    found = []
    for path in list_shards(node / "ledger"):
        with ShardReader(path) as shard:
            check_whole(shard)
            found += [msgspec.json.decode(row.to_json(shard.name)) for row in shard.rows()]
    return found


def _acts(node: Path) -> list[dict[str, Any]]:
    entries = [one for one in _entries(node) if one["leaf"]["shared"]["kind"] == "administer"]
    return [one["private"] for one in entries]


def _subjects(node: Path) -> int:
    count = 0
    for path in list_shards(node / "ledger"):
        with ShardReader(path) as shard:
            count += len(list(shard.subjects()))
    return count


def _set_term(node: Path, days: int) -> None:
    path = node / "node.yaml"
    text, count = re.subn("subject_days: .*", f"subject_days: {days}", path.read_text("utf-8"))
    assert count == 1
    path.write_text(text, "utf-8")


def _name(node: Path, number: int = 0) -> str:
    return shard_of(list_shards(node / "ledger")[number]) or ""


def test_archive_closes_and_compresses(node: Path) -> None:
    """One by its name, or all that are old enough; entered before it is done."""
    first = _name(node)
    answer = done("ledger", "archive", "--node", node, "--shard", first, "--caller", "desk-3")
    assert "1 shard archived 已归档 1 个分片" in answer.out
    assert list_shards(node / "ledger")[0].name == f"{first}.sqlite.gz"
    acts = _acts(node)
    assert acts == [{"caller": "desk-3", "detail": f"ledger archive: {first}"}]
    answer = done("ledger", "archive", "--node", node, "--older-than", 0, "--json")
    assert [one["shard"] for one in answer.json] == [_name(node, 1)]
    assert {path.suffix for path in list_shards(node / "ledger")} == {".gz"}
    assert _acts(node)[1]["detail"] == "ledger archive: begun 0 days ago"
    assert done("ledger", "archive", "--node", node, "--older-than", 1, "--json").json == []


@pytest.mark.parametrize(
    "options", [["--older-than", "-1"], ["--older-than", "x"], [], ["--shard", "../state"]]
)
def test_archive_says_what_is_wrong_use(node: Path, options: list[str]) -> None:
    """And enters nothing, since nothing is asked."""
    assert call("ledger", "archive", "--node", node, *options).status == 2
    assert _acts(node) == []


def test_forget_goes_by_the_term_of_the_node(node: Path) -> None:
    """By default that keeps what is young; a day that is named counts from its beginning."""
    assert _subjects(node) == 1
    answer = done("ledger", "forget", "--node", node, "--json")
    assert (answer.json["erased"], answer.json["shards"]) == (0, [])
    assert _subjects(node) == 1
    assert call("ledger", "forget", "--node", node, "--before", "9999-12-31").status == 2
    assert call("ledger", "forget", "--node", node, "--before", "tomorrow").status == 2
    _set_term(node, 0)
    answer = call("ledger", "forget", "--node", node)
    assert answer.code == "CONFIGURATION_INVALID"
    assert "subject_days" in answer.err
    _set_term(node, 1)
    answer = done("ledger", "forget", "--node", node, "--before", "2026-01-01")
    assert answer.out.startswith("of 0 entries before 2025-12-31T16:00:00Z")
    details = [act["detail"] for act in _acts(node)]
    assert len(details) == 2
    assert details[1] == "ledger forget: before 2025-12-31T16:00:00Z"
    assert _subjects(node) == 1


def test_forget_erases_what_is_past_its_term(node: Path) -> None:
    """And the entries are there as before; the ledger is closed there, and goes on."""
    places = Places(node)
    keys = open_keys(places, places.node_file().passphrase_file)
    ledger = SqliteLedger(
        places.ledger,
        "node",
        department=PROVIDER,
        node="main",
        random=os.urandom,
        keys=keys,
        clock=system_clock,
    )
    (subjects, *_) = SubjectDigester(keys).of_one("resident_id", ROW["resident_id"])
    for days in (1, 1095, 1097):
        time = system_clock() - days * 86_400_000
        shared = SharedPart(version=1, time=time, kind="seal", outcome="ok")
        private = PrivatePart(caller="desk-3")
        ledger.append(Entry(shared=shared, private=private, subjects=subjects))
    ledger.close()
    before, first = _entries(node), _name(node)
    assert _subjects(node) == 4
    told = done("ledger", "forget", "--node", node, "--json").json
    assert (told["erased"], told["shards"]) == (1, [first])
    assert _subjects(node) == 3
    assert _entries(node)[: len(before)] == before
    _set_term(node, 2)
    assert done("ledger", "forget", "--node", node, "--json").json["erased"] == 1
    day = day_of(system_clock()).isoformat()
    answer = done("ledger", "forget", "--node", node, "--before", day)
    assert answer.out.startswith("of 1 entry before ")
    assert _subjects(node) == 1
    assert _entries(node)[: len(before)] == before
    assert len(_acts(node)) == 3


def test_a_backup_brings_a_lost_ledger_back(node: Path, tmp_path: Path) -> None:
    """Whole, in a file that its owner alone reads; entered in a shard that is new."""
    done("ledger", "archive", "--node", node, "--older-than", 0)
    done("block", "--node", node, "--requester", REQUESTER)
    before, backup = _entries(node), tmp_path / "ledger.tar"
    told = done("ledger", "backup", "--node", node, "--out", backup, "--json").json
    assert [one["shard"] for one in told] == [_name(node), _name(node, 1)]
    assert backup.stat().st_mode & 0o777 == 0o600
    assert _entries(node) == before
    shutil.rmtree(node / "ledger")
    answer = done("ledger", "restore", "--node", node, backup, "--reference", "2026-17")
    assert "2 shards put back 已恢复 2 个分片" in answer.out
    assert _entries(node)[: len(before)] == before
    assert _acts(node)[-1] == {
        "caller": "cli",
        "reference": "2026-17",
        "detail": "ledger restore",
    }
    assert len(list_shards(node / "ledger")) == 3
    again = done("ledger", "restore", "--node", node, backup, "--json").json
    assert {name: len(kept) for name, kept in again.items()} == {
        "restored": 0,
        "there": 2,
        "longer": 0,
    }


def test_a_damaged_backup_changes_nothing(node: Path, tmp_path: Path) -> None:
    """Refused with the file's name; one that is not there is wrong use."""
    backup = tmp_path / "ledger.tar"
    done("ledger", "backup", "--node", node, "--out", backup)
    backup.write_bytes(backup.read_bytes()[:-20_000])
    before = _entries(node)
    answer = call("ledger", "restore", "--node", node, backup)
    assert answer.code == "LEDGER_INVALID"
    assert str(backup) in answer.err
    assert _entries(node) == before
    assert call("ledger", "restore", "--node", node, tmp_path / "none.tar").status == 2
    assert call("ledger", "backup", "--node", node, "--out", tmp_path).status == 2


def test_export_writes_a_folder_for_each_shard(node: Path, tmp_path: Path) -> None:
    """And again what came since; without a passphrase, since no key is needed."""
    (node / "keys.json").chmod(0)
    (node / "passphrase").rename(node / "hidden")
    out = tmp_path / "log"
    told = done("ledger", "export", "--node", node, "--out", out, "--json").json
    name = _name(node)
    assert told == [{"shard": name, "entries": len(_entries(node))}]
    lines = (out / name / "checkpoint").read_text("utf-8").splitlines()
    assert lines[0] == f"sealgate/{PROVIDER}/main/{name}"
    assert lines[1] == str(told[0]["entries"])
    assert "is written 已导出" in done("ledger", "export", "--node", node, "--out", out).out
    done("ledger", "export", "--node", node, "--out", tmp_path / "one", "--shard", name)
    assert [path.name for path in (tmp_path / "one").iterdir()] == [name]
    assert call("ledger", "export", "--node", node, "--out", out, "--shard", "no").status == 2
    assert call("ledger", "export", "--node", node, "--out", node / "node.yaml").status == 2
    data = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert RESOURCE.encode() in data
    assert b"caller" not in data
