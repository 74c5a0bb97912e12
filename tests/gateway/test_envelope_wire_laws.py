"""Whatever is written comes back, and whatever is read has one byte form."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelope.header import Header, MessageType, read_header, write_header
from gateway.envelope.opening import parse_envelope
from gateway.envelope.wire import BYTES, VARINT, WireField, read_message, write_message
from gateway.errors import EnvelopeMalformedError
from gateway.model.call import StreamPlace
from gateway.v1 import envelope_pb2
from tests.gateway.forge import HEADER, field, message, varint
from tests.gateway.wire_fields import (
    GOOD,
    encoded,
    refused,
)

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
    fields = encoded(GOOD)
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
        refused(read_header, data)


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
