"""A bar on standard error: how far a long run has come, and how long it will take."""

import sys
import time
from collections.abc import Callable

from gateway.cli.terminal import bar

# A terminal is not drawn on more often than this, in seconds.
_EVERY = 0.2
_COLUMNS = 24


class Gauge:
    """Shows rows, the share done, rows a second and the time left; nothing if nobody looks."""

    def __init__(
        self, share: Callable[[], float | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._share, self._clock = share, clock
        self._shown = sys.stderr.isatty()
        self._began = self._drawn = clock()

    def tell(self, rows: int) -> None:
        """Draw anew, if it is time."""
        now = self._clock()
        if self._shown and now - self._drawn >= _EVERY:
            self._drawn = now
            print(f"\r\x1b[K{self._line(rows, now)}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._shown and self._drawn > self._began:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _line(self, rows: int, now: float) -> str:
        seconds, share = now - self._began, self._share()
        line = f"{rows:,} rows 行  {rows / seconds:,.0f}/s"
        if not share:
            return line
        left = round(seconds / share - seconds)
        drawn = bar(share, _COLUMNS).ljust(_COLUMNS, "░")
        return f"{drawn} {share:4.0%}  {line}  {left // 60}:{left % 60:02} left 剩余"
