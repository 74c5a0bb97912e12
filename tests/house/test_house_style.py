"""House rules that no linter knows: small modules, short functions, telling names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = [
    file
    for package in ("keys", "masking", "gateway")
    for file in sorted((ROOT / package).rglob("*.py"))
    if not file.stem.endswith(("_pb2", "_pb2_grpc"))
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MODULE_LINES = 400
FUNCTION_LINES = 40
EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}


def _each(modules: list[Path]) -> pytest.MarkDecorator:
    names = [file.relative_to(ROOT).as_posix() for file in modules]
    return pytest.mark.parametrize("module", modules, ids=names)


each_module = _each(MODULES)


def _functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count from `def` to the end, less the docstring."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return length - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


@_each([*MODULES, *TESTS])
def test_a_module_can_be_read_in_one_go(module: Path) -> None:
    """No module is longer than the limit, and no module of tests either."""
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


@each_module
def test_a_function_can_be_seen_at_once(module: Path) -> None:
    """No function is longer than the limit."""
    long = {
        function.name: lines
        for function in _functions(module)
        if (lines := _body_lines(function)) > FUNCTION_LINES
    }
    assert not long


@each_module
def test_a_module_is_named_for_what_it_is(module: Path) -> None:
    """A name that fits any module says nothing about this one."""
    assert not EMPTY_NAMES & set(module.relative_to(ROOT).with_suffix("").parts)
