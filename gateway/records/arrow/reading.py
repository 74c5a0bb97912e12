"""Read a stream: as columns for the decoder, or record by record for what finds faults."""

import base64
from collections.abc import Iterator, Mapping

from gateway.model.resource import Field
from gateway.records.arrow.buffers import Buffers, named, sizes_of
from gateway.records.arrow.flatbuffers import broken
from gateway.records.arrow.limits import Room
from gateway.records.arrow.schema import ArrowColumn, ArrowType
from gateway.records.arrow.spelling import spelled
from gateway.records.arrow.stream import Part, Stream, read_stream
from gateway.records.columns import Values
from gateway.records.objects import Pairs, Unfit

_Dictionaries = dict[int, tuple[Values, list[int]]]


class UnreadableError(Exception):
    """Columns that are unknown, repeated or of no flat type: only faults can be told."""


def read_columns(data: bytes, fields: Mapping[str, Field]) -> tuple[int, dict[str, Values]]:
    """Return the number of records, and the values of each column that is there.

    Values are as JSON has them, but for bytes. Raises: BrokenRecordError,
        LimitExceededError, UnreadableError.
    """
    stream = read_stream(data)
    if not stream.rows:
        return 0, {}
    if not _readable(stream, fields):
        raise UnreadableError
    return stream.rows, _columns(stream, fields)


def read_pairs(data: bytes, fields: Mapping[str, Field]) -> Iterator[Pairs]:
    """Yield the records as pairs of name and value, as they would stand in JSON.

    Raises: BrokenRecordError, LimitExceededError.
    """
    stream = read_stream(data)
    if not _readable(stream, fields):
        return _unread(stream)
    return _records(stream.rows, _columns(stream, fields), fields)


def _readable(stream: Stream, fields: Mapping[str, Field]) -> bool:
    names = {column.name for column in stream.columns}
    flat = all(column.kind.family != "other" for column in stream.columns)
    return flat and len(names) == len(stream.columns) and fields.keys() >= names


def _unread(stream: Stream) -> Iterator[Pairs]:
    """Yield what can be told without values: names, and types that hold none."""
    pairs: Pairs = [
        (column.name, Unfit(column.kind.name if column.kind.family == "other" else None))
        for column in stream.columns
    ]
    for _ in range(stream.rows):
        yield pairs


def _records(
    rows: int, columns: Mapping[str, Values], fields: Mapping[str, Field]
) -> Iterator[Pairs]:
    gaps = {name for name in columns if null_is_gap(fields[name])}
    for row in range(rows):
        yield [
            (name, _written(column[row]))
            for name, column in columns.items()
            if not (name in gaps and column[row] is None)
        ]


def null_is_gap(field: Field) -> bool:
    """Tell whether null says that the key is absent, since it can say nothing else."""
    return not field.required and not field.null


def _written(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _columns(stream: Stream, fields: Mapping[str, Field]) -> dict[str, Values]:
    """Read the values of all batches, each with the dictionaries that stand before it."""
    found: dict[str, Values] = {column.name: [] for column in stream.columns}
    dictionaries: _Dictionaries = {}
    kinds = _kinds(stream.columns)
    for part in stream.parts:
        if part.dictionary is not None:
            _learn(part, part.dictionary, kinds, stream.dictionary_room, dictionaries)
            continue
        buffers = Buffers(part, stream.room)
        for column in stream.columns:
            values = _values(column, buffers, stream.room, dictionaries)
            found[column.name] += spelled(values, column.kind, fields[column.name])
        buffers.end()
    return found


def _kinds(columns: tuple[ArrowColumn, ...]) -> dict[int, ArrowType]:
    """Return the type of each dictionary's values."""
    found: dict[int, ArrowType] = {}
    for column in columns:
        known = found.setdefault(column.dictionary, column.kind) if column.index else column.kind
        if known != column.kind:
            raise broken("a dictionary of two types", "同一字典有两种类型")
    return found


def _learn(
    part: Part, number: int, kinds: Mapping[int, ArrowType], room: Room, known: _Dictionaries
) -> None:
    """Read a dictionary's values, or more of them."""
    kind = kinds.get(number)
    if kind is None:
        raise broken("a dictionary that no column has", "没有列使用的字典")
    buffers = Buffers(part, room)
    values = buffers.column(kind)
    buffers.end()
    if part.delta and number in known:
        known[number][0].extend(values)
        known[number][1].extend(sizes_of(values))
    else:
        known[number] = values, sizes_of(values)


def _values(
    column: ArrowColumn, buffers: Buffers, room: Room, dictionaries: _Dictionaries
) -> Values:
    if column.index is None:
        return buffers.column(column.kind)
    # A column of nulls needs no dictionary.
    values, sizes = dictionaries.get(column.dictionary, ([], []))
    return named(values, sizes, buffers.column(column.index), room)
