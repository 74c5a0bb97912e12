"""The page on kinds is written from the code, and says all that a kind says of itself."""

import re

import pytest

from docs.reference.kinds import usual, usual_type, written
from docs.reference.operators import treatment
from masking.grades import Disclosure
from masking.kinds import KINDS, NO_STANDARD, Kind
from masking.operators.scrub import Scrub
from tests.docs.tables import ROOT, bare, both_languages, headings, names, page, section, tables

TEXT = page("reference/kinds.md")

each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def test_the_page_is_what_the_code_says_now() -> None:
    """`python -m docs.reference.kinds` writes it."""
    assert (ROOT / "docs" / "reference" / "kinds.md").read_text("utf-8") == written()


def test_the_page_has_every_kind() -> None:
    """By its name, once in the first table and once as a heading."""
    rows = tables(TEXT)[0]
    assert [names(row[0])[0] for row in rows] == list(KINDS)
    assert headings(TEXT, 2) == [f"`{kind.name}` {kind.title_zh}" for kind in KINDS.values()]
    assert all(both_languages(row[1]) for row in rows)


@each_kind
def test_a_kind_is_told_in_both_languages(kind: Kind) -> None:
    """What it contains, whether it is an identifier, its standard, and why it has no shape."""
    text = section(TEXT, f"`{kind.name}`")
    contains, identifier, standard, shape = re.findall("^- .*$", text, re.M)
    assert names(contains) == list(kind.contains)
    assert ("yes" in identifier, "是，" in identifier) == (kind.identifier, kind.identifier)
    assert standard == f"- Standard 标准: {kind.source}"
    assert ("none, " in shape) == (kind.misfits is None)
    assert all(map(both_languages, (contains, identifier, standard, shape)))


@each_kind
def test_usual_treatments_are_run_on_the_example(kind: Kind) -> None:
    """One row for each class that the kind has for that type of field."""
    (rows,) = tables(section(TEXT, f"`{kind.name}`"))
    shown = {Disclosure.labelled(names(row[0])[0]): row for row in rows}  # type: ignore[arg-type]  # a label
    expected = {
        disclosure: operator
        for disclosure, operator in kind.standard.items()
        if operator.takes(usual_type(kind))
    }
    if isinstance(kind.standard.get(Disclosure.PARTIAL), Scrub):
        del expected[Disclosure.CLEAR]  # running text is never clear
    assert set(shown) == set(expected)
    for each in usual(kind):
        about, result = shown[each.disclosure][1:]
        assert bare(about) == treatment(expected[each.disclosure])
        value, _, given = result.partition(" → ")
        assert bare(value) == kind.example
        assert (given == "no key 不出现") == (each.disclosure is Disclosure.NOTHING)
        if each.disclosure in (Disclosure.PARTIAL, Disclosure.LINKABLE):
            assert bare(given) != kind.example


def test_a_dash_stands_for_no_standard() -> None:
    """In the table it stands for no shape, and a shape of no standard is told as checked."""
    shapes = {names(row[0])[0]: row[5] for row in tables(TEXT)[0]}
    for kind in KINDS.values():
        if kind.misfits is None:
            assert shapes[kind.name] == "—"
        elif kind.source == NO_STANDARD:
            assert shapes[kind.name] == "checked 有校验"
        else:
            assert shapes[kind.name] == kind.source


@pytest.mark.parametrize("name", ["catalogue", "policy"])
def test_pages_that_speak_of_kinds_lead_here(name: str) -> None:
    """And whoever reads the first page of all."""
    assert "](kinds.md)" in page(f"reference/{name}.md")
    assert "](docs/reference/kinds.md)" in (ROOT / "README.md").read_text("utf-8")
