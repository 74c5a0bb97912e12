"""Mask one column: sort out what an operator may not see, then let it work.

The usual column is whole: every value present, of its type and its shape. That
is told in passes over the column in C, and the operator gets the column as it
is. Only another column is gone through value by value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeVar

from msgspec import UNSET

from masking.operators import (
    Beside,
    Binding,
    Column,
    FieldType,
    Kernel,
    Operator,
    OutputType,
    RecordKernel,
)

T = TypeVar("T")

PYTHON_TYPES: dict[FieldType, type] = {
    "string": str,
    "code": str,
    "date": str,
    "datetime": str,
    "geo_point": str,
    "integer": int,
    "decimal": Decimal,
    "boolean": bool,
    "binary": bytes,
}


class _Gap(NamedTuple):
    """Rows that were taken out of a column, in order, and what stands there in the end."""

    rows: list[int]
    fillers: Column


@dataclass(frozen=True, slots=True, repr=False)
class CompiledField:
    """One field under one plan.

    `hidden` stands for a value that no operator may see. A field has at most
    one of these: `constant`, which holds the one value of a field that shows
    nothing (else it is empty), `kernel`, or `record_kernel`; one without any
    leaves as it came. `whole` says that every column comes with each value
    present and of its type, `searches` that the operator looks for all that was
    masked; `canonical` gives one spelling of a value. Tables are masked by what
    `operator` makes of `bind`, and have columns of the type `output`.
    """

    id: str
    operator: Operator
    bind: Binding
    output: OutputType
    title_zh: str
    type: type
    whole: bool
    misfits: Callable[[list[str]], list[int]] | None
    canonical: Callable[[str], str] | None
    hidden: str | None
    constant: tuple[object, ...]
    kernel: Kernel | None
    record_kernel: RecordKernel | None
    searches: bool

    @property
    def stands_alone(self) -> bool:
        """Tell whether `mask` does something, and all there is to do."""
        return self.kernel is not None or bool(self.constant)

    def mask(self, column: Column, findings: dict[str, int]) -> Column:
        """Mask a column that stands for itself."""
        kernel, misfits = self.kernel, self.misfits
        if kernel is None:
            return [*self.constant] * len(column)
        try:
            if misfits is None:
                whole = self.whole or {self.type}.issuperset(map(type, column))
            else:
                whole = not misfits(column)
        except TypeError:  # null, absent or ill-typed values
            whole = False
        if whole:
            return kernel(column)
        good, gaps = self._sift(column, findings)
        return _filled(kernel(good), gaps)

    def mask_beside(self, beside: Beside, column: Column, findings: dict[str, int]) -> Column:
        """Mask a column that needs its records.

        Raises:
            TypeError: the field's operator looks at no record.
        """
        if self.record_kernel is None:
            raise TypeError(f"{self.id} is masked by itself")
        good, gaps = self._sift(column, findings)
        rows = list(range(len(column)))
        for gap in gaps:
            rows = _without(rows, gap.rows)
        beside = beside if len(rows) == len(column) else beside.only(rows)
        return _filled(self.record_kernel(good, beside), gaps)

    def _sift(self, column: Column, findings: dict[str, int]) -> tuple[Column, list[_Gap]]:
        """Take out what no operator may see: first other types, then other shapes."""
        odd = self._odd(column)
        missing = [self._is_missing(column[row]) for row in odd]
        good = _without(column, odd)
        wrong = self.misfits(good) if self.misfits is not None else []
        if found := len(odd) - sum(missing) + len(wrong):
            findings[self.id] = found
        fillers = [
            column[row] if gone else self.hidden for row, gone in zip(odd, missing, strict=True)
        ]
        gaps = [_Gap(odd, fillers), _Gap(wrong, [self.hidden] * len(wrong))]
        return _without(good, wrong), gaps

    def _odd(self, column: Column) -> list[int]:
        own_type = self.type
        if self.misfits is None:
            return [row for row, found in enumerate(map(type, column)) if found is not own_type]
        # no shape takes an empty text, and where one may stand it says that there is none
        return [row for row, value in enumerate(column) if type(value) is not str or not value]

    def _is_missing(self, value: object) -> bool:
        empty = self.misfits is not None and value == ""
        return empty or value is None or value is UNSET


def _without(column: list[T], rows: list[int]) -> list[T]:
    """Leave rows out, slice by slice."""
    rest: list[T] = []
    start = 0
    for row in rows:
        rest += column[start:row]
        start = row + 1
    rest += column[start:]
    return rest


def _filled(column: Column, gaps: list[_Gap]) -> Column:
    """Put rows that were left out back, the last left out first."""
    for rows, fillers in reversed(gaps):
        whole: Column = []
        start = 0
        for filled, (row, filler) in enumerate(zip(rows, fillers, strict=True)):
            whole += column[start : row - filled]
            whole.append(filler)
            start = row - filled
        whole += column[start:]
        column = whole
    return column
