"""Quotas: many processes on one file never give more than was granted, whatever dies."""

import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import LedgerUnavailableError
from gateway.stores import grouped
from gateway.stores.state import SqliteState
from gateway.testing import MemoryCity, MemoryState
from tests.gateway.ledger_shards import entries_of
from tests.gateway.token_forge import shown
from tests.gateway.worker import Town, Worker, found_town

ROOT = Path(__file__).parents[2]
GRANT, DAY = "a-grant-of-rows", "2026-11-02"

# Reserve, in a process of its own, a number of times; tell each charge before the next.
RESERVING = """
import random, sys, time
from pathlib import Path
from gateway.stores.state import SqliteState
path, seed, times, limit, most, start = sys.argv[1:]
chance = random.Random(int(seed))
time.sleep(max(0.0, float(start) - time.time()))
store = SqliteState(Path(path))
for _ in range(int(times)):
    rows = chance.randint(1, int(most))
    used = store.reserve("a-grant-of-rows", "2026-11-02", rows, int(limit))
    print("charged" if used is None else "refused", rows, used, flush=True)
"""


def start(
    path: Path, seed: int, times: int, limit: int, most: int, at: float = 0
) -> "subprocess.Popen[str]":
    """Start a process that reserves."""
    arguments = [path, seed, times, limit, most, at]
    return subprocess.Popen(
        [sys.executable, "-c", RESERVING, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process: "subprocess.Popen[str]") -> list[tuple[str, int, str]]:
    """Return what a process told until its end: the outcome, the rows, the rows used."""
    out, failed = process.communicate(timeout=60)
    assert not failed
    lines = (line.split() for line in out.splitlines())
    return [(outcome, int(rows), used) for outcome, rows, used in lines]


def used(path: Path, grant: str = GRANT, day: str = DAY) -> int:
    """Read what is charged, past the store."""
    database = sqlite3.connect(path)
    try:
        rows = database.execute(
            "SELECT used FROM quota WHERE grant_id = ? AND day = ?", (grant, day)
        ).fetchall()
    finally:
        database.close()
    return rows[0][0] if rows else 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file for a store."""
    return tmp_path / "state.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteState]:
    """Open a store."""
    found = SqliteState(path)
    yield found
    found.close()


# --- one process -----------------------------------------------------------


@pytest.mark.parametrize(
    ("charges", "outcomes"),
    [
        ([5], [None]),
        ([10], [None]),
        ([11], [0]),
        ([10, 1], [None, 10]),
        ([6, 5, 4], [None, 6, None]),
        ([0], [None]),
        ([10, 0], [None, None]),
        ([11, 10], [0, None]),
        ([2**62], [0]),
    ],
)
def test_rows_are_charged_if_all_of_them_fit(
    store: SqliteState, charges: list[int], outcomes: list[int | None]
) -> None:
    """All or none; a refusal charges nothing and tells what was used."""
    assert [store.reserve(GRANT, DAY, rows, 10) for rows in charges] == outcomes


def test_each_grant_and_each_day_has_its_own_count(store: SqliteState, path: Path) -> None:
    """And a quota that was lowered meanwhile counts what was used under the old one."""
    assert store.reserve(GRANT, DAY, 10, 10) is None
    assert store.reserve(GRANT, "2026-11-03", 10, 10) is None
    assert store.reserve(GRANT.upper(), DAY, 10, 10) is None
    assert store.reserve(GRANT, DAY, 1, 5) == 10
    assert store.reserve(GRANT, DAY, 1, 11) is None
    assert used(path) == 11


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["2026-11-02", "2026-11-03"]),
        st.integers(0, 12),
        st.integers(1, 20),
    ),
    max_size=12,
)


@settings(max_examples=12)
@given(OPERATIONS)
def test_the_store_on_disk_is_the_one_in_memory(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, str, int, int]]
) -> None:
    """The fake that ships counts as the real one does."""
    disk = SqliteState(tmp_path_factory.mktemp("state") / "state.sqlite")
    memory = MemoryState()
    try:
        for operation in operations:
            assert disk.reserve(*operation) == memory.reserve(*operation)
    finally:
        disk.close()


def test_only_the_owner_may_read_the_files(store: SqliteState, path: Path) -> None:
    """The files that SQLite keeps beside it too, from the moment they are there."""
    store.reserve(GRANT, DAY, 1, 10)
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(files) == {path.name, f"{path.name}-wal", f"{path.name}-shm"}
    assert set(files.values()) == {0o600}


# --- a store that cannot be used --------------------------------------------


@pytest.mark.parametrize("kind", ["text", "zeros", "folder", "no folder", "another table"])
def test_an_unusable_file_releases_nothing(tmp_path: Path, kind: str) -> None:
    """Refused with a code, at once: not to know what was used is not to give more."""
    path = tmp_path / "state.sqlite"
    if kind == "folder":
        path.mkdir()
    elif kind == "no folder":
        path = tmp_path / "missing" / "state.sqlite"
    elif kind == "another table":
        database = sqlite3.connect(path)
        database.execute("CREATE TABLE quota (marked_secret TEXT)")
        database.close()
    else:
        path.write_bytes(b"marked secret, no database\n" * 200 if kind == "text" else b"\1" * 4096)
    begun = time.monotonic()
    with pytest.raises(LedgerUnavailableError) as caught:
        SqliteState(path).reserve(GRANT, DAY, 1, 10)
    assert time.monotonic() - begun < 2
    assert "marked" not in shown(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_store_that_others_hold_is_waited_for_and_then_given_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same code; nothing is charged then."""
    monkeypatch.setattr(grouped, "BUSY_SECONDS", 0.2)
    store = SqliteState(path)
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(LedgerUnavailableError):
            store.reserve(GRANT, DAY, 1, 10)
        assert 0.1 < time.monotonic() - begun < 5
        other.execute("ROLLBACK")
        assert store.reserve(GRANT, DAY, 1, 10) is None
    finally:
        other.close()
        store.close()


class Unavailable:
    """A QuotaStore that cannot tell."""

    def reserve(self, grant: str, day: str, rows: int, limit: int) -> int | None:
        """Raise."""
        raise LedgerUnavailableError


def test_nothing_is_sealed_where_no_quota_can_be_charged() -> None:
    """Closed, not open."""
    city = MemoryCity()
    city.provider.state = Unavailable()  # type: ignore[assignment]
    city.provider.wire(city.provider.snapshots)
    with pytest.raises(LedgerUnavailableError):
        city.provider.seal(city.request(grant=city.grant({"rows_per_day": 10})))
    assert all(entry.shared.outcome != "ok" for entry in city.provider.ledger.entries)


# --- many processes ----------------------------------------------------------


@pytest.mark.parametrize("most", [1, 7])
def test_many_processes_charge_no_more_than_the_limit(path: Path, most: int) -> None:
    """The sum of what was charged is what stands in the file, and fills the limit."""
    limit, at = 150, time.time() + 0.3
    processes = [start(path, seed, 100, limit, most, at) for seed in range(4)]
    answers = [told(process) for process in processes]
    charged = sum(rows for one in answers for outcome, rows, _ in one if outcome == "charged")
    assert charged == used(path) <= limit
    assert charged > limit - most
    for outcome, rows, before in (answer for one in answers for answer in one):
        assert outcome == "charged" or rows + int(before) > limit


def test_many_processes_open_a_new_file_at_once(tmp_path: Path) -> None:
    """None is told that the file is locked, and none gets a file of its own."""
    for attempt in range(2):
        path, at = tmp_path / f"{attempt}.sqlite", time.time() + 0.4
        processes = [start(path, seed, 2, 1000, 1, at) for seed in range(6)]
        answers = [told(process) for process in processes]
        assert [outcome for one in answers for outcome, _, _ in one] == ["charged"] * 12
        assert used(path) == 12


def test_a_killed_process_leaves_its_charges(path: Path) -> None:
    """Each that it told of, and none in part; what it left is all that others get."""
    limit, most = 100_000, 9
    process = start(path, 1, 100_000, limit, most)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(40)]
    process.send_signal(signal.SIGKILL)
    lines += process.communicate(timeout=60)[0].splitlines()
    whole = [line.split() for line in lines if line.endswith(("None", "None\n"))]
    charged = sum(int(rows) for _, rows, _ in whole)
    assert charged <= used(path) <= charged + most
    left = limit - used(path)
    store = SqliteState(path)
    assert store.reserve(GRANT, DAY, left + 1, limit) == used(path)
    assert store.reserve(GRANT, DAY, left, limit) is None
    assert store.reserve(GRANT, DAY, 1, limit) == limit
    store.close()


