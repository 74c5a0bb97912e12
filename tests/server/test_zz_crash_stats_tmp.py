"""Sidecars under load that are killed again and again: whatever was answered for is entered."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from typing import NamedTuple

import grpc
import pytest

from gateway.config import Places
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.receipts import check_receipt, read_receipt
from gateway.ledger.tiles import Tiles
from gateway.ledger.tree import check_consistency, root_of
from gateway.model.trust import Department
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.shards import ShardReader, list_shards
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import COMMAND, ROOT, Desk, call
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import OPTIONS, Asking, refusal_of
from tests.server.sidecars import PATIENCE, set_callers, short_folder, soon

CALLERS = ({"name": "a", "may": ["seal", "open"], "calls_per_second": 100_000},)
_IMPATIENT = (
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 20),
    ("grpc.max_reconnect_backoff_ms", 100),
)
SEALING, OPENING = 4, 2
# What whoever calls a dead sidecar is told.
GONE = {"UNAVAILABLE", "CANCELLED", "UNKNOWN", "DEADLINE_EXCEEDED"}
# Put before the modules of a sidecar: from a commit chosen by chance on, it kills all of it at a
# moment chosen by chance, mostly while SQLite writes and syncs.
_KILLER = """
import os, random, signal, sqlite3, threading, time
_connect = sqlite3.connect
_left = random.randrange(1, 40)

def _kill():
    time.sleep(random.choice((0, 0.0001, 0.0003, 0.001, 0.003)))
    os.killpg(0, signal.SIGKILL)

class Connection(sqlite3.Connection):
    def execute(self, statement, *values):
        global _left
        if statement == "COMMIT" and "gateway.server.serving" in __import__("sys").modules:
            _left -= 1
            if not _left:
                threading.Thread(target=_kill).start()
        return super().execute(statement, *values)

def connect(*arguments, **options):
    return _connect(*arguments, **{"factory": Connection, **options})

sqlite3.connect = connect
"""


class Answered(NamedTuple):
    """A call that was answered: the envelope's digest in hex, and the receipt."""

    digest: str
    receipt: bytes


