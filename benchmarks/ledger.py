"""Measure the ledger: appends that share commits, seals with it and without, reading it back.

Commits to the disk and to a folder in memory, where an fsync costs nothing, are told
apart. Everything that is compared is measured in turn in one run, several times, and
the best turns are compared: the machine is shared.

Calls are driven in a loop of uvloop by the conductor that drives them in a sidecar, and
once more in real sidecars, by h2load.
"""

import asyncio
import gc
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import uvloop

from benchmarks.large_shard import (
    build,
    entries_like,
    ledger_of,
    proof_seconds,
    read_rate,
    seconds,
    verify_rate,
    weigh,
)
from benchmarks.no_ledger import GroupedMemory, NoLedger, node_with
from benchmarks.run import full_records
from benchmarks.sidecar import CALLER, MEMORY, Served, framed, rate, running, serving
from benchmarks.table import replace_table
from benchmarks.world import granted, served_world
from gateway.model.call import Entry, SealRequest
from gateway.node import Node
from gateway.server.committing import Conductor
from gateway.steps import Steps, write
from gateway.stores.ledger import SqliteLedger
from gateway.testing import PURPOSE, RESOURCE
from gateway.v1 import sidecar_pb2 as v1

AT_ONCE = 32
# Of one turn: appends alone, and appends and seals of each of those that are in flight. Enough
# that SQLite writes its log over into its file meanwhile.
ALONE, APPENDS, SEALS = 300, 80, 80
TURNS, SLOW_TURNS = 12, 3
ENTRIES = 1_000_000
# As much as a small commit writes.
BLOCK = bytes(4096)


class Best(dict[str, float]):
    """The best figures by their names: rates, of which more is better."""

    def note(self, name: str, figure: float) -> None:
        """Take a figure if it is better than those before."""
        self[name] = max(self.get(name, 0.0), figure)


class Sealing(NamedTuple):
    """A node that seals, and who drives its calls."""

    node: Node
    conductor: Conductor

    async def seal(self, request: SealRequest) -> None:
        """Seal once."""
        await self.conductor.drive(self.node.sealing(request), nobody)


def nobody() -> None:
    """Nobody leaves a call here."""


async def at_once(call: Callable[[], Any], each: int) -> float:
    """Return the calls a second of as many callers, each of whom calls again and again."""

    async def caller() -> None:
        for _ in range(each):
            await call()

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return AT_ONCE * each / (time.perf_counter() - begun)


def found(folder: Path) -> SealRequest:
    """Found a world whose provider can be served; return a request of one record."""
    callers = ({"name": CALLER, "may": ["seal"]},)
    token = granted(served_world(folder, {"provider": callers}, "requester"))
    return SealRequest(
        resource=RESOURCE, purpose=PURPOSE, grant=token, records=full_records(1), caller=CALLER
    )


def seal_entry(folder: Path, request: SealRequest) -> Entry:
    """Return what a seal enters."""
    ledger = GroupedMemory()
    with node_with(ledger, folder, worker=9) as node:
        node.seal(request)
        entry = ledger.entries[-1]
    assert entry.shared.kind == "seal"
    assert entry.subjects is not None
    return entry


def alone(ledger: SqliteLedger, entries: Sequence[Entry]) -> float:
    """Return the appends a second of one after another, each in a commit of its own."""
    return len(entries) / seconds(lambda: [ledger.append(entry) for entry in entries])


def fsyncs(folder: Path, count: int = 50) -> float:
    """Return how often a second the disk can be told to keep what was written."""
    handle = os.open(folder / "block", os.O_RDWR | os.O_CREAT, 0o600)

    def once() -> None:
        os.pwrite(handle, BLOCK, 0)
        os.fdatasync(handle)

    try:
        return 1 / min(seconds(once) for _ in range(count))
    finally:
        os.close(handle)


async def measure_appends(ledgers: dict[str, SqliteLedger], entry: Entry, turns: int) -> Best:
    """Measure appends alone and together, in each place."""
    best, entries = Best(), entries_like(entry)
    conductor = Conductor(ledgers.values())

    def appended(ledger: SqliteLedger) -> Steps[object]:
        return write(ledger, partial(ledger.append, next(entries)))

    for _ in range(turns):
        for place, ledger in ledgers.items():
            best.note(f"alone {place}", alone(ledger, [next(entries) for _ in range(ALONE)]))

            async def append(ledger: SqliteLedger = ledger) -> None:
                await conductor.drive(appended(ledger), nobody)

            best.note(f"together {place}", await at_once(append, APPENDS))
    await conductor.close()
    return best


async def measure_seals(nodes: dict[str, Node], request: SealRequest, turns: int) -> Best:
    """Measure seals of nodes that differ in their ledgers."""
    best = Best()
    sealing = {name: Sealing(node, Conductor(node.stores)) for name, node in nodes.items()}
    # As a sidecar does before it takes calls.
    gc.collect()
    gc.freeze()
    for _ in range(turns):
        for name, one in sealing.items():
            best.note(f"seal {name}", await at_once(partial(one.seal, request), SEALS))
    for one in sealing.values():
        await one.conductor.close()
    return best


def measure_calls(memory: Path, disk: Path, request: SealRequest, turns: int) -> Best:
    """Measure appends and seals in one process."""
    provider = memory / "provider"
    kept = GroupedMemory()
    with ExitStack() as stack:
        enter = stack.enter_context
        nodes = {
            "none": enter(node_with(NoLedger(), provider, worker=1)),
            "kept": enter(node_with(kept, provider, worker=2)),
            "memory": enter(Node(provider, worker=3)),
            "disk": enter(Node(disk / "provider", worker=3)),
        }
        entry = seal_entry(provider, request)
        ledgers = {
            "disk": enter(ledger_of(nodes["disk"], disk / "appends")),
            "memory": enter(ledger_of(nodes["memory"], memory / "appends")),
        }
        for node in nodes.values():
            node.seal(request)
        best = uvloop.run(measure_appends(ledgers, entry, turns))
        best |= uvloop.run(measure_seals(nodes, request, turns))
        best["fsync disk"] = fsyncs(disk)
    return best


