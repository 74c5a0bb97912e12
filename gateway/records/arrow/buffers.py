"""Values of a column, out of its buffers: lists of Python, None where the column says null.

Dates, times and decimals stay the whole numbers that they lie there as.
"""

from collections.abc import Iterator
from itertools import pairwise
from struct import unpack
from typing import Any

from gateway.records.arrow.flatbuffers import broken
from gateway.records.arrow.limits import Room
from gateway.records.arrow.schema import ArrowType
from gateway.records.arrow.stream import Part
from gateway.records.columns import Values
from gateway.records.objects import BrokenRecordError

# A view holds so many bytes itself; longer ones lie in a buffer.
_INLINE = 12
# Narrower texts are cut by their places, all first letters at once; measured.
_STRIPES = 24


class Buffers:
    """The buffers of one batch, taken column by column."""

    def __init__(self, part: Part, room: Room) -> None:
        self._rows, self._body, self._room = part.rows, part.body, room
        # Lengths and nulls, offsets and lengths, and how many buffers views have more.
        self._nodes, self._buffers = iter(part.batch.pairs(1)), iter(part.batch.pairs(2))
        self._counts = iter(part.batch.longs(4))

    def column(self, kind: ArrowType) -> Values:
        """Return the next column's values.

        Raises: BrokenRecordError, LimitExceededError.
        """
        length, nulls = _next(self._nodes)
        if length != self._rows or not 0 <= nulls <= length:
            raise broken("a column of another length than its batch", "列长度与批次不一致")
        if kind.layout == "none":
            return [None] * length
        there = self._there(length, nulls)
        match kind.layout:
            case "bits":
                values: Values = [bit == "1" for bit in _bits(self._take(), length)]
            case "fixed":
                values = self._fixed(kind, length)
            case "offsets":
                values = self._offsets(kind, length)
            case _:
                values = self._views(kind, length)
        if not there:
            return values
        return [value if bit == "1" else None for value, bit in zip(values, there, strict=True)]

    def end(self) -> None:
        """Check that nothing is left. Raises: BrokenRecordError."""
        for left in (self._nodes, self._buffers, self._counts):
            if next(left, None) is not None:
                raise broken("a batch has more columns than the schema", "批次的列多于架构")

    def _there(self, length: int, nulls: int) -> str:
        """Spell which values are there; empty where all are."""
        buffer = self._take()
        if not len(buffer) and not nulls:
            return ""
        there = _bits(buffer, length)
        if there.count("0") != nulls:
            raise broken("a column has other nulls than it counts", "空值个数与声明不符")
        return there if nulls else ""

    def _take(self) -> memoryview:
        offset, length = _next(self._buffers)
        if offset < 0 or length < 0 or offset + length > len(self._body):
            raise broken("a buffer lies outside its batch", "缓冲区超出批次")
        return self._body[offset : offset + length]

    def _fixed(self, kind: ArrowType, length: int) -> Values:
        buffer, size = self._take(), kind.width * length
        if kind.family == "binary":
            self._room.take_bytes(size)
        if len(buffer) < size:
            raise _short()
        if kind.form:
            return list(unpack(f"<{length}{kind.form}", buffer[:size]))
        if kind.family == "decimal":
            return _wide_numbers(buffer[:size], kind.width, length)
        raw, width = bytes(buffer[:size]), kind.width
        return [raw[place * width : (place + 1) * width] for place in range(length)]

    def _offsets(self, kind: ArrowType, length: int) -> Values:
        held, buffer = self._take(), self._take()
        if not length:
            return []
        size = kind.width * (length + 1)
        if len(held) < size:
            raise _short()
        places = unpack(f"<{length + 1}{kind.form}", held[:size])
        first, last = places[0], places[-1]
        if not 0 <= first <= last <= len(buffer):
            raise _outside()
        self._room.take_bytes(last - first)
        raw = bytes(buffer[first:last])
        width, rest = divmod(last - first, length)
        even = not rest and width and places[1] - first == width == last - places[-2]
        even = even and places == tuple(range(first, last + 1, width))
        if even and kind.family == "text" and raw.isascii():
            return _even(raw, width)
        if not even and sorted(places) != list(places):
            raise _outside()
        return _cut(raw, places, kind.family == "text")

    def _views(self, kind: ArrowType, length: int) -> Values:
        held, count = self._take(), _next(self._counts)
        if count < 0:
            raise broken("a column counts fewer buffers than none", "缓冲区个数为负")
        # There are no more than the batch lists, whatever is counted.
        longer = [self._take() for _ in range(count)]
        if len(held) < 16 * length:
            raise _short()
        raw = bytes(held[: 16 * length])
        numbers = unpack(f"<{4 * length}i", raw)
        sizes = numbers[::4]
        if not length:
            return []
        if min(sizes) < 0:
            raise broken("a text of a length below nought", "文本长度为负")
        self._room.take_bytes(sum(sizes))
        parts = [
            raw[place : place + size] if size <= _INLINE else _far(longer, size, buffer, offset)
            for place, size, buffer, offset in zip(
                range(4, 16 * length, 16), sizes, numbers[2::4], numbers[3::4], strict=True
            )
        ]
        return _texts(parts) if kind.family == "text" else parts


