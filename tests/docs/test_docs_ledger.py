"""The page on the ledger is enough to verify one, and says what the code does.

The reader of `ledger_reader` is written from the page; the vectors are ours.
"""

import base64
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docs.reference.ledger_vectors import cases
from docs.reference.ledger_vectors.model import LedgerFile
from gateway.envelope import manifest
from gateway.ledger import entries, notes, receipts, verifying, witnesses
from gateway.ledger.origins import shard_name, worker_writer
from gateway.model.call import PrivatePart, SharedPart
from gateway.stores.shard_export import export
from gateway.stores.shard_file import CHECKPOINT_ENTRIES, SCHEMA
from gateway.stores.shards import ShardReader, list_shards
from gateway.subjects import LABEL, SUBJECT_KINDS
from tests.docs import ledger_reader
from tests.docs.ledger_reader import (
    VECTORS,
    NotHeldError,
    bundled,
    check_receipt,
    cosigned_at,
    key_hash,
    leaf_hash,
    private_hash,
    read_leaf,
    read_note,
    root,
    root_by_path,
    roots_by_consistency,
    spelled,
    subject_digest,
    subjects_hash,
    tile_name,
    verified,
)
from tests.docs.naming import missing
from tests.docs.tables import ROOT, bare, both_languages, names, page, tables
from tests.gateway.ledger_shards import KEY, an_entry, sqlite_ledger

TEXT = page("reference/ledger.md")
LEAVES = [entry["leaf"].encode() for entry in VECTORS["entries"]]
DIRECTORY = {key["department"]: base64.b64decode(key["public"]) for key in VECTORS["keys"]}
HASHES = [leaf_hash(str(number).encode()) for number in range(1000)]
ROOTS = {tree["size"]: bytes.fromhex(tree["root"]) for tree in VECTORS["trees"]}
LIMITS = {
    "note, bytes": notes.MAX_NOTE_BYTES,
    "signatures of a note": notes.MAX_NOTE_SIGNATURES,
    "receipt, characters": receipts.MAX_RECEIPT_CHARACTERS,
    "hashes of a path": receipts.MAX_PATH,
    "proof of consistency, bytes": witnesses.MAX_PROOF_BYTES,
    "cosignature ahead, seconds": witnesses.MAX_AHEAD_SECONDS,
    "checkpoint in a manifest, characters": manifest.MAX_CHECKPOINT,
    "ids and operators of a manifest's fields, characters": manifest.MAX_NAMED,
    "refusals of strangers counted as one entry": entries.MAX_COUNTED,
    "for so long, ms": entries.MAX_COUNTED_MS,
    "entries out of order in time, ms": verifying.CLOCK_TOLERANCE_MS,
}


