"""A ledger that cannot be written: nothing is released, nothing is entered, and all is well after.

See `test_ledger_shard_unwritable` for files and folders that are none, and
`test_committing_late` for a commit that takes too long.
"""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from gateway.node import Node
from gateway.stores import grouped
from gateway.stores.clock import system_clock
from gateway.stores.shards import ShardReader, list_shards
from tests.cli.command import call
from tests.gateway.forge import refusal, rows
from tests.gateway.ledger_shards import entries_of
from tests.gateway.worker import ROOT, Town, found_town

HOUR = 3_600_000


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town; each test works on a copy."""
    return found_town(tmp_path_factory.mktemp("town") / "town")


@pytest.fixture
def town(founded: Town, tmp_path: Path) -> Town:
    """Copy it, for tests whose ledgers are their own."""
    folder = tmp_path / "town"
    shutil.copytree(founded.world.folder, folder, symlinks=True)
    return founded._replace(world=founded.world._replace(folder=folder))


def _database(node: Node) -> sqlite3.Connection:
    """Return the connection by which a node writes its ledger."""
    assert node._shards is not None
    assert node._shards._shard is not None
    return node._shards._shard._database._database


def _file(node: Node) -> Path:
    (path,) = list_shards(node.places.ledger)
    return path


def _newest(node: Node) -> str | None:
    with ShardReader(_file(node)) as shard:
        return shard.checkpoint()


# --- Faults of one connection


@contextmanager
def _full(node: Node) -> Iterator[None]:
    database = _database(node)
    ((pages,),) = database.execute("PRAGMA page_count")
    database.execute(f"PRAGMA max_page_count = {pages}")
    # What room there is in its pages goes first.
    while refusal_or_none(lambda: node.administer("r" * 500, caller="test")) is None:
        pass
    yield
    database.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def _read_only(node: Node) -> Iterator[None]:
    _database(node).execute("PRAGMA query_only = ON")
    yield
    _database(node).execute("PRAGMA query_only = OFF")


@contextmanager
def _not_committed(node: Node) -> Iterator[None]:
    def judge(action: int, what: str | None, *_: object) -> int:
        denied = action == sqlite3.SQLITE_TRANSACTION and what == "COMMIT"
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK

    _database(node).set_authorizer(judge)
    yield
    _database(node).set_authorizer(None)


@contextmanager
def _busy(node: Node) -> Iterator[None]:
    with closing(sqlite3.connect(_file(node), isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        yield
        foreign.execute("ROLLBACK")


def refusal_or_none(action: Callable[[], object]) -> str | None:
    """Return the code with which a call is refused, if it is."""
    try:
        return refusal(action)
    except AssertionError:
        return None


FAULTS = {
    "full": _full,
    "read-only": _read_only,
    "fails at its commit": _not_committed,
    "busy": _busy,
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_is_released_that_cannot_be_entered(
    town: Town,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[Node], AbstractContextManager[None]],
) -> None:
    """No envelope, no records, and no checkpoint that was signed for what is not there."""
    monkeypatch.setattr(grouped, "BUSY_SECONDS", 0.05)
    (file,) = town.seal(tmp_path / "sealed", rows(), 1)
    with Node(town.place("provider")) as provider, Node(town.place("requester")) as requester:
        for node in (provider, requester):
            # Its ledger is open, with an entry in it.
            node.administer("test", caller="test")
        with fault(provider), fault(requester):
            nodes = (provider, requester)
            entered = [entries_of(node.places.folder) for node in nodes]
            notes = [_newest(node) for node in nodes]
            for _ in range(3):
                assert refusal(provider.seal, town.request(rows())) == "LEDGER_UNAVAILABLE"
                wrong = town.request([{**rows()[0], "blood_type": "A"}])
                assert refusal(provider.seal, wrong) == "LEDGER_UNAVAILABLE"
                assert refusal(requester.open, file.read_bytes()) == "LEDGER_UNAVAILABLE"
                assert refusal(requester.administer, "x", caller="x") == "LEDGER_UNAVAILABLE"
            assert [entries_of(node.places.folder) for node in nodes] == entered
            assert [_newest(node) for node in nodes] == notes
        before = _newest(provider)
        sealed = provider.seal(town.request(rows()))
        assert requester.open(file.read_bytes()).manifest.records == 3
        # What the recipient is told of is what was durable.
        assert requester.open(sealed.envelope).manifest.checkpoint == before == notes[0]
        for node, then, calls in zip(nodes, entered, (["seal"], ["open"] * 2), strict=True):
            now = entries_of(node.places.folder)
            assert now[: len(then)] == then
            later = [one["shared"] for one in now[len(then) :]]
            assert [one["kind"] for one in later if one["kind"] in ("seal", "open")] == calls
            assert {one["outcome"] for one in later} == {"ok"}
    for role in ("provider", "requester"):
        assert call("ledger", "verify", "--node", town.place(role)).status == 0


# --- Faults of the file system

_FILE_SYSTEM = """
import subprocess, sys
from contextlib import suppress
from pathlib import Path
from gateway.node import Node
from tests.cli.command import call
from tests.gateway.forge import refusal, rows
from tests.gateway.ledger_shards import entries_of
from tests.gateway.worker import Town
from gateway.founding import World
from gateway.model.call import SealRequest
import msgspec

