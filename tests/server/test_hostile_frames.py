"""Below gRPC: garbage, half a connection, floods of frames, bombs, paths that are not ours."""

import gzip
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.server.serving import MAX_MESSAGE_BYTES, MAX_METADATA_BYTES
from gateway.v1 import sidecar_pb2 as v1
from tests.server.frames import (
    ACK,
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    PRIORITY,
    PUSH,
    RST,
    SERVICE,
    SETTINGS,
    WINDOW,
    Frame,
    Peer,
    call_fields,
    fields,
    frame,
    message,
    settings,
)
from tests.server.sieges import BYSTANDER, SECONDS, Siege, besieged
from tests.server.vitals import unharmed

FLOOD = 20_000
CONNECTIONS = 1_000
EMPTY = message(v1.GetStatusRequest().SerializeToString())
STATUS = SERVICE + "GetStatus"
OPEN = PREFACE + frame(SETTINGS)


@pytest.fixture(scope="module")
def siege(founded: Path) -> Iterator[Siege]:
    """Serve one provider for all of this file."""
    with besieged(founded) as one:
        yield one


def noise(dice: random.Random) -> bytes:
    """Make up what a stranger sends: no HTTP/2 at all, or frames that make no sense."""
    begin = dice.choice((b"", PREFACE, OPEN, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"\x16\x03\x01"))
    pieces = [begin]
    for _ in range(dice.randrange(30)):
        body = dice.randbytes(dice.choice((0, 1, 5, 8, 100, 3_000)))
        kind = dice.choice((*range(10), 77, 255))
        stream = dice.choice((0, 1, 2, 3, 2**31 - 1))
        pieces.append(frame(kind, dice.randrange(256), stream, body))
        if not dice.randrange(4):
            pieces.append(dice.randbytes(dice.randrange(40)))
    return b"".join(pieces)


def pester(siege: Siege, seed: str) -> None:
    """Send one connection's noise, and leave."""
    with Peer(siege.socket, begin=noise(random.Random(seed))) as peer:
        for _ in peer.frames(0.005):
            pass


def test_noise_ends_its_own_connection_alone(siege: Siege) -> None:
    """Whatever comes by the socket."""
    with unharmed(siege.served):
        for number in range(100):
            pester(siege, str(number))


@pytest.mark.torture
def test_noise_for_long(siege: Siege) -> None:
    """The same for as long as SEALGATE_TORTURE_SECONDS says."""
    end, number, begun = time.monotonic() + SECONDS, 0, time.time()
    with unharmed(siege.served):
        while time.monotonic() < end:
            number += 1
            pester(siege, f"{begun} {number}")


