"""What holds of every operator, those added later among them."""

import doctest
import importlib
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec import inspect as shapes

from keys.derive import Mac
from masking.detect import Span
from masking.grades import Disclosure
from masking.operators import (
    EVERY_TYPE,
    HIDDEN,
    AnyOperator,
    Binding,
    Column,
    FieldType,
    Kernel,
    Operator,
    Scope,
    operator_types,
    tried,
)
from masking.operators._trial import GivenRecords

SCOPE = Scope(requester="11110000000000001A", purpose="养老金核验", resource="3070/0001")
FORMATS = ["YYYY-MM-DD", "YYYYMMDD", "DD/MM/YYYY", "YYYY年MM月DD日", "YYYY-MM", "YYYY", None]
OUTPUT_TYPES = {
    "string": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": bool,
    "date": str,
    "datetime": str,
    "code": str,
    "geo_point": str,
    "binary": bytes,
    "null": type(None),
    "absent": msgspec.UnsetType,
}
TODAY = date(2026, 6, 15)

# Whatever a text column may hold: short, empty, over-long, outside the BMP, combining, full
# width, right to left, control characters, lone surrogates, and the usual.
TEXTS = st.one_of(
    st.text(max_size=12),
    st.text(st.characters(categories=["Cc", "Cf", "Mn", "Cs", "Zs", "Lo"]), max_size=8),
    st.text("01９𠮷e\u0301\u202e\u200b王· ", max_size=10),
    st.sampled_from(["长期", "王", "欧阳娜娜", "买买提·艾力", "13812345678", "11010519491231002X"]),
    st.sampled_from(["2020-02-29", "20200229", "29/02/2020", "2020年02月29日", "2020", "2020-02"]),
    st.sampled_from(["140105", "140000", "140105001002", "山西省", "山西省太原市", "太原市小店区"]),
    st.sampled_from(["w@example.com", "wang@example.com", "000-XX", "某某", "A-B-C", "e\u0301@b"]),
    st.builds("".join, st.lists(st.text(max_size=3), min_size=200, max_size=200)),
)
VALUES: dict[FieldType, st.SearchStrategy[object]] = {
    "string": TEXTS,
    "code": TEXTS,
    "date": TEXTS,
    "datetime": TEXTS,
    "geo_point": TEXTS
    | st.builds("{},{}".format, st.decimals(-181, 181, places=3), st.decimals(-91, 91, places=2))
    | st.sampled_from(["180,90", "-180,-90", "0,0", "-0.0,0.0", "116.390,39.900"]),
    "integer": st.integers() | st.sampled_from([0, -1, 10**40, -(10**40)]),
    "decimal": st.decimals() | st.sampled_from([Decimal("sNaN"), Decimal("-1E+999999")]),
    "boolean": st.booleans(),
    "binary": st.binary(max_size=8),
}


