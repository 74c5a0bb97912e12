"""Traces: a span for a call, as the conventions of OpenTelemetry for RPC have it.

A trace that a caller began is continued (W3C `traceparent`), and sampled if it
was; `tracestate` and baggage are free text and never read. OpenTelemetry is
loaded only where node.yaml asks for traces.
"""

import re
import threading
from collections.abc import Iterable
from random import SystemRandom
from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.config import TracingFile
from gateway.server.telemetry.labels import SERVER_FAULTS, SERVICE, status_of

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

Metadata = Iterable[tuple[str, str | bytes]]

# Spans that wait for the collector; where it cannot take them in time, the oldest are lost.
MAX_SPANS = 2048
# Sent at once, and how often.
_BATCH, _INTERVAL_MS = 512, 2000
# A sidecar that ends waits so long for the last of them to be sent.
CLOSE_SECONDS = 3.0

NAME: Final = "sealgate"
LEDGER_SPAN: Final = "ledger"
# Attributes of a span.
SYSTEM, SERVICE_NAME, METHOD = "rpc.system", "rpc.service", "rpc.method"
STATUS_CODE, CODE = "rpc.grpc.status_code", "sealgate.code"
CALLER, REQUEST_ID = "sealgate.caller", "sealgate.request_id"
ATTRIBUTES: Final = (SYSTEM, SERVICE_NAME, METHOD, STATUS_CODE, CODE, CALLER, REQUEST_ID)

_PARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class Parent:
    """The caller's span, as `traceparent` names it."""

    __slots__ = ("sampled", "span", "trace")

    def __init__(self, trace: str, span: str, flags: str) -> None:
        self.trace, self.span = int(trace, 16), int(span, 16)
        self.sampled = bool(int(flags, 16) & 1)


def parent_of(metadata: Metadata) -> Parent | None:
    """Return the caller's span, if the metadata names one, and names it once and well."""
    named = [value for key, value in metadata if key == "traceparent"]
    if len(named) != 1 or not isinstance(named[0], str):
        return None
    found = _PARENT.fullmatch(named[0])
    return Parent(*found.groups()) if found else None


class Tracing:
    """Makes the spans of one worker and sends them to the collector."""

    def __init__(self, file: TracingFile, *, department: str, worker: int) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        from gateway.server.telemetry.sending import SpanSender

        self._sample = file.sample
        self._random = SystemRandom().random
        self._sender = SpanSender(file.endpoint)
        # Made by hand: `Resource.create` would take up whatever the environment says.
        resource = Resource(
            {
                "service.name": NAME,
                "service.namespace": department,
                "service.version": __version__,
                "service.instance.id": f"{department}/{worker}",
            }
        )
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._sender,
                max_queue_size=MAX_SPANS,
                schedule_delay_millis=_INTERVAL_MS,
                max_export_batch_size=_BATCH,
            )
        )
        self._tracer = self._provider.get_tracer(NAME, __version__)

    @property
    def dropped(self) -> int:
        """How many spans the collector did not take."""
        return self._sender.dropped

    def begin(self, method: str, caller: str, request_id: str, metadata: Metadata) -> "Span | None":
        """Begin the span of a call, if it is sampled."""
        parent = parent_of(metadata)
        sampled = self._random() < self._sample if parent is None else parent.sampled
        if not sampled:
            return None
        from opentelemetry.trace import SpanKind

        return self._tracer.start_span(
            f"{SERVICE}/{method}",
            context=_context(parent),
            kind=SpanKind.SERVER,
            attributes={
                SYSTEM: "grpc",
                SERVICE_NAME: SERVICE,
                METHOD: method,
                CALLER: caller,
                REQUEST_ID: request_id,
            },
            record_exception=False,
            set_status_on_exception=False,
        )

    def rename(self, span: "Span", request_id: str) -> None:
        """Give the span of a call the id of its request."""
        span.set_attribute(REQUEST_ID, request_id)

    def end(self, span: "Span", code: str) -> None:
        """End the span of a call."""
        from opentelemetry.trace import StatusCode

        number, _ = status_of(code)
        span.set_attributes({STATUS_CODE: number, CODE: code})
        if number in SERVER_FAULTS:
            span.set_status(StatusCode.ERROR)
        span.end()

    def ledger(self, span: "Span", began: int, ended: int) -> None:
        """Add how long a call waited for the ledger; nanoseconds of Unix time."""
        from opentelemetry.trace import set_span_in_context

        inner = self._tracer.start_span(
            LEDGER_SPAN, context=set_span_in_context(span), start_time=began
        )
        inner.end(ended)

    def close(self) -> None:
        """Send what is left, for as long as `CLOSE_SECONDS`."""
        self._sender.hurry(CLOSE_SECONDS)
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


def trace_id(span: "Span") -> str:
    """Return the id of a span's trace as it is written."""
    return f"{span.get_span_context().trace_id:032x}"


def _context(parent: Parent | None) -> "Context | None":
    from opentelemetry.context import Context
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    # An empty one, lest the span hang on whatever is current in this thread.
    if parent is None:
        return Context()
    remote = SpanContext(
        parent.trace, parent.span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return set_span_in_context(NonRecordingSpan(remote), Context())
