"""The time that a call has."""

from time import monotonic

from gateway.errors import DeadlineExceededError
from gateway.repeats import MAX_CALL_SECONDS
from gateway.server.waits import Waited


class Deadline:
    """The time that a call has: what its client gave it, and no more than `longest`.

    It is over at once where its client has left. `waited` is told how long it waited
    for the ledger, if anybody asks.
    """

    __slots__ = ("_until", "waited")

    def __init__(
        self,
        seconds: float | None,
        longest: float = MAX_CALL_SECONDS,
        waited: Waited | None = None,
    ) -> None:
        self.waited = waited
        self._until = monotonic() + (longest if seconds is None else min(seconds, longest))

    def __call__(self) -> None:
        """Let the call go on. Raises: DeadlineExceededError."""
        if monotonic() >= self._until:
            raise DeadlineExceededError

    def leave(self) -> None:
        """Let it go on no more."""
        self._until = 0.0
