"""Where a sidecar is, and the channels to it.

Sockets need nothing: one channel for each worker's. TCP is by mutual TLS alone, and
its files are looked at again while the client lives: once they were renewed, the next
call is made over a channel with the new ones, and calls that run end over the old one.
"""

import itertools
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Generic, Protocol, Self, TypeVar, cast

import grpc

from gateway.certificates.judging import FileNames, own_key
from gateway.certificates.reading import read_certificates
from gateway.errors import ConfigurationInvalidError
from gateway.stores.certificates import MAX_PEM_BYTES
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from masking.counting import counted

# Above what one call may hold by so much that the sidecar refuses first, with its own words.
MAX_CLIENT_BYTES = 64 * 1024 * 1024
# Channels of a client to one address; more would not find more workers.
MAX_CONNECTIONS = 64
# How long a channel whose connection broke is passed over, while there are others.
REST_SECONDS = 1.0
# How often the files of TLS are looked at.
LOOK_SECONDS = 1.0

_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MAX_CLIENT_BYTES),
    ("grpc.max_send_message_length", MAX_CLIENT_BYTES),
    # A worker that died is there again within a second or two; gRPC would wait longer and longer.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
# Channels share a connection to the same address, but for this.
_APART = (("grpc.use_local_subchannel_pool", 1),)
_ADDRESS = re.compile(r"(?:https://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})/?")


class Channel(Protocol):
    """A channel of either kind."""

    def close(self) -> Any:
        """Close it."""


C = TypeVar("C", bound=Channel)
Options = tuple[tuple[str, int], ...]
Make = Callable[[str, grpc.ChannelCredentials | None, Options], C]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The files of a caller's mutual TLS, PEM each; `ca` vouches for the server."""

    certificate: Path
    key: Path
    ca: Path

    @classmethod
    def folder(cls, folder: Path | str) -> Self:
        """Name the files as `sealgate certs client` lays them."""
        folder = Path(folder)
        return cls(
            certificate=folder / "client.crt", key=folder / "client.key", ca=folder / "ca.crt"
        )

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Return by what changed files are known. Raises: OSError."""
        found = [os.stat(path) for path in (self.certificate, self.key, self.ca)]
        return tuple((one.st_ino, one.st_size, one.st_mtime_ns) for one in found)

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files, and check that they can shake hands.

        Raises: OSError, ConfigurationInvalidError naming the file and the remedy.
        """
        certificate, key, ca = map(_pem, (self.certificate, self.key, self.ca))
        names = FileNames(
            certificate=str(self.certificate), key=str(self.key), clients=str(self.ca)
        )
        own_key(key, read_certificates(certificate, names.certificate)[0], names)
        read_certificates(ca, names.clients)
        return grpc.ssl_channel_credentials(ca, key, certificate)


def _pem(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PEM_BYTES)


def targets(where: Path | str, tls: Tls | None, connections: int) -> list[str]:
    """Return the targets of channels: the sockets of a folder, one socket, or an address.

    Raises: FileNotFoundError where there is no socket, ValueError for what is no address.
    """
    if tls is None:
        if str(where).startswith("https://"):
            raise ValueError("an address needs `tls`: TCP is by mutual TLS alone")
        return _sockets(Path(where))
    address = _ADDRESS.fullmatch(str(where))
    if address is None or not 0 < int(address[2]) < 65_536:
        raise ValueError("expected HOST:PORT or https://HOST:PORT")
    if not 1 <= connections <= MAX_CONNECTIONS:
        raise ValueError(f"connections are from 1 to {MAX_CONNECTIONS}")
    return [f"dns:///{address[1]}:{address[2]}"] * connections


def _sockets(path: Path) -> list[str]:
    found = sorted(path.glob("*.sock")) if path.is_dir() else [path] if path.is_socket() else []
    if not found:
        raise FileNotFoundError(f"no socket of a sidecar at {path}")
    return [f"unix:{each.absolute()}" for each in found]


class Line(Generic[C]):
    """One channel, its stub, and until when it is better passed over."""

    __slots__ = ("channel", "rests_until", "stub")

    def __init__(self, channel: C) -> None:
        self.channel, self.rests_until = channel, 0.0
        # Of either kind, as the channel is.
        self.stub: Any = SidecarStub(cast("grpc.Channel", channel))


class Lines(Generic[C]):
    """The channels of a client, taken in turn; several threads may take them."""

    def __init__(
        self, where: Path | str, tls: Tls | Path | str | None, connections: int, make: Make[C]
    ) -> None:
        self._tls = Tls.folder(tls) if isinstance(tls, Path | str) else tls
        self._targets, self._make = targets(where, self._tls, connections), make
        self._name = str(where)
        self._turn, self._lock = itertools.count(), threading.Lock()
        self._process, self._looked = os.getpid(), monotonic()
        # Before the files are read: what is put in place meanwhile is read again.
        self._stamp = None if self._tls is None else self._tls.stamp()
        self._lines = self._made()
        # Whether anybody ever answered: else the address may be wrong.
        self.reached = False
        self.closed = False

    def __repr__(self) -> str:
        return f"{self._name!r}, {counted(self.size, 'channel')}"

    @property
    def size(self) -> int:
        """Tell how many there are."""
        return len(self._targets)

    def take(self) -> Line[C]:
        """Return the next channel's, passing those over that rest.

        Raises: RuntimeError where the client is closed, or another process made it.
        """
        if self.closed:
            raise RuntimeError("the client is closed")
        if os.getpid() != self._process:
            raise RuntimeError("the client was made before a fork; each process makes its own")
        if self._tls is not None and monotonic() - self._looked > LOOK_SECONDS:
            self._renew(self._tls)
        lines, now = self._lines, monotonic()
        for _ in lines:
            line = lines[next(self._turn) % len(lines)]
            if line.rests_until <= now:
                break
        return line

    def close(self) -> list[C]:
        """End, and return the channels, which are to be closed."""
        self.closed = True
        return [line.channel for line in self._lines]

    def _renew(self, tls: Tls) -> None:
        """Take changed files over; broken ones not, which are looked at again."""
        with self._lock:
            if monotonic() - self._looked <= LOOK_SECONDS:
                return
            self._looked = monotonic()
            try:
                stamp = tls.stamp()
                if stamp != self._stamp:
                    # Nobody holds the old channels then but the calls that run over them.
                    self._lines = self._made()
                    self._stamp = stamp
            except (OSError, ConfigurationInvalidError):
                return

    def _made(self) -> tuple[Line[C], ...]:
        credentials = None if self._tls is None else self._tls.credentials()
        options = _OPTIONS if len(set(self._targets)) == len(self._targets) else _OPTIONS + _APART
        channels = [self._make(target, credentials, options) for target in self._targets]
        return tuple(map(Line, channels))
