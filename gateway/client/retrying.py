"""When a call is tried again, and when it is given up: the same for both clients.

What only reads is safe to try again, and so is what comes to the same twice. `Seal` is
by its request id: a worker that answered before remembers, and one that died between the
ledger and its answer left a reservation of a dead process, so that the records are
sealed anew: the ledger then has two entries, and the client one envelope. `Open` is
not: an envelope opens once, and to open it again is its caller's decision. Nor is a
stream, whose batches are gone once they were sent.
"""

import random
from time import monotonic
from typing import Any

from gateway.client.calls import Call
from gateway.client.connecting import REST_SECONDS, Line, Lines
from gateway.client.refusals import RefusedError

# Where nobody ever answered, an address or a certificate is wrong rather than a worker gone.
FIRST_SECONDS = 5.0
# Seconds to wait after all channels failed, three times as long each time.
_WAIT, _LONGEST_WAIT = 0.05, 1.0


class Tries:
    """The tries of one call, from its beginning to its deadline, in seconds from now."""

    def __init__(self, call: Call[Any], lines: Lines[Any], timeout: float) -> None:
        self._call, self._lines = call, lines
        self._begun = monotonic()
        self._until = self._begun + timeout
        self._size, self._broken = lines.size, 0
        self._again = False

    @property
    def left(self) -> float:
        """Tell how many seconds are left."""
        return max(0.0, self._until - monotonic())

    def answered(self) -> None:
        """Note that somebody is there."""
        self._lines.reached = True

    def wait_after(self, refusal: RefusedError, line: Line[Any]) -> float | None:
        """Return in how many seconds to try again; None to give up."""
        wait = self._wait(refusal, line)
        again, self._again = self._again, True
        if refusal.answered:
            self.answered()
        if not self._call.safe:
            return None
        if again and refusal.code == "REQUEST_REPEATED" and self._call.renew():
            # Answered before, and too large to be kept; nobody else knows the id.
            wait = 0.0
        if wait is None or monotonic() + wait >= self._end():
            return None
        return wait

    def _wait(self, refusal: RefusedError, line: Line[Any]) -> float | None:
        if refusal.code == "REQUEST_IN_PROGRESS":
            return refusal.retry_after or _LONGEST_WAIT
        if refusal.code != "UNAVAILABLE":
            return None
        line.rests_until = monotonic() + REST_SECONDS
        self._broken += 1
        rounds, others = divmod(self._broken, self._size)
        if others:
            return 0.0
        # Of several clients, not all at the same moment.
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        return spread * min(_LONGEST_WAIT, _WAIT * 3.0 ** min(rounds - 1, 8))

    def _end(self) -> float:
        first = self._until if self._lines.reached else self._begun + FIRST_SECONDS
        return min(self._until, first)
