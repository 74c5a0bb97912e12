"""What takes a grant back counts at the next call, and in the middle of one."""

from collections.abc import Callable

import msgspec
import pytest

from gateway.model.trust import Blocks
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.granted_calls import ASSISTANCE, CHANGES, Change, block_grant, granted, refused


@pytest.mark.parametrize(("change", "outcome"), CHANGES.values(), ids=CHANGES)
def test_what_takes_a_grant_back_counts_at_the_next_call(
    city: MemoryCity, change: Change, outcome: str
) -> None:
    """Though the token was verified, and the release compiled, a call before."""
    grant, jti = granted(city)
    city.provider.seal(city.request(grant=grant))
    change(city, jti)
    if outcome == "ok":
        city.provider.seal(city.request(grant=grant))
        return
    refused(city, city.request(grant=grant), outcome)
    if outcome in ("TOKEN_BLOCKED", "TOKEN_REVOKED"):
        # Whoever reads the ledger sees whom and what it hit: the signature did hold.
        entered = city.provider.ledger.entries[-1].shared
        assert (entered.requester, entered.grant) == (city.requester.department, jti)
    for call in (
        lambda: city.provider.outbound.explain(ASSISTANCE, grant),
        lambda: city.provider.outbound.faults(city.request(grant=grant)),
    ):
        with pytest.raises(SealgateError) as caught:
            call()
        assert caught.value.code == outcome


class Interrupting:
    """A QuotaStore that lets something happen between steps 2 and 10 of a call."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile: Callable[[], None] | None = meanwhile
        self.charged = 0

    def reserve(self, grant: str, day: str, rows: int, limit: int) -> int | None:
        """Charge, and let it happen once."""
        del grant, day, limit
        self.charged += rows
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        return None


@pytest.mark.parametrize(("change", "outcome"), CHANGES.values(), ids=CHANGES)
def test_what_takes_a_grant_back_counts_in_the_middle_of_a_call(
    city: MemoryCity, change: Change, outcome: str
) -> None:
    """Between steps 2 and 10: nothing leaves, the refusal is entered, the charge stays."""
    grant, jti = granted(city)
    store = Interrupting(lambda: change(city, jti))
    city.provider.state = store  # type: ignore[assignment]
    city.provider.wire(city.provider.snapshots)
    request = city.request(grant=grant)
    if outcome == "ok":
        city.provider.seal(request)
    else:
        refused(city, request, outcome)
    (entry,) = city.provider.ledger.entries
    assert entry.shared.outcome == outcome
    assert entry.shared.grant == jti
    assert store.charged == 3


def test_a_block_stops_a_stream_at_its_next_part(city: MemoryCity) -> None:
    """What has left has left; nothing more does."""
    grant, jti = granted(city)
    batches = [msgspec.json.encode(city.records(1)) for _ in range(3)]
    parts = city.provider.outbound.seal_stream(city.request(grant=grant), batches)
    next(parts)
    block_grant(city, jti)
    with pytest.raises(SealgateError) as caught:
        next(parts)
    assert caught.value.code == "TOKEN_BLOCKED"


def test_a_block_needs_no_status_list(city: MemoryCity) -> None:
    """The provider's own word counts while the issuer's is missing."""
    grant, jti = granted(city)
    city.publish(status_lists={})
    block_grant(city, jti)
    refused(city, city.request(grant=grant), "TOKEN_BLOCKED")


def test_a_lifted_block_is_lifted(city: MemoryCity) -> None:
    """At the next call too, with nothing remembered."""
    grant, jti = granted(city)
    block_grant(city, jti)
    refused(city, city.request(grant=grant), "TOKEN_BLOCKED")
    city.provider.snapshots.change(blocks=Blocks())
    city.provider.seal(city.request(grant=grant))
