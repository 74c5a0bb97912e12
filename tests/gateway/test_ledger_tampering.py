"""Whatever is changed in a shard's file is found by `verify`, or nothing that is read changed.

Who holds the file and not the ledger key can do no more than this; what he can do as well, and
who finds that, stands in `test_ledger_tampering_found`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import LedgerInvalidError, LedgerUnavailableError
from gateway.ledger.notes import read_checkpoint
from gateway.stores.shards import list_shards
from tests.gateway.ledger_shards import an_entry, sqlite_ledger
from tests.gateway.tampering import (
    GROUP,
    SIZE,
    Content,
    change,
    column,
    content,
    shard_in,
    verify,
    write,
)

REFUSED = (LedgerInvalidError, LedgerUnavailableError)


class Written(NamedTuple):
    """A shard that nobody changed, what is read from it, and its log as it was before it closed."""

    path: Path
    data: bytes
    content: Content
    logged: bytes
    log: bytes

    def __repr__(self) -> str:
        return f"Written({self.path.name})"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write a shard once; tests change copies of it."""
    folder = tmp_path_factory.mktemp("written") / "ledger"
    write(folder, keep_log=True)
    path = shard_in(folder)
    logged, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    # Whoever opens and closes it last does away with the log.
    sqlite_ledger(folder).close()
    write(folder, SIZE, SIZE)
    change(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    verify(path)
    return Written(path, path.read_bytes(), content(path), logged, log)


@pytest.fixture
def shard(written: Written, tmp_path: Path) -> Path:
    """Copy the shard for a test."""
    path = tmp_path / written.path.name
    path.write_bytes(written.data)
    return path


class _Room(NamedTuple):
    path: Path

    def put(self, data: bytes, log: bytes | None = None) -> Path:
        """Put a shard's file there, and a log beside it or none."""
        for beside in ("-wal", "-shm"):
            Path(f"{self.path}{beside}").unlink(missing_ok=True)
        self.path.write_bytes(data)
        if log is not None:
            Path(f"{self.path}-wal").write_bytes(log)
        return self.path


@pytest.fixture(scope="module")
def room(written: Written) -> Iterator[_Room]:
    """Make room for one changed copy after the other."""
    with TemporaryDirectory() as folder:
        yield _Room(Path(folder) / written.path.name)


# --- Bytes of the file


def _found_or_unchanged(path: Path, written: Written) -> None:
    """Check that `verify` refuses a shard, or all is read from it that was.

    But for whom entries are about: who erased that, the keeper or a change, nobody can tell.
    """
    try:
        verify(path)
    except REFUSED:
        return
    read, before = content(path), written.content
    gone = [one for one in before.subjects if one not in read.subjects]
    assert read.subjects == [one for one in before.subjects if one not in gone]
    assert read.erased == len(gone)
    assert read._replace(subjects=before.subjects, erased=0) == before


spots = st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7))


def _flipped(data: bytes, *places: tuple[float, int]) -> bytes:
    changed = bytearray(data)
    for where, bit in places:
        changed[int(where * len(data))] ^= 1 << bit
    return bytes(changed)


@settings(max_examples=400)
@given(places=st.lists(spots, min_size=1, max_size=3))
def test_flipped_bits_are_found_or_change_nothing(
    written: Written, room: _Room, places: list[tuple[float, int]]
) -> None:
    """Anywhere in the file: its header, its pages' maps, its rows, the room between them."""
    path = room.put(_flipped(written.data, *places))
    _found_or_unchanged(path, written)


@settings(max_examples=100)
@given(where=st.floats(0, 1, exclude_max=True), fill=st.sampled_from([b"", b"\0", b"\xff", b"x"]))
def test_a_file_with_its_end_gone_is_found_or_reads_as_before(
    written: Written, room: _Room, where: float, fill: bytes
) -> None:
    """Cut off, or written over."""
    kept = written.data[: int(where * len(written.data))]
    path = room.put(kept + fill * (len(written.data) - len(kept)))
    _found_or_unchanged(path, written)


