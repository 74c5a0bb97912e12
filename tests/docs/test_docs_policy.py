"""The page on policies lists what the code reads and does: keys, classes, operators, scopes."""

import re
from typing import get_args

import msgspec
import pytest

from masking.grades import Disclosure
from masking.operators._keyed import KeyScope
from masking.policy import model, read_policy
from masking.policy.model import Treatment
from tests.docs.console import ROOT, Page
from tests.docs.tables import (
    Row,
    bare,
    both_languages,
    keys,
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


def test_scopes_are_those_of_the_code() -> None:
    """From the narrowest."""
    rows = [bare(row[0]) for row in table(TEXT, "Pseudonyms and scopes")]
    assert rows == list(get_args(KeyScope))


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
