"""Add a keyed deviation to a number, the same whenever it is asked for."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import log10
from typing import Annotated, ClassVar

from msgspec import Meta

from keys.derive import lp
from masking.grades import Disclosure
from masking.operators._contract import Binding, Column, FieldType, OutputType
from masking.operators._keyed import BySubject, Subjected, deviation, rank
from masking.operators._numbers import within

# A number with more places is hidden: all of them would be made up, and a decimal such as
# 1E-999999 would take a megabyte to write out.
MAX_PLACES = 30


class Noise(Subjected, frozen=True, kw_only=True):
    """Put a number up to `spread` above or below in the place of a number.

    How far, and which way, hangs on the number, its kind, its `subject`, the
    scope and `spread`: who asks again gets the same, so that nothing is gained from an
    average. Without `subject` equal numbers come out equal, and whoever counts
    them can tell which is frequent. No number comes out as it was. Of a decimal
    as many places come out as are written, and the last of them deviates too, so
    that no cents pass through.
    A number may fall below zero. Null is what becomes of a number without the
    subject asked for, of one that is not finite or not below 10^30, and of one
    with more than 30 decimal places.

    The examples have a key made up for them; a node's own gives others.

    >>> from keys.derive import Mac
    >>> from masking.operators import Scope
    >>> def made_up(context):
    ...     return Mac(b"a key that everybody knows" + context)
    >>> known = dict(mac=made_up, scope=Scope(requester="R1", purpose="aid", resource="S1"))
    >>> tried(Noise(spread=500), 3280, 3000, 3280, type="integer", **known)
    [3008, 3278, 3008]
    >>> of = {"person": ["A", "B", "A", None]}
    >>> pays = [Decimal("3280.50")] * 4
    >>> tried(Noise(spread=500, subject="person"), *pays, type="decimal", beside=of, **known)
    [Decimal('2977.45'), Decimal('3516.27'), Decimal('2977.45'), None]
    """

    name = "noise"
    title = "keyed noise"
    title_zh = "加噪"
    description_zh: ClassVar[str] = (
        "在数值上加减至多 spread 的噪声，噪声不会为零。"
        "噪声只取决于数值、类别、主体 subject、范围 scope 和 spread，"
        "重复查询结果相同，求平均无从还原。"
        "未写 subject 时，相等的数值加噪后仍相等，统计频次即可看出常见值。"
        "小数位数不变，连同所写的末位一起加噪，因此角分不会原样留下；加噪后可能为负。"
        "缺少所需主体、非有限、绝对值不小于 10^30、或小数超过 30 位的数输出 null。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("integer", "decimal"))

    spread: Annotated[int, Meta(ge=1, le=10**15, examples=["500"])]

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        """Compare with a `bucket` as wide as all that may come out."""
        return 18.0 - log10(2 * self.spread) + (rank(self.scope) - 1) / 1000

    def context(self, bind: Binding) -> bytes:
        # Were the noise of several spreads of one making, two of them would tell more than both.
        return lp(super().context(bind), str(self.spread).encode())

    def selves(self, _bind: Binding) -> Callable[[Column], Sequence[str]]:
        """Return what gives no value a subject: what is hashed has the number itself."""
        return lambda column: [""] * len(column)

    def by_subject(self, bind: Binding) -> BySubject:
        mac, spread = self.key(bind).mac, self.spread
        spelled = _whole if bind.type == "integer" else _decimal

        def noisy(value: int | Decimal, subject: str | None) -> int | Decimal | None:
            exact = None if subject is None else _exact(value)
            if exact is None:
                return None
            units, places = exact
            # A number has no line feed, so that no two pairs are hashed alike.
            asked = f"{units} {places}\n{subject}".encode("utf-8", "surrogatepass")
            return spelled(units + deviation(mac(asked), spread * 10**places), places)

        return lambda column, subjects: list(map(noisy, column, subjects))


def _exact(number: int | Decimal) -> tuple[int, int] | None:
    """Return a number in units of its last place, and how many places there are."""
    if not within(number):
        return None
    if isinstance(number, int):
        return number, 0
    sign, digits, exponent = number.as_tuple()
    units = int("".join(map(str, digits)))
    if not isinstance(exponent, int) or exponent < -MAX_PLACES:
        return None
    if units and exponent > 0:
        units *= 10**exponent
    return (-units if sign else units), max(0, -exponent)


def _whole(units: int, _places: int) -> int:
    return units


def _decimal(units: int, places: int) -> Decimal:
    # Read from a text a decimal is exact, whatever precision arithmetic has.
    return Decimal(f"{units}E-{places}")
