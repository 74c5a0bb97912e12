"""A table is masked as lists are, whatever it holds and however it is laid out."""

import random
import re
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from masking import mask_table
from masking.errors import TableInvalidError
from masking.kinds import KINDS
from masking.operators import EVERY_FIELD, FieldType, Operator, operator_types
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.null import Null
from masking.operators.pseudonym import Pseudonym
from masking.operators.redact import Redact
from masking.operators.scrub import Scrub
from masking.operators.surname import Surname
from masking.operators.top_bottom import TopBottom
from masking.operators.truncate import Truncate
from masking.operators.year import Year
from masking.tables.slices import SLICE_ROWS
from tests.masking.engines import Field
from tests.masking.tables import TEXT_TYPES, Stream, as_lists, engine_of, expected, frame_of
from tests.masking.test_masking_operator_laws import FORMATS, TEXTS, VALUES, operators

each_operator = pytest.mark.parametrize(
    "operator_type", operator_types(), ids=[each.name for each in operator_types()]
)

EXAMPLES = sorted(
    {kind.example for kind in KINDS.values() if kind.example}
    | {"王芳", "欧阳明月", "司马光", "13812345678", "11010519491231002X", "北京市朝阳区建国路1号"}
)
# Near what has a shape: line ends, other digits and letters, blanks, marks, nothing.
BENT = [
    bent
    for text in EXAMPLES
    for bent in (text + "\n", f"\n{text}", text.lower(), text[:-1], text + text[-1:], f" {text}")
]
FULL_WIDTH = [
    text.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}) for text in EXAMPLES
]
ARABIC = "".join(map(chr, range(0x661, 0x66A)))
ODD = [
    *("", " ", "\n", "\x00", "\u202e王芳", "e\u0301", "𠮷野家", "\u3164\u3164\u3164", "王·芳"),
    *(f"1{ARABIC}1", "İstanbul@example.com", "ſ" * 18, "张" * 300, "a" * 70_000, "***", "长期"),
    *("2020-02-30", "2020-02-29\n", "２０２０-０２-２９", "9999-12-31", "0000-00-00", "2020-02-29"),
]
GIVEN_TEXTS = st.sampled_from([*EXAMPLES, *BENT, *FULL_WIDTH, *ODD]) | TEXTS.filter(
    lambda text: not re.search("[\ud800-\udfff]", text)
)
GIVEN: dict[FieldType, st.SearchStrategy[Any]] = {
    **VALUES,
    **dict.fromkeys(TEXT_TYPES, GIVEN_TEXTS),
    "integer": st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-1, 0, 5, 499, 500, 2**62]),
    "decimal": st.decimals(-(10**12), 10**12, places=4)
    | st.sampled_from(list(map(Decimal, ("0.5", "12.5", "-2.5", "1E+30", "-1E+30", "7.0000")))),
}


@st.composite
def planned(draw: st.DrawFn, operator_type: type[Operator]) -> tuple[list[Field], list[list[Any]]]:
    """Draw a field that an operator masks, those it looks at, and columns for them."""
    operator = draw(operators(operator_type))
    types = [each for each in sorted(operator.accepts) if operator.takes(each)]
    assume(types)
    field_type = draw(st.sampled_from(types))
    kind = draw(st.sampled_from(sorted(KINDS) if field_type == "string" else ["general"]))
    fields = [Field("field", field_type, kind, operator, draw(st.sampled_from(FORMATS)))]
    fields += [
        Field(name, "string", "general", draw(st.sampled_from([Clear(), Keep(), Drop()])))
        for name in sorted(operator.needs() - {"field", EVERY_FIELD})
    ]
    rows = draw(st.integers(0, 6))
    columns = [
        draw(st.lists(GIVEN[field.type] | st.none(), min_size=rows, max_size=rows))
        for field in fields
    ]
    repeated = draw(st.sampled_from([1, 1, 20]))
    return fields, [column * repeated for column in columns]


