"""Every byte of an envelope counts: whatever is changed, cut or added is refused with a code."""

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from gateway.envelope.opening import MAX_ENVELOPE_BYTES
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.forge import Forge, new_city, split

# A refusal comes before anything larger than a few copies of the envelope is made.
MOST_MEMORY = 256 * 1024
BEFORE_DECRYPTION = {
    "DEPARTMENT_UNKNOWN",
    "ENVELOPE_FROM_FUTURE",
    "ENVELOPE_MALFORMED",
    "ENVELOPE_SIGNATURE_INVALID",
    "KEY_UNAVAILABLE",
    "KEY_UNKNOWN",
    "SUITE_REFUSED",
}

each_suite = pytest.mark.parametrize("number", [1, 2])


def _envelope(number: int) -> tuple[MemoryCity, bytes]:
    city = new_city()
    return city, Forge(city, number=number).envelope()


def _codes(city: MemoryCity, changed: Iterator[bytes]) -> Counter[str]:
    """Open each; count the codes; nothing may come out of any."""
    codes: Counter[str] = Counter()
    claims, entries = set(city.requester.state.claims), len(city.requester.ledger.entries)
    opening = city.requester.inbound.open
    for data in changed:
        try:
            opening(data)
        except SealgateError as refusal:
            codes[refusal.code] += 1
        else:
            raise AssertionError("an altered envelope was opened")
    assert city.requester.state.claims == claims
    new = city.requester.ledger.entries[entries:]
    assert all(entry.shared.outcome != "ok" for entry in new)
    return codes


def _flipped(envelope: bytes, places: range) -> Iterator[bytes]:
    """Yield the envelope with each bit of each place flipped: eight values a byte."""
    for place in places:
        changed = bytearray(envelope)
        for bit in range(8):
            changed[place] = envelope[place] ^ 1 << bit
            yield bytes(changed)


@each_suite
@pytest.mark.parametrize("third", range(3))
def test_every_byte_changed_in_eight_ways_is_refused(number: int, third: int) -> None:
    """No bit of an envelope can be flipped."""
    city, envelope = _envelope(number)
    places = range(third * len(envelope) // 3, (third + 1) * len(envelope) // 3)
    codes = _codes(city, _flipped(envelope, places))
    assert codes.total() == 8 * len(places)
    assert set(codes) <= BEFORE_DECRYPTION
    assert codes["ENVELOPE_SIGNATURE_INVALID"] > 0.9 * (codes.total() if third else 0)


@each_suite
def test_every_truncation_is_refused(number: int) -> None:
    """No end of an envelope can be cut off, and no beginning."""
    city, envelope = _envelope(number)
    cut = _codes(city, (envelope[:size] for size in range(len(envelope))))
    assert set(cut) == {"ENVELOPE_MALFORMED"}
    late = _codes(city, (envelope[size:] for size in range(1, len(envelope))))
    assert set(late) == {"ENVELOPE_MALFORMED"}


@each_suite
def test_every_appended_byte_is_refused(number: int) -> None:
    """Nothing can stand behind an envelope, nor before it, nor a second one."""
    city, envelope = _envelope(number)
    one = [bytes([byte]) for byte in range(256)]
    tails = [*one, envelope, bytes(4096), b"\xff" * 4096, b"\x80" * 4096]
    for changed in ((envelope + tail for tail in tails), (tail + envelope for tail in tails)):
        assert set(_codes(city, changed)) == {"ENVELOPE_MALFORMED"}


@each_suite
def test_every_byte_taken_out_or_put_in_is_refused(number: int) -> None:
    """Lengths that no longer fit are refused before anything is verified."""
    city, envelope = _envelope(number)
    head, wrapped, _, signature = split(envelope)
    near = (*range(len(head) + 8), len(head) + len(wrapped) + 3, len(envelope) - len(signature))
    out = _codes(city, (envelope[:at] + envelope[at + 1 :] for at in near))
    put = _codes(city, (envelope[:at] + b"\x00" + envelope[at:] for at in near))
    assert set(out | put) <= {"ENVELOPE_MALFORMED"}


def test_an_altered_envelope_does_not_grow_memory() -> None:
    """Refusing costs no more memory than a few copies of what came in."""
    city, envelope = _envelope(1)
    dense = _flipped(envelope, range(420))
    sparse = (
        data
        for at in range(420, len(envelope), 64)
        for data in _flipped(envelope, range(at, at + 1))
    )
    tracemalloc.start()
    try:
        _codes(city, dense)
        _codes(city, sparse)
        _codes(city, (envelope[:size] for size in range(0, len(envelope), 16)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY


def test_a_huge_input_is_refused_unread() -> None:
    """What is over the limit of an envelope is not even taken apart."""
    city, envelope = _envelope(1)
    huge = envelope + bytes(MAX_ENVELOPE_BYTES)
    tracemalloc.start()
    try:
        codes = _codes(city, iter((huge,)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert set(codes) == {"ENVELOPE_MALFORMED"}
    assert peak < MOST_MEMORY


def test_noise_is_refused() -> None:
    """Bytes that were never an envelope, and envelopes spliced from two."""
    city, envelope = _envelope(1)
    dice = Random(7)
    noise = [dice.randbytes(dice.randrange(700)) for _ in range(2000)]
    assert set(_codes(city, iter(noise))) == {"ENVELOPE_MALFORMED"}
    other = Forge(city).envelope()
    spliced = (envelope[:at] + other[at:] for at in range(40, len(envelope) - 63, 7))
    assert set(_codes(city, spliced)) <= BEFORE_DECRYPTION


@pytest.mark.torture
@each_suite
def test_every_byte_set_to_every_value_is_refused(number: int) -> None:
    """All 255 other values of every byte."""
    city, envelope = _envelope(number)

    def all_values() -> Iterator[bytes]:
        for place in range(len(envelope)):
            changed = bytearray(envelope)
            for value in range(256):
                changed[place] = value
                if value != envelope[place]:
                    yield bytes(changed)

    assert set(_codes(city, all_values())) <= BEFORE_DECRYPTION
