"""What the use cases ask of the world, as Protocols named for their role."""

from typing import Protocol

from gateway.model.call import Entry, HeldGrant, Receipt
from gateway.model.trust import Snapshot
from keys.ports import KeyProvider

__all__ = [
    "ClaimStore",
    "Clock",
    "Deadline",
    "Dice",
    "GrantBook",
    "KeyProvider",
    "LedgerSink",
    "QuotaStore",
    "SnapshotSource",
    "at_leisure",
]


class Clock(Protocol):
    """Tell the time as Unix milliseconds."""

    def __call__(self) -> int: ...


class Dice(Protocol):
    """Give `count` random bytes fit for keys."""

    def __call__(self, count: int, /) -> bytes: ...


class Deadline(Protocol):
    """Let a call go on, or end it.

    Raises: DeadlineExceededError.
    """

    def __call__(self) -> None: ...


def at_leisure() -> None:
    """Let a call go on for ever."""


class SnapshotSource(Protocol):
    """Give the newest set of trust data, policy and blocks."""

    def current(self) -> Snapshot: ...


class QuotaStore(Protocol):
    """Count what grants have used, shared by all processes of a node."""

    def reserve(self, grant: str, day: str, rows: int, limit: int) -> int | None:
        """Charge `rows` to (grant, day) if they fit under `limit`, atomically.

        Return None when charged, else the rows used so far; a crash keeps the charge.
        """


class ClaimStore(Protocol):
    """Remember opened envelopes until they expire, shared by all processes of a node."""

    def claim(self, sender: str, envelope_id: bytes, expires: int, now: int) -> bool:
        """Claim (sender, id) durably; False if it was claimed before. Times in ms."""

    def release(self, sender: str, envelope_id: bytes) -> None:
        """Give a claim back, for a call that handed nothing out."""


class GrantBook(Protocol):
    """Know the grants that were given to this department."""

    def find(self, jti: str, digest: str) -> HeldGrant | None:
        """Return the grant with this `jti` and token SHA-256 (hex) if it is ours."""


class LedgerSink(Protocol):
    """Keep entries durably."""

    def append(self, entry: Entry) -> Receipt:
        """Write the entry; return only once it is durable.

        Raises: LedgerUnavailableError, KeyUnavailableError where its key cannot sign.
        """

    def last(self, kind: str) -> str | None:
        """Return the private detail of the newest `policy`, `trust` or `keys` entry, if any.

        Raises: LedgerUnavailableError.
        """

    def checkpoint(self) -> str | None:
        """Return the newest checkpoint, a signed note, or None where there is none yet.

        Raises: LedgerUnavailableError.
        """
