"""The key file among processes: no crash and no neighbour spoils it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import keys
from keys.material import Purpose
from keys.ring import Ring
from keys.stores.file import FileStore
from keys.stores.keyfile import MINIMUM_MEMLIMIT, Cost
from keys.stores.passphrase import PassphraseVariable
from keys.suites import X25519

NOW = 1_700_000_000
CHEAP = Cost(opslimit=1, memlimit=MINIMUM_MEMLIMIT)
RIGHT = PassphraseVariable("P", {"P": "correct horse"})
CHILD = """
import os, signal, sys
from keys.material import Purpose
from keys.stores.file import FileStore
from keys.stores.passphrase import PassphraseVariable
path, work = sys.argv[1:3]
store = FileStore(path, PassphraseVariable("P", {"P": "correct horse"}))
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
print("ready", flush=True)
sys.stdin.readline()
exec(work)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key file with one active opening key lies."""
    store = FileStore.create(tmp_path / "keys.json", RIGHT, cost=CHEAP)
    store.new(Purpose.OPENING, X25519, NOW, 30, "active")
    return tmp_path / "keys.json"


def child(path: Path, work: str) -> "subprocess.Popen[bytes]":
    """Start a process that has opened the file and waits for a line to do its work."""
    imports = [str(Path(keys.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, imports))},
    )


def ready(process: "subprocess.Popen[bytes]") -> None:
    """Wait until a child waits, and let it work."""
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdin.write(b"go\n")
    process.stdin.flush()


def finish(process: "subprocess.Popen[bytes]") -> tuple[int, bytes]:
    """Return exit status and output of a child."""
    output, _ = process.communicate(timeout=30)
    return process.returncode, output


CRASHES = {
    "while the new file is written": "os.fsync = die",
    "before it takes its place": "os.replace = die",
    "after it took its place": (
        "real = os.replace\ndef replace(a, b): real(a, b); die()\nos.replace = replace"
    ),
}


@pytest.mark.parametrize("moment", sorted(CRASHES))
def test_a_crash_leaves_the_old_file_or_the_new(path: Path, moment: str) -> None:
    """A process killed at each step; the next one goes on, and clears up."""
    old = FileStore(path, RIGHT).list_keys()
    work = CRASHES[moment] + f"\nstore.new(Purpose.OPENING, 2, {NOW}, 30)\nprint('survived')"
    process = child(path, work)
    ready(process)
    status, output = finish(process)
    assert (status, output) == (-signal.SIGKILL, b"")
    after = FileStore(path, RIGHT)
    assert after.list_keys()[: len(old)] == old
    assert len(after.list_keys()) == len(old) + (moment == "after it took its place")
    after.new(Purpose.OPENING, X25519, NOW, 30)
    names = sorted(file.name for file in path.parent.iterdir())
    assert names == [".keys.json.lock", "keys.json"]


def test_a_process_killed_at_any_time_spoils_nothing(path: Path) -> None:
    """Many writers killed without warning; the file always opens, and nothing is lost."""
    dice = random.Random(11)
    count = 1
    for _ in range(8):
        process = child(
            path, f"while True: store.new(Purpose.PSEUDONYM, 2, {NOW}, 30); print(1, flush=True)"
        )
        ready(process)
        time.sleep(dice.uniform(0.01, 0.06))
        process.kill()
        _, output = finish(process)
        store = FileStore(path, RIGHT)
        acknowledged = output.count(b"1")
        assert count + acknowledged <= len(store.list_keys()) <= count + acknowledged + 1
        count = len(store.list_keys())
        assert path.stat().st_mode & 0o777 == 0o600
    assert count > 8


def test_one_of_two_processes_rotates_to_the_one_next_key(path: Path) -> None:
    """The other is told that there is none, and retires nothing."""
    store = FileStore(path, RIGHT)
    fresh = store.new(Purpose.OPENING, X25519, NOW, 30)
    work = f"""
from keys.errors import KeyUnavailableError
try: print(store.rotate(Purpose.OPENING, 2, {NOW + 1}).key_id)
except KeyUnavailableError as error: print(error.code)
"""
    processes = [child(path, work) for _ in range(2)]
    for process in processes:
        ready(process)
    outputs = sorted(finish(process)[1].decode().strip() for process in processes)
    assert outputs == sorted(["KEY_UNAVAILABLE", fresh.key_id])
    store.reload()
    assert sorted(key.state for key in store.list_keys()) == ["active", "retired"]


def test_concurrent_rotations_lose_no_key(path: Path) -> None:
    """Two processes rotate as fast as they can: each key serves once, one is active."""
    store = FileStore(path, RIGHT)
    for _ in range(20):
        store.new(Purpose.OPENING, X25519, NOW, 30)
    work = f"""
for _ in range(10): print(store.rotate(Purpose.OPENING, 2, {NOW + 1}).key_id)
"""
    processes = [child(path, work) for _ in range(2)]
    for process in processes:
        ready(process)
    activated = [line for process in processes for line in finish(process)[1].decode().split()]
    before = [key.key_id for key in store.list_keys()]
    assert store.reload()
    assert [key.key_id for key in store.list_keys()] == before
    assert len(set(activated)) == 20
    assert set(activated) == set(before[1:])
    assert [key.state for key in store.list_keys()].count("retired") == 20
    ring = Ring(store.list_keys())
    assert ring.active(Purpose.OPENING, at=NOW + 1).key_id in activated
