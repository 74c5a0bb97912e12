"""The decoder takes exactly what the second pass finds no fault in, and reads the same values."""

import base64
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from gateway.model.resource import Field, FieldType
from gateway.records import RecordDecoder
from keys.errors import SealgateError
from tests.gateway.entries import CODES, make_decoder, make_field

BLANK = st.sampled_from(["", "", "", " ", "\n", "\t \r"])
TYPES = [kind for kind in FieldType if len(kind) > 1]
FORMATS = {
    FieldType.DATE: ("YYYY-MM-DD", "YYYYMMDD", "YYYY年MM月DD日", "YYYY"),
    FieldType.DATETIME: ("YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DDTHH:mm:ssZ", "YYYY-MM-DD HH:mm"),
}
DATES = (
    "2024-02-29",
    "2023-02-29",
    "20240229",
    "2024年02月29日",
    "0000",
    "2024",
    "长期",
    "2024-02-29T08:30:00",
    "2024-02-29T24:00:00",
    "2024-02-29T08:30:00Z",
    "2024-02-29T08:30:00+08:00",
    "2024-02-29 08:30",
    "2024-02-29\n2024-02-29",
)
NUMBERS = (
    *("0", "-0", "1", "-1", "1.5", "1.0", "1e2", "1E-2", "0.00", "123456.78", "1e400"),
    *(str(2**63 - 1), str(2**63), str(-(2**63)), "9" * 30, "1e99999999999999999999"),
)
TEXTS = (
    *("", "a", "a:b", 'a":"b', "名", "\U0001f600", "x" * 9, " :", "\\", "\x00", "\u2028"),
    *("0", "1.50", " 1 ", "1_0", "１２", "NaN", "sNaN1", "-Infinity", "1e5", "+.5", "5.", "0E-7"),
    *("QQ==", "QQ", "QR==", "QUJD", "QUJDREVGR0g=", "====", "-_8=", "QQ==\n"),
    *("112.55,37.87", "-180,-90", "181,0", "0,90.1", "1,2,3", "0.0,0.0"),
    *CODES,
    *DATES,
)


