"""Show the year and month of a date."""

from operator import itemgetter

from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, Kernel, Operator
from masking.operators._dates import hide, pattern_of, place, truncating


class Month(Operator, frozen=True, kw_only=True):
    """Show year and month, as the field writes them; the open end 长期 stays as it is.

    Where the format has the month before the year, the result is YYYY-MM. A
    date that is no more than a month gives `***`, as does anything that is not
    of the field's format.
    """

    name = "month"
    title = "year and month"
    title_zh = "仅保留年月"
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("date", "datetime"))

    def shown(self) -> float:
        return 6.0

    def kernel(self, bind: Binding) -> Kernel:
        pattern = pattern_of(bind)
        year, month = place(pattern, "YYYY"), place(pattern, "MM")
        if year is None or month is None or place(pattern, "DD") is None:
            return hide
        if 0 <= month.start - year.stop <= 1:
            cut = itemgetter(slice(year.start, month.stop))
            return truncating(pattern, lambda column: list(map(cut, column)), bind)

        def joined(column: Column) -> Column:
            return [f"{value[year]}-{value[month]}" for value in column]

        return truncating(pattern, joined, bind)
