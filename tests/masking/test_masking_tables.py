"""A table is masked as lists are, whatever it holds and however it is laid out."""

import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha512
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from keys.derive import Mac
from masking import mask_table
from masking.engine import Engine, compile_plan
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
from masking.operators.round import Round
from masking.operators.scrub import Scrub
from masking.operators.surname import Surname
from masking.operators.top_bottom import TopBottom
from masking.operators.truncate import Truncate
from masking.operators.year import Year
from masking.plan import FieldPlan, Plan
from masking.tables.slices import SLICE_ROWS
from tests.masking.engines import Field
from tests.masking.engines import engine_of as decoded_engine
from tests.masking.test_masking_operator_laws import (
    FORMATS,
    SCOPE,
    TEXTS,
    TODAY,
    VALUES,
    Digits,
    _mac,
    operators,
)

TEXT_TYPES: tuple[FieldType, ...] = ("string", "code", "date", "datetime", "geo_point")
DTYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(TEXT_TYPES, pl.String()),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(38, 4),
    "boolean": pl.Boolean(),
    "binary": pl.Binary(),
}


def engine_of(*fields: Field) -> Engine:
    """Compile a plan that treats each field as it says."""
    planned = tuple(
        FieldPlan(
            id=field.id,
            treatment=field.treatment,
            disclosure=field.treatment.discloses(),
            output_type=field.treatment.output_type(field.type),
            layer="policy",
            rule="test",
            reason="",
            reason_zh="",
        )
        for field in fields
    )
    plan = Plan(fields=planned, valid_until=None, policy="test", policy_version=1)
    return compile_plan(plan, fields, _mac, SCOPE, detector=Digits, at=TODAY)


def as_lists(frame: pl.DataFrame, fields: Sequence[Field]) -> dict[str, list[Any]]:
    """Give the columns that a plan leaves, as lists."""
    assert frame.columns == [
        field.id for field in fields if field.treatment.output_type(field.type) != "absent"
    ]
    return {name: frame[name].to_list() for name in frame.columns}


def expected(engine: Engine, fields: Sequence[Field], columns: Sequence[list[Any]]) -> Any:
    """Return what the list kernels make of columns, absent being null."""
    masked, findings = engine.mask(columns)
    kept = {
        field.id: [None if value is UNSET else value for value in column]
        for field, column in zip(fields, masked, strict=True)
        if field.treatment.output_type(field.type) != "absent"
    }
    return kept, findings


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


def frame_of(fields: Sequence[Field], columns: Sequence[list[Any]]) -> pl.DataFrame:
    """Make a table of columns."""
    return pl.DataFrame(
        {
            field.id: pl.Series(column, dtype=DTYPES[field.type])
            for field, column in zip(fields, columns, strict=True)
        }
    )


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