@st.composite
def fields(draw: st.DrawFn) -> tuple[Field, ...]:
    """Generate one to four fields of any type."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(TYPES))
        more: dict[str, Any] = {
            "required": draw(st.booleans()),
            "null": draw(st.booleans()),
        }
        if kind in (FieldType.STRING, FieldType.BINARY):
            more["length"] = draw(st.integers(1, 8))
        if kind is FieldType.STRING:
            more["empty"] = draw(st.booleans())
        if kind is FieldType.DECIMAL:
            more["precision"] = draw(st.integers(1, 8))
            more["scale"] = draw(st.integers(0, more["precision"]))
        if kind in FORMATS:
            more["format"] = draw(st.sampled_from(FORMATS[kind]))
            more["open_end"] = draw(st.booleans())
        made.append(make_field(f"f{number}", kind, **more))
    return tuple(made)


def _spell(draw: st.DrawFn, text: str) -> str:
    """Spell a text as JSON, in one of its ways."""
    way = draw(st.sampled_from(["plain", "ascii", "escaped"]))
    if way == "escaped" and text:
        points = text.encode("utf-16-be", "surrogatepass")
        pairs = zip(points[::2], points[1::2], strict=True)
        return '"' + "".join(f"\\u{high:02x}{low:02X}" for high, low in pairs) + '"'
    return json.dumps(text, ensure_ascii=way == "ascii")


@st.composite
def values(draw: st.DrawFn) -> str:
    """Generate the JSON of a value: often good for some type, sometimes for none."""
    sort = draw(st.sampled_from("tttttnnnbbzo"))
    if sort == "t":
        return _spell(draw, draw(st.sampled_from(TEXTS) | st.text(max_size=9)))
    if sort == "n":
        return draw(st.sampled_from(NUMBERS) | st.integers().map(str))
    if sort == "b":
        return draw(st.sampled_from(["true", "false"]))
    if sort == "z":
        return "null"
    return draw(
        st.sampled_from(['"\\ud800"', "[]", "{}", '{"f0":1}', "[[1]]", "NaN", '"\t"', "01"])
    )


GOOD = {
    FieldType.STRING: '"a:b"',
    FieldType.INTEGER: "7",
    FieldType.DECIMAL: "0",
    FieldType.BOOLEAN: "true",
    FieldType.CODE: '"a:b"',
    FieldType.GEO_POINT: '"1,2"',
    FieldType.BINARY: '"QQ=="',
}


def _good(field: Field) -> str:
    if field.format is not None:
        return json.dumps(field.format.translate(_DIGITS).replace("X", "0"), ensure_ascii=False)
    return GOOD[field.type]


_DIGITS = str.maketrans({"Y": "2", "M": "1", "D": "1", "H": "1", "m": "1", "s": "1"})


@st.composite
def objects(draw: st.DrawFn, known: Sequence[Field]) -> str:
    """Generate one record: mostly good, with now and then another value, key or order."""
    pairs = []
    for field in known:
        if not field.required and draw(st.booleans()):
            continue
        good = draw(st.integers(0, 9)) < 7
        pairs.append((field.id, _good(field) if good else draw(values())))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1]))):
        name = draw(st.sampled_from([*(field.id for field in known), "f9", "", "名"]))
        pairs.insert(draw(st.integers(0, len(pairs))), (name, draw(values())))
    blank = draw(BLANK)
    inner = f"{blank},{blank}".join(
        f"{_spell(draw, name)}{blank}:{blank}{value}" for name, value in pairs
    )
    return f"{{{blank}{inner}{blank}}}"


@st.composite
def calls(draw: st.DrawFn) -> tuple[tuple[Field, ...], list[str]]:
    """Generate fields, and records for them."""
    known = draw(fields())
    return known, draw(st.lists(objects(known), min_size=1, max_size=4))


def _read(decoder: RecordDecoder, data: bytes, encoding: Any) -> list[list[Any]] | str:
    try:
        return decoder.decode(data, encoding).columns
    except SealgateError as error:
        return error.code


def _typed(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.type is FieldType.BINARY:
        return base64.b64decode(value)
    return Decimal(value) if field.type is FieldType.DECIMAL else value


def _expected(known: Sequence[Field], records: Sequence[str]) -> list[list[Any]]:
    rows = [json.loads(record, parse_float=Decimal) for record in records]
    return [
        [_typed(field, row[field.id]) if field.id in row else UNSET for row in rows]
        for field in known
    ]


@given(call=calls(), ndjson=st.booleans(), blank=BLANK)
@example(
    call=((make_field("f0", "decimal", required=False),), ['{"f0":"5"}', "{}"]),
    ndjson=False,
    blank="",
)
@example(call=((make_field("f0"),), ['{"f0":"a","f0":"b"}']), ndjson=True, blank="")
@example(call=((make_field("f0"),), ['{"f0":"a:","f\\u0030":"\\u003a"}']), ndjson=True, blank="")
@example(call=((make_field("f0"),), ['{"f0":"\\u003a:"}']), ndjson=False, blank=" ")
def test_decoder_and_second_pass_agree(
    call: tuple[tuple[Field, ...], list[str]], ndjson: bool, blank: str
) -> None:
    """On generated entries and records, in both forms, with any spelling of JSON."""
    known, records = call
    decoder = make_decoder(*known)
    if ndjson:
        data, encoding = f"{blank}\n".join(records), "ndjson"
    else:
        data, encoding = f"{blank}[{f'{blank},'.join(records)}]{blank}", "json"
    read = _read(decoder, data.encode(), encoding)
    found = decoder._finder.find(data.encode(), encoding)  # type: ignore[arg-type]
    if found is None:
        assert read == _expected(known, records)
    else:
        assert read == found.code
        assert found.records or found.code == "RECORD_MALFORMED"


@given(st.binary(max_size=60) | st.text('[]{}:,"ab0 \\n\\t\\\\u', max_size=60).map(str.encode))
@example(b"[]")
@example(b"")
@example(b"\xff")
def test_any_bytes_are_refused_or_read_by_both(data: bytes) -> None:
    """A resource all of whose fields may be absent takes the empty object, and little else."""
    decoder = make_decoder(make_field("a", required=False, empty=True, null=True))
    for encoding in ("json", "ndjson"):
        read = _read(decoder, data, encoding)
        found = decoder._finder.find(data, encoding)
        if found is not None:
            assert read == found.code
        elif isinstance(read, str):
            # Read by both, but there is nothing in it.
            assert read == "RECORD_MALFORMED"
            assert not data.strip(b" \t\r\n[]")
