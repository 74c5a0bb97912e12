"""No record bears on another, and what was decoded is masked as anything else."""

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from masking.grades import Disclosure
from masking.operators import HIDDEN
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.fake import Fake
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.noise import Noise
from masking.operators.pseudonym import Pseudonym
from masking.operators.scrub import Scrub
from masking.operators.shift import Shift
from masking.operators.surname import Surname
from masking.operators.when import When
from tests.masking.engines import BAD_ID, ID, Field, engine_of

RECORD = (
    Field("name", "string", "person_name", Surname()),
    Field("id", "string", "resident_id", Keep(prefix=3, suffix=4)),
    Field("card", "string", "bank_card", Pseudonym()),
    Field("issued", "date", "date", Month()),
    Field("note", "string", "free_text", Scrub()),
    Field("age", "integer", "age", Bucket(width=10)),
)
CELLS: tuple[st.SearchStrategy[Any], ...] = (
    st.sampled_from(["王芳", "张建国", "王芳\n张建国", "", "x1"]),
    st.sampled_from([ID, BAD_ID, ID + "\n" + ID, ""]),
    st.sampled_from(["4111111111111111", "4111111111111112", "1"]),
    st.sampled_from(["2020-02-29", "长期", "2020"]),
    st.sampled_from(["王芳和张建国", ID, "4111111111111111号卡", ""]),
    st.sampled_from([35, -1, 10**50, True, "35"]),
)
RECORDS = st.lists(
    st.tuples(*(st.none() | st.just(UNSET) | cell for cell in CELLS)), min_size=1, max_size=30
)


@given(RECORDS)
def test_a_record_is_masked_alike_alone_and_in_a_batch(records: list[tuple[Any, ...]]) -> None:
    """No record bears on another, whatever values stand in the same column."""
    engine = engine_of(*RECORD)
    masked, findings = engine.mask([list(column) for column in zip(*records, strict=True)])
    counts: dict[str, int] = {}
    for row, record in enumerate(records):
        alone, found = engine.mask([[value] for value in record])
        assert [column[row] for column in masked] == [column[0] for column in alone]
        for field, count in found.items():
            counts[field] = counts.get(field, 0) + count
    assert findings == counts


# Every field but the code looks at others of its record, which may lack or misspell them.
BESIDE = (
    Field("id", "string", "resident_id", Pseudonym()),
    Field("sort", "code", "general", Clear()),
    Field("name", "string", "person_name", Fake(subject="id")),
    Field("mobile", "string", "mobile", Fake(subject="mobile")),
    Field("born", "date", "birth_date", Shift(subject="id", days=200)),
    Field("seen", "datetime", "date", Shift(subject="mobile", days=30)),
    Field("paid", "decimal", "amount", Noise(spread=500, subject="id")),
    Field("count", "integer", "general", Noise(spread=3)),
    Field(
        "left",
        "date",
        "date",
        When(field="sort", among=("1",), then=Shift(subject="id", days=9), otherwise=Clear()),
    ),
    Field(
        "firm",
        "string",
        "org_name",
        When(field="paid", among=("3280.5",), then=Fake(subject="id"), otherwise=Keep(prefix=1)),
    ),
    Field("note", "string", "free_text", Scrub()),
)
BESIDE_CELLS: tuple[st.SearchStrategy[Any], ...] = (
    st.sampled_from([ID, ID[:-1] + "x", BAD_ID, "", 1]),
    st.sampled_from(["1", "2", "", 1]),
    st.sampled_from(["王芳", "张建国", "x1", "", "王芳\n张建国"]),
    st.sampled_from(["13812345678", "13900000000", "1", ""]),
    st.sampled_from(["2020-02-29", "1999-12-31", "长期", "2020", 20200229]),
    st.sampled_from(["2020-02-29T23:59:59", "长期", "2020-02-29"]),
    st.sampled_from([Decimal("3280.50"), Decimal("NaN"), Decimal("1E+40"), 3280]),
    st.sampled_from([35, -1, 10**50, True, "35"]),
    st.sampled_from(["2020-02-29", "长期", "2020-02-30"]),
    st.sampled_from(["青岚市某某有限公司", "某\u200b某", ""]),
    st.sampled_from(["王芳和张建国", ID, "13812345678来电", "", 7]),
)
RECORDS_BESIDE = st.lists(
    st.tuples(*(st.none() | st.just(UNSET) | cell for cell in BESIDE_CELLS)),
    min_size=1,
    max_size=20,
)


