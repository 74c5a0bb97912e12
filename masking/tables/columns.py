"""Mask one column of a slice: by distinct values, by expression, or value by value."""

from dataclasses import dataclass
from typing import Self

import polars as pl

from masking.columns import CompiledField
from masking.errors import TableInvalidError
from masking.operators import FieldType, unchanged
from masking.tables.checks import sure_check
from masking.tables.intake import column_of

# A column repeats its values if so many rows show few of them, and the slice as well.
SAMPLE_ROWS = 1024
REPEATS = 8

# The operators hold dates to their format, which has nothing odd in it, by themselves.
_CHECKED: frozenset[FieldType] = frozenset(("string", "code", "geo_point"))

Findings = dict[str, int]


@dataclass(frozen=True, slots=True, repr=False)
class TableColumn:
    """A column of a table that stands for itself: `dtype` is what comes out.

    `value` masks it where `sure` is true, if that can be expressed.
    """

    field: CompiledField
    dtype: pl.DataType
    value: pl.Expr | None
    sure: pl.Expr

    @classmethod
    def of(cls, field: CompiledField, given: pl.DataType) -> Self:
        """Compile a field for a column of the type given."""
        x, dtype = column_of(field), masked_type(field, given)
        expression = field.operator.expression(field.bind)
        if expression is None:
            return cls(field, dtype, None, pl.lit(False))
        value, where = expression(x)
        sure = x.is_not_null() if where is None else where
        if field.bind.type in _CHECKED:
            sure = sure_check(field)(x) & sure
        return cls(field, dtype, value.cast(dtype), sure)

    def by_distinct(self, series: pl.Series, findings: Findings) -> pl.Series | None:
        """Mask each distinct value once, if there are few."""
        sample = series.head(SAMPLE_ROWS)
        if sample.n_unique() * REPEATS > len(sample):
            return None
        values = series.unique().drop_nulls()
        if len(values) * REPEATS > len(series):
            return None
        found: Findings = {}
        masked = self.by_value(values, found)
        if found:
            bad = self._misfits(values)
            findings[self.field.id] = int(series.is_in(bad.implode()).sum())
        if masked.dtype == values.dtype and masked.equals(values):
            return series
        return series.replace_strict(values, masked, return_dtype=self.dtype)

    def by_value(self, series: pl.Series, findings: Findings) -> pl.Series:
        """Mask by the list kernel."""
        return series_of(self.field, self.field.mask(series.to_list(), findings), self.dtype)

    def by_expression(
        self, series: pl.Series, value: pl.Series, sure: pl.Series, findings: Findings
    ) -> pl.Series:
        """Take what an expression gave, and let the kernel mask where that is not sure."""
        if sure.sum() == len(series) - series.null_count():
            return value
        rows = (~sure.fill_null(False) & series.is_not_null()).arg_true()
        unsure = series.gather(rows)
        masked = self.by_distinct(unsure, findings)
        if masked is None:
            masked = self.by_value(unsure, findings)
        return value.scatter(rows, masked)

    def _misfits(self, values: pl.Series) -> pl.Series:
        """Return which of some values the kind does not know."""
        texts = values.filter(values != "")
        rows = self.field.misfits(texts.to_list()) if self.field.misfits is not None else []
        return texts.gather(rows)


def stays(field: CompiledField) -> bool:
    """Tell whether a column leaves as it came."""
    if field.kernel is None:
        return not field.constant and field.record_kernel is None
    return field.kernel is unchanged and field.misfits is None


def masked_type(field: CompiledField, given: pl.DataType) -> pl.DataType:
    """Return the type of a masked column: the plan's, wide where a mask may widen."""
    if stays(field) or field.operator.name == "clear" or field.output == "null":
        return given
    if field.output == "integer":
        return pl.Int64()
    if field.output == "decimal":
        return pl.Decimal(38, given.scale if isinstance(given, pl.Decimal) else 0)
    if field.output == "boolean":
        return pl.Boolean()
    return pl.Binary() if field.output == "binary" else pl.String()


def series_of(field: CompiledField, values: list[object], dtype: pl.DataType) -> pl.Series:
    """Make a column of masked values.

    Raises:
        TableInvalidError: a number does not fit.
    """
    try:
        series = pl.Series(field.id, values, dtype=dtype)
    except Exception:  # what it says holds the value
        fits = False
    else:
        # digits behind the last place would be cut off without a word
        fits = not isinstance(dtype, pl.Decimal) or series.to_list() == values
    if not fits:
        raise TableInvalidError(
            reason=f"{field.id}: a masked number does not fit its column",
            reason_zh=f"{field.id}：脱敏后的数值超出列的范围",
        )
    return series
