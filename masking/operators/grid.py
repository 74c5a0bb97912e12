"""Show the cell of a grid that a geographic point falls into."""

import re
from decimal import Decimal
from math import floor, log10
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import Binding, FieldType, Kernel, Operator, OutputType

_point = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,9})?),(-?[0-9]{1,2}(?:\.[0-9]{1,9})?)").fullmatch
# In thousandths of a degree.
_EAST, _NORTH = 180_000, 90_000


class Grid(Operator, frozen=True, kw_only=True):
    """Show a point of the cell that a `longitude,latitude` falls into.

    Cells are squares of `millidegrees` thousandths of a degree, counted from
    0,0; one thousandth is 111 m from south to north. The point is the cell's
    south-western corner or its centre, with as many decimals for every cell. A
    point that is written just so comes back as it is. What is no point gives
    null.

    >>> tried(Grid(millidegrees=10), "116.397428,39.90923", "116.390,39.900", type="geo_point")
    ['116.390,39.900', '116.390,39.900']
    >>> tried(Grid(millidegrees=500, point="centre"), "-0.1,51.5", "200,0", type="geo_point")
    ['-0.2500,51.7500', None]
    """

    name = "grid"
    title = "grid cell"
    title_zh = "地理格网"
    description_zh: ClassVar[str] = (
        "输出坐标所在格网单元的西南角或中心点；单元边长为 millidegrees 个千分之一度"
        "（南北向每千分之一度约 111 米），自 0,0 起算。"
        "本就如此书写的点原样输出；不是坐标的值输出 null。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("geo_point",))

    millidegrees: Annotated[int, Meta(ge=1, le=10_000)]
    point: Literal["corner", "centre"] = "corner"

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        """Count the digits of both numbers down to the width of a cell."""
        return 12.0 - 2 * log10(self.millidegrees)

    def gives_back(self, value: object) -> bool:
        return isinstance(value, str) and self._cell(value) == value

    def kernel(self, _bind: Binding) -> Kernel:
        return lambda column: list(map(self._cell, column))

    def _cell(self, value: str) -> str | None:
        found = _point(value)
        if found is None:
            return None
        east, north = Decimal(found[1]) * 1000, Decimal(found[2]) * 1000
        if abs(east) > _EAST or abs(north) > _NORTH:
            return None
        return f"{self._side(east, _EAST)},{self._side(north, _NORTH)}"

    def _side(self, place: Decimal, last: int) -> str:
        """Return where the cell of a place begins, or its middle, never beyond the last."""
        width = self.millidegrees
        # The last place has no cell of its own: only a pole would be in it.
        low = min(floor(place) // width, (last - 1) // width) * width
        if self.point == "corner":
            return f"{max(low, -last) / 1000:.3f}"
        return f"{max(min(2 * low + width, 2 * last), -2 * last) / 2000:.4f}"
