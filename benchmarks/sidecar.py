"""Measure the sidecar against a bare echo of the same sizes, driven by h2load, in one run.

Both are `grpc.aio` on uvloop over a Unix socket. h2load (package nghttp2-client)
speaks HTTP/2 without being the bottleneck that a Python client is. Everything is
measured in turn, several times, and the best turns are compared: the machine is
shared. The ledger lies once in memory, where an fsync costs nothing, and once on
the disk.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import grpc
import uvloop

from benchmarks.run import full_records
from benchmarks.table import replace_table
from benchmarks.world import granted, served_world
from gateway.testing import PURPOSE, RESOURCE
from gateway.v1 import sidecar_pb2 as v1

CALLER = "bench"
METHOD = "/gateway.v1.Sidecar/Seal"
# Calls of a turn, and how many are on their way at once: connections, streams on each.
CALLS = {1: 6_000, 1_000: 400}
BUSY, ALONE = (4, 8), (1, 1)
ALONE_CALLS = 1_500
TURNS = 5
# Where files are in memory, so that an fsync costs nothing.
MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of ours is made in it
MEGABYTE = 1024 * 1024
_RATE = re.compile(r"finished in .*, ([0-9.]+) req/s")


class Served(NamedTuple):
    """A process that answers, and its sockets."""

    process: "subprocess.Popen[bytes]"
    sockets: tuple[Path, ...]


def prepare(folder: Path) -> dict[int, bytes]:
    """Found a world whose provider can be served; return requests by their records."""
    callers = ({"name": CALLER, "may": ["seal"]},)
    token = granted(served_world(folder, {"provider": callers}, "requester"))
    subject = v1.SealSubject(resource=RESOURCE, purpose=PURPOSE, grant=token)
    return {
        size: v1.SealRequest(subject=subject, records=full_records(size)).SerializeToString()
        for size in CALLS
    }


def framed(message: bytes) -> bytes:
    """Return a message as gRPC sends it, uncompressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


@contextmanager
def running(command: Sequence[str], sockets: tuple[Path, ...]) -> Iterator[Served]:
    """Run a process that says when it serves."""
    for socket in sockets:
        socket.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        if b"serving" not in process.stdout.readline():
            raise AssertionError("it did not start")
        yield Served(process, sockets)
    finally:
        process.terminate()
        process.wait()


def serving(node: Path, sockets: Path, workers: int = 1) -> AbstractContextManager[Served]:
    """Run a sidecar."""
    command = ["gateway.cli.main", "serve", f"--node={node}", f"--sockets={sockets}"]
    paths = tuple(sockets / CALLER / f"worker-{number}.sock" for number in range(workers))
    return running([*command, f"--workers={workers}", "--log-level=warning"], paths)


def echoing(path: Path, size: int) -> AbstractContextManager[Served]:
    """Run the echo."""
    return running(["benchmarks.sidecar", "--echo", str(path), str(size)], (path,))


async def echo(path: str, size: int) -> None:
    """Answer every call with as many bytes, and do nothing else."""
    answer = bytes(size)

    async def reply(_: bytes, __: object) -> bytes:
        return answer

    server = grpc.aio.server(options=(("grpc.max_receive_message_length", 32 * MEGABYTE),))
    handler: Any = grpc.unary_unary_rpc_method_handler(reply)
    service, _, method = METHOD[1:].rpartition("/")
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    print("serving", flush=True)
    await server.wait_for_termination()


