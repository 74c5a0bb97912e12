"""An envelope has its time, and so have the keys that it was made and is opened with."""

from typing import Any

import msgspec
import pytest

from gateway.envelope.opening import parse_envelope
from gateway.inbound import LIFETIME_CAP_MS
from gateway.model.trust import PublicKey
from gateway.testing import DAY, MemoryCity, MemoryNode
from keys.material import Purpose
from masking.policy.model import Cache, Sealing
from tests.gateway.envelope_changes import MINUTE_MS, change_department
from tests.gateway.forge import (
    HOUR_MS,
    Forge,
    refusal,
    rows,
)


@pytest.fixture
def forge(city: MemoryCity) -> Forge:
    """Write envelopes from provider to requester."""
    return Forge(city)


def change_key(city: MemoryCity, node: MemoryNode, key_id: str, **changes: Any) -> PublicKey:
    """Change a key's entry in the directory, as the authority would."""
    entry = city.trust.departments[node.department]
    keys = tuple(
        msgspec.structs.replace(key, **changes) if key.key_id == key_id else key
        for key in entry.keys
    )
    change_department(city, node, keys=keys)
    return next(key for key in keys if key.key_id == key_id)


# --- The sender's key in its time


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"revoked_at": 1}, "KEY_UNAVAILABLE"),
        ({"revoked_at": 1_793_577_600 + DAY}, "KEY_UNAVAILABLE"),
        ({"retired_at": 1_793_577_600 - 1}, "KEY_UNAVAILABLE"),
        ({"retired_at": 1_793_577_600}, "KEY_UNAVAILABLE"),
        ({"retired_at": 1_793_577_600 + 1}, ""),
        ({"not_after": 1_793_577_600}, "KEY_UNAVAILABLE"),
        ({"not_after": 1_793_577_600 + 1}, ""),
        ({"not_before": 1_793_577_600 + 1}, "KEY_UNAVAILABLE"),
        ({"not_before": 1_793_577_600}, ""),
        ({"not_after": 1_793_577_600, "retired_at": 1_793_577_600 + 9}, "KEY_UNAVAILABLE"),
    ],
    ids=str,
)
def test_the_senders_key_was_in_force_when_it_sealed(
    city: MemoryCity, forge: Forge, changes: dict[str, int], code: str
) -> None:
    """Judged at `created`, to the second; a revoked key is believed in nothing."""
    envelope = forge.envelope()
    change_key(city, city.provider, forge.key_id(city.provider, Purpose.SIGNING), **changes)
    if code:
        assert refusal(city.requester.open, envelope) == code
    else:
        assert city.requester.open(envelope).records == forge.records


def test_a_key_retired_later_still_verifies_what_it_signed(city: MemoryCity, forge: Forge) -> None:
    """Retirement ends making, not what was made; and dating back goes no further than the cap."""
    now = city.clock() // 1000
    key_id = forge.key_id(city.provider, Purpose.SIGNING)
    envelope = forge.envelope(forge.header(expires=city.clock() + LIFETIME_CAP_MS))
    dated_back = forge.envelope(forge.header(expires=city.clock() + LIFETIME_CAP_MS))
    change_key(city, city.provider, key_id, retired_at=now + 1)
    city.clock.forward(seconds=7 * DAY - 1)
    assert city.requester.open(envelope).records == forge.records
    city.clock.forward(seconds=1)
    # From retirement plus the cap on, whoever stole the key can date nothing back.
    assert refusal(city.requester.open, dated_back) == "ENVELOPE_EXPIRED"
    created = (now + 1) * 1000 - 1
    longer = forge.header(created=created, expires=created + LIFETIME_CAP_MS + 2)
    assert refusal(city.requester.open, forge.envelope(longer)) == "ENVELOPE_MALFORMED"


# --- Times


@pytest.mark.parametrize(
    ("created", "lifetime", "code"),
    [
        (0, 1, ""),
        (0, LIFETIME_CAP_MS, ""),
        (0, LIFETIME_CAP_MS + 1, "ENVELOPE_MALFORMED"),
        (0, 0, "ENVELOPE_MALFORMED"),
        (0, -1, "ENVELOPE_MALFORMED"),
        (MINUTE_MS, HOUR_MS, ""),
        (MINUTE_MS + 1, HOUR_MS, "ENVELOPE_FROM_FUTURE"),
        (10 * 365 * DAY * 1000, HOUR_MS, "KEY_UNAVAILABLE"),
        (-HOUR_MS, HOUR_MS + 1, ""),
        (-HOUR_MS, HOUR_MS, "ENVELOPE_EXPIRED"),
        (-HOUR_MS, HOUR_MS - 1, "ENVELOPE_EXPIRED"),
        (-2 * HOUR_MS, HOUR_MS, "ENVELOPE_EXPIRED"),
        (MINUTE_MS, LIFETIME_CAP_MS, ""),
    ],
)
def test_an_envelope_has_its_time(
    city: MemoryCity, forge: Forge, created: int, lifetime: int, code: str
) -> None:
    """From 60 s ahead of our clock up to its expiry, which is at most seven days on."""
    begins = city.clock() + created
    envelope = forge.envelope(forge.header(created=begins, expires=begins + lifetime))
    if code:
        assert refusal(city.requester.open, envelope) == code
    else:
        assert city.requester.open(envelope).records == forge.records


