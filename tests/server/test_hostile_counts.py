"""Too much at once: records, nesting, unpacked bytes, streams, calls, calls a second."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from gateway.client import Client, RefusedError
from gateway.client.refusals import refusal_of
from gateway.server.callers import MAX_CALLS, MAX_STREAMS
from gateway.server.committing import MAX_LONG_CALLS
from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from tests.cli.command import RESOURCE, ROW, Desk
from tests.server.conftest import Running
from tests.server.frames import Peer, message
from tests.server.sidecars import about, set_callers, sidecar, soon
from tests.server.sieges import Siege, besieged
from tests.server.vitals import MEGABYTE, unharmed

QUICK_CALLS = 10_000
# Some calls over the rate, as fast as they come.
RATE = 200
WAVE = 300


@pytest.fixture(scope="module")
def siege(founded: Path) -> Iterator[Siege]:
    """Serve one provider for the tests that need one of their own."""
    with besieged(founded) as one:
        yield one


def test_deep_and_many_are_refused(running: Running, sealing: Client) -> None:
    """Nesting, counts and numbers that a parser could choke on."""
    for records in (b"[" * 100_000, b"[" + b"{}," * 200_001 + b"{}]", b"[" + b"9" * 1_000_000):
        with pytest.raises(RefusedError) as caught:
            sealing.seal(records, **running.about)
        assert caught.value.code in ("RECORD_MALFORMED", "LIMIT_EXCEEDED", "FIELD_INVALID")
    assert sealing.seal([ROW], **running.about).records == 1


def test_a_compressed_bomb_is_refused(running: Running, sealing: Client) -> None:
    """The limit is on what a message comes to, not on what is sent."""
    request = v1.SealRequest(subject=running.subject, records=b" " * (40 * MEGABYTE))
    with (
        grpc.insecure_channel(
            running.provider.target(), [("grpc.max_send_message_length", -1)]
        ) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        SidecarStub(channel).Seal(request, compression=grpc.Compression.Gzip, timeout=30)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert sealing.status().ready


def test_too_many_streams_at_once_are_refused_at_once(siege: Siege) -> None:
    """Not queued, and told why; other calls are taken, and streams again once some have ended."""
    with unharmed(siege.served), siege.served.client() as client:
        with Peer(siege.socket) as peer:
            for _ in range(MAX_STREAMS):
                peer.call("OpenStream", end=False)
            assert soon(lambda: _refused(client) == "LIMIT_EXCEEDED")
            assert client.status().ready
        assert soon(lambda: _refused(client) == "ENVELOPE_MALFORMED")


def _refused(client: Client) -> str | None:
    try:
        list(client.open_stream([b""]))
    except RefusedError as refusal:
        return refusal.code
    return None


def codes_of(target: str, sent: list[tuple[str, Any]]) -> Counter[str]:
    """Make calls all at once over one connection; count how they ended."""
    with grpc.insecure_channel(target) as channel:
        stub = SidecarStub(channel)
        begun = [getattr(stub, method).future(request, timeout=60) for method, request in sent]
        return Counter(_code(one) for one in begun)


def _code(call: Any) -> str:
    try:
        call.result()
    except grpc.RpcError:
        return refusal_of(call).code
    return "OK"


def test_too_many_long_calls_at_once_are_refused_at_once(siege: Siege) -> None:
    """MAX_LONG_CALLS are worked on; short ones pass them by, and the next long one is taken."""
    records = json.dumps([ROW] * 6_000, ensure_ascii=False).encode()
    request = v1.SealRequest(subject=siege.subject, records=records)
    sent = [("Seal", request)] * (3 * MAX_LONG_CALLS)
    # Threads and allocators find their size.
    codes_of(f"unix:{siege.socket}", sent)
    with unharmed(siege.served):
        codes = codes_of(f"unix:{siege.socket}", sent)
        assert set(codes) == {"OK", "LIMIT_EXCEEDED"}
        assert codes["OK"] >= MAX_LONG_CALLS
        with siege.served.client() as client:
            assert client.seal(records, **about(siege.desk)).records == 6_000


def test_too_many_calls_at_once_are_refused_at_once(siege: Siege) -> None:
    """Over MAX_CALLS by us, over MAX_TAKEN_CALLS by gRPC; none is queued, none is UNKNOWN."""
    request = v1.SealRequest(subject=siege.subject, records=json.dumps([ROW] * 300).encode())
    sent = [("Seal", request)] * (10 * MAX_CALLS)
    # Threads and allocators find their size.
    codes_of(f"unix:{siege.socket}", sent)
    with unharmed(siege.served):
        codes = codes_of(f"unix:{siege.socket}", sent)
        assert set(codes) <= {"OK", "LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"}
        assert codes["OK"] >= MAX_CALLS
        with siege.served.client() as client:
            assert client.seal([ROW], **about(siege.desk)).records == 1


def test_quick_calls_over_the_rate_are_refused_and_it_recovers(desk: Desk) -> None:
    """Ten thousand, as fast as they come: the rate is kept, and a second later it calls again."""
    set_callers(desk.provider, [{"name": "a", "may": ["explain"], "calls_per_second": RATE}])
    ask = v1.DescribeResourceRequest(resource=RESOURCE)
    codes: Counter[str] = Counter()
    with (
        sidecar(desk.provider) as served,
        served.client("a") as client,
        ThreadPoolExecutor(1) as reader,
    ):
        # Its log is read, as a service's is.
        assert served.process.stderr is not None
        reader.submit(served.process.stderr.read)
        begun = time.monotonic()
        for _ in range(QUICK_CALLS // WAVE):
            codes += codes_of(served.target("a"), [("DescribeResource", ask)] * WAVE)
        seconds = time.monotonic() - begun
        assert set(codes) <= {"OK", "RATE_EXCEEDED", "LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"}
        assert RATE / 2 < codes["OK"] <= RATE * (seconds + 2)
        assert codes["RATE_EXCEEDED"]
        time.sleep(1)
        assert client.resource(RESOURCE).summary.code == RESOURCE
        served.process.terminate()
        served.process.wait(30)


def test_a_caller_is_held_to_its_rate(desk: Desk) -> None:
    """What is over it is refused at once, with the time after which it may call again."""
    set_callers(desk.provider, [{"name": "a", "may": ["explain"], "calls_per_second": 2}])
    with sidecar(desk.provider) as served, served.client("a") as client:
        codes = []
        for _ in range(4):
            try:
                client.resource(RESOURCE)
            except RefusedError as refusal:
                codes.append((refusal.code, refusal.retry_after))
        assert codes
        assert set(codes) == {("RATE_EXCEEDED", 1)}
        time.sleep(1)
        assert client.resource(RESOURCE).summary.code == RESOURCE


def test_one_message_too_many_is_no_second_call(siege: Siege) -> None:
    """A unary call takes one message."""
    one = message(v1.GetStatusRequest().SerializeToString())
    with unharmed(siege.served), Peer(siege.socket) as peer:
        peer.call("GetStatus", one * 10_000)
