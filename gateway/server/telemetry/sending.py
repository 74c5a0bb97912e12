"""Send spans to a collector: OTLP over HTTP, protobuf, with what the standard library has.

No proxy, no redirect and no credentials of the environment are taken up, as a
general HTTP client would. What the collector does not take is dropped and counted.
"""

import time
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

PATH = "/v1/traces"
# Of what a collector answers only the status matters.
_MAX_ANSWER = 4096
_PATIENCE = 5.0


class SpanSender(SpanExporter):
    """Sends batches of spans to one collector, from the processor's thread."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname or "", parts.port
        self._path = parts.path.rstrip("/") + PATH
        self._end: float | None = None
        self.dropped = 0

    def hurry(self, seconds: float) -> None:
        """Send nothing any more once the time is over."""
        self._end = time.monotonic() + seconds

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans, once."""
        if self._sent(encode_spans(spans).SerializeToString()):
            return SpanExportResult.SUCCESS
        self.dropped += len(spans)
        return SpanExportResult.FAILURE

    def _sent(self, body: bytes) -> bool:
        patience = _PATIENCE
        if self._end is not None:
            patience = min(patience, self._end - time.monotonic())
        if patience <= 0:
            return False
        connection = self._connection(self._host, self._port, timeout=patience)
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read(_MAX_ANSWER)
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        return 200 <= answer.status < 300
