"""A call on its way: what is known of it so far, and its entry in the ledger."""

from msgspec import Struct

from gateway.errors import LedgerUnavailableError
from gateway.ledger import BEFORE_AUTHENTICATION, VERSION, RefusalCounter
from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart
from gateway.ports import Clock, LedgerSink
from keys.errors import SealgateError

# Longer than any name of a system or file number; stops entries that fill the disk.
MAX_CALLER = 256


class Trail(Struct, kw_only=True):
    """A call so far: `shared` is filled in step by step and entered at the call's end.

    `now` is the call's one time, Unix milliseconds.
    """

    now: int
    shared: SharedPart
    private: PrivatePart
    authenticated: bool = False


class Calls:
    """Enters the calls of one kind, the refused ones too."""

    def __init__(self, kind: str, ledger: LedgerSink, clock: Clock) -> None:
        self._kind, self._ledger, self._clock = kind, ledger, clock
        self._counter = RefusalCounter()

    def begin(self, caller: str, reference: str | None) -> Trail:
        """Begin a call; its one time is now."""
        now = self._clock()
        return Trail(
            now=now,
            shared=SharedPart(version=VERSION, time=now, kind=self._kind, outcome="ok"),
            private=PrivatePart(
                caller=_writable(caller),
                reference=None if reference is None else _writable(reference),
            ),
        )

    def enter(self, trail: Trail) -> Receipt:
        """Write the entry of a call, durably.

        Raises: LedgerUnavailableError.
        """
        return self._ledger.append(Entry(shared=trail.shared, private=trail.private))

    def close(self) -> None:
        """Enter what was counted and not yet entered."""
        for entry in self._counter.drain(self._clock()):
            self._ledger.append(entry)

    def refuse(self, trail: Trail, refusal: SealgateError) -> None:
        """Enter a refusal; strangers are counted.

        Raises: LedgerUnavailableError.
        """
        code = refusal.code
        if isinstance(refusal, LedgerUnavailableError):
            return
        if not trail.authenticated and code in BEFORE_AUTHENTICATION:
            self._counter.count(self._kind, code, trail.now)
            if self._counter.due(trail.now):
                self.close()
            return
        trail.shared.outcome = code
        self.enter(trail)


def _writable(text: str) -> str:
    """Cut a caller's text, and replace what has no place in UTF-8 (lone surrogates)."""
    if len(text) <= MAX_CALLER and text.isascii():
        return text
    return text[:MAX_CALLER].encode("utf-8", "replace").decode()
