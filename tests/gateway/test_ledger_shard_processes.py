"""Processes share a shard, and one that is killed leaves whole commits."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from time import sleep

import pytest

from gateway.stores.shards import list_shards
from tests.gateway.ledger_shards import (
    an_entry,
    check_whole,
    checked,
    entries_in,
    sqlite_ledger,
    times_of,
)
from tests.gateway.worker import ROOT

_WRITER = """
import sys
from pathlib import Path
from tests.gateway.ledger_shards import an_entry, checked, sqlite_ledger
ledger = sqlite_ledger(Path(sys.argv[1]))
who, count = int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    receipt = ledger.append(an_entry(1000 * who + number, "r" * (number * 37 % 900)))
    told = checked(receipt)
    print(1000 * who + number, told.number, told.size, flush=True)
"""


def _writer(folder: Path, who: int, count: int) -> "subprocess.Popen[str]":
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, folder, str(who), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def _go(writer: "subprocess.Popen[str]") -> None:
    assert writer.stdin is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()


def _check(folder: Path, answers: str) -> None:
    """Check that each answer names an entry that stands where it says, in one shard."""
    times = times_of(folder)
    for line in answers.splitlines():
        time, number, size = map(int, line.split())
        assert times[number] == time
        assert number == size - 1


def test_processes_share_a_shard(tmp_path: Path) -> None:
    """Entries of all processes are whole, none is lost, each is where its receipt says."""
    folder = tmp_path / "ledger"
    writers = [_writer(folder, who, 60) for who in (1, 2, 3)]
    for writer in writers:
        _go(writer)
    answers = [writer.communicate(timeout=60)[0] for writer in writers]
    assert Counter(times_of(folder)) == Counter(
        1000 * who + n for who in (1, 2, 3) for n in range(60)
    )
    assert len(list_shards(folder)) == 1
    assert check_whole(folder) == 180
    for answer in answers:
        assert answer.count("\n") == 60
        _check(folder, answer)


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(60, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_a_killed_process_leaves_whole_commits(tmp_path: Path, rounds: int) -> None:
    """Killed while it writes, beside another that goes on: every answer is in the shard."""
    dice = Random(5)
    for number in range(rounds):
        dying, living = _writer(tmp_path, 2 * number, 900), _writer(tmp_path, 2 * number + 1, 30)
        _go(dying)
        _go(living)
        sleep(dice.uniform(0.001, 0.05))
        dying.kill()
        answers = dying.communicate(timeout=60)[0] + living.communicate(timeout=60)[0]
        sqlite_ledger(tmp_path).append(an_entry(9))
        assert check_whole(tmp_path) == len(times_of(tmp_path))
        _check(tmp_path, "".join(line for line in answers.splitlines(True) if line.endswith("\n")))


_DYING = """
import os, signal, sys
from pathlib import Path
from tests.gateway.ledger_shards import an_entry, sqlite_ledger
ledger = sqlite_ledger(Path(sys.argv[1]))
ledger.append(an_entry(0))

def watch(statement):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)

with ledger.together():
    for number in range(1, 1000):
        ledger.append(an_entry(number, "r" * 2000))
    ledger._shard._database._database.set_trace_callback(watch)
"""


@pytest.mark.parametrize(
    "statement",
    ["INTO entry ", "INTO tile ", " checkpoint ", "COMMIT"],
)
def test_a_process_killed_in_a_commit_leaves_none_of_it(tmp_path: Path, statement: str) -> None:
    """At whatever step, with more in it than is held in memory; nobody has to repair anything."""
    done = subprocess.run(
        [sys.executable, "-c", _DYING, tmp_path, statement],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    assert times_of(tmp_path) == [0]
    receipt = sqlite_ledger(tmp_path).append(an_entry(5))
    assert checked(receipt).number == 1
    assert [entry["number"] for entry in entries_in(tmp_path)] == [0, 1]
    assert check_whole(tmp_path) == 2
