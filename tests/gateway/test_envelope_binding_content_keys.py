"""A content key serves several envelopes, for so long and so many and on one route."""

from typing import Any

import pytest

from gateway.inbound import Inbound
from gateway.testing import MemoryCity, MemoryNode
from keys.derive import Mac
from keys.material import Purpose
from keys.ports import KeyInfo
from masking.policy.model import Cache
from tests.gateway.envelope_changes import MINUTE_MS, change_department, with_sealing
from tests.gateway.forge import (
    Forge,
    new_city,
    packaged,
    refusal,
    rows,
    split,
)


@pytest.fixture
def forge(city: MemoryCity) -> Forge:
    """Write envelopes from provider to requester."""
    return Forge(city)


def _wrapped(city: MemoryCity, request: Any) -> bytes:
    return split(city.provider.seal(request).envelope)[1]


def test_one_wrapped_key_serves_at_most_sixty_seconds() -> None:
    """A policy cannot ask for more, and a clock set back ends it too."""
    city = new_city()
    request = city.request(rows())
    first = _wrapped(city, request)
    city.clock.now += MINUTE_MS - 1
    assert _wrapped(city, request) == first
    city.clock.now += 1
    second = _wrapped(city, request)
    assert second != first
    city.clock.now -= 1
    assert _wrapped(city, request) not in (first, second)


def test_one_wrapped_key_serves_at_most_a_thousand_envelopes() -> None:
    """The thousand and first has a fresh one."""
    city = new_city()
    request = city.request(rows()[:1])
    wrapped = [_wrapped(city, request) for _ in range(1001)]
    assert len(set(wrapped[:1000])) == 1
    assert wrapped[1000] != wrapped[0]


@pytest.mark.parametrize("cache", [Cache(seconds=0), Cache(envelopes=0), Cache(envelopes=1)])
def test_a_bound_of_zero_turns_the_cache_off(cache: Cache) -> None:
    """Each envelope has a content key of its own then."""
    city = new_city(with_sealing(packaged()[1], cache=cache))
    request = city.request(rows())
    assert len({_wrapped(city, request) for _ in range(4)}) == 4


def test_a_bound_of_the_policy_is_kept() -> None:
    """Three envelopes or five seconds."""
    city = new_city(with_sealing(packaged()[1], cache=Cache(seconds=5, envelopes=3)))
    request = city.request(rows())
    wrapped = [_wrapped(city, request) for _ in range(6)]
    assert wrapped[0] == wrapped[1] == wrapped[2] != wrapped[3] == wrapped[4] == wrapped[5]
    city.clock.forward(seconds=4.999)
    fourth = _wrapped(city, request)
    city.clock.forward(seconds=5)
    assert _wrapped(city, request) != fourth


@pytest.mark.parametrize("cache", [Cache(seconds=0), Cache(envelopes=0), Cache(envelopes=2)])
def test_a_policy_that_narrows_the_bounds_holds_at_once(city: MemoryCity, cache: Cache) -> None:
    """A key kept under the old bounds does not outlive them."""
    request = city.request(rows())
    old = [_wrapped(city, request) for _ in range(2)]
    assert len(set(old)) == 1
    city.provider.snapshots.change(policy=with_sealing(packaged()[1], cache=cache))
    assert _wrapped(city, request) not in old


def test_content_keys_are_not_shared_between_routes(city: MemoryCity) -> None:
    """Another suite, another recipient or another key: another content key."""
    mine = [_wrapped(city, city.request(rows(), suite=number)) for number in (1, 2)]
    city.requester.keys.new(Purpose.OPENING, 1, city.clock() // 1000, 30, "next")
    city.requester.keys.rotate(Purpose.OPENING, 1, city.clock() // 1000)
    change_department(city, city.requester, keys=city.requester.entry().keys)
    mine.append(_wrapped(city, city.request(rows(), suite=1)))
    assert len(set(mine)) == 3


class _CountingKeys:
    """A KeyProvider that counts how often it unwraps."""

    def __init__(self, node: MemoryNode) -> None:
        self.keys, self.unwraps = node.keys, 0

    def list_keys(self) -> tuple[KeyInfo, ...]:
        return self.keys.list_keys()

    def sign(self, key_id: str, message: bytes) -> bytes:
        return self.keys.sign(key_id, message)

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        self.unwraps += 1
        return self.keys.unwrap(key_id, wrapped, info)

    def mac(self, key_id: str, context: bytes) -> Mac:
        return self.keys.mac(key_id, context)


def _counting(city: MemoryCity) -> tuple[_CountingKeys, Inbound]:
    node = city.requester
    keys = _CountingKeys(node)
    return keys, Inbound(
        department=node.department,
        snapshots=node.snapshots,
        keys=keys,
        ledger=node.ledger,
        claims=node.state,
        grants=node.grants,
        clock=city.clock,
    )


def test_an_unwrapped_key_is_kept_at_most_sixty_seconds(city: MemoryCity) -> None:
    """Opening caches likewise: by route and wrapped bytes, for a minute."""
    keys, inbound = _counting(city)
    request = city.request(rows())
    envelopes = [city.provider.seal(request).envelope for _ in range(4)]
    inbound.open(envelopes[0])
    city.clock.now += MINUTE_MS - 1
    inbound.open(envelopes[1])
    assert keys.unwraps == 1
    city.clock.now += 1
    inbound.open(envelopes[2])
    assert keys.unwraps == 2
    city.clock.now -= 1
    inbound.open(envelopes[3])
    assert keys.unwraps == 3


def test_an_unwrapped_key_serves_at_most_a_thousand_envelopes(city: MemoryCity) -> None:
    """Whatever a sender does with its content keys."""
    keys, inbound = _counting(city)
    envelope = Forge(city).envelope()
    for _ in range(1000):
        inbound.open(envelope, reopen=True)
    assert keys.unwraps == 1
    inbound.open(envelope, reopen=True)
    assert keys.unwraps == 2


def test_what_did_not_unwrap_is_not_kept(city: MemoryCity, forge: Forge) -> None:
    """A refusal is the same the second time, and a good key beside it opens."""
    keys, inbound = _counting(city)
    fields = forge.header()
    good, bad = forge.envelope(fields), forge.envelope(wrapped=b"w" * 1168)
    assert refusal(inbound.open, bad) == refusal(inbound.open, bad) == "ENVELOPE_UNDECRYPTABLE"
    assert keys.unwraps == 2
    inbound.open(good)
