"""Show the year of a date."""

from operator import itemgetter

from masking.grades import Disclosure
from masking.operators._contract import Binding, Kernel, Operator
from masking.operators._dates import hide, pattern_of, place, truncating


class Year(Operator, frozen=True, kw_only=True):
    """Show the four digits of the year; the open end 长期 stays as it is.

    A date that is no more than a year gives `***`, as does anything that is
    not of the field's format.
    """

    name = "year"
    title = "year"
    title_zh = "仅保留年份"
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
