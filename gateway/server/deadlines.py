"""The time that a call has."""

from time import monotonic

from gateway.errors import DeadlineExceededError
from gateway.repeats import MAX_CALL_SECONDS


class Deadline:
    """The time that a call has, never more than any may last.

    It is over at once where its client has left.
    """

    __slots__ = ("_until",)

    def __init__(self, seconds: float | None) -> None:
        self._until = monotonic() + min(seconds or MAX_CALL_SECONDS, MAX_CALL_SECONDS)

    def __call__(self) -> None:
        """Let the call go on. Raises: DeadlineExceededError."""
        if monotonic() >= self._until:
            raise DeadlineExceededError

    def leave(self) -> None:
        """Let it go on no more."""
        self._until = 0.0
