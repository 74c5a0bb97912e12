"""What the program logs through `logging`, as lines of the sidecar's own log.

Of exceptions only type and place come out, and of what libraries say only
logger and place, from warnings up: their texts may quote what was sent.
"""

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from gateway.server.telemetry.labels import Level
from gateway.server.telemetry.logs import LEVELS, LogSink, TextLine
from keys.errors import unexpected

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

# Whose texts are known to hold no values.
_OURS = ("gateway", "masking", "keys")


class RecordHandler(logging.Handler):
    """Writes every record to a sink."""

    def __init__(self, sink: LogSink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; one that cannot be put into words is told by its place."""
        ours = record.name.partition(".")[0] in _OURS
        if not ours and record.levelno < logging.WARNING:
            # Without its text it says nothing, and there may be one for each value searched.
            return
        level = _level(record.levelno)
        error = record.exc_info[1] if record.exc_info else None
        self._write(
            level,
            record.name,
            f"{record.module}:{record.lineno}",
            text=_text(record) if ours else None,
            error=error,
        )

    def uncaught(self, what: str, error: BaseException | None) -> None:
        """Write of an exception that nobody caught."""
        self._write("error", what, "", error=error)

    def _write(
        self,
        level: Level,
        logger: str,
        place: str,
        *,
        text: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        if self._sink.wants(level):
            line = TextLine(
                time=self._sink.now(),
                level=level,
                worker=self._sink.worker,
                logger=logger,
                place=place,
                text=UNSET if text is None else text,
                error=UNSET if error is None else unexpected(error),
            )
            self._sink.write(line)


def take_records(sink: LogSink) -> RecordHandler:
    """Send every record of this process to a sink, with warnings and what nobody caught."""
    handler = RecordHandler(sink)
    root = logging.getLogger()
    for each in root.handlers[:]:
        root.removeHandler(each)
    root.addHandler(handler)
    root.setLevel(min(number for level, number in LEVELS.items() if sink.wants(level)))
    logging.captureWarnings(True)

    def of_thread(raised: Any) -> None:
        handler.uncaught("threading", raised.exc_value)

    def of_nobody(raised: "UnraisableHookArgs") -> None:
        handler.uncaught("unraisable", raised.exc_value)

    threading.excepthook = of_thread
    sys.unraisablehook = of_nobody
    return handler


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    return "warning" if number >= logging.WARNING else "info"


def _text(record: logging.LogRecord) -> str | None:
    try:
        return record.getMessage()
    except Exception:
        # Arguments that do not fit: the fault of a line of ours, which `place` names.
        return None
