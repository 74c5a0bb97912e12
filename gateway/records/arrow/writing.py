"""Write what an opened envelope held as a stream of one batch.

A column's type follows from the manifest's, never from what happens to stand in it, with
two exceptions that lose nothing: a decimal has as many digits behind the point as its
longest value, and a column with a value that is not of its type is text.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from itertools import accumulate
from struct import pack
from typing import Any

import msgspec
from msgspec import Struct

from gateway.model.call import Manifest
from gateway.records.arrow.flatbuffers import BYTE, INT, LONG, SHORT, Pairs, Slots, written
from gateway.records.columns import Values

_ABSENT = "absent"
_MOST_DIGITS = 38
_DECIMAL = re.compile(r"-?[0-9]{1,38}(?:\.[0-9]{1,38})?")
_EXACT = Context(prec=80)
_VERSION, _SCHEMA, _BATCH = 4, 1, 3
_END = b"\xff\xff\xff\xff\0\0\0\0"
# Buffers begin at multiples of it, as the format advises.
_WORD = 64

_rows = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


class _Made(Struct, frozen=True):
    """A column: its type's number and table, its nulls, and its buffers."""

    number: int
    kind: Slots
    nulls: int
    buffers: list[bytes]


class _UnlikeError(Exception):
    """A value that is not of its column's type."""


def records_to_arrow(records: bytes, manifest: Manifest) -> bytes:
    """Write a JSON array of flat records, as the manifest types them.

    Fields that were dropped have no column; a key that is absent is null.
    """
    rows = _rows.decode(records)
    fields = [field for field in manifest.fields if field.type != _ABSENT]
    made = [_made([row.get(field.id) for row in rows], field.type) for field in fields]
    header = Slots(
        (SHORT, 0),
        [
            # name, nullable, number of the type, type, no dictionary, no children
            Slots(field.id, (BYTE, 1), (BYTE, one.number), one.kind, None, [])
            for field, one in zip(fields, made, strict=True)
        ],
    )
    body, places = bytearray(), []
    for buffer in (buffer for one in made for buffer in one.buffers):
        places.append((len(body), len(buffer)))
        body += buffer + bytes(-len(buffer) % _WORD)
    nodes = [(len(rows), one.nulls) for one in made]
    batch = Slots((LONG, len(rows)), Pairs(nodes), Pairs(places))
    return b"".join((_message(_SCHEMA, header, 0), _message(_BATCH, batch, len(body)), body, _END))


def _message(kind: int, header: Slots, body: int) -> bytes:
    described = written(Slots((SHORT, _VERSION), (BYTE, kind), header, (LONG, body)))
    return _END[:4] + pack("<i", len(described)) + described


def _made(values: Values, type: str) -> _Made:
    make = _MAKERS.get(type, _text)
    try:
        return make(values)
    except _UnlikeError:
        return _text(values)


def _column(number: int, kind: Slots, values: Values, *buffers: bytes) -> _Made:
    nulls = values.count(None)
    there = _bits([value is not None for value in values]) if nulls else b""
    return _Made(number, kind, nulls, [there, *buffers])


def _bits(values: Sequence[bool]) -> bytes:
    spelled = "".join(["1" if value else "0" for value in reversed(values)])
    return int(spelled or "0", 2).to_bytes((len(values) + 7) // 8, "little")


def _text(values: Values) -> _Made:
    try:
        texts, whole = values, "".join(values)
    except TypeError:
        texts = [value if isinstance(value, str) else _told(value) for value in values]
        whole = "".join(texts)
    if not whole.isascii():
        return _column(5, Slots(), values, *_pieces([text.encode() for text in texts]))
    return _column(5, Slots(), values, _offsets(map(len, texts)), whole.encode())


def _told(value: object) -> str:
    """Tell in text what stands where text was to stand; null is nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal) or type(value) is int:
        return str(value)
    return msgspec.json.encode(value).decode()


def _pieces(pieces: list[bytes]) -> tuple[bytes, bytes]:
    return _offsets(map(len, pieces)), b"".join(pieces)


def _offsets(sizes: Iterable[int]) -> bytes:
    places = tuple(accumulate(sizes, initial=0))
    return pack(f"<{len(places)}i", *places)


def _integer(values: Values) -> _Made:
    numbers = [0 if value is None else value for value in values]
    if not all(type(number) is int and -(1 << 63) <= number < 1 << 63 for number in numbers):
        raise _UnlikeError
    kind = Slots((INT, 64), (BYTE, 1))
    return _column(2, kind, values, pack(f"<{len(numbers)}q", *numbers))


def _boolean(values: Values) -> _Made:
    if not all(value is None or isinstance(value, bool) for value in values):
        raise _UnlikeError
    return _column(6, Slots(), values, _bits([value is True for value in values]))


def _binary(values: Values) -> _Made:
    try:
        pieces = [
            b"" if value is None else base64.b64decode(value, validate=True) for value in values
        ]
    except (binascii.Error, TypeError, ValueError):
        raise _UnlikeError from None
    return _column(4, Slots(), values, *_pieces(pieces))


def _decimal(values: Values) -> _Made:
    numbers = [None if value is None else _exact(value) for value in values]
    scale = max((-_exponent(number) for number in numbers if number is not None), default=0)
    whole = [0 if number is None else int(_EXACT.scaleb(number, scale)) for number in numbers]
    if any(abs(number) >= 10**_MOST_DIGITS for number in whole):
        raise _UnlikeError
    kind = Slots((INT, _MOST_DIGITS), (INT, scale), (INT, 128))
    data = b"".join([number.to_bytes(16, "little", signed=True) for number in whole])
    return _column(7, kind, values, data)


def _exact(value: object) -> Decimal:
    """Read digits, without an exponent and no more than the column takes."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _UnlikeError
    text = value if isinstance(value, str) else _told(value)
    if _DECIMAL.fullmatch(text) is None:
        raise _UnlikeError
    return Decimal(text)


def _exponent(number: Decimal) -> int:
    return int(number.as_tuple().exponent)


_MAKERS: dict[str, Callable[[Values], _Made]] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "binary": _binary,
}
