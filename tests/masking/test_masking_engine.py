"""The engine hands operators only what they may see, and counts the rest."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from keys.derive import Mac
from masking.engine import compile_plan
from masking.errors import ExtraMissingError
from masking.operators import HIDDEN, FieldType, Operator, operator_types
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
from masking.plan import Plan
from tests.masking.engines import BAD_ID, ID, SCOPE, Field, engine_of


def test_a_batch_is_masked_in_plan_order() -> None:
    """Each column by its own operator; nothing to report."""
    engine = engine_of(
        Field("name", "string", "person_name", Surname()),
        Field("mobile", "string", "mobile", Keep(prefix=3, suffix=4)),
        Field("id", "string", "resident_id", Pseudonym()),
        Field("issued", "date", "date", Month(), "YYYYMMDD"),
        Field("income", "decimal", "amount", Bucket(width=1000)),
        Field("married", "boolean", "general", Clear()),
        Field("photo", "binary", "photo", Drop()),
    )
    columns: list[list[Any]] = [
        ["王芳", "欧阳娜娜"],
        ["13812345678", "19900000000"],
        [ID, ID],
        ["20240229", "长期"],
        [Decimal("12345.60"), Decimal(-1)],
        [True, False],
        [b"1", b"2"],
    ]
    masked, findings = engine.mask(columns)
    pseudonyms = masked.pop(2)
    assert masked == [
        ["王*", "欧阳**"],
        ["138****5678", "199****0000"],
        ["202402", "长期"],
        ["[12000,13000)", "[-1000,0)"],
        [True, False],
        [UNSET, UNSET],
    ]
    assert len(set(pseudonyms)) == 1
    assert len(pseudonyms[0]) == 32
    assert findings == {}


@pytest.mark.parametrize("treatment", [Keep(prefix=3, suffix=4), Pseudonym(), Clear()])
def test_null_and_absent_stay_what_they_are(treatment: Operator) -> None:
    """They are no findings, and never reach an operator."""
    engine = engine_of(Field("id", "string", "resident_id", treatment))
    (present,) = engine.mask([[ID]]).columns[0]
    masked, findings = engine.mask([[None, ID, UNSET, ID]])
    assert masked == [[None, present, UNSET, present]]
    assert findings == {}
    for missing in (None, UNSET):
        assert engine.mask([[missing]]) == ([[missing]], {})


@pytest.mark.parametrize("treatment", [Keep(prefix=3, suffix=4), Pseudonym(), Clear()])
def test_an_empty_text_is_no_finding(treatment: Operator) -> None:
    """Where the catalogue lets one stand it says that there is no value, as null does."""
    engine = engine_of(Field("mobile", "string", "mobile", treatment))
    number = "13812345678"
    (present,) = engine.mask([[number]]).columns[0]
    assert engine.mask([["", number, "1"]]) == ([["", present, HIDDEN]], {"mobile": 1})
    assert engine.mask([[""]]) == ([[""]], {})


@pytest.mark.parametrize("treatment", [Drop(), Null(), Redact(), Redact(label="保密")])
@given(column=st.lists(st.none() | st.just(UNSET) | st.text() | st.just(ID), max_size=5))
def test_nothing_tells_nothing_about_any_row(treatment: Operator, column: list[Any]) -> None:
    """Null, absent, wrong and right values give the same, and are not even counted."""
    engine = engine_of(Field("id", "string", "resident_id", treatment))
    masked, findings = engine.mask([column])
    assert len(masked[0]) == len(column)
    assert len(set(masked[0])) <= 1
    assert findings == {}


@pytest.mark.parametrize("treatment", [Clear(), Keep(prefix=3, suffix=4), Pseudonym()])
def test_a_value_of_another_shape_is_hidden_and_counted(treatment: Operator) -> None:
    """Even where the field is clear."""
    engine = engine_of(Field("id", "string", "resident_id", treatment))
    (good,) = engine.mask([[ID]]).columns[0]
    column = [ID, BAD_ID, None, "王芳", UNSET, ID]
    masked, findings = engine.mask([column])
    assert masked == [[good, HIDDEN, None, HIDDEN, UNSET, good]]
    assert findings == {"id": 2}
    assert engine.mask([[BAD_ID]]) == ([[HIDDEN]], {"id": 1})


def test_a_code_is_one_of_its_list_and_not_asked_for_a_shape() -> None:
    """The catalogue holds a code to a closed list, which says more than a kind."""
    engine = engine_of(Field("region", "code", "region", Clear()))
    assert engine.mask([["140105", "149900"]]) == ([["140105", "149900"]], {})


@pytest.mark.parametrize(
    ("type", "good", "wrong"),
    [
        ("string", "a", [1, b"a", ["a"], {"a": 1}, True, Decimal(1)]),
        ("integer", 1, ["1", "", True, 1.0, Decimal(1), [1]]),
        ("decimal", Decimal(1), [1, 1.0, "1"]),
        ("boolean", True, [1, 0, "true"]),
        ("binary", b"a", ["a", bytearray(b"a"), 1]),
        ("date", "2020-01-01", [20200101, ["2020-01-01"]]),
    ],
)
def test_a_value_of_another_type_is_hidden_and_counted(
    type: FieldType, good: object, wrong: list[object]
) -> None:
    """Whatever let it through before: it is not released, and no operator meets it."""
    engine = engine_of(Field("field", type, "general", Clear()))
    hidden = HIDDEN if type == "string" else None
    for value in wrong:
        assert engine.mask([[good, value]]) == ([[good, hidden]], {"field": 1})
        assert engine.mask([[value]]) == ([[hidden]], {"field": 1})


def test_a_date_is_not_judged_by_its_kind() -> None:
    """A date's own format was checked with its type."""
    engine = engine_of(Field("born", "date", "birth_date", Clear(), "YYYY"))
    assert engine.mask([["1990", "长期"]]) == ([["1990", "长期"]], {})


