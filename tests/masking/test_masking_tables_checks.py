"""What a table's checks are sure of, and that they mostly are."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.engine import Engine
from masking.kinds import KINDS, Kind
from masking.operators import FieldType, Operator
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.keep import Keep
from masking.operators.mask import Mask
from masking.operators.month import Month
from masking.operators.pseudonym import Pseudonym
from masking.operators.quarter import Quarter
from masking.operators.round import Round
from masking.operators.surname import Surname
from masking.operators.top_bottom import TopBottom
from masking.operators.truncate import Truncate
from masking.operators.year import Year
from masking.shapes import PLAIN, Shape
from masking.tables.checks import portable, sure_check
from masking.tables.columns import TableColumn
from tests.masking.engines import Field, engine_of

SHAPED = [kind for kind in KINDS.values() if kind.misfits is not None and kind.example]
# Cut, doubled, mixed with line ends, other digits, letters, blanks and marks.
PIECES = st.sampled_from(
    ["", "\n", "\r\n", "\x00", " ", "1", "１", "x", "X", "王", "𠮷", "\u0301", "\u202e"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def _engine(kind: Kind) -> Engine:
    return engine_of(Field("field", "string", kind.name, Clear()))


def _sure(kind: Kind, texts: list[str]) -> list[bool]:
    check = sure_check(_engine(kind).fields[0])
    frame = pl.DataFrame({"field": pl.Series(texts, dtype=pl.String)})
    return frame.select(check(pl.col("field"))).to_series().to_list()


@pytest.mark.parametrize("kind", SHAPED, ids=lambda kind: kind.name)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_sure_is_of_the_kind_and_plain(kind: Kind, data: st.DataObject) -> None:
    """Whatever text it is: sure is what Python's own check lets pass too."""
    own = getattr(kind.misfits, "__self__", None)
    near = st.builds(
        lambda at, piece, cut: kind.example[:at] + piece + kind.example[at + cut :],
        st.integers(0, len(kind.example)),
        PIECES,
        st.integers(0, 2),
    )
    drawn = [
        st.just(kind.example),
        near,
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    ]
    if isinstance(own, Shape):
        drawn.append(st.from_regex(f"(?:{own.pattern})(?![\\s\\S])"))
    texts = data.draw(st.lists(st.one_of(drawn), min_size=1, max_size=8))
    assert kind.misfits is not None
    misfits = set(kind.misfits(texts))
    for row, (text, sure) in enumerate(zip(texts, _sure(kind, texts), strict=True)):
        assert not sure or (row not in misfits and re.fullmatch(f"[{PLAIN}]*", text))


@pytest.mark.parametrize("kind", SHAPED, ids=lambda kind: kind.name)
def test_an_ordinary_value_is_sure(kind: Kind) -> None:
    """Or every column would go the slow way; a value with a blank does."""
    assert _sure(kind, [kind.example]) == [" " not in kind.example]


ORDINARY: list[tuple[Operator, FieldType, str, object]] = [
    (Keep(prefix=3, suffix=4), "string", "mobile", "13812345678"),
    (Keep(prefix=6), "string", "address", "北京市朝阳区建国路1号"),
    (Mask(start=4, count=4), "string", "mobile", "13812345678"),
    (Mask(start=1, count=4, side="end"), "string", "mobile", "13812345678"),
    (Truncate(length=4), "code", "general", "140105001"),
    (Surname(), "string", "person_name", "张建国"),
    (Pseudonym(), "string", "resident_id", "11010519491231002X"),
    (Pseudonym(), "integer", "general", 7),
    (Year(), "date", "date", "1990-03-07"),
    (Month(), "date", "date", "1990-03-07"),
    (Quarter(), "datetime", "date", "1990-03-07T10:00:00"),
    (Bucket(width=1000), "integer", "amount", 3280),
    (Round(to=1000), "integer", "amount", 3280),
    (TopBottom(top=90), "integer", "age", 101),
    (Clear(), "string", "mobile", "13812345678"),
]


@pytest.mark.parametrize(
    ("operator", "field_type", "kind", "value"), ORDINARY, ids=[each[0].name for each in ORDINARY]
)
def test_an_ordinary_value_is_masked_by_expression(
    operator: Operator, field_type: FieldType, kind: str, value: object
) -> None:
    """The kernel is left to the others: a mask that fits nothing is still told as unsure."""
    engine = engine_of(Field("field", field_type, kind, operator))
    frame = pl.DataFrame({"field": [value, None]})
    column = TableColumn.of(engine.fields[0], frame.schema["field"])
    assert column.value is not None
    found = frame.select(value=column.value, sure=column.sure)
    assert found["sure"].to_list()[0] is True
    assert found["value"].to_list() == engine.mask([[value, None]])[0][0]


FOREIGN = [
    "a*+",
    "a++",
    "a?+",
    "a{2}+",
    "a*?",
    "(?=a)b",
    "(?!a)b",
    "(?i)a",
    "(?P<n>a)",
    "a|^b",
    "a$",
]
FOREIGN += [r"\d", r"\w+", r"\bx", r"(a)\1", r"a\Z", "[[a]", "[a&&b]", "[a--b]", "[a~~b]"]


@pytest.mark.parametrize("pattern", FOREIGN)
def test_what_rust_reads_otherwise_is_not_taken_over(pattern: str) -> None:
    """Possessive and lazy runs, look-around, flags, classes by letter, anchors, sets of sets."""
    assert not portable(pattern)


@pytest.mark.parametrize("pattern", ["1[3-9][0-9]{9}", r"(?:a|b)?\.c", "[^a]x", r"[+*]?\-"])
def test_what_both_read_alike_is_taken_over(pattern: str) -> None:
    """Classes, groups, counted runs, and escaped signs."""
    assert portable(pattern)
