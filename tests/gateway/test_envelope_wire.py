"""The strict subset of protobuf: one message, one byte form, and no other is read."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelope.header import Header, MessageType, read_header, write_header
from gateway.envelope.opening import parse_envelope
from gateway.envelope.wire import BYTES, VARINT, WireField, read_message, write_message
from gateway.errors import EnvelopeMalformedError
from gateway.model.call import StreamPlace
from gateway.v1 import envelope_pb2
from tests.gateway.forge import ENVELOPE, HEADER, Value, field, message, uuid7, varint

NAME = "11149900MB0C12002H"
OTHER = "11149900MB0C13013W"
KEY_ID = "abcdefghijklmnopqrstuvwxyz"
OTHER_KEY_ID = "234567ghijklmnopqrstuvwxyz"
NOW = 1_793_577_600_000
ID = uuid7(NOW, bytes(range(10)))

GOOD: dict[str, Value | None] = {
    "version": 1,
    "suite": 1,
    "id": ID,
    "type": 1,
    "sender": NAME,
    "sender_key_id": KEY_ID,
    "recipient": OTHER,
    "recipient_key_id": OTHER_KEY_ID,
    "created": NOW,
    "expires": NOW + 1,
}
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


def _fields(values: dict[str, Value | None], names: tuple[str, ...] = HEADER) -> list[bytes]:
    """Return each field of a message as bytes, in order."""
    return [
        field(number, value)
        for number, name in enumerate(names, 1)
        if (value := values.get(name)) is not None
    ]


def _refused(read: Callable[[bytes], object], data: bytes) -> str:
    with pytest.raises(EnvelopeMalformedError) as caught:
        read(data)
    assert caught.value.code == "ENVELOPE_MALFORMED"
    return caught.value.message


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
        (read_header, _fields(GOOD | STREAM)),
        (parse_envelope, _fields(PARTS, ENVELOPE)),
    ):
        for place in range(len(fields) - 1):
            swapped = fields.copy()
            swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
            assert "out of order" in _refused(read, b"".join(swapped))


def test_fields_stand_once() -> None:
    """A field that stands twice is refused, next to itself or at the end, equal or not."""
    for read, fields in (
        (read_header, _fields(GOOD | STREAM)),
        (parse_envelope, _fields(PARTS, ENVELOPE)),
    ):
        for place, one in enumerate(fields):
            twice = [*fields[:place], one, *fields[place:]]
            assert "repeated" in _refused(read, b"".join(twice))
            assert "repeated" in _refused(read, b"".join([*fields, one]))
    other = _fields(GOOD)
    other.insert(2, field(2, 2))
    assert "repeated" in _refused(read_header, b"".join(other))


@pytest.mark.parametrize("extra", [1, 2, 5, 8])
def test_varints_are_the_shortest(extra: int) -> None:
    """A tag, a length or a value with more bytes than it needs is refused."""
    head = b"".join(_fields({**GOOD, "version": None}))
    for first in (
        varint(1 << 3, 1 + extra) + varint(1),
        varint(1 << 3) + varint(1, 1 + extra),
    ):
        assert "shortest" in _refused(read_header, first + head)
    rest = b"".join(_fields({**PARTS, "header": None}, ENVELOPE))
    header = message(HEADER, GOOD)
    size = len(varint(len(header)))
    long_length = varint(1 << 3 | 2) + varint(len(header), size + extra) + header
    assert "shortest" in _refused(parse_envelope, long_length + rest)


@pytest.mark.parametrize(
    ("number", "wire_type"),
    [(0, 0), (0, 2), (16, 0), (16, 2), (5000, 2), (1 << 28, 0), (15, 0), (13, 2), (3, 0), (15, 5)]
    + [(number, wire_type) for number in (1, 12) for wire_type in (1, 2, 3, 4, 5, 6, 7)],
)
def test_an_unknown_field_is_refused(number: int, wire_type: int) -> None:
    """A number, or a wire type, that the message does not have is refused."""
    tag = varint(number << 3 | wire_type)
    for content in (b"\x01", b"\x01x", b"\x08" * 8):
        kept = [value for place, value in enumerate(_fields(GOOD), 1) if place < max(number, 1)]
        assert "unknown" in _refused(read_header, b"".join(kept) + tag + content)
    if number > len(ENVELOPE) or wire_type != BYTES:
        whole = b"".join(_fields(PARTS, ENVELOPE))
        assert "unknown" in _refused(parse_envelope, whole + tag + b"\x01x")


def test_a_default_is_not_spelled_out() -> None:
    """0, false and empty bytes are left out, as protobuf 3 writes them, or refused."""
    for number, name in enumerate(HEADER, 1):
        default: Value = 0 if isinstance((GOOD | STREAM).get(name), int) else b""
        fields = dict(enumerate(_fields(GOOD | STREAM), 1)) | {number: field(number, default)}
        assert "default" in _refused(read_header, b"".join(fields[key] for key in sorted(fields)))
    for number in range(1, 5):
        parts = dict(enumerate(_fields(PARTS, ENVELOPE), 1)) | {number: field(number, b"")}
        assert "default" in _refused(parse_envelope, b"".join(parts.values()))


def test_what_is_cut_short_is_refused() -> None:
    """Every proper prefix of header and envelope is refused, also one behind a whole field."""
    for read, whole in (
        (read_header, message(HEADER, GOOD)),
        (parse_envelope, message(ENVELOPE, PARTS)),
    ):
        for size in range(len(whole)):
            _refused(read, whole[:size])
    behind = message(HEADER, GOOD | STREAM)
    assert "cut short" in _refused(read_header, behind[:-1])


@pytest.mark.parametrize("name", HEADER[:10])
def test_a_header_has_all_its_fields(name: str) -> None:
    """A header without one of the ten is refused."""
    assert "lacks" in _refused(read_header, message(HEADER, GOOD | {name: None}))


@pytest.mark.parametrize("name", ENVELOPE)
def test_an_envelope_has_all_its_fields(name: str) -> None:
    """An envelope without one of the four is refused."""
    assert "lacks" in _refused(parse_envelope, message(ENVELOPE, PARTS | {name: None}))


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
    assert "over its limit" in _refused(read_header, message(HEADER, GOOD | STREAM | {name: value}))


def test_a_length_beyond_the_end_is_refused_before_anything_is_copied() -> None:
    """A length of 2^63 bytes costs nothing."""
    for length, reason in (
        (1 << 63, "over its limit"),
        (513, "over its limit"),
        (301, "cut short"),
    ):
        data = varint(1 << 3 | 2) + varint(length) + b"x" * 300
        assert reason in _refused(parse_envelope, data)


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
    created = b"".join(_fields(GOOD)[:8]) + varint(9 << 3)
    for data in (endless, varint(1 << 3) + endless, created + endless):
        _refused(read_header, data)
    _refused(parse_envelope, varint(1 << 3 | 2) + endless)


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
    _refused(read_header, message(HEADER, GOOD | changes))


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
    _refused(read_header, message(HEADER, GOOD | STREAM | changes))


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
    assert "over its limit" in _refused(read_header, message(HEADER, GOOD) + b"x" * 400)
    _refused(parse_envelope, message(ENVELOPE, PARTS | {"header": b"\x08" * 513}))


_names = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=18, max_size=18)
_key_ids = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26)
_times = st.integers(1, 253_402_300_799_999)
_ids = st.binary(min_size=16, max_size=16).map(
    lambda raw: raw[:6] + bytes([raw[6] & 15 | 0x70, raw[7], raw[8] & 63 | 128]) + raw[9:]
)
_digests = st.binary(min_size=1, max_size=64)


@st.composite
def _places(draw: st.DrawFn) -> StreamPlace:
    part = draw(st.one_of(st.integers(1, 3), st.integers(1, (1 << 31) - 1)))
    return StreamPlace(
        stream_id=draw(st.binary(min_size=16, max_size=16)),
        part=part,
        last=draw(st.booleans()),
        previous_digest=b"" if part == 1 else draw(_digests),
    )


_headers = st.builds(
    Header,
    suite=st.integers(1, 0xFFFF),
    envelope_id=_ids,
    message_type=st.sampled_from(MessageType),
    sender=_names,
    sender_key_id=_key_ids,
    recipient=_names,
    recipient_key_id=_key_ids,
    created=_times,
    expires=_times,
    place=st.none() | _places(),
    request_digest=st.just(b"") | _digests,
)


def _stub(header: Header) -> envelope_pb2.Header:
    place = header.place
    return envelope_pb2.Header(
        version=1,
        suite=header.suite,
        id=header.envelope_id,
        type=header.message_type.value,  # type: ignore[arg-type]  # stubs want their own enum
        sender=header.sender,
        sender_key_id=header.sender_key_id,
        recipient=header.recipient,
        recipient_key_id=header.recipient_key_id,
        created=header.created,
        expires=header.expires,
        stream_id=place.stream_id if place else b"",
        part=place.part if place else 0,
        last=place.last if place else False,
        previous_digest=place.previous_digest if place else b"",
        request_digest=header.request_digest,
    )


@given(_headers)
def test_a_header_comes_back_as_it_was_written(header: Header) -> None:
    """Writing and reading are inverse; protobuf's own stubs write and read the same."""
    data = write_header(header)
    assert read_header(data) == header
    assert _stub(header).SerializeToString() == data
    assert envelope_pb2.Header.FromString(data) == _stub(header)
    assert write_header(read_header(data)) == data


