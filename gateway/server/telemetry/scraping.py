"""The page of metrics over HTTP/1.1, on this machine alone, within a worker's loop.

The parent of the workers binds the address once and all of them accept from it:
whichever is free answers, and a worker that is replaced leaves no gap.

There is one page and nothing to ask for: a request is bounded in length, time
and number, and a connection serves one.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from gateway.config import host_and_port
from gateway.errors import ConfigurationInvalidError

# What Prometheus and browsers send is a tenth of it; more is held of nobody.
MAX_SCRAPE_BYTES = 8192
# Connections of one worker at once: more are closed as they come.
MAX_SCRAPES = 8
# From the first byte to the last: one that sends or reads slowly is cut off.
SCRAPE_SECONDS = 5.0

# What `prometheus_client.exposition.generate_latest` writes.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PATH = b"/metrics"
_END = b"\r\n\r\n"


def bound(address: str) -> socket.socket:
    """Bind the address of the metrics, for all workers to accept from.

    Raises: ConfigurationInvalidError.
    """
    host, port = host_and_port(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen()
    except OSError:
        listening.close()
        raise ConfigurationInvalidError(
            reason=f"the sidecar cannot listen on {address}, the `metrics` of node.yaml; "
            "another program may have the port",
            reason_zh=f"网关服务无法监听 node.yaml 中 `metrics` 的地址 {address}，端口可能已被占用",
        ) from None
    listening.setblocking(False)
    return listening


async def answer_scrapes(listening: socket.socket, page: Callable[[], bytes]) -> asyncio.Server:
    """Answer on the running loop, until what is returned is closed."""
    open_now: set[_Scrape] = set()
    loop = asyncio.get_running_loop()
    # A copy, since a server closes what it was given.
    return await loop.create_server(lambda: _Scrape(page, open_now), sock=listening.dup())


class _Scrape(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport
    _limit: asyncio.TimerHandle | None = None

    def __init__(self, page: Callable[[], bytes], open_now: "set[_Scrape]") -> None:
        self._page, self._open_now = page, open_now
        self._received = b""
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # As it is for TCP; uvloop's is one by its methods alone.
        self._transport = cast("asyncio.Transport", transport)
        if len(self._open_now) >= MAX_SCRAPES:
            self._transport.abort()
            return
        self._open_now.add(self)
        self._limit = asyncio.get_running_loop().call_later(SCRAPE_SECONDS, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        if self._answered:
            return
        self._received += data
        head, end, _ = self._received.partition(_END)
        if end and len(head) <= MAX_SCRAPE_BYTES:
            self._answer(head.partition(b"\r\n")[0])
        elif len(self._received) > MAX_SCRAPE_BYTES:
            self._send("431 Request Header Fields Too Large")

    def _answer(self, line: bytes) -> None:
        method, _, rest = line.partition(b" ")
        target, _, version = rest.partition(b" ")
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            self._send("400 Bad Request")
        elif target.partition(b"?")[0] != _PATH:
            self._send("404 Not Found")
        elif method != b"GET":
            self._send("405 Method Not Allowed", "Allow: GET\r\n")
        else:
            self._send("200 OK", f"Content-Type: {CONTENT_TYPE}\r\n", self._page())

    def _send(self, status: str, headers: str = "", body: bytes = b"") -> None:
        self._answered = True
        self._received = b""
        headers += f"Content-Length: {len(body)}\r\nConnection: close\r\n"
        head = f"HTTP/1.1 {status}\r\n{headers}\r\n"
        self._transport.write(head.encode("ascii") + body)
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._open_now.discard(self)
        if self._limit is not None:
            self._limit.cancel()
