"""Lengths say little: plaintexts are padded, and the padding is exact or refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelope.opening import parse_envelope, split_plaintext
from gateway.envelope.padding import padded_length, padding
from gateway.envelope.sealing import (
    MAX_PART_BYTES,
    MAX_PLAINTEXT_BYTES,
    SMALL_BYTES,
    padded_plaintext,
)
from gateway.errors import EnvelopeMalformedError, LimitExceededError
from tests.gateway.forge import lp, new_city, padded, rows

KIB = 1024
# Of the payload beside its plaintext: 56 bytes before it, a tag to each 16 KiB begun.
HEAD, TAG, CHUNK = 56, 16, 16 * KIB


def _padded(plaintext: bytes) -> bytes:
    return plaintext + padding(len(plaintext))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, 4 * KIB),
        (1, 4 * KIB),
        (4 * KIB, 4 * KIB),
        (4 * KIB + 1, 8 * KIB),
        (8 * KIB, 8 * KIB),
        (8 * KIB + 1, 16 * KIB),
        (32 * KIB + 1, 64 * KIB),
        (64 * KIB, 64 * KIB),
        # Padmé: of 17 bits the lowest 11 are 0, of 18 bits the lowest 12.
        (64 * KIB + 1, 64 * KIB + 2 * KIB),
        (66 * KIB, 66 * KIB),
        (66 * KIB + 1, 68 * KIB),
        (128 * KIB - 1, 128 * KIB),
        (128 * KIB, 128 * KIB),
        (128 * KIB + 1, 132 * KIB),
        (512 * KIB, 512 * KIB),
        (512 * KIB - 1, 512 * KIB),
        (MAX_PLAINTEXT_BYTES, MAX_PLAINTEXT_BYTES),
    ],
)
def test_lengths_are_padded_as_written_down(length: int, expected: int) -> None:
    """Powers of two from 4 to 64 KiB, above that Padmé."""
    assert padded_length(length) == expected


@given(st.integers(0, MAX_PLAINTEXT_BYTES))
def test_padding_agrees_with_the_paper(length: int) -> None:
    """The same lengths come from the formula as the paper has it."""
    assert padded_length(length) == padded(length)


@given(st.integers(0, 2 * MAX_PLAINTEXT_BYTES))
def test_padding_hides_at_little_cost(length: int) -> None:
    """A padded length holds the data, stays as it is, and costs at most 12 % above 64 KiB."""
    there = padded_length(length)
    assert there >= max(length, 4 * KIB)
    assert padded_length(there) == there
    assert length <= 64 * KIB or there <= length * 1.12


def test_few_lengths_are_told_apart() -> None:
    """From 0 to 1 MiB there are five lengths and then 32 for each power of two at most."""
    lengths = sorted({padded_length(length) for length in range(0, 1024 * KIB + 1, 97)})
    assert [length for length in lengths if length <= 64 * KIB] == [
        4 * KIB,
        8 * KIB,
        16 * KIB,
        32 * KIB,
        64 * KIB,
    ]
    assert len(lengths) <= 5 + 4 * 32
    assert all(low < high for low, high in pairwise(lengths))


@given(st.binary(max_size=300), st.integers(0, 5000))
def test_padding_is_zero_bytes(data: bytes, zeros: int) -> None:
    """What is appended is zeros, whatever stands before them."""
    whole = data + bytes(zeros)
    made = _padded(whole)
    assert made.startswith(whole)
    assert len(made) == padded_length(len(whole))
    assert not any(made[len(whole) :])


@given(st.binary(max_size=3000), st.binary(max_size=9000))
def test_what_was_padded_splits_again(manifest: bytes, records: bytes) -> None:
    """Manifest and records come back, whatever bytes they are."""
    plaintext = split_plaintext(_padded(lp(manifest, records)), MAX_PLAINTEXT_BYTES)
    assert (plaintext.manifest, plaintext.records) == (manifest, records)


def _plain(size: int) -> bytes:
    return lp(b"m" * 10, b"r" * (size - 26))


@pytest.mark.parametrize(
    "padded_plaintext",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(_plain(100), id="no padding"),
        pytest.param(_plain(100).ljust(4095, b"\0"), id="one byte short"),
        pytest.param(_plain(100).ljust(4097, b"\0"), id="one byte long"),
        pytest.param(_plain(100).ljust(8192, b"\0"), id="the next power"),
        pytest.param(_plain(4097).ljust(4097 + 100, b"\0"), id="no power"),
        pytest.param(_plain(100).ljust(4095, b"\0") + b"\1", id="last byte not zero"),
        pytest.param(_plain(100) + b"\1" + bytes(3995), id="first byte not zero"),
        pytest.param(_plain(100).ljust(4096, b"\x80"), id="filled with something"),
        pytest.param(lp(b"m" * 10).ljust(4096, b"\0")[:12], id="a manifest cut short"),
        pytest.param((4096).to_bytes(8, "big").ljust(4096, b"\0"), id="manifest past the end"),
        pytest.param(b"\xff" * 8 + bytes(4088), id="manifest of 2^64 bytes"),
        pytest.param(
            lp(b"m" * 10) + (5000).to_bytes(8, "big") + bytes(4070), id="records past the end"
        ),
        pytest.param(lp(b"m" * 10) + b"\xff" * 8 + bytes(4070), id="records of 2^64 bytes"),
        pytest.param(lp(b"m" * 4085) + bytes(3), id="no room for a length"),
        pytest.param(lp(b"m" * 4084) + bytes(4), id="half a length"),
    ],
)
def test_padding_that_is_not_exact_is_refused(padded_plaintext: bytes) -> None:
    """A plaintext has one padded form."""
    with pytest.raises(EnvelopeMalformedError):
        split_plaintext(padded_plaintext, MAX_PLAINTEXT_BYTES)


def test_a_plaintext_over_its_limit_is_refused() -> None:
    """A part of a stream is at most 512 KiB, to the byte."""
    fits = _padded(_plain(MAX_PART_BYTES))
    assert len(split_plaintext(fits, MAX_PART_BYTES).records) == MAX_PART_BYTES - 26
    with pytest.raises(EnvelopeMalformedError):
        split_plaintext(_padded(_plain(MAX_PART_BYTES + 1)), MAX_PART_BYTES)


def test_envelopes_of_one_to_ten_records_look_alike() -> None:
    """Who sees envelopes cannot count the records of a small call."""
    city = new_city()
    grant = city.grant()
    payloads = set()
    for count in range(1, 11):
        records = (rows() * 4)[:count]
        sealed = city.provider.seal(city.request(records, grant=grant))
        payloads.add(len(parse_envelope(sealed.envelope).payload))
    assert payloads == {HEAD + 4 * KIB + TAG}


def test_a_large_payload_has_a_padded_length() -> None:
    """What can be seen of a large call is a Padmé length."""
    city = new_city()
    sealed = city.provider.seal(city.request(rows() * 300))
    payload = len(parse_envelope(sealed.envelope).payload)
    chunks = -(-payload // (CHUNK + TAG))
    plain = payload - HEAD - chunks * TAG
    assert plain > 64 * KIB
    assert padded(plain) == plain


@pytest.mark.parametrize("records", [0, 1, SMALL_BYTES - 30, SMALL_BYTES, 5 * SMALL_BYTES])
def test_a_plaintext_is_padded_alike_whole_and_in_parts(records: int) -> None:
    """Small ones are joined, large ones are not; both read the same."""
    manifest, data = b"m" * 13, b"r" * records
    parts = padded_plaintext(manifest, data, limit=10 * SMALL_BYTES)
    plaintext = lp(manifest, data)
    assert b"".join(parts) == plaintext + padding(len(plaintext))
    with pytest.raises(LimitExceededError):
        padded_plaintext(manifest, data, limit=len(plaintext) - 1)
