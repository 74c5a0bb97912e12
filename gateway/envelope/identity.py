"""Ids of envelopes and streams: UUIDv7 (RFC 9562, section 5.7)."""

from collections.abc import Callable

RANDOM_BYTES = 10


def uuid7(now: int, random: Callable[[int], bytes]) -> bytes:
    """Make a UUIDv7 of 16 bytes from Unix milliseconds and ten random bytes."""
    dice = int.from_bytes(random(RANDOM_BYTES), "big")
    high = now << 16 | 0x7000 | (dice >> 62) & 0xFFF
    low = 1 << 63 | dice & ((1 << 62) - 1)
    return (high << 64 | low).to_bytes(16, "big")