def test_connections_that_are_opened_and_left_are_let_go(siege: Siege) -> None:
    """A thousand at once: silent, in the middle of a preface, of a frame, of a message."""
    begun = (b"", PREFACE[:10], OPEN, OPEN + frame(HEADERS, END_HEADERS, 1, call_fields(STATUS)))
    with unharmed(siege.served):
        for _ in range(3):
            with ExitStack() as stack:
                for number in range(CONNECTIONS // 3):
                    stack.enter_context(Peer(siege.socket, begin=begun[number % len(begun)]))
                assert _answers(siege)


def test_a_half_closed_connection_is_let_go(siege: Siege) -> None:
    """Its end of file says that nothing follows."""
    with unharmed(siege.served):
        for _ in range(50):
            with socket.socket(socket.AF_UNIX) as half:
                half.connect(str(siege.socket))
                half.sendall(OPEN + frame(HEADERS, END_HEADERS, 1, call_fields(STATUS)))
                half.shutdown(socket.SHUT_WR)


def _resets(dice: random.Random) -> Iterator[bytes]:
    for stream in range(1, FLOOD, 2):
        begin = frame(HEADERS, END_HEADERS, stream, call_fields(SERVICE + "Seal"))
        reset = frame(RST, stream=stream, body=CANCEL.to_bytes(4, "big"))
        yield begin + (frame(DATA, 0, stream, b"\0\0\0") if dice.randrange(2) else b"") + reset


def _repeated(one: bytes) -> Callable[[random.Random], Iterator[bytes]]:
    return lambda _: iter([one * 100] * (FLOOD // 100))


def _continuations(_: random.Random) -> Iterator[bytes]:
    yield frame(HEADERS, 0, 1, call_fields(STATUS))
    for number in range(2_000):
        yield frame(CONTINUATION, 0, 1, fields({f"x-{number}": "y" * 1_000}))


def _streams(_: random.Random) -> Iterator[bytes]:
    for stream in range(1, FLOOD, 2):
        yield frame(HEADERS, END_HEADERS, stream, call_fields(SERVICE + "SealStream"))


FLOODS: dict[str, Callable[[random.Random], Iterator[bytes]]] = {
    "resets": _resets,
    "continuations": _continuations,
    "streams": _streams,
    "settings": _repeated(settings(window=65_535)),
    "settings answered": _repeated(frame(SETTINGS, ACK)),
    "pings": _repeated(frame(PING, body=b"\0" * 8)),
    "windows": _repeated(frame(WINDOW, body=b"\0\0\0\1")),
    "priorities": _repeated(frame(PRIORITY, stream=1, body=b"\0\0\0\0\1")),
    "pushes": _repeated(frame(PUSH, END_HEADERS, 1, b"\0\0\0\2")),
    "empty data": _repeated(frame(DATA, stream=1)),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_frames_harms_nobody_else(siege: Siege, flood: str) -> None:
    """The connection may end; another one is answered meanwhile and after, nothing is kept."""
    with unharmed(siege.served), Peer(siege.socket) as peer:
        for number, piece in enumerate(FLOODS[flood](random.Random(flood))):
            if not peer.send(piece):
                break
            if number == 100:
                assert _answers(siege)


def _answers(siege: Siege) -> bool:
    """Tell whether another caller is answered."""
    with siege.served.client(BYSTANDER) as client:
        return client.status().ready


def _refusal(siege: Siege, path: str, body: bytes, **more: Any) -> bytes:
    """Call, and return the header fields and trailers that came, as they were spelled."""
    with Peer(siege.socket) as peer:
        stream = peer.call(path, body, end=True, **more)
        told = b""
        for came in peer.frames(2):
            if came.stream == stream and came.kind in (HEADERS, RST):
                told += came.body
                if came.kind == RST or came.flags & END_STREAM:
                    return told
        return told


def _says(told: bytes, status: int) -> bool:
    return b"\x0bgrpc-status" + bytes((len(str(status)),)) + str(status).encode() in told


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 1, 300 * 1024 * 1024], ids=["just", "far"])
def test_a_gzip_bomb_is_refused(siege: Siege, size: int) -> None:
    """RESOURCE_EXHAUSTED, by what it comes to; it is never unpacked whole."""
    bomb = message(gzip.compress(b"\0" * size, 9), compressed=True)
    with unharmed(siege.served):
        told = _refusal(siege, "Seal", bomb, grpc_encoding="gzip")
    assert _says(told, 8) or not told


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (message(b"\x1f\x8b\x08\0broken", compressed=True), "gzip"),
        (message(b"any", compressed=True), "none-such"),
        (message(b"any", compressed=True), "identity"),
        (message(b"", length=2**32 - 1), "identity"),
        (b"\xff" + message(b"any"), "identity"),
        (b"\0\0", "identity"),
        (EMPTY * 500, "identity"),
    ],
    ids=["broken", "unknown", "no encoding", "long length", "flags", "half a prefix", "many"],
)
def test_messages_framed_wrongly_are_refused(siege: Siege, body: bytes, encoding: str) -> None:
    """Whatever status gRPC gives, nobody else notices."""
    with unharmed(siege.served):
        told = _refusal(siege, "GetStatus", body, grpc_encoding=encoding)
        assert not _says(told, 2)


@pytest.mark.parametrize(
    "path",
    [
        "/gateway.v1.Sidecar/None",
        "/gateway.v1.Sidecar/",
        "/gateway.v1.Sidecar/Seal/more",
        "/grpc.channelz.v1.Channelz/GetServers",
        "/grpc.lb.v1.LoadBalancer/BalanceLoad",
        "//",
        "/" + "x" * 4_000,
    ],
)
def test_paths_of_other_services_are_unimplemented(siege: Siege, path: str) -> None:
    """And nothing else is told."""
    with unharmed(siege.served):
        assert _says(_refusal(siege, path, EMPTY), 12)


@pytest.mark.parametrize(
    "more",
    [
        {"content_type": "application/json"},
        {"content_type": ""},
        {"te": "gzip"},
        {":method": "GET"},
        {":scheme": "ftp"},
        {"grpc_timeout": "99999999999999S"},
        {"grpc_timeout": "-1S"},
        {"x_big": "y" * (MAX_METADATA_BYTES - 400)},
        {"x_odd": b"\xff\0\n"},
        {"x_bin": "no base64!"},
        {"X_UPPER": "x"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_odd_header_fields_harm_nobody(siege: Siege, more: dict[str, str | bytes]) -> None:
    """A wrong content type, method, timeout, too much metadata: never UNKNOWN."""
    with unharmed(siege.served):
        assert not _says(_refusal(siege, "GetStatus", EMPTY, **more), 2)


def test_frames_by_hand_reach_a_call(siege: Siege) -> None:
    """What the other tests send is refused for what it says: sent right, it is answered."""
    with Peer(siege.socket) as peer:
        stream = peer.call("GetStatus", EMPTY)
        came: list[Frame] = []
        for one in peer.frames(10):
            came.append(one)
            if one.kind == HEADERS and one.flags & END_STREAM:
                break
    data = b"".join(one.body for one in came if (one.kind, one.stream) == (DATA, stream))
    assert v1.GetStatusResponse.FromString(data[5:]).ready
