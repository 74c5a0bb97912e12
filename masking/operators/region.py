"""Show the province, city or county of a place."""

from typing import ClassVar, Literal

from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel, Operator
from masking.operators._places import CODE, PROVINCE_OF, PROVINCES, places
from masking.shapes import Shape

Level = Literal["province", "city", "county"]

_DIGITS: dict[Level, int] = {"province": 2, "city": 4, "county": 6}
_CODE = Shape(CODE)


class Region(Operator, frozen=True, kw_only=True):
    """Show of a region code or an address the province, city or county it lies in.

    A code of GB/T 2260, with or without town and village, gives the six digits
    of the level's own code. A text must begin with the full name of a province
    or prefecture; a county is told by its last character (县, 区, 旗, 市). Where
    the text does not name the level, the next higher is shown. Any other value
    gives `***`; a code or name of the level, or of a higher one, comes back as
    it is.

    >>> tried(Region(to="city"), "140105", "140105001002", "140000", "034000")
    ['140100', '140100', '140000', '***']
    >>> tried(Region(to="county"), "山西省太原市小店区坞城路92号", "太原市坞城路92号")
    ['山西省太原市小店区', '太原市']
    >>> tried(Region(to="province"), "太原市小店区坞城路92号", "坞城路92号")
    ['山西省', '***']
    """

    name = "region"
    title = "province, city or county"
    title_zh = "行政区划泛化"
    description_zh: ClassVar[str] = (
        "将行政区划代码（GB/T 2260，可带乡镇、村级）或地址归并到省、市或县。"
        "地址须以省级或地级行政区全称开头，县级以末字（县、区、旗、市）识别；未写明该级时输出上一级。"
        "其他值整体输出 ***；本就是该级或更高级的代码和名称原样输出。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string", "code"))

    to: Level

    def shown(self) -> float:
        """Count the digits of the level's code; a county's name may be some other place's.

        Provinces and cities are read off closed lists, counties are not.
        """
        return float(_DIGITS[self.to]) + (self.to == "county")

    def gives_back(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        if _CODE.fits(value):
            return len(value) == 6 and not value[_DIGITS[self.to] :].strip("0")
        province, city, county = places(value)
        if self.to == "province":
            return value in PROVINCES
        named = (province, city, county if self.to == "county" else None)
        return bool(province or city) and value == "".join(name for name in named if name)

    def kernel(self, _bind: Binding) -> Kernel:
        digits, level = _DIGITS[self.to], self.to
        noughts = "0" * (6 - digits)

        def mask(column: Column) -> Column:
            others = _CODE.misfits(column)
            masked = [value[:digits] + noughts for value in column]
            for index in others:
                masked[index] = _shown(column[index], level)
            return masked

        return mask


def _shown(text: str, level: Level) -> str:
    province, city, county = places(text)
    if level == "province":
        return province or PROVINCE_OF.get(city or "", HIDDEN)
    named = (province, city, county if level == "county" else None)
    return "".join(name for name in named if name) or HIDDEN
