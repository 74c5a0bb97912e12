"""A value of another shape than its kind's is hidden and counted, whatever the treatment."""

import msgspec
import pytest
from msgspec import UNSET

from masking.grades import Disclosure
from masking.kinds import KINDS, Kind, kind
from masking.operators import HIDDEN, AnyOperator, Operator
from masking.operators.clear import Clear
from masking.operators.redact import Redact
from tests.masking.engines import Field, engine_of
from tests.masking.kind_values import BAD, GOOD

SPELLED = (
    {"op": "keep", "prefix": 1},
    {"op": "keep", "prefix": 64, "suffix": 64},
    {"op": "mask", "from": 2, "count": 4},
    {"op": "mask_part", "separator": "-", "part": "after"},
    {"op": "truncate", "length": 2},
    {"op": "surname"},
    {"op": "email"},
    {"op": "shape"},
    {"op": "region", "to": "city"},
    {"op": "mapping", "table": {"a": "b", "c": "b"}},
    {"op": "pseudonym", "scope": "global"},
    {"op": "redact", "label": "[{kind}]"},
    {"op": "null"},
    {"op": "drop"},
)
OTHERS: tuple[Operator, ...] = tuple(msgspec.convert(each, AnyOperator) for each in SPELLED)

each_shape = pytest.mark.parametrize("name", GOOD)
each_kind = pytest.mark.parametrize("each", KINDS.values(), ids=list(KINDS))


def treatments(each: Kind) -> list[Operator]:
    """Return the kind's own treatments of every class, and what else a rule may write."""
    standard = (operator for operator in each.standard.values() if operator.takes("string"))
    return [*standard, *OTHERS]


def showing(name: str) -> list[Operator]:
    return [each for each in treatments(kind(name)) if each.discloses() > Disclosure.NOTHING]


def hiding(name: str) -> list[Operator]:
    return [each for each in treatments(kind(name)) if each.discloses() <= Disclosure.NOTHING]


@each_shape
def test_values_of_another_shape_are_hidden_and_counted(name: str) -> None:
    """Clear ones too; alone, and among others, which come out as they would without them."""
    good, bad = GOOD[name], [value for value in BAD[name] if value]
    for treatment in showing(name):
        engine = engine_of(Field("f", "string", name, treatment))
        (plain,), findings = engine.mask([good])
        assert findings == {}
        for value in bad:
            assert engine.mask([[value]]) == ([[HIDDEN]], {"f": 1})
            mixed = [*good, value, *good, value]
            assert engine.mask([mixed]) == ([[*plain, HIDDEN, *plain, HIDDEN]], {"f": 2})
        assert engine.mask([bad]) == ([[HIDDEN] * len(bad)], {"f": len(bad)})


@each_shape
def test_what_is_missing_is_of_no_shape(name: str) -> None:
    """Null, absent and empty stay what they are, and are no findings."""
    good, missing = GOOD[name], [None, UNSET, ""]
    for treatment in showing(name):
        engine = engine_of(Field("f", "string", name, treatment))
        (plain,), _ = engine.mask([good])
        assert engine.mask([missing]) == ([missing], {})
        assert engine.mask([[*missing, *good, *missing]]) == ([[*missing, *plain, *missing]], {})


@each_shape
def test_a_column_that_shows_nothing_tells_of_no_shape_either(name: str) -> None:
    """One constant for every record, and no count that would say how many were odd."""
    for treatment in hiding(name):
        engine = engine_of(Field("f", "string", name, treatment))
        column = [*GOOD[name], *BAD[name], None, UNSET, ""]
        ((first, *others),), findings = engine.mask([column])
        assert others == [first] * (len(column) - 1)
        assert first not in column[:-3]
        assert findings == {}


@each_kind
def test_values_of_another_type_are_hidden_and_counted(each: Kind) -> None:
    """Of kinds without a shape as well."""
    engine = engine_of(Field("f", "string", each.name, Clear()))
    column = [1, each.example, b"1"]
    assert engine.mask([column]) == ([[HIDDEN, each.example, HIDDEN]], {"f": 2})


@pytest.mark.parametrize("name", sorted({"general", "photo", "free_text", "age", "amount", "date"}))
def test_a_kind_without_a_shape_takes_any_text(name: str) -> None:
    """As its reason says."""
    engine = engine_of(Field("f", "string", name, Clear()))
    column = ["", "1", "a\nb", "王"]
    assert engine.mask([column]) == ([column], {})


@each_kind
def test_redact_can_say_what_stood_there(each: Kind) -> None:
    """By the kind's Chinese name, the same for every record and every type."""
    label = Redact(label="[{kind}]")
    engine = engine_of(
        Field("f", "string", each.name, label), Field("n", "integer", each.name, label)
    )
    masked, findings = engine.mask([[each.example, None, "\x00"], [1, UNSET, 2]])
    assert masked == [[f"[{each.title_zh}]"] * 3] * 2
    assert findings == {}


def test_a_label_without_a_place_for_the_kind_is_left_alone() -> None:
    """Braces of other words are text; the kind may be named more than once."""
    for label, expected in (("{kin}", "{kin}"), ("{kind}/{kind}", "手机号/手机号"), ("%s", "%s")):
        engine = engine_of(Field("f", "string", "mobile", Redact(label=label)))
        assert engine.mask([["13812345678"]]).columns == [[expected]]