class Stream:
    """Something that only gives an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


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


TOO_LARGE = 2**63 - 1


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (pl.DataFrame({"n": [1], "other": ["x"]}), "other: not in the plan"),
        (pl.DataFrame({"n": [1], "13812345678": ["x"]}), "#2: not in the plan"),
        (pl.DataFrame({"n": [1], "张三": ["x"]}), "#2: not in the plan"),
        (pl.DataFrame({"n": ["13812345678"]}), "n: expected a column of whole numbers"),
        (pl.DataFrame({"n": [1.0]}), "n: expected a column of whole numbers"),
        (pl.DataFrame({"d": [13812345678.0]}), "d: expected a column of exact decimal numbers"),
        (pl.DataFrame({"t": [date(2020, 1, 1)]}), "t: expected a column of times"),
        (pl.DataFrame({"name": [date(2020, 1, 1)]}), "name: expected a column of texts"),
        (pl.DataFrame({"name": [["x"]]}), "name: expected a column of texts"),
        (pl.DataFrame({"n": [TOO_LARGE]}), "n: a masked number does not fit its column"),
        (pl.LazyFrame({"n": [1]}), "expected a polars DataFrame or an Arrow table"),
        ([{"n": 1}], "expected a polars DataFrame or an Arrow table"),
        (Stream(pa.table([[1], [2]], names=["n", "n"])), "two columns have one name"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_the_plan_is_refused(frame: object, told: str) -> None:
    """By name and type, without a value."""
    engine = engine_of(
        Field("n", "integer", "general", Round(to=10)),
        Field("d", "decimal", "amount", Bucket(width=10)),
        Field("t", "datetime", "date", Year()),
        Field("name", "string", "person_name", Surname()),
    )
    with pytest.raises(TableInvalidError, match=told) as caught:
        mask_table(frame, engine)
    error = caught.value
    shown = "".join((str(error), error.message_zh, repr(error.fields)))
    assert not re.search("[0-9]{6}|张三", shown)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_a_plan_for_decoded_columns_is_refused() -> None:
    """It would trust what nobody has checked."""
    engine = decoded_engine(Field("born", "date", "date", Year()), whole=frozenset())
    with pytest.raises(ValueError, match="without `whole`"):
        mask_table(pl.DataFrame({"born": ["13812345678"]}), engine)


def test_a_table_says_nothing_of_itself() -> None:
    """A result that is printed shows no value."""
    engine = engine_of(Field("n", "integer", "general", Clear()))
    assert "77" not in repr(mask_table(pl.DataFrame({"n": [777]}), engine))


KEY = "5ea1" * 16


def test_an_expression_shows_no_key() -> None:
    """Nor does its plan, or what polars says of a column it cannot hash."""
    hashed = Mac(KEY.encode()).hex_expression()
    assert hashed is not None
    expression = hashed(pl.col("x"))
    frame = pl.DataFrame({"x": [1]})
    with pytest.raises(pl.exceptions.ComputeError) as caught:
        frame.select(expression)
    lazy = frame.lazy().select(expression)
    shown = [repr(hashed), repr(expression), str(expression), str(caught.value), repr(lazy)]
    shown += [lazy.explain(), lazy.explain(optimized=False), repr(expression.meta.root_names())]
    shown += [expression.meta.tree_format(return_as_string=True) or "", repr(Mac(KEY.encode()))]
    assert not any(KEY[:8] in text for text in shown)


@given(
    key=st.binary(max_size=100)
    | st.text(max_size=80).map(lambda text: text.encode("utf-8", "ignore"))
)
def test_a_column_is_hashed_as_its_texts_are(key: bytes) -> None:
    """Short keys and long, with a zero byte or none; what is no text is no key of a column."""
    mac, texts = Mac(key), ["", "王芳", "\x00", "a" * 200]
    hashed = mac.hex_expression()
    try:
        key.decode()
    except UnicodeDecodeError:
        assert hashed is None
        return
    assert hashed is not None
    found = pl.DataFrame({"x": texts}).select(hashed(pl.col("x")))["x"].to_list()
    assert found == mac.hex_column(texts, 64)


def test_another_hash_has_no_expression() -> None:
    """The kernel does it."""
    assert Mac(b"k", sha512).hex_expression() is None


WITHOUT = """
import sys
sys.modules["{module}"] = None
import masking
from masking.errors import ExtraMissingError
try:
    masking.mask_table([], None)
except ExtraMissingError as error:
    print(error)
"""


@pytest.mark.parametrize("module", ["polars", "polars_hash"])
def test_without_the_extra_it_says_so(module: str) -> None:
    """And how to install it; the package itself is there."""
    code = WITHOUT.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "EXTRA_MISSING: masking tables" in done.stdout
    assert "sealgate[tables]" in done.stdout


def test_importing_masking_loads_no_polars() -> None:
    """Nor the engine's operators."""
    code = "import sys, masking, masking.engine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"polars", "polars_hash", "pyarrow", "numpy"} & set(done.stdout.split())
