"""Calls on the way out that something happens to."""

import os
from collections.abc import Callable
from typing import Any

import msgspec

from gateway.errors import LedgerUnavailableError
from gateway.model.call import Entry, Receipt, Sealed
from gateway.model.trust import Catalogue, Snapshot
from gateway.outbound import Outbound
from gateway.testing import RESOURCE, MemoryCity
from tests.gateway.forge import new_city, rows

QUOTA = 7


class TurningSnapshots:
    """A SnapshotSource whose world changes behind the first look of a call."""

    def __init__(self, first: Snapshot) -> None:
        self.first, self.then, self.looks = first, first, 0
        self.raises: Exception | None = None

    def current(self) -> Snapshot:
        self.looks += 1
        if self.looks == 1:
            return self.first
        if self.raises is not None:
            raise self.raises
        return self.then

    def turn(self, **changes: Any) -> None:
        """Let later looks see the world with changes."""
        self.then = msgspec.structs.replace(self.then, number=self.then.number + 1000, **changes)

    def turn_trust(self, **changes: Any) -> None:
        """Let later looks see the trust data with changes."""
        self.turn(trust=msgspec.structs.replace(self.then.trust, **changes))


class BrokenLedger:
    """A ledger that can fail; it keeps what it was given."""

    def __init__(self, city: MemoryCity) -> None:
        self.inner, self.fails = city.provider.ledger, False

    def append(self, entry: Entry) -> Receipt:
        if self.fails:
            raise LedgerUnavailableError
        return self.inner.append(entry)

    def last(self, kind: str) -> str | None:
        return self.inner.last(kind)

    def checkpoint(self) -> None:
        return self.inner.checkpoint()


class Case:
    """One call, in a world in which some things are wrong."""

    def __init__(self) -> None:
        self.city = new_city()
        self.detail: dict[str, Any] = {"rows_per_day": QUOTA}
        self.changes: dict[str, Any] = {}
        self.records: bytes = msgspec.json.encode(rows())
        self.behind: list[Callable[[TurningSnapshots], None]] = []
        self.ledger = BrokenLedger(self.city)
        self.used_before = 0

    def run(self) -> Sealed:
        """Seal."""
        city = self.city
        claims = city.claims(self.detail)
        grant = city.issue(claims)
        if self.used_before:
            day = "2026-11-02"
            city.provider.state.used[claims.jti, day] = self.used_before
        self.snapshots = TurningSnapshots(city.provider.snapshots.current())
        for turn in self.behind:
            turn(self.snapshots)
        request = city.request(grant=grant)
        request = msgspec.structs.replace(request, records=self.records, **self.changes)
        outbound = Outbound(
            department=city.provider.department,
            snapshots=self.snapshots,
            keys=city.provider.keys,
            ledger=self.ledger,
            quotas=city.provider.state,
            clock=city.clock,
            dice=os.urandom,
        )
        return outbound.seal(request)

    @property
    def used(self) -> int:
        """Rows charged to the grant of this call."""
        return sum(self.city.provider.state.used.values())


def catalogue_with(city: MemoryCity, **changes: Any) -> Catalogue:
    resources = dict(city.catalogue.resources)
    resources[RESOURCE] = msgspec.structs.replace(resources[RESOURCE], **changes)
    return msgspec.structs.replace(city.catalogue, resources=resources)