def fits(value: Any) -> bool:
    """Tell whether a masked number can stand in a column."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, Decimal) or (10**4 * Fraction(value)).denominator == 1


@each_operator
@settings(max_examples=40)
@given(data=st.data())
def test_a_table_is_masked_as_lists_are(operator_type: type[Operator], data: st.DataObject) -> None:
    """Every operator, over every kind, values of any shape and none: values and findings."""
    fields, columns = data.draw(planned(operator_type))
    engine = engine_of(*fields)
    frame = frame_of(fields, columns)
    # a decimal has as many digits as its column
    wanted, findings = expected(engine, fields, [frame[field.id].to_list() for field in fields])
    if not all(map(fits, wanted.get("field", []))):
        with pytest.raises(TableInvalidError):
            mask_table(frame, engine)
        return
    masked = mask_table(frame, engine)
    assert as_lists(masked.table, fields) == wanted
    assert masked.findings == findings


RECORD = (
    Field("name", "string", "person_name", Surname()),
    Field("id", "string", "resident_id", Pseudonym()),
    Field("card", "string", "bank_card", Keep(prefix=4, suffix=4)),
    Field("address", "string", "address", Truncate(length=6)),
    Field("mail", "string", "email", Keep(prefix=1)),
    Field("born", "date", "birth_date", Month(), "YYYY-MM-DD"),
    Field("sex", "code", "sex", Clear()),
    Field("people", "string", "ethnicity", Clear()),
    Field("note", "string", "free_text", Scrub()),
    Field("photo", "binary", "photo", Drop()),
    Field("income", "integer", "amount", Bucket(width=1000)),
)


def records(rows: int) -> list[list[Any]]:
    """Make up columns for RECORD: some regular, some anything, some repeated, some missing."""
    dice = random.Random(7)
    texts = [*EXAMPLES, *BENT, *FULL_WIDTH, *(text for text in ODD if len(text) < 500), None]
    usual: dict[str, Callable[[], Any]] = {
        "name": lambda: dice.choice("王李欧司") + dice.choice("芳明月"),
        "born": lambda: f"{dice.randint(1930, 2020)}-{dice.randint(1, 12):02}-01",
        "income": lambda: dice.randint(-(2**63), 2**63 - 1) >> dice.randint(0, 62),
        "sex": lambda: dice.choice("0129"),
        "photo": lambda: b"1",
        "people": lambda: dice.choice(["汉族", "回族", "汉族\n"]),
        "address": lambda: f"某市某区某路{dice.randint(1, 9999)}号",
        "card": lambda: f"{dice.randint(10**15, 10**16 - 1)}",
    }
    return [
        [
            usual[field.id]()
            if field.id in usual and (field.type in ("integer", "binary") or dice.random() < 0.98)
            else dice.choice(texts)
            for _ in range(rows)
        ]
        for field in RECORD
    ]


def test_a_table_of_several_slices_is_masked_as_lists_are() -> None:
    """Rows keep their places, and findings add up."""
    fields = [field for field in RECORD if not field.treatment.needs()]
    columns = [
        column
        for field, column in zip(RECORD, records(SLICE_ROWS + 77), strict=True)
        if field in fields
    ]
    engine = engine_of(*fields)
    wanted, findings = expected(engine, fields, columns)
    masked = mask_table(frame_of(fields, columns), engine)
    assert as_lists(masked.table, fields) == wanted
    assert masked.findings == findings
    assert len(findings) > 5


ARROW_TEXTS = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int32(), pa.string()),
    pa.dictionary(pa.int16(), pa.large_string()),
)


@pytest.mark.parametrize("text_type", ARROW_TEXTS, ids=map(str, ARROW_TEXTS))
@pytest.mark.parametrize("rows", [0, 1, 200])
def test_an_arrow_table_comes_back_as_one(text_type: pa.DataType, rows: int) -> None:
    """However its texts are laid out, in chunks, cut out of a longer one, or encoded."""
    columns = [[None, *column, None] for column in records(rows)]
    engine = engine_of(*RECORD)
    wanted, findings = expected(engine, RECORD, [column[1:-1] for column in columns])
    arrays = []
    for field, column in zip(RECORD, columns, strict=True):
        given_type = text_type if field.type in TEXT_TYPES else None
        halves = column[: rows // 3], column[rows // 3 :]
        own = {"integer": pa.int64(), "binary": pa.binary()}.get(field.type, given_type)
        arrays.append(pa.chunked_array([pa.array(half, own) for half in halves]))
    table = pa.table(arrays, names=[field.id for field in RECORD]).slice(1, rows)
    masked, found = mask_table(table, engine)
    assert isinstance(masked, pa.Table)
    assert {name: masked[name].to_pylist() for name in masked.column_names} == wanted
    assert found == findings


def test_any_arrow_stream_is_a_table() -> None:
    """What comes back is of polars."""
    engine = engine_of(Field("name", "string", "person_name", Surname()))
    masked = mask_table(Stream(pa.table({"name": ["王芳", None]})), engine)
    assert isinstance(masked.table, pl.DataFrame)
    assert masked.table["name"].to_list() == ["王*", None]


@pytest.mark.parametrize(
    "dtype", [pl.Categorical(), pl.Enum(["王芳", "欧阳明月", "x1"]), pl.String()]
)
def test_texts_may_be_categories(dtype: pl.DataType) -> None:
    """They come back as texts."""
    engine = engine_of(Field("name", "string", "person_name", Surname()))
    names = pl.Series(["王芳", "x1", None, "欧阳明月"], dtype=dtype)
    masked = mask_table(pl.DataFrame({"name": names}), engine)
    assert masked.table["name"].to_list() == ["王*", "***", None, "欧阳**"]
    assert masked.table.schema == {"name": pl.String()}
    assert masked.findings == {"name": 1}


@pytest.mark.parametrize(
    ("kind", "format", "value", "spelled"),
    [
        ("date", None, date(1990, 3, 7), "1990-03-07"),
        ("date", "YYYY年MM月DD日", date(1990, 3, 7), "1990年03月07日"),
        ("date", "YYYYMM", date(990, 3, 7), "099003"),
        ("date", "YYYY/MM/DD", datetime(1990, 3, 7, 23, 59), "1990/03/07"),
        ("datetime", None, datetime(1990, 3, 7, 8, 5, 9, 999_999), "1990-03-07T08:05:09"),
        ("datetime", "YYYY-MM-DD HH:mm", datetime(1990, 3, 7, 8, 5), "1990-03-07 08:05"),
    ],
)
def test_dates_are_spelled_in_the_format_of_their_field(
    kind: FieldType, format: str | None, value: date, spelled: str
) -> None:
    """A masked column of dates is one of texts, as it is in lists."""
    frame = pl.DataFrame({"day": [value, None]})
    for operator in (Clear(), Year()):
        engine = engine_of(Field("day", kind, "date", operator, format))
        wanted, _ = engine.mask([[spelled, None]])
        assert mask_table(frame, engine).table["day"].to_list() == wanted[0]


def test_what_a_table_lacks_is_null() -> None:
    """Null and absent are one there; a label stands all the same, a dropped field does not."""
    fields = (
        Field("name", "string", "person_name", Surname()),
        Field("label", "integer", "general", Redact()),
        Field("none", "integer", "general", Null()),
        Field("gone", "string", "general", Drop()),
        Field("age", "integer", "age", Clear()),
        Field("sum", "decimal", "amount", TopBottom()),
        Field("seen", "boolean", "general", Clear()),
    )
    frame = pl.DataFrame({"seen": pl.Series([None, None], dtype=pl.Null()), "age": [1, 2]})
    masked = mask_table(frame, engine_of(*fields))
    assert masked.table.to_dict(as_series=False) == {
        "name": [None, None],
        "label": ["***", "***"],
        "none": [None, None],
        "age": [1, 2],
        "sum": [None, None],
        "seen": [None, None],
    }
    assert masked.table.dtypes[:3] == [pl.String(), pl.String(), pl.Int64()]


@pytest.mark.parametrize("dtype", [pl.Int8(), pl.UInt64(), pl.Int128()])
def test_integers_may_be_of_any_width(dtype: pl.Int8 | pl.UInt64 | pl.Int128) -> None:
    """Whatever an expression can count, the kernel's result is given."""
    column = pl.select(low=dtype.min(), mid=pl.lit(0), high=dtype.max()).row(0)
    frame = pl.DataFrame({"n": pl.Series(column, dtype=dtype)})
    for operator in (Bucket(width=7, origin=3), TopBottom(bottom=-5, top=90), Clear()):
        engine = engine_of(Field("n", "integer", "general", operator))
        assert mask_table(frame, engine).table["n"].to_list() == engine.mask([list(column)])[0][0]


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_the_farthest_interval_has_its_label(number: int) -> None:
    """Also where a column holds no other."""
    engine = engine_of(Field("n", "integer", "general", Bucket(width=1)))
    masked = mask_table(pl.DataFrame({"n": [number]}), engine)
    assert masked.table["n"].to_list() == engine.mask([[number]])[0][0]


