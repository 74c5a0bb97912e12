"""Kinds of places, land, cases, dates, sums and texts."""

from masking.check_digits import BANK_CARD
from masking.kinds._contract import Unshaped, define, of_shape, with_check_digit
from masking.kinds._patterns import PROVINCE, PROVINCE_SIGN
from masking.operators.bucket import Bucket
from masking.operators.grid import Grid
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.region import Region
from masking.operators.scrub import Scrub
from masking.shapes import HAN, Shape

_YEAR = "[(（](?:19|20)[0-9]{2}[)）]"
# 法〔2015〕137号: the court, the sort of case, its number, and the rulings that follow.
_CASE = (
    f"{_YEAR}(?:最高法|[{PROVINCE_SIGN[1:-1]}兵][0-9]{{0,4}}|军[0-9]{{2}})"
    f"[{HAN}]{{1,8}}[0-9]{{1,7}}号(?:之[{HAN}]{{1,3}})?"
)
# GB/T 37346-2019: county, cadastral district and sub-district, sort and number of the
# parcel, sort and number of what stands on it.
_ESTATE = f"{PROVINCE}[0-9]{{4}}[0-9]{{6}}[GJZ][A-Z][0-9]{{5}}(?:[FLQ][0-9]{{8}}|W0{{8}})"

KINDS = (
    define("general", "general", "一般信息", example="已受理", shape=Unshaped.ANY_TEXT),
    define(
        "free_text",
        "free text",
        "自由文本",
        example="来电 13800013800 咨询低保",
        partial=Scrub(),
        shape=Unshaped.ANY_TEXT,
    ),
    define(
        "region",
        "region code",
        "行政区划代码",
        example="140105",
        # a code that there is, and the same for every code of the prefecture
        partial=Region(to="city"),
        # the last three, or six, digits name town and village
        shape=of_shape(f"{PROVINCE}[0-9]{{4}}(?:[0-9]{{3}}){{0,2}}"),
        source="GB/T 2260-2007",
    ),
    # About 100 square kilometres, the size of a township: a cell of one may hold a single house.
    define(
        "geo_point",
        "geographic point",
        "地理坐标",
        example="112.563218,37.818754",
        partial=Grid(millidegrees=100),
        shape=Unshaped.BY_TYPE,
    ),
    define(
        "date",
        "date",
        "日期",
        example="2024-05-17",
        partial=Month(),
        shape=Unshaped.BY_TYPE,
        source="GB/T 7408.1-2023",
    ),
    define(
        "amount",
        "amount of money",
        "金额",
        example="3280",
        partial=Bucket(width=1000),
        shape=Unshaped.BY_TYPE,
    ),
    define(
        "bank_card",
        "bank card number",
        "银行卡号",
        example="6299010000123456782",
        partial=Keep(prefix=4, suffix=4),
        identifier=True,
        shape=with_check_digit(Shape("[1-9][0-9]{12,18}"), BANK_CARD),
        source="ISO/IEC 7812-1",
    ),
    define(
        "real_estate_unit",
        "real estate unit code",
        "不动产单元代码",
        example="140105001002GB00001F00010002",
        partial=Keep(suffix=4),
        identifier=True,
        contains=("region",),
        shape=of_shape(_ESTATE),
        source="GB/T 37346-2019",
    ),
    define(
        "property_certificate",
        "number of a real estate certificate",
        "不动产权证号",
        example="晋（2020）太原市不动产权第0012345号",
        partial=Keep(prefix=1, suffix=3),
        identifier=True,
        contains=("region",),
        shape=of_shape(f"{PROVINCE_SIGN}{_YEAR}[{HAN}]{{1,16}}不动产(?:权|证明)第[0-9]{{7,9}}号"),
        source="国土资发〔2015〕25号",
    ),
    define(
        "case_number",
        "number of a court case",
        "案号",
        example="（2020）京0105民初12345号",
        partial=Keep(prefix=6),
        identifier=True,
        shape=of_shape(_CASE),
        source="法〔2015〕137号",
    ),
)
