"""The page on policies lists what the code reads and does: keys, classes, operators, scopes."""

import re
from decimal import Decimal
from typing import get_args

import msgspec
import pytest
import yaml

from masking.grades import Disclosure
from masking.operators import (
    EVERY_TYPE,
    Binding,
    FieldType,
    Operator,
    Scope,
    operator_types,
)
from masking.operators.pseudonym import PseudonymScope
from masking.policy import model, read_policy
from masking.policy.model import Treatment
from tests.docs.console import ROOT, Page
from tests.docs.tables import (
    Row,
    bare,
    both_languages,
    keys,
    names,
    page,
    section,
    table,
    value_words,
)

TEXT = page("reference/policy.md")
EXAMPLE = Page(ROOT / "docs" / "reference" / "policy.md")
WORDS: dict[object, str] = {
    model.Policy.__annotations__["provider"]: "department",
    model.Id: "policy id",
    model.Name: "name",
    Treatment: "treatment",
    int: "number",
}
FILES: list[tuple[str, type[msgspec.Struct]]] = [
    ("File", model.Policy),
    ("Defaults", model.Defaults),
    ("Pseudonyms", model.Pseudonyms),
    ("Rules", model.Rule),
    ("Match", model.Match),
    ("Sealing", model.Sealing),
    ("Cache", model.Cache),
]
OPERATORS = {bare(row[0]): row for row in table(TEXT, "Operators")}
BY_OPERATOR = {operator.name: operator for operator in operator_types()}


@pytest.mark.parametrize(("title", "shape"), FILES, ids=[title for title, *_ in FILES])
def test_the_page_lists_every_key_of_a_policy(title: str, shape: type[msgspec.Struct]) -> None:
    """In order, with type, limits and default, in both languages."""
    rows = table(TEXT, title)
    assert [[row[0], row[2]] for row in rows] == keys(shape)
    if shape is not model.Defaults:
        assert [row[1] for row in rows] == list(value_words(shape, WORDS))
    assert all(both_languages(row[-1]) for row in rows)


def test_classes_are_those_of_the_code() -> None:
    """From most to least, with their Chinese names."""
    rows = [[bare(row[0]), row[1]] for row in table(TEXT, "Treatments")]
    assert rows == [[each.label, each.label_zh] for each in sorted(Disclosure)[::-1]]


def test_operators_are_those_of_the_code() -> None:
    """Name, class, types; and parameters with their bounds and defaults."""
    assert set(OPERATORS) == set(BY_OPERATOR)
    for name, row in OPERATORS.items():
        operator = BY_OPERATOR[name]
        assert row[1:3] == [operator.title_zh, f"`{operator.disclosure.label}`"]
        every = operator.accepts == EVERY_TYPE
        assert row[3] == "every" if every else set(names(row[3])) == operator.accepts
        assert row[4] == (", ".join(map(parameter, msgspec.structs.fields(operator))) or "—")


def parameter(field: msgspec.structs.FieldInfo) -> str:
    """Word a parameter as the page does: bounds, and the default in parentheses."""
    default = f"`{field.default}`"
    if field.required:
        default = "required"
    elif isinstance(field.default, bool):
        default = str(field.default).lower()
    elif isinstance(field.default, int):
        default = number(field.default)
    return f"`{field.encode_name}` {allowed(field.type)} ({default})"


def allowed(kind: object) -> str:
    """Word what a parameter may be."""
    shape = msgspec.inspect.type_info(kind)
    shape = shape.type if isinstance(shape, msgspec.inspect.Metadata) else shape
    if isinstance(shape, msgspec.inspect.IntType):
        return f"{number(shape.ge)} to {number(shape.le)}"
    if isinstance(shape, msgspec.inspect.StrType):
        longest = shape.max_length
        return "1 character" if longest == 1 else f"{shape.min_length} to {longest} characters"
    if isinstance(shape, msgspec.inspect.DictType):
        return f"{shape.min_length} to {shape.max_length} labels by value"
    if isinstance(shape, msgspec.inspect.BoolType):
        return "true or false"
    assert isinstance(shape, msgspec.inspect.LiteralType)
    *first, last = (f"`{each}`" for each in get_args(kind))
    return f"{', '.join(first)} or {last}"


def number(value: float | None) -> str:
    """Write a bound as the page does."""
    text = f"{value:,}".replace("1,000,000,000,000,000,000", "10¹⁸")
    return text.replace("-", "−")


