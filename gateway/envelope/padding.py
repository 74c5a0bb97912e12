"""Pad the plaintext so that its length says little about it.

Lengths become a power of two from 4 KiB to 64 KiB, and above that a Padmé
length (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs", 2019): at most 12 % more, and few distinct lengths.
"""

SMALLEST_BYTES = 4 * 1024
POWERS_UP_TO_BYTES = 64 * 1024


def padded_length(length: int) -> int:
    """Return the length to which `length` bytes are padded."""
    if length <= SMALLEST_BYTES:
        return SMALLEST_BYTES
    if length <= POWERS_UP_TO_BYTES:
        return 1 << (length - 1).bit_length()
    exponent = length.bit_length() - 1
    low_bits = exponent - exponent.bit_length()
    mask = (1 << low_bits) - 1
    return (length + mask) & ~mask


def padding(length: int) -> bytes:
    """Return the zero bytes that `length` bytes are padded with."""
    return bytes(padded_length(length) - length)
