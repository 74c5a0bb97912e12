"""Show the year of a date."""

from operator import itemgetter
from typing import ClassVar

from masking.grades import Disclosure
from masking.operators._contract import Binding, Expression, Kernel, Operator
from masking.operators._dates import (
    hide,
    pattern_of,
    place,
    truncating,
    truncating_expression,
)


class Year(Operator, frozen=True, kw_only=True):
    """Show the four digits of the year; the open end 长期 stays as it is.

    A date that is no more than a year gives `***`, as does anything that is
    not of the field's format.

    >>> tried(Year(), "1990-03-07", "长期", "1990-13-07", type="date")
    ['1990', '长期', '***']
    >>> tried(Year(), "07/03/1990", type="date", format="DD/MM/YYYY")
    ['1990']
    """

    name = "year"
    title = "year"
    title_zh = "仅保留年份"
    description_zh: ClassVar[str] = (
        "保留日期的四位年份；“长期”原样保留。信息项格式只有年、或值不符合信息项格式的整体输出 ***。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("date", "datetime"))

    def shown(self) -> float:
        return 4.0

    def kernel(self, bind: Binding) -> Kernel:
        pattern = pattern_of(bind)
        year = place(pattern, "YYYY")
        if year is None or pattern == "YYYY":
            return hide
        cut = itemgetter(year)
        return truncating(pattern, lambda column: list(map(cut, column)), bind)

    def expression(self, bind: Binding) -> Expression | None:
        pattern = pattern_of(bind)
        year = place(pattern, "YYYY")
        if year is None or pattern == "YYYY":
            return None
        return truncating_expression(pattern, lambda x: x.str.slice(year.start, 4))
