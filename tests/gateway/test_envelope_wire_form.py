"""The strict subset of protobuf: one message, one byte form, and no other is read."""

import pytest

from gateway.envelope.header import read_header
from gateway.envelope.opening import parse_envelope
from gateway.envelope.wire import BYTES, VARINT, WireField, read_message
from gateway.errors import EnvelopeMalformedError
from gateway.model.call import StreamPlace
from tests.gateway.forge import ENVELOPE, HEADER, Value, field, message, varint
from tests.gateway.wire_fields import (
    GOOD,
    ID,
    KEY_ID,
    NAME,
    NOW,
    OTHER,
    OTHER_KEY_ID,
    encoded,
    refused,
)

STREAM: dict[str, Value | None] = {
    "stream_id": b"s" * 16,
    "part": 2,
    "last": 1,
    "previous_digest": b"d" * 32,
}
PARTS: dict[str, Value | None] = {
    "header": message(HEADER, GOOD),
    "wrapped_key": b"w" * 80,
    "payload": b"p" * 300,
    "signature": b"s" * 64,
}


def test_the_one_byte_form_is_read() -> None:
    """A header and an envelope in the one byte form come back as they were written."""
    header = read_header(message(HEADER, GOOD | STREAM | {"request_digest": b"r" * 32}))
    assert header.place == StreamPlace(
        stream_id=b"s" * 16, part=2, last=True, previous_digest=b"d" * 32
    )
    assert (header.sender, header.recipient_key_id) == (NAME, OTHER_KEY_ID)
    assert (header.created, header.expires) == (NOW, NOW + 1)
    assert header.request_digest == b"r" * 32
    parsed = parse_envelope(message(ENVELOPE, PARTS))
    assert (parsed.wrapped_key, parsed.payload) == (b"w" * 80, b"p" * 300)
    assert parsed.signature == b"s" * 64


def test_fields_stand_in_order() -> None:
    """Any two neighbours that change places are refused."""
    for read, fields in (
        (read_header, encoded(GOOD | STREAM)),
        (parse_envelope, encoded(PARTS, ENVELOPE)),
    ):
        for place in range(len(fields) - 1):
            swapped = fields.copy()
            swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
            assert "out of order" in refused(read, b"".join(swapped))


def test_fields_stand_once() -> None:
    """A field that stands twice is refused, next to itself or at the end, equal or not."""
    for read, fields in (
        (read_header, encoded(GOOD | STREAM)),
        (parse_envelope, encoded(PARTS, ENVELOPE)),
    ):
        for place, one in enumerate(fields):
            twice = [*fields[:place], one, *fields[place:]]
            assert "repeated" in refused(read, b"".join(twice))
            assert "repeated" in refused(read, b"".join([*fields, one]))
    other = encoded(GOOD)
    other.insert(2, field(2, 2))
    assert "repeated" in refused(read_header, b"".join(other))


@pytest.mark.parametrize("extra", [1, 2, 5, 8])
def test_varints_are_the_shortest(extra: int) -> None:
    """A tag, a length or a value with more bytes than it needs is refused."""
    head = b"".join(encoded({**GOOD, "version": None}))
    for first in (
        varint(1 << 3, 1 + extra) + varint(1),
        varint(1 << 3) + varint(1, 1 + extra),
    ):
        assert "shortest" in refused(read_header, first + head)
    rest = b"".join(encoded({**PARTS, "header": None}, ENVELOPE))
    header = message(HEADER, GOOD)
    size = len(varint(len(header)))
    long_length = varint(1 << 3 | 2) + varint(len(header), size + extra) + header
    assert "shortest" in refused(parse_envelope, long_length + rest)


@pytest.mark.parametrize(
    ("number", "wire_type"),
    [(0, 0), (0, 2), (16, 0), (16, 2), (5000, 2), (1 << 28, 0), (15, 0), (13, 2), (3, 0), (15, 5)]
    + [(number, wire_type) for number in (1, 12) for wire_type in (1, 2, 3, 4, 5, 6, 7)],
)
def test_an_unknown_field_is_refused(number: int, wire_type: int) -> None:
    """A number, or a wire type, that the message does not have is refused."""
    tag = varint(number << 3 | wire_type)
    for content in (b"\x01", b"\x01x", b"\x08" * 8):
        kept = [value for place, value in enumerate(encoded(GOOD), 1) if place < max(number, 1)]
        assert "unknown" in refused(read_header, b"".join(kept) + tag + content)
    if number > len(ENVELOPE) or wire_type != BYTES:
        whole = b"".join(encoded(PARTS, ENVELOPE))
        assert "unknown" in refused(parse_envelope, whole + tag + b"\x01x")


def test_a_default_is_not_spelled_out() -> None:
    """0, false and empty bytes are left out, as protobuf 3 writes them, or refused."""
    for number, name in enumerate(HEADER, 1):
        default: Value = 0 if isinstance((GOOD | STREAM).get(name), int) else b""
        fields = dict(enumerate(encoded(GOOD | STREAM), 1)) | {number: field(number, default)}
        assert "default" in refused(read_header, b"".join(fields[key] for key in sorted(fields)))
    for number in range(1, 5):
        parts = dict(enumerate(encoded(PARTS, ENVELOPE), 1)) | {number: field(number, b"")}
        assert "default" in refused(parse_envelope, b"".join(parts.values()))


def test_what_is_cut_short_is_refused() -> None:
    """Every proper prefix of header and envelope is refused, also one behind a whole field."""
    for read, whole in (
        (read_header, message(HEADER, GOOD)),
        (parse_envelope, message(ENVELOPE, PARTS)),
    ):
        for size in range(len(whole)):
            refused(read, whole[:size])
    behind = message(HEADER, GOOD | STREAM)
    assert "cut short" in refused(read_header, behind[:-1])


