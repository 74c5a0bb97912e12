"""Blocks and revocations on a node's disk: the very next call of every process knows them."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.authority import Authority
from gateway.config import Places
from gateway.founding import World
from gateway.stores.blocks import read_blocks
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from gateway.stores.snapshots import FolderSnapshots
from gateway.stores.trust_folder import install_trust
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.authority_desk import claims_of
from tests.gateway.worker import Town, Worker, found_town

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for all tests; each works on a copy."""
    return found_town(tmp_path_factory.mktemp("town") / "town")


@pytest.fixture
def town(founded: Town, tmp_path: Path) -> Town:
    """Copy the town."""
    folder = Path(shutil.copytree(founded.world.folder, tmp_path / "town", symlinks=True))
    return founded._replace(world=World(folder, founded.world.departments, founded.world.issuer))


@pytest.fixture
def request_file(town: Town, tmp_path: Path) -> Path:
    """Write an ordinary request to a file."""
    file = tmp_path / "request.json"
    file.write_bytes(msgspec.json.encode(town.request(MemoryCity().records(1))))
    return file


@pytest.fixture
def provider(town: Town) -> Iterator[Worker]:
    """Start a process of the provider's node."""
    with Worker(town.place("provider")) as worker:
        yield worker


def sealgate(*arguments: object) -> "subprocess.Popen[str]":
    """Start the command."""
    return subprocess.Popen(
        [sys.executable, "-m", "gateway.cli.main", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process: "subprocess.Popen[str]") -> None:
    """Wait for a command that ends well."""
    _, failed = process.communicate(timeout=60)
    assert process.returncode == 0, failed


def test_a_block_counts_at_the_very_next_call(
    town: Town, provider: Worker, request_file: Path
) -> None:
    """Of a process that has the grant verified and the release compiled."""
    ask, node = f"seal {request_file}", town.place("provider")
    requester = town.world.departments["requester"].id
    outsider = town.world.departments["outsider"].id
    jti = claims_of(town.token).jti
    assert provider.ask(ask) == "ok 1"
    for what, name, outcome in (
        ("--grant", jti, "TOKEN_BLOCKED"),
        ("--requester", requester, "TOKEN_BLOCKED"),
        ("--requester", outsider, "ok 1"),
        ("--grant", "another-grant", "ok 1"),
    ):
        done(sealgate("block", "--node", node, what, name))
        assert provider.ask(ask) == outcome
        done(sealgate("unblock", "--node", node, what, name))
        assert provider.ask(ask) == "ok 1"


def test_blocks_that_are_set_at_once_all_stand(town: Town) -> None:
    """No command forgets what another wrote meanwhile."""
    node = town.place("provider")
    names = [f"some-grant-{number}" for number in range(4)]
    for process in [sealgate("block", "--node", node, "--grant", name) for name in names]:
        done(process)
    assert read_blocks(Places(node).blocks).grants == set(names)


def test_a_revocation_counts_once_trust_data_is_here(
    town: Town, provider: Worker, request_file: Path
) -> None:
    """Brought by an import, at the very next call; an older set cannot take it back."""
    ask, node = f"seal {request_file}", Places(town.place("provider"))
    before = _published(town)
    assert provider.ask(ask) == "ok 1"
    later = system_clock() + 2000
    authority = Authority(town.place("authority"), clock=lambda: later)
    authority.revoke(claims_of(town.token).jti)
    assert provider.ask(ask) == "ok 1"
    after, now = _published(town), later // 1000
    install_trust(node.trust, after, now)
    assert provider.ask(ask) == "TOKEN_REVOKED"
    mixed = {**after, "status/list.jwt": before["status/list.jwt"]}
    for older in (before, mixed):
        with pytest.raises(SealgateError) as caught:
            install_trust(node.trust, older, now)
        assert caught.value.code == "TRUST_STALE"
    assert provider.ask(ask) == "TOKEN_REVOKED"


def _published(town: Town) -> dict[str, bytes]:
    trust = Places(town.place("authority")).trust
    return {
        path.relative_to(trust).as_posix(): path.read_bytes()
        for path in trust.rglob("*")
        if path.suffix in (".yaml", ".jwt")
    }


# --- the file of blocks ------------------------------------------------------

UNREADABLE: dict[str, bytes] = {
    "no YAML": b"grants: [",
    "an unknown key": b"grants: []\nmarked-secret-7f3a: []\n",
    "no list": b"grants: marked-secret-7f3a\n",
    "a list of lists": b"grants: [[marked-secret-7f3a]]\n",
    "a key twice": b"grants: [a-grant-0]\ngrants: []\n",
    "a tag": b"grants: !!python/object/apply:os.system ['true']\n",
    "an alias": b"grants: &a [x]\nrequesters: *a\n",
    "two documents": b"grants: [a-grant-0]\n---\ngrants: []\n",
    "a list alone": b"- a-grant-0\n",
    "no UTF-8": b"grants: ['\xff']\n",
    "null bytes": bytes(64),
    "a requester that is none": b"requesters: [11149900MB0C1300]\n",
    "a requester in lower case": b"requesters: [11149900mb0c13013w]\n",
    "a grant that is none": b"grants: ['a grant']\n",
    "a grant behind a requester": b"requesters: [a-grant-of-ours]\n",
}


@pytest.fixture
def places(founded: Town) -> Iterator[Places]:
    """Share the provider's folder, with no blocks before a test and behind it."""
    found = Places(founded.place("provider"))
    _remove(found.blocks)
    yield found
    _remove(found.blocks)


def _remove(path: Path) -> None:
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)


