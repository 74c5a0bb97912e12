"""Messages of a stream: a schema, dictionaries and batches, up to the end mark."""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from gateway.records.arrow.flatbuffers import BYTE, LONG, SHORT, Table, broken, root
from gateway.records.arrow.limits import MAX_MESSAGES, MAX_METADATA_BYTES, Room, over
from gateway.records.arrow.schema import ArrowColumn, read_schema

_MARK = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
# Metadata versions 4 and 5: all that was written since 2017.
_VERSIONS = (3, 4)
# A longer schema is read anew each time.
_KEPT_BYTES = 16_384


class Part(Struct, frozen=True):
    """A batch of records, or of a dictionary's values, as yet unread."""

    rows: int
    batch: Table
    body: memoryview
    dictionary: int | None = None
    delta: bool = False


class Stream(Struct, frozen=True):
    """A stream whose descriptions were read, and none of its values.

    What dictionaries hold has room of its own: of it only that counts as records
    which columns name.
    """

    columns: tuple[ArrowColumn, ...]
    parts: list[Part]
    rows: int
    room: Room
    dictionary_room: Room


def read_stream(data: bytes) -> Stream:
    """Read all descriptions of a stream.

    Raises: BrokenRecordError, LimitExceededError.
    """
    messages = _messages(data)
    described, _ = next(messages, (b"", None))
    columns = (_known_schema if len(described) <= _KEPT_BYTES else _schema)(described)
    room, dictionary_room = Room(len(data)), Room(len(data))
    parts: list[Part] = []
    rows = 0
    for described, body in messages:
        message = root(described)
        if len(parts) >= MAX_MESSAGES:
            raise over("number of batches", "批次数", len(parts) + 1, MAX_MESSAGES)
        part = _part(message, body)
        if part.dictionary is None:
            room.take_records(part.rows, len(columns))
            rows += part.rows
        else:
            dictionary_room.take_values(part.rows)
        parts.append(part)
    return Stream(columns, parts, rows, room, dictionary_room)


def _schema(described: bytes) -> tuple[ArrowColumn, ...]:
    if described:
        message = root(described)
        header = message.table(2)
        if header is not None and message.number(1, BYTE, 0) == _SCHEMA:
            return read_schema(header)
    raise broken("it does not begin with a schema", "开头不是架构")


# A system sends the same schema with every call.
_known_schema = lru_cache(maxsize=64)(_schema)


def _messages(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yield each message's description and body."""
    view, place = memoryview(data), 0
    while True:
        if data[place : place + 4] != _MARK or len(data) < place + 8:
            # Without the mark the rest may have been cut off: records would be missing.
            raise broken("it is cut off before its end mark", "在结束标记之前中断")
        size = int.from_bytes(data[place + 4 : place + 8], "little", signed=True)
        place += 8
        if size == 0:
            break
        if not 0 < size <= MAX_METADATA_BYTES:
            raise broken("a description of no possible length", "描述长度不合理")
        described = data[place : place + size]
        message = root(described)
        place += size
        length = message.number(3, LONG, 0)
        if length < 0 or place + length > len(data):
            raise broken("it is cut off within a batch", "在批次中途中断")
        if message.number(0, SHORT, 0) not in _VERSIONS:
            raise broken("its version is not known", "版本未知")
        yield described, view[place : place + length]
        place += length
    if place != len(data):
        raise broken("more stands behind its end mark", "结束标记之后还有内容")


def _part(message: Table, body: memoryview) -> Part:
    kind, header = message.number(1, BYTE, 0), message.table(2)
    if header is not None and kind == _BATCH:
        return _batch(header, body, None, False)
    if header is not None and kind == _DICTIONARY:
        batch = header.table(1)
        if batch is not None:
            delta = bool(header.number(2, BYTE, 0))
            return _batch(batch, body, header.number(0, LONG, 0), delta)
    raise broken("a message that is no batch", "含有非批次消息")


def _batch(batch: Table, body: memoryview, dictionary: int | None, delta: bool) -> Part:
    rows = batch.number(0, LONG, 0)
    if rows < 0:
        raise broken("a batch of a length below nought", "批次长度为负")
    if batch.table(3) is not None:
        raise broken("its buffers are compressed: write it without compression", "请勿压缩缓冲区")
    return Part(rows, batch, body, dictionary, delta)
