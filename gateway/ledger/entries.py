"""Entries of the ledger: their canonical form, digests, and counted refusals. No I/O.

A leaf is the shared part of an entry, the salted hash of its private part, and the
hash of the keyed digests of whom it is about, so that a receipt can show what both
sides may see and hide the rest. Never a value.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from gateway.model.call import Entry, PrivatePart, SharedPart, Subjects
from keys.derive import lp
from keys.suites import fingerprint

VERSION = 1
_encode = msgspec.json.Encoder().encode
PRIVATE_LABEL = b"sealgate/v1/private"
SUBJECTS_LABEL = b"sealgate/v1/subjects"
SALT_BYTES = 16
# Strangers are counted, not entered: they must not be able to fill the disk.
MAX_COUNTED = 1000
MAX_COUNTED_MS = 60_000
# Who stands in an entry of those.
STRANGER = "(unauthenticated)"
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


class Leaf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is hashed into the tree: hashes in hex, so that a receipt can show all of it."""

    private: str
    subjects: str | None = None
    shared: SharedPart


class SettledEntry(NamedTuple):
    """An entry in canonical form: its leaf, and what the leaf holds a hash of."""

    leaf: bytes
    salt: bytes
    private: bytes
    subjects: Subjects | None

    def __repr__(self) -> str:
        return "SettledEntry(…)"


def settle(entry: Entry, salt: bytes) -> SettledEntry:
    """Give an entry its salt and its canonical form."""
    private, subjects = _encode(entry.private), entry.subjects
    # As `Leaf` is written, without one being made.
    about = b"" if subjects is None else b'"subjects":"%b",' % _hex(subjects_hash(subjects))
    hashed, shared = _hex(private_hash(salt, private)), _encode(entry.shared)
    leaf = b'{"private":"%b",%b"shared":%b}' % (hashed, about, shared)
    return SettledEntry(leaf, salt, private, subjects)


def _hex(data: bytes) -> bytes:
    return data.hex().encode()


def private_hash(salt: bytes, private: bytes) -> bytes:
    """Hash the private part under its salt."""
    return fingerprint(PRIVATE_LABEL + lp(salt, private))


def subjects_hash(subjects: Subjects) -> bytes:
    """Hash whom an entry is about."""
    return fingerprint(SUBJECTS_LABEL + lp(subjects.key_id.encode(), subjects.digests))


class RefusalCounter:
    """Counts refusals by caller and code, and sums them up as entries."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = {}
        self._since: int | None = None

    def count(self, kind: str, code: str, now: int, caller: str = STRANGER) -> None:
        """Count one refusal of `kind` at `now`, in ms."""
        self._add((kind, code, caller), 1, now)

    def due(self, now: int) -> bool:
        """Tell whether it is time to enter what was counted."""
        if self._since is None:
            return False
        return now - self._since >= MAX_COUNTED_MS or sum(self._counts.values()) >= MAX_COUNTED

    def take(self, now: int) -> list[Entry]:
        """Return one entry for each kind, code and caller counted; the counts begin anew."""
        counts, self._counts, self._since = self._counts, {}, None
        return [
            Entry(
                shared=SharedPart(version=VERSION, time=now, kind=kind, outcome=code, count=count),
                private=PrivatePart(caller=caller),
            )
            for (kind, code, caller), count in sorted(counts.items(), reverse=True)
        ]

    def give_back(self, entries: Iterable[Entry]) -> None:
        """Count again what was taken and not entered."""
        for entry in entries:
            shared, caller = entry.shared, entry.private.caller
            self._add((shared.kind, shared.outcome, caller), shared.count or 0, shared.time)

    def _add(self, which: tuple[str, str, str], count: int, now: int) -> None:
        self._counts[which] = self._counts.get(which, 0) + count
        if self._since is None:
            self._since = now
