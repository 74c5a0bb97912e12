"""`sealgate keys`: a key's life from next to retired, and where the passphrase comes from."""

import json
import os
import pty
import select
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import COMMAND, PUBLIC_ROW, Desk, call, done, environment, spawn


def _keys(node: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done("keys", "list", "--node", node, "--json").json
    return found


def _states(node: Path, purpose: str, suite: int = 1) -> list[str]:
    return sorted(
        key["state"] for key in _keys(node) if (key["purpose"], key["suite"]) == (purpose, suite)
    )


def _admit(desk: Desk, node: Path) -> None:
    """Hand a node's public keys to the authority, and its trust data to everyone."""
    entry = desk.folder / "entry.yaml"
    done("trust", "export", "--node", node, "--out", entry)
    done("trust", "import", "--authority", desk.authority, entry)
    desk.share()


def _seal(desk: Desk) -> dict[str, Any]:
    answer = desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json"))
    assert answer.status == 0, answer.err
    (shown,) = done("envelope", "inspect", desk.envelope, "--json").json
    return dict(shown)


def test_a_node_begins_with_one_active_key_of_each_purpose(desk: Desk) -> None:
    """Opening keys for both suites; nothing secret is listed or published."""
    listed = _keys(desk.requester)
    assert sorted((key["purpose"], key["suite"], key["state"]) for key in listed) == [
        ("ledger", 1, "active"),
        ("opening", 1, "active"),
        ("opening", 2, "active"),
        ("pseudonym", 1, "active"),
        ("signing", 1, "active"),
    ]
    table = done("keys", "list", "--node", desk.requester).out
    assert all(key["key_id"] in table for key in listed)
    public = done("keys", "public", "--node", desk.requester, "--json").json
    assert sorted(key["purpose"] for key in public) == ["ledger", "opening", "opening", "signing"]
    assert all(len(key["public"]) > 40 for key in public)
    assert [
        k["purpose"] for k in done("keys", "list", "--node", desk.authority, "--json").json
    ] == ["signing"]


def test_rotation_from_end_to_end(desk: Desk) -> None:
    """An envelope to the old key opens after rotation, export and import; new ones take the new."""
    old = _seal(desk)
    (key,) = done("keys", "rotate", "--node", desk.requester, "--purpose", "opening", "--json").json
    assert key["state"] == "active"
    assert key["key_id"] != old["recipient_key_id"]
    assert _states(desk.requester, "opening") == ["active", "retired"]
    assert _states(desk.requester, "opening", 2) == ["active"]
    # Whoever has not heard of it seals to the old key, which still opens.
    assert desk.opened() == [PUBLIC_ROW]
    assert _seal(desk)["recipient_key_id"] == old["recipient_key_id"]
    _admit(desk, desk.requester)
    assert desk.opened() == [PUBLIC_ROW]
    assert desk.opened("--reopen") == [PUBLIC_ROW]
    assert _seal(desk)["recipient_key_id"] == key["key_id"]
    assert desk.opened() == [PUBLIC_ROW]


def test_a_signing_key_is_rotated_with_the_directory(desk: Desk) -> None:
    """What the old one signed is believed; the new one's once the directory has it."""
    old = _seal(desk)
    # A key ends with the second before it is retired.
    time.sleep(1 - time.time() % 1)
    done("keys", "rotate", "--node", desk.provider, "--purpose", "signing")
    answer = desk.seal_public(desk.folder / "r.json", "--out", desk.folder / "early.bin")
    assert answer.code == "KEY_UNAVAILABLE"
    _admit(desk, desk.provider)
    assert desk.opened() == [PUBLIC_ROW]
    new = _seal(desk)
    assert new["sender_key_id"] != old["sender_key_id"]
    assert desk.opened() == [PUBLIC_ROW]


def test_a_key_may_wait_before_it_is_activated(desk: Desk) -> None:
    """`new` makes the next one, `rotate` takes it and makes no other."""
    (waiting,) = done(
        *("keys", "new", "--node", desk.requester, "--purpose", "opening"),
        *("--suite", 2, "--days", 30, "--json"),
    ).json
    assert waiting["state"] == "next"
    assert waiting["not_after"] > waiting["not_before"]
    (active,) = done(
        "keys", "rotate", "--node", desk.requester, "--purpose", "opening", "--suite", 2, "--json"
    ).json
    assert active["key_id"] == waiting["key_id"]
    assert _states(desk.requester, "opening", 2) == ["active", "retired"]


def test_a_retired_key_is_out_of_use(desk: Desk) -> None:
    """Retiring twice moves nothing; without an active key nothing is signed."""
    signing = next(key for key in _keys(desk.provider) if key["purpose"] == "signing")
    retire = ("keys", "retire", "--node", desk.provider, "--key", signing["key_id"], "--json")
    (first,) = done(*retire).json
    assert first["state"] == "retired"
    assert done(*retire).json == [first]
    assert desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json")).code == "KEY_UNAVAILABLE"
    assert call(*retire[:-2], "a" * 26).code == "KEY_UNKNOWN"
    assert call(*retire[:-2], "../../etc").code == "KEY_UNKNOWN"


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--purpose", "opening", "--days", "0"), 3),
        (("--purpose", "opening", "--days", "-1"), 3),
        (("--purpose", "opening", "--days", "9999999"), 3),
        (("--purpose", "opening", "--suite", "9"), 3),
        (("--purpose", "opening", "--suite", "0"), 3),
        (("--purpose", "sealing"), 2),
        ((), 2),
    ],
)
@pytest.mark.parametrize("verb", ["new", "rotate"])
def test_odd_keys_are_not_made(
    desk: Desk, verb: str, options: tuple[str, ...], status: int
) -> None:
    """And those held stay as they were."""
    before = (desk.provider / "keys.json").read_bytes()
    assert call("keys", verb, "--node", desk.provider, *options).status == status
    assert (desk.provider / "keys.json").read_bytes() == before


