"""The log: one JSON object a line on standard error, each written at once or not at all.

What is logged is chosen key by key: nothing that a caller wrote is among it but
the id of its request, which is a UUID.
"""

import fcntl
import os
import select
import socket
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.server.telemetry.labels import Level

# How much a pipe holds while its reader is busy: some three thousand calls.
_PIPE_BYTES = 1024 * 1024
# What a pipe takes whole or not at all (PIPE_BUF): lines of several workers never mix.
MAX_LINE_BYTES = 4096
LEVELS: Final[dict[Level, int]] = {"info": 20, "warning": 30, "error": 40}

_ENCODE = msgspec.json.Encoder().encode


class CallLine(Struct, kw_only=True):
    """A call that ended. `received` and `sent` are bytes, `time` is UTC."""

    time: str
    level: Level
    event: str = "call"
    worker: int | None
    method: str
    caller: str
    code: str
    status: str
    duration_ms: float
    request_id: str
    received: int
    sent: int
    trace_id: str | UnsetType = UNSET


class TextLine(Struct, kw_only=True):
    """What a part of the program says.

    `text` is there of our own parts alone; `error` is an exception's type and place.
    """

    time: str
    level: Level
    event: str = "text"
    worker: int | None
    logger: str
    place: str
    text: str | UnsetType = UNSET
    error: str | UnsetType = UNSET


class DroppedLine(Struct, kw_only=True):
    """How many lines were lost before this one, since nobody read them."""

    time: str
    level: Level = "warning"
    event: str = "dropped"
    worker: int | None
    lines: int


class LogSink:
    """Where a process writes its lines, `level` and what is louder.

    Whoever reads may be slow or stuck: a line that cannot be written now is
    dropped and counted, since a call must not wait for it.
    """

    def __init__(self, level: Level = "info", *, worker: int | None = None, handle: int = 2):
        self.worker = worker
        self.dropped = 0
        self._handle, self._level = handle, level
        self._least = LEVELS[level]
        self._write, self.close = _writing(handle)
        self._untold = 0
        self._second, self._prefix = -1, ""

    def of_worker(self, worker: int) -> "LogSink":
        """Return the sink of a worker, for the same reader."""
        return LogSink(self._level, worker=worker, handle=self._handle)

    def wants(self, level: Level) -> bool:
        """Tell whether lines of a level are written."""
        return LEVELS[level] >= self._least

    def now(self) -> str:
        """Return the time as lines have it: RFC 3339, UTC, milliseconds."""
        second, rest = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._prefix = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            self._second = second
        return f"{self._prefix}{rest // 1_000_000:03d}Z"

    def write(self, line: CallLine | TextLine) -> None:
        """Write a line, or drop it."""
        if self._untold:
            self._tell_dropped()
        data = _ENCODE(line)
        while len(data) >= MAX_LINE_BYTES and isinstance(line, TextLine) and line.text:
            line.text = line.text[: len(line.text) // 2]
            data = _ENCODE(line)
        if not self._put(data):
            self.dropped += 1
            self._untold += 1

    def _tell_dropped(self) -> None:
        line = DroppedLine(time=self.now(), worker=self.worker, lines=self._untold)
        if self._put(_ENCODE(line)):
            self._untold = 0

    def _put(self, data: bytes) -> bool:
        try:
            return len(data) < MAX_LINE_BYTES and self._write(data + b"\n") > 0
        except OSError:
            # Full, or closed by whoever read it.
            return False


def _writing(handle: int) -> tuple[Callable[[bytes], int], Callable[[], None]]:
    """Return what writes to a handle at once or raises OSError, and never waits; and what ends it.

    The handle itself must stay as it is: whoever gave it to us shares its flags.
    """
    with suppress(OSError):
        mode = os.fstat(handle).st_mode
        if stat.S_ISREG(mode):
            # Never full, and whoever else writes there keeps its place in it.
            return partial(os.write, handle), _nothing
        if stat.S_ISSOCK(mode):
            stream = socket.socket(fileno=os.dup(handle))
            return lambda data: stream.send(data, socket.MSG_DONTWAIT), stream.close
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        own = os.open(f"/proc/self/fd/{handle}", flags)
        with suppress(OSError):
            fcntl.fcntl(own, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return partial(os.write, own), partial(os.close, own)
    return partial(_write_if_room, handle), _nothing


def _nothing() -> None:
    """Leave a handle that is not ours as it is."""


def _write_if_room(handle: int, data: bytes) -> int:
    """Write where there is room for a line, if nobody takes it meanwhile."""
    poll = select.poll()
    poll.register(handle, select.POLLOUT)
    return os.write(handle, data) if poll.poll(0) else 0
