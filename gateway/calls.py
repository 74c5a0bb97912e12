"""A call on its way: what is known of it so far, and its entry in the ledger."""

from functools import partial

from msgspec import Struct

from gateway.errors import LedgerUnavailableError
from gateway.ledger import BEFORE_AUTHENTICATION, STRANGER, VERSION, RefusalCounter
from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart, Subjects
from gateway.ports import Clock, LedgerSink
from gateway.steps import Steps, finish, write
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
    subjects: Subjects | None = None


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

    def enter(self, trail: Trail) -> Steps[Receipt]:
        """Write the entry of a call, durably.

        Raises: LedgerUnavailableError.
        """
        entry = Entry(shared=trail.shared, private=trail.private, subjects=trail.subjects)
        return self._write(entry)

    def turn_away(self, caller: str, code: str) -> None:
        """Count a call that was refused before it was looked at."""
        self._counter.count(self._kind, code, self._clock(), _writable(caller) or STRANGER)

    def summing_up(self) -> Steps[None]:
        """Enter what was counted, if it is time to.

        Raises: LedgerUnavailableError; it is counted still then.
        """
        if self._counter.due(self._clock()):
            yield from self._sum_up()

    def close(self) -> None:
        """Enter what was counted and not yet entered."""
        finish(self._sum_up())

    def refuse(self, trail: Trail, refusal: SealgateError) -> Steps[None]:
        """Enter a refusal; strangers are counted.

        Raises: LedgerUnavailableError.
        """
        code = refusal.code
        if isinstance(refusal, LedgerUnavailableError):
            return
        refusal.entered = True
        if not trail.authenticated and code in BEFORE_AUTHENTICATION:
            self._counter.count(self._kind, code, trail.now)
            if self._counter.due(trail.now):
                yield from self._sum_up()
            return
        trail.shared.outcome, trail.subjects = code, None
        yield from self.enter(trail)

    def _sum_up(self) -> Steps[None]:
        counted = self._counter.take(self._clock())
        try:
            while counted:
                yield from self._write(counted[-1])
                counted.pop()
        finally:
            # What could not be entered is counted still.
            self._counter.give_back(counted)

    def _write(self, entry: Entry) -> Steps[Receipt]:
        return write(self._ledger, partial(self._ledger.append, entry))


def _writable(text: str) -> str:
    """Cut a caller's text, and replace what has no place in UTF-8 (lone surrogates)."""
    if len(text) <= MAX_CALLER and text.isascii():
        return text
    return text[:MAX_CALLER].encode("utf-8", "replace").decode()
