"""A sidecar's life: health that tells the truth, files that change, and an orderly end."""

import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.client import Client, RefusedError
from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from tests.cli.command import RESOURCE, ROW, Desk, done
from tests.gateway.ledger_shards import entries_of
from tests.server.sidecars import Sidecar, about, set_callers, sidecar, soon

CALLER = ({"name": "a", "may": ["seal", "explain"]},)


def health(served: Sidecar) -> int:
    """Ask for the service's health."""
    with grpc.insecure_channel(served.target("a")) as channel:
        asking = health_pb2_grpc.HealthStub(channel)
        answer = getattr(asking, "Check")(health_pb2.HealthCheckRequest(), timeout=30)  # noqa: B009
    status: int = answer.status
    return status


def test_health_tells_the_truth(desk: Desk) -> None:
    """A broken policy fails it, and the status says why; the good one stands meanwhile."""
    set_callers(desk.provider, CALLER)
    policy = desk.provider / "policy.yaml"
    good = policy.read_bytes()
    with sidecar(desk.provider) as served, served.client("a") as client:
        assert soon(lambda: health(served) == health_pb2.HealthCheckResponse.SERVING)
        policy.write_bytes(b"policy: [broken")
        assert soon(lambda: health(served) == health_pb2.HealthCheckResponse.NOT_SERVING)
        told = {one.name: one for one in client.status().conditions}
        assert told["policy"].state == v1.CONDITION_STATE_FAILED
        assert told["policy"].code == "POLICY_INVALID"
        assert client.seal([ROW], **about(desk)).records == 1
        policy.write_bytes(good)
        assert soon(lambda: health(served) == health_pb2.HealthCheckResponse.SERVING)


def test_what_is_blocked_counts_at_once(desk: Desk) -> None:
    """The next call sees it, without a restart."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider) as served, served.client("a") as client:
        assert client.seal([ROW], **about(desk)).records == 1
        requester = client.explain(RESOURCE, about(desk)["grant"]).requester
        done("block", "--node", desk.provider, "--requester", requester)
        with pytest.raises(RefusedError, match="TOKEN_BLOCKED"):
            client.seal([ROW], **about(desk))


def test_callers_are_taken_over_as_node_yaml_changes(desk: Desk) -> None:
    """Without a restart: new ones are let in, others out; a broken file changes nothing."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider) as served, served.client("a") as client:
        set_callers(desk.provider, [{"name": "a", "may": ["seal"]}, {"name": "b", "may": ["seal"]}])
        assert soon((served.sockets / "b" / "worker-0.sock").is_socket)
        with pytest.raises(RefusedError, match="CALLER_FORBIDDEN"):
            client.explain(RESOURCE, about(desk)["grant"])
        with served.client("b") as other:
            assert other.seal([ROW], **about(desk)).records == 1
        set_callers(desk.provider, [{"name": "a", "may": ["rule"]}])
        assert soon(lambda: not client.status().ready)
        assert client.seal([ROW], **about(desk)).records == 1
        set_callers(desk.provider, CALLER)
        assert soon(lambda: not (served.sockets / "b" / "worker-0.sock").exists())
        assert soon(lambda: client.status().ready)
        assert client.explain(RESOURCE, about(desk)["grant"]).resource == RESOURCE


def test_a_signal_has_every_file_read_anew(desk: Desk) -> None:
    """Also one that looks as it did; the process stays, and goes on answering."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider, workers=2) as served, served.client("a") as client:
        workers = workers_of(served)
        for _ in range(3):
            served.process.send_signal(signal.SIGHUP)
            assert client.seal([ROW], **about(desk)).records == 1
        assert workers_of(served) == workers
        assert served.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_sidecar_ends_in_order(desk: Desk, number: int) -> None:
    """Calls that run come to their end, new ones are not taken, and the exit status is 0."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider) as served:
        begun, ending = threading.Event(), threading.Event()

        def messages() -> Iterator[v1.SealStreamRequest]:
            batch = v1.SealStreamRequest(records=json.dumps([ROW]).encode())
            yield v1.SealStreamRequest(subject=v1.SealSubject(**about(desk)))
            yield batch
            yield batch
            begun.wait(20)
            served.process.send_signal(number)
            ending.wait(1)
            yield batch

        with grpc.insecure_channel(served.target("a")) as channel:
            numbers = []
            for answer in SidecarStub(channel).SealStream(messages(), timeout=30):
                numbers.append((answer.number, answer.last))
                begun.set()
        assert numbers == [(1, False), (2, False), (3, True)]
        assert served.process.wait(30) == 0
        assert served.process.stderr is not None
        assert "Traceback" not in served.process.stderr.read()
    assert not (served.sockets / "a" / "worker-0.sock").exists()


