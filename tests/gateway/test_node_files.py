"""What a node keeps in its folder: grants it holds, files that are whole, a state it closes."""

import base64
import gc
import json
import os
import signal
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.errors import ConfigurationInvalidError, LedgerUnavailableError
from gateway.model.call import Entry, Receipt
from gateway.node import Node
from gateway.stores.files import read_folder, whole_file, write_whole
from gateway.stores.grant_folder import FolderGrants
from keys.errors import KeyUnavailableError
from keys.ports import KeyInfo
from keys.stores.memory import MemoryStore
from tests.gateway.forge import refusal, rows
from tests.gateway.ledger_shards import EmptyLedger
from tests.gateway.worker import ROOT, Town, found_town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for all tests of this file."""
    return found_town(tmp_path_factory.mktemp("town"))


# --- Grants in a folder


def _token(claims: bytes) -> str:
    payload = base64.urlsafe_b64encode(claims).rstrip(b"=").decode()
    return f"aGVhZA.{payload}.c2lnbmF0dXJl"


def _grant(jti: str) -> bytes:
    """Write claims as far as the folder reads them."""
    detail = {"resource": "1/1", "purpose": "p", "fields": ["name"]}
    claims = {"jti": jti, "aud": "a", "authorization_details": [detail]}
    return json.dumps(claims).encode()


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def test_a_grant_counts_as_soon_as_its_file_is_there(tmp_path: Path) -> None:
    """With or without a line's end; under its own digest and `jti` only."""
    grants, token = FolderGrants(tmp_path), _token(_grant("one"))
    assert not grants.find("one", _digest(token))
    (tmp_path / "one.jwt").write_text(token + "\n")
    assert grants.find("one", _digest(token))
    assert not grants.find("two", _digest(token))
    assert not grants.find("one", _digest(token + "\n"))
    (tmp_path / "two.jwt").write_text(_token(_grant("two")))
    assert grants.find("two", _digest(_token(_grant("two"))))


def test_what_is_no_grant_is_passed_over(tmp_path: Path) -> None:
    """Whatever lies in the folder, the good ones beside it count."""
    junk = {
        "empty": b"",
        "text": b"no token at all",
        "two": b"a.b",
        "binary": bytes(range(256)),
        "deep": _token(b"[" * 5000).encode(),
        "list": _token(b'["jti"]').encode(),
        "number": _token(b"4711").encode(),
        "none": _token(b"{}").encode(),
        "long": _token(b'{"jti":"long","x":"' + b"y" * 9000 + b'"}').encode(),
        "padding": b"a.====.c",
    }
    for name, content in junk.items():
        (tmp_path / f"{name}.jwt").write_bytes(content)
    (tmp_path / "folder.jwt").mkdir()
    (tmp_path / "gone.jwt").symlink_to(tmp_path / "nowhere")
    token = _token(_grant("good"))
    (tmp_path / "good.jwt").write_text(token)
    grants = FolderGrants(tmp_path)
    assert grants.find("good", _digest(token))
    assert not grants.find("long", _digest(junk["long"].decode()))
    assert not FolderGrants(tmp_path / "nowhere").find("good", _digest(token))


def test_only_the_token_that_was_given_counts(town: Town, tmp_path: Path) -> None:
    """Envelopes under a grant whose file is gone from a fresh node are refused."""
    (file,) = town.seal(tmp_path, rows(), 1)
    held = town.place("requester") / "grants" / "one.jwt"
    away = held.with_suffix(".away")
    held.rename(away)
    with Node(town.place("requester")) as node:
        assert refusal(node.open, file.read_bytes()) == "ENVELOPE_MANIFEST_WRONG"
        away.rename(held)
        assert node.open(file.read_bytes()).manifest.records == 3


# --- Files that appear whole


def _write_half(path: Path, error: BaseException) -> None:
    with whole_file(path) as file:
        file.write(b"half")
        file.flush()
        # Nobody else reads it before it is whole.
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        raise error


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    """What fails half-way leaves what was there before, and nothing else."""
    path = tmp_path / "out"
    for error in (OSError("full"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            _write_half(path, error)
        assert list(tmp_path.iterdir()) == []
    write_whole(path, b"first")
    with pytest.raises(KeyboardInterrupt):
        _write_half(path, KeyboardInterrupt())
    assert path.read_bytes() == b"first"
    write_whole(path, b"second", mode=0o600)
    assert path.read_bytes() == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from gateway.stores.files import whole_file
with whole_file(Path(sys.argv[1])) as file:
    file.write(b"half" * 100_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """No half file under the name, and none that a folder's reader takes for one."""
    path = tmp_path / "list.yaml"
    path.write_bytes(b"before")
    done = subprocess.run([sys.executable, "-c", _KILLED, path], cwd=ROOT, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert read_folder(tmp_path, (".yaml",)) == {"list.yaml": b"before"}


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    """With a code; its path is not told, which may name a person's home."""
    with pytest.raises(ConfigurationInvalidError) as refused:
        read_folder(tmp_path / "nowhere", (".yaml",))
    assert str(tmp_path) not in str(refused.value)


# --- Opening and closing a node


class _NoKeys:
    """A KeyProvider without keys."""

    def list_keys(self) -> tuple[KeyInfo, ...]:
        return ()

    sign = unwrap = mac = MemoryStore.sign


def _open_files(folder: Path) -> list[str]:
    gc.collect()
    found = []
    for handle in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(handle)
        except OSError:
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_a_node_that_cannot_be_opened_leaves_nothing_open(town: Town) -> None:
    """Neither one without a ledger key nor one without a place for its state."""
    folder = town.place("outsider")
    with pytest.raises(KeyUnavailableError):
        Node(folder, keys=_NoKeys())  # type: ignore[arg-type]
    state = folder / "state.sqlite"
    state.unlink(missing_ok=True)
    state.mkdir()
    try:
        with pytest.raises(LedgerUnavailableError):
            Node(folder)
    finally:
        state.rmdir()
    assert _open_files(folder) == []
    with Node(folder):
        assert _open_files(folder)
    assert _open_files(folder) == []


class _FailingLedger(EmptyLedger):
    """A ledger that is gone when the node closes, and sums of refusals shall be entered."""

    def __init__(self) -> None:
        self.asked = 0

    def append(self, entry: Entry) -> Receipt:
        if entry.shared.count is None:
            return Receipt(leaf=b"", index=0)
        self.asked += 1
        raise LedgerUnavailableError


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files by /proc")
def test_a_node_closes_though_its_ledger_fails(town: Town) -> None:
    """Both ways out are summed up, or tried; the state is closed, and the failure is told."""
    ledger = _FailingLedger()
    node = Node(town.place("provider"), ledger=ledger)
    assert refusal(node.open, b"noise") == "ENVELOPE_MALFORMED"
    assert refusal(node.seal, town.request(rows(), grant="x")) == "TOKEN_MALFORMED"
    assert refusal(node.close) == "LEDGER_UNAVAILABLE"
    assert ledger.asked == 2
    assert _open_files(town.place("provider")) == []
