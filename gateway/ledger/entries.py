"""Entries of the ledger: their canonical form, digests, and counted refusals. No I/O.

A leaf is the shared part of an entry and the salted hash of its private part, so
that a receipt can show what both sides may see and hide the rest. Never a value.
"""

from collections.abc import Iterable

import msgspec

from gateway.model.call import Entry, PrivatePart, SharedPart
from keys.derive import lp
from keys.suites import fingerprint

VERSION = 1
ENTRY_LABEL = b"sealgate/v1/entry"
PRIVATE_LABEL = b"sealgate/v1/private"
SALT_BYTES = 16
# Strangers are counted, not entered: they must not be able to fill the disk.
MAX_COUNTED = 1000
MAX_COUNTED_MS = 60_000
# Refusals that can come before anything is authenticated.
BEFORE_AUTHENTICATION = frozenset(
    {
        "CATALOGUE_INVALID",
        "CONFIGURATION_INVALID",
        "DEPARTMENT_UNKNOWN",
        "ENVELOPE_FROM_FUTURE",
        "ENVELOPE_MALFORMED",
        "ENVELOPE_SIGNATURE_INVALID",
        "KEY_UNAVAILABLE",
        "KEY_UNKNOWN",
        "LIMIT_EXCEEDED",
        "POLICY_INVALID",
        "REQUEST_MALFORMED",
        "STREAM_BROKEN",
        "SUITE_REFUSED",
        "TOKEN_ISSUER_UNKNOWN",
        "TOKEN_MALFORMED",
        "TOKEN_SIGNATURE_INVALID",
        "TRUST_STALE",
    }
)


class SettledEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in canonical form. `salt` is hex; `digest` is what is signed."""

    shared: SharedPart
    salt: str
    private: PrivatePart

    def private_hash(self) -> bytes:
        """Hash the private part under its salt."""
        private = msgspec.json.encode(self.private)
        return fingerprint(PRIVATE_LABEL + lp(bytes.fromhex(self.salt), private))

    def digest(self) -> bytes:
        """Hash the leaf: LP(shared part) ‖ LP(hash of the private part)."""
        return entry_digest(self.shared, self.private_hash())


def entry_digest(shared: SharedPart, private_hash: bytes) -> bytes:
    """Hash a leaf from what a receipt shows."""
    return fingerprint(ENTRY_LABEL + lp(msgspec.json.encode(shared), private_hash))


def settle(entry: Entry, salt: bytes) -> SettledEntry:
    """Give an entry its salt."""
    return SettledEntry(shared=entry.shared, salt=salt.hex(), private=entry.private)


class RefusalCounter:
    """Counts refusals of strangers by code, and sums them up as entries."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._since: int | None = None

    def count(self, kind: str, code: str, now: int) -> None:
        """Count one refusal of `kind` at `now`, in ms."""
        self._add(kind, code, 1, now)

    def due(self, now: int) -> bool:
        """Tell whether it is time to enter what was counted."""
        if self._since is None:
            return False
        return now - self._since >= MAX_COUNTED_MS or sum(self._counts.values()) >= MAX_COUNTED

    def take(self, now: int) -> list[Entry]:
        """Return one entry for each kind and code counted; the counts begin anew."""
        counts, self._counts, self._since = self._counts, {}, None
        return [
            Entry(
                shared=SharedPart(version=VERSION, time=now, kind=kind, outcome=code, count=count),
                private=PrivatePart(caller="(unauthenticated)"),
            )
            for (kind, code), count in sorted(counts.items(), reverse=True)
        ]

    def give_back(self, entries: Iterable[Entry]) -> None:
        """Count again what was taken and not entered."""
        for entry in entries:
            shared = entry.shared
            self._add(shared.kind, shared.outcome, shared.count or 0, shared.time)

    def _add(self, kind: str, code: str, count: int, now: int) -> None:
        self._counts[kind, code] = self._counts.get((kind, code), 0) + count
        if self._since is None:
            self._since = now
