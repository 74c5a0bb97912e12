"""Ids of envelopes and streams: UUIDv7 (RFC 9562, section 5.7)."""

from collections.abc import Callable

RANDOM_BYTES = 10
# Below the 48 bits of time: four bits of version, 12 random, two of variant, 62 random.
_VERSION_AND_VARIANT = 7 << 76 | 1 << 63
_RANDOM_BITS = ((1 << 12) - 1) << 64 | ((1 << 62) - 1)


def uuid7(now: int, random: Callable[[int], bytes]) -> bytes:
    """Make a UUIDv7 of 16 bytes from Unix milliseconds and ten random bytes."""
    dice = int.from_bytes(random(RANDOM_BYTES), "big") & _RANDOM_BITS
    return (now << 80 | dice | _VERSION_AND_VARIANT).to_bytes(16, "big")
