"""Show the year and quarter of a date."""

from typing import ClassVar

from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, Expression, Kernel, Operator
from masking.operators._dates import (
    hide,
    pattern_of,
    place,
    truncating,
    truncating_expression,
)

_QUARTERS = {f"{month:02}": f"Q{(month + 2) // 3}" for month in range(1, 13)}


class Quarter(Operator, frozen=True, kw_only=True):
    """Show year and quarter of a date as `2026Q3`; the open end 长期 stays as it is.

    A date without year or month gives `***`, as does anything that is not of
    the field's format.

    >>> tried(Quarter(), "2026-08-31", "长期", "2026-13-01", type="date")
    ['2026Q3', '长期', '***']
    >>> tried(Quarter(), "202612", type="date", format="YYYYMM")
    ['2026Q4']
    """

    name = "quarter"
    title = "year and quarter"
    title_zh = "仅保留年季"
    description_zh: ClassVar[str] = (
        "保留日期的年和季度，如 2026Q3；“长期”原样保留。"
        "格式中没有年或月、或不符合信息项格式的值整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("date", "datetime"))

    def shown(self) -> float:
        return 5.0

    def kernel(self, bind: Binding) -> Kernel:
        pattern = pattern_of(bind)
        year, month = place(pattern, "YYYY"), place(pattern, "MM")
        if year is None or month is None:
            return hide
        quarter_of = _QUARTERS.get

        def cut(column: Column) -> Column:
            return [f"{value[year]}{quarter_of(value[month])}" for value in column]

        return truncating(pattern, cut, bind)

    def expression(self, bind: Binding) -> Expression | None:
        import polars as pl

        pattern = pattern_of(bind)
        year, month = place(pattern, "YYYY"), place(pattern, "MM")
        if year is None or month is None:
            return None

        def cut(x: pl.Expr) -> pl.Expr:
            number = x.str.slice(month.start, 2).cast(pl.Int8, strict=False)
            return pl.concat_str(x.str.slice(year.start, 4), pl.lit("Q"), (number + 2) // 3)

        return truncating_expression(pattern, cut)
