"""Envelope files: one envelope as it is, or the parts of a stream one behind the other.

In a stream file each part stands behind its length in 8 bytes, big-endian. The
first byte tells the two apart: an envelope begins with 0x0a, a length with 0.
"""

from collections.abc import Iterator
from io import BufferedReader
from typing import BinaryIO

from gateway.envelope.opening import MAX_ENVELOPE_BYTES
from gateway.errors import EnvelopeMalformedError, StreamBrokenError

LENGTH_BYTES = 8


def is_stream(file: BinaryIO) -> bool:
    """Tell whether a file opened at its start holds a stream; it stays at its start."""
    if isinstance(file, BufferedReader):
        # A pipe cannot go back.
        return file.peek(1)[:1] == b"\0"
    first = file.read(1)
    file.seek(0)
    return first == b"\0"


def write_part(file: BinaryIO, envelope: bytes) -> None:
    """Append one part of a stream."""
    file.write(len(envelope).to_bytes(LENGTH_BYTES, "big") + envelope)


def read_parts(file: BinaryIO) -> Iterator[bytes]:
    """Yield the parts of a stream.

    Raises: StreamBrokenError where a part is cut short, EnvelopeMalformedError
        where one is over its limit.
    """
    number = 0
    while prefix := file.read(LENGTH_BYTES):
        number += 1
        length = int.from_bytes(prefix, "big")
        if length > MAX_ENVELOPE_BYTES:
            raise EnvelopeMalformedError(
                reason=f"part {number} is over its limit", reason_zh=f"第 {number} 部分超过上限"
            )
        data = file.read(length)
        if len(prefix) != LENGTH_BYTES or len(data) != length:
            raise StreamBrokenError(part=number, reason="it is cut short", reason_zh="内容被截断")
        yield data
