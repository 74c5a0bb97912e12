"""Clients that do not read, send a byte now and then, or fall silent: what they hold is bounded."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.client import RefusedError
from gateway.server.callers import MAX_UNREAD_BYTES
from gateway.server.service import MAX_SILENCE_SECONDS
from gateway.server.serving import MAX_MESSAGE_BYTES, MAX_TAKEN_CALLS
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import ROW
from tests.server.frames import HEADERS, PREFACE, Peer, message, settings
from tests.server.sidecars import about, soon
from tests.server.sieges import Siege, besieged
from tests.server.vitals import MEGABYTE, unharmed, vitals

ANSWER_BYTES = 12 * MEGABYTE
CLIENTS = 24
MANY_CLIENTS = 100
# What is counted is held about twice over (as it was taken apart, and by gRPC), and calls that
# were let in before the limit was reached end over it.
HELD_MEGABYTES = 3 * MAX_UNREAD_BYTES / MEGABYTE + 350
SHUT = PREFACE + settings()


@pytest.fixture(scope="module")
def siege(founded: Path) -> Iterator[Siege]:
    """Serve one provider for all of this file."""
    with besieged(founded) as one:
        yield one


@pytest.fixture(scope="module")
def large(siege: Siege) -> bytes:
    """Return a call whose answer is long."""
    row = json.dumps({**ROW, "address": "小店区" * 30}, ensure_ascii=False).encode()
    records = b"[" + b",".join([row] * (ANSWER_BYTES // len(row))) + b"]"
    return message(v1.SealRequest(subject=siege.subject, records=records).SerializeToString())


def held(siege: Siege, large: bytes, clients: int, stack: ExitStack) -> None:
    """Have clients call, and read nothing of what is answered."""
    for _ in range(clients):
        peer = stack.enter_context(Peer(siege.socket, begin=SHUT))
        stream = peer.call("Seal", large)
        came = peer.frames(30)
        while (one := next(came)).kind != HEADERS or one.stream != stream:
            pass


@pytest.mark.parametrize(
    "clients", [CLIENTS, pytest.param(MANY_CLIENTS, marks=pytest.mark.torture)]
)
def test_answers_that_nobody_reads_are_bounded(siege: Siege, large: bytes, clients: int) -> None:
    """Windows of zero: over MAX_UNREAD_BYTES calls are refused, others served; all is let go."""
    with unharmed(siege.served, memory=HELD_MEGABYTES) as before:
        with ExitStack() as stack:
            held(siege, large, clients, stack)
            with siege.served.client() as client, pytest.raises(RefusedError, match="LIMIT_EXC"):
                client.seal([ROW], **about(siege.desk))
            # gRPC takes a call's message before anybody can refuse it: as many as come at once.
            taken = min(clients, MAX_TAKEN_CALLS) * MAX_MESSAGE_BYTES / MEGABYTE
            most = max(HELD_MEGABYTES, taken)
            assert vitals(siege.served).megabytes < before.megabytes + most
            with siege.served.client("bystander") as client:
                assert client.seal([ROW], **about(siege.desk)).records == 1
        assert soon(lambda: _seals(siege))


def _seals(siege: Siege) -> bool:
    try:
        with siege.served.client() as client:
            return client.seal([ROW], **about(siege.desk)).records == 1
    except RefusedError:
        return False


def test_refused_calls_are_not_held(siege: Siege, large: bytes) -> None:
    """A large call that was refused is let go at once, not when a collector comes by."""
    records = v1.SealRequest.FromString(large[5:]).records
    with siege.served.client() as client:
        before = 0.0
        for number in range(30):
            with pytest.raises(RefusedError, match="PURPOSE_NOT_GRANTED"):
                client.seal(records, **{**about(siege.desk), "purpose": "other"})
            if number == 5:
                before = vitals(siege.served).megabytes
    assert vitals(siege.served).megabytes < before + 100


def test_bodies_that_never_end_hold_no_call_of_others(siege: Siege) -> None:
    """Most of a message, and then nothing; let go with the connection."""
    half = message(b"x" * MEGABYTE, length=16 * MEGABYTE)
    with unharmed(siege.served), ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(Peer(siege.socket)).call("Seal", half, end=False)
        with siege.served.client("bystander") as client:
            assert client.seal([ROW], **about(siege.desk)).records == 1


@pytest.mark.torture
@pytest.mark.parametrize("slowly", [False, True], ids=["silent", "a byte a second"])
def test_a_stream_that_says_nothing_is_ended(siege: Siege, slowly: bool) -> None:
    """After MAX_SILENCE_SECONDS without a message; bytes of one that never ends are none."""
    begin = message(v1.SealStreamRequest(subject=siege.subject).SerializeToString())
    with unharmed(siege.served), Peer(siege.socket) as peer:
        stream, begun = peer.call("SealStream", begin, end=False), time.monotonic()
        if slowly:
            peer.write(stream, message(b"", length=1000))
        told = b""
        while b"grpc-status" not in told and time.monotonic() < begun + 2 * MAX_SILENCE_SECONDS:
            for came in peer.frames(1):
                told += came.body if came.stream == stream else b""
            if slowly and b"grpc-status" not in told:
                peer.write(stream, b"\n")
        assert b"grpc-status\x0215" in told
        assert MAX_SILENCE_SECONDS - 2 < time.monotonic() - begun < MAX_SILENCE_SECONDS + 15