def named(values: Values, sizes: list[int], indexes: Values, room: Room) -> Values:
    """Return a dictionary's values as a column names them.

    Raises: BrokenRecordError, LimitExceededError.
    """
    used = [index for index in indexes if index is not None] if None in indexes else indexes
    if not used:
        return indexes
    if min(used) < 0 or max(used) >= len(values):
        raise broken("a column names what its dictionary lacks", "列引用了字典中没有的值")
    room.take_bytes(sum(map(sizes.__getitem__, used)))
    if used is indexes:
        return list(map(values.__getitem__, used))
    return [None if index is None else values[index] for index in indexes]


def sizes_of(values: Values) -> list[int]:
    """Return how many bytes each value takes, so far as that grows."""
    encoded = (value.encode() if isinstance(value, str) else value for value in values)
    return [len(value) if isinstance(value, bytes) else 0 for value in encoded]


def _next(left: Iterator[Any]) -> Any:
    found = next(left, None)
    if found is None:
        raise broken("a batch has fewer columns than the schema", "批次的列少于架构")
    return found


def _bits(buffer: memoryview, length: int) -> str:
    """Spell bits, the first one first."""
    size = (length + 7) // 8
    if len(buffer) < size:
        raise _short()
    if not length:
        return ""
    return f"{int.from_bytes(buffer[:size], 'little'):0{8 * size}b}"[::-1][:length]


def _outside() -> BrokenRecordError:
    return broken("an offset points outside its buffer", "偏移量超出缓冲区")


def _even(raw: bytes, width: int) -> Values:
    """Cut texts of one width, as numbers and dates have it."""
    if width == 1:
        return list(raw.decode("ascii"))
    count = len(raw) // width
    if width > _STRIPES or b"\n" in raw:
        text = raw.decode("ascii")
        return [text[place : place + width] for place in range(0, len(raw), width)]
    lines = bytearray(b"\n" * ((width + 1) * count - 1))
    for place in range(width):
        lines[place :: width + 1] = raw[place::width]
    return lines.decode("ascii").split("\n")


def _cut(raw: bytes, places: tuple[int, ...], text: bool) -> Values:
    start = places[0]
    if start:
        places = tuple(place - start for place in places)
    if text and raw.isascii():
        whole = raw.decode("ascii")
        return [whole[first:last] for first, last in pairwise(places)]
    parts = [raw[first:last] for first, last in pairwise(places)]
    return _texts(parts) if text else parts


def _texts(parts: list[bytes]) -> Values:
    """Decode texts, all at once where none has a line of its own."""
    lines = b"\n".join(parts)
    try:
        if lines.count(b"\n") == len(parts) - 1:
            return lines.decode().split("\n")
        return [part.decode() for part in parts]
    except UnicodeDecodeError:
        raise broken("a text is not UTF-8", "文本不是 UTF-8") from None


def _far(longer: list[memoryview], size: int, buffer: int, offset: int) -> bytes:
    if not 0 <= buffer < len(longer) or not 0 <= offset <= len(longer[buffer]) - size:
        raise broken("a view points outside its buffers", "视图超出缓冲区")
    return bytes(longer[buffer][offset : offset + size])


def _wide_numbers(buffer: memoryview, width: int, length: int) -> Values:
    if width == 16:
        words = unpack(f"<{2 * length}Q", buffer)
        if not any(words[1::2]):
            return list(words[::2])
    places = range(0, width * length, width)
    return [
        int.from_bytes(buffer[place : place + width], "little", signed=True) for place in places
    ]


def _short() -> BrokenRecordError:
    return broken("a buffer is shorter than its column", "缓冲区短于列")
