"""Kinds of things, places, dates and texts."""

from masking.check_digits import BANK_CARD
from masking.kinds._contract import define, of_shape, with_check_digit
from masking.kinds._patterns import PROVINCE
from masking.operators.bucket import Bucket
from masking.operators.grid import Grid
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.region import Region
from masking.operators.scrub import Scrub
from masking.shapes import Shape

# GA 36-2018: provinces; civil, police, embassy, emergency and army plates.
_PLATE_PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
_PLATE = (
    f"[{_PLATE_PROVINCES}][A-Z]·?(?:[0-9A-HJ-NP-Z]{{4}}[0-9A-HJ-NP-Z挂学警港澳领]"
    f"|[0-9A-HJ-NP-Z]{{6}})"
    "|[使领][0-9]{6}|[0-9]{6}[使领]"
    f"|[{_PLATE_PROVINCES}][A-Z]?·?[A-Z0-9]{{4,5}}应急"
    "|[A-Z]{2}·?[0-9A-Z]{5}"
)

KINDS = (
    define("general", "general", "一般信息"),
    define("free_text", "free text", "自由文本", partial=Scrub()),
    define(
        "region",
        "region code",
        "行政区划代码",
        # a code that there is, and the same for every code of the prefecture
        partial=Region(to="city"),
        # the last three, or six, digits name town and village
        misfits=of_shape(f"{PROVINCE}[0-9]{{4}}(?:[0-9]{{3}}){{0,2}}"),
        source="GB/T 2260-2007",
    ),
    # About 100 square kilometres, the size of a township: a cell of one may hold a single house.
    define("geo_point", "geographic point", "地理坐标", partial=Grid(millidegrees=100)),
    define("date", "date", "日期", partial=Month()),
    define("amount", "amount of money", "金额", partial=Bucket(width=1000)),
    define(
        "bank_card",
        "bank card number",
        "银行卡号",
        partial=Keep(prefix=4, suffix=4),
        identifier=True,
        misfits=with_check_digit(Shape("[1-9][0-9]{12,18}"), BANK_CARD),
        source="ISO/IEC 7812-1",
    ),
    define(
        "plate",
        "vehicle plate",
        "车牌号",
        partial=Keep(prefix=2, suffix=2),
        identifier=True,
        misfits=of_shape(_PLATE),
        source="GA 36-2018",
    ),
)