@pytest.mark.parametrize("name", ["*", "^n.*$", "literal", "len", "value0"])
def test_the_name_of_a_column_is_a_name(name: str) -> None:
    """And no pattern that other columns match."""
    fields = (
        Field(name, "string", "general", Keep(prefix=1)),
        Field("name", "string", "general", Clear()),
        Field("none", "string", "general", Keep(prefix=1)),
    )
    masked = mask_table(pl.DataFrame({"name": ["abcdef"], name: ["uvwxyz"]}), engine_of(*fields))
    assert masked.table.row(0) == ("u*****", "abcdef", None)


@pytest.mark.parametrize("rows", [0, 3])
def test_a_table_may_lack_every_column(rows: int) -> None:
    """It has its rows all the same."""
    fields = (Field("label", "string", "general", Redact()), Field("n", "integer", "age", Clear()))
    frame = pl.DataFrame(height=rows)
    assert mask_table(frame, engine_of(*fields)).table.rows() == [("***", None)] * rows


def test_a_percent_sign_in_a_format_is_one() -> None:
    """A column of dates is spelled by the format and nothing else."""
    engine = engine_of(Field("day", "date", "date", Clear(), "%n%YYYY%-MM"))
    masked = mask_table(pl.DataFrame({"day": [date(1990, 3, 7)]}), engine)
    assert masked.table["day"].to_list() == ["%n%1990%-03"]


def test_many_columns_take_no_longer_each() -> None:
    """A table eight times as wide takes some eight times as long, not its square."""

    def seconds(width: int) -> float:
        names = [f"c{place}" for place in range(width)]
        engine = engine_of(*(Field(name, "string", "general", Keep(prefix=1)) for name in names))
        frame = pl.DataFrame({name: ["abcdef", "uvwxyz"] for name in names})
        began = time.process_time()
        mask_table(frame, engine)
        return time.process_time() - began

    assert seconds(2400) < 24 * max(seconds(300), seconds(300))
