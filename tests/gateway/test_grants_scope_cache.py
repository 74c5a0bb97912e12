"""That grants are cached is never seen, and nothing can fill the cache."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.grants import GrantVerifier, verifying
from gateway.model.trust import Snapshot
from gateway.testing import DAY, MemoryCity
from keys.errors import SealgateError
from tests.gateway.granted_calls import (
    CHANGES,
    OTHER,
    granted,
    refused,
)


def _snapshots(city: MemoryCity, jti: str) -> list[Snapshot]:
    """Make a snapshot for every change, each from the same beginning."""
    before = city.provider.snapshots.current()
    found = [before]
    for change, _ in CHANGES.values():
        change(city, jti)
        found.append(city.provider.snapshots.current())
        city.revoked.clear()
        city.provider.snapshots.change(trust=before.trust, blocks=before.blocks)
    return found


def _outcome(verifier: GrantVerifier, token: str, snapshot: Snapshot, now: int) -> str:
    try:
        return verifier.verify(token, snapshot, now).digest
    except SealgateError as error:
        return error.code


@pytest.fixture(scope="module")
def world() -> tuple[MemoryCity, list[str], list[Snapshot]]:
    """Share some grants, good and bad, and a snapshot for every change to one of them."""
    city = MemoryCity()
    grant, jti = granted(city)
    tokens = [
        grant,
        city.grant(exp=city.clock() // 1000 + 100),
        city.grant(nbf=city.clock() // 1000 + 500),
        city.grant(aud=OTHER),
        grant[:-4] + "AAAA",
    ]
    return city, tokens, _snapshots(city, jti)


@settings(max_examples=60)
@given(data=st.data())
def test_a_cache_is_never_seen(
    world: tuple[MemoryCity, list[str], list[Snapshot]], data: st.DataObject
) -> None:
    """Whatever was verified before, in any order: as if it had never been."""
    city, tokens, snapshots = world
    used = GrantVerifier(city.provider.department)
    now = city.clock() // 1000
    for _ in range(data.draw(st.integers(1, 8))):
        token = data.draw(st.sampled_from(tokens))
        snapshot = data.draw(st.sampled_from(snapshots))
        at = now + data.draw(st.sampled_from([0, -61, -60, 160, 159, 440, 439, 7 * DAY + 60]))
        fresh = GrantVerifier(city.provider.department)
        assert _outcome(used, token, snapshot, at) == _outcome(fresh, token, snapshot, at)


def test_the_cache_is_bounded(city: MemoryCity, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who brings ever new grants does not fill the memory."""
    monkeypatch.setattr(verifying, "MAX_CACHED", 4)
    verifier = GrantVerifier(city.provider.department)
    snapshot, now = city.provider.snapshots.current(), city.clock() // 1000
    tokens = [city.grant() for _ in range(9)]
    grants = [verifier.verify(token, snapshot, now) for token in tokens]
    kept = [
        verifier.verify(token, snapshot, now) is grant
        for token, grant in reversed(list(zip(tokens, grants, strict=True)))
    ]
    assert kept == [True] * 4 + [False] * 5


def test_a_refused_grant_is_not_cached(city: MemoryCity) -> None:
    """Refused for what the trust data of one moment lacks, it is looked at anew in the next."""
    issuer = city.issuer()
    grant = city.grant()
    city.publish(issuers={"urn:other": city.issuer(iss="urn:other")}, status_lists={})
    refused(city, city.request(grant=grant), "TOKEN_ISSUER_UNKNOWN")
    city.publish(issuers={issuer.iss: issuer})
    city.provider.seal(city.request(grant=grant))


def test_a_strangers_tokens_do_not_fill_the_ledger(city: MemoryCity) -> None:
    """What comes before authentication is counted and summed up."""
    grant = city.grant()
    strangers = [os.urandom(9).hex() for _ in range(50)] + [grant[:-4] + "AAAA"] * 50
    for token in strangers:
        with pytest.raises(SealgateError):
            city.provider.seal(city.request(grant=token))
    assert city.provider.ledger.entries == []
    city.provider.outbound.close()
    counts = {entry.shared.outcome: entry.shared.count for entry in city.provider.ledger.entries}
    assert counts == {"TOKEN_MALFORMED": 50, "TOKEN_SIGNATURE_INVALID": 50}
