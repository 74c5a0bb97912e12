"""Mask tables: Arrow and polars, millions of rows, as the list kernels would.

A table is masked slice by slice, each column by the expression of its operator.
Where an expression is not sure (a value of another shape, an odd character, too
short a text) the list kernel masks the value, so that both always give the same.
"""

import sys
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from masking.engine import Engine
from masking.errors import ExtraMissingError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MaskedTable", "mask_table"]

T = TypeVar("T")


class MaskedTable(NamedTuple, Generic[T]):
    """A table in plan order, and how many values of a field (by id) had to be hidden."""

    table: T
    findings: dict[str, int]

    def __repr__(self) -> str:
        return "MaskedTable(…)"


def mask_table(table: T, plan: Engine) -> MaskedTable[T]:
    """Mask a table under a compiled plan.

    `table` is a polars DataFrame, a pyarrow Table, or anything else that gives an
    Arrow stream (`__arrow_c_stream__`), for which a polars DataFrame comes back.
    Columns are found by field id. Null is absent here: a field that the table
    lacks is null in every row. `drop` leaves no column.

    Raises:
        ExtraMissingError: polars is not installed.
        TableInvalidError: the table has a column that is not in the plan or not of
            its field's type, or a masked number does not fit its column.
        ValueError: the plan was compiled for decoded columns (`whole`), and would
            trust a table that nobody checked.
    """
    try:
        import polars as pl
        import polars_hash  # noqa: F401  # what it is needed for would only come halfway
    except ImportError:
        raise ExtraMissingError(
            purpose="masking tables", purpose_zh="对表格脱敏", extra="tables"
        ) from None
    from masking.tables.intake import frame_of
    from masking.tables.slices import mask_frame

    if any(field.bind.checked for field in plan.fields):
        raise ValueError("a plan for tables is compiled without `whole`")
    frame, findings = mask_frame(frame_of(table, plan.fields), plan)
    given: object = table
    if not isinstance(given, pl.DataFrame) and _is_pyarrow(given):
        return MaskedTable(frame.to_arrow(), findings)
    return MaskedTable(_as(table, frame), findings)


def _is_pyarrow(table: object) -> bool:
    pyarrow = sys.modules.get("pyarrow")
    return pyarrow is not None and isinstance(table, pyarrow.Table)


def _as(_table: T, frame: "pl.DataFrame") -> T:
    return frame  # type: ignore[return-value]  # of an Arrow stream: a DataFrame, which is one too
