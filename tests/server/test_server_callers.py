"""Who may call: told by the socket, and by nothing that a caller says."""

import fcntl
import grp
import os
import stat
from pathlib import Path

import pytest

from gateway.client import Client, RefusedError
from tests.cli.command import PUBLIC_RESOURCE, RESOURCE, ROW, Desk
from tests.server.conftest import Running
from tests.server.sidecars import set_callers, short_folder, sidecar, started


def test_a_caller_may_do_what_its_entry_says_and_no_more(running: Running) -> None:
    """The clerk may have things explained; the desk of the other node may only open."""
    with running.provider.client("clerk") as clerk:
        assert clerk.explain(RESOURCE, running.grant).fields
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN") as caught:
            clerk.seal([ROW], **running.about)
        assert "clerk" in caught.value.message_zh
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
            clerk.open(b"")
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
            list(clerk.seal_stream([[ROW]], **running.about))
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
            list(clerk.open_stream([b""]))


def test_a_caller_may_be_held_to_resources(running: Running) -> None:
    """It sees the others neither in lists nor by name."""
    with running.provider.client("narrow") as narrow:
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
            narrow.seal([ROW], **running.about)
        assert [one.code for one in narrow.resources()] == [PUBLIC_RESOURCE]
        with pytest.raises(RefusedError, match="RESOURCE_UNCATALOGUED"):
            narrow.resource(RESOURCE)


def test_a_socket_lies_in_a_folder_of_its_caller_alone(running: Running) -> None:
    """Nobody else may enter it."""
    for caller in ("case-system", "clerk", "narrow"):
        folder = running.provider.sockets / caller
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "worker-0.sock").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder to another group")
def test_a_group_may_enter_its_folder(desk: Desk) -> None:
    """The group of the caller's entry, and only that one."""
    group = grp.getgrall()[-1]
    set_callers(desk.provider, [{"name": "a", "may": ["seal"], "group": group.gr_name}])
    with sidecar(desk.provider) as served:
        folder = served.sockets / "a"
        socket = folder / "worker-0.sock"
        assert (folder.stat().st_gid, socket.stat().st_gid) == (group.gr_gid, group.gr_gid)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o750
        assert stat.S_IMODE(socket.stat().st_mode) == 0o660
        assert served.end() == 0


def wait_until_free(node: Path) -> None:
    """Wait until the worker of a parent that was killed has ended too."""
    with open(node / "sidecar.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def refused(node: Path, sockets: Path) -> str:
    """Start a sidecar that must not start; return its last words."""
    process = started(node, sockets)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 3, errors
    return errors.splitlines()[-1]


def test_a_sidecar_that_cannot_serve_says_why(desk: Desk) -> None:
    """No callers, no such group, a path too long, something else in the socket's place."""
    with short_folder() as folder:
        assert "lists no callers" in refused(desk.provider, folder)
        set_callers(desk.provider, [{"name": "a", "may": ["seal"], "group": "no-such-group"}])
        assert "no group no-such-group" in refused(desk.provider, folder)
        set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
        assert "over 107 bytes" in refused(desk.provider, folder / ("x" * 100))
        (folder / "a").mkdir(exist_ok=True)
        (folder / "a" / "worker-0.sock").write_text("no socket")
        assert "no socket can be made" in refused(desk.provider, folder)
        assert (folder / "a" / "worker-0.sock").read_text() == "no socket"


def test_a_node_is_served_once(desk: Desk) -> None:
    """A second one would take the first one's sockets; a killed one leaves nothing in the way."""
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    with sidecar(desk.provider) as first:
        assert "another sidecar serves" in refused(desk.provider, first.sockets)
        with Client(first.sockets / "a") as client:
            assert client.status().ready
        first.end(9)
        wait_until_free(desk.provider)
        with sidecar(desk.provider, first.sockets) as second, second.client("a") as client:
            assert client.status().ready
            assert second.end() == 0
        assert not (first.sockets / "a" / "worker-0.sock").exists()


def test_callers_are_checked_when_the_file_is_read(desk: Desk) -> None:
    """A right that there is not, a name that could leave the folder."""
    with short_folder() as folder:
        for name, right in (("a", "fly"), ("../a", "seal")):
            set_callers(desk.provider, [{"name": name, "may": [right]}])
            assert "CONFIGURATION_INVALID" in refused(desk.provider, folder)