SHOWN = [
    (name, *found)
    for name, row in OPERATORS.items()
    for found in re.findall(r"(?:`(\{.+?\})`: )?`([^`]+)` → `([^`]+)`", row[5])
]


@pytest.mark.parametrize(("name", "written", "value", "result"), SHOWN)
def test_an_operator_does_what_the_page_shows(
    name: str, written: str, value: str, result: str
) -> None:
    """With the parameters that stand beside it."""
    plain = yaml.safe_load(written) if written else {"op": name}
    operator = msgspec.convert(plain, BY_OPERATOR[name])
    number = "decimal" in operator.accepts and "string" not in operator.accepts
    assert str(masked(operator, Decimal(value) if number else value)) == result


def masked(operator: Operator, value: object) -> object:
    """Run an operator over one value."""
    kinds: tuple[FieldType, ...] = ("string", "date", "decimal", "geo_point")
    kind = next(kind for kind in kinds if kind in operator.accepts)
    scope = Scope(requester="", purpose="", resource="")
    bind = Binding(
        field="f", type=kind, kind="general", scope=scope, mac=lambda _: pytest.fail("no key")
    )
    (result,) = operator.kernel(bind)([value])
    return result


def test_examples_of_operators_are_shown() -> None:
    """Of each whose result depends on the value and plain parameters alone."""
    told = {name for name, *_ in SHOWN}
    words = {"scrub", "pseudonym", "null", "drop", "age_band", "mapping"}
    assert set(BY_OPERATOR) - told == words


def test_scopes_are_those_of_the_code() -> None:
    """From the narrowest."""
    rows = [bare(row[0]) for row in table(TEXT, "Pseudonyms and scopes")]
    assert rows == list(get_args(PseudonymScope))


def test_the_order_of_masks_is_the_one_told() -> None:
    """Positions shown, by which masks are compared."""
    (said,) = re.findall("^Positions shown: .*$", TEXT, re.M)
    assert f"`surname` {BY_OPERATOR['surname']().shown():.0f}" in said
    assert f"`year` {BY_OPERATOR['year']().shown():.0f}" in said
    assert f"`month` {BY_OPERATOR['month']().shown():.0f}" in said
    assert f"`quarter` {BY_OPERATOR['quarter']().shown():.0f}" in said
    keep, bucket = BY_OPERATOR["keep"], BY_OPERATOR["bucket"]
    assert keep(prefix=3, suffix=4).shown() == 7
    assert bucket(width=1000).shown() == 15
    widths = [BY_OPERATOR["pseudonym"](scope=each).shown() for each in get_args(PseudonymScope)]
    assert widths == [1, 2, 3, 4]


def example() -> model.Policy:
    """Read the page's policy."""
    (text,) = (block.text for block in EXAMPLE.blocks if block.file == "provider/policy.yaml")
    return read_policy(text.encode(), "policy.yaml")


def test_the_example_shows_what_there_is() -> None:
    """Every section, and a rule of each sort."""
    policy = example()
    assert policy.defaults.grades
    assert policy.defaults.kinds
    assert policy.pseudonyms.kinds
    assert {rule.licensed for rule in policy.rules} == {True, False}
    assert policy.sealing != model.Sealing()


def explained() -> list[Row]:
    """Return the rows of the tables that `explain` prints on the page."""
    shown = [step.shown for step in EXAMPLE.steps if step.command.startswith("sealgate explain")]
    return [re.split(" {2,}", line) for lines in shown for line in lines[2:]]


def test_the_worked_examples_show_every_layer_and_class() -> None:
    """Printed by `explain`, which another test runs."""
    rows = explained()
    assert {row[5] for row in rows} >= {"policy", "grant", "catalogue", "策略"}
    assert {row[4] for row in rows} >= {"clear", "partial", "linkable", "不披露"}
    rules = {row[6] for row in rows}
    assert rules >= {"level G2", "field cap", "contains birth_date", "kind amount", "grade G1"}
    assert rules >= {rule.id for rule in example().rules}


def test_every_section_has_its_chinese() -> None:
    """A line of it, or tables in both languages."""
    for title in re.findall(r"^## (\w[^\u4e00-\u9fff\n]*?) [\u4e00-\u9fff]", TEXT, re.M):
        assert re.search("^(>|[|]).*[\u4e00-\u9fff]", section(TEXT, title), re.M), title
