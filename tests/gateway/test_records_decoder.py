"""Each type of field takes what the catalogue says, and the decoder reads it into columns."""

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec import UNSET

from gateway.errors import (
    FieldInvalidError,
    FieldOutOfScopeError,
    FieldUncataloguedError,
    LimitExceededError,
    RecordMalformedError,
)
from gateway.model.resource import TYPE_LETTERS, Field, FieldType
from gateway.records.decoder import MAX_RECORD_BYTES, MAX_RECORDS, ROWS_AT_ONCE
from gateway.records.objects import MAX_OBJECTS
from tests.gateway.entries import make_decoder, make_field


def _decode(field: Field, *values: str) -> list[Any]:
    """Decode one record for each JSON value; return the column."""
    records = ['{"a":' + value + "}" for value in values]
    decoder = make_decoder(field)
    columns = decoder.decode(f"[{','.join(records)}]".encode(), "json").columns
    assert decoder.decode("\n".join(records).encode(), "ndjson").columns == columns
    return list(columns[0])


def _refused(field: Field, value: str) -> None:
    with pytest.raises(FieldInvalidError) as caught:
        _decode(field, value)
    assert [fault.field for fault in caught.value.fields] == ["a"]


def _text(*texts: str) -> tuple[str, ...]:
    return tuple(json.dumps(text, ensure_ascii=False) for text in texts)