OLD, NEW = "old passphrase 1", "new passphrase 2"


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a node without a passphrase file; its passphrase is OLD."""
    monkeypatch.setenv("SEALGATE_PASSPHRASE", OLD)
    node = tmp_path / "node"
    done("init", node, "--department", "11149900MB0C15008R")
    monkeypatch.delenv("SEALGATE_PASSPHRASE")
    return node


def _with(passphrase: str) -> dict[str, str]:
    return environment(SEALGATE_PASSPHRASE=passphrase)


def test_the_passphrase_comes_from_the_environment(locked: Path) -> None:
    """Another one opens nothing, and is not shown."""
    listed = spawn("keys", "list", "--node", locked, "--json", env=_with(OLD))
    assert listed.returncode == 0
    assert len(json.loads(listed.stdout)) == 5
    refused = spawn("keys", "list", "--node", locked, env=_with("open sesame 99"))
    assert refused.returncode == 3
    assert refused.stderr.splitlines()[-1].startswith(b"refused: KEY_UNAVAILABLE: ")
    assert b"sesame" not in refused.stdout + refused.stderr


def test_the_passphrase_is_changed_by_file(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one opens nothing any more; a file that others can read is refused."""
    monkeypatch.setenv("SEALGATE_PASSPHRASE", OLD)
    path = locked.parent / "new"
    path.write_text(NEW + "\n", "utf-8")
    path.chmod(0o644)
    passwd = ("keys", "passwd", "--node", locked, "--new-passphrase-file", path)
    assert call(*passwd).code == "KEY_UNAVAILABLE"
    path.chmod(0o600)
    done(*passwd)
    assert call("keys", "list", "--node", locked).code == "KEY_UNAVAILABLE"
    monkeypatch.setenv("SEALGATE_PASSPHRASE", NEW)
    assert len(_keys(locked)) == 5


def test_a_node_with_a_passphrase_file_reads_it_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says; the file lies in the node's folder."""
    monkeypatch.setenv("SEALGATE_PASSPHRASE", "something else entirely")
    node = tmp_path / "node"
    init = ("init", node, "--department", "11149900MB0C15008R", "--passphrase-file", "secret")
    assert call(*init).code == "KEY_UNAVAILABLE"
    (node / "secret").write_text(OLD, "utf-8")
    (node / "secret").chmod(0o600)
    done(*init)
    assert len(_keys(node)) == 5
    assert "secret" in (node / "node.yaml").read_text("utf-8")


def _talk(arguments: list[object], answers: list[str]) -> tuple[int, str]:
    """Run the command at a terminal of its own, and answer each question."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the other process
        command = [*COMMAND, *map(str, arguments)]
        os.execve(sys.executable, command, environment())  # noqa: S606 - the project's own command
    said, waiting, deadline = b"", list(answers), time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
        asked = said.count(b"passphrase: ")
        while waiting and asked > len(answers) - len(waiting):
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode()


def test_the_passphrase_is_asked_for_at_a_terminal(locked: Path) -> None:
    """It is not shown; a wrong one is refused; a new one is asked for twice."""
    status, said = _talk(["keys", "list", "--node", locked], [OLD])
    assert status == 0, said
    assert "ledger" in said
    assert OLD not in said
    status, said = _talk(["keys", "list", "--node", locked], ["wrong one"])
    assert status == 3
    assert "refused: KEY_UNAVAILABLE" in said
    status, said = _talk(["keys", "passwd", "--node", locked], [OLD, NEW, "another"])
    assert (status, "differ" in said) == (3, True)
    status, said = _talk(["keys", "passwd", "--node", locked], [OLD, NEW, NEW])
    assert status == 0, said
    assert NEW not in said
    assert _talk(["keys", "list", "--node", locked], [NEW])[0] == 0


def test_a_new_installation_asks_for_its_passphrase_twice(tmp_path: Path) -> None:
    """And not a third time; what differs makes no keys."""
    for what in (("--department", "11149900MB0C15008R"), ("--authority", "urn:a")):
        folder = tmp_path / what[0]
        status, said = _talk(["init", folder, *what], [NEW, OLD])
        assert (status, "differ" in said) == (3, True)
        assert not (folder / "keys.json").exists()
        status, said = _talk(["init", folder, *what], [NEW, NEW])
        assert status == 0, said
        assert said.count("passphrase: ") == 2
        assert spawn("keys", "list", "--node", folder, env=_with(NEW)).returncode == 0


def test_without_a_terminal_the_prompt_is_a_refusal(locked: Path) -> None:
    """Nothing hangs, and nothing typed would be shown."""
    answer = spawn("keys", "list", "--node", locked, input=OLD.encode(), start_new_session=True)
    assert answer.returncode == 3
    assert answer.stderr.splitlines()[-1].startswith(b"refused: KEY_UNAVAILABLE: no terminal")
