"""What a node works with, entered whenever it is other than the ledger last said.

Policy, trust data and keys change on disk, by whoever may; the ledger tells from
which entry on a changed one counted. So does a service's start and end.
"""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from gateway.calls import Calls, Trail
from gateway.model.call import Entry
from gateway.model.trust import Snapshot, Trust
from gateway.ports import Clock, KeyProvider, LedgerSink
from gateway.steps import Steps, write
from keys.ports import KeyInfo
from keys.suites import fingerprint
from masking.policy import Policy

# Who stands in an entry that nobody asked for.
ITSELF = "(node)"


def entering(changes: "Changes | None", snapshot: Snapshot) -> Steps[None]:
    """Enter what is new in a snapshot, for a use case that may have been wired without."""
    if changes is not None:
        yield from changes.entering(snapshot)


class _Seen(NamedTuple):
    """What was looked at last: the very objects, which are others once anything changed."""

    keys: tuple[KeyInfo, ...]
    snapshot: Snapshot


class Changes:
    """Enters changes of policy, trust data and keys, each once."""

    def __init__(
        self,
        *,
        department: str,
        keys: KeyProvider,
        ledger: LedgerSink,
        clock: Clock,
    ) -> None:
        self._department = department
        self._keys, self._ledger = keys, ledger
        kinds = ("policy", "trust", "keys", "start", "stop")
        self._calls = {kind: Calls(kind, ledger, clock) for kind in kinds}
        self._seen: _Seen | None = None

    def entering(self, snapshot: Snapshot) -> Steps[None]:
        """Enter what is other than the ledger last said, before it is used.

        Raises: LedgerUnavailableError, KeyUnavailableError; it is tried again then.
        """
        keys, seen = self._keys.list_keys(), self._seen
        if seen is not None and seen[0] is keys and seen[1] is snapshot:
            return
        now = _Seen(keys, snapshot)
        for detail, trail in self._facts(now):
            trail.private = replace(trail.private, detail=detail)
            entry = Entry(shared=trail.shared, private=trail.private)
            yield from write(self._ledger, partial(self._enter_once, entry))
        self._seen = now

    def _enter_once(self, entry: Entry) -> None:
        # As it is written: many calls may come upon a change at once.
        if self._ledger.last(entry.shared.kind) != entry.private.detail:
            self._ledger.append(entry)

    def service(self, kind: str, detail: str) -> Steps[None]:
        """Enter the `start` or `stop` of a service."""
        trail = self._begun(kind)
        trail.private = replace(trail.private, detail=detail)
        yield from self._calls[kind].enter(trail)

    def _facts(self, now: _Seen) -> Iterator[tuple[str, Trail]]:
        trust, policy = now.snapshot.trust, now.snapshot.policy
        yield _keys_fact(now.keys), self._begun("keys")
        trail = self._begun("trust")
        trail.shared.trust, trail.shared.catalogue = trust.version, trust.catalogue.version
        yield _trust_fact(trust), trail
        if policy is not None:
            trail = self._begun("policy")
            trail.shared.policy = f"{policy.id}@{policy.version}"
            yield _policy_fact(policy), trail

    def _begun(self, kind: str) -> Trail:
        trail = self._calls[kind].begin(ITSELF, None)
        trail.shared.provider = self._department
        return trail


def _keys_fact(keys: tuple[KeyInfo, ...]) -> str:
    return ", ".join(sorted(f"{key.purpose.value} {key.key_id} {key.state}" for key in keys))


def _trust_fact(trust: Trust) -> str:
    return f"version {trust.version}, catalogue {trust.catalogue.version}, issued {trust.issued}"


def _policy_fact(policy: Policy) -> str:
    text = msgspec.json.encode(policy, order="deterministic")
    return f"{policy.id}@{policy.version}, digest {fingerprint(text).hex()}"
