"""A list counts for grants of its uri and issuer while it is fresh; without it no grant."""

import msgspec
import pytest

from gateway.grants import GrantVerifier
from gateway.grants.status import verify_status_list
from gateway.testing import DAY, STATUS_URI, MemoryCity
from keys.errors import SealgateError
from tests.gateway.status_forge import STALE, StatusForge


@pytest.fixture(scope="module")
def forge() -> StatusForge:
    """Share one city: verifying changes nothing in it."""
    return StatusForge()


# --- which list ------------------------------------------------------------


def test_a_grant_whose_list_is_missing_is_refused(forge: StatusForge) -> None:
    """Closed on any doubt."""
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(None))


@pytest.mark.parametrize(
    "uri", [STATUS_URI + "/", STATUS_URI.upper(), "urn:sealgate:status:2", "urn:sealgate:status"]
)
def test_a_list_of_another_uri_does_not_count(forge: StatusForge, uri: str) -> None:
    """The `sub` of the list is the `uri` of the grant, character by character."""
    found = forge.read(forge.list_token(sub=uri))
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(found))


def test_a_list_of_another_issuer_does_not_count(forge: StatusForge) -> None:
    """A second issuer, listed and in force, cannot speak for the first one's grants."""
    other = msgspec.structs.replace(forge.city.issuer(), iss="urn:other")
    issuers = {**forge.issuers, other.iss: other}
    found = verify_status_list(forge.list_token(iss=other.iss), issuers, forge.now)
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(found))


@pytest.mark.parametrize(("after", "outcome"), [(99, "ok"), (100, STALE), (101, STALE)])
@pytest.mark.parametrize("cached", [False, True])
def test_a_stale_list_is_refused(
    forge: StatusForge, after: int, outcome: str, cached: bool
) -> None:
    """From the second it ends: no skew, for a grant that was verified before neither."""
    snapshot = forge.with_list(forge.read(forge.list_token(exp=forge.now + 100)))
    verifier = GrantVerifier(forge.city.provider.department)
    if cached:
        verifier.verify(forge.valid, snapshot, forge.now)
    if outcome == "ok":
        verifier.verify(forge.valid, snapshot, forge.now + after)
        return
    with pytest.raises(SealgateError) as caught:
        verifier.verify(forge.valid, snapshot, forge.now + after)
    assert caught.value.code == outcome
    forge.check_refusal(caught.value, forge.valid)


@pytest.mark.parametrize("exp", [-1, 0, -DAY], ids=["issued ended", "no time", "long ended"])
def test_a_list_that_ended_before_it_came_serves_no_grant(forge: StatusForge, exp: int) -> None:
    """Freshness is judged at use."""
    found = forge.read(forge.list_token(exp=forge.now + exp))
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(found))


# --- over time -------------------------------------------------------------


def test_a_revocation_counts_at_the_next_call() -> None:
    """For a grant in the cache too; and what is taken back by a newer list is valid again."""
    city = MemoryCity()
    grant = city.grant()
    city.provider.seal(city.request(grant=grant))
    city.revoked.add(city.issued)
    city.provider.seal(city.request(grant=grant))
    city.publish()
    with pytest.raises(SealgateError) as caught:
        city.provider.seal(city.request(grant=grant))
    assert caught.value.code == "TOKEN_REVOKED"
    assert city.provider.ledger.entries[-1].shared.outcome == "TOKEN_REVOKED"
    city.revoked.clear()
    city.publish()
    city.provider.seal(city.request(grant=grant))
