"""`sealgate ledger cosign` and `cosignature`: two departments witness one another by files."""

import json
from pathlib import Path

import pytest

from gateway.config import Places
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.witnesses import proof_text, witness_name
from gateway.stores.shards import ShardReader, list_shards
from tests.cli.command import PROVIDER, REQUESTER, ROW, Answer, Desk, call
from tests.gateway.ledger_shards import entries_of


class Witnessed:
    """A provider whose ledger grows, and a requester that witnesses it, by files."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.records = desk.write([ROW], "records.json")

    def checkpoint(self, name: str) -> tuple[Path, int]:
        """Enter a call, and write the checkpoint after it to a file."""
        assert self.desk.seal(self.records).status == 0
        (path,) = list_shards(Places(self.desk.provider).ledger)
        file = self.desk.folder / name
        with ShardReader(path) as shard:
            file.write_text(shard.checkpoint() or "", "utf-8")
            return file, shard.size()

    def proof(self, old: int, new: int) -> Path:
        """Write a proof to a file."""
        (path,) = list_shards(Places(self.desk.provider).ledger)
        file = self.desk.folder / "proof"
        with ShardReader(path) as shard:
            file.write_text(proof_text(shard.consistency(old, new)), "ascii")
        return file

    def cosign(self, checkpoint: Path, *more: object, node: Path | None = None) -> Answer:
        """Cosign as the requester."""
        out = self.desk.folder / "cosigned"
        where = ("--node", node or self.desk.requester)
        return call("ledger", "cosign", *where, checkpoint, "--out", out, *more)

    def keep(self, note: Path) -> Answer:
        """Keep cosignatures as the provider."""
        return call("ledger", "cosignature", "--node", self.desk.provider, note, "--json")


@pytest.fixture
def witnessed(desk: Desk) -> Witnessed:
    """Set it up."""
    return Witnessed(desk)


def test_a_checkpoint_goes_there_and_back(witnessed: Witnessed) -> None:
    """Cosigned by one, kept by the other, entered by both before."""
    file, size = witnessed.checkpoint("first")
    told = witnessed.cosign(file, "--json", "--reference", "见证 7 号")
    assert told.status == 0, told.err
    note = read_checkpoint((witnessed.desk.folder / "cosigned").read_text("utf-8"))
    assert [one.name for one in note.note.signatures] == [
        note.checkpoint.origin,
        witness_name(REQUESTER),
    ]
    assert (told.json["origin"], told.json["size"]) == (note.checkpoint.origin, size)
    kept = witnessed.keep(witnessed.desk.folder / "cosigned")
    assert kept.status == 0, kept.err
    assert [one["department"] for one in kept.json["cosignatures"]] == [REQUESTER]
    assert kept.json["cosignatures"][0]["key_id"] == told.json["key_id"]
    (own,) = entries_of(witnessed.desk.requester, "administer")
    assert own["private"] == {
        "caller": "cli",
        "reference": "见证 7 号",
        "detail": "cosign",
        "checkpoint": file.read_text("utf-8"),
    }
    (taken,) = entries_of(witnessed.desk.provider, "administer")
    assert (taken["private"]["detail"], taken["shared"]["outcome"]) == ("cosignature", "ok")


def test_the_next_one_needs_a_proof(witnessed: Witnessed) -> None:
    """From the newest that is known; an older one is not cosigned any more."""
    first, old = witnessed.checkpoint("first")
    second, new = witnessed.checkpoint("second")
    assert witnessed.cosign(first).status == 0
    assert witnessed.cosign(first).status == 0
    refused = witnessed.cosign(second)
    assert refused.status == 3
    assert f"a checkpoint of {old} entries is known here" in refused.err
    wrong = witnessed.cosign(second, "--proof", witnessed.proof(old - 1, new), "--json")
    assert (wrong.status, wrong.json["code"]) == (3, "CHECKPOINT_INVALID")
    assert witnessed.cosign(second, "--proof", witnessed.proof(old, new)).status == 0
    refused = witnessed.cosign(first)
    assert f"a later checkpoint, of {new} entries" in refused.err
    outcomes = [one["shared"]["outcome"] for one in entries_of(witnessed.desk.requester)]
    assert outcomes.count("ok") >= 3
    assert outcomes.count("REQUEST_MALFORMED") >= 2


def test_what_came_with_an_envelope_is_known(witnessed: Witnessed) -> None:
    """Whoever opens is a witness: a later checkpoint has to follow from it."""
    witnessed.checkpoint("first")
    assert witnessed.desk.seal(witnessed.records).status == 0
    assert len(witnessed.desk.opened()) == 1
    (opened,) = entries_of(witnessed.desk.requester, "open")
    known = read_checkpoint(opened["private"]["checkpoint"]).checkpoint.size
    later, new = witnessed.checkpoint("later")
    assert known < new
    assert f"of {known} entries is known" in witnessed.cosign(later).err
    assert witnessed.cosign(later, "--proof", witnessed.proof(known, new)).status == 0


def test_what_is_wrong_leaves_no_file(witnessed: Witnessed) -> None:
    """One's own ledger, a strange one, a changed one, and what is none."""
    file, _ = witnessed.checkpoint("first")
    out = witnessed.desk.folder / "cosigned"
    own = witnessed.cosign(file, node=witnessed.desk.provider)
    assert "another has to witness it" in own.err
    text = file.read_text("utf-8")
    for changed, code in (
        (text.replace("\n", "\nx", 1), "CHECKPOINT_INVALID"),
        (text.replace(PROVIDER, "11149900MB0C15001X"), "DEPARTMENT_UNKNOWN"),
        (text.replace("/main/", "/spare/"), "CHECKPOINT_INVALID"),
    ):
        wrong = witnessed.desk.folder / "wrong"
        wrong.write_text(changed, "utf-8")
        refused = witnessed.cosign(wrong, "--json")
        assert (refused.status, refused.json["code"]) == (3, code)
    assert not out.exists()
    nothing = witnessed.keep(file)
    assert (nothing.status, json.loads(nothing.out)["code"]) == (3, "CHECKPOINT_INVALID")


def test_a_history_that_was_changed_is_told(witnessed: Witnessed) -> None:
    """A node set back to an older copy cannot show what the witness holds."""
    witnessed.checkpoint("first")
    ledger = Places(witnessed.desk.provider).ledger
    (path,) = list_shards(ledger)
    copy = path.read_bytes()
    second, _ = witnessed.checkpoint("second")
    assert witnessed.cosign(second).status == 0
    for beside in ledger.glob(f"{path.name}-*"):
        beside.unlink()
    path.write_bytes(copy)
    told = witnessed.keep(witnessed.desk.folder / "cosigned")
    assert (told.status, told.json["code"]) == (3, "LEDGER_INVALID")
