"""One call after another, as a worker tells of them: counted, logged, traced."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from os import urandom
from typing import TYPE_CHECKING

from gateway.server.telemetry.board import Cell
from gateway.server.telemetry.labels import (
    CODES,
    METHODS,
    code_index,
    level_of,
    method_index,
    status_of,
)
from gateway.server.telemetry.logs import CallLine, LogSink
from gateway.server.telemetry.metrics import Metrics
from gateway.server.telemetry.observing import Observation
from gateway.server.telemetry.tracing import Tracing, trace_id

if TYPE_CHECKING:
    from opentelemetry.trace import Span

# What the variant field of a UUID makes of a digit that was drawn.
_VARIANT = {digit: "89ab"[number % 4] for number, digit in enumerate("0123456789abcdef")}
_is_id = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
).fullmatch


def _new_id() -> str:
    """Draw a UUID of version 4 (RFC 9562 section 5.4); the class of that name takes longer."""
    drawn = urandom(16).hex()
    variant = _VARIANT[drawn[16]]
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"


class Telemetry:
    """What one worker tells of itself. For the thread of its loop."""

    def __init__(
        self, *, worker: int, logs: LogSink, metrics: Metrics | None, tracing: Tracing | None
    ) -> None:
        self.worker = worker
        self.logs, self.metrics, self.tracing = logs, metrics, tracing
        self._scrapes: asyncio.Server | None = None
        self._lines_dropped = self._spans_dropped = 0
        if metrics is not None:
            metrics.part.begin()

    async def serve(self) -> None:
        """Answer scrapes on the running loop, where the node has metrics."""
        if self.metrics is not None:
            self._scrapes = await self.metrics.serve()

    def begin(
        self,
        method: str,
        caller: str,
        request_id: str = "",
        metadata: Sequence[tuple[str, str | bytes]] = (),
    ) -> "CallRecord":
        """Begin to tell of a call; whoever begins has to end.

        A method that is none of the service's counts as `other`. What is no UUID
        is no request id: the call gets one of ours.
        """
        return CallRecord(self, method, caller, request_id, metadata)

    def observe(self, observation: Observation) -> None:
        """Take up what was seen of the node, once a second: a worker that is silent counts as gone.

        Call it at least every `FRESH_SECONDS`.
        """
        if self.metrics is None:
            return
        part = self.metrics.part
        part.observe(observation)
        lines = self.logs.dropped
        part[Cell.LINES_DROPPED] += lines - self._lines_dropped
        self._lines_dropped = lines
        if self.tracing is not None:
            spans = self.tracing.dropped
            part[Cell.SPANS_DROPPED] += spans - self._spans_dropped
            self._spans_dropped = spans

    def close(self) -> None:
        """Answer no more scrapes and send the last spans; at most `CLOSE_SECONDS`."""
        if self._scrapes is not None:
            self._scrapes.close()
            self._scrapes = None
        if self.tracing is not None:
            self.tracing.close()


class CallRecord:
    """A call that runs. `request_id` is what its log line and span bear."""

    __slots__ = ("_began", "_caller", "_ended", "_method", "_span", "_telemetry", "request_id")

    def __init__(
        self,
        telemetry: Telemetry,
        method: str,
        caller: str,
        request_id: str,
        metadata: Sequence[tuple[str, str | bytes]],
    ) -> None:
        self._telemetry, self._caller, self._ended = telemetry, caller, False
        self._method = method_index(method)
        self.request_id = request_id if _is_id(request_id) else _new_id()
        self._span: Span | None = None
        if telemetry.tracing is not None:
            name = METHODS[self._method]
            self._span = telemetry.tracing.begin(name, caller, self.request_id, metadata)
        if telemetry.metrics is not None:
            telemetry.metrics.part[Cell.IN_FLIGHT] += 1
        self._began = time.perf_counter()

    def known_as(self, request_id: str) -> None:
        """Take the id that the client gave the request, if it is a UUID."""
        if _is_id(request_id):
            self.request_id = request_id.lower()
            if self._span is not None and self._telemetry.tracing is not None:
                self._telemetry.tracing.rename(self._span, self.request_id)

    @property
    def waiting(self) -> Callable[[int, int], None] | None:
        """Return what to tell of waits for the ledger, where the call is traced."""
        return None if self._span is None else self.waited

    def waited(self, began: int, ended: int) -> None:
        """Tell from when to when the call waited for the ledger; `time.time_ns()` both."""
        if self._span is not None and self._telemetry.tracing is not None:
            self._telemetry.tracing.ledger(self._span, began, ended)

    def end(self, code: str, received: int, sent: int) -> None:
        """End with `OK`, a code of ours, or the name of a gRPC status, and the bytes of messages.

        Anything else counts as `other`; a call ends once.
        """
        if self._ended:
            return
        self._ended = True
        seconds = time.perf_counter() - self._began
        place = code_index(code)
        code = CODES[place]
        telemetry = self._telemetry
        if telemetry.metrics is not None:
            part = telemetry.metrics.part
            part[Cell.IN_FLIGHT] -= 1
            part.count(self._method, place, seconds, received, sent)
        if self._span is not None and telemetry.tracing is not None:
            telemetry.tracing.end(self._span, code)
        if telemetry.logs.wants(level_of(code)):
            self._log(code, seconds, received, sent)

    def _log(self, code: str, seconds: float, received: int, sent: int) -> None:
        logs = self._telemetry.logs
        line = CallLine(
            time=logs.now(),
            level=level_of(code),
            worker=logs.worker,
            method=METHODS[self._method],
            caller=self._caller,
            code=code,
            status=status_of(code)[1],
            duration_ms=round(seconds * 1000, 3),
            request_id=self.request_id,
            received=received,
            sent=sent,
        )
        if self._span is not None:
            line.trace_id = trace_id(self._span)
        logs.write(line)
