"""Page, code and gRPC table know the same error codes."""

import ast
import re
from pathlib import Path

import gateway.config
import gateway.errors
from gateway.wire import DOMAIN, STATUS
from keys.errors import leaves

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
PACKAGES = ("keys", "masking", "gateway")
HAN = re.compile("[\u4e00-\u9fff]")


def page_rows() -> list[list[str]]:
    """Return the cells of each row that is about a code."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


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
    """No code without a row, no row without a code, none twice."""
    codes = [row[0].strip("`") for row in page_rows()]
    assert len(codes) == len(set(codes))
    assert set(codes) == raised()


def test_the_status_table_has_exactly_the_codes() -> None:
    """And the page shows it."""
    assert set(STATUS) == raised()
    assert {row[0].strip("`"): row[1] for row in page_rows()} == {
        code: status.name for code, status in STATUS.items()
    }
    assert f"`{DOMAIN}` as `domain`" in PAGE


def test_cause_and_remedy_are_in_both_languages() -> None:
    """A sentence of each in each cell."""
    for code, _, *cells in page_rows():
        assert len(cells) == 2, code
        for cell in cells:
            assert HAN.search(cell), code
            assert re.match("[A-Z`]", cell), code


def test_errors_drawn_at_the_top_of_a_module_are_those_below() -> None:
    """The trees in the docstrings."""
    for package in PACKAGES:
        module = ast.parse((ROOT / package / "errors.py").read_text("utf-8"))
        drawn = set(re.findall(r"── (\w+Error)", ast.get_docstring(module) or ""))
        below = {node.name for node in module.body if isinstance(node, ast.ClassDef)}
        below = {name for name in below if name.endswith("Error")}
        drawn |= {"SealgateError", "GatewayError", "CatalogueInvalidError"} & below
        assert drawn == below, package
