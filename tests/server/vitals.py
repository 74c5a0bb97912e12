"""What a worker holds: memory, descriptors, threads; before and after hostile callers."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.client import RefusedError
from tests.server.sidecars import PATIENCE, Sidecar, soon

MEGABYTE = 1024 * 1024
# What allocators and pools of threads may come to keep, whatever was sent.
MEMORY_SLACK = 120.0
DESCRIPTOR_SLACK = 6
THREAD_SLACK = 8


class Vitals(NamedTuple):
    """What a worker holds at a time, and which process it is."""

    process: int
    megabytes: float
    descriptors: int
    threads: int


def vitals(served: Sidecar) -> Vitals:
    """Look at the first worker."""
    parent = served.process.pid
    worker = int(Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()[0])
    proc = Path(f"/proc/{worker}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text("utf-8").splitlines())
    return Vitals(
        worker,
        int(status["VmRSS"].split()[0]) / 1024,
        len(os.listdir(proc / "fd")),
        int(status["Threads"]),
    )


def _answers(served: Sidecar, caller: str) -> bool:
    try:
        with served.client(caller) as client:
            return client.status().ready
    except RefusedError:
        return False


def differences(before: Vitals, after: Vitals, memory: float = MEMORY_SLACK) -> list[str]:
    """Return what a worker holds more of than it may."""
    found = []
    if after.process != before.process:
        found.append("another process")
    if after.megabytes > before.megabytes + memory:
        found.append(f"memory {before.megabytes:.0f} → {after.megabytes:.0f} MB")
    if after.descriptors > before.descriptors + DESCRIPTOR_SLACK:
        found.append(f"descriptors {before.descriptors} → {after.descriptors}")
    if after.threads > before.threads + THREAD_SLACK:
        found.append(f"threads {before.threads} → {after.threads}")
    return found


@contextmanager
def unharmed(
    served: Sidecar,
    caller: str = "case-system",
    bystander: str = "bystander",
    memory: float = MEMORY_SLACK,
) -> Iterator[Vitals]:
    """Check that a sidecar answers others after the block, as the same process, holding no more.

    And its hostile caller soon, which has first to be rid of what itself piled up.
    """
    with served.client(bystander) as client:
        client.status()
        before = vitals(served)
        yield before
        assert client.status().ready
    assert soon(lambda: _answers(served, caller))
    end = time.monotonic() + PATIENCE
    while (wrong := differences(before, vitals(served), memory)) and time.monotonic() < end:
        time.sleep(0.2)
    assert not wrong, wrong
