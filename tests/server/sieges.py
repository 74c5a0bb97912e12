"""A sidecar to be besieged: one caller that may do everything, its standard error in a file."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import ROOT, Desk
from tests.server.sidecars import PATIENCE, Sidecar, about, set_callers, short_folder
from tests.server.vitals import vitals

CALLER = "case-system"
# Who goes on calling meanwhile, by a socket of its own.
BYSTANDER = "bystander"
EVERYTHING = ("seal", "open", "explain", "read_ledger", "administer")
# What a test may last; `make torture` gives more.
SECONDS = float(os.environ.get("SEALGATE_TORTURE_SECONDS", "60"))


class Siege(NamedTuple):
    """A sidecar, its desk, and the socket of its caller."""

    desk: Desk
    served: Sidecar
    socket: Path

    @property
    def subject(self) -> v1.SealSubject:
        """Return what calls to seal are about."""
        return v1.SealSubject(**about(self.desk))


@contextmanager
def besieged(founded: Path) -> Iterator[Siege]:
    """Serve a copy of a founded provider; nothing it wrote may tell of an exception."""
    with (
        tempfile.TemporaryDirectory() as folder,
        short_folder() as sockets,
        tempfile.TemporaryFile("w+") as errors,
    ):
        world = Path(folder) / "world"
        shutil.copytree(founded, world, symlinks=True)
        desk = Desk(world)
        set_callers(
            desk.provider,
            [
                {"name": CALLER, "may": [*EVERYTHING], "calls_per_second": 100_000},
                {"name": BYSTANDER, "may": [*EVERYTHING]},
            ],
        )
        command = [sys.executable, "-m", "gateway.cli.main", "serve", "--log-level=warning"]
        process = subprocess.Popen(
            [*command, "--node", desk.provider, "--sockets", sockets],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        served = Sidecar(desk.provider, sockets, process)
        assert process.stdout is not None
        try:
            if "serving" not in process.stdout.readline():
                errors.seek(0)
                raise AssertionError(errors.read())
            first = vitals(served).process
            yield Siege(desk, served, sockets / CALLER / "worker-0.sock")
            assert vitals(served).process == first, "the worker was replaced"
            process.terminate()
            process.communicate(timeout=PATIENCE)
            assert process.returncode == 0
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=PATIENCE)
        errors.seek(0)
        said = errors.read()
        assert "Traceback" not in said
        assert "internal error" not in said
