"""What a sidecar works with is entered once, however many calls come upon it at once."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.command import Desk
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import asking
from tests.server.sidecars import set_callers, sidecar

FACTS = ("keys", "trust", "policy")


@pytest.fixture
def desk(founded: Path, tmp_path: Path) -> Desk:
    """Found a world of its own."""
    shutil.copytree(founded, tmp_path / "world", symlinks=True)
    return Desk(tmp_path / "world")


def test_a_change_is_entered_once_under_load(desk: Desk) -> None:
    """Start, then a policy of another version while thirty-two calls run at a time."""
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    with (
        sidecar(desk.provider) as served,
        asking(f"unix:{served.sockets / 'a' / 'worker-0.sock'}", desk) as caller,
        ThreadPoolExecutor(16) as threads,
    ):
        assert Counter(entry["shared"]["kind"] for entry in _facts(desk)) == dict.fromkeys(FACTS, 1)
        text = desk.provider / "policy.yaml"
        for version in (101, 102):
            calls = [threads.submit(caller.seal) for _ in range(100)]
            text.write_text(_renamed(text.read_text("utf-8"), version), "utf-8")
            calls += [threads.submit(caller.seal) for _ in range(100)]
            assert all(call.result().records == 1 for call in calls)
    policies = [entry["shared"]["policy"] for entry in _facts(desk) if "policy" in entry["shared"]]
    assert [policy.split("@")[1] for policy in policies[1:]] == ["101", "102"]
    sealed = [entry["shared"]["policy"] for entry in entries_of(desk.provider, "seal")]
    assert list(dict.fromkeys(sealed)) == policies


def _facts(desk: Desk) -> list[dict[str, dict[str, str]]]:
    return entries_of(desk.provider, *FACTS)


def _renamed(text: str, version: int) -> str:
    lines = [
        f"version: {version}" if line.startswith("version:") else line for line in text.splitlines()
    ]
    return "\n".join(lines) + "\n"
