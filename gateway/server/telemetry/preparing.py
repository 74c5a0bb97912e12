"""What the parent of the workers lays out before it forks: a board, an address, a log.

It loads neither Prometheus nor OpenTelemetry, and starts no thread.
"""

from importlib.util import find_spec
from socket import socket

from gateway.config import NodeFile
from gateway.server.telemetry.board import Board
from gateway.server.telemetry.calls import Telemetry
from gateway.server.telemetry.labels import Level
from gateway.server.telemetry.logs import LogSink
from gateway.server.telemetry.metrics import Metrics
from gateway.server.telemetry.records import take_records
from gateway.server.telemetry.scraping import bound
from gateway.server.telemetry.tracing import Tracing
from masking.errors import ExtraMissingError

_EXTRA = "telemetry"


class Prepared:
    """All that the workers share. `logs` is for the parent's own lines."""

    def __init__(self, file: NodeFile, *, workers: int, level: Level = "info") -> None:
        """Bind the address of the metrics, if there is one.

        Raises: ConfigurationInvalidError, ExtraMissingError.
        """
        self.logs = LogSink(level)
        self._file = file
        self._listening: socket | None = None
        if file.tracing is not None:
            _need("opentelemetry", "tracing", "链路追踪")
        if file.metrics is not None:
            _need("prometheus_client", "metrics", "运行指标")
            self._board = Board(workers)
            self._listening = bound(file.metrics)

    def __enter__(self) -> "Prepared":
        return self

    def __exit__(self, *_: object) -> None:
        """Let the address go."""
        if self._listening is not None:
            self._listening.close()
        self.logs.close()

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port that are scraped."""
        if self._listening is None:
            return None
        host, port, *_ = self._listening.getsockname()
        return host, port

    def telemetry(self, worker: int) -> Telemetry:
        """Return what a worker tells by, in the worker; its `logging` goes the same way."""
        logs = self.logs.of_worker(worker)
        take_records(logs)
        metrics = tracing = None
        if self._listening is not None:
            metrics = Metrics(self._board, worker, self._listening)
        if self._file.tracing is not None:
            department = self._file.department
            tracing = Tracing(self._file.tracing, department=department, worker=worker)
        return Telemetry(worker=worker, logs=logs, metrics=metrics, tracing=tracing)


def _need(module: str, purpose: str, purpose_zh: str) -> None:
    if find_spec(module) is None:
        raise ExtraMissingError(purpose=purpose, purpose_zh=purpose_zh, extra=_EXTRA)