@given(st.tuples(*[st.binary(min_size=1, max_size=200)] * 3))
def test_an_envelope_comes_back_as_it_was_written(parts: tuple[bytes, bytes, bytes]) -> None:
    """The stubs and this codec agree on envelopes too."""
    wrapped, payload, signature = parts
    stub = envelope_pb2.Envelope(
        header=message(HEADER, GOOD), wrapped_key=wrapped, payload=payload, signature=signature
    )
    parsed = parse_envelope(stub.SerializeToString())
    assert (parsed.wrapped_key, parsed.payload, parsed.signature) == parts
    ours = write_message(enumerate((parsed.header_bytes, *parts), 1))
    assert ours == stub.SerializeToString()


# A message of odd fields: (number, wire type, value or length, varint bytes too many).
_odd = st.lists(
    st.tuples(
        st.integers(0, 17),
        st.sampled_from([VARINT, VARINT, BYTES, BYTES, 5]),
        st.sampled_from([0, 1, 2, 16, 127, 128, 300]),
        st.sampled_from([0, 0, 0, 0, 0, 1]),
    ),
    max_size=6,
)
_SCHEMA = {
    number: WireField(number, VARINT if number % 2 else BYTES, 200) for number in range(1, 16)
}


@given(_odd, st.booleans())
def test_the_reader_takes_the_one_byte_form_and_no_other(
    fields: list[tuple[int, int, int, int]], ascending: bool
) -> None:
    """Accepted is what is ascending, known, short, bounded and no default; all else is not."""
    if ascending:
        fields = sorted(fields)
    data, fits = b"", True
    values: dict[int, int | bytes] = {}
    for number, wire_type, value, more in fields:
        tag = number << 3 | wire_type
        data += varint(tag, len(varint(tag)) + more) + varint(value)
        data += b"x" * value if wire_type == BYTES else b""
        known = _SCHEMA.get(number)
        fits &= known is not None and known.wire_type == wire_type
        fits &= 0 < value <= 200 and not more and number > max(values, default=0)
        values[number] = value if wire_type == VARINT else b"x" * value
    if fits:
        assert read_message(data, _SCHEMA) == values
        assert write_message(values.items()) == data
    else:
        with pytest.raises(EnvelopeMalformedError):
            read_message(data, _SCHEMA)


