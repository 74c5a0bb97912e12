"""`sealgate receipt verify` and `match`, and `--receipt` of what seals and opens."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from gateway.ledger.receipts import MAX_RECEIPT_CHARACTERS, read_leaf, read_receipt, receipt_text
from gateway.model.call import Entry, PrivatePart, SharedPart
from gateway.node import Node
from gateway.stores.ledger import SqliteLedger
from tests.cli.command import OUTSIDER, PROVIDER, PUBLIC_RESOURCE, REQUESTER, ROW, Desk, call, done
from tests.server.sidecars import set_callers, sidecar


class Case(NamedTuple):
    """One call of which both sides kept the receipt."""

    desk: Desk
    sealed: Path
    opened: Path

    def entry(self, file: Path) -> SharedPart:
        """Return what the entry of a receipt says."""
        return read_leaf(read_receipt(file.read_text("utf-8")).leaf).shared

    def verify(self, file: Path, *more: object) -> Any:
        """Verify a receipt as the third department."""
        return done("receipt", "verify", file, "--node", self.desk.outsider, "--json", *more).json

    def code(self, file: Path, *more: object) -> str:
        """Return the code that a receipt is refused with."""
        return call("receipt", "verify", file, "--node", self.desk.outsider, *more).code


@pytest.fixture(scope="module")
def case(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Seal and open once; tests leave the nodes as they are."""
    folder = tmp_path_factory.mktemp("receipts") / "world"
    shutil.copytree(founded, folder, symlinks=True)
    desk = Desk(folder)
    sealed, opened = folder / "sealed.receipt", folder / "opened.receipt"
    done(*desk.seal_arguments(desk.write([ROW], "r.json"), "--receipt", sealed))
    answer = desk.open("--receipt", opened)
    assert answer.status == 0, answer.err
    return Case(desk, sealed, opened)


def enter(node_folder: Path, shared: SharedPart) -> str:
    """Enter in a node's own ledger whatever its operator would like it to say."""
    with Node(node_folder) as node:
        ledger = SqliteLedger(
            node.places.ledger,
            "worker-99",
            department=node.department,
            node="main",
            random=os.urandom,
            keys=node.keys,
            clock=node.now,
        )
        try:
            entry = Entry(shared=shared, private=PrivatePart(caller="somebody"))
            return receipt_text(ledger.append(entry))
        finally:
            ledger.close()


