"""A parent with workers that tell of calls as a sidecar's do, steered from a test line by line.

Run as a program: the parent prepares, forks, and hands each order to its worker.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import msgspec
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from gateway.config import NodeFile
from gateway.server.telemetry import Observation, Prepared, Telemetry
from tests.cli.command import ROOT

DEPARTMENT = "11149900MB0C12002H"
PATIENCE = 20

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def node_file(**settings: object) -> NodeFile:
    """Return a node file with settings."""
    return msgspec.convert({"department": DEPARTMENT, "name": "局", **settings}, NodeFile)


def free_address() -> str:
    """Return an address of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


class Telling:
    """A running parent with its workers."""

    def __init__(self, settings: dict[str, Any], process: "subprocess.Popen[str]") -> None:
        self._address, self.process = settings["file"].get("metrics"), process

    def order(self, worker: int, do: str, **words: object) -> Any:
        """Have a worker do a thing, and return what it answers."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"worker": worker, "do": do, **words}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the parent ended"
        return json.loads(answer)

    def get(self, path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
        """Ask over HTTP; return status and body."""
        connection = HTTPConnection(self._address, timeout=PATIENCE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def scrape(self) -> Samples:
        """Scrape, and read what comes as Prometheus would."""
        status, text = self.get()
        assert status == 200
        return samples(text)

    def lines(self) -> list[dict[str, Any]]:
        """End it, and return its log."""
        _, errors = self.process.communicate(timeout=PATIENCE)
        return [json.loads(line) for line in errors.splitlines()]


def samples(text: str) -> Samples:
    """Read a page of metrics."""
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
    }


def sample(found: Samples, name: str, **labels: str) -> float | None:
    """Return the number of a series, if it is there."""
    return found.get((name, frozenset(labels.items())))


@contextmanager
def telling(workers: int = 1, level: str = "info", **file: object) -> Iterator[Telling]:
    """Run a parent with workers until the end of the block."""
    settings = {"workers": workers, "level": level, "file": file}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.server.telling", json.dumps(settings)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for _ in range(workers):
            line = process.stdout.readline()
            assert "ready" in line, (line, process.communicate())
        yield Telling(settings, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


def main(settings: dict[str, Any]) -> None:
    """Be the parent: fork, pass orders on, and replace a worker that was told to die."""
    file = node_file(**settings["file"])
    with Prepared(file, workers=settings["workers"], level=settings["level"]) as prepared:
        keep(prepared, settings["workers"])


def keep(prepared: Prepared, workers: int) -> None:
    """Fork the workers and steer them."""
    pipes: dict[int, tuple[int, int]] = {}
    for worker in range(workers):
        pipes[worker] = start(prepared, worker, pipes)
    for line in sys.stdin:
        order = json.loads(line)
        process, pipe = pipes[order["worker"]]
        os.write(pipe, line.encode())
        if order["do"] == "die":
            os.waitpid(process, 0)
            os.close(pipe)
            del pipes[order["worker"]]
            pipes[order["worker"]] = start(prepared, order["worker"], pipes)
    for _, pipe in pipes.values():
        os.close(pipe)
    for process, _ in pipes.values():
        os.waitpid(process, 0)


def start(prepared: Prepared, worker: int, others: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Fork a worker; return its process and where it takes orders."""
    orders, pipe = os.pipe()
    process = os.fork()
    if process:
        os.close(orders)
        return process, pipe
    os.close(pipe)
    for _, other in others.values():
        os.close(other)
    telemetry = prepared.telemetry(worker)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(obey(telemetry, orders))
    os._exit(0)


async def obey(telemetry: Telemetry, orders: int) -> None:
    """Be a worker, until no more orders come."""
    await telemetry.serve()
    # One write: where output is not buffered, the lines of two workers would mix.
    os.write(sys.stdout.fileno(), b'"ready"\n')
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(orders, "rb", buffering=0)
    )
    async for line in reader:
        order = json.loads(line)
        print(json.dumps(done(telemetry, order)), flush=True)
    telemetry.close()
    transport.close()
    # What is closed is gone in the loop's next rounds.
    await asyncio.sleep(0.05)


def done(telemetry: Telemetry, order: dict[str, Any]) -> Any:
    """Carry out an order."""
    match order:
        case {"do": "die"}:
            os._exit(1)
        case {"do": "begin", "call": call}:
            record = telemetry.begin(*call)
            return record.request_id
        case {"do": "call", "call": call, "end": end}:
            record = telemetry.begin(*call)
            record.waited(1_000_000_000, 2_000_000_000)
            record.end(*end)
            return record.request_id
        case {"do": "observe", "seen": seen}:
            return telemetry.observe(msgspec.convert(seen, Observation))
        case {"do": "log", "logger": logger, "level": level, "text": text}:
            return logging.getLogger(logger).log(level, "%s", text)
        case {"do": "fail", "text": text}:
            fail(text)
            return None
        case {"do": "loaded"}:
            return sorted(name.partition(".")[0] for name in sys.modules)
    raise AssertionError(order["do"])


def fail(text: str) -> None:
    """Raise with a text in all the places where nobody catches."""

    def broken() -> None:
        raise ValueError(text)

    class Undying:
        def __del__(self) -> None:
            raise ValueError(text)

    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    Undying()
    asyncio.get_running_loop().call_soon(broken)
    try:
        broken()
    except ValueError:
        logging.getLogger("gateway.test").exception("it failed")
        logging.getLogger("asyncio").exception("quoting %s", text)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
