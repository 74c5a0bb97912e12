"""Hostile callers: bytes that are no messages, counts and sizes that are too much, silence."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from gateway.client import Client, RefusedError
from gateway.server.callers import MAX_STREAMS
from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from tests.cli.command import RESOURCE, ROW, Desk
from tests.server.conftest import Running
from tests.server.sidecars import set_callers, sidecar, soon

METHODS = [method.name for method in v1.DESCRIPTOR.services_by_name["Sidecar"].methods]
STREAMS = ("SealStream", "OpenStream")
TRIES = 40
# What a refusal of nonsense may be; never UNKNOWN, with which gRPC sends an exception's text.
REFUSALS = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def raw(channel: grpc.Channel, method: str) -> Callable[[bytes], object]:
    """Return a call that sends bytes as they are."""
    path = f"/gateway.v1.Sidecar/{method}"
    if method in STREAMS:
        stream: Any = channel.stream_stream(path)
        return lambda data: list(stream(iter([data]), timeout=30))
    unary: Any = channel.unary_unary(path)
    return lambda data: unary(data, timeout=30)


def failure(call: Callable[[bytes], object], data: bytes) -> Any:
    """Return how a call failed; None if it did not."""
    try:
        call(data)
    except grpc.RpcError as error:
        return error
    return None


def samples(running: Running, dice: random.Random) -> Iterator[bytes]:
    """Yield good messages with a few bytes changed, cut off, repeated, and plain noise."""
    envelope = dice.randbytes(600)
    good = [
        v1.SealRequest(subject=running.subject, records=b'[{"name": "x"}]').SerializeToString(),
        v1.SealStreamRequest(subject=running.subject).SerializeToString(),
        v1.OpenRequest(envelope=envelope).SerializeToString(),
        v1.ExplainRequest(resource="1", grant=running.grant).SerializeToString(),
    ]
    for _ in range(TRIES):
        data = bytearray(dice.choice(good))
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        cut = dice.randrange(len(data))
        yield dice.choice((bytes(data), bytes(data[:cut]), bytes(data * 3), dice.randbytes(cut)))


@pytest.mark.parametrize("method", METHODS)
def test_mutated_bytes_are_refused_and_nothing_ends(
    running: Running, sealing: Client, method: str
) -> None:
    """The sidecar answers each, says nothing of what was sent, and goes on."""
    dice = random.Random(method)
    with grpc.insecure_channel(running.provider.target()) as channel:
        call = raw(channel, method)
        errors = [
            error for data in samples(running, dice) if (error := failure(call, data)) is not None
        ]
    assert {error.code() for error in errors} <= REFUSALS
    assert all(running.grant not in str(error.details()) for error in errors)
    assert sealing.status().ready


def test_deep_and_many_are_refused(running: Running, sealing: Client) -> None:
    """Nesting, counts and numbers that a parser could choke on."""
    for records in (b"[" * 100_000, b"[" + b"{}," * 200_001 + b"{}]", b"[" + b"9" * 1_000_000):
        with pytest.raises(RefusedError) as caught:
            sealing.seal(records, **running.about)
        assert caught.value.code in ("RECORD_MALFORMED", "LIMIT_EXCEEDED", "FIELD_INVALID")
    assert sealing.seal([ROW], **running.about).records == 1


def test_a_compressed_bomb_is_refused(running: Running, sealing: Client) -> None:
    """The limit is on what a message comes to, not on what is sent."""
    request = v1.SealRequest(subject=running.subject, records=b" " * (40 * 1024 * 1024))
    with (
        grpc.insecure_channel(
            running.provider.target(), [("grpc.max_send_message_length", -1)]
        ) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        SidecarStub(channel).Seal(request, compression=grpc.Compression.Gzip, timeout=30)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert sealing.status().ready


def test_too_many_streams_at_once_are_refused_at_once(running: Running) -> None:
    """Not queued, and told why; other calls are taken."""
    ended = threading.Event()

    def silence() -> Iterator[v1.OpenStreamRequest]:
        ended.wait(30)
        yield from ()

    with grpc.insecure_channel(running.requester.target("desk")) as channel:
        opening = SidecarStub(channel).OpenStream
        held = [opening(silence(), timeout=30) for _ in range(MAX_STREAMS)]
        try:
            with running.requester.client("desk") as client:
                assert soon(lambda: _refused(client) == "LIMIT_EXCEEDED")
                assert client.status().ready
        finally:
            ended.set()
            for one in held:
                one.cancel()


def _refused(client: Client) -> str | None:
    try:
        list(client.open_stream([b""]))
    except RefusedError as refusal:
        return refusal.code
    return None


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