def test_who_entered_what_is_told(case: Case) -> None:
    """By the third department's trust data, of either side's receipt."""
    for file, department, kind in (
        (case.sealed, PROVIDER, "seal"),
        (case.opened, REQUESTER, "open"),
    ):
        told = case.verify(file)
        assert told["department"] == department
        assert told["origin"].startswith(f"sealgate/{department}/main/node-")
        assert told["receipt_digest"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert told["index"] < told["size"]
        shared = told["shared"]
        assert (shared["kind"], shared["outcome"], shared["records"]) == (kind, "ok", 1)
        assert (shared["provider"], shared["requester"]) == (PROVIDER, REQUESTER)


def test_the_table_has_every_member_of_the_entry(case: Case) -> None:
    """With the names of the departments."""
    answer = done("receipt", "verify", case.sealed, "--node", case.desk.outsider)
    told, shared = case.verify(case.sealed), case.entry(case.sealed)
    for value in (
        shared.resource, shared.purpose, shared.grant, shared.envelope, shared.digest,
        shared.policy, shared.catalogue, told["name"], told["key_id"], told["root"],
        told["origin"], told["receipt_digest"],
        ", ".join(f"{field} {treatment}" for field, treatment in shared.fields),
    ):  # fmt: skip
        assert value
        assert value in answer.out
    for secret in map(str, filter(None, (ROW["name"], ROW["resident_id"], ROW["mobile"]))):
        assert secret not in answer.out


def test_a_receipt_is_of_its_envelope(case: Case, tmp_path: Path) -> None:
    """And of no other, and not of one that was changed."""
    desk = case.desk
    for file in (case.sealed, case.opened):
        assert case.verify(file, "--envelope", desk.envelope)
    other = tmp_path / "other.bin"
    arguments = desk.seal_arguments(desk.folder / "r.json")
    arguments[arguments.index(desk.envelope)] = other
    done(*arguments)
    assert case.code(case.sealed, "--envelope", other) == "RECEIPT_INVALID"
    data = bytearray(desk.envelope.read_bytes())
    data[len(data) // 2] ^= 1
    other.write_bytes(data)
    assert case.code(case.sealed, "--envelope", other) == "RECEIPT_INVALID"
    other.write_bytes(b"no envelope")
    assert case.code(case.sealed, "--envelope", other) == "ENVELOPE_MALFORMED"


def test_trust_data_or_an_entry_serve_without_a_node(case: Case, tmp_path: Path) -> None:
    """As `trust export` writes them; an entry is of its own department alone."""
    folder = tmp_path / "trust"
    done("trust", "export", "--authority", case.desk.authority, "--out", folder)
    done("receipt", "verify", case.sealed, "--trust", folder)
    entries = [tmp_path / "provider.yaml", tmp_path / "requester.yaml"]
    for node, entry in zip((case.desk.provider, case.desk.requester), entries, strict=True):
        done("trust", "export", "--node", node, "--out", entry)
    told = done("receipt", "verify", case.sealed, "--trust", entries[0], "--json").json
    assert told["name"]
    assert told["trust_version"] is None
    assert call("receipt", "verify", case.opened, "--trust", entries[0]).code == "RECEIPT_INVALID"
    both = [part for entry in entries for part in ("--trust", entry)]
    done("receipt", "match", case.sealed, case.opened, *both)
    assert call("receipt", "verify", case.sealed, "--trust", folder, *both).status == 2
    entries[0].write_text(entries[0].read_text("utf-8").replace(PROVIDER, OUTSIDER), "utf-8")
    assert call("receipt", "verify", case.sealed, "--trust", entries[0]).code == "RECEIPT_INVALID"


def test_an_entry_with_a_fault_is_refused_with_its_place(case: Case, tmp_path: Path) -> None:
    """A key that is none is no reason to fail otherwise."""
    entry = tmp_path / "provider.yaml"
    done("trust", "export", "--node", case.desk.provider, "--out", entry)
    text = entry.read_text("utf-8")
    line = next(one for one in text.splitlines() if "public:" in one)
    entry.write_text(text.replace(line, line.partition(":")[0] + ": AAAA"), "utf-8")
    answer = call("receipt", "verify", case.sealed, "--trust", entry)
    assert answer.code == "CATALOGUE_INVALID"
    assert f"{entry}:" in answer.err


def test_trust_data_past_its_term_is_told_of(case: Case, tmp_path: Path) -> None:
    """It may be all that is left of that time."""
    folder = tmp_path / "trust"
    done("trust", "export", "--authority", case.desk.authority, "--out", folder)
    file = folder / "trust.yaml"
    lines = file.read_text("utf-8").splitlines()
    aged = [line if not line.startswith(("issued", "expires")) else "" for line in lines]
    file.write_text("\n".join([*aged, "issued: 1700000000", "expires: 1700000001", ""]), "utf-8")
    answer = done("receipt", "verify", case.sealed, "--trust", folder)
    assert "2023-11-14T22:13:21Z" in answer.err
    assert "过期" in answer.err


def test_a_node_without_trust_data_verifies_nothing(case: Case, tmp_path: Path) -> None:
    """It says so."""
    node = tmp_path / "node"
    node.mkdir()
    shutil.copy(case.desk.outsider / "node.yaml", node)
    assert call("receipt", "verify", case.sealed, "--node", node).code == "TRUST_STALE"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"c2sp.org/tlog-proof@v1\n", b"x" * (5 * MAX_RECEIPT_CHARACTERS)],
    ids=["nothing", "no text", "a header", "too much"],
)
def test_what_is_no_receipt_is_refused(case: Case, tmp_path: Path, content: bytes) -> None:
    """Whatever it is."""
    file = tmp_path / "x.receipt"
    file.write_bytes(content)
    answer = call("receipt", "verify", file, "--node", case.desk.outsider)
    if len(content) > 4 * MAX_RECEIPT_CHARACTERS:
        assert answer.status == 2
    else:
        assert answer.code == "RECEIPT_INVALID"


