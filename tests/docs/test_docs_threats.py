"""The threat model names modules and tests that are there."""

import re

from tests.docs.naming import missing
from tests.docs.tables import both_languages, headings, names, page, section, tables

TEXT = page("threat-model.md")
LAST = "What is not defended 未防护的内容"
# What stands before the attackers.
GROUND = ["Assets 资产", "Parties 当事方", "Trust boundaries 信任边界"]
ATTACKERS = [title for title in headings(TEXT, 2) if title not in (*GROUND, LAST)]


def attacks() -> list[list[str]]:
    """Return the rows of every attacker."""
    return [row for title in ATTACKERS for row in tables(section(TEXT, title))[0]]


def test_every_attacker_has_a_table() -> None:
    """Fourteen of them, and what is not defended comes last."""
    assert headings(TEXT, 2)[-1] == LAST
    assert len(ATTACKERS) == 14
    assert all(len(tables(section(TEXT, title))[0]) > 3 for title in ATTACKERS)


def test_every_attack_names_what_stops_it() -> None:
    """In both languages, with a module of the product and a test."""
    for attack, stopped, modules, tests in attacks():
        assert both_languages(attack), attack
        assert both_languages(stopped), attack
        assert names(modules), attack
        assert all(name.startswith(("gateway/", "masking/", "keys/")) for name in names(modules))
        assert all("::test_" in name for name in names(tests)), attack
        assert names(tests), attack


def test_modules_and_tests_that_are_named_are_there() -> None:
    """Files by their path, tests by file and function."""
    named = [name for _, _, modules, tests in attacks() for name in names(modules + tests)]
    assert missing(named) == []


def test_what_is_not_defended_is_said_in_both_languages() -> None:
    """Each point with a line of Chinese below it."""
    points = re.split(r"^(?=\*\*)", section(TEXT, LAST), flags=re.M)[1:]
    assert len(points) > 12
    for point in points:
        assert re.match(r"\*\*[^\u4e00-\u9fff]+ [\u4e00-\u9fff][^*]*\.\*\*\n", point), point
        assert re.search("^> .*。$", point, re.M), point
