"""Processes share the ledger file, and one that is killed leaves whole lines."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from time import sleep

import pytest

from tests.gateway.ledger_lines import an_entry, file_ledger, lines_of, times_of
from tests.gateway.worker import ROOT

_WRITER = """
import os, sys
from pathlib import Path
from tests.gateway.ledger_lines import an_entry, file_ledger
ledger = file_ledger(Path(sys.argv[1]))
who, count = int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    receipt = ledger.append(an_entry(1000 * who + number, "r" * (number * 37 % 900)))
    print(1000 * who + number, receipt.position, flush=True)
"""


def _writer(path: Path, who: int, count: int) -> "subprocess.Popen[str]":
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, path, str(who), str(count)],
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


def _check(path: Path, answers: str) -> None:
    """Check that each answer names an entry that stands where it says."""
    data = path.read_bytes()
    for line in answers.splitlines():
        number, position = map(int, line.split())
        assert json.loads(data[position:].split(b"\n", 1)[0])["shared"]["time"] == number


def test_processes_share_the_file(tmp_path: Path) -> None:
    """Entries of all processes are whole, none is lost, each is where its receipt says."""
    path = tmp_path / "ledger.ndjson"
    writers = [_writer(path, who, 100) for who in (1, 2, 3)]
    for writer in writers:
        _go(writer)
    answers = [writer.communicate(timeout=60)[0] for writer in writers]
    assert Counter(times_of(path)) == Counter(
        1000 * who + n for who in (1, 2, 3) for n in range(100)
    )
    for answer in answers:
        assert answer.count("\n") == 100
        _check(path, answer)


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(60, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_a_killed_process_leaves_whole_lines(tmp_path: Path, rounds: int) -> None:
    """Killed while it writes, beside another that goes on: every answer is in the file."""
    path, dice = tmp_path / "ledger.ndjson", Random(5)
    for number in range(rounds):
        dying, living = _writer(path, 2 * number, 900), _writer(path, 2 * number + 1, 30)
        _go(dying)
        _go(living)
        sleep(dice.uniform(0.001, 0.03))
        dying.kill()
        answers = dying.communicate(timeout=60)[0] + living.communicate(timeout=60)[0]
        file_ledger(path).append(an_entry(9))
        lines_of(path)
        _check(path, "".join(line for line in answers.splitlines(True) if line.endswith("\n")))
