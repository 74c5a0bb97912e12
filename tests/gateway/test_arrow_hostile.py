"""Broken streams are refused, whatever is broken: no crash, no wait, no memory."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.records import RecordDecoder
from keys.errors import SealgateError
from tests.gateway.arrow_streams import stream_of
from tests.gateway.entries import make_decoder, make_field

ROOT = Path(__file__).parents[2]
REFUSALS = {"RECORD_MALFORMED", "FIELD_INVALID", "FIELD_UNCATALOGUED", "LIMIT_EXCEEDED"}
MAY: dict[str, Any] = {"required": False, "null": True}
FIELDS = (
    make_field("a", empty=True, **MAY),
    make_field("b", "integer", **MAY),
    make_field("c", "decimal", precision=8, scale=2, **MAY),
    make_field("d", "boolean", **MAY),
    make_field("e", "date", format="YYYY-MM-DD", **MAY),
    make_field("f", "datetime", format="YYYY-MM-DDTHH:mm:ssZ", **MAY),
    make_field("g", "binary", length=9, **MAY),
    make_field("h", **MAY),
    make_field("i", empty=True, **MAY),
    make_field("j", "decimal", precision=8, scale=2, **MAY),
)
TEXTS = ["x", "名", None, "longer than a view holds", "", "z"]
NUMBERS = [1, 2, 4, 7, 8, 255, 65_535, (1 << 31) - 1, (1 << 32) - 1, 1 << 40, (1 << 63) - 1]


def streams() -> list[bytes]:
    """Make streams of every layout: whole, in batches, with dictionaries and views."""
    table = pa.table(
        {
            "a": TEXTS,
            "b": pa.array([1, None, 3, 4, 5, 6], pa.int16()),
            "c": pa.array([Decimal("1.5")] * 5 + [None], pa.decimal128(10, 2)),
            "d": [True, False, None] * 2,
            "e": pa.array([date(2024, 1, 1)] * 6, pa.date32()),
            "f": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 6, pa.timestamp("us", "UTC")),
            "g": pa.array([b"a", b"", None] * 2, pa.binary()),
            "h": pa.array(["p", "q", None] * 2).dictionary_encode(),
            "i": pa.array(TEXTS, pa.string_view()),
            "j": [1.5] * 6,
        }
    )
    parts = table.select(["a", "h", "i"])
    return [stream_of(table), stream_of(parts, 3, emit_dictionary_deltas=True)]


STREAMS = streams()


def outcome(decoder: RecordDecoder, data: bytes) -> str:
    """Return the code of the refusal; empty where it was read."""
    try:
        batch = decoder.decode(data, "arrow")
    except SealgateError as refusal:
        return refusal.code
    assert all(len(column) == batch.size for column in batch.columns)
    return ""


@pytest.mark.parametrize("which", [0, 1])
def test_no_byte_breaks_the_reader(which: int) -> None:
    """Each byte changed, and the stream cut off at each: a refusal of ours, or another value."""
    stream, decoder = STREAMS[which], make_decoder(*FIELDS)
    assert outcome(decoder, stream) == ""
    found = set()
    for place, byte in enumerate(stream):
        assert outcome(decoder, stream[:place]) == "RECORD_MALFORMED"
        for other in (byte ^ 1, byte ^ 0x80, 0xFF - byte):
            changed = stream[:place] + bytes([other]) + stream[place + 1 :]
            found.add(outcome(decoder, changed))
    assert {"", "RECORD_MALFORMED"} < found <= {"", *REFUSALS}


def test_numbers_out_of_place_do_not_break_the_reader() -> None:
    """Lengths, offsets and counts that are too large, at several places at once."""
    dice, decoder = Random(7), make_decoder(*FIELDS)
    for _ in range(3_000):
        data = bytearray(dice.choice(STREAMS))
        for _ in range(dice.choice([1, 2, 4])):
            width = dice.choice([2, 4, 8])
            place = dice.randrange(0, len(data), width)
            number = dice.choice(NUMBERS) % (1 << 8 * width)
            data[place : place + width] = number.to_bytes(width, "little")
        assert outcome(decoder, bytes(data)) in {"", *REFUSALS}


@given(st.binary(max_size=99), st.integers(0, 400))
def test_any_bytes_are_refused(data: bytes, place: int) -> None:
    """By themselves, and in the midst of a stream."""
    decoder = make_decoder(*FIELDS)
    assert outcome(decoder, data) == "RECORD_MALFORMED"
    stream = STREAMS[0]
    assert outcome(decoder, stream[:place] + data + stream[place + len(data) :]) in {"", *REFUSALS}


SHARED = """
import json, resource, sys, time
from tests.gateway.test_arrow_hostile import FIELDS, outcome, shared_buffers
from tests.gateway.entries import make_decoder, make_field

data = shared_buffers()
fields = [make_field(f"f{n}", length=9) for n in range(400)]
decoder = make_decoder(*fields)
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
code = outcome(decoder, data)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([code, len(data), (after - before) * 1024, time.monotonic() - start]))
"""


def shared_buffers() -> bytes:
    """Make a stream of 400 columns that all have the one buffer of 8 MB."""
    text = pa.array(["x" * (8 << 20)])
    empty = pa.array([""])
    stream = stream_of(pa.table({"f0": text, **{f"f{n}": empty for n in range(1, 400)}}))
    place = stream.index((8 << 20).to_bytes(8, "little"), 0)
    # Each buffer's place and length in the batch's list become those of the first column's.
    where, data = place - 8 - 32, bytearray(stream)
    first = data[where : where + 48]
    for column in range(1, 400):
        data[where + 48 * column : where + 48 * (column + 1)] = first
    return bytes(data)


def test_buffers_that_share_their_place_take_no_more_room() -> None:
    """In a process of its own: refused at once, for what they would be written out."""
    done = subprocess.run(
        [sys.executable, "-c", SHARED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, size, taken, seconds = json.loads(done.stdout)
    assert code == "LIMIT_EXCEEDED"
    assert taken < 10 * size
    assert seconds < 5