def test_line_ends_of_another_system_are_refused(case: Case, tmp_path: Path) -> None:
    """The digest is of the file as it was written."""
    file = tmp_path / "x.receipt"
    file.write_bytes(case.sealed.read_bytes().replace(b"\n", b"\r\n"))
    assert case.code(file) == "RECEIPT_INVALID"


@pytest.mark.parametrize("time", [-1, 253_402_300_800_000, 2**63 - 1])
def test_a_time_that_cannot_be_is_refused(case: Case, tmp_path: Path, time: int) -> None:
    """Though its department signed for it."""
    file = tmp_path / "x.receipt"
    file.write_text(enter(case.desk.provider, replace(case.entry(case.sealed), time=time)), "utf-8")
    assert case.code(file) == "RECEIPT_INVALID"


def test_a_revoked_key_vouches_for_nothing(desk: Desk) -> None:
    """From the moment that the verifier has the newer trust data."""
    file = desk.folder / "sealed.receipt"
    done(*desk.seal_arguments(desk.write([ROW], "r.json"), "--receipt", file))
    verify = ("receipt", "verify", file, "--node", desk.outsider)
    key = done(*verify, "--json").json["key_id"]
    done(
        "trust", "revoke-key", "--authority", desk.authority, "--department", PROVIDER, "--key", key
    )
    done(*verify)
    desk.share()
    assert call(*verify).code == "RECEIPT_INVALID"


def test_both_sides_agree(case: Case) -> None:
    """In either order, in words and as JSON."""
    pair = [case.sealed, case.opened]
    for files in (pair, pair[::-1]):
        answer = done("receipt", "match", *files, "--node", case.desk.outsider)
        assert "agree" in answer.out
        assert "一致" in answer.out
    told = done("receipt", "match", *pair, "--node", case.desk.outsider, "--json").json
    assert (told["provider"], told["requester"]) == (PROVIDER, REQUESTER)
    assert told["envelope"] == case.entry(case.sealed).envelope


def test_a_side_that_says_otherwise_is_found_out(case: Case, tmp_path: Path) -> None:
    """Its own genuine receipt names it, member by member."""
    said = case.entry(case.opened)
    fields = (("name", "null"), *said.fields[1:])
    lie = replace(said, records=0, purpose=None, fields=fields, time=0)
    file = tmp_path / "lie.receipt"
    file.write_text(enter(case.desk.requester, lie), "utf-8")
    assert case.verify(file)["department"] == REQUESTER
    arguments = ("receipt", "match", case.sealed, file, "--node", case.desk.outsider)
    answer = call(*arguments)
    assert answer.code == "RECEIPT_MISMATCH"
    assert "purpose, records, fields, time" in answer.err
    assert "使用方凭证未载明" in answer.err
    told = call(*arguments, "--json").json
    found = {fault["field"]: fault["text"] for fault in told["fields"]}
    assert [*found] == ["purpose", "records", "fields.name", "time"]
    assert found["purpose"].startswith("the requester's hides it")
    assert found["records"] == "1 in the provider's, 0 in the requester's"


def test_many_differences_are_told_as_far_as_they_are_read(case: Case, tmp_path: Path) -> None:
    """The rest by their number."""
    said = case.entry(case.opened)
    fields = tuple((f"field_{number}", "clear") for number in range(400))
    file = tmp_path / "lie.receipt"
    file.write_text(enter(case.desk.requester, replace(said, fields=fields)), "utf-8")
    answer = call("receipt", "match", case.sealed, file, "--node", case.desk.outsider)
    assert answer.code == "RECEIPT_MISMATCH"
    assert f"… {400 + len(said.fields)} in all" in answer.err
    assert answer.err.count("hides it") == 50


def test_what_a_ledger_says_keeps_to_its_line(case: Case, tmp_path: Path) -> None:
    """A department could enter what commands a terminal."""
    hostile = replace(case.entry(case.sealed), purpose="\x1b[2J\nrefused: OK", policy="\u202e")
    file = tmp_path / "x.receipt"
    file.write_text(enter(case.desk.provider, hostile), "utf-8")
    out = done("receipt", "verify", file, "--node", case.desk.outsider).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert not any(line.startswith("refused") for line in out.splitlines())
    err = call("receipt", "match", file, case.opened, "--node", case.desk.outsider).err
    assert "\x1b" not in err


