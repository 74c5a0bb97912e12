"""The developer's one door: make, and CI through the same targets."""

import os
import re
import subprocess
from pathlib import Path

TARGETS = {"help", "setup", "demo", "test", "check", "protos", "vectors", "bench", "torture"}


def test_help_lists_every_target(root: Path) -> None:
    """Plain `make` prints the list, a line for each phony target with what it does."""
    done = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True)
    listed = dict(re.findall(r"^make (\S+) +(\S.*)$", done.stdout, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(phony.split()) == set(listed) >= TARGETS


def test_ci_runs_what_developers_run(root: Path) -> None:
    """`.ci/run` is executable and calls make and nothing else of ours."""
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    called = re.findall(r"^make (\S+)", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert called == ["check", "test"]
