"""The store of repeated requests: durable or nothing, and closed to others."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from gateway.errors import LedgerUnavailableError, RequestRepeatedError
from gateway.repeats import (
    Answered,
    Fresh,
)
from gateway.stores.grouped import LOG_BYTES
from gateway.stores.repeats import PAGE_BYTES, SqliteRepeats
from gateway.testing import START_MS as NOW
from tests.gateway.marks import Marks, Net
from tests.gateway.repeating import MARK, METHOD, Desk, keep, key, read, request_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file for a store."""
    return tmp_path / "repeats.sqlite"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Open a store of its own for each test."""
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_a_group_is_there_whole_or_not_at_all(desk: Desk) -> None:
    """An error within, of whatever kind, takes all of it back; before the end nobody sees any."""

    def fail() -> None:
        with desk.store.together():
            for number in range(3):
                desk.repeats.begin(desk.ask(number), NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert read(desk.path, "SELECT count(*) FROM repeat") == [(0,)]
    with desk.store.together(), desk.store.together():
        fresh = [desk.repeats.begin(desk.ask(number), NOW) for number in range(3)]
        assert read(desk.path, "SELECT count(*) FROM repeat") == [(0,)]
    assert all(isinstance(each, Fresh) for each in fresh)
    assert read(desk.path, "SELECT count(*) FROM repeat") == [(3,)]


def test_a_refusal_within_a_group_harms_nobody_else(desk: Desk) -> None:
    """Caught where it came, the rest of the group is kept."""
    with desk.store.together():
        first = desk.repeats.begin(desk.ask(), NOW)
        with pytest.raises(RequestRepeatedError):
            desk.repeats.begin(desk.ask(content=b"other"), NOW)
        second = desk.repeats.begin(desk.ask(2), NOW)
    assert isinstance(first, Fresh)
    assert isinstance(second, Fresh)
    assert read(desk.path, "SELECT count(*) FROM repeat") == [(2,)]


def test_threads_share_a_store(desk: Desk) -> None:
    """Of many that ask at once one works, and one group at a time is open."""
    told: list[object] = []
    barrier = threading.Barrier(6)

    def ask() -> None:
        barrier.wait()
        with desk.store.together():
            found = desk.store.reserve(key(1), MARK, NOW)
            told.append(found)
            for number in range(2, 5):
                desk.store.reserve(key(number), MARK, NOW)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(each, int) for each in told) == 1
    assert len(told) == 6


def test_a_full_disk_refuses_and_hands_out_nothing(desk: Desk) -> None:
    """The answer is not told as kept; once there is room it is."""
    fresh = desk.repeats.begin(desk.ask(), NOW)
    assert isinstance(fresh, Fresh)
    database = desk.store._database
    ((pages,),) = database.run("PRAGMA page_count")
    database.run(f"PRAGMA max_page_count = {pages + 2}")
    for _ in range(2):
        with pytest.raises(LedgerUnavailableError):
            desk.repeats.finish(fresh, os.urandom(100_000), NOW)
    database.run(f"PRAGMA max_page_count = {pages + 1000}")
    assert desk.repeats.finish(fresh, b"sealed", NOW) == b"sealed"
    assert desk.repeats.begin(desk.ask(), NOW) == Answered(b"sealed")


def test_a_group_that_met_a_full_disk_is_lost_whole(desk: Desk) -> None:
    """Though the error was caught: what seemed done before it is not, and says so."""
    fresh = desk.repeats.begin(desk.ask(), NOW)
    assert isinstance(fresh, Fresh)
    database = desk.store._database
    ((pages,),) = database.run("PRAGMA page_count")
    database.run(f"PRAGMA max_page_count = {pages + 2}")

    def catch_all() -> None:
        with desk.store.together():
            assert isinstance(desk.repeats.begin(desk.ask(2), NOW), Fresh)
            with pytest.raises(LedgerUnavailableError):
                desk.repeats.finish(fresh, os.urandom(100_000), NOW)
            with pytest.raises(LedgerUnavailableError):
                desk.repeats.begin(desk.ask(3), NOW)

    with pytest.raises(LedgerUnavailableError):
        catch_all()
    assert read(desk.path, "SELECT count(*) FROM repeat") == [(1,)]
    database.run(f"PRAGMA max_page_count = {pages + 1000}")
    assert desk.repeats.finish(fresh, b"sealed", NOW) == b"sealed"


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0" + b"x" * 5000]
)
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    """And left as it is."""
    path.write_bytes(content)
    with pytest.raises(LedgerUnavailableError):
        SqliteRepeats(path)
    assert path.read_bytes() == content


def test_a_damaged_file_answers_nothing(path: Path) -> None:
    """Every page but the first overwritten: no request is told to be new."""
    store = SqliteRepeats(path)
    for number in range(20):
        keep(store, key(number), os.urandom(3000))
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[:PAGE_BYTES] + Random(5).randbytes(len(data) - PAGE_BYTES))
    with pytest.raises(LedgerUnavailableError):
        SqliteRepeats(path).reserve(key(1), MARK, NOW)


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """A folder in its place, a folder that is not there, a store that was closed."""
    (tmp_path / "folder.sqlite").mkdir()
    for path in (tmp_path / "folder.sqlite", tmp_path / "missing" / "repeats.sqlite"):
        with pytest.raises(LedgerUnavailableError):
            SqliteRepeats(path)
    store = SqliteRepeats(tmp_path / "repeats.sqlite")
    store.close()
    for use in (lambda: store.find(key(1)), lambda: store.reserve(key(1), MARK, NOW)):
        with pytest.raises(LedgerUnavailableError):
            use()


def test_only_its_owner_may_read_it(path: Path) -> None:
    """Nor the files beside it."""
    store = SqliteRepeats(path)
    keep(store, key(1), b"answer")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    store.close()
    assert set(modes) == {path.name, f"{path.name}-wal", f"{path.name}-shm", "repeats.lock"}
    assert set(modes.values()) == {0o600}


def test_nothing_handed_in_is_in_the_files(tmp_path: Path) -> None:
    """Neither while they are open nor after, however it is spelled."""
    marks = Marks(record="王秀英140105196210031157", token="eyJhbGciOiJFZERTQSJ9.marked.token")
    parts = [part for spelled in marks.spelled.values() for part in sorted(spelled)]
    desk, net = Desk(tmp_path), Net()
    for number, part in enumerate(parts):
        asked = desk.repeats.ask("caller", METHOD, request_id(number), (part, b"rest"), NOW)
        net.take(asked)
        fresh = desk.repeats.begin(asked, NOW)
        assert isinstance(fresh, Fresh)
        net.take(fresh, desk.store.find(asked.key))
        desk.repeats.finish(fresh, b"sealed %d" % number, NOW)
        assert asked.content not in desk.path.with_suffix(".sqlite-wal").read_bytes()
    net.take_folder(tmp_path)
    desk.store.close()
    assert net.take_folder(tmp_path) == 2
    assert marks.found_in(net.caught) == set()


def test_the_log_is_cut_back(desk: Desk) -> None:
    """After a group of many large answers, and every change is synced."""
    log = desk.path.with_suffix(".sqlite-wal")
    with desk.store.together():
        for number in range(20):
            keep(desk.store, key(number), bytes(1_000_000))
    assert log.stat().st_size > LOG_BYTES
    # The first writes it over, once all of it is in the file.
    desk.store._database.run("PRAGMA wal_checkpoint(FULL)")
    keep(desk.store, key(20), b"answer")
    assert log.stat().st_size <= LOG_BYTES
    assert desk.store._database.run("PRAGMA synchronous") == [(2,)]