def test_receipts_that_do_not_belong_together_are_not_matched(case: Case) -> None:
    """Nor is a receipt that proves nothing."""
    match = ("receipt", "match", case.sealed)
    answer = call(*match, case.sealed, "--node", case.desk.outsider)
    assert answer.code == "REQUEST_MALFORMED"
    bad = case.desk.folder / "bad.receipt"
    bad.write_bytes(case.opened.read_bytes().replace(b"index ", b"index 1"))
    assert call(*match, bad, "--node", case.desk.outsider).code == "RECEIPT_INVALID"


def test_a_streams_receipt_is_that_of_its_last_part(desk: Desk) -> None:
    """On both sides; the two match, and are of the stream's file."""
    records, kept = desk.folder / "s.ndjson", [desk.folder / "a", desk.folder / "b"]
    done("sample", "--resource", PUBLIC_RESOURCE, "--rows", 1500, "--out", records)
    assert desk.seal_public(records, "--stream", "--receipt", kept[0]).status == 0
    assert desk.open("--receipt", kept[1], name="s.json").status == 0
    done("receipt", "match", *kept, "--node", desk.outsider)
    parts = done("envelope", "inspect", desk.envelope, "--json").json
    for file in kept:
        told = done(
            "receipt", "verify", file, "--node", desk.outsider, "--envelope", desk.envelope,
            "--json",
        ).json  # fmt: skip
        assert told["shared"]["envelope"] == parts[-1]["id"]
        assert parts[-1]["last"]


def test_a_refused_call_leaves_no_receipt(desk: Desk) -> None:
    """Nor is anything done where the receipt could not be written."""
    file = desk.folder / "x.receipt"
    records = desk.write([{**ROW, "sex": "x"}], "r.json")
    assert desk.seal(records, "--receipt", file).code == "FIELD_INVALID"
    assert not file.exists()
    records = desk.write([ROW], "r.json")
    assert desk.seal(records, "--receipt", desk.folder / "none" / "x").status == 2
    assert desk.seal(records, "--receipt", desk.envelope).status == 2
    assert not desk.envelope.exists()
    assert desk.seal(records).status == 0
    assert desk.open("--receipt", desk.envelope).status == 2
    assert desk.open("--receipt", file).status == 0


@contextmanager
def served(node: Path) -> Iterator[tuple[str, Path]]:
    """Serve a node to one caller."""
    set_callers(node, [{"name": "a", "may": ["seal", "open", "explain"]}])
    with sidecar(node) as running:
        yield "--socket", running.sockets / "a"


def test_a_sidecars_receipts_are_kept_the_same_way(desk: Desk) -> None:
    """The text that the answer has; a worker's ledger is the department's as well."""
    kept = [desk.folder / "a", desk.folder / "b"]
    records = desk.write([ROW], "r.json")
    arguments = desk.seal_arguments(records, "--receipt", kept[0], "--json")[3:]
    with served(desk.provider) as where:
        answer = done("call", "seal", *where, *arguments)
    assert answer.json["receipt"] == kept[0].read_text("utf-8")
    with served(desk.requester) as where:
        out = ("--out", desk.folder / "o.json", "--receipt", kept[1], "--json")
        answer = done("call", "open", *where, desk.envelope, *out)
    assert answer.json["receipt"] == kept[1].read_text("utf-8")
    done("receipt", "match", *kept, "--node", desk.outsider)
    origin = done("receipt", "verify", kept[0], "--node", desk.outsider, "--json").json["origin"]
    assert "/worker-0-" in origin


def test_answers_hold_the_text_that_the_file_has(desk: Desk) -> None:
    """Of the command on the node itself too."""
    kept = desk.folder / "a"
    arguments = desk.seal_arguments(desk.write([ROW], "r.json"), "--receipt", kept, "--json")
    assert json.loads(done(*arguments).out)["receipt"] == kept.read_text("utf-8")