@pytest.fixture
def snapshots(places: Places) -> FolderSnapshots:
    """Open the snapshots of that folder."""
    return FolderSnapshots(places, system_clock)


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_blocks_that_cannot_be_read_stop_every_call(
    places: Places, snapshots: FolderSnapshots, text: bytes
) -> None:
    """Until the file is repaired; never is an old or an empty set served instead."""
    path = places.blocks
    path.write_bytes(b"grants: [a-grant-0]\n")
    assert snapshots.current().blocks.grants == {"a-grant-0"}
    path.write_bytes(text)
    for _ in range(2):
        with pytest.raises(SealgateError) as caught:
            snapshots.current()
        assert caught.value.code == "CONFIGURATION_INVALID"
        assert "os.system" not in str(caught.value)
    path.write_bytes(b"grants: [b-grant-0]\n")
    assert snapshots.current().blocks.grants == {"b-grant-0"}


@pytest.mark.parametrize("kind", ["folder", "link to nothing", "link to itself"])
def test_blocks_that_are_no_file_stop_every_call(
    places: Places, snapshots: FolderSnapshots, kind: str
) -> None:
    """A disk that is not mounted is not an empty list of blocks."""
    path = places.blocks
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path if kind == "link to itself" else places.folder / "nothing")
    for _ in range(2):
        with pytest.raises(SealgateError) as caught:
            snapshots.current()
        assert caught.value.code == "CONFIGURATION_INVALID"


def test_every_way_to_change_the_file_is_noticed(
    places: Places, snapshots: FolderSnapshots, tmp_path: Path
) -> None:
    """Written over, replaced, linked elsewhere, of the same length and the same age."""
    path, elsewhere = places.blocks, tmp_path / "elsewhere.yaml"
    other = path.with_name("other.yaml")

    def known() -> frozenset[str]:
        return snapshots.current().blocks.grants

    assert known() == frozenset()
    path.write_text("grants: [grant-aaaa]\n")
    assert known() == {"grant-aaaa"}
    path.write_text("grants: [grant-bbbb]\n")
    assert known() == {"grant-bbbb"}
    stamp = path.stat()
    path.write_text("grants: [grant-cccc]\n")
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert known() == {"grant-cccc"}
    other.write_text("grants: [grant-dddd]\n")
    os.utime(other, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    other.replace(path)
    assert known() == {"grant-dddd"}
    elsewhere.write_text("grants: [grant-eeee]\n")
    path.unlink()
    path.symlink_to(elsewhere)
    assert known() == {"grant-eeee"}
    elsewhere.write_text("grants: [grant-ffff]\n")
    assert known() == {"grant-ffff"}
    path.unlink()
    assert known() == frozenset()


def test_a_snapshot_stays_while_nothing_changes(places: Places, snapshots: FolderSnapshots) -> None:
    """The same object, so that what was worked out for it is kept."""
    first = snapshots.current()
    assert snapshots.current() is first
    places.blocks.write_text("grants: [grant-aaaa]\n")
    second = snapshots.current()
    assert second is not first
    assert second.number != first.number
    assert second.trust is first.trust
    assert first.blocks.grants == frozenset()


def test_threads_see_whole_snapshots(places: Places, snapshots: FolderSnapshots) -> None:
    """While the file changes under them: each gets a snapshot, and none an older one."""
    path = places.blocks
    stop, failed = threading.Event(), list[BaseException]()

    def look() -> None:
        seen = 0
        try:
            while not stop.is_set():
                (name,) = snapshots.current().blocks.grants or {"grant-00"}
                assert int(name[-2:]) >= seen
                seen = int(name[-2:])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 16):
        write_whole(path, f"grants: [grant-{number:02}]\n".encode())
        assert snapshots.current().blocks.grants == {f"grant-{number:02}"}
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []


def test_trust_data_under_a_name_that_was_used_before_is_read_anew(town: Town) -> None:
    """A version that was imported again into the same folder is not taken from memory."""
    places = Places(town.place("provider"))
    snapshots = FolderSnapshots(places, system_clock)
    before = snapshots.current().trust
    name = os.readlink(places.trust / "current")
    Authority(town.place("authority")).publish()
    shutil.rmtree(places.trust / name)
    for path, content in _published(town).items():
        file = places.trust / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (places.trust / "current").unlink()
    (places.trust / "current").symlink_to(name)
    assert snapshots.current().trust.version == before.version + 1


def test_trust_data_that_is_gone_stops_every_call(town: Town) -> None:
    """With a code, though the last set is still in memory."""
    places = Places(town.place("provider"))
    snapshots = FolderSnapshots(places, system_clock)
    snapshots.current()
    (places.trust / "current").rename(places.trust / "away")
    with pytest.raises(SealgateError) as caught:
        snapshots.current()
    assert caught.value.code == "TRUST_STALE"
    (places.trust / "current").symlink_to("nowhere")
    with pytest.raises(SealgateError) as caught:
        snapshots.current()
    assert caught.value.code == "CONFIGURATION_INVALID"
    (places.trust / "current").unlink()
    (places.trust / "away").rename(places.trust / "current")
    snapshots.current()