def _section(number: int) -> str:
    (found,) = re.findall(rf"^## {number}\. .*?$(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    return str(found)


def _path(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(one) for one in vector["path"]]


@pytest.mark.parametrize("entry", VECTORS["entries"], ids=lambda entry: entry["name"])
def test_an_entry_is_hashed_as_the_page_says(entry: dict[str, Any]) -> None:
    """Private part, subjects and leaf, in the one spelling."""
    leaf = entry["leaf"].encode()
    found, private = read_leaf(leaf), msgspec.json.decode(entry["private"])
    assert leaf_hash(leaf).hex() == entry["leaf_hash"]
    assert spelled(private) == entry["private"]
    ledger_reader.in_order(private, ledger_reader.PRIVATE, 1)
    hashed = private_hash(bytes.fromhex(entry["salt"]), entry["private"].encode()).hex()
    assert hashed == entry["private_hash"] == found["private"]
    about = entry.get("subjects")
    assert ("subjects" in found) is (about is not None)
    if about is not None:
        digests = [bytes.fromhex(one) for one in about["digests"]]
        assert digests == sorted(set(digests))
        told = subjects_hash(about["key_id"], digests).hex()
        assert told == entry["subjects_hash"] == found["subjects"]


def test_digests_of_subjects_are_made_as_the_page_says() -> None:
    """The canonical form of an identity number ends in a capital X."""
    key = VECTORS["pseudonym_key"]
    for one in key["digests"]:
        value = one["value"].upper()
        made = subject_digest(bytes.fromhex(key["private"]), one["kind"], value)
        assert made.hex() == one["digest"]
    (about,) = [entry["subjects"] for entry in VECTORS["entries"] if "subjects" in entry]
    assert about["digests"] == sorted({one["digest"] for one in key["digests"]})
    assert about["key_id"] == key["key_id"]


def test_trees_and_paths_are_those_of_the_page() -> None:
    """Roots by the definition; paths lead to them, consistency from one to the other."""
    assert {size: root(HASHES[:size]) for size in ROOTS} == ROOTS
    for one in VECTORS["inclusion"]:
        leaf = HASHES[one["index"]]
        assert root_by_path(leaf, one["index"], one["size"], _path(one)) == root(
            HASHES[: one["size"]]
        )
    for one in VECTORS["consistency"]:
        old, new = root(HASHES[: one["old"]]), root(HASHES[: one["new"]])
        if one["old"] == one["new"]:
            assert one["path"] == []
        else:
            assert roots_by_consistency(one["old"], one["new"], old, _path(one)) == (old, new)


def test_checkpoints_are_signed_as_the_page_says() -> None:
    """Text, root over the entries, key hash and signature; and a witness's."""
    own, witness = VECTORS["keys"]
    public = DIRECTORY[own["department"]]
    for one in VECTORS["checkpoints"]:
        note = read_note(one["note"])
        assert (note.text, note.origin, note.size) == (one["body"], VECTORS["origin"], one["size"])
        assert note.root == root([leaf_hash(leaf) for leaf in LEAVES[: note.size]])
        ((name, hashed, signature),) = note.lines
        assert (name, hashed) == (note.origin, key_hash(name, 1, public))
        assert (name, hashed.hex()) == (own["note_name"], own["note_hash"])
        assert verified(public, signature, note.text.encode())
    told, theirs = VECTORS["cosigned"], DIRECTORY[witness["department"]]
    note = read_note(told["note"])
    assert cosigned_at(note, witness["note_name"], theirs) == told["time"]
    assert told["note"] == VECTORS["checkpoints"][-1]["note"] + told["line"]
    assert told["message"] == f"cosignature/v1\ntime {told['time']}\n{note.text}"
    assert key_hash(witness["note_name"], 4, theirs).hex() == witness["cosignature_hash"]


@pytest.mark.parametrize("one", VECTORS["receipts"], ids=lambda one: one["name"])
def test_receipts_of_the_vectors_hold(one: dict[str, Any]) -> None:
    """By a verifier that was written from the page."""
    leaf, index, size = check_receipt(one["receipt"], DIRECTORY)
    assert (index, size) == (one["index"], one["size"])
    assert spelled(leaf).encode() == LEAVES[index]


@pytest.mark.parametrize("one", VECTORS["refused"], ids=lambda one: one["name"])
def test_receipts_that_do_not_hold_are_refused(one: dict[str, Any]) -> None:
    """By that verifier, and by ours with the code told."""
    with pytest.raises(NotHeldError):
        check_receipt(one["receipt"], DIRECTORY)
    file = msgspec.json.decode(ledger_reader.FILE.read_bytes(), type=LedgerFile)
    assert cases.outcome(file, one["receipt"]) == one["code"]
    assert one["code"] in _section(10)


def test_a_real_ledger_is_read_as_the_page_says(tmp_path: Path) -> None:
    """Its export, tile by tile, and its receipts; with keys from a directory alone."""
    ledger = sqlite_ledger(tmp_path / "ledger")
    with ledger.together():
        made = [ledger.append(an_entry(number, f"资源 {number}")) for number in range(300)]
    (path,) = list_shards(tmp_path / "ledger")
    with ShardReader(path) as shard:
        export(shard, tmp_path / "out")
        folder = tmp_path / "out" / shard.name
    note = read_note((folder / "checkpoint").read_text("utf-8"))
    assert KEY.public is not None
    directory = {note.origin.split("/")[1]: KEY.public}
    for receipt in (made[0], made[299]):
        text = receipts.receipt_text(receipt)
        assert check_receipt(text, directory)[1:] == (receipt.index, 300)
    first = (folder / tile_name("entries", 0, 256)).read_bytes()
    last = (folder / tile_name("entries", 1, 44)).read_bytes()
    leaves = bundled(first) + bundled(last)
    assert root([leaf_hash(leaf) for leaf in leaves]) == note.root
    tiles = [(0, 0, 256, leaves[:256]), (0, 1, 44, leaves[256:])]
    for level, number, width, held in tiles:
        data = (folder / tile_name(level, number, width)).read_bytes()
        assert data == b"".join(map(leaf_hash, held))
    top = (folder / tile_name(1, 0, 1)).read_bytes()
    assert top == root([leaf_hash(leaf) for leaf in leaves[:256]])


def test_tiles_are_named_as_the_page_says() -> None:
    """In the vectors, and their bundle holds the leaves."""
    for one in VECTORS["tiles"]:
        number, width = one["number"], one["width"]
        assert one["path"] == tile_name(one["level"], number, width)
        bundle = tile_name("entries", number, width) if one["level"] == 0 else None
        assert one["entries"] == bundle
    assert bundled(bytes.fromhex(VECTORS["bundle"])) == LEAVES


def test_the_page_lists_the_members_of_the_code() -> None:
    """In their order, both parts and the leaf; the reader knows no other."""
    leaf, shared = tables(_section(2))
    (private,) = tables(_section(4))
    assert tuple(bare(row[0]) for row in leaf) == entries.Leaf.__struct_fields__
    assert tuple(bare(row[0]) for row in shared) == SharedPart.__struct_fields__
    assert tuple(bare(row[0]) for row in private) == PrivatePart.__struct_fields__
    assert entries.Leaf.__struct_fields__ == ledger_reader.LEAF
    assert SharedPart.__struct_fields__ == ledger_reader.SHARED
    assert PrivatePart.__struct_fields__ == ledger_reader.PRIVATE


def test_the_page_gives_the_limits_of_the_code() -> None:
    """All of them, and no other."""
    rows = tables(_section(13))[-1]
    assert {row[0]: int(row[1].replace(",", "")) for row in rows} == LIMITS


def test_the_page_spells_the_labels_of_the_code() -> None:
    """Exact ASCII; and the kinds of those whom entries are about."""
    text = (ROOT / "docs" / "reference" / "ledger.md").read_text("utf-8")
    for label in (entries.PRIVATE_LABEL, entries.SUBJECTS_LABEL, LABEL, b"sealgate/v1/pseudonym"):
        assert f'"{label.decode()}"' in text
    listed = re.search(r"`kind` is one of (.*?), and", text)
    assert listed is not None
    assert tuple(names(listed[1])) == SUBJECT_KINDS
    assert f"each {CHECKPOINT_ENTRIES:,} entries" in text


def test_the_page_names_shards_as_the_code_does() -> None:
    """Those of the vectors, and of a worker."""
    assert ledger_reader.ORIGIN.fullmatch(VECTORS["origin"])
    made = shard_name(worker_writer(12), 1_793_577_600_000, b"abcd")
    other = VECTORS["origin"].replace(VECTORS["shard"], made)
    assert ledger_reader.ORIGIN.fullmatch(other)
    assert made == f"worker-12-{1_793_577_600_000:012x}-61626364"
    assert VECTORS["origin"].endswith(f"/{VECTORS['node']}/{VECTORS['shard']}")


def test_the_page_lists_the_tables_of_the_code() -> None:
    """Each with its columns, in order."""
    (rows,) = tables(_section(11))
    made = re.findall(r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\n\)", SCHEMA, re.S)
    columns = {name: re.findall(r"(?:^\s*|, )(\w+) [A-Z]", body) for name, body in made}
    assert {bare(row[0]): names(row[1]) for row in rows} == columns


def test_what_is_found_is_shown_by_tests_that_are_there() -> None:
    """Each tampering by words that are explained, in both languages."""
    words, rows = tables(_section(13))[:2]
    explained = {bare(row[0]) for row in words}
    for tampering, found, tests in rows:
        assert both_languages(tampering)
        assert names(found)
        assert set(names(found)) <= explained
        assert names(tests)
        assert missing(names(tests)) == []
    assert {name for row in rows for name in names(row[1])} == explained
