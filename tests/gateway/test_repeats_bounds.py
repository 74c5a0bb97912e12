"""The store of repeated requests stays within its bounds, and no caller pushes out another."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import LimitExceededError
from gateway.repeats import MAX_CALL_SECONDS, MAX_REPEAT_HOURS, Full, RepeatKey
from gateway.stores import repeats as module
from gateway.stores.grouped import LOG_BYTES
from gateway.stores.repeats import PAGE_BYTES, SWEEP_ROWS, Bounds, SqliteRepeats
from gateway.testing import START_MS as NOW
from tests.gateway.repeating import HOUR, MARK, SECOND, Desk, keep, key, read

CALL = MAX_CALL_SECONDS * SECOND
WINDOW = MAX_REPEAT_HOURS * HOUR


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a file for a store."""
    return tmp_path / "repeats.sqlite"


def kept(store: SqliteRepeats, caller: str, numbers: range) -> list[int]:
    """Return which of a caller's requests are there."""
    return [number for number in numbers if store.find(key(number, caller)) is not None]


def test_ten_thousand_answers_do_not_grow_the_file(path: Path) -> None:
    """It stays about as large as the bound on answers; so does the log beside it."""
    bounds = Bounds(rows=1000, size=2_000_000, caller_rows=900, caller_size=1_500_000)
    store = SqliteRepeats(path, bounds=bounds)
    chance = Random(3)
    for first in range(0, 10_000, 250):
        with store.together():
            for number in range(first, first + 250):
                caller = "abc"[number % 3]
                keep(store, key(number, caller), bytes(chance.randrange(9000)))
    ((held, size),) = read(path, "SELECT sum(held), sum(size) FROM share")
    assert read(path, "SELECT count(*), sum(size) FROM repeat") == [(held, size)]
    assert bounds.size - 3 * PAGE_BYTES <= size <= bounds.size
    assert path.stat().st_size <= 1.3 * bounds.size + bounds.rows * 600
    assert path.with_suffix(".sqlite-wal").stat().st_size <= LOG_BYTES
    store.close()


def test_a_greedy_caller_pushes_out_its_own(path: Path) -> None:
    """Up to its share, and the oldest first; another's few stay."""
    bounds = Bounds(rows=30, caller_rows=20, size=1_000_000, caller_size=5 * PAGE_BYTES)
    store = SqliteRepeats(path, bounds=bounds)
    for number in range(8):
        keep(store, key(number, "modest"), b"")
    for number in range(100):
        keep(store, key(number, "greedy"), b"")
    assert kept(store, "greedy", range(100)) == list(range(80, 100))
    for number in range(100, 112):
        keep(store, key(number, "greedy"), b"x")
    # Bytes push out answers, not rows without one.
    assert kept(store, "greedy", range(80, 112)) == [*range(86, 100), *range(107, 112)]
    for number in range(100):
        keep(store, key(number, "third"), b"")
    assert kept(store, "modest", range(8)) == list(range(8))
    assert read(path, "SELECT sum(held) FROM share") == [(30,)]
    store.close()


def test_whoever_has_most_makes_room(path: Path) -> None:
    """Most rows where these are too many, most bytes where those are."""
    bounds = Bounds(rows=12, size=12 * PAGE_BYTES, caller_rows=12, caller_size=12 * PAGE_BYTES)
    store = SqliteRepeats(path, bounds=bounds)
    for number in range(3):
        keep(store, key(number, "large"), bytes(3 * PAGE_BYTES))
    for number in range(8):
        keep(store, key(number, "many"), b"")
    keep(store, key(1, "third"), b"")
    keep(store, key(2, "third"), b"")
    assert kept(store, "many", range(8)) == list(range(1, 8))
    assert kept(store, "large", range(3)) == [0, 1, 2]
    keep(store, key(3, "third"), bytes(4 * PAGE_BYTES))
    assert kept(store, "many", range(8)) == list(range(2, 8))
    assert kept(store, "large", range(3)) == [1, 2]
    assert kept(store, "third", range(4)) == [1, 2, 3]
    store.close()


