"""What is refused of Arrow, with which code and which words."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from gateway.errors import (
    FieldInvalidError,
    FieldOutOfScopeError,
    FieldUncataloguedError,
    LimitExceededError,
    RecordMalformedError,
)
from gateway.records.arrow.limits import MAX_COLUMNS, MAX_MESSAGES, MAX_VALUES, MAX_VALUES_A_BYTE
from gateway.records.decoder import MAX_RECORD_BYTES, MAX_RECORDS
from gateway.records.faults import MAX_FAULTS
from tests.gateway.arrow_streams import stream_of
from tests.gateway.entries import make_decoder, make_field

DAY, MOMENT = date(2024, 2, 29), datetime(2024, 2, 29, 8, 30, 15)
DATE = make_field("f", "date", format="YYYY-MM-DD")
TIME = make_field("f", "datetime", format="YYYY-MM-DDTHH:mm:ss")
ZONED = make_field("f", "datetime", format="YYYY-MM-DDTHH:mm:ssZ")
AMOUNT = make_field("f", "decimal", precision=6, scale=2)
NAME = make_field("f")


def _stream(values: Any, kind: Any = None) -> bytes:
    return stream_of(pa.table({"f": pa.array(values, kind)}))


TAKEN: list[tuple[Any, Any, Any, Any]] = [
    (DATE, [DAY], pa.date64(), "2024-02-29"),
    (DATE, [datetime(2024, 2, 29)], pa.timestamp("ns"), "2024-02-29"),
    (TIME, [MOMENT], pa.timestamp("ms"), "2024-02-29T08:30:15"),
    (ZONED, [MOMENT.replace(tzinfo=UTC)], pa.timestamp("us", "UTC"), "2024-02-29T08:30:15Z"),
    (
        ZONED,
        [MOMENT.replace(tzinfo=timezone(timedelta(hours=8)))],
        pa.timestamp("s", "+08:00"),
        "2024-02-29T08:30:15+08:00",
    ),
    (AMOUNT, [Decimal("12.5000000000")], pa.decimal128(38, 10), Decimal("12.50")),
    (AMOUNT, [Decimal("1200")], pa.decimal128(4, -2), Decimal(1200)),
    (AMOUNT, [-0.25], pa.float64(), Decimal("-0.25")),
    (AMOUNT, [12], pa.uint64(), Decimal(12)),
    (AMOUNT, ["12.50"], pa.large_utf8(), Decimal("12.50")),
    (make_field("f", "binary", length=4), [b"ab"], pa.binary(2), b"ab"),
    (make_field("f", "binary", length=4), ["QUI="], pa.utf8(), b"AB"),
    (make_field("f", null=True), [None], pa.null(), None),
    (make_field("f", null=True), [None], pa.float32(), None),
    (NAME, ["名"], pa.dictionary(pa.int32(), pa.large_utf8()), "名"),
]


@pytest.mark.parametrize(("field", "values", "kind", "wanted"), TAKEN)
def test_a_type_that_holds_the_values_is_taken(
    field: Any, values: Any, kind: Any, wanted: Any
) -> None:
    """Spelled as JSON would have brought them."""
    column = make_decoder(field).decode(_stream(values, kind), "arrow").columns[0]
    assert repr(column) == repr([wanted])


UNFIT: list[tuple[Any, Any, Any, str]] = [
    (NAME, [1], pa.int64(), "int64"),
    (NAME, [b"a"], pa.binary(), "binary"),
    (NAME, [["a"]], pa.list_(pa.utf8()), "list"),
    (NAME, [{"a": 1}], pa.struct([("a", pa.int8())]), "struct"),
    (NAME, [DAY], pa.date32(), "date32"),
    (make_field("f", "integer"), [1.0], pa.float64(), "double"),
    (make_field("f", "integer"), ["1"], pa.utf8(), "utf8"),
    (make_field("f", "boolean"), [1], pa.int8(), "int8"),
    (AMOUNT, [0.5], pa.float32(), "float"),
    (AMOUNT, [True], pa.bool_(), "bool"),
    (make_field("f", "date", format="YYYY-MM"), [DAY], pa.date32(), "date32"),
    (TIME, [DAY], pa.date32(), "date32"),
    (TIME, [MOMENT.replace(tzinfo=UTC)], pa.timestamp("s", "UTC"), "timestamp[s, with time zone]"),
    (ZONED, [MOMENT], pa.timestamp("us"), "timestamp[us]"),
    (ZONED, [MOMENT], pa.timestamp("us", "Asia/Shanghai"), "timestamp[us, with time zone]"),
]


@pytest.mark.parametrize(("field", "values", "kind", "name"), UNFIT)
def test_a_type_that_does_not_hold_the_values_is_named(
    field: Any, values: Any, kind: Any, name: str
) -> None:
    """By record and field, with what was expected and the type that stands there."""
    with pytest.raises(FieldInvalidError) as caught:
        make_decoder(field).decode(_stream(values, kind), "arrow")
    (fault,) = caught.value.fields
    assert (fault.record, fault.field) == (1, "f")
    assert fault.text.endswith(f", but the Arrow column is {name}")
    assert fault.text_zh.endswith(f"，但 Arrow 列为 {name}")


@pytest.mark.parametrize(
    ("field", "values", "kind"),
    [
        (AMOUNT, [float("nan")], pa.float64()),
        (AMOUNT, [float("-inf")], pa.float64()),
        (AMOUNT, [Decimal("1.505")], pa.decimal128(10, 3)),
        (make_field("f", "integer"), [1 << 63], pa.uint64()),
        (make_field("f", "integer"), [-(1 << 63)], pa.int64()),
        (TIME, [MOMENT.replace(microsecond=1)], pa.timestamp("us")),
        (DATE, [MOMENT], pa.timestamp("us")),
        (DATE, [10**9], pa.date32()),
        (TIME, [1 << 62], pa.timestamp("s")),
        (NAME, [None], pa.utf8()),
        (NAME, [""], pa.utf8()),
        (make_field("f", length=3), ["abcd"], pa.utf8()),
        (make_field("f", "binary", length=1), [b"ab"], pa.binary()),
        (make_field("f", "code"), ["zz"], pa.dictionary(pa.int8(), pa.utf8())),
    ],
)
def test_a_value_that_does_not_fit_is_refused(field: Any, values: Any, kind: Any) -> None:
    """With the record it stands in, the good one before it not counted."""
    with pytest.raises(FieldInvalidError) as caught:
        make_decoder(field).decode(_stream(values, kind), "arrow")
    assert caught.value.records == (1,)


def test_faults_are_told_by_record_and_no_more_than_fit() -> None:
    """All are counted; records are numbered over all batches."""
    data = stream_of(pa.table({"f": ["x", *["y" * 99] * 80]}), 7)
    with pytest.raises(FieldInvalidError) as caught:
        make_decoder(make_field("f", length=9)).decode(data, "arrow")
    assert caught.value.fault_count == 80
    assert len(caught.value.fields) == MAX_FAULTS
    assert caught.value.records == tuple(range(2, 82))


def test_columns_are_held_to_catalogue_and_grant() -> None:
    """An unknown name, one that is not granted, one twice, one missing; of any type."""
    fields = (make_field("f"), make_field("g"))
    decoder = make_decoder(*fields, granted=frozenset(("f",)))
    nested = pa.array([[["x"]], [[]]])
    with pytest.raises(FieldUncataloguedError) as unknown:
        decoder.decode(stream_of(pa.table({"f": ["a", "b"], "h": nested})), "arrow")
    assert unknown.value.records == (1, 2)
    with pytest.raises(FieldOutOfScopeError, match="g"):
        decoder.decode(stream_of(pa.table({"f": ["a", "b"], "g": nested})), "arrow")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["f", "f"])
    with pytest.raises(FieldInvalidError) as caught:
        decoder.decode(stream_of(twice), "arrow")
    assert "twice" in caught.value.fields[0].text
    with pytest.raises(FieldInvalidError) as missing:
        make_decoder(*fields).decode(stream_of(pa.table({"f": ["a"]})), "arrow")
    assert missing.value.fields[0].text == "the field is missing"


def test_null_is_an_absent_key_where_it_can_say_nothing_else() -> None:
    """As it is in Parquet; null where the catalogue lets null stand."""
    fields = (make_field("f", required=False), make_field("g", required=False, null=True))
    data = stream_of(pa.table({"f": ["a", None], "g": ["a", None]}))
    absent = make_decoder(*fields).decode(data, "arrow").columns
    assert repr(absent) == "[['a', UNSET], ['a', None]]"


def _compressed() -> bytes:
    return stream_of(pa.table({"f": ["a" * 1000] * 9}), compression="zstd")


def _cut_off() -> bytes:
    return stream_of(pa.table({"f": ["a", "b"]}), 1)[:-8]


MALFORMED: list[tuple[Callable[[], bytes], str]] = [
    (lambda: b"", "cut off before its end mark"),
    (lambda: b"[]", "cut off before its end mark"),
    (lambda: b"ARROW1\0\0" + bytes(40), "cut off before its end mark"),
    (lambda: b"\xff\xff\xff\xff\0\0\0\0", "does not begin with a schema"),
    (_compressed, "write it without compression"),
    (_cut_off, "cut off before its end mark"),
    (lambda: _stream(["a"]) + b"\0", "more stands behind its end mark"),
    (lambda: _stream([], pa.utf8()), "there is no record"),
    (lambda: _stream(["名"]).replace("名".encode(), b"\xff\xfe\xfd"), "not UTF-8"),
]


@pytest.mark.parametrize(("make", "reason"), MALFORMED)
def test_what_is_no_stream_is_refused_with_the_reason(
    make: Callable[[], bytes], reason: str
) -> None:
    """In both languages, and with what to do where something can be done."""
    with pytest.raises(RecordMalformedError) as caught:
        make_decoder(NAME).decode(make(), "arrow")
    assert reason in caught.value.message


def _dictionary() -> bytes:
    names = pa.DictionaryArray.from_arrays(pa.array([0] * 9_000, pa.int8()), ["x" * 2_000])
    return stream_of(pa.table({"f": names}))


def _views() -> bytes:
    long = pa.array(["x" * 2_000], pa.string_view())
    held = bytes(long.buffers()[1]) * 9_000
    views = pa.Array.from_buffers(
        pa.string_view(), 9_000, [None, pa.py_buffer(held), long.buffers()[2]]
    )
    return stream_of(pa.table({"f": views}))


def _nulls() -> tuple[bytes, int]:
    data = stream_of(pa.table({f"f{n}": pa.nulls(MAX_RECORDS) for n in range(9)}))
    return data, 65_536 + MAX_VALUES_A_BYTE * len(data)


def _nothing() -> bytes:
    few = stream_of(pa.table({"f": pa.nulls(98_765)}))
    return few.replace((98_765).to_bytes(8, "little"), (1 << 62).to_bytes(8, "little"))


BOMBS: list[tuple[Callable[[], bytes], str, int]] = [
    (_dictionary, "bytes of records", MAX_RECORD_BYTES),
    (_views, "bytes of records", MAX_RECORD_BYTES),
    (_nothing, "number of records", MAX_RECORDS),
    (
        lambda: stream_of(pa.table({f"f{n}": [True] * MAX_RECORDS for n in range(30)})),
        "number of values",
        MAX_VALUES,
    ),
    (lambda: _nulls()[0], "number of values", _nulls()[1]),
    (
        lambda: stream_of(pa.table({f"f{n}": ["a"] for n in range(MAX_COLUMNS + 1)})),
        "number of columns",
        MAX_COLUMNS,
    ),
    (
        lambda: stream_of(pa.table({"f": ["a"] * (MAX_MESSAGES + 1)}), 1),
        "number of batches",
        MAX_MESSAGES,
    ),
    (lambda: bytes(MAX_RECORD_BYTES + 1), "bytes of records", MAX_RECORD_BYTES),
]


@pytest.mark.parametrize(("make", "what", "limit"), BOMBS)
def test_what_grows_when_it_is_read_is_refused(
    make: Callable[[], bytes], what: str, limit: int
) -> None:
    """By what the stream declares or names, before it takes room."""
    with pytest.raises(LimitExceededError) as caught:
        make_decoder(make_field("f", length=9_999)).decode(make(), "arrow")
    assert caught.value.message.startswith(what)
    assert caught.value.message.endswith(f"limit of {limit}")
