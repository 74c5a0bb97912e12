"""Read and write the strict subset of protobuf that envelopes are made of.

A message of this subset holds each field at most once, in ascending order,
with shortest varints, no unknown field, no field at its default value, and
nothing behind the last one. So a message has exactly one byte form. Protobuf
runtimes accept much more (repeats, long varints, any order), which would let
two readers see two messages in the same bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import EnvelopeMalformedError

VARINT, BYTES = 0, 2
# A varint of more than ten bytes cannot hold 64 bits; stops endless ones.
MAX_VARINT_BYTES = 10
MAX_UINT64 = (1 << 64) - 1
_BYTE = tuple(bytes((value,)) for value in range(0x80))
# Starts of fields kept: padded, most lengths recur.
MAX_STARTS = 256


class WireField(NamedTuple):
    """A field of a message: its number, wire type and bounds.

    For a varint `maximum` bounds the value, for bytes the length.
    """

    number: int
    wire_type: int
    maximum: int


def malformed(reason: str, reason_zh: str) -> EnvelopeMalformedError:
    """Make the error for bytes that are no message of the subset."""
    return EnvelopeMalformedError(reason=reason, reason_zh=reason_zh)


def write_varint(value: int) -> bytes:
    """Encode an unsigned integer as a shortest varint."""
    if value < 0x80:
        return _BYTE[value]
    if value < 1 << 14:
        return bytes((value & 0x7F | 0x80, value >> 7))
    if 1 << 35 <= value < 1 << 42:
        # Milliseconds of our time: two of them stand in every header.
        return bytes(
            (
                value & 0x7F | 0x80,
                value >> 7 & 0x7F | 0x80,
                value >> 14 & 0x7F | 0x80,
                value >> 21 & 0x7F | 0x80,
                value >> 28 & 0x7F | 0x80,
                value >> 35,
            )
        )
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode a shortest varint of at most 64 bits; return it and the next position."""
    if at < len(data) and data[at] < 0x80:
        return data[at], at + 1
    value = shift = 0
    for position in range(at, min(len(data), at + MAX_VARINT_BYTES)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0:
                raise malformed("a varint is not the shortest", "变长整数不是最短形式")
            if value > MAX_UINT64:
                raise malformed("a varint is over 64 bits", "变长整数超过 64 位")
            return value, position + 1
        shift += 7
    raise malformed("a varint does not end", "变长整数没有结束")


def write_message(fields: Iterable[tuple[int, int | bytes]]) -> bytes:
    """Encode (number, value) pairs in ascending order, leaving defaults out.

    Numbers go up to 15, so that a tag is one byte.
    """
    out: list[bytes] = []
    append = out.append
    for number, value in fields:
        if not value:
            continue
        if type(value) is bytes:
            append(write_start(number, len(value)))
            append(value)
        else:
            append(_BYTE[number << 3 | VARINT])
            append(write_varint(int(value)))
    return b"".join(out)


@lru_cache(MAX_STARTS)
def write_start(number: int, length: int) -> bytes:
    """Encode the tag and the length of a field of bytes."""
    return _BYTE[number << 3 | BYTES] + write_varint(length)


def read_message(data: bytes, schema: Mapping[int, WireField]) -> dict[int, int | bytes]:
    """Decode a message of the subset to its values by field number.

    Raises: EnvelopeMalformedError for anything but the one byte form.
    """
    return dict(_fields(data, schema))


def _fields(data: bytes, schema: Mapping[int, WireField]) -> Iterator[tuple[int, int | bytes]]:
    at, before = 0, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        field = schema.get(number)
        if field is None or field.wire_type != wire_type:
            raise malformed("it holds an unknown field", "含有未知字段")
        if number <= before:
            raise malformed(
                f"field {number} is repeated or out of order", f"字段 {number} 重复或乱序"
            )
        before = number
        value, at = read_varint(data, at)
        if value > field.maximum:
            raise malformed(f"field {number} is over its limit", f"字段 {number} 超过上限")
        if value == 0:
            raise malformed(f"field {number} spells out its default", f"字段 {number} 写出了默认值")
        if wire_type == VARINT:
            yield number, value
            continue
        if value > len(data) - at:
            raise malformed(f"field {number} is cut short", f"字段 {number} 被截断")
        yield number, data[at : at + value]
        at += value