def without_ledger(node: Path, sockets: Path) -> AbstractContextManager[Served]:
    """Run a sidecar that has no ledger."""
    command = ["benchmarks.no_ledger", str(node), str(sockets)]
    return running(command, (sockets / CALLER / "worker-0.sock",))


def measure_sidecars(memory: Path, disk: Path, request: SealRequest, turns: int) -> Best:
    """Measure real sidecars, with a ledger and without, driven by h2load."""
    best = Best()
    subject = v1.SealSubject(resource=RESOURCE, purpose=PURPOSE, grant=request.grant)
    message = v1.SealRequest(subject=subject, records=request.records)
    body = memory / "body"
    body.write_bytes(framed(message.SerializeToString()))
    with ExitStack() as stack:
        served = {
            "none": stack.enter_context(without_ledger(memory / "provider", memory / "n")),
            "memory": stack.enter_context(serving(memory / "provider", memory / "s")),
            "disk": stack.enter_context(serving(disk / "provider", disk / "s")),
        }
        for _ in range(turns):
            for name, one in served.items():
                best.note(f"served {name}", rate(one, body, 1))
    return best


def measure_shard(folder: Path, memory: Path, request: SealRequest, turns: int, size: int) -> Best:
    """Measure reading back a large shard that lies on the disk, and what an entry weighs."""
    best, dice = Best(), Random(1)
    entry = seal_entry(memory / "provider", request)
    with Node(memory / "provider", worker=9) as node:
        bare = Entry(shared=entry.shared, private=entry.private)
        best["bytes"] = weigh(node, memory / "weighed", entry)
        best["bytes bare"] = weigh(node, memory / "weighed-bare", bare)
        path = build(node, folder, entry, size)
        for _ in range(turns):
            # In this order: the first has the system read what the last had it forget.
            best.note("read", read_rate(path))
            best.note("verify", verify_rate(path, node))
            for how, took in proof_seconds(path, node, dice).items():
                best.note(f"proof {how}", 1 / took)
    return best


def compared(best: Best) -> list[str]:
    """Return the lines of what is compared with something."""
    rows = [
        ("durable appends, 32 callers to one commit each", "≥ 5", "together disk", "alone disk"),
        ("the same, ledger in memory", "", "together memory", "alone memory"),
        ("seals, 32 in flight, to a ledger that is a list", "≥ 0.80", "seal disk", "seal kept"),
        ("the same, ledger in memory", "", "seal memory", "seal kept"),
        ("seals, 32 in flight, to no ledger and no receipt", "", "seal disk", "seal none"),
        ("the same, ledger in memory", "", "seal memory", "seal none"),
        ("sidecar, 32 in flight, to no ledger and no receipt", "", "served disk", "served none"),
        ("the same, ledger in memory", "", "served memory", "served none"),
        ("verify, entries/s, to reading and hashing leaves", "≥ 200,000/s", "verify", "read"),
    ]
    return [
        f"| {text} | {wanted} | {best[ours] / best[other]:.2f} "
        f"| {best[ours]:,.0f}/s | {best[other]:,.0f}/s |"
        for text, wanted, ours, other in rows
    ]


def table(best: Best, size: int) -> list[str]:
    """Return the lines of the table."""
    proofs = [
        (f"a proof at {size:,} entries, by an open reader", "< 1 ms", "proof open"),
        ("the same, the reader opened for it", "", "proof fresh"),
        ("the same, and the file not in memory", "", "proof cold"),
        ("the disk alone: 4 KiB written over and synced", "", "fsync disk"),
    ]
    return [
        *("| | wanted | ratio | ours | of |", "| --- | --- | --- | --- | --- |"),
        *compared(best),
        *(
            f"| {text} | {wanted} | | {1000 / best[name]:.2f} ms | |"
            for text, wanted, name in proofs
        ),
        f"| bytes an entry, one subject | | | {best['bytes']:,.0f} | |",
        f"| bytes an entry without subject digests | | | {best['bytes bare']:,.0f} | |",
    ]


def measure(memory: Path, disk: Path, turns: int, slow_turns: int, size: int) -> Best:
    """Return the best of all turns of everything measured."""
    request = found(memory)
    shutil.copytree(memory, disk, symlinks=True)
    best = measure_calls(memory, disk, request, turns)
    best |= measure_sidecars(memory, disk, request, slow_turns)
    best |= measure_shard(disk / "large", memory, request, slow_turns, size)
    return best


def main(turns: int) -> None:
    """Print the table, and put it into RESULTS.md."""
    with ExitStack() as stack:
        memory = stack.enter_context(tempfile.TemporaryDirectory(prefix="sg", dir=MEMORY))
        disk = stack.enter_context(tempfile.TemporaryDirectory(prefix="sg"))
        assert os.stat(memory).st_dev != os.stat(disk).st_dev
        best = measure(Path(memory) / "w", Path(disk) / "w", turns, SLOW_TURNS, ENTRIES)
    lines = table(best, ENTRIES)
    print("\n".join(lines))
    made = f"Python {platform.python_version()}, {platform.machine()}, two cores, {turns} turns."
    replace_table("ledger", [made, "", *lines])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)
