"""Writers that share a shard at a high rate, or are killed as they begin one."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import LedgerUnavailableError
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.receipts import read_receipt
from gateway.ledger.tree import check_consistency
from gateway.model.call import Receipt
from gateway.stores.ledger import SqliteLedger
from gateway.stores.shards import ShardReader, list_shards
from tests.gateway.ledger_shards import an_entry, check_whole, checked, sqlite_ledger, times_of
from tests.gateway.tampering import shard_in, verify
from tests.gateway.worker import ROOT

SECONDS = 60
# Threads of one process, groups of entries and single ones, as fast as can be.
_WRITER = """
import sys, threading
from pathlib import Path
from gateway.ledger.receipts import receipt_text
from tests.gateway.ledger_shards import an_entry, sqlite_ledger
ledger, folder, who = sqlite_ledger(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()

def write(thread):
    receipts = []
    for number in range(40):
        with ledger.together():
            for more in range(number % 3 + 1):
                receipts.append(ledger.append(an_entry(who * 1000 + thread * 100 + number)))
        if number % 7 == 0:
            # What is told of the ledger meanwhile is durable.
            print(ledger.checkpoint().split("\\n")[1], flush=True)
    for number, receipt in enumerate(receipts):
        (folder / f"{who}-{thread}-{number}").write_text(receipt_text(receipt))

threads = [threading.Thread(target=write, args=(thread,)) for thread in range(3)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def _started(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _leads_to(receipt: Receipt, path: Path) -> None:
    """Check that what a receipt was given against is the beginning of what stands there."""
    signed = read_checkpoint(receipt.checkpoint).checkpoint
    with ShardReader(path) as shard:
        now = read_checkpoint(shard.checkpoint() or "").checkpoint
        proof = shard.consistency(signed.size, now.size)
        assert shard.row(receipt.index).leaf == receipt.leaf
    check_consistency(signed.size, signed.root, now.size, now.root, proof)


def test_all_receipts_of_writers_that_share_a_shard_lead_to_one_tree(tmp_path: Path) -> None:
    """Processes with several threads each; who reads meanwhile gets receipts that hold, too."""
    ledger, papers = tmp_path / "ledger", tmp_path / "papers"
    papers.mkdir()
    writers = [_started(_WRITER, ledger, papers, who) for who in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdin is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    made = 0
    while any(writer.poll() is None for writer in writers):
        for path in list_shards(ledger):
            with ShardReader(path) as shard:
                size = shard.size()
                for number in {0, size // 2, size - 1} if size else ():
                    assert checked(shard.receipt(number)).number == number
                    made += 1
            verify(path)
    said: list[int] = []
    for writer in writers:
        out, err = writer.communicate(timeout=SECONDS)
        assert (writer.returncode, err) == (0, "")
        said += map(int, out.split())
    assert made > 10
    path = shard_in(ledger)
    assert max(said) <= check_whole(ledger) == len(times_of(ledger))
    given = [read_receipt(paper.read_text()) for paper in papers.iterdir()]
    assert len({receipt.index for receipt in given}) == len(given) == check_whole(ledger)
    for receipt in given:
        checked(receipt)
        _leads_to(receipt, path)


_BEGINNER = """
import os, signal, sys
from pathlib import Path
import sqlite3
from tests.gateway.ledger_shards import an_entry, sqlite_ledger
at, seen = int(sys.argv[2]), 0

def watch(event, arguments):
    global seen
    if event in ("open", "os.rename", "sqlite3.connect", "sqlite3.connect/handle", "os.remove"):
        if any("begun" in str(one) or "worker-3" in str(one) for one in arguments):
            seen += 1
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
connect = sqlite3.connect

class Connection(sqlite3.Connection):
    def execute(self, statement, *values):
        watch("open", ["begun", statement])
        return super().execute(statement, *values)

    def executescript(self, script):
        watch("open", ["begun", script])
        return super().executescript(script)

sqlite3.connect = lambda *arguments, **more: connect(*arguments, factory=Connection, **more)
sqlite_ledger(Path(sys.argv[1]), writer="worker-3").append(an_entry(1))
print(seen)
"""


def test_a_shard_whose_writer_was_killed_as_he_began_it_is_whole_or_not_there(
    tmp_path: Path,
) -> None:
    """At whatever step; nobody may ever write as that writer again, who would complete it."""
    (count,) = map(int, _run(tmp_path / "whole", 0).split())
    assert count > 10
    for at in range(1, count + 1):
        folder = tmp_path / str(at)
        assert _run(folder, at) == ""
        for path in list_shards(folder):
            verify(path)
        # It is in nobody's way, nor does it stay.
        other = sqlite_ledger(folder, writer="worker-4")
        other.append(an_entry(2))
        other.close()
        assert not list(folder.glob(".*"))
        assert times_of(folder) in ([2], [1, 2])


def _run(folder: Path, at: int) -> str:
    beginner = _started(_BEGINNER, folder, at)
    out, err = beginner.communicate(timeout=SECONDS)
    assert (beginner.returncode, err) == (-signal.SIGKILL if at else 0, "")
    return out


def _close_within(ledger: SqliteLedger) -> None:
    with ledger.together():
        ledger.append(an_entry(1))
        ledger.close()


@pytest.mark.parametrize("held", [True, False], ids=["closed within", "closed between"])
def test_a_ledger_that_is_closed_while_it_writes_opens_again(tmp_path: Path, held: bool) -> None:
    """By another thread it is closed between two groups; within its own it loses that one."""
    ledger = sqlite_ledger(tmp_path)
    ledger.append(an_entry(0))
    if held:
        with pytest.raises(LedgerUnavailableError):
            _close_within(ledger)
    else:
        ledger.close()
    assert checked(ledger.append(an_entry(2))).number == 1
    assert times_of(tmp_path) == [0, 2]
    assert check_whole(tmp_path) == 2