folder, envelope = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()
request = msgspec.json.decode(Path(sys.argv[3]).read_bytes(), type=SealRequest)
ledgers = [folder / role / "ledger" for role in ("provider", "requester")]

def mounted(ledger, *options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "none", ledger], check=True)

def refused():
    before = [entries_of(ledger.parent) for ledger in ledgers]
    for _ in range(2):
        assert refusal(provider.seal, request) == "LEDGER_UNAVAILABLE"
        assert refusal(requester.open, envelope) == "LEDGER_UNAVAILABLE"
    assert [entries_of(ledger.parent) for ledger in ledgers] == before

for ledger in ledgers:
    ledger.mkdir(exist_ok=True)
    mounted(ledger, "-osize=1m")
with Node(folder / "provider") as provider, Node(folder / "requester") as requester:
    for node in (provider, requester):
        node.administer("first", caller="test")
    for ledger in ledgers:
        with suppress(OSError), (ledger / "other").open("wb", buffering=0) as other:
            while other.write(bytes(4096)):
                pass
    for node in (provider, requester):
        for _ in range(100):
            with suppress(Exception):
                node.administer("r" * 3000, caller="test")
    refused()
    for ledger in ledgers:
        (ledger / "other").unlink()
    provider.seal(request)
    # A file system on which anything is open to be written stays writable.
    for node in (provider, requester):
        node._shards.close()
    for ledger in ledgers:
        mounted(ledger, "-oremount,ro")
    refused()
    for ledger in ledgers:
        mounted(ledger, "-oremount,rw")
    provider.seal(request)
    print(requester.open(envelope).manifest.records)
for ledger in ledgers:
    assert call("ledger", "verify", "--node", ledger.parent).status == 0
"""


def _may_mount() -> bool:
    """Tell whether a process may have mounts of its own, which end with it."""
    try:
        done = subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.skipif(not _may_mount(), reason="nothing may be mounted here")
def test_a_file_system_that_is_full_or_read_only_spoils_nothing(town: Town, tmp_path: Path) -> None:
    """A real one; with room, or writable again, the same nodes go on."""
    (file,) = town.seal(tmp_path / "sealed", rows(), 1)
    asked = tmp_path / "request.json"
    asked.write_bytes(msgspec.json.encode(town.request(rows())))
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", _FILE_SYSTEM, town.world.folder, file, asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


# --- A clock that goes back


def test_with_the_clock_set_back_entries_are_taken_and_verify_tells(town: Town) -> None:
    """By an hour, as whoever sets it wrong does; the entry after the step is named."""
    # A moment goes by as well.
    provider, ahead = town.place("provider"), [HOUR - 1]
    with Node(provider, clock=lambda: system_clock() + ahead[0]) as node:
        node.administer("before", caller="test")
        assert call("ledger", "verify", "--node", provider).status == 0
        ahead[0] = 0
        receipts = [node.administer("after", caller="test") for _ in range(3)]
    told = call("ledger", "verify", "--node", provider)
    assert told.code == "LEDGER_INVALID"
    assert f"entry {receipts[0].index}: its time is 3,5" in told.err
    assert "the clock was set back" in told.err
    allowed = call("ledger", "verify", "--node", provider, "--allow-clock-steps", "--json")
    (shard,) = allowed.json["shards"]
    assert [one["number"] for one in shard["clock_steps"]] == [receipts[0].index]
    # A new shard stands behind the ones before it all the same.
    assert call("ledger", "archive", "--node", provider, "--shard", shard["shard"]).status == 0
    with Node(provider) as node:
        node.administer("behind", caller="test")
    details = [one["private"]["detail"] for one in entries_of(provider, "administer")]
    assert details[0] == "before"
    assert details[-1] == "behind"
