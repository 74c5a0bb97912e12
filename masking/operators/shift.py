"""Move all dates of one subject by the same number of days."""

from collections.abc import Callable, Sequence
from datetime import date
from math import log10
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from keys.derive import lp
from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, FieldName, FieldType, OutputType
from masking.operators._dates import OPEN_END, pattern_of, place, shape_of
from masking.operators._keyed import BySubject, Subjected, deviation, rank

_DAYS_OF_YEAR = 365.25


class Shift(Subjected, frozen=True, kw_only=True):
    """Move a date by up to `days` days, all dates of one `subject` by as many.

    How far, and which way, hangs on the subject, the scope and `days`, and on
    no kind or field: intervals between the dates of one subject stay what they
    are. Nobody's dates stay where they were. The time of day and its zone stay.
    The open end 长期 comes back as it is. Null is what becomes of a date without
    a subject, of anything that is not of the field's format or has no day, and
    of a date that would leave the years 1 to 9999.

    Who knows one date of a subject can tell all others from it.

    The examples have a key made up for them; a node's own gives others.

    >>> from keys.derive import Mac
    >>> from masking.operators import Scope
    >>> def made_up(context):
    ...     return Mac(b"a key that everybody knows" + context)
    >>> for_aid = Scope(requester="R1", purpose="aid", resource="S1")
    >>> for_tax = Scope(requester="R1", purpose="tax", resource="S1")
    >>> known = dict(type="date", mac=made_up, beside={"person": ["A", "A", "B", "A", None]})
    >>> dates = "2024-02-29", "2024-03-10", "2024-03-10", "长期", "2024-03-10"
    >>> tried(Shift(subject="person", days=200), *dates, scope=for_aid, **known)
    ['2024-08-25', '2024-09-04', '2024-01-19', '长期', None]
    >>> tried(Shift(subject="person", days=200), *dates, scope=for_tax, **known)
    ['2023-10-03', '2023-10-13', '2024-07-31', '长期', None]
    """

    name = "shift"
    title = "date shift"
    title_zh = "日期偏移"
    description_zh: ClassVar[str] = (
        "将日期前移或后移至多 days 天，同一主体（由信息项 subject 标识）的所有日期偏移相同天数。"
        "天数和方向只取决于主体、范围 scope 和 days，与类别、信息项无关，"
        "因此同一主体各日期的间隔不变；偏移天数不会为零。时刻和时区不变。“长期”原样输出。"
        "没有主体、不符合信息项格式、格式中没有日、或偏移后超出公元 1 至 9999 年的输出 null。"
        "知道某主体的一个真实日期，即可推算其全部日期。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("date", "datetime"))

    subject: FieldName
    # Within a week a date is as good as told; beyond ten years it says nothing of a life.
    days: Annotated[int, Meta(ge=7, le=3660, examples=["180"])]

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        # A year shows four positions; an interval ten times as long shows one less.
        years = 2 * self.days / _DAYS_OF_YEAR
        return 4.0 - log10(years) + (rank(self.scope) - 1) / 1000

    def gives_back(self, value: object) -> bool:
        return value == OPEN_END

    def context(self, bind: Binding) -> bytes:
        # One for all kinds of dates. Were the offsets of several `days` of one making, two of
        # them would tell how far each is.
        return lp(super().context(replace(bind, kind="")), str(self.days).encode())

    def by_subject(self, bind: Binding) -> BySubject:
        mac, days = self.key(bind), self.days
        moved = _mover(pattern_of(bind))

        def mask(column: Column, subjects: Sequence[str | None]) -> Column:
            known = list({subject for subject in subjects if subject is not None})
            offsets: dict[str | None, int] = {
                subject: deviation(found, days)
                for subject, found in zip(known, mac.column(known), strict=True)
            }
            return [
                OPEN_END if value == OPEN_END else moved(value, offsets.get(subject))
                for value, subject in zip(column, subjects, strict=True)
            ]

        return mask


def _mover(pattern: str) -> Callable[[str, int | None], str | None]:
    """Return what moves a value of a date pattern by days; None is what it cannot move."""
    year, month, day = (place(pattern, token) for token in ("YYYY", "MM", "DD"))
    if year is None or month is None or day is None:
        return lambda _value, _offset: None
    fits = shape_of(pattern).fits

    def moved(value: str, offset: int | None) -> str | None:
        if offset is None or not fits(value):
            return None
        try:
            before = date(int(value[year]), int(value[month]), int(value[day]))
            after = date.fromordinal(before.toordinal() + offset)
        except (ValueError, OverflowError):  # no day of a calendar, before or after
            return None
        for where, text in zip((year, month, day), after.isoformat().split("-"), strict=True):
            value = value[: where.start] + text + value[where.stop :]
        return value

    return moved