def test_what_was_just_answered_makes_no_room_for_itself(path: Path) -> None:
    """Though it began before all others."""
    bounds = Bounds(caller_size=2 * PAGE_BYTES)
    store = SqliteRepeats(path, bounds=bounds)
    ticket = store.reserve(key(0), MARK, NOW)
    assert isinstance(ticket, int)
    for number in (1, 2):
        keep(store, key(number), b"answer")
    assert store.complete(key(0), ticket, b"late", NOW)
    assert kept(store, "a", range(3)) == [0, 2]
    store.close()


def test_what_is_worked_on_is_never_pushed_out(path: Path) -> None:
    """When nothing else is left a new request is refused, until one ends or is over."""
    store = SqliteRepeats(path, bounds=Bounds(rows=5, caller_rows=3))
    tickets = [store.reserve(key(number), MARK, NOW) for number in range(3)]
    assert store.reserve(key(3), MARK, NOW) == Full(3, 3)
    assert isinstance(store.reserve(key(0, "b"), MARK, NOW), int)
    assert isinstance(store.reserve(key(1, "b"), MARK, NOW), int)
    assert store.reserve(key(2, "b"), MARK, NOW) == Full(5, 5)
    assert store.find(key(2, "b")) is None
    assert isinstance(tickets[1], int)
    assert store.complete(key(1), tickets[1], b"answer", NOW)
    assert isinstance(store.reserve(key(2, "b"), MARK, NOW), int)
    assert kept(store, "a", range(4)) == [0, 2]
    # Who is so late answers nobody any more, and its place can be had.
    assert isinstance(store.reserve(key(3), MARK, NOW + CALL), int)
    store.close()


def test_a_full_store_is_told_as_a_limit(tmp_path: Path) -> None:
    """With how many there are."""
    desk = Desk(tmp_path, bounds=Bounds(caller_rows=1))
    desk.repeats.begin(desk.ask(1), NOW)
    with pytest.raises(LimitExceededError, match="in progress is 1, over the limit of 1"):
        desk.repeats.begin(desk.ask(2), NOW)
    desk.store.close()


@pytest.mark.parametrize("moved", [WINDOW, -WINDOW], ids=["past", "future"])
def test_what_is_over_is_swept_in_small_steps(path: Path, moved: int) -> None:
    """A few rows at a write, on whichever side of the window they lie."""
    store = SqliteRepeats(path)
    rows = 3 * SWEEP_ROWS
    with store.together():
        for number in range(rows):
            keep(store, key(number), b"answer")
    left = []
    for number in range(4):
        store.reserve(key(rows + number), MARK, NOW + moved)
        left.append(len(kept(store, "a", range(rows))))
    assert left == [2 * SWEEP_ROWS, SWEEP_ROWS, 0, 0]
    store.close()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 4 * PAGE_BYTES), st.booleans()),
        max_size=40,
    )
)
def test_bounds_hold_after_every_step(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool]]
) -> None:
    """Whatever comes; what is worked on stays, and so does the newest answer."""
    bounds = Bounds(rows=9, size=12 * PAGE_BYTES, caller_rows=5, caller_size=8 * PAGE_BYTES)
    path = tmp_path_factory.mktemp("bounds") / "repeats.sqlite"
    store = SqliteRepeats(path, bounds=bounds)
    working: list[RepeatKey] = []
    for number, (caller, size, completed) in enumerate(steps):
        which = key(number, caller)
        ticket = store.reserve(which, MARK, NOW)
        if isinstance(ticket, int) and completed:
            assert store.complete(which, ticket, bytes(size), NOW)
            found = store.find(which)
            assert found is not None
            assert found.answer == bytes(size)
        elif isinstance(ticket, int):
            working.append(which)
        else:
            mine = sum(each.caller == caller for each in working)
            assert ticket in (Full(mine, 5), Full(9, 9))
            assert 5 in (mine, 5 * (len(working) == 9))
        shares = store._shares().values()
        assert sum(held for held, _ in shares) <= 9
        assert sum(size for _, size in shares) <= bounds.size
        assert all(held <= 5 and size <= bounds.caller_size for held, size in shares)
        assert all(store.find(each) is not None for each in working)
    store.close()


def test_usual_bounds_leave_room_for_several_callers() -> None:
    """No caller's share is all there is."""
    bounds = Bounds()
    assert bounds.rows == module.MAX_ROWS >= 4 * bounds.caller_rows
    assert bounds.size == module.MAX_BYTES >= 4 * bounds.caller_size