@given(_headers, st.data())
def test_what_is_accepted_reads_the_same_to_protobuf(header: Header, data: st.DataObject) -> None:
    """Of bytes changed at random, those accepted mean the same to the stubs, to the byte."""
    changed = bytearray(write_header(header))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] = data.draw(st.integers(0, 255))
    try:
        read = read_header(bytes(changed))
    except EnvelopeMalformedError:
        return
    stub = envelope_pb2.Header.FromString(bytes(changed))
    assert stub == _stub(read)
    assert stub.SerializeToString() == bytes(changed)


def test_other_spellings_that_protobuf_takes_are_refused() -> None:
    """Protobuf reads each of these as the same header, which is why it does not read ours."""
    fields = _fields(GOOD)
    spellings = {
        "repeated": [*fields[:1], field(2, 9), *fields[1:]],
        "reversed": fields[::-1],
        "long": [varint(1 << 3, 4) + varint(1, 9), *fields[1:]],
        "unknown": [*fields, field(99, b"hidden")],
        "default": [*fields, field(12, 0)],
    }
    good = envelope_pb2.Header.FromString(b"".join(fields))
    for name, spelled in spellings.items():
        data = b"".join(spelled)
        stub = envelope_pb2.Header.FromString(data)
        if name == "unknown":
            stub.DiscardUnknownFields()
        assert stub == good, name
        _refused(read_header, data)


def test_no_two_byte_strings_give_one_header() -> None:
    """Among all short changes of one header, no two accepted ones read the same."""
    whole = message(HEADER, GOOD)
    seen: dict[Header, bytes] = {read_header(whole): whole}
    changes = itertools.chain(
        ((place, 1, bytes([byte])) for place in range(len(whole)) for byte in (0, 1, 2, 128, 255)),
        ((place, 0, bytes([byte])) for place in range(len(whole)) for byte in (0, 1, 128)),
        ((place, 1, b"") for place in range(len(whole))),
    )
    for place, width, put in changes:
        data = whole[:place] + put + whole[place + width :]
        try:
            header = read_header(data)
        except EnvelopeMalformedError:
            continue
        assert seen.setdefault(header, data) == data