# Type: (more of the field, good JSON values, bad ones).
CASES: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "string": (
        {"length": 3},
        _text("a", "abc", "三个字", "\U0001f600" * 3, " ", "\0"),
        (*_text("", "abcd", "\U0001f600" * 4), "1", "true", "null", "[]", "{}", '["a"]'),
    ),
    "string, empty": ({"length": 3, "empty": True}, _text(""), ("null",)),
    "integer": (
        {},
        ("0", "-0", "7", str(2**63 - 1), str(-(2**63) + 1)),
        (str(2**63), str(-(2**63)), "1.0", "1e3", '"1"', "true", "null", "9" * 400),
    ),
    "decimal": (
        {"precision": 5, "scale": 2},
        ("0", "-0", "999.99", '"999.99"', "-0.01", "1.5", "12", '"0.00"', "0.0"),
        ("1000", "1.234", '"1e2"', "1e2", "1e400", '"NaN"', '"-Infinity"', '""', "true"),
    ),
    "decimal, all behind the point": (
        {"precision": 2, "scale": 2},
        ("0", "0.5", "0.99", '"0.00"', "-0.01"),
        ("1", "0.999", "1.0"),
    ),
    "decimal, none behind it": (
        {"precision": 3, "scale": 0},
        ("0", "999", "-1"),
        ("1000", "1.0", "0.5"),
    ),
    "boolean": ({}, ("true", "false"), ("0", "1", '"true"', "null", '"是"')),
    "date": (
        {},
        _text("2024-02-29", "0001-01-01", "9999-12-31"),
        (
            *_text("2023-02-29", "2024-13-01", "0000-01-01", "2024-2-9", "20240229", "", "长期"),
            "20240229",
        ),
    ),
    "date, open": ({"open_end": True}, _text("长期", "2024-02-29"), _text("永久", "长期 ")),
    "datetime": (
        {},
        _text("2024-02-29T23:59:59"),
        _text("2024-02-29T24:00:00", "2024-02-29T23:59:60", "2024-02-29 23:59:59", "2024-02-29"),
    ),
    "code": ({}, _text("1", "长期", "a:b"), (*_text("3", "1 "), "1", "null")),
    "geo_point": (
        {},
        _text("112.55,37.87", "-180,-90", "180.000000000,90.0", "0,0"),
        _text(
            "180.1,0", "0,-90.1", "37.87", "112.55, 37.87", "112.55,37.87,5", "a,b", "1e1,1", ",1"
        ),
    ),
    "binary": (
        {"length": 3},
        _text("AAEC", "AA==", ""),
        (*_text("AAECAw==", "AA", "A A=", "*", "AA=", "_-8="), "1", "null"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_type_takes_its_values_and_no_others(name: str) -> None:
    """One by one and as a column; a bad value among good ones is found."""
    more, good, bad = CASES[name]
    field = make_field("a", name.partition(",")[0], **more)
    column = _decode(field, *good)
    assert len(column) == len(good)
    for value in good:
        assert len(_decode(field, value)) == 1
    for value in bad:
        _refused(field, value)
        with pytest.raises(FieldInvalidError) as caught:
            _decode(field, good[0], value, good[-1])
        assert caught.value.records == (2,)


@pytest.mark.parametrize("letter", TYPE_LETTERS)
def test_the_letters_of_the_guide_are_names_of_types(letter: str) -> None:
    """C N Y D T L M G B I F."""
    field = make_field("a", letter)
    assert field.type is TYPE_LETTERS[letter]
    good = {
        FieldType.STRING: '"a"',
        FieldType.DECIMAL: "1.5",
        FieldType.DATE: '"2024-02-29"',
        FieldType.DATETIME: '"2024-02-29T00:00:00"',
        FieldType.BOOLEAN: "true",
        FieldType.BINARY: '"AA=="',
        FieldType.INTEGER: "1",
    }
    assert len(_decode(field, good[field.type])) == 1
    assert len(TYPE_LETTERS) == 11


def test_values_come_as_python_has_them() -> None:
    """Bytes from base64, decimals as they were written, everything else as JSON reads it."""
    assert _decode(make_field("a", "binary"), '"AAEC"') == [b"\0\1\2"]
    (amount,) = _decode(make_field("a", "decimal"), "1.50")
    assert str(amount) == "1.50"
    assert _decode(make_field("a", "integer"), "-7") == [-7]
    assert _decode(make_field("a", "boolean"), "false", "true") == [False, True]


@pytest.mark.parametrize("kind", [kind for kind in FieldType if len(kind) > 1])
def test_null_empty_and_absent_are_told_apart(kind: FieldType) -> None:
    """Each may stand only where the field says so, whatever its type."""
    good = {
        FieldType.STRING: '"a"',
        FieldType.INTEGER: "1",
        FieldType.DECIMAL: "5",
        FieldType.BOOLEAN: "true",
        FieldType.DATE: '"2024-02-29"',
        FieldType.DATETIME: '"2024-02-29T00:00:00"',
        FieldType.CODE: '"1"',
        FieldType.GEO_POINT: '"1,2"',
        FieldType.BINARY: '"AA=="',
    }[kind]
    records = {"null": '{"a":null}', "absent": "{}", "good": f'{{"a":{good}}}'}
    for null in (False, True):
        for required in (False, True):
            decoder = make_decoder(make_field("a", kind, null=null, required=required))
            allowed = {"good"} | ({"null"} if null else set()) | (set() if required else {"absent"})
            for name, record in records.items():
                # Between others, so that the gap does not stand alone.
                data = f"[{records['good']},{record},{records['good']}]".encode()
                if name in allowed:
                    (column,) = decoder.decode(data, "json").columns
                    gap = {"null": None, "absent": UNSET}.get(name, column[0])
                    assert column[1] is gap or column[1] == column[0]
                else:
                    with pytest.raises(FieldInvalidError) as caught:
                        decoder.decode(data, "json")
                    assert caught.value.records == (2,)


def test_gaps_among_values_of_other_forms_are_gaps() -> None:
    """A decimal without places behind the point sends the check into its slow way."""
    decoder = make_decoder(make_field("a", "decimal", required=False, null=True))
    data = b'[{"a":5},{},{"a":null},{"a":"6.25"}]'
    assert decoder.decode(data, "json").columns == [[Decimal(5), UNSET, None, Decimal("6.25")]]
    with pytest.raises(FieldInvalidError) as caught:
        decoder.decode(b'[{"a":5},{},{"a":1.2345}]', "json")
    assert caught.value.records == (3,)


def test_columns_stand_in_catalogue_order() -> None:
    """Whatever the order of keys; only those that were granted."""
    known = [make_field(name, required=False) for name in ("a", "b", "c")]
    decoder = make_decoder(*known, granted=frozenset({"a", "c"}))
    assert [field.id for field in decoder.fields] == ["a", "c"]
    columns = decoder.decode(b'[{"c":"3","a":"1"},{"c":"4"}]', "json").columns
    assert columns == [["1", UNSET], ["3", "4"]]
    with pytest.raises(FieldOutOfScopeError):
        decoder.decode(b'[{"a":"1","b":"2"}]', "json")
    with pytest.raises(FieldUncataloguedError):
        decoder.decode(b'[{"a":"1","d":"2"}]', "json")


REPEATS = [
    '{"a":"1","a":"2"}',
    '{"a":"1","a":"1"}',
    '{"a":"1","b":"x","a":"2"}',
    '{"a":"1", "a" : "2"}',
    '{"a":"1","\\u0061":"2"}',
    '{"a":"1:2:3","a":"2"}',
    '{"a":"\\u003a","a":"2"}',
    '{"a":"1","a":"\\u003a\\u003A:"}',
    '{"a":"\\":","a":"2"}',
    '{"b":"::","a":"1","b":""}',
    '{"t":"2024-01-01T00:00:00","a":"1","a":"2"}',
    '{"t":"2024-01-01T00:00:00","a":"1","t":"2024-01-01T00:00:00"}',
]


@pytest.mark.parametrize("record", REPEATS)
def test_a_key_that_stands_twice_is_refused(record: str) -> None:
    """Which of the two would count? Whatever colons hide it, among any number of records."""
    decoder = make_decoder(
        make_field("a"),
        make_field("b", required=False, empty=True),
        make_field("t", "datetime", required=False),
    )
    plain = '{"a":"1"}'
    for before, after in ((0, 0), (3, 2), (0, 70), (70, 0)):
        records = [plain] * before + [record] + [plain] * after
        for data, form in ((f"[{','.join(records)}]", "json"), ("\n".join(records), "ndjson")):
            with pytest.raises(FieldInvalidError) as caught:
                decoder.decode(data.encode(), form)  # type: ignore[arg-type]
            assert caught.value.records == (before + 1,)
            assert "twice" in caught.value.fields[0].text


def test_colons_are_no_repeats() -> None:
    """In text, in times, in escapes, in either of two ways to count them."""
    decoder = make_decoder(
        make_field("a", empty=True),
        make_field("b", required=False, null=True),
        make_field("t", "datetime"),
        make_field("u", "datetime", required=False, open_end=True, format="YYYY-MM-DDTHH:mm:ssZ"),
    )
    rows = [
        {"a": text, "t": "2024-01-01T00:00:00", **more}
        for text in ("", ":", '":', "\\u003a", "a : b", "::")
        for more in (
            {},
            {"b": "x:y"},
            {"b": None},
            {"u": "长期"},
            {"u": "2024-01-01T00:00:00+08:00"},
        )
    ]
    for ascii_only in (False, True):
        data = json.dumps(rows, ensure_ascii=ascii_only, indent=1).replace("a", "\\u0061", 1)
        assert decoder.decode(data.encode(), "json").size == len(rows)
        data = json.dumps(rows, ensure_ascii=ascii_only, separators=(" ,\n", " \t:\r\n"))
        assert decoder.decode(data.encode(), "json").size == len(rows)


def test_the_limits_of_a_call_are_told() -> None:
    """By bytes before anything is read, by records after."""
    decoder = make_decoder(make_field("a", required=False))
    with pytest.raises(LimitExceededError) as caught:
        decoder.decode(b" " * (MAX_RECORD_BYTES + 1), "json")
    assert str(MAX_RECORD_BYTES) in caught.value.message
    with pytest.raises(LimitExceededError):
        decoder.decode(b"{}" * (MAX_RECORDS + 1), "ndjson")
    assert decoder.decode(b"{}" * MAX_RECORDS, "ndjson").size == MAX_RECORDS
    assert MAX_OBJECTS > MAX_RECORDS


@pytest.mark.parametrize("data", [b"[]", b" [ ]\n"])
def test_no_record_is_refused(data: bytes) -> None:
    """There is nothing to seal."""
    with pytest.raises(RecordMalformedError):
        make_decoder(make_field("a")).decode(data, "json")
    with pytest.raises(RecordMalformedError):
        make_decoder(make_field("a")).decode(b" \n", "ndjson")


def test_a_batch_shows_its_size_only() -> None:
    """Neither values nor names."""
    batch = make_decoder(make_field("a")).decode(b'[{"a":"SECRET"}]', "json")
    assert repr(batch) == "Batch(1 record)"


@pytest.mark.parametrize("rows", [1, 2, ROWS_AT_ONCE, ROWS_AT_ONCE + 1, 3 * ROWS_AT_ONCE + 7])
def test_many_records_are_read_as_each_alone(rows: int) -> None:
    """Records become columns so many at a time, and none is lost or moved."""
    decoder = make_decoder(
        make_field("a", length=9),
        make_field("b", "integer", required=False),
        make_field("c", "date", format="YYYYMMDD", null=True),
    )
    records: list[dict[str, str | int | None]] = []
    for row in range(rows):
        record: dict[str, str | int | None] = {"a": f"a{row}"}
        record["c"] = f"2020{row % 12 + 1:02}{row % 28 + 1:02}" if row % 5 else None
        if row % 3:
            record["b"] = row
        records.append(record)
    batch = decoder.decode(json.dumps(records).encode(), "json")
    alone = [decoder.decode(json.dumps([record]).encode(), "json") for record in records]
    assert batch.size == rows
    assert batch.columns == [
        [one.columns[place][0] for one in alone] for place in range(len(decoder.fields))
    ]
