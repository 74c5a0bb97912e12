"""Page, code and gRPC table know the same error codes."""

import ast
import re
from pathlib import Path

import pytest

import gateway.config
import gateway.errors
from gateway.wire import DOMAIN, STATUS
from keys.errors import leaves
from tests.docs.tables import HAN, headings, names, page, section

ROOT = Path(__file__).parents[2]
PAGE = page("reference/errors.md")
PACKAGES = ("keys", "masking", "gateway")
# The lines under each heading, and what each begins with.
LINES = ("- Status 状态: `", "- Cause: ", "- 原因：", "- Remedy: ", "- 处理：")
CODES = [code for title in headings(PAGE, 3) for code in names(title)]


def told(code: str) -> list[str]:
    """Return the lines that stand under a code."""
    return section(PAGE, f"`{code}`").strip().splitlines()


def raised() -> set[str]:
    """Return the codes of the error trees; tests may hang classes of their own there."""
    assert gateway.config.NodeInvalidError in set(leaves())
    return {kind.code for kind in leaves() if kind.__module__.partition(".")[0] in PACKAGES}


def written() -> set[str]:
    """Return every `code = "…"` of a class, in whatever module."""
    return {
        line.value.value
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.Assign)
        and isinstance(line.value, ast.Constant)
        and isinstance(line.value.value, str)
        and [target.id for target in line.targets if isinstance(target, ast.Name)] == ["code"]
    }


def test_every_leaf_has_a_code_that_says_what_it_is() -> None:
    """Upper case, and no class with a code hides in a module that nobody imports."""
    assert raised() == written()
    assert all(re.fullmatch("[A-Z]+(_[A-Z]+)+", code) for code in raised())


def test_the_page_explains_every_code_once() -> None:
    """Each under a heading of its own, and no heading without a code."""
    assert headings(PAGE, 3) == [f"`{code}`" for code in CODES]
    assert len(CODES) == len(set(CODES))
    assert set(CODES) == raised()


def test_the_status_table_has_exactly_the_codes() -> None:
    """And the page shows it."""
    assert set(STATUS) == raised()
    for code in CODES:
        assert told(code)[0] == f"{LINES[0]}{STATUS[code].name}`"
    assert f"`{DOMAIN}` as `domain`" in PAGE


@pytest.mark.parametrize("code", CODES)
def test_cause_and_remedy_are_in_both_languages(code: str) -> None:
    """In five lines: status, cause and remedy, each of the two in English and Chinese."""
    for line, start in zip(told(code), LINES, strict=True):
        assert line.startswith(start)
        text = line.removeprefix(start)
        if start.startswith(("- 原因", "- 处理")):
            assert HAN.search(text)
            assert text.endswith("。")
        else:
            assert not HAN.search(text)
            assert re.match("[A-Z`[]", text)
            assert text.endswith((".", "`"))


def test_errors_drawn_at_the_top_of_a_module_are_those_below() -> None:
    """The trees in the docstrings."""
    for package in PACKAGES:
        module = ast.parse((ROOT / package / "errors.py").read_text("utf-8"))
        drawn = set(re.findall(r"── (\w+Error)", ast.get_docstring(module) or ""))
        below = {node.name for node in module.body if isinstance(node, ast.ClassDef)}
        below = {name for name in below if name.endswith("Error")}
        drawn |= {"SealgateError", "GatewayError", "CatalogueInvalidError"} & below
        assert drawn == below, package
