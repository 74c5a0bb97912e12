"""Serve a provider and a requester for minutes under mixed load, and see whether anything grows.

Two workers each. Threads seal one and a thousand records in JSON and Arrow, open, stream,
explain, list, repeat and are refused; meanwhile policies change and break, files are read
anew, requesters are cut off, callers leave in the middle and garbage comes by the sockets.

Memory of every worker must be flat within 5 % once it is warm, its descriptors and threads
must not add up, nothing may fail but what is meant to, and every envelope that was handed out
or opened must have its entry. Ends with 1 otherwise.

    python -m benchmarks.soak [minutes]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import linear_regression, mean, median
from typing import NamedTuple

import msgspec
import polars

from benchmarks.mixed_load import MEGABYTE, Hand, Pair, Records, Tally, Trouble
from benchmarks.run import full_records
from benchmarks.world import Callers, granted, served_world
from gateway.founding import Role
from gateway.ledger.receipts import read_leaf
from gateway.stores.shards import ShardReader, list_shards
from gateway.testing import PURPOSE, RESOURCE

MINUTES = 10.0
WORKERS = 2
HANDS = 4
# Of the run, before anything is compared: caches fill, and allocators find their size.
WARM_UP = 0.2
# What may be more in the last third than in the first.
MEMORY_GROWTH = 0.05
# Connections come and go while samples are taken.
COUNT_GROWTH = 8
SAMPLE_SECONDS = 1.0
PROVIDER_CALLERS = (
    {"name": "case-system", "may": ["seal", "explain"]},
    {"name": "office", "may": ["read_ledger", "administer"]},
)
REQUESTER_CALLERS = ({"name": "desk", "may": ["open"]},)


class Sample(NamedTuple):
    """What a worker holds at a time."""

    megabytes: float
    descriptors: int
    threads: int


def prepare(folder: Path) -> Pair:
    """Found a world whose provider and requester can be served."""
    callers: dict[Role, Callers] = {"provider": PROVIDER_CALLERS, "requester": REQUESTER_CALLERS}
    world = served_world(folder, callers, "outsider")
    grant = granted(world, rows_per_day=1_000_000_000)
    provider, requester = world.place("provider"), world.place("requester")
    (requester / "grants" / "soak.jwt").write_text(grant, "ascii")
    about = {"resource": RESOURCE, "purpose": PURPOSE, "grant": grant}
    return Pair(provider, requester, about, world.departments["outsider"].id)


@contextmanager
def serving(node: Path, errors: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a sidecar; what it says of errors goes to a file."""
    command = [sys.executable, "-m", "gateway.cli.main", "serve", f"--node={node}"]
    command += [f"--workers={WORKERS}", f"--sockets={node / 's'}", "--log-level=warning"]
    with errors.open("wb") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told)
        assert process.stdout is not None
        try:
            if b"serving" not in process.stdout.readline():
                raise AssertionError(errors.read_text("utf-8"))
            yield process
        finally:
            process.terminate()
            process.communicate()


def workers(process: "subprocess.Popen[bytes]") -> list[int]:
    """Return the processes of a sidecar's workers."""
    parent = process.pid
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def sample(worker: int) -> Sample:
    """Look at what a worker holds."""
    proc = Path(f"/proc/{worker}")
    pages = int((proc / "statm").read_text("ascii").split()[1])
    status = (proc / "status").read_text("ascii").partition("Threads:")[2]
    return Sample(
        pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE,
        len(os.listdir(proc / "fd")),
        int(status.split()[0]),
    )


def soak(folder: Path, minutes: float, seed: int) -> bool:
    """Load a pair for so long; print what was found, and tell whether all is well."""
    pair, tally, samples = prepare(folder / "w"), Tally(), dict[str, list[Sample]]()
    errors = [folder / f"errors-{name}" for name in ("provider", "requester")]
    with ExitStack() as stack:
        sidecars = [
            stack.enter_context(serving(node, told))
            for node, told in zip((pair.provider, pair.requester), errors, strict=True)
        ]
        watched = {
            f"{name} {number}": worker
            for name, sidecar in zip(("provider", "requester"), sidecars, strict=True)
            for number, worker in enumerate(workers(sidecar))
        }
        with loaded(pair, [one.pid for one in sidecars], tally, seed):
            until = time.monotonic() + minutes * 60
            while time.monotonic() < until:
                time.sleep(SAMPLE_SECONDS)
                for name, worker in watched.items():
                    samples.setdefault(name, []).append(sample(worker))
        alive = [worker for sidecar in sidecars for worker in workers(sidecar)]
    lines, flat = grown(samples)
    print("\n".join(lines), *counted_calls(tally), sep="\n")
    complaints = [
        *(f"wrong: {told} ({count} times)" for told, count in sorted(tally.wrong.items())),
        *(f"on stderr: {line}" for file in errors for line in unexpected_lines(file)),
        *missing_entries(pair.provider, "seal", tally.sealed),
        *missing_entries(pair.requester, "open", tally.opened),
    ]
    if alive != list(watched.values()):
        complaints.append("a worker died")
    print(*complaints, sep="\n")
    return flat and not complaints