def test_an_envelope_opens_until_its_last_millisecond(city: MemoryCity) -> None:
    """Sealed for 24 hours by the packaged policy."""
    request = city.request(rows())
    envelopes = [city.provider.seal(request).envelope for _ in range(2)]
    city.clock.now += 24 * HOUR_MS - 1
    assert city.requester.open(envelopes[0]).manifest.records == 3
    city.clock.now += 1
    assert refusal(city.requester.open, envelopes[1]) == "ENVELOPE_EXPIRED"


def test_stale_trust_opens_and_seals_nothing(city: MemoryCity, forge: Forge) -> None:
    """Fail closed: neither past the term of trust data nor before it was issued."""
    envelope = forge.envelope(forge.header(expires=city.clock() + LIFETIME_CAP_MS))
    request = city.request(rows())
    city.publish(expires=city.clock() // 1000 + 60)
    city.clock.forward(seconds=60)
    assert refusal(city.requester.open, envelope) == "TRUST_STALE"
    assert refusal(city.provider.seal, request) == "TRUST_STALE"
    city.clock.forward(seconds=-1)
    assert city.requester.open(envelope).records == forge.records
    city.clock.forward(seconds=-180)
    assert refusal(city.provider.seal, request) == "TRUST_STALE"


# --- The recipient's key in its time


def test_a_retired_key_opens_what_was_sealed_to_it(city: MemoryCity) -> None:
    """Rotation loses nothing that is under way; new envelopes go to the new key."""
    now = city.clock() // 1000
    request = city.request(rows())
    under_way = city.provider.seal(request)
    fresh = city.requester.keys.new(Purpose.OPENING, 1, now, 366, "next")
    city.requester.keys.rotate(Purpose.OPENING, 1, now)
    change_department(city, city.requester, keys=city.requester.entry().keys)
    after = city.provider.seal(request)
    assert parse_envelope(after.envelope).header.recipient_key_id == fresh.key_id
    city.clock.now += 24 * HOUR_MS - 1
    assert city.requester.open(under_way.envelope).manifest.records == 3
    assert city.requester.open(after.envelope).manifest.records == 3


def test_a_retired_key_opens_nothing_past_the_longest_lifetime(
    city: MemoryCity, forge: Forge
) -> None:
    """A sender that goes on sealing to it is refused from then on."""
    now = city.clock() // 1000
    retired = forge.key_id(city.requester, Purpose.OPENING)
    city.requester.keys.new(Purpose.OPENING, 1, now, 366, "next")
    city.requester.keys.rotate(Purpose.OPENING, 1, now)
    city.clock.forward(seconds=7 * DAY)
    last = forge.envelope(forge.header(recipient_key_id=retired))
    assert city.requester.open(last).records == forge.records
    late = forge.envelope(forge.header(recipient_key_id=retired))
    city.clock.forward(seconds=1)
    assert refusal(city.requester.open, late) == "KEY_UNAVAILABLE"


def test_a_key_announced_ahead_is_sealed_to_from_its_first_second(city: MemoryCity) -> None:
    """Of several keys in force the newest is taken, also within one snapshot."""
    now = city.clock() // 1000
    old = Forge(city).key_id(city.requester, Purpose.OPENING)
    fresh = city.requester.keys.new(Purpose.OPENING, 1, now + 60, 366, "next").key_id
    change_department(city, city.requester, keys=city.requester.entry().keys)
    request, taken = city.request(rows()), []
    for seconds in (0, 59.999, 0.001, 3600):
        city.clock.forward(seconds=seconds)
        sealed = city.provider.seal(request)
        taken.append(parse_envelope(sealed.envelope).header.recipient_key_id)
    assert taken == [old, old, fresh, fresh]


@pytest.mark.parametrize("changes", [{"revoked_at": 1}, {"retired_at": 1}, {"not_after": 2}])
def test_nothing_is_sealed_to_a_key_that_is_out_of_force(
    city: MemoryCity, changes: dict[str, int]
) -> None:
    """With no other key of that suite the call is refused, not sealed under another."""
    for key in city.requester.entry().keys:
        if key.purpose is Purpose.OPENING and key.suite == 1:
            change_key(city, city.requester, key.key_id, **changes)
    assert refusal(city.provider.seal, city.request(rows(), suite=1)) == "KEY_UNAVAILABLE"


@pytest.mark.parametrize("changes", [{"revoked_at": 1}, {"retired_at": 1}, {"not_after": 2}])
def test_nothing_is_signed_that_nobody_could_verify(
    city: MemoryCity, changes: dict[str, int]
) -> None:
    """Our own signing key is looked up in trust data first."""
    key_id = Forge(city).key_id(city.provider, Purpose.SIGNING)
    change_key(city, city.provider, key_id, **changes)
    assert refusal(city.provider.seal, city.request(rows())) == "KEY_UNAVAILABLE"


def test_default_bounds_are_those_of_the_design() -> None:
    """A policy that says nothing seals with suites 1 and 2 for a day, caching a minute."""
    assert Sealing() == Sealing(
        suites=(1, 2), cache=Cache(seconds=60, envelopes=1000), lifetime_hours=24
    )
