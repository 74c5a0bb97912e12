"""Show the band of age that a date of birth falls into on the day of the call."""

from datetime import date
from math import log10
from typing import Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel, Operator
from masking.operators._dates import OPEN_END, hide, pattern_of, place, shape_of

# Bands are kept by date of birth, which everybody alive has among 45,000; a
# datetime column, or one chosen to differ, must not fill the memory.
MAX_DATES = 65_536


class AgeBand(Operator, frozen=True, kw_only=True):
    """Show the half-open band `[low,high)` of `width` years that an age falls into.

    The age is that of the day of the call, in completed years; who was born on
    29 February is a year older on 1 March of other years. From `top` on there
    is one band. A day to come, one that is not in the calendar, anything that
    is not of the field's format, and the open end give `***`; so does every
    value where the day of the call is not told. Whoever asks on many days sees
    the birthday on which a band changes.

    >>> from datetime import date
    >>> on = date(2026, 6, 15)
    >>> tried(AgeBand(), "1990-06-15", "1990-06-16", "1920-01-01", type="date", at=on)
    ['[30,40)', '[30,40)', '[90,)']
    >>> tried(AgeBand(width=18, top=36), "2008-06-15", "2008-06-16", type="date", at=on)
    ['[18,36)', '[0,18)']
    >>> tried(AgeBand(), "1990-06-15", type="date")
    ['***']
    """

    name = "age_band"
    title = "age band"
    title_zh = "年龄段"
    description_zh: ClassVar[str] = (
        "按调用当日的周岁输出出生日期所在的年龄段 [low,high)，宽 width 岁，满 top 岁合并为一段。"
        "未来日期、历法中没有的日期、不符合信息项格式的值及“长期”输出 ***；"
        "未提供调用日期时全部输出 ***。"
        "多日反复查询可在换段之日看出生日。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("date", "datetime"))

    width: Annotated[int, Meta(ge=2, le=50)] = 10
    top: Annotated[int, Meta(ge=10, le=120)] = 90

    def shown(self) -> float:
        """Compare with the year, which shows four positions."""
        return 4.0 - log10(self.width)

    def kernel(self, bind: Binding) -> Kernel:
        pattern, at = pattern_of(bind), bind.at
        places = [place(pattern, token) for token in ("YYYY", "MM", "DD")]
        year, month, day = places
        if at is None or year is None or month is None or day is None:
            return hide
        bands = _Bands(at, self.width, self.top, (year, month, day))
        shape = shape_of(pattern)

        def mask(column: Column) -> Column:
            others = () if bind.checked and OPEN_END not in column else shape.misfits(column)
            if others:
                column = column.copy()
                for index in others:
                    column[index] = ""
            return list(map(bands.__getitem__, column))

        return mask


class _Bands(dict[str, str]):
    """The band of each date of birth, by its text; an empty one is no date."""

    def __init__(self, at: date, width: int, top: int, places: tuple[slice, slice, slice]) -> None:
        super().__init__()
        self._at, self._width, self._top, self._places = at, width, top, places

    def __missing__(self, text: str) -> str:
        if len(self) >= MAX_DATES:
            self.clear()
        band = self[text] = self._band(text)
        return band

    def _band(self, text: str) -> str:
        year, month, day = (text[place] for place in self._places)
        try:
            born = date(int(year), int(month), int(day))
        except ValueError:
            return HIDDEN
        at = self._at
        if born > at:
            return HIDDEN
        age = at.year - born.year - ((at.month, at.day) < (born.month, born.day))
        if age >= self._top:
            return f"[{self._top},)"
        low = age // self._width * self._width
        return f"[{low},{min(low + self._width, self._top)})"
