"""Mask one column: sort out what an operator may not see, then let it work.

The usual column is whole: every value present, of its type and its shape. That
is told in passes over the column in C, and the operator gets the column as it
is. Only another column is gone through value by value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec import UNSET

from masking.operators import Column, FieldType, Kernel, Own, RecordKernel

_TEXT = frozenset((str,))
PYTHON_TYPES: dict[FieldType, frozenset[type]] = {
    "string": _TEXT,
    "code": _TEXT,
    "date": _TEXT,
    "datetime": _TEXT,
    "geo_point": _TEXT,
    "integer": frozenset((int,)),
    "decimal": frozenset((Decimal,)),
    "boolean": frozenset((bool,)),
    "binary": frozenset((bytes,)),
}

# A shorter text is no value one could search a note for.
_SHORTEST_OWN = 2
# A longer number is in no note, and 1E+999999 would take a megabyte to write out.
_LONGEST_NUMBER = 30


@dataclass(frozen=True, slots=True, repr=False)
class CompiledField:
    """One field under one plan.

    `hidden` stands for a value that no operator may see. `constant` holds the
    one value of a field that shows nothing, else it is empty; one of `kernel`
    and `record_kernel` is None.
    """

    id: str
    title_zh: str
    types: frozenset[type]
    misfits: Callable[[list[str]], list[int]] | None
    hidden: str | None
    constant: tuple[object, ...]
    kernel: Kernel | None
    record_kernel: RecordKernel | None

    def mask(self, column: Column, findings: dict[str, int]) -> Column:
        """Mask a column that stands for itself; one that needs its record is given back."""
        kernel = self.kernel
        if self.constant:
            return [*self.constant] * len(column)
        if kernel is None:
            return column
        if self._is_whole(column):
            return kernel(column)
        rows, masked = self._sift(column, findings)
        if rows:
            _put(masked, rows, kernel([column[row] for row in rows]))
        return masked

    def mask_beside(self, own: Own, column: Column, findings: dict[str, int]) -> Column:
        """Mask a column that needs its record; `own` as `own_values` gives it."""
        rows, masked = self._sift(column, findings)
        if rows and self.record_kernel is not None:
            texts, beside = [column[row] for row in rows], [own[row] for row in rows]
            _put(masked, rows, self.record_kernel(texts, beside))
        return masked

    def _is_whole(self, column: Column) -> bool:
        if self.misfits is None:
            return self.types.issuperset(map(type, column))
        try:
            return not self.misfits(column)
        except TypeError:  # null, absent or ill-typed values
            return False

    def _sift(self, column: Column, findings: dict[str, int]) -> tuple[list[int], Column]:
        """Give the rows an operator may see, and the column with all other values hidden."""
        rows = [row for row, value in enumerate(column) if type(value) in self.types]
        if rows and self.misfits is not None:
            wrong = {rows[index] for index in self.misfits([column[row] for row in rows])}
            rows = [row for row in rows if row not in wrong]
        missing = sum(value is None or value is UNSET for value in column)
        if found := len(column) - missing - len(rows):
            findings[self.id] = found
        hidden = self.hidden
        return rows, [value if value is None or value is UNSET else hidden for value in column]


def own_values(
    fields: Sequence[CompiledField], columns: Sequence[Column], masked: Sequence[Column]
) -> Own:
    """Give for each row the (title, text) of its values that did not leave as they were."""
    own: list[list[tuple[str, str]]] = [[] for _ in columns[0]]
    for field, before, after in zip(fields, columns, masked, strict=True):
        if before is after:
            continue
        for pairs, value, left in zip(own, before, after, strict=True):
            text = _text(value)
            if text is not None and value is not left and value != left:
                pairs.append((field.title_zh, text))
    return own


def _put(masked: Column, rows: list[int], values: Column) -> None:
    for row, value in zip(rows, values, strict=True):
        masked[row] = value


def _text(value: object) -> str | None:
    """Spell a value as a note would; None for what no note can repeat."""
    if isinstance(value, Decimal):
        plain = value.is_finite() and abs(value.adjusted()) < _LONGEST_NUMBER
        text = f"{value.normalize():f}" if plain else ""
    elif isinstance(value, str):
        text = value
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value) if abs(value) < 10**_LONGEST_NUMBER else ""
    else:
        return None
    return text if len(text) >= _SHORTEST_OWN else None
