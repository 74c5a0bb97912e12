"""The second pass says what is wrong, where and how often, and shows no value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FieldInvalidError, FieldUncataloguedError
from gateway.records.faults import (
    MAX_FAULT_BYTES,
    MAX_FAULTS,
    FaultFinder,
    looks_rounded,
    shown_name,
    uncatalogued_columns,
)
from keys.errors import SealgateError
from tests.gateway.entries import make_decoder, make_field, make_resource

FIELDS = (
    make_field("name", length=4),
    make_field("resident_id", kind="resident_id", length=18, required=False),
    make_field("count", "integer", required=False),
    make_field("hidden", required=False),
)
GRANTED = frozenset({"name", "resident_id", "count"})
SECRET = "110105199003077777"


def _refuse(records: object, encoding: str = "json") -> SealgateError:
    decoder = make_decoder(*FIELDS, granted=GRANTED)
    data = records if isinstance(records, bytes) else json.dumps(records).encode()
    with pytest.raises(SealgateError) as caught:
        decoder.decode(data, encoding)  # type: ignore[arg-type]
    error = caught.value
    for text in (str(error), repr(error), error.message_zh, repr(error.fields)):
        assert SECRET not in text
    return error


NAMES = [
    ("name", "name"),
    ("a", "a"),
    ("birth_date2", "birth_date2"),
    ("A" + "b" * 63, "A" + "b" * 63),
    ("A" + "b" * 64, "#3"),
    ("a12345", "a12345"),
    ("a123456", "#3"),
    ("x_110105199003077777", "#3"),
    ("110105199003077777", "#3"),
    ("_private", "#3"),
    ("1st", "#3"),
    ("姓名", "#3"),
    ("张三", "#3"),
    ("na me", "#3"),
    ("name\n", "#3"),
    ("na-me", "#3"),
    ("ｎａｍｅ", "#3"),
    ("name٣", "#3"),
    ("", "#3"),
    ("\ud800", "#3"),
]


@pytest.mark.parametrize(("key", "shown"), NAMES)
def test_a_key_is_shown_only_if_it_looks_like_a_name(key: str, shown: str) -> None:
    """A key can be an identity number; then its place is told."""
    assert shown_name(key, 3) == shown


@given(st.text())
def test_no_shown_name_holds_six_digits_or_anything_but_letters(key: str) -> None:
    """Whatever the key."""
    shown = shown_name(key, 7)
    if shown != "#7":
        assert shown == key
        assert shown.isascii()
        assert shown.replace("_", "").isalnum()
        assert len(shown) <= 64
        runs = "".join(char if char.isdigit() else " " for char in shown).split()
        assert all(len(run) < 6 for run in runs)


def test_faults_name_record_field_and_what_is_expected() -> None:
    """Of every record and field, in English and Chinese."""
    error = _refuse(
        [
            {"name": "好"},
            {"name": 1, "count": "x", "resident_id": None},
            {},
            {"name": "太长的名字", "count": True},
            {"name": ""},
        ]
    )
    assert isinstance(error, FieldInvalidError)
    assert [(fault.record, fault.field, fault.text) for fault in error.fields] == [
        (2, "name", "expected text (a number stands here: write it in quotes)"),
        (2, "count", "expected a whole number"),
        (2, "resident_id", "null may not stand here"),
        (3, "name", "the field is missing"),
        (4, "name", "longer than 4 characters"),
        (4, "count", "expected a whole number"),
        (5, "name", "empty text may not stand here"),
    ]
    assert error.fault_count == 7
    assert error.records == (2, 3, 4, 5)
    assert error.message == "7 values of the wrong type, in 4 records"
    assert all("\u4e00" <= fault.text_zh[-1] <= "）" or fault.text_zh for fault in error.fields)


def test_a_truth_value_is_no_number() -> None:
    """Though Python takes one for the other."""
    (fault,) = _refuse([{"name": True}]).fields
    assert fault.text == "expected text"


@pytest.mark.parametrize("number", [1.4e17, 1e17, 123456789012345680.0])
def test_an_identity_number_as_a_number_gets_the_spreadsheet_hint(number: float) -> None:
    """And other fields get the one about quotes."""
    error = _refuse([{"name": number, "resident_id": number}])
    texts = {fault.field: fault.text for fault in error.fields}
    assert "spreadsheet" in texts["resident_id"]
    assert "quotes" in texts["name"]
    whole = _refuse([{"name": "a", "resident_id": 110105199003077777}])
    assert "quotes" in whole.fields[0].text


@pytest.mark.parametrize(
    ("text", "rounded"),
    [
        ("1.1E+17", True),
        ("1e17", True),
        ("9E999", True),
        ("1.1E-17", False),
        ("11E+17", False),
        ("1.E+17", False),
        ("E+17", False),
        ("110105199003077777", False),
        ("1.1E+17 x", False),
    ],
)
def test_what_a_spreadsheet_writes_is_known(text: str, rounded: bool) -> None:
    """For identity numbers; a document may well be called 1E5."""
    assert looks_rounded(FIELDS[1], text) is rounded
    assert not looks_rounded(FIELDS[0], text)


def test_of_several_sorts_the_worst_is_told() -> None:
    """Uncatalogued, then out of scope, then invalid; each with its own records and total."""
    rows: list[dict[str, Any]] = [
        {"name": 1, "hidden": "x", SECRET: "y"},
        {"name": "a", "hidden": SECRET},
        {"name": "a", "other": SECRET, "another": SECRET},
        {"name": SECRET},
    ]
    error = _refuse(rows)
    assert error.code == "FIELD_UNCATALOGUED"
    assert [(f.record, f.field) for f in error.fields] == [(1, "#3"), (3, "other"), (3, "another")]
    assert (error.fault_count, error.records) == (3, (1, 3))
    assert "#3, other, another" in error.message
    rows[0].pop(SECRET)
    del rows[2]
    error = _refuse(rows)
    assert error.code == "FIELD_OUT_OF_SCOPE"
    assert (error.fault_count, error.records) == (2, (1, 2))
    for row in rows:
        row.pop("hidden", None)
    error = _refuse(rows)
    assert error.code == "FIELD_INVALID"
    assert (error.fault_count, error.records) == (2, (1, 3))


@pytest.mark.parametrize("count", [49, 50, 51, 5000])
def test_at_most_fifty_faults_are_listed_and_all_are_counted(count: int) -> None:
    """All the records too, so that they can be set aside."""
    error = _refuse([{"name": "a"}, *([{"name": True}] * count)])
    assert len(error.fields) == min(count, MAX_FAULTS)
    assert error.fault_count == count
    assert error.records == tuple(range(2, count + 2))
    assert f"{count:,} values of the wrong type, in {count:,} records" in error.message


def test_the_list_of_faults_is_bounded_in_bytes() -> None:
    """Of long names fewer are listed; the refusal fits the details of a gRPC error."""
    for key in ("n" * 60, "名" * 200):
        error = _refuse([{"name": "a"} | {f"{key}_{n}": n for n in range(1000)}])
        told = sum(len("".join(fault[1:]).encode()) for fault in error.fields)
        assert told <= MAX_FAULT_BYTES
        assert 10 < len(error.fields) <= MAX_FAULTS
        assert error.fault_count == 1000
        assert len(error.message.encode()) < 2500
        assert ("…" in error.message) is (len(error.fields) > 20)


def test_columns_are_told_like_fields() -> None:
    """By name or place, without a record."""
    names = [(1, "blood_type"), (2, SECRET), *((n, f"c{n}") for n in range(3, 200))]
    error = uncatalogued_columns(make_resource(*FIELDS), names)
    assert isinstance(error, FieldUncataloguedError)
    assert [fault[:2] for fault in error.fields[:3]] == [
        (None, "blood_type"),
        (None, "#2"),
        (None, "c3"),
    ]
    assert (len(error.fields), error.fault_count, error.records) == (50, 199, ())
    assert SECRET not in repr(error)


BROKEN: list[tuple[bytes, str, int | None, str]] = [
    (b"", "json", None, "expected an array"),
    (b"{}", "json", None, "expected an array"),
    (b"null", "json", None, "expected an array"),
    (b"[", "json", 1, "no object"),
    (b'[{"name":"a"}', "json", 1, "comma"),
    (b'[{"name":"a"},]', "json", 2, "no object"),
    (b'[{"name":"a"} {"name":"b"}]', "json", 1, "comma"),
    (b'[{"name":"a"}] x', "json", None, "behind the array"),
    (b'[{"name":"a"},{"name":}]', "json", 2, "character 9"),
    (b'[{"name":"a"},{"name":NaN}]', "json", 2, "number or a nesting"),
    (b'[{"name":"\xff"}]', "json", None, "UTF-8 at byte 11"),
    (b"\xef\xbb\xbf[]", "json", None, "expected an array"),
    (b'{"name":"a"}\nx', "ndjson", 2, "no object"),
    (b'{"name":"a"},{"name":"a"}', "ndjson", 2, "no object"),
    (b'{"name":"a"}\n\n\n{"name":"a}', "ndjson", 2, "character 9"),
    (b'{"name":"\\ud800"}', "ndjson", 1, "surrogate"),
    (b'{"name":"a"}{"\\udfff":1}', "ndjson", 2, "surrogate"),
]


@pytest.mark.parametrize(("data", "encoding", "record", "text"), BROKEN)
def test_bytes_that_are_no_records_are_told_by_place(
    data: bytes, encoding: str, record: int | None, text: str
) -> None:
    """By record where one can be told, and by character in it."""
    error = _refuse(data, encoding)
    assert error.code == "RECORD_MALFORMED"
    assert text in error.message
    assert error.records == (() if record is None else (record,))
    assert [fault.record for fault in error.fields] == list(error.records)


def test_a_refusal_can_be_counted_from_further_back() -> None:
    """A batch of a stream, malformed or ill-typed."""
    for rows in (b'[{"name":"a"},{"name":}]', [{"name": "a"}, {"name": 1}]):
        error = _refuse(rows)
        error.shift_records(1000)
        assert error.records == (1002,)
        assert [fault.record for fault in error.fields] == [1002]


def test_good_records_have_no_fault() -> None:
    """The second pass runs for false alarms too."""
    finder = FaultFinder(make_resource(*FIELDS), FIELDS[:3], (None, None, None))
    assert finder.find(b'[{"name":"a","count":1}]', "json") is None
    assert finder.find(b'{"name":"a"} {"name":"b"}\n', "ndjson") is None
    assert finder.error(b"[]", "json").code == "RECORD_MALFORMED"