@given(RECORDS_BESIDE, st.booleans())
def test_a_record_that_is_looked_at_is_its_own(records: list[tuple[Any, ...]], back: bool) -> None:
    """Whatever is missing beside a value or in its place, no row slips to another's."""
    engine = engine_of(*(reversed(BESIDE) if back else BESIDE))
    step = -1 if back else 1
    masked, findings = engine.mask([list(column) for column in zip(*records, strict=True)][::step])
    counts: Counter[str] = Counter()
    for row, record in enumerate(records):
        alone, found = engine.mask([[value] for value in record][::step])
        assert [column[row] for column in masked] == [column[0] for column in alone]
        counts.update(found)
    assert findings == counts


def test_what_a_record_lacks_is_looked_for_in_no_other() -> None:
    """Of five records each lacks something, and gets what that comes to; a misfit is no subject."""
    fields = {field.id: field for field in BESIDE}
    engine = engine_of(*(fields[name] for name in ("id", "sort", "name", "born", "left")))
    columns: list[list[Any]] = [
        [ID, None, ID, BAD_ID, UNSET],
        ["1", "2", UNSET, "1", "1"],
        ["王芳", "王芳", "x1", "王芳", None],
        ["2020-02-29", "2020-02-29", UNSET, "2020-02-29", "长期"],
        ["2020-03-10", "2020-02-29", "2020-02-29", None, "2020-02-29"],
    ]
    (ids, _, names, born, left), findings = engine.mask(columns)
    assert ids == [ids[0], None, ids[0], HIDDEN, UNSET]
    assert names == [names[0], HIDDEN, HIDDEN, HIDDEN, None]
    assert born == [born[0], None, UNSET, None, "长期"]
    assert left == [left[0], "2020-02-29", None, None, None]
    assert findings == {"id": 1, "name": 1}
    assert len({HIDDEN, "王芳", names[0]}) == 3
    assert len({None, "2020-02-29", born[0]}) == 3


@given(RECORDS)
def test_findings_hold_no_value(records: list[tuple[Any, ...]]) -> None:
    """They are field ids and counts, and the engine's repr is neither."""
    engine = engine_of(*RECORD)
    findings = engine.mask([list(column) for column in zip(*records, strict=True)]).findings
    assert set(findings) <= {field.id for field in RECORD}
    assert all(0 < count <= len(records) for count in findings.values())
    assert "kkkk" not in repr(engine)
    assert all(field.treatment.disclosure >= Disclosure.LINKABLE for field in RECORD)


# What a decoder gives: each value of its field's type and format, or null or absent.
DECODED = (
    (Field("clear", "string", "general", Clear()), st.sampled_from(["a", "", "长期"])),
    (Field("mobile", "string", "mobile", Clear()), st.sampled_from(["13812345678", "1", ""])),
    (Field("id", "string", "resident_id", Pseudonym()), st.sampled_from([ID, ID[:-1] + "x", "1"])),
    (Field("name", "string", "person_name", Surname()), st.sampled_from(["王芳", "欧阳修", "x1"])),
    (Field("born", "date", "date", Month(), "YYYYMMDD"), st.sampled_from(["20200229", "长期"])),
    (
        Field("until", "date", "date", Month(), "YYYY年MM月DD日"),
        st.sampled_from(["2020年02月29日", "长期"]),
    ),
    (Field("day", "date", "date", Clear(), "YYYY-MM-DD"), st.sampled_from(["2020-02-29", "长期"])),
    (Field("at", "datetime", "date", Month()), st.sampled_from(["2020-02-29T23:59:59", "长期"])),
    (Field("income", "decimal", "amount", Bucket(width=1000)), st.decimals(-9999, 9999, places=2)),
    (
        Field("sum", "decimal", "amount", Bucket(width=10**18, origin=7)),
        st.sampled_from(
            [Decimal(10) ** 30, Decimal(10) ** 30 - 1, -(Decimal(10) ** 30), Decimal("0.5")]
        ),
    ),
    (Field("age", "integer", "age", Bucket(width=10, origin=-3)), st.integers(-(2**63) + 1, 2**63)),
    (Field("count", "integer", "general", Clear()), st.integers(0, 9)),
    (Field("photo", "binary", "photo", Drop()), st.just(b"1")),
)


@given(data=st.data(), rows=st.integers(1, 40), gaps=st.booleans())
def test_what_a_decoder_gave_is_masked_as_anything_else(
    data: st.DataObject, rows: int, gaps: bool
) -> None:
    """To be told that columns are decoded saves checks, and changes no result."""
    gap = st.sampled_from([None, UNSET])
    columns = [
        data.draw(st.lists(values | gap if gaps else values, min_size=rows, max_size=rows))
        for _, values in DECODED
    ]
    fields = [field for field, _ in DECODED]
    whole = frozenset(
        field.id
        for field, column in zip(fields, columns, strict=True)
        if None not in column and UNSET not in column
    )
    told = engine_of(*fields, whole=whole).mask(columns)
    assert told == engine_of(*fields, whole=frozenset()).mask(columns)
    assert told == engine_of(*fields).mask(columns)
