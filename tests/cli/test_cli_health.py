"""`sealgate health` tells whether a node can work, tries everything, and changes nothing."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from gateway import readiness
from gateway.node import Node
from gateway.stores import probes
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from gateway.stores.shards import list_shards
from tests.cli.command import COMMAND, REQUESTER, ROW, Answer, Desk, call, environment
from tests.cli.node_health import CONDITIONS, health
from tests.gateway.ledger_shards import entries_of

DAY = 86_400


def failed(answer: Answer) -> dict[str, str]:
    """Return the codes of the conditions that fail, by name."""
    told = answer.json["conditions"]
    assert [one["name"] for one in told] == CONDITIONS
    return {one["name"]: one["code"] for one in told if one["state"] == "failed"}


def tree(folder: Path) -> dict[str, tuple[str | bytes, int, int]]:
    """Return everything below a folder: content, mode, time of change of a file's content."""
    return {
        str(path.relative_to(folder)): (
            os.readlink(path)
            if path.is_symlink()
            else path.read_bytes()
            if path.is_file()
            else b"",
            path.lstat().st_mode,
            0 if path.is_dir() else path.lstat().st_mtime_ns,
        )
        for path in folder.rglob("*")
    }


def change_term(node: Path, **seconds: int) -> None:
    """Set times of the trust data that a node holds."""
    path = node / "trust" / "current" / "trust.yaml"
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if line.partition(":")[0] not in seconds]
    changed = [f"{name}: {value}" for name, value in seconds.items()]
    path.write_text("\n".join([*kept, *changed]) + "\n", "utf-8")


def now() -> int:
    """Tell the time in Unix seconds."""
    return system_clock() // 1000


def test_a_founded_node_is_healthy(desk: Desk) -> None:
    """Each condition is shown in both languages, with what was found."""
    answer = call("health", "--node", desk.provider)
    assert (answer.status, answer.err) == (0, "")
    for word in (*CONDITIONS, "密钥", "ok 正常", "days left: signing 73", "剩余天数", "版本"):
        assert word in answer.out
    assert "failed" not in answer.out


def test_json_tells_the_same(desk: Desk) -> None:
    """One object; days are numbers where something ends."""
    answer = health(desk.provider)
    assert answer.status == 0
    assert answer.json["healthy"] is True
    assert failed(answer) == {}
    days = {one["name"]: one["days"] for one in answer.json["conditions"]}
    assert days.pop("keys") in range(720, 733)
    assert days.pop("trust") in range(25, 31)
    assert set(days.values()) == {None}


@pytest.mark.parametrize("used", [False, True])
def test_a_check_leaves_nothing(desk: Desk, used: bool) -> None:
    """No file, no entry, no claim: a node without a ledger has none afterwards."""
    if used:
        assert desk.seal(desk.write([ROW], "rows.json")).status == 0
    before = tree(desk.provider)
    assert ("ledger" in before) is used
    assert health(desk.provider).status == 0
    assert tree(desk.provider) == before


def _spoil(name: str, text: str = "x: [") -> Callable[[Desk], None]:
    return lambda desk: write_whole(desk.provider / name, text.encode(), mode=0o600)


def _no_folder(name: str) -> Callable[[Desk], None]:
    return lambda desk: (desk.provider / name).mkdir()


def _remove(name: str) -> Callable[[Desk], None]:
    return lambda desk: (desk.provider / name).unlink()


def _loosen(name: str) -> Callable[[Desk], None]:
    return lambda desk: (desk.provider / name).chmod(0o644)


def _retire_ledger_key(desk: Desk) -> None:
    listed = call("keys", "list", "--node", desk.provider, "--json").json
    (key,) = (one["key_id"] for one in listed if one["purpose"] == "ledger")
    assert call("keys", "retire", "--node", desk.provider, "--key", key).status == 0


def _rotate_signing_key(desk: Desk) -> None:
    rotated = call("keys", "rotate", "--node", desk.provider, "--purpose", "signing")
    assert rotated.status == 0


def _foreign_policy(desk: Desk) -> None:
    path = desk.provider / "policy.yaml"
    lines = path.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("provider:")]
    path.write_text("\n".join([*kept, f"provider: {REQUESTER}"]) + "\n", "utf-8")


