"""Read the places of year and month out of a date pattern such as YYYY-MM-DD."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from masking.operators._contract import (
    HIDDEN,
    Binding,
    Column,
    Expressed,
    Expression,
    Kernel,
)
from masking.shapes import Shape

if TYPE_CHECKING:
    import polars as pl

# A date field may hold this instead of a date: valid without end.
OPEN_END = "长期"

_DEFAULT_PATTERNS = {"date": "YYYY-MM-DD", "datetime": "YYYY-MM-DDTHH:mm:ss"}
_RUN = re.compile(r"Y+|M+|D+|H+|m+|s+|S+")
# What stands for `Z` at the end of a pattern: the zone, which is never shown.
_ZONE = "(?:Z|[+-][0-9]{2}:[0-9]{2})"
_RANGES = {"MM": "(?:0[1-9]|1[0-2])", "DD": "(?:0[1-9]|[12][0-9]|3[01])"}


def pattern_of(bind: Binding) -> str:
    """Return the date pattern of a field, the usual one if it declares none."""
    return bind.format or _DEFAULT_PATTERNS.get(bind.type, "")


def shape_of(pattern: str) -> Shape:
    """Return the shape of the values of a date pattern."""
    return Shape(_expression_of(pattern))


def _expression_of(pattern: str) -> str:
    """Spell the shape so that Python and Rust read it alike."""
    parts, end = [], 0
    for run in _RUN.finditer(pattern):
        parts.append(re.escape(pattern[end : run.start()]))
        parts.append(_RANGES.get(run[0], f"[0-9]{{{len(run[0])}}}"))
        end = run.end()
    rest = pattern[end:]
    return "".join(parts) + (_ZONE if rest == "Z" else re.escape(rest))


def place(pattern: str, token: str) -> slice | None:
    """Return where a token such as MM stands, if it stands in the pattern once."""
    runs = [run for run in _RUN.finditer(pattern) if run[0] == token]
    return slice(*runs[0].span()) if len(runs) == 1 else None


def truncating(pattern: str, cut: Callable[[Column], Column], bind: Binding) -> Kernel:
    """Apply `cut` to values of the pattern; let the open end pass, hide all others."""
    shape, checked = shape_of(pattern), bind.checked
    # Shorter than what is cut from the front, it comes out whole.
    passes = cut([OPEN_END]) == [OPEN_END]

    def mask(column: Column) -> Column:
        if checked and (passes or OPEN_END not in column):
            return cut(column)
        cutting = cut(column)
        for index in shape.misfits(column):
            cutting[index] = OPEN_END if column[index] == OPEN_END else HIDDEN
        return cutting

    return mask


def truncating_expression(pattern: str, cut: "Callable[[pl.Expr], pl.Expr]") -> Expression:
    """Apply `cut` to a column of texts, sure where they are of the pattern."""
    shape = f"^(?:{_expression_of(pattern)})$"
    return lambda x: Expressed(cut(x), x.str.contains(shape))


def hide(column: Column) -> Column:
    """Show nothing of any value."""
    return [HIDDEN] * len(column)
