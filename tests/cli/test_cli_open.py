"""`open` writes what a sealed envelope held, once; `envelope inspect` shows the outside."""

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.receipts import read_receipt
from tests.cli.command import (
    PROVIDER,
    PUBLIC_ROW,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Desk,
    call,
    done,
)
from tests.gateway.ledger_shards import shared_of

HEADER = {
    "id",
    "suite",
    "type",
    "sender",
    "sender_key_id",
    "recipient",
    "recipient_key_id",
    "created",
    "expires",
    "payload_bytes",
    "digest",
}


@pytest.fixture
def sealed(desk: Desk) -> Desk:
    """Seal one public row and one like it."""
    rows = [dict(PUBLIC_ROW), {**PUBLIC_ROW, "email": "a@example.org"}]
    assert desk.seal_public(desk.write(rows, "r.json")).status == 0
    return desk


def _rows(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if path.suffix in (".ndjson", ".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


@pytest.mark.parametrize("name", ["o.json", "o.ndjson", "o.jsonl", "o.csv", "o.txt"])
def test_the_form_follows_from_the_name(sealed: Desk, name: str) -> None:
    """JSON where it says nothing; the file is its owner's alone."""
    assert sealed.open(name=name).status == 0
    out = sealed.folder / name
    emails = [row["email"] for row in _rows(out)]
    assert emails == (["", "a@example.org"] if name == "o.csv" else [None, "a@example.org"])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sealed.open("--reopen", "--format", "csv", name="p.json").status == 0
    assert (sealed.folder / "p.json").read_text("utf-8").startswith("uscc,name,")


def test_an_envelope_opens_once_unless_it_is_said(sealed: Desk) -> None:
    """A second opening is told, and leaves what the first one wrote."""
    assert sealed.open().status == 0
    first = (sealed.folder / "opened.json").read_bytes()
    assert sealed.open().code == "ENVELOPE_REPLAYED"
    assert sealed.open("--reopen").status == 0
    assert (sealed.folder / "opened.json").read_bytes() == first


def test_the_manifest_says_what_was_done(sealed: Desk) -> None:
    """Of the whole envelope, as it was sealed."""
    manifest = sealed.folder / "m.json"
    answer = sealed.open("--manifest", manifest, "--json")
    told = json.loads(manifest.read_bytes())
    assert (told["records"], told["purpose"], told["requester"]) == (2, PURPOSE, REQUESTER)
    assert all(field["treatment"] == {"op": "clear"} for field in told["fields"])
    assert answer.json["records"] == 2
    assert answer.json["sender"] == PROVIDER
    assert shared_of(read_receipt(answer.json["receipt"])).kind == "open"


def test_dropped_fields_leave_no_column(desk: Desk) -> None:
    """CSV has the fields that the manifest calls present."""
    assert desk.seal(desk.write([dict(ROW)], "r.json")).status == 0
    assert desk.open(name="o.csv").status == 0
    (row,) = _rows(desk.folder / "o.csv")
    assert "bank_card" not in row
    assert row["mobile"] == "138****8000"


def test_findings_are_told_as_totals(desk: Desk) -> None:
    """Over all parts of a stream; the values are hidden."""
    rows = [{**ROW, "resident_id": "110105194912310021", "name": f"张{n}"} for n in range(900)]
    rows[10] |= {"resident_id": ROW["resident_id"]}
    for more in ((), ("--stream",)):
        assert desk.seal(desk.write(rows, "r.json"), *more).status == 0
        answer = desk.open("--json")
        assert answer.json["findings"]["resident_id"] == 899
        assert "resident_id: 899 values of the wrong shape" in answer.err
        assert "110105194912310021" not in answer.out + answer.err


def test_an_opening_that_cannot_be_written_down_is_not_begun(sealed: Desk) -> None:
    """The envelope would be spent for nothing."""
    folder = sealed.folder
    open_ = ("open", "--node", sealed.requester, sealed.envelope, "--out")
    good = folder / "good.json"
    for arguments in (
        (folder,),
        (folder / "no" / "o.json",),
        ("/dev/full",),
        ("/dev/null",),
        (sealed.envelope,),
        (good, "--manifest", good),
        (good, "--manifest", folder / "no" / "m.json"),
        (good, "--manifest", folder),
        (good, "--manifest", sealed.envelope),
        (good, "--encoding", "utf-99"),
    ):
        assert call(*open_, *arguments).status == 2, arguments
        assert not good.exists()
    assert call(*open_, good).status == 0


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\n", b"{}", b"\x0a\x03abc", b"\0" * 9, b"\xff" * 99]
)
def test_what_is_no_envelope_is_told_so(desk: Desk, content: bytes) -> None:
    """By `open` and by `inspect`."""
    desk.envelope.write_bytes(content)
    codes = ("ENVELOPE_MALFORMED", "STREAM_BROKEN")
    assert desk.open().code in codes
    assert call("envelope", "inspect", desk.envelope).code in codes
    assert not (desk.folder / "opened.json").exists()


def test_an_envelope_larger_than_any_is_refused_in_little_memory(desk: Desk) -> None:
    """A file with holes, a hundred gigabytes long."""
    for first in (b"\n", b"\0"):
        with desk.envelope.open("wb") as file:
            file.write(first + b"\xff" * 20)
            file.truncate(100 * 1024**3)
        assert desk.open().code == "ENVELOPE_MALFORMED"
        assert call("envelope", "inspect", desk.envelope).code == "ENVELOPE_MALFORMED"


def test_an_envelope_that_cannot_be_read_is_wrong_use(desk: Desk) -> None:
    """Missing, or a folder."""
    for path in (desk.folder / "no.bin", desk.folder):
        out = desk.folder / "o.json"
        assert call("open", "--node", desk.requester, path, "--out", out).status == 2
        assert call("envelope", "inspect", path).status == 2


def test_inspect_shows_the_header_and_nothing_more(sealed: Desk) -> None:
    """No resource, purpose, grant, field or count; the exchange may belong to anybody."""
    (shown,) = done("envelope", "inspect", sealed.envelope, "--json").json
    assert set(shown) == HEADER
    assert (shown["sender"], shown["recipient"]) == (PROVIDER, REQUESTER)
    plain = done("envelope", "inspect", sealed.envelope).out
    grant = done("grant", "inspect", sealed.public, "--json").json["claims"]["jti"]
    for hidden in (PURPOSE, RESOURCE, "3070010020001", grant, "uscc", "慈善会", "G2", "records"):
        assert hidden not in plain
        assert hidden not in json.dumps(shown, ensure_ascii=False)
    # The sizes of one row and of two are the same.
    assert sealed.seal_public(sealed.write([dict(PUBLIC_ROW)], "one.json")).status == 0
    (one,) = done("envelope", "inspect", sealed.envelope, "--json").json
    assert one["payload_bytes"] == shown["payload_bytes"]


def test_what_was_sealed_in_clear_comes_out_typed(desk: Desk) -> None:
    """Numbers as numbers, decimals as text, so that no reader rounds them."""
    row = {"must": "x", "count": 2**63 - 1, "amount": "0.10", "flag": False, "blob": "AAE="}
    assert desk.seal_plain(desk.write([row], "r.json")).status == 0
    assert desk.opened() == [row]
