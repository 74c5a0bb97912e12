"""The page on operators is written from the code, and what it shows is what happens."""

import re
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import yaml

from docs.reference.operators import examples, treatment, written
from masking.operators import AnyOperator, Operator, operator_types, tried
from masking.policy import read_policy
from tests.docs.tables import ROOT, bare, both_languages, names, page, section, tables

TEXT = page("reference/operators.md")
TITLES = re.findall(r"^## (`\w+`) [\u4e00-\u9fff]+$", TEXT, re.M)
# What an example says of a call cannot be told from the cell alone.
CALL = re.compile("调用日期|用途|数据类别|同一记录|`{op: scrub}`")

each_operator = pytest.mark.parametrize(
    "operator_type", operator_types(), ids=[each.name for each in operator_types()]
)


def test_the_page_is_what_the_code_says_now() -> None:
    """`python -m docs.reference.operators` writes it."""
    assert (ROOT / "docs" / "reference" / "operators.md").read_text("utf-8") == written()


def test_the_page_has_every_operator() -> None:
    """By its word, once in the first table and once as a heading."""
    known = [each.name for each in operator_types()]
    assert [bare(title) for title in TITLES] == known
    assert [re.findall(r"\w+", row[0])[0] for row in tables(TEXT)[0]] == known


@each_operator
def test_an_operator_is_told_in_both_languages(operator_type: type[Operator]) -> None:
    """Its class, types and output too; every parameter by the name that policies give it."""
    text = section(TEXT, f"`{operator_type.name}`")
    assert len(re.findall("^> .*[\u4e00-\u9fff].*。$", text, re.M)) >= 1
    facts = re.findall("^- .*$", text, re.M)
    assert len(facts) == 3
    assert all(map(both_languages, facts))
    fields = msgspec.structs.fields(operator_type)
    *parameters, _ = tables(text)
    assert [bare(row[0]) for rows in parameters for row in rows] == [
        field.encode_name for field in fields
    ]


@each_operator
def test_an_example_can_be_copied_into_a_policy(operator_type: type[Operator]) -> None:
    """As the page spells it, beside whatever else a rule has."""
    shown = list(examples(operator_type))
    assert shown
    for example in shown:
        spelled = treatment(example.operator)
        assert f"`{spelled}`" in section(TEXT, f"`{operator_type.name}`")
        text = f"""\
policy: examples
version: 1
provider: 11149900MB0C12002H
rules:
- {{id: shown, match: {{fields: [f]}}, treatment: {spelled}, basis: a law, until: 2035-12-31}}
"""
        (rule,) = read_policy(text.encode(), "policy.yaml").rules
        assert rule.treatment == example.operator


ROWS = [
    (row[0], row[2])
    for title in TITLES
    for row in tables(section(TEXT, title))[-1]
    if not CALL.search(row[0]) and "pseudonym" not in row[0]
]


@pytest.mark.parametrize(("about", "shown"), ROWS)
def test_an_example_gives_what_the_page_shows(about: str, shown: str) -> None:
    """Read from the page and run: all but those that need a key, a detector or a day."""
    written_as, *said = names(about)
    operator = msgspec.convert(yaml.safe_load(written_as), AnyOperator)
    field: dict[str, Any] = dict(zip(("type", "format"), said, strict=False))
    pairs = [line.split(" → ") for line in shown.split("<br>")]
    values = [_value(value, field.get("type", "string")) for value, _ in pairs]
    results = tried(operator, *values, **field)
    assert [_spelled(result) for result in results] == [result for _, result in pairs]


def _value(cell: str, type: str) -> object:
    if type == "integer":
        return int(bare(cell))
    if type == "decimal":
        return Decimal(bare(cell))
    return "" if cell == "empty 空文本" else bare(cell)


def _spelled(result: object) -> str:
    if result is msgspec.UNSET:
        return "no key 不出现"
    if result is None:
        return "`null`"
    return "empty 空文本" if result == "" else f"`{result}`"


def test_most_examples_are_run_from_the_page() -> None:
    """Of every operator but those that need more than a value."""
    run = {yaml.safe_load(names(about)[0])["op"] for about, _ in ROWS}
    assert {each.name for each in operator_types()} - run == {
        "fake", "fpe", "noise", "pseudonym", "scrub", "shift", "token", "when",
    }  # fmt: skip


def test_the_page_on_policies_leads_here() -> None:
    """Whoever writes one finds the parameters."""
    assert "](operators.md)" in page("reference/policy.md")