def load(
    socket: Path, body: Path, calls: int, at_once: tuple[int, int], *options: str
) -> "subprocess.Popen[str]":
    """Start h2load on a socket."""
    connections, streams = at_once
    return subprocess.Popen(
        [
            *("h2load", f"--requests={calls}", f"--clients={connections}"),
            *(f"--max-concurrent-streams={streams}", f"--data={body}"),
            *("--header=content-type: application/grpc", "--header=te: trailers"),
            *(f"--base-uri=unix:{socket}", *options, f"http://localhost{METHOD}"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def finished(loading: "subprocess.Popen[str]", calls: int) -> str:
    """Wait for h2load, and return what it says; every call was answered."""
    said, _ = loading.communicate()
    if loading.returncode or f"{calls} succeeded, 0 failed" not in said:
        raise AssertionError(said)
    return said


def rate(served: Served, body: Path, size: int) -> float:
    """Return the calls a second that all sockets answer together."""
    calls = CALLS[size]
    said = [
        finished(loading, calls)
        for loading in [load(socket, body, calls, BUSY) for socket in served.sockets]
    ]
    return sum(float(found[1]) for text in said if (found := _RATE.search(text)))


def alone(served: Served, body: Path) -> float:
    """Return the median seconds of calls one after another."""
    log = body.with_suffix(".log")
    loading = load(served.sockets[0], body, ALONE_CALLS, ALONE, f"--log-file={log}")
    finished(loading, ALONE_CALLS)
    times = [int(line.split("\t")[2]) for line in log.read_text("ascii").splitlines()]
    log.unlink()
    return median(times) / 1e6


def json_rate(records: bytes, rounds: int = 40) -> float:
    """Return the records a second of `json.loads` and `json.dumps` in this process."""
    size, best = len(json.loads(records)), float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        json.dumps(json.loads(records))
        best = min(best, time.perf_counter() - start)
    return size / best


def resident(served: Served) -> float:
    """Return the resident megabytes of a sidecar's first worker."""
    parent = served.process.pid
    worker = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()[0]
    pages = int(Path(f"/proc/{worker}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def measure(folder: Path, disk: Path, turns: int) -> dict[str, float]:
    """Return the best of all turns of everything measured."""
    requests = prepare(folder)
    shutil.copytree(folder, disk, symlinks=True)
    bodies = {}
    for size, request in requests.items():
        bodies[size] = folder / f"body-{size}"
        bodies[size].write_bytes(framed(request))
    best: dict[str, float] = {}

    def note(name: str, figure: float) -> None:
        best[name] = max(best.get(name, 0.0), figure)

    with ExitStack() as stack:
        begun = time.perf_counter()
        one = stack.enter_context(serving(folder / "provider", folder / "s"))
        best["ready"] = time.perf_counter() - begun
        best["idle"] = resident(one)
        durable = stack.enter_context(serving(disk / "provider", folder / "d"))
        answers = {size: len(sealed(one.sockets[0], requests[size])) for size in requests}
        echoes = {
            size: stack.enter_context(echoing(folder / f"echo-{size}" / "e" / "s", answers[size]))
            for size in requests
        }
        for _ in range(turns):
            for size, body in bodies.items():
                for name, served in (("echo", echoes[size]), ("one", one), ("disk", durable)):
                    note(f"{name} {size}", rate(served, body, size))
            for name, served in (("echo", echoes[1]), ("one", one), ("disk", durable)):
                note(f"alone {name}", 1 / alone(served, bodies[1]))
            note("json", json_rate(full_records(1_000)))
        best["resident"] = resident(one)
    with serving(folder / "provider", folder / "t", workers=2) as two:
        for _ in range(turns):
            note("two 1", rate(two, bodies[1], 1))
    return best


def sealed(socket: Path, request: bytes) -> bytes:
    """Return what one call is answered."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        call: Any = channel.unary_unary(METHOD)
        answer: bytes = call(request, timeout=30)
    return answer


def table(best: dict[str, float]) -> list[str]:
    """Return the lines of the table."""
    rows = [
        ("one record, 32 in flight: calls/s to the echo's", "≥ 0.40", "one 1", "echo 1"),
        ("the same with the ledger on the disk", "", "disk 1", "echo 1"),
        ("one record, alone: the echo's median to ours", "≥ 0.53", "alone one", "alone echo"),
        ("the same with the ledger on the disk", "", "alone disk", "alone echo"),
        ("1,000 records: records/s to those of json", "≥ 0.70", "thousand", "json"),
        ("the same with the ledger on the disk", "", "thousand disk", "json"),
        ("1,000 records: calls/s to the echo's", "", "one 1000", "echo 1000"),
        ("two workers to one, one record, 32 in flight each", "≥ 1.6", "two 1", "one 1"),
    ]
    best |= {"thousand": best["one 1000"] * 1000, "thousand disk": best["disk 1000"] * 1000}
    lines = ["| | wanted | ratio | ours | of |", "| --- | --- | --- | --- | --- |"]
    for text, wanted, ours, other in rows:
        ratio = best[ours] / best[other]
        lines.append(
            f"| {text} | {wanted} | {ratio:.2f} | {best[ours]:,.0f}/s | {best[other]:,.0f}/s |"
        )
    lines.append(
        f"| resident megabytes of a worker, after all calls | ≤ 150 | | {best['resident']:.0f} | |"
    )
    lines.append(f"| seconds until it is ready | ≤ 2 | | {best['ready']:.1f} | |")
    return lines


def main(turns: int) -> None:
    """Print the table, and put it into RESULTS.md."""
    with ExitStack() as stack:
        memory = stack.enter_context(tempfile.TemporaryDirectory(prefix="sg", dir=MEMORY))
        disk = stack.enter_context(tempfile.TemporaryDirectory(prefix="sg"))
        lines = table(measure(Path(memory) / "w", Path(disk) / "w", turns))
    print("\n".join(lines))
    made = f"Python {platform.python_version()}, {platform.machine()}, two cores, {turns} turns."
    replace_table("sidecar", [made, "", *lines])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo"]:
        uvloop.run(echo(sys.argv[2], int(sys.argv[3])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)
