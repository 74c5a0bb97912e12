"""What is exported is a log after C2SP tlog-tiles: read here by the rules of that layout alone."""

import base64
import hashlib
import sqlite3
import struct
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gateway.errors import LedgerInvalidError
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shard_export import export
from gateway.stores.shard_keeping import archive, forget
from gateway.stores.shards import ShardReader, list_shards, shard_of
from tests.gateway.kept_ledgers import NEW, an_entry, filled, ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def _exported(folder: Path, out: Path) -> Path:
    (path,) = list_shards(folder)
    with ShardReader(path) as shard:
        assert export(shard, out) == (shard.name, shard.size())
        return out / shard.name


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _above(row: Sequence[bytes]) -> list[bytes]:
    pairs = [row[at : at + 2] for at in range(0, len(row), 2)]
    return [_hash(b"\1" + pair[0] + pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]


def _root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = _above(hashes)
    return hashes[0]


def _number(number: int) -> str:
    digits = f"{number:03}" if number < 1000 else f"{number:06}"
    return "/".join(["x" + digits[:3]] * (len(digits) > 3) + [digits[-3:]])


def _tile_files(folder: Path, kind: str, count: int) -> list[bytes]:
    """Read the files of a level, of which there are `count` hashes or leaves."""
    files = []
    for number in range(-(-count // 256)):
        width = min(256, count - 256 * number)
        suffix = "" if width == 256 else f".p/{width}"
        files.append((folder / "tile" / kind / (_number(number) + suffix)).read_bytes())
    return files


def _read(folder: Path) -> list[bytes]:
    """Return the leaves of an exported log, of which every tile is right and in its place."""
    origin, size, root = (folder / "checkpoint").read_text("utf-8").split("\n")[:3]
    assert origin.endswith(folder.name)
    leaves = []
    for bundle in _tile_files(folder, "entries", int(size)):
        while bundle:
            (length,) = struct.unpack(">H", bundle[:2])
            leaves.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
    assert len(leaves) == int(size)
    hashes = [_hash(b"\0" + leaf) for leaf in leaves]
    assert base64.b64decode(root) == _root(hashes)
    level, files = 0, 0
    while hashes:
        tiles = _tile_files(folder, str(level), len(hashes))
        assert b"".join(tiles) == b"".join(hashes)
        files += len(tiles)
        # A tile of the level above holds the roots of the full ones of this.
        full = len(hashes) // 256 * 256
        hashes = [_root(hashes[at : at + 256]) for at in range(0, full, 256)]
        level += 1
    bundles = -(-len(leaves) // 256)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == files + bundles + 1
    return leaves


@pytest.mark.parametrize("count", [1, 255, 256, 257, 1000])
def test_any_verifier_can_read_it(folder: Path, out: Path, count: int) -> None:
    """Leaves, tiles, and a checkpoint whose root they lead to; no other file."""
    receipts = filled(folder, count)
    assert _read(_exported(folder, out)) == [one.leaf for one in receipts]


def _grow(kept: SqliteLedger, count: int) -> None:
    with kept.together():
        for number in range(count):
            kept.append(an_entry(number, number))


def test_a_second_export_brings_it_up_to_date(folder: Path, out: Path) -> None:
    """From any size to any other; what is no longer named is gone."""
    kept, size = ledger(folder), 0
    for added in (1, 0, 254, 1, 1, 300, 0, 699, 70_000 - 65_536):
        if added:
            _grow(kept, added)
        size += added
        assert len(_read(_exported(folder, out))) == size


def test_it_holds_no_private_part_and_nobody(folder: Path, out: Path) -> None:
    """Only hashes of these; an archived shard whose subjects are erased exports the same."""
    filled(folder, 300, old=100)
    exported = _exported(folder, out)
    before = {path: path.read_bytes() for path in exported.rglob("*") if path.is_file()}
    data = b"".join(before.values())
    assert b'"records":299' in data
    assert b"caller" not in data
    assert b"DIGEST" not in data
    list(forget(folder, NEW, 5))
    archive(folder, shard_of(list_shards(folder)[0]) or "", 5)
    _exported(folder, out)
    again = _exported(folder, out.with_name("again"))
    for path, content in before.items():
        assert path.read_bytes() == content
        assert (again / path.relative_to(exported)).read_bytes() == content


def test_what_was_exported_of_another_story_stays(folder: Path, out: Path) -> None:
    """A ledger that was rolled back, or an alien folder, is told of and not written over."""
    filled(folder, 3)
    exported = _exported(folder, out)
    checkpoint = exported / "checkpoint"
    whole = checkpoint.read_text("utf-8")
    origin, _, root = whole.split("\n")[:3]
    for wrong in (
        whole.replace(f"{origin}\n3", f"{origin}\n4", 1),
        whole.replace(root, base64.b64encode(bytes(32)).decode(), 1),
        whole.replace(origin, origin[:-1] + "x", 1),
        "",
    ):
        checkpoint.write_text(wrong, "utf-8")
        with pytest.raises(LedgerInvalidError, match="exported"):
            _exported(folder, out)
        assert checkpoint.read_text("utf-8") == wrong
    checkpoint.unlink()
    with pytest.raises(LedgerInvalidError, match="exported"):
        _exported(folder, out)


def test_a_folder_appears_whole_or_not_at_all(folder: Path, out: Path) -> None:
    """Where a tile is missing in the shard, there is nothing half."""
    filled(folder, 300)
    (path,) = list_shards(folder)
    with closing(sqlite3.connect(path)) as database, database:
        assert database.execute("DELETE FROM tile WHERE length(hashes) = 32").rowcount
    with pytest.raises(LedgerInvalidError):
        _exported(folder, out)
    assert [*out.iterdir()] == []