def workers_of(served: Sidecar) -> list[int]:
    """Return the processes that serve; the one that was started only minds them."""
    parent = served.process.pid
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def worker_of(served: Sidecar) -> int:
    """Return the one process that serves."""
    (worker,) = workers_of(served)
    return worker


def test_a_worker_that_is_killed_is_replaced(desk: Desk) -> None:
    """Its calls fail cleanly, every envelope that a client got has its entry, and calls go on."""
    set_callers(desk.provider, CALLER)
    sealed: list[str] = []

    def seal_on(client: Client) -> None:
        while True:
            answer = client.seal([ROW], request_id=None, **about(desk))
            sealed.append(answer.envelope_id.hex())

    def serves(client: Client) -> bool:
        try:
            return client.seal([ROW], **about(desk)).records == 1
        except RefusedError:
            return False

    with sidecar(desk.provider) as served, served.client("a") as client:
        first = worker_of(served)
        killer = threading.Timer(0.5, lambda: os.kill(first, signal.SIGKILL))
        killer.start()
        with pytest.raises(RefusedError) as caught:
            seal_on(client)
        killer.join()
        assert caught.value.code == "UNAVAILABLE"
        assert soon(lambda: serves(client))
        assert worker_of(served) != first
    entered = {entry["shared"].get("envelope") for entry in entries_of(desk.provider)}
    assert sealed
    assert entered >= set(sealed)


def test_workers_have_sockets_and_ledgers_of_their_own(desk: Desk) -> None:
    """A client takes them in turn; quotas and claims are shared."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider, workers=2) as served, served.client("a") as client:
        sockets = sorted(path.name for path in (served.sockets / "a").iterdir())
        assert sockets == ["worker-0.sock", "worker-1.sock"]
        sealed = {client.seal([ROW], **about(desk)).envelope_id.hex() for _ in range(6)}
        assert served.end() == 0
    entered = [
        {entry["shared"]["envelope"] for entry in entries_of(desk.provider, "seal", writer=writer)}
        for writer in ("worker-0", "worker-1")
    ]
    assert [len(shard & sealed) for shard in entered] == [3, 3]


def test_a_worker_that_cannot_come_back_ends_no_other(desk: Desk) -> None:
    """It is tried again until it can; meanwhile the other one serves."""
    set_callers(desk.provider, CALLER)
    file = desk.provider / "node.yaml"
    good = file.read_bytes()
    with sidecar(desk.provider, workers=2) as served:
        sockets = [served.sockets / "a" / f"worker-{number}.sock" for number in (0, 1)]
        first, *_ = sorted(workers_of(served))
        with Client(sockets[1], timeout=20) as other:
            file.write_bytes(b"broken: [")
            os.kill(first, signal.SIGKILL)
            time.sleep(2.5)
            assert other.explain(RESOURCE, about(desk)["grant"]).resource == RESOURCE
            file.write_bytes(good)
            assert soon(lambda: len(workers_of(served)) == 2 and sockets[0].is_socket())
            assert soon(lambda: _answers(sockets[0]))
            assert soon(lambda: other.status().ready)
        assert served.end() == 0


def _answers(socket: Path) -> bool:
    try:
        with Client(socket, timeout=5) as client:
            return client.status().ready
    except (RefusedError, FileNotFoundError):
        return False


def test_workers_end_when_nobody_minds_them(desk: Desk) -> None:
    """A parent that is killed leaves no process behind that holds the node."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider, workers=2) as served:
        served.process.kill()
        with open(desk.provider / "sidecar.lock", "rb") as lock:
            assert soon(lambda: _taken(lock))


def _taken(lock: BinaryIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
