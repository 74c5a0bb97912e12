"""Without a ledger nothing leaves and nothing opens, and a full disk spoils nothing."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.node import Node
from tests.gateway.forge import refusal, rows
from tests.gateway.ledger_lines import an_entry, file_ledger
from tests.gateway.worker import ROOT, Town, found_town


def _unwritable(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "ledger.ndjson"
    match kind:
        case "a folder":
            path.mkdir()
        case "in no folder":
            path = tmp_path / "nowhere" / "ledger.ndjson"
        case "a link in a circle":
            path.symlink_to(path)
        case "a full disk":
            path.symlink_to("/dev/full")
        case "read-only":
            path.touch(mode=0o400)
    return path


UNWRITABLE = [
    "a folder",
    "in no folder",
    "a link in a circle",
    "a full disk",
    pytest.param(
        "read-only", marks=pytest.mark.skipif(os.geteuid() == 0, reason="root writes anyway")
    ),
]


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path, kind: str) -> None:
    """One code for whatever is wrong with it."""
    path = _unwritable(tmp_path, kind)
    assert refusal(file_ledger(path).append, an_entry(1)) == "LEDGER_UNAVAILABLE"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for the tests of whole calls."""
    return found_town(tmp_path_factory.mktemp("town"))


@pytest.mark.parametrize("kind", ["a folder", "a full disk"])
def test_without_a_ledger_nothing_leaves_and_nothing_opens(
    town: Town, tmp_path: Path, kind: str
) -> None:
    """Whole calls, refused ones too; and once it is back, what was not opened opens."""
    (file,) = town.seal(tmp_path, rows(), 1)
    envelope = file.read_bytes()
    for role in ("provider", "requester"):
        held = town.place(role) / "ledger.ndjson"
        if held.exists():
            held.rename(held.with_suffix(".kept"))
        _unwritable(town.place(role), kind)
    with Node(town.place("provider")) as provider, Node(town.place("requester")) as requester:
        assert refusal(provider.seal, town.request(rows())) == "LEDGER_UNAVAILABLE"
        wrong = town.request([{**rows()[0], "blood_type": "A"}])
        assert refusal(provider.seal, wrong) == "LEDGER_UNAVAILABLE"
        assert refusal(requester.open, envelope) == "LEDGER_UNAVAILABLE"
        for role in ("provider", "requester"):
            broken = town.place(role) / "ledger.ndjson"
            broken.rmdir() if kind == "a folder" else broken.unlink()
        assert requester.open(envelope).manifest.records == 3
        assert provider.seal(town.request(rows())).manifest.records == 3


_FULL = """
import resource, sys
from pathlib import Path
from gateway.node import Node
from tests.gateway.forge import refusal
from tests.gateway.ledger_lines import an_entry, file_ledger
path, envelope = Path(sys.argv[1]) / "ledger.ndjson", Path(sys.argv[2]).read_bytes()
with Node(sys.argv[1]) as node:
    ledger = file_ledger(path)
    while path.stat().st_size < 400_000:
        ledger.append(an_entry(1, "r" * 9000))
    before = path.read_bytes()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for room in (0, 1, 100, 300):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        assert refusal(node.open, envelope) == "LEDGER_UNAVAILABLE", room
        assert refusal(ledger.append, an_entry(2, "r" * 500)) == "LEDGER_UNAVAILABLE", room
        assert path.read_bytes() == before, room
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(node.open(envelope).manifest.records)
"""


def test_a_full_disk_leaves_the_ledger_as_it_was(town: Town, tmp_path: Path) -> None:
    """A line that does not fit is taken back to the byte, the claim is given back."""
    (file,) = town.seal(tmp_path, rows(), 1)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    (town.place("requester") / "ledger.ndjson").touch()
    done = subprocess.run(
        [sys.executable, "-c", _FULL, town.place("requester"), file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