class Victim:
    """A sidecar in a group of processes of its own, which is killed and started anew."""

    def __init__(self, node: Path, sockets: Path, killer: Path) -> None:
        self._node, self._sockets, self._killer = node, sockets, killer
        self._process: subprocess.Popen[str] | None = None

    @contextmanager
    def calling(self, desk: Desk) -> Iterator[Asking]:
        """Connect to it, again and again while it is gone."""
        target = f"unix:{self._sockets / 'a' / 'worker-0.sock'}"
        with grpc.insecure_channel(target, [*OPTIONS, *_IMPATIENT]) as channel:
            yield Asking(channel, desk)

    def start(self, *, doomed: bool = False) -> None:
        """Start it as whoever runs it does, with nothing put right by hand."""
        path = f"{self._killer}:{ROOT}" if doomed else str(ROOT)
        self._process = subprocess.Popen(
            [*COMMAND, "serve", "--node", self._node, "--sockets", self._sockets],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "error"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def process(self) -> "subprocess.Popen[str]":
        """Return the one that was started last."""
        assert self._process is not None
        return self._process

    def wait_ready(self) -> None:
        """Wait until it serves, or was killed already."""
        assert self.process.stdout is not None
        if "serving" not in self.process.stdout.readline():
            assert self.process.wait(PATIENCE) == -signal.SIGKILL

    def kill(self) -> None:
        """Kill all of it at once, and look at what it left to say."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        _, said = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == -signal.SIGKILL, said
        assert "Traceback" not in said
        assert "internal error" not in said

    def strike(self, times: int, dice: Random) -> None:
        """Kill it so many times: as it runs, in the midst of a commit, as it starts."""
        doomed = False
        for number in range(times):
            if doomed:
                assert soon(lambda: self.process.poll() is not None)
            else:
                time.sleep(dice.uniform(0, 0.4))
            self.kill()
            doomed = number % 2 == 0 and number + 1 < times
            self.start(doomed=doomed)
            if doomed or number % 4 == 3:
                # Else the next one comes while it starts.
                self.wait_ready()
        if times % 4:
            self.wait_ready()

    def close(self) -> None:
        """Kill what is left of it."""
        if self._process is not None and self._process.returncode is None:
            self.kill()


class Callers:
    """Threads that seal, and threads that open what was sealed, whoever answers just then."""

    def __init__(self, desk: Desk, provider: Victim, requester: Victim) -> None:
        self.sealed: list[Answered] = []
        self.opened: list[Answered] = []
        self.codes: set[str] = set()
        self._desk, self._provider, self._requester = desk, provider, requester
        self._envelopes: SimpleQueue[bytes] = SimpleQueue()
        self._ending = threading.Event()
        works = [self._seal] * SEALING + [self._open] * OPENING
        self._threads = [threading.Thread(target=work) for work in works]

    def __enter__(self) -> "Callers":
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for one in self._threads:
            one.join(PATIENCE)
        assert not any(one.is_alive() for one in self._threads)

    def _seal(self) -> None:
        with self._provider.calling(self._desk) as caller:
            while not self._ending.is_set():
                try:
                    made = caller.stub.Seal(caller.sealing(), timeout=5)
                except grpc.RpcError as error:
                    self._refused(error)
                    continue
                self.sealed.append(Answered(made.digest.hex(), made.receipt))
                self._envelopes.put(made.envelope)

    def _open(self) -> None:
        with self._requester.calling(self._desk) as caller:
            while not self._ending.is_set():
                try:
                    envelope = self._envelopes.get(timeout=0.02)
                    made = caller.stub.Open(v1.OpenRequest(envelope=envelope), timeout=5)
                except grpc.RpcError as error:
                    self._refused(error)
                except Empty:
                    continue
                else:
                    self.opened.append(Answered(made.digest.hex(), made.receipt))

    def _refused(self, error: grpc.RpcError) -> None:
        self.codes.add(refusal_of(error).code)
        self._ending.wait(0.02)


@contextmanager
def _victims(desk: Desk, tmp_path: Path) -> Iterator[tuple[Victim, Victim]]:
    killer = tmp_path / "killer"
    killer.mkdir()
    (killer / "sitecustomize.py").write_text(_KILLER, "utf-8")
    with ExitStack() as stack:
        victims = []
        for node in (desk.provider, desk.requester):
            set_callers(node, CALLERS)
            victims.append(Victim(node, stack.enter_context(short_folder()), killer))
            stack.callback(victims[-1].close)
        yield victims[0], victims[1]


@pytest.mark.parametrize(
    "rounds", [20, pytest.param(200, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_what_was_answered_for_outlives_the_sidecar(
    desk: Desk, tmp_path: Path, rounds: int
) -> None:
    """Every envelope and every opened one has its entry and a receipt that holds.

    The ledger verifies, also against every receipt and against what the recipient was told of
    it; each start is one like any other.
    """
    dice = Random(11)
    with _victims(desk, tmp_path) as (provider, requester):
        victims = (provider, requester)
        for victim in victims:
            victim.start()
        for victim in victims:
            victim.wait_ready()
        with Callers(desk, provider, requester) as callers:
            requester.strike(rounds // 4, dice)
            provider.strike(rounds - rounds // 4, dice)
            done = len(callers.sealed), len(callers.opened)
            assert soon(lambda: len(callers.sealed) > done[0] and len(callers.opened) > done[1])
        assert [victim.process.poll() for victim in victims] == [None, None]
    print("STATS", len(callers.sealed), len(callers.opened), callers.codes)
    assert callers.codes <= GONE
    _check(desk.provider, "seal", callers.sealed)
    _check(desk.requester, "open", callers.opened)
    witnessed = ["--witness", desk.requester]
    assert call("ledger", "verify", "--node", desk.provider, *witnessed).status == 0
    assert call("ledger", "verify", "--node", desk.requester).status == 0


def _directory(node: Path) -> dict[str, Department]:
    current = read_folder(Places(node).trust / "current", TRUST_SUFFIXES)
    return dict(read_trust(current, system_clock() // 1000).departments)


def _check(node: Path, kind: str, answered: Sequence[Answered]) -> None:
    """Check that each answer has its entry where its receipt says, and that the receipt holds."""
    departments = _directory(node)
    entered = {
        entry["shared"]["digest"]
        for entry in entries_of(node, kind)
        if entry["shared"]["outcome"] == "ok"
    }
    assert {one.digest for one in answered} <= entered
    assert len({one.digest for one in answered}) == len(answered)
    shards = {path.name.partition(".")[0]: path for path in list_shards(node / "ledger")}
    roots: dict[tuple[str, int], bytes] = {}
    for one in answered:
        receipt = read_receipt(one.receipt.decode())
        told = check_receipt(receipt, departments)
        assert told.shared.digest == one.digest
        shard = told.origin.rpartition("/")[2]
        root = read_checkpoint(receipt.checkpoint).checkpoint.root
        assert roots.setdefault((shard, told.size), root) == root
        with ShardReader(shards[shard]) as reader:
            assert reader.row(told.number).leaf == receipt.leaf
            size = reader.size()
            now = root_of(size, Tiles(reader.tile, size).node)
            # What is signed for now begins with what was signed for then.
            check_consistency(told.size, root, size, now, reader.consistency(told.size, size))