def test_a_process_killed_right_behind_a_reserve_keeps_the_charge(path: Path) -> None:
    """Before it sealed anything: the charge stays, since nobody knows what has left."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from gateway.stores.state import SqliteState\n"
        f"SqliteState(Path(sys.argv[1])).reserve({GRANT!r}, {DAY!r}, 7, 10)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    store = SqliteState(path)
    assert store.reserve(GRANT, DAY, 4, 10) == 7
    assert store.reserve(GRANT, DAY, 3, 10) is None
    store.close()


# --- nodes -------------------------------------------------------------------


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found a town with a grant of twenty rows a day."""
    return found_town(tmp_path_factory.mktemp("town"), rows_per_day=20)


def test_the_processes_of_a_node_share_the_quota(town: Town, tmp_path: Path) -> None:
    """Together they seal what one could, and each envelope is charged."""
    records = MemoryCity().records(3)
    file = tmp_path / "request.json"
    file.write_bytes(msgspec.json.encode(town.request(records)))
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(town.place("provider"))) for _ in range(3)]
        for _ in range(4):
            for worker in workers:
                worker.tell(f"seal {file}")
        answers = [worker.hear() for worker in workers for _ in range(4)]
    assert sorted(answers) == ["QUOTA_EXCEEDED"] * 6 + ["ok 3"] * 6
    entries = entries_of(town.place("provider"), "seal")
    outcomes = [entry["shared"]["outcome"] for entry in entries]
    assert sorted(outcomes) == ["QUOTA_EXCEEDED"] * 6 + ["ok"] * 6
