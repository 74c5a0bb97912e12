"""HTTP/2 by hand, for what no client library would send: odd frames, windows kept shut."""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW = 4
CANCEL = 8
MAX_FRAME = 16_384
SERVICE = "/gateway.v1.Sidecar/"


class Frame(NamedTuple):
    """A frame that came."""

    kind: int
    flags: int
    stream: int
    body: bytes


def frame(kind: int, flags: int = 0, stream: int = 0, body: bytes = b"") -> bytes:
    """Spell a frame, whatever it says."""
    length = len(body).to_bytes(3, "big")
    return length + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


def settings(**numbers: int) -> bytes:
    """Spell SETTINGS; without numbers the windows are shut."""
    pairs = numbers or {"window": 0}
    body = b"".join(
        INITIAL_WINDOW.to_bytes(2, "big") + number.to_bytes(4, "big") for number in pairs.values()
    )
    return frame(SETTINGS, body=body)


def window(stream: int, more: int) -> bytes:
    """Spell WINDOW_UPDATE."""
    return frame(WINDOW, stream=stream, body=more.to_bytes(4, "big"))


def fields(pairs: Mapping[str, str | bytes]) -> bytes:
    """Spell header fields, each a literal that is not indexed (RFC 7541 section 6.2.2)."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in pairs.items())


def call_fields(path: str, **more: str | bytes) -> bytes:
    """Spell the header fields of a gRPC call."""
    usual: dict[str, str | bytes] = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    usual.update({name.replace("_", "-"): value for name, value in more.items()})
    return fields(usual)


def message(body: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    """Spell a gRPC message, with a length that may lie."""
    return (
        bytes((compressed,)) + (len(body) if length is None else length).to_bytes(4, "big") + body
    )


def _text(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return _number(len(data)) + data


def _number(number: int, prefix: int = 127) -> bytes:
    """Spell a number (RFC 7541 section 5.1) of seven bits and more."""
    if number < prefix:
        return bytes((number,))
    number, spelled = number - prefix, bytearray((prefix,))
    while number >= 128:
        spelled.append(number & 127 | 128)
        number >>= 7
    spelled.append(number)
    return bytes(spelled)


class Peer:
    """A connection of our own making; it reads only when it is told to."""

    def __init__(self, path: Path, *, begin: bytes = PREFACE + frame(SETTINGS)) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(os.fspath(path))
        self._room: dict[int, int] = {0: 65_535}
        self._usual = 65_535
        self._rest = b""
        self.next_stream = 1
        self.send(begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> bool:
        """Send bytes as they are; tell whether the other side still took them."""
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def patience(self, seconds: float) -> None:
        """Wait only so long for the other side; over it, TimeoutError."""
        self._socket.settimeout(seconds)

    def call(self, method: str, body: bytes = b"", *, end: bool = True, **more: str | bytes) -> int:
        """Begin a call, and send its message as far as the other side's windows let it."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        path = method if method.startswith("/") else SERVICE + method
        self.send(frame(HEADERS, END_HEADERS, stream, call_fields(path, **more)))
        if body or end:
            self.write(stream, body, end=end)
        return stream

    def write(self, stream: int, body: bytes, *, end: bool = False) -> None:
        """Send data, reading what is needed to be let."""
        while body:
            room = min(self._room[0], self._room.setdefault(stream, self._usual), MAX_FRAME)
            if room <= 0:
                self._take(self._read())
                continue
            piece, body = body[:room], body[room:]
            self._room[0] -= len(piece)
            self._room[stream] -= len(piece)
            last = END_STREAM if end and not body else 0
            if not self.send(frame(DATA, last, stream, piece)):
                raise ConnectionError("the other side is gone")
            if last:
                return
        if end:
            self.send(frame(DATA, END_STREAM, stream))

    def frames(self, seconds: float = 10) -> Iterator[Frame]:
        """Yield what comes until nothing does for so long, or the connection ends."""
        self._socket.settimeout(seconds)
        try:
            while True:
                came = self._read()
                self._take(came)
                yield came
        except (TimeoutError, ConnectionError):
            return
        finally:
            self._socket.settimeout(10)

    def ended(self, seconds: float = 10) -> bool:
        """Tell whether the other side ends the connection within so long."""
        until = time.monotonic() + seconds
        self._socket.settimeout(0.2)
        while time.monotonic() < until:
            try:
                if not self._socket.recv(65_536):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
        return False

    def _read(self) -> Frame:
        while len(self._rest) < 9 or len(self._rest) < 9 + int.from_bytes(self._rest[:3], "big"):
            more = self._socket.recv(1 << 20)
            if not more:
                raise ConnectionError("the other side is gone")
            self._rest += more
        length = int.from_bytes(self._rest[:3], "big")
        kind, flags = self._rest[3], self._rest[4]
        stream = int.from_bytes(self._rest[5:9], "big") & 0x7FFFFFFF
        body, self._rest = self._rest[9 : 9 + length], self._rest[9 + length :]
        return Frame(kind, flags, stream, body)

    def _take(self, came: Frame) -> None:
        if came.kind == WINDOW:
            more = int.from_bytes(came.body, "big")
            self._room[came.stream] = self._room.setdefault(came.stream, self._usual) + more
        elif came.kind == SETTINGS and not came.flags & ACK:
            for at in range(0, len(came.body), 6):
                if int.from_bytes(came.body[at : at + 2], "big") == INITIAL_WINDOW:
                    usual = int.from_bytes(came.body[at + 2 : at + 6], "big")
                    for stream in self._room:
                        self._room[stream] += (usual - self._usual) if stream else 0
                    self._usual = usual
            self.send(frame(SETTINGS, ACK))
        elif came.kind == PING and not came.flags & ACK:
            self.send(frame(PING, ACK, body=came.body))
        elif came.kind in (GOAWAY,):
            raise ConnectionError("the other side ends")
