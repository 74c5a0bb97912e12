"""The header of an envelope: what the exchange can see, and nothing more."""

from enum import IntEnum

from msgspec import Struct

from gateway.envelope.wire import (
    BYTES,
    VARINT,
    WireField,
    malformed,
    read_message,
    write_message,
    write_varint,
)
from gateway.model.call import StreamPlace

VERSION = 1
# Widths of what a header names; a longer one is no name of ours.
ID_BYTES = 16
NAME_BYTES = 18
KEY_ID_BYTES = 26
DIGEST_BYTES = 64
# 2^31 parts of 512 KiB are a petabyte: no honest stream is longer.
MAX_PARTS = (1 << 31) - 1
# The end of the year 9999; stops times that no calendar can show.
MAX_TIME = 253_402_300_799_999
# All fields at their widest stay below this; stops a header that is a payload.
MAX_HEADER_BYTES = 512

_SCHEMA = {
    field.number: field
    for field in (
        WireField(1, VARINT, 0xFFFF),
        WireField(2, VARINT, 0xFFFF),
        WireField(3, BYTES, ID_BYTES),
        WireField(4, VARINT, 0xFF),
        WireField(5, BYTES, NAME_BYTES),
        WireField(6, BYTES, KEY_ID_BYTES),
        WireField(7, BYTES, NAME_BYTES),
        WireField(8, BYTES, KEY_ID_BYTES),
        WireField(9, VARINT, MAX_TIME),
        WireField(10, VARINT, MAX_TIME),
        WireField(11, BYTES, ID_BYTES),
        WireField(12, VARINT, MAX_PARTS),
        WireField(13, VARINT, 1),
        WireField(14, BYTES, DIGEST_BYTES),
        WireField(15, BYTES, DIGEST_BYTES),
    )
}
_REQUIRED = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
_NAME_CHARACTERS = frozenset("0123456789ABCDEFGHJKLMNPQRTUWXY")
_KEY_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")


class MessageType(IntEnum):
    """What an envelope carries."""

    DATA = 1
    REQUEST = 2
    ACKNOWLEDGEMENT = 3


class Header(Struct, frozen=True, kw_only=True):
    """The parsed header. `created` and `expires` are Unix milliseconds.

    `envelope_id` is a UUIDv7 (RFC 9562); `request_digest` is the envelope digest
    of the request that this one answers.
    """

    version: int = VERSION
    suite: int
    envelope_id: bytes
    message_type: MessageType = MessageType.DATA
    sender: str
    sender_key_id: str
    recipient: str
    recipient_key_id: str
    created: int
    expires: int
    place: StreamPlace | None = None
    request_digest: bytes = b""


class Frame(Struct, frozen=True):
    """What headers share, encoded: fields 1 and 2, fields 4 to 8, with tags of what differs."""

    before_id: bytes
    behind_id: bytes

    def fill(
        self, envelope_id: bytes, created: int, expires: int, place: StreamPlace | None
    ) -> bytes:
        """Encode the header of one envelope."""
        written = b"".join(
            (
                self.before_id,
                envelope_id,
                self.behind_id,
                write_varint(created),
                _EXPIRES_TAG,
                write_varint(expires),
            )
        )
        if place is None:
            return written
        stream = ((11, place.stream_id), (12, place.part), (13, int(place.last)))
        return written + write_message((*stream, (14, place.previous_digest)))


_ID_PREFIX = bytes((3 << 3 | BYTES, ID_BYTES))
_CREATED_TAG = bytes((9 << 3 | VARINT,))
_EXPIRES_TAG = bytes((10 << 3 | VARINT,))


def make_frame(
    suite: int,
    *names: str,
    version: int = VERSION,
    message_type: MessageType = MessageType.DATA,
) -> Frame:
    """Encode what headers share; `names` are sender, its key id, recipient, its key id."""
    encoded = (name.encode() for name in names)
    return Frame(
        write_message(((1, version), (2, suite))) + _ID_PREFIX,
        write_message(((4, message_type), *enumerate(encoded, 5))) + _CREATED_TAG,
    )


def write_header(header: Header) -> bytes:
    """Encode a header to its one byte form."""
    frame = make_frame(
        header.suite,
        header.sender,
        header.sender_key_id,
        header.recipient,
        header.recipient_key_id,
        version=header.version,
        message_type=header.message_type,
    )
    written = frame.fill(header.envelope_id, header.created, header.expires, header.place)
    return written + write_message(((15, header.request_digest),))


def read_header(data: bytes) -> Header:
    """Decode header bytes.

    Raises: EnvelopeMalformedError.
    """
    if len(data) > MAX_HEADER_BYTES:
        raise malformed("the header is over its limit", "信封头超过上限")
    values = read_message(data, _SCHEMA)
    if any(number not in values for number in _REQUIRED):
        raise malformed("the header lacks a field", "信封头缺少字段")
    numbers = {k: v for k, v in values.items() if isinstance(v, int)}
    texts = {k: v for k, v in values.items() if isinstance(v, bytes)}
    if numbers[1] != VERSION:
        raise malformed("its version is not known", "信封版本未知")
    if len(texts[3]) != ID_BYTES or texts[3][6] >> 4 != 7 or texts[3][8] >> 6 != 2:
        raise malformed("its id is no UUIDv7", "信封编号不是 UUIDv7")
    if numbers[4] not in MessageType._value2member_map_:
        raise malformed("its message type is not known", "消息类型未知")
    return Header(
        suite=numbers[2],
        envelope_id=texts[3],
        message_type=MessageType(numbers[4]),
        sender=_name(texts[5]),
        sender_key_id=_key_id(texts[6]),
        recipient=_name(texts[7]),
        recipient_key_id=_key_id(texts[8]),
        created=numbers[9],
        expires=numbers[10],
        place=_place(numbers, texts),
        request_digest=texts.get(15, b""),
    )


def _place(numbers: dict[int, int], texts: dict[int, bytes]) -> StreamPlace | None:
    if 11 not in texts:
        if 12 in numbers or 13 in numbers or 14 in texts:
            raise malformed("it is part of no stream", "流字段不完整")
        return None
    part = numbers.get(12, 0)
    if part == 0 or len(texts[11]) != ID_BYTES or (part == 1) != (14 not in texts):
        raise malformed("its place in the stream is wrong", "流内位置有误")
    return StreamPlace(
        stream_id=texts[11],
        part=part,
        last=13 in numbers,
        previous_digest=texts.get(14, b""),
    )


def _name(data: bytes) -> str:
    text = data.decode("ascii", "replace")
    if len(text) != NAME_BYTES or not _NAME_CHARACTERS.issuperset(text):
        raise malformed("a party is no department id", "当事部门代码格式错误")
    return text


def _key_id(data: bytes) -> str:
    text = data.decode("ascii", "replace")
    if len(text) != KEY_ID_BYTES or not _KEY_ID_CHARACTERS.issuperset(text):
        raise malformed("a key id is none", "密钥编号格式错误")
    return text
