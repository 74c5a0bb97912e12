"""What pages name: files of the project, and tests in them."""

import ast
from collections.abc import Iterable
from functools import cache

from tests.docs.tables import ROOT


def missing(named: Iterable[str]) -> list[str]:
    """Return which of these are not there: `path`, or `path::test_function`."""
    return sorted({name for name in named if not _there(name)})


def _there(name: str) -> bool:
    path, _, function = name.partition("::")
    if not (ROOT / path).exists():
        return False
    return not function or function in _functions(path)


@cache
def _functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))