def _each(*types: type[Operator]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operator_type", types, ids=[each.name for each in types])


each_operator = _each(*operator_types())
each_nothing = _each(*(each for each in operator_types() if each.disclosure is Disclosure.NOTHING))
# A text in which nothing was found comes back; that is what scrubbing is.
each_mask = _each(
    *(
        each
        for each in operator_types()
        if Disclosure.NOTHING < each.disclosure < Disclosure.CLEAR and each.name != "scrub"
    )
)

# Of what an operator chooses that is made of others.
CHOICES = [
    msgspec.convert(each, AnyOperator)
    for each in (
        {"op": "redact"},
        {"op": "keep", "prefix": 1},
        {"op": "year"},
        {"op": "bucket", "width": 10},
        {"op": "null"},
        {"op": "clear"},
        {"op": "scrub"},
    )
]

# What an operator of these gives may be what it was given.
GIVERS = tuple(
    each
    for each in operator_types()
    if each.gives_back is not Operator.gives_back and each.disclosure < Disclosure.CLEAR
)
each_giver = _each(*GIVERS)
# A label of a table may stand in the table for a value with another label; a date that was
# shifted may be shifted again.
each_projection = _each(*(each for each in GIVERS if each.name not in ("mapping", "shift")))


class Digits:
    """A detector that finds runs of digits."""

    def find(self, text: str) -> list[Span]:
        """Give every run."""
        return [Span(*found.span(), "号码") for found in re.finditer("[0-9]+", text)]

    def find_column(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give every run of each text."""
        return list(map(self.find, texts))


def _mac(context: bytes) -> Mac:
    return Mac(b"a key for tests".ljust(32) + context)


def _parameter(shape: shapes.Type) -> st.SearchStrategy[object]:
    match shape:
        case shapes.Metadata(type=inner):
            return _parameter(inner)
        case shapes.UnionType(types=types) if any(isinstance(t, shapes.NoneType) for t in types):
            (other,) = (each for each in types if not isinstance(each, shapes.NoneType))
            return st.none() | _parameter(other)
        case shapes.UnionType():
            return st.sampled_from(CHOICES).map(msgspec.to_builtins)
        case shapes.VarTupleType(item_type=item):
            return st.lists(st.sampled_from(["0", "1"]) | _parameter(item), min_size=1, max_size=3)
        case shapes.IntType(ge=low, le=high):
            return st.integers(low or 0, high) | st.integers(
                low or 0, min(high or 9, (low or 0) + 9)
            )
        case shapes.StrType(pattern=str(pattern)):
            return st.from_regex(pattern)
        case shapes.StrType(min_length=low, max_length=high):
            return st.text(min_size=low or 0, max_size=high)
        case shapes.LiteralType(values=values):
            return st.sampled_from(values)
        case shapes.BoolType():
            return st.booleans()
        case shapes.DictType(key_type=key, value_type=value, min_length=low):
            labels = st.sampled_from(["山西省", "000-XX", "长期"]) | _parameter(value)
            return st.dictionaries(labels | _parameter(key), labels, min_size=low or 0, max_size=5)
    raise AssertionError(f"no law holds for what is never drawn: {shape}")


@st.composite
def operators(draw: st.DrawFn, operator_type: type[Operator]) -> Operator:
    """Draw an operator with any parameters that its schema allows, and it does not refuse."""
    shape = shapes.type_info(operator_type)
    assert isinstance(shape, shapes.StructType)
    given_values = {
        field.encode_name: draw(_parameter(field.type))
        for field in shape.fields
        if field.required or draw(st.booleans())
    }
    try:
        made: Operator = msgspec.convert({"op": operator_type.name, **given_values}, AnyOperator)
    except msgspec.ValidationError:  # parameters that do not go together
        reject()
    return made


@st.composite
def bound(draw: st.DrawFn, operator_type: type[Operator]) -> tuple[Operator, Binding]:
    """Draw an operator, and a field that it accepts."""
    operator = draw(operators(operator_type))
    taken = sorted(each for each in operator.accepts if operator.takes(each))
    assume(taken)
    field_type = draw(st.sampled_from(taken))
    return operator, Binding(
        field="field",
        type=field_type,
        kind="general",
        scope=SCOPE,
        mac=_mac,
        format=draw(st.sampled_from(FORMATS)),
        detector=Digits,
        at=draw(st.sampled_from([TODAY, None])),
    )


def _kernel(data: st.DataObject, operator: Operator, bind: Binding) -> Kernel:
    """Compile an operator; one that looks at records finds the same in each of them."""
    if not operator.needs():
        return operator.kernel(bind)
    text = data.draw(st.sampled_from(["0", "1", None]) | st.text(max_size=3))
    own = data.draw(st.sampled_from([(), (("姓名", "王芳"),)]))
    kernel = operator.record_kernel(bind)

    def mask(column: Column) -> Column:
        size = len(column)
        texts = dict.fromkeys(operator.needs(), [text or None] * size)
        return kernel(column, GivenRecords([own] * size, texts))

    return mask


def _same(left: list[object], right: list[object]) -> bool:
    """Tell equality by spelling: no two decimals that are no numbers are equal."""
    return list(map(repr, left)) == list(map(repr, right))


@each_operator
@given(data=st.data())
def test_a_value_bears_on_itself_alone(operator_type: type[Operator], data: st.DataObject) -> None:
    """A column gives what its values give one by one, twice the same, and is left as it was."""
    operator, bind = data.draw(bound(operator_type))
    some = data.draw(st.lists(VALUES[bind.type], max_size=5))
    column = some * data.draw(st.sampled_from([1, 1, 12]))
    before = list(column)
    kernel = _kernel(data, operator, bind)
    masked = kernel(column)
    assert len(masked) == len(column)
    assert _same(masked, [kernel([value])[0] for value in column])
    assert _same(masked, kernel(column))
    assert _same(column, before)


@each_operator
@given(data=st.data())
def test_what_comes_out_is_of_the_type_declared(
    operator_type: type[Operator], data: st.DataObject
) -> None:
    """A recipient can rely on the manifest's output types.

    Where they are no text, null stands for what a mask cannot be made of.
    """
    operator, bind = data.draw(bound(operator_type))
    column = data.draw(st.lists(VALUES[bind.type], max_size=4))
    output = operator.output_type(bind.type)
    expected = {OUTPUT_TYPES[output]}
    if output != "string" and operator.discloses() > Disclosure.NOTHING:
        expected.add(type(None))
    assert {type(value) for value in _kernel(data, operator, bind)(column)} <= expected


@each_mask
@given(data=st.data())
def test_only_clear_gives_a_value_back(operator_type: type[Operator], data: st.DataObject) -> None:
    """No mask, however odd the value, leaves it as it was.

    Except, as the operators say, the open end of a date, and a value that says
    no more than the operator lets out. (And a star cannot be told from a star
    over it.)
    """
    operator, bind = data.draw(bound(operator_type))
    value = data.draw(VALUES[bind.type])
    assume(not isinstance(value, str) or ("*" not in value and value != "长期"))
    (masked,) = _kernel(data, operator, bind)([value])
    assert type(masked) is not type(value) or masked != value or operator.gives_back(value)


@each_giver
@given(data=st.data())
def test_what_may_come_back_does(operator_type: type[Operator], data: st.DataObject) -> None:
    """An operator that says a value comes back as it is gives just that one."""
    operator, bind = data.draw(bound(operator_type))
    kernel = _kernel(data, operator, bind)
    value = data.draw(VALUES[bind.type])
    for each in (value, *kernel([value])):
        if operator.gives_back(each):
            assert kernel([each]) == [each]


@each_projection
@given(data=st.data())
def test_masking_twice_is_masking_once(operator_type: type[Operator], data: st.DataObject) -> None:
    """What comes back is what others come to: of the coarser values, and no finer one."""
    operator, bind = data.draw(bound(operator_type))
    kernel = _kernel(data, operator, bind)
    masked = [
        each
        for each in kernel(data.draw(st.lists(VALUES[bind.type], max_size=5)))
        if each not in (None, HIDDEN)
    ]
    assert all(map(operator.gives_back, masked))
    assert kernel(masked) == masked


@each_giver
def test_an_operator_says_when_a_value_comes_back(operator_type: type[Operator]) -> None:
    """In both languages."""
    assert "as it is" in " ".join((operator_type.__doc__ or "").split())
    assert "原样输出" in operator_type.description_zh


@each_operator
def test_an_operator_is_described_and_shown_at_work(operator_type: type[Operator]) -> None:
    """In Chinese too; the examples of its description are run, and use it."""
    assert len(re.findall("[\u4e00-\u9fff]", operator_type.description_zh)) > 20
    assert operator_type.description_zh.endswith("。")
    module = importlib.import_module(operator_type.__module__)
    examples = [
        example
        for test in doctest.DocTestFinder().find(module)
        if test.name == f"{module.__name__}.{operator_type.__name__}"
        for example in test.examples
    ]
    assert any(f"tried({operator_type.__name__}(" in example.source for example in examples)
    failures, _ = doctest.testmod(module, extraglobs={"tried": tried, "Decimal": Decimal})
    assert not failures


def test_an_operator_with_a_key_or_of_another_type_is_not_tried() -> None:
    """The examples show operators that need nothing but their parameters."""
    types = {each.name: each for each in operator_types()}
    with pytest.raises(ValueError, match="a key"):
        tried(types["pseudonym"](), "value")
    with pytest.raises(ValueError, match="does not take the type integer"):
        tried(types["surname"](), 1, type="integer")


@each_nothing
@given(data=st.data())
def test_nothing_is_one_constant(operator_type: type[Operator], data: st.DataObject) -> None:
    """Where nothing is disclosed, not even absent and null can be told from a value."""
    operator, bind = data.draw(bound(operator_type))
    column = [None, UNSET, *data.draw(st.lists(VALUES[bind.type], max_size=4))]
    assert len(set(operator.kernel(bind)(column))) == 1


@each_operator
def test_an_operator_says_what_it_is(operator_type: type[Operator]) -> None:
    """Titles in two languages, a class, types it accepts, a docstring, and frozen values."""
    assert operator_type.title.isascii()
    assert re.search("[\u4e00-\u9fff]", operator_type.title_zh)
    assert operator_type.disclosure in Disclosure
    assert operator_type.accepts
    assert operator_type.accepts <= EVERY_TYPE
    assert (operator_type.__doc__ or "").strip()
    assert operator_type.__struct_config__.frozen
    assert operator_type.__struct_config__.forbid_unknown_fields


@each_operator
@given(data=st.data())
def test_an_operator_is_read_from_what_it_is_written_as(
    operator_type: type[Operator], data: st.DataObject
) -> None:
    """Manifest and policy spell an operator alike; what it shows is never below nothing."""
    operator = data.draw(operators(operator_type))
    written = msgspec.to_builtins(operator)
    assert written["op"] == operator.name
    assert msgspec.convert(written, AnyOperator) == operator
    assert operator.shown() >= 0
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**written, "unknown": 1}, AnyOperator)


@each_operator
@given(data=st.data())
def test_a_manifest_can_say_what_was_done(
    operator_type: type[Operator], data: st.DataObject
) -> None:
    """By the operator's word and its flat parameters: tables and lists stay with the provider."""
    operator = data.draw(operators(operator_type))
    told = operator.told()
    assert told["op"] == operator.name
    assert all(isinstance(value, str | int | float | bool | None) for value in told.values())
    written = msgspec.to_builtins(operator)
    assert {name for name in written if name not in told} <= {"table", "among"}
