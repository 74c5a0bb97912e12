"""Made-up values of a kind, put together from parts that are read nowhere else.

Whatever is made here is of the kind's shape, and of nobody: a person or firm of
that name is chance. Telephone numbers are of ranges that were given to no
operator when this was written, so that no call reaches a stranger.
"""

from collections.abc import Mapping
from math import prod
from typing import NamedTuple

from masking.surnames import SINGLE

# The common ones, which nine in ten people have; a rare one would stand out.
_SURNAMES = tuple(SINGLE[:200])
# Two to a name, and none that makes up a name which everybody knows.
_FIRST = tuple("思雨佳晓子志宏俊梓诗欣雅婉若安景承亦嘉语念沐瑞秋知启绍怀允仲彦希")
_SECOND = tuple("轩涵然琪瑶豪宸睿博妍悦桐瑾恒洋航萱霖辰阳泽煜帆衡笙禾岚屿川")

# Three to a firm: whoever is known by two of these is not meant.
_BRANDS = (
    tuple("瑞恒嘉盛鑫泰隆启德宏润昌益顺凯"),
    tuple("卓铭远惠智源易茂恒逸程"),
    tuple("达和泽诚晟捷宁博"),
)
_TRADES = (
    "商贸 建材 物流 餐饮 园林 机械 纺织 食品 电子 印刷 家具 农业 环保 装饰 纸业 塑料 包装 玻璃 "
    "陶瓷 服装 五金 电气 仪器 汽配 水产 粮油 茶业 图书 文具 钟表 乐器 制冷 暖通 照明 消防 广告 "
    "会展 旅游 家政 保洁"
)
_ENDINGS = ("有限公司", "有限责任公司", "股份有限公司", "经营部", "服务部")

_DIGITS = tuple("0123456789")
_UNUSED_RANGES = ("154", "194")


class Fakes(NamedTuple):
    """The values of a kind: one word of each list, in order."""

    parts: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        """Return how many there are."""
        return prod(map(len, self.parts))

    def at(self, number: int) -> str:
        """Return one of them; numbers beyond the last begin anew."""
        words = []
        for part in self.parts:
            number, place = divmod(number, len(part))
            words.append(part[place])
        return "".join(words)

    def instead_of(self, value: str, number: int) -> str:
        """Return the one at `number`, or the next that is not `value`."""
        while (fake := self.at(number)) == value:
            number += 1
        return fake


FAKES: Mapping[str, Fakes] = {
    "person_name": Fakes((_SURNAMES, _FIRST, _SECOND)),
    "mobile": Fakes((_UNUSED_RANGES, *[_DIGITS] * 8)),
    "org_name": Fakes((*_BRANDS, tuple(_TRADES.split()), _ENDINGS)),
}