@contextmanager
def loaded(pair: Pair, processes: Sequence[int], tally: Tally, seed: int) -> Iterator[None]:
    """Have the hands and the trouble work until the end of the block."""
    rows = full_records(1_000)
    decoded = msgspec.json.decode(rows)
    records = Records(msgspec.json.encode(decoded[:1]), rows, polars.DataFrame(decoded))
    ended = threading.Event()
    works = [
        *(Hand(pair, records, tally, Random(f"{seed} {number}")).work for number in range(HANDS)),
        Trouble(pair, processes, tally, Random(f"{seed} trouble")).work,
    ]
    threads = [threading.Thread(target=work, args=(ended,)) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def grown(samples: Mapping[str, Sequence[Sample]]) -> tuple[list[str], bool]:
    """Return the lines of the table, and whether nothing grew."""
    lines = [
        "| worker | MB, first third | MB, last third | ratio | by the line fitted | most "
        "| descriptors | threads |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    flat = True
    for name, taken in samples.items():
        warm = taken[int(len(taken) * WARM_UP) :]
        third = max(1, len(warm) // 3)
        first, last = warm[:third], warm[-third:]
        before, after = (mean(one.megabytes for one in part) for part in (first, last))
        slope = linear_regression(range(len(warm)), [one.megabytes for one in warm]).slope
        fitted = 1 + slope * len(warm) / before
        counts = [
            (int(median(of(one) for one in first)), int(median(of(one) for one in last)))
            for of in (_descriptors, _threads)
        ]
        limit = 1 + MEMORY_GROWTH
        flat &= after / before <= limit and fitted <= limit
        flat &= all(end <= begin + COUNT_GROWTH for begin, end in counts)
        lines.append(
            f"| {name} | {before:.1f} | {after:.1f} | {after / before:.3f} | {fitted:.3f} "
            f"| {max(one.megabytes for one in taken):.1f} "
            + " ".join(f"| {begin} → {end}" for begin, end in counts)
            + " |"
        )
    return lines, flat


def _descriptors(taken: Sample) -> int:
    return taken.descriptors


def _threads(taken: Sample) -> int:
    return taken.threads


def counted_calls(tally: Tally) -> list[str]:
    """Return a table of what was called."""
    rows = [f"| {kind} | {count:,} |" for kind, count in sorted(tally.calls.items())]
    handed = f"{len(tally.sealed):,} envelopes were handed out, {len(tally.opened):,} opened."
    return ["", "| what | times |", "| --- | --- |", *rows, "", handed]


def unexpected_lines(errors: Path) -> list[str]:
    """Return what a sidecar said that it should not, a few lines of it."""
    said = errors.read_text("utf-8", "replace").splitlines()
    return [line for line in said if "internal error" in line or "Traceback" in line][:10]


def missing_entries(node: Path, kind: str, envelopes: set[bytes]) -> list[str]:
    """Complain where envelopes that were handed out have no entry."""
    entered = set()
    for path in list_shards(node / "ledger"):
        with ShardReader(path) as shard:
            for row in shard.rows():
                shared = read_leaf(row.leaf).shared
                if (shared.kind, shared.outcome) == (kind, "ok"):
                    entered.add(bytes.fromhex(shared.envelope or ""))
    missing = len(envelopes - entered)
    return [f"{missing} envelopes have no entry of kind {kind}"] if missing else []


def main() -> int:
    """Soak as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("minutes", nargs="?", type=float, default=MINUTES)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sg") as folder:
        return 0 if soak(Path(folder), chosen.minutes, chosen.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
