"""Sidecars as processes of their own, over the folders of a founded world."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from gateway.client import Client
from tests.cli.command import COMMAND, PURPOSE, RESOURCE, ROOT, Desk

# Each waits for a line or an end, and fails rather than hangs.
PATIENCE = 30
# Two seconds, which is what is promised, and what a loaded machine adds.
TRUTH_SECONDS = 10


class Sidecar:
    """A running `sealgate serve`."""

    def __init__(self, node: Path, sockets: Path, process: subprocess.Popen[str]) -> None:
        self.node, self.sockets, self.process = node, sockets, process
        self.errors = ""

    def client(self, caller: str = "case-system", timeout: float = PATIENCE) -> Client:
        """Connect as a caller."""
        return Client(self.sockets / caller, timeout=timeout)

    def target(self, caller: str = "case-system") -> str:
        """Return the address of a caller's socket."""
        return f"unix:{self.sockets / caller / 'worker-0.sock'}"

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        self.errors += errors
        return self.process.returncode


def set_callers(node: Path, callers: Sequence[Mapping[str, object]]) -> None:
    """Write the callers into `node.yaml`."""
    file = node / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["callers"] = [*callers]
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")


def started(node: Path, sockets: Path, *options: str, path: str = "") -> subprocess.Popen[str]:
    """Start the command, with a folder whose modules come first; it may end by itself."""
    return subprocess.Popen(
        [*COMMAND, "serve", "--node", node, "--sockets", sockets, *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{path}:{ROOT}".strip(":"), "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def sidecar(
    node: Path, sockets: Path | None = None, *, workers: int = 1, path: str = ""
) -> Iterator[Sidecar]:
    """Run a sidecar until the end of the block; see `started`."""
    with short_folder() as folder:
        sockets = sockets or folder
        running = Sidecar(
            node, sockets, started(node, sockets, "--workers", str(workers), path=path)
        )
        assert running.process.stdout is not None
        assert running.process.stderr is not None
        try:
            line = running.process.stdout.readline()
            assert "serving" in line, running.process.stderr.read()
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
            running.process.communicate(timeout=PATIENCE)


@contextmanager
def short_folder() -> Iterator[Path]:
    """Make a folder whose path is short enough for sockets, as pytest's are not."""
    folder = Path(tempfile.mkdtemp(prefix="sg-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def about(desk: Desk) -> dict[str, Any]:
    """Return what calls to seal with the desk's grant are about."""
    grant = desk.grant.read_text("ascii").strip()
    return {"resource": RESOURCE, "purpose": PURPOSE, "grant": grant}


def soon(true: Callable[[], bool]) -> bool:
    """Wait for a thing to become true."""
    end = time.monotonic() + TRUTH_SECONDS
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False
