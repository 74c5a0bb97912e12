"""Show the year and month of a date."""

from operator import itemgetter
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


class Month(Operator, frozen=True, kw_only=True):
    """Show year and month, as the field writes them; the open end 长期 stays as it is.

    Where the format has the month before the year, the result is YYYY-MM. A
    date that is no more than a month gives `***`, as does anything that is not
    of the field's format.

    >>> tried(Month(), "1990-03-07", "长期", "1990-13-07", type="date")
    ['1990-03', '长期', '***']
    >>> tried(Month(), "1990年03月07日", type="date", format="YYYY年MM月DD日")
    ['1990年03']
    >>> tried(Month(), "07/03/1990", type="date", format="DD/MM/YYYY")
    ['1990-03']
    """

    name = "month"
    title = "year and month"
    title_zh = "仅保留年月"
    description_zh: ClassVar[str] = (
        "按信息项格式的写法保留年和月；月在年前的格式输出 YYYY-MM；“长期”原样保留。"
        "信息项格式没有日、或值不符合信息项格式的整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("date", "datetime"))

    def shown(self) -> float:
        return 6.0

    def kernel(self, bind: Binding) -> Kernel:
        pattern = pattern_of(bind)
        places = _places(pattern)
        if places is None:
            return hide
        year, month = places
        if _together(year, month):
            cut = itemgetter(slice(year.start, month.stop))
            return truncating(pattern, lambda column: list(map(cut, column)), bind)

        def joined(column: Column) -> Column:
            return [f"{value[year]}-{value[month]}" for value in column]

        return truncating(pattern, joined, bind)

    def expression(self, bind: Binding) -> Expression | None:
        import polars as pl

        pattern = pattern_of(bind)
        places = _places(pattern)
        if places is None:
            return None
        year, month = places

        def cut(x: pl.Expr) -> pl.Expr:
            if _together(year, month):
                return x.str.slice(year.start, month.stop - year.start)
            parts = x.str.slice(year.start, 4), pl.lit("-"), x.str.slice(month.start, 2)
            return pl.concat_str(parts)

        return truncating_expression(pattern, cut)


def _places(pattern: str) -> tuple[slice, slice] | None:
    """Return where year and month stand, if a day does too."""
    year, month, day = (place(pattern, token) for token in ("YYYY", "MM", "DD"))
    return None if year is None or month is None or day is None else (year, month)


def _together(year: slice, month: slice) -> bool:
    gap: int = month.start - year.stop
    return 0 <= gap <= 1
