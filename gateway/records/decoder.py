"""Decode records by the catalogue: one compiled decoder for a resource and a grant.

A generated `msgspec` type decodes, checks types and refuses unknown keys in one
pass over the bytes. Only when that fails does a slower second pass of our own
(`gateway.records.faults`) say what is wrong, without a value.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import astuple

from gateway.errors import LimitExceededError, RecordMalformedError
from gateway.model.call import Encoding
from gateway.model.resource import CodeList, Field, FieldType, Resource
from gateway.records.columns import MAX_INTEGER, ColumnCheck, Values, column_check
from gateway.records.faults import FaultFinder
from masking.counting import counted

# A call is held in memory whole; larger data goes as a stream.
MAX_RECORDS = 100_000
MAX_RECORD_BYTES = 16 * 1024 * 1024


# Rows are turned into columns by way of tuples, so many at a time: more of them
# would wake the garbage collector.
ROWS_AT_ONCE = 256


class Batch(Struct, frozen=True):
    """Decoded records, column by column in catalogue order; UNSET where a key is absent."""

    size: int
    columns: list[Values]

    def __repr__(self) -> str:
        return f"Batch({counted(self.size, 'record')})"


def _value_type(field: Field) -> Any:
    """Return the msgspec type of a field's present, non-null values."""
    match field.type:
        case FieldType.STRING:
            return Annotated[str, Meta(min_length=0 if field.empty else 1, max_length=field.length)]
        case FieldType.INTEGER:
            return Annotated[int, Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
        case FieldType.DECIMAL:
            return Decimal
        case FieldType.BOOLEAN:
            return bool
        case FieldType.BINARY:
            return Annotated[bytes, Meta(max_length=field.length)]
        case _:
            return str


def record_type(fields: Sequence[Field]) -> type[msgspec.Struct]:
    """Compile the type of one record with these fields; attributes are f0, f1, …"""
    ordered: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for index, field in enumerate(fields):
        kind = _value_type(field) | None if field.null else _value_type(field)
        if field.required:
            ordered.append((f"f{index}", kind))
        else:
            ordered.append((f"f{index}", kind | UnsetType, UNSET))
    return msgspec.defstruct(
        "Record",
        ordered,
        rename={f"f{index}": field.id for index, field in enumerate(fields)},
        namespace={"__repr__": lambda _: "Record(…)"},
        kw_only=True,
        forbid_unknown_fields=True,
        gc=False,
    )


class RecordDecoder:
    """Decoder of one resource's records, for the fields one grant names."""

    def __init__(
        self,
        resource: Resource,
        granted: frozenset[str],
        code_lists: Mapping[str, CodeList],
    ) -> None:
        self.fields = tuple(field for field in resource.fields if field.id in granted)
        checks: tuple[ColumnCheck | None, ...] = tuple(
            column_check(field, code_lists) for field in self.fields
        )
        kind = record_type(self.fields)
        self._by_id = {field.id: field for field in self.fields}
        self._array = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]  # made at run time
        self._line = msgspec.json.Decoder(kind)
        self._checked = [(place, check) for place, check in enumerate(checks) if check is not None]
        self._optional = tuple(i for i, field in enumerate(self.fields) if not field.required)
        self._colons = sum(map(_sure_colons, self.fields))
        self._finder = FaultFinder(resource, self.fields, checks)

    def decode(self, data: bytes, encoding: Encoding) -> Batch:
        """Decode all records or none.

        Of what comes as Arrow, docs/reference/arrow.md tells what is taken for what.
        Raises: LimitExceededError, RecordMalformedError, FieldUncataloguedError,
            FieldOutOfScopeError, FieldInvalidError.
        """
        if len(data) > MAX_RECORD_BYTES:
            raise _over("bytes of records", "记录字节数", len(data), MAX_RECORD_BYTES)
        size, columns = (self._arrow if encoding == "arrow" else self._objects)(data, encoding)
        for place, check in self._checked:
            # Most columns are whole; only one that is not is searched for its gaps.
            try:
                if not check(columns[place]):
                    continue
            except (AttributeError, TypeError):
                # A gap is no value of the type.
                pass
            if check(_present(columns[place])):
                raise self._finder.error(data, encoding)
        if encoding != "arrow" and self._may_repeat(data, columns):
            repeated = self._finder.find(data, encoding)
            if repeated is not None:
                raise repeated
        return Batch(size, columns)

    def _objects(self, data: bytes, encoding: Encoding) -> tuple[int, list[Values]]:
        """Decode JSON; return the number of records, and the columns."""
        try:
            if encoding == "json":
                records = self._array.decode(data)
            else:
                records = self._line.decode_lines(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self._finder.error(data, encoding) from None
        if len(records) > MAX_RECORDS:
            raise _over("number of records", "记录数", len(records), MAX_RECORDS)
        if not records:
            raise _empty()
        return len(records), _split(records)

    def _arrow(self, data: bytes, encoding: Encoding) -> tuple[int, list[Values]]:
        """Decode Arrow; return the number of records, and the columns."""
        from gateway.records.arrow import BrokenRecordError, UnreadableError, read_columns

        try:
            size, found = read_columns(data, self._by_id)
            if not size:
                raise _empty()
            return size, [_typed(field, found.get(field.id), size) for field in self.fields]
        except (BrokenRecordError, UnreadableError, msgspec.ValidationError):
            raise self._finder.error(data, encoding) from None

    def _may_repeat(self, data: bytes, columns: Sequence[Values]) -> bool:
        """Tell whether a key may stand twice in a record; False is certain.

        `msgspec` keeps the last of two equal keys. Every key has one colon behind it,
        and no other colon is outside text: with as many as keys kept, none is twice.
        """
        size = len(columns[0]) if columns else 0
        keys = size * len(columns)
        for place in self._optional:
            keys -= columns[place].count(UNSET)
        spare = data.count(b":") - keys
        if not spare:
            return False
        if b"\\" in data and (b"\\u003a" in data or b"\\u003A" in data):
            # Spelled so, a colon is in the text kept, but was not counted in the bytes.
            return True
        if spare == self._colons * size:
            return False
        for column in columns:
            spare -= "".join([value for value in column if isinstance(value, str)]).count(":")
            if not spare:
                return False
        return True


def _typed(field: Field, values: Values | None, size: int) -> Values:
    """Hold a column to its field's type, as JSON is held to it.

    Raises: msgspec.ValidationError.
    """
    if values is None:
        if field.required:
            raise msgspec.ValidationError
        return [UNSET] * size
    whole = field.required and not field.null
    kind: Any = _value_type(field) if whole else _value_type(field) | None
    typed: Values = msgspec.convert(values, list[kind])
    if whole or field.null or None not in typed:
        return typed
    # Null can only say that the key is absent here.
    return [UNSET if value is None else value for value in typed]


def _empty() -> RecordMalformedError:
    return RecordMalformedError(reason="there is no record", reason_zh="没有记录")


def _split(records: list[Any]) -> list[Values]:
    if len(records) == 1:
        return [[value] for value in astuple(records[0])]
    columns: list[Values] = [[] for _ in astuple(records[0])]
    for start in range(0, len(records), ROWS_AT_ONCE):
        rows = map(astuple, records[start : start + ROWS_AT_ONCE])
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column += values
    return columns


def _present(column: Values) -> Values:
    return [value for value in column if value is not None and value is not UNSET]


def _sure_colons(field: Field) -> int:
    """Count the colons that each value of a field surely has: a time of a fixed format."""
    sure = field.type is FieldType.DATETIME and field.required
    if not sure or field.null or field.open_end or field.format is None or "Z" in field.format:
        return 0
    return field.format.count(":")


def _over(what: str, what_zh: str, actual: int, limit: int) -> LimitExceededError:
    return LimitExceededError(what=what, what_zh=what_zh, actual=actual, limit=limit)