@settings(max_examples=100)
@given(
    pages=st.lists(st.integers(0, 10_000), min_size=2, max_size=2),
    swap=st.booleans(),
)
def test_pages_in_another_place_are_found_or_change_nothing(
    written: Written, room: _Room, pages: list[int], swap: bool
) -> None:
    """Two that changed places, or one of which there are two."""
    data, size = bytearray(written.data), 4096
    first, second = (page % (len(data) // size) * size for page in pages)
    one, other = bytes(data[first : first + size]), bytes(data[second : second + size])
    data[second : second + size] = one
    if swap:
        data[first : first + size] = other
    path = room.put(bytes(data))
    _found_or_unchanged(path, written)


@settings(max_examples=150)
@given(place=spots, where=st.floats(0, 1), cut=st.booleans())
def test_a_changed_log_is_found_or_ends_there(
    written: Written, room: _Room, place: tuple[float, int], where: float, cut: bool
) -> None:
    """SQLite takes what comes before the change: whole commits.

    `verify` alone cannot tell that from a shard that has no more; a receipt of what came
    after can.
    """
    log = written.log[: int(where * len(written.log))] if cut else _flipped(written.log, place)
    path = room.put(written.logged, log)
    try:
        verify(path)
        read = content(path)
    except REFUSED:
        return
    size = len(read.rows)
    assert size % GROUP == 0
    assert read.rows == written.content.rows[:size]
    assert read.subjects == [one for one in written.content.subjects if one[0] < size]
    known = read_checkpoint(written.content.notes[-1])
    if size < SIZE:
        with pytest.raises(LedgerInvalidError):
            verify(path, [known])


# --- Rows

numbers = st.integers(0, SIZE - 1)


# Numbers that no row has.
FAR = 10**6
_DELETE = {
    "entry": "DELETE FROM entry WHERE number",
    "subject": "DELETE FROM subject WHERE number",
}
_ALL = (
    "SELECT * FROM entry",
    "SELECT * FROM subject",
    "SELECT * FROM tile",
    "SELECT * FROM checkpoint",
    "SELECT * FROM meta",
)


def _moved(path: Path, table: str, by: int, begin: int, end: int = SIZE) -> None:
    """Give rows other numbers."""
    moved = f"UPDATE {table} SET number = number + ? WHERE number BETWEEN ? AND ?"  # noqa: S608 - a table of ours
    change(path, moved, FAR, begin, end - 1)
    change(path, moved, by - FAR, FAR + begin, FAR + end - 1)


def _swap(path: Path, one: int, other: int) -> None:
    for table in ("entry", "subject"):
        _moved(path, table, 2 * FAR, one, one + 1)
        _moved(path, table, one - other, other, other + 1)
        back = f"UPDATE {table} SET number = ? WHERE number = ?"  # noqa: S608 - a table of ours
        change(path, back, other, 2 * FAR + one)


def _drop(path: Path, one: int, _: int) -> None:
    change(path, "DELETE FROM entry WHERE number = ?", one)


def _drop_and_close_up(path: Path, one: int, _: int) -> None:
    for table in ("entry", "subject"):
        change(path, _DELETE[table] + " = ?", one)
        _moved(path, table, -1, one + 1)


def _duplicate(path: Path, one: int, other: int) -> None:
    change(path, "DELETE FROM entry WHERE number = ?", other)
    copied = "INSERT INTO entry SELECT ?, leaf, salt, private FROM entry WHERE number = ?"
    change(path, copied, other, one)


def _repeat_at_the_end(path: Path, one: int, other: int) -> None:
    _duplicate(path, one, SIZE + other)


def _insert(path: Path, one: int, _: int) -> None:
    for table in ("entry", "subject"):
        _moved(path, table, 1, one)
    _duplicate(path, 0 if one else 1, one)


def _cut(path: Path, one: int, _: int) -> None:
    for table in ("entry", "subject"):
        change(path, _DELETE[table] + " >= ?", one)


def _other_subjects(path: Path, one: int, other: int) -> None:
    change(
        path,
        "UPDATE subject SET number = ? WHERE number = ?",
        other if other % 3 else other + 1,
        one - one % 3,
    )


def _other_tile(path: Path, one: int, _: int) -> None:
    statement = "INSERT OR REPLACE INTO tile SELECT ?, zeroblob(8192)"
    change(path, statement, one % (SIZE // 256 + 1))


CHANGES = (
    _drop,
    _drop_and_close_up,
    _swap,
    _duplicate,
    _repeat_at_the_end,
    _insert,
    _cut,
    _other_subjects,
    _other_tile,
)


@pytest.mark.parametrize("how", CHANGES, ids=lambda how: how.__name__.strip("_"))
@settings(max_examples=8)
@given(one=numbers, other=numbers)
def test_changed_rows_are_found(
    written: Written,
    room: _Room,
    how: Callable[[Path, int, int], None],
    one: int,
    other: int,
) -> None:
    """Wherever in the shard; `verify` needs nothing but the directory for it."""
    path = room.put(written.data)
    before = _dump(path)
    how(path, one, other)
    if _dump(path) == before:
        # As one that changed places with itself.
        return
    with pytest.raises(LedgerInvalidError):
        verify(path)


def _dump(path: Path) -> list[tuple[object, ...]]:
    return [row for statement in _ALL for row in column(path, statement)]


def test_what_is_kept_of_nobody_is_found(shard: Path) -> None:
    """Subject digests of no entry, before the first and after the last."""
    for number in (-1, SIZE, 10**9):
        insert = "INSERT INTO subject SELECT ?, key_id, digests FROM subject WHERE number = 3"
        change(shard, insert, number)
        with pytest.raises(LedgerInvalidError, match="no entry has these subject digests"):
            verify(shard)
        change(shard, "DELETE FROM subject WHERE number = ?", number)
    verify(shard)


def test_an_older_checkpoint_in_the_newest_ones_place_is_found(
    written: Written, shard: Path
) -> None:
    """Receipts would be made against it."""
    ledger = sqlite_ledger(shard.parent)
    for number in range(3):
        ledger.append(an_entry(5000 + number))
    ledger.close()
    verify(shard)
    change(shard, "INSERT INTO checkpoint VALUES (?, ?, 1)", SIZE, written.content.notes[-1])
    verify(shard)
    change(shard, "UPDATE checkpoint SET size = ? WHERE size = ?", SIZE + 9, SIZE)
    with pytest.raises(LedgerInvalidError, match="another place"):
        verify(shard)


# --- What a writer does with it


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET leaf = replace(leaf, 'r/299', 'r/298') WHERE number = 299",
        "UPDATE entry SET leaf = 'text' WHERE number = 299",
        "UPDATE entry SET leaf = x'' WHERE number = 256",
        "DELETE FROM entry WHERE number = 298",
        "DELETE FROM entry WHERE number = 299",
        "UPDATE tile SET hashes = zeroblob(32) WHERE length(hashes) = 32",
        "UPDATE tile SET hashes = zeroblob(31) WHERE length(hashes) = 32",
        "UPDATE tile SET hashes = 'text' WHERE length(hashes) = 32",
        "DELETE FROM tile WHERE length(hashes) = 32",
        "UPDATE checkpoint SET note = x'ff'",
        "DELETE FROM checkpoint",
    ],
)
def test_a_writer_signs_for_nothing_that_was_changed(shard: Path, statement: str) -> None:
    """Else whoever has no key would have the node sign his change with its next entry."""
    assert change(shard, statement)
    ledger = sqlite_ledger(shard.parent)
    before = list(column(shard, "SELECT count(*), max(size) FROM entry, checkpoint"))
    for _ in range(2):
        with pytest.raises(LedgerUnavailableError):
            ledger.append(an_entry(1))
        with pytest.raises(LedgerUnavailableError):
            ledger.checkpoint()
    ledger.close()
    assert list(column(shard, "SELECT count(*), max(size) FROM entry, checkpoint")) == before
    with pytest.raises(REFUSED):
        verify(shard)


def test_a_writer_does_not_build_on_what_another_key_signed(shard: Path) -> None:
    """Though it is the root of what stands there: its entries go on in a shard of their own."""
    (newest,) = (note for (note,) in column(shard, "SELECT note FROM checkpoint"))
    assert isinstance(newest, str)
    forged = f"{newest[:-40]}{newest[-40:-10].swapcase()}{newest[-10:]}"
    assert change(shard, "UPDATE checkpoint SET note = ?", forged)
    before = shard.read_bytes()
    ledger = sqlite_ledger(shard.parent)
    assert ledger.append(an_entry(1)).index == 0
    ledger.close()
    assert shard.read_bytes() == before
    with pytest.raises(REFUSED):
        verify(shard)
    (fresh,) = (path for path in list_shards(shard.parent) if path != shard)
    verify(fresh)