def _leave_the_directory(desk: Desk) -> None:
    folder = desk.provider / "trust" / "current" / "departments"
    department = call("health", "--node", desk.provider, "--json").json["conditions"][0]["text"]
    for path in folder.iterdir():
        if path.stem in department:
            path.unlink()


def _lose_the_lists(desk: Desk) -> None:
    shutil.rmtree(desk.provider / "trust" / "versions")


# Fault: (what makes it, code by failing condition).
FAULTS: Mapping[str, tuple[Callable[[Desk], None], dict[str, str]]] = {
    "node.yaml is missing": (
        _remove("node.yaml"),
        dict.fromkeys(("configuration", "keys", "directory", "policy"), "CONFIGURATION_INVALID"),
    ),
    "the passphrase is another": (
        _spoil("passphrase", "another passphrase"),
        dict.fromkeys(("keys", "directory"), "KEY_UNAVAILABLE"),
    ),
    "the passphrase is missing": (
        _remove("passphrase"),
        dict.fromkeys(("keys", "directory"), "KEY_UNAVAILABLE"),
    ),
    "others may read the key file": (
        _loosen("keys.json"),
        dict.fromkeys(("keys", "directory"), "KEY_UNAVAILABLE"),
    ),
    "a purpose has no active key": (_retire_ledger_key, {"keys": "KEY_UNAVAILABLE"}),
    "nobody knows the signing key": (_rotate_signing_key, {"directory": "KEY_UNAVAILABLE"}),
    "the directory has no entry": (_leave_the_directory, {"directory": "DEPARTMENT_UNKNOWN"}),
    "the ledger is no folder": (_spoil("ledger"), {"ledger": "LEDGER_UNAVAILABLE"}),
    "the stores are no database": (
        _spoil("state.sqlite", "no database"),
        {"stores": "LEDGER_UNAVAILABLE"},
    ),
    "the stores are no file": (_no_folder("state.sqlite"), {"stores": "LEDGER_UNAVAILABLE"}),
    "there is no trust data": (
        _remove("trust/current"),
        dict.fromkeys(("trust", "directory"), "TRUST_STALE"),
    ),
    "trust data is gone": (
        _lose_the_lists,
        dict.fromkeys(("trust", "directory"), "CONFIGURATION_INVALID"),
    ),
    "trust data is spoilt": (
        _spoil("trust/current/issuers.yaml"),
        dict.fromkeys(("trust", "directory"), "CATALOGUE_INVALID"),
    ),
    "trust data has ended": (
        lambda desk: change_term(desk.provider, issued=now() - 9, expires=now() - 1),
        {"trust": "TRUST_STALE"},
    ),
    "the clock is behind": (
        lambda desk: change_term(desk.provider, issued=now() + 3600, expires=now() + 9 * DAY),
        {"clock": "TRUST_STALE"},
    ),
    "the policy is spoilt": (_spoil("policy.yaml"), {"policy": "POLICY_INVALID"}),
    "the policy is another's": (_foreign_policy, {"policy": "POLICY_MISSING"}),
    "the blocks are spoilt": (_spoil("blocks.yaml"), {"blocks": "CONFIGURATION_INVALID"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_fails_its_condition_alone(desk: Desk, fault: str) -> None:
    """And what cannot be judged without it; the first that fails gives the code."""
    make, expected = FAULTS[fault]
    make(desk)
    answer = health(desk.provider)
    assert failed(answer) == expected
    assert answer.json["healthy"] is False
    assert answer.code == answer.json["code"] == next(iter(expected.values()))
    assert all(one["text"] and one["text_zh"] for one in answer.json["conditions"])


def test_an_open_node_sees_the_same_faults(desk: Desk) -> None:
    """Of one that is open, trust data, policy and blocks are told apart too."""
    with Node(desk.provider) as node:
        assert [one.state for one in readiness.check(node)] == ["ok"] * len(CONDITIONS)
        _spoil("policy.yaml")(desk)
        shutil.rmtree(desk.provider / "ledger", ignore_errors=True)
        _spoil("ledger")(desk)
        found = readiness.check(node)
        told = {one.name: one.refusal.code for one in found if one.refusal is not None}
        assert told == {"ledger": "LEDGER_UNAVAILABLE", "policy": "POLICY_INVALID"}
        _loosen("keys.json")(desk)
        os.utime(desk.provider / "keys.json", (0, 0))
        keys = readiness.check(node)[1]
        assert keys.refusal is not None
        assert keys.refusal.code == "KEY_UNAVAILABLE"
        assert str(desk.provider) not in keys.text + keys.text_zh


def test_everything_is_tried_after_the_first_failure(desk: Desk) -> None:
    """Three faults are three conditions; the text names each, the last line the first."""
    for fault in ("the ledger is no folder", "the policy is spoilt", "the passphrase is another"):
        FAULTS[fault][0](desk)
    answer = call("health", "--node", desk.provider)
    assert answer.code == "KEY_UNAVAILABLE"
    assert answer.out.count("failed 失败") == 4
    assert answer.out.count("ok 正常") == 5


@pytest.mark.parametrize("fault", ["the passphrase is another", "the passphrase is missing"])
def test_no_output_tells_where_secrets_lie(desk: Desk, fault: str) -> None:
    """Neither the passphrase nor the place of it or of the key file."""
    secret = (desk.provider / "passphrase").read_text("ascii").strip()
    FAULTS[fault][0](desk)
    told = "".join(
        answer.out + answer.err
        for answer in (health(desk.provider), call("health", "--node", desk.provider))
    )
    for hidden in (secret, "another passphrase", "keys.json", str(desk.provider / "passphrase")):
        assert hidden not in told
    assert "passphrase" in told


def test_a_full_disk_is_found(desk: Desk) -> None:
    """A process that may write no byte: neither ledger nor stores can be written."""
    assert desk.seal(desk.write([ROW], "rows.json")).status == 0
    before = tree(desk.provider)
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        "runpy.run_module(sys.argv.pop(1), run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *COMMAND[2:], "health", "--node", desk.provider, "--json"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    answer = Answer(done.returncode, done.stdout, done.stderr)
    assert failed(answer) == dict.fromkeys(("ledger", "stores"), "LEDGER_UNAVAILABLE")
    assert answer.code == "LEDGER_UNAVAILABLE"
    assert tree(desk.provider) == before


@contextmanager
def held_locks(node: Path) -> Iterator[None]:
    """Hold the locks of ledger and stores, as a process does that hangs."""
    with ExitStack() as stack:
        for path in (node / "state.sqlite", *list_shards(node / "ledger")):
            database = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            database.execute("BEGIN IMMEDIATE")
        yield


def test_a_lock_that_is_never_given_back_is_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check waits for it as long as it says, and no longer."""
    monkeypatch.setattr(probes, "LOCK_SECONDS", 0.2)
    assert desk.seal(desk.write([ROW], "rows.json")).status == 0
    with held_locks(desk.provider):
        answer = health(desk.provider)
    assert failed(answer) == dict.fromkeys(("ledger", "stores"), "LEDGER_UNAVAILABLE")
    assert health(desk.provider).status == 0


def test_a_running_node_is_not_disturbed(desk: Desk) -> None:
    """Checks by another process between its calls, and while they last."""
    rows = desk.write([ROW], "rows.json")
    assert desk.seal(rows).status == 0
    envelope = desk.envelope.read_bytes()
    checker = (
        "import sys; from pathlib import Path; from gateway.readiness import check_folder\n"
        "while sys.stdin.readline():\n"
        "    print(*(one.state for one in check_folder(Path(sys.argv[1]))), flush=True)\n"
    )
    with (
        Node(desk.requester) as node,
        subprocess.Popen(
            [sys.executable, "-c", checker, desk.requester],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(20):
            process.stdin.write("\n")
            process.stdin.flush()
            node.open(envelope, reopen=True)
        process.stdin.close()
        states = process.stdout.read().splitlines()
    assert states == [" ".join(["ok"] * len(CONDITIONS))] * 20
    entries = entries_of(desk.requester, "open")
    assert [entry["shared"]["outcome"] for entry in entries] == ["ok"] * 20
    # The claim of the first of them holds.
    assert desk.open().code == "ENVELOPE_REPLAYED"


def test_a_place_that_is_no_node_is_refused(tmp_path: Path) -> None:
    """An empty folder, and none: everything is tried all the same."""
    assert health(tmp_path).code == "CONFIGURATION_INVALID"
    nowhere = health(tmp_path / "nowhere")
    assert failed(nowhere)["ledger"] == "LEDGER_UNAVAILABLE"
    assert call("health").status == 2