@pytest.mark.parametrize("name", HEADER[:10])
def test_a_header_has_all_its_fields(name: str) -> None:
    """A header without one of the ten is refused."""
    assert "lacks" in refused(read_header, message(HEADER, GOOD | {name: None}))


@pytest.mark.parametrize("name", ENVELOPE)
def test_an_envelope_has_all_its_fields(name: str) -> None:
    """An envelope without one of the four is refused."""
    assert "lacks" in refused(parse_envelope, message(ENVELOPE, PARTS | {name: None}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", 1 << 16),
        ("suite", 1 << 16),
        ("id", b"\x70" * 17),
        ("type", 256),
        ("sender", NAME + "1"),
        ("sender_key_id", KEY_ID + "a"),
        ("recipient", OTHER + "1"),
        ("recipient_key_id", KEY_ID + "a"),
        ("created", 253_402_300_800_000),
        ("expires", (1 << 64) - 1),
        ("stream_id", b"s" * 17),
        ("part", 1 << 31),
        ("last", 2),
        ("previous_digest", b"d" * 65),
        ("request_digest", b"d" * 65),
    ],
)
def test_a_field_over_its_limit_is_refused(name: str, value: Value) -> None:
    """Each field of a header has a width."""
    assert "over its limit" in refused(read_header, message(HEADER, GOOD | STREAM | {name: value}))


def test_a_length_beyond_the_end_is_refused_before_anything_is_copied() -> None:
    """A length of 2^63 bytes costs nothing."""
    for length, reason in (
        (1 << 63, "over its limit"),
        (513, "over its limit"),
        (301, "cut short"),
    ):
        data = varint(1 << 3 | 2) + varint(length) + b"x" * 300
        assert reason in refused(parse_envelope, data)


@pytest.mark.parametrize(
    "endless",
    [
        b"\xff" * 9 + b"\x02",
        b"\xff" * 9 + b"\x7f",
        b"\x80" * 9 + b"\x02",
        b"\xff" * 10 + b"\x01",
        b"\x80" * 10 + b"\x01",
        b"\xff" * 10,
        b"\xff" * 400,
        b"\x80" * 400,
    ],
)
def test_a_varint_over_64_bits_is_refused(endless: bytes) -> None:
    """As tag, value and length: more than 64 bits, or no end."""
    created = b"".join(encoded(GOOD)[:8]) + varint(9 << 3)
    for data in (endless, varint(1 << 3) + endless, created + endless):
        refused(read_header, data)
    refused(parse_envelope, varint(1 << 3 | 2) + endless)


def test_the_greatest_varint_is_read_by_the_codec() -> None:
    """2^64 - 1 is ten bytes and no error; one bit more is."""
    schema = {1: WireField(1, VARINT, (1 << 64) - 1)}
    assert read_message(b"\x08" + b"\xff" * 9 + b"\x01", schema) == {1: (1 << 64) - 1}
    with pytest.raises(EnvelopeMalformedError, match="over 64 bits"):
        read_message(b"\x08" + b"\xff" * 9 + b"\x02", schema)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"type": 4},
        {"type": 255},
        {"id": bytes(15) + b"\x01"},
        {"id": ID[:15]},
        {"id": ID[:6] + b"\x4f" + ID[7:]},
        {"id": ID[:8] + b"\x3f" + ID[9:]},
        {"id": ID[:8] + b"\xff" + ID[9:]},
        {"sender": NAME[:17]},
        {"sender": NAME.lower()},
        {"sender": NAME[:17] + "O"},
        {"sender": NAME[:17] + "\n"},
        {"recipient": b"\xef\xbc\x91" * 6},
        {"recipient": NAME[:17].encode() + b"\xff"},
        {"sender_key_id": KEY_ID[:25]},
        {"sender_key_id": KEY_ID.upper()},
        {"recipient_key_id": KEY_ID[:25] + "1"},
        {"recipient_key_id": "../../../../../../etc/pass"},
    ],
    ids=str,
)
def test_a_header_that_names_what_cannot_be_is_refused(changes: dict[str, Value]) -> None:
    """Version, id, type, parties and keys have one form each."""
    refused(read_header, message(HEADER, GOOD | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"stream_id": None},
        {"stream_id": None, "last": None, "previous_digest": None},
        {"stream_id": None, "part": None, "previous_digest": None},
        {"stream_id": None, "part": None, "last": None},
        {"part": None},
        {"part": 1},
        {"previous_digest": None},
        {"stream_id": b"s" * 15},
        {"part": None, "last": None, "previous_digest": None},
    ],
    ids=str,
)
def test_a_place_in_a_stream_is_whole(changes: dict[str, Value | None]) -> None:
    """Stream fields come together, the previous digest from the second part on."""
    refused(read_header, message(HEADER, GOOD | STREAM | changes))


@pytest.mark.parametrize(
    "changes", [{"part": 1, "previous_digest": None}, {"last": None}, {"part": (1 << 31) - 1}]
)
def test_every_place_in_a_stream_is_read(changes: dict[str, Value | None]) -> None:
    """The first part, one in the middle, and the greatest number."""
    header = read_header(message(HEADER, GOOD | STREAM | changes))
    assert header.place is not None
    assert header.place.last == ("last" not in changes)


def test_a_header_is_no_payload() -> None:
    """A header longer than all its fields at their widest is refused unread."""
    assert "over its limit" in refused(read_header, message(HEADER, GOOD) + b"x" * 400)
    refused(parse_envelope, message(ENVELOPE, PARTS | {"header": b"\x08" * 513}))
