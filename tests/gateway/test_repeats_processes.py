"""Processes that share a store: one of them works on a request, whatever dies meanwhile."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Self

import pytest

from gateway.errors import RequestInProgressError
from gateway.repeats import MAX_CALL_SECONDS, Answered, Found, Fresh, RepeatKey
from gateway.stores.holders import Holder
from gateway.stores.repeats import SqliteRepeats
from gateway.testing import START_MS as NOW
from tests.gateway.repeating import MARK, METHOD, SECOND, Desk, request_id

ROOT = Path(__file__).parents[2]
ROUNDS = 60

# Begin a request for each line, by its number; with `finish` finish it too. Its
# answer names the process.
WORKING = """
import os, sys
from pathlib import Path
from gateway.repeats import Mark, RepeatKey
from gateway.stores.repeats import SqliteRepeats
from tests.gateway.repeating import METHOD, request_id
store = SqliteRepeats(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    verb, number, now = line.split()
    key = RepeatKey("a", METHOD, request_id(int(number)))
    found = store.reserve(key, Mark("key", b"digest"), int(now))
    if not isinstance(found, int):
        print(found.state, (found.answer or b"-").decode(), flush=True)
        continue
    if verb == "finish":
        answer = b"%s-by-%d" % (number.encode(), os.getpid())
        assert store.complete(key, found, answer, int(now))
        print("fresh", answer.decode(), flush=True)
    else:
        print("fresh -", flush=True)
"""


class Worker:
    """Another process on the same file."""

    def __init__(self, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKING, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.hear() == ["ready"]

    def tell(self, verb: str, number: int, now: int = NOW) -> None:
        """Hand a request in."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{verb} {number} {now}\n")
        self.process.stdin.flush()

    def hear(self) -> list[str]:
        """Return the words of an answer; none once the process has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()

    def kill(self) -> None:
        """Kill the process as a power cut would, and wait until it is gone."""
        self.process.kill()
        self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Open the file in this process."""
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_of_two_processes_one_works_on_it(desk: Desk) -> None:
    """In every round exactly one does; the other waits or gets that one's answer."""
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(desk.path)) for _ in range(2)]
        for number in range(ROUNDS):
            for worker in workers if number % 2 else reversed(workers):
                worker.tell("finish", number)
            told = [worker.hear() for worker in workers]
            (fresh,) = [answer for state, answer in told if state == "fresh"]
            (other,) = [words for words in told if words[0] != "fresh"]
            assert other in (["completed", fresh], ["reserved", "-"])
            found = desk.store.find(RepeatKey("a", METHOD, request_id(number)))
            assert found is not None
            assert found.answer == fresh.encode()


def test_what_a_killed_process_reserved_is_free_at_once(desk: Desk) -> None:
    """While it lives nobody takes it over, and the time of its reservation never matters then."""
    key = RepeatKey("a", METHOD, request_id(1))
    with Worker(desk.path) as worker:
        worker.tell("begin", 1)
        assert worker.hear() == ["fresh", "-"]
        found = desk.store.reserve(key, MARK, NOW)
        assert not isinstance(found, int)
        worker.kill()
        assert isinstance(desk.store.reserve(key, MARK, NOW), int)


def test_a_process_that_only_hangs_is_taken_over_in_time(desk: Desk) -> None:
    """It lives, and after as long as a call may last its request is another's."""
    later = NOW + MAX_CALL_SECONDS * SECOND
    with Worker(desk.path) as worker:
        worker.tell("begin", 1)
        assert worker.hear() == ["fresh", "-"]
        key = RepeatKey("a", METHOD, request_id(1))
        assert not isinstance(desk.store.reserve(key, MARK, later - 1), int)
        assert isinstance(desk.store.reserve(key, MARK, later), int)


@pytest.mark.parametrize(
    "rounds", [6, pytest.param(150, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_a_process_killed_at_any_moment_leaves_one_answer(tmp_path: Path, rounds: int) -> None:
    """What it told is answered again; what it did not tell is answered once, or is free."""
    chance, desk = Random(7), Desk(tmp_path)
    for first in range(0, 40 * rounds, 40):
        batch = range(first, first + 40)
        with Worker(desk.path) as worker:
            for number in batch:
                worker.tell("finish", number)
            time.sleep(chance.uniform(0, 0.02))
            worker.kill()
            told = {}
            for number in batch:
                words = worker.hear()
                if len(words) == 2:
                    told[number] = words[1]
        for number in batch:
            found = desk.store.reserve(RepeatKey("a", METHOD, request_id(number)), MARK, NOW)
            if isinstance(found, int):
                assert number not in told
            else:
                assert isinstance(found, Found)
                assert found.answer is not None
                assert told.get(number, found.answer.decode()) == found.answer.decode()
    desk.store.close()


def test_stores_of_one_process_are_holders_of_their_own(tmp_path: Path) -> None:
    """Closing one frees what it reserved, and nothing of the other."""
    first, second, third = Desk(tmp_path), Desk(tmp_path), Desk(tmp_path)
    first.repeats.begin(first.ask(1), NOW)
    second_works = second.repeats.begin(second.ask(2), NOW)
    first.store.close()
    third_keys = Desk(tmp_path, second.keys)
    assert isinstance(third.repeats.begin(third.ask(1), NOW), Fresh)
    with pytest.raises(RequestInProgressError):
        third_keys.repeats.begin(third_keys.ask(2), NOW)
    assert isinstance(second_works, Fresh)
    second.repeats.finish(second_works, b"sealed", NOW)
    assert third_keys.repeats.begin(third_keys.ask(2), NOW) == Answered(b"sealed")
    for desk in (second, third, third_keys):
        desk.store.close()


def test_many_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    """And each of them works."""
    path = tmp_path / "repeats.sqlite"
    start = [
        subprocess.Popen(
            [sys.executable, "-c", WORKING, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    told = [
        process.communicate(f"finish {n} {NOW}\n", timeout=60)[0].split()
        for n, process in enumerate(start)
    ]
    assert [words[:2] for words in told] == [["ready", "fresh"]] * 4
    store = SqliteRepeats(path)
    assert all(store.find(RepeatKey("a", METHOD, request_id(number))) for number in range(4))
    store.close()


def test_a_holder_lives_until_it_lets_go(tmp_path: Path) -> None:
    """Seen from others and from itself; a number nobody has is nobody's."""
    path = tmp_path / "repeats.lock"
    one, other = Holder(path), Holder(path)
    assert one.number != other.number
    assert one.lives(one.number)
    assert one.lives(other.number)
    assert other.lives(one.number)
    nobody = min({5, 6, 7} - {one.number, other.number})
    assert not one.lives(nobody)
    one.close()
    assert not other.lives(one.number)
    # What cannot be told is taken as living.
    assert other.lives(-1)
    assert other.lives(2**64)
    other.close()
    assert path.stat().st_size == 0