def test_columns_are_not_changed() -> None:
    """What was given stays as it was, whole or not; a clear one comes back itself."""
    engine = engine_of(
        Field("clear", "string", "mobile", Clear()), Field("keep", "string", "mobile", Keep())
    )
    whole = ["13812345678", "13912345678"]
    broken = ["13812345678", "1"]
    columns = [whole, list(whole)]
    assert engine.mask(columns).columns[0] is whole
    assert columns == [whole, whole]
    columns = [broken, list(broken)]
    masked = engine.mask(columns).columns
    assert masked[0] == ["13812345678", HIDDEN]
    assert columns == [["13812345678", "1"]] * 2


def test_free_text_loses_what_the_record_hides() -> None:
    """Masked, dropped, hidden and numeric values of the same record, not of another."""
    engine = engine_of(
        Field("note", "string", "free_text", Scrub()),
        Field("name", "string", "person_name", Surname()),
        Field("mobile", "string", "mobile", Drop()),
        Field("id", "string", "resident_id", Clear()),
        Field("income", "integer", "amount", Bucket(width=1000)),
        Field("town", "string", "org_name", Clear()),
    )
    note = "张建国13812345678，证号{}，月入8640元，住平安街道"
    columns: list[list[Any]] = [
        [note.format(ID), note.format(BAD_ID), note.format(ID), None],
        ["张建国", "张建国", "李小明", "张建国"],
        ["13812345678", "13812345678", "13900000000", None],
        [ID, BAD_ID, ID, ID],
        [8640, 8640, 1, 8640],
        ["平安街道"] * 4,
    ]
    masked, findings = engine.mask(columns)
    hidden = "[姓名][手机号]，证号{}，月入[金额]元，住平安街道"
    assert masked[0] == [
        hidden.format(ID),
        hidden.format("[身份证号]"),
        note.format(ID),
        None,
    ]
    assert findings == {"id": 1}


def test_each_free_text_is_searched_for_all_the_record_hides() -> None:
    """Two notes of one record lose the same; the order of the fields does not matter."""
    engine = engine_of(
        Field("first", "string", "free_text", Scrub()),
        Field("name", "string", "person_name", Drop()),
        Field("second", "string", "free_text", Scrub()),
    )
    masked = engine.mask([["见张建国"], ["张建国"], ["张建国来访"]]).columns
    assert masked == [["见[姓名]"], [UNSET], ["[姓名]来访"]]


def test_a_text_of_the_wrong_type_is_hidden() -> None:
    """A list of texts is not searched, nor released."""
    engine = engine_of(Field("note", "string", "free_text", Scrub()))
    assert engine.mask([["好", ["张建国"], None]]) == ([["好", HIDDEN, None]], {"note": 1})


def test_free_text_needs_a_detector_only_where_it_leaves() -> None:
    """A plan that drops the note compiles without one; no detector is made for it."""
    dropped = Field("note", "string", "free_text", Drop())
    assert engine_of(dropped, detector=None).mask([["张建国"]]).columns == [[UNSET]]
    with pytest.raises(ExtraMissingError):
        engine_of(Field("note", "string", "free_text", Scrub()), detector=None)


def test_keys_are_asked_for_only_where_needed() -> None:
    """A plan without pseudonyms needs no pseudonym key."""

    def no_key(_context: bytes) -> Mac:
        raise AssertionError("asked for a key")

    plan = Plan(fields=(), valid_until=None, policy="test", policy_version=1)
    assert compile_plan(plan, [], no_key, SCOPE).mask([]) == ([], {})


def test_an_operator_that_does_not_take_the_type_is_refused() -> None:
    """A mistake in a plan never becomes a mask that does not fit."""
    with pytest.raises(ValueError, match="surname does not take the integer of field"):
        engine_of(Field("field", "integer", "general", Surname()))


def test_columns_must_be_one_to_a_field_and_of_one_length() -> None:
    """Ragged columns would mix records; the error says nothing of what they hold."""
    engine = engine_of(
        Field("a", "string", "general", Clear()), Field("b", "string", "general", Clear())
    )
    for columns in ([["secret"]], [["secret"], []], [["secret"], ["b", "c"]], [["s"]] * 3):
        with pytest.raises(ValueError, match="one column for each") as caught:
            engine.mask(columns)
        assert "secret" not in repr(caught.value)


def test_an_empty_batch_is_masked_to_an_empty_one() -> None:
    """For every operator, the scrubbing of text among them."""
    required: dict[str, dict[str, Any]] = {
        "bucket": {"width": 10},
        "grid": {"millidegrees": 10},
        "mapping": {"table": {"a": "b"}},
        "mask": {"start": 1, "count": 4},
        "mask_part": {"separator": "@", "part": "before"},
        "noise": {"spread": 5},
        "region": {"to": "city"},
        "round": {"to": 10},
        "shift": {"subject": "field", "days": 200},
        "truncate": {"length": 4},
        "when": {"field": "field", "among": ("1",), "then": Redact()},
    }
    operators: list[tuple[FieldType, Operator]] = [
        (sorted(each.accepts)[0], each(**required.get(each.name, {}))) for each in operator_types()
    ]
    for type, operator in operators:
        kind = "free_text" if operator.name == "scrub" else "general"
        type = "string" if "string" in operator.accepts else type
        assert engine_of(Field("field", type, kind, operator)).mask([[]]) == ([[]], {})
