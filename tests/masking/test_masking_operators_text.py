"""Operators that show part of a text, on values chosen to trip them up."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.grades import Disclosure
from masking.operators import HIDDEN, AnyOperator, Operator, tried
from masking.operators.email import Email
from masking.operators.keep import STRIPED_FROM, Keep
from masking.operators.mapping import Mapping
from masking.operators.mask import Mask
from masking.operators.mask_part import MaskPart
from masking.operators.region import Level, Region
from masking.operators.shape import MAX_CHARACTERS, Shape
from masking.operators.truncate import Truncate

PARTIAL, CLEAR = Disclosure.PARTIAL, Disclosure.CLEAR
# Plain values beside which the others must come out the same.
BESIDE = ("13812345678", "王小明", "A-B@C.com")


def _alike(operator: Operator, value: str, masked: str) -> None:
    """Hold that a value comes out so alone, among its like and among others."""
    assert tried(operator, value) == [masked]
    assert tried(operator, *[value] * STRIPED_FROM) == [masked] * STRIPED_FROM
    assert tried(operator, *BESIDE, value)[-1] == masked


@pytest.mark.parametrize(
    ("start", "count", "value", "masked"),
    [
        (4, 4, "13812345678", "138****5678"),
        (4, 4, "138123456789", "138****56789"),
        (4, 4, "1381234567890", HIDDEN),  # four of thirteen are too few
        (4, 4, "13812", "138**"),
        (4, 4, "1381", HIDDEN),
        (4, 4, "138", HIDDEN),
        (4, 4, "", HIDDEN),
        (1, 1, "王", "*"),
        (1, 1, "王小明", "*小明"),
        (1, 1, "欧阳小明", HIDDEN),
        (2, 64, "王小明", "王**"),
        (64, 64, "王小明", HIDDEN),
        (2, 2, "京Ａ１２", "京**２"),
        (2, 1, "𠮷野家", "𠮷*家"),
        (1, 1, "e\u0301te\u0301", "*te\u0301"),  # a letter and its mark are one
        (1, 1, "\u0301bc", HIDDEN),
        (3, 3, "张三   ", HIDDEN),  # stars over blanks hide nothing
        (3, 2, "张三\u3164\u3164", HIDDEN),
        (3, 2, "ab cd", HIDDEN),
        (3, 3, "ab cd", "ab***"),
        (1, 2, "ab\u200bcd", HIDDEN),
        (1, 2, "\u202eabcd", HIDDEN),
        (1, 2, "ab\ncd", HIDDEN),
        (1, 2, "ab\udc00cd", HIDDEN),
        (1, 3, "محمد علي", "***د علي"),
    ],
)
def test_mask_hides_a_range_and_enough(start: int, count: int, value: str, masked: str) -> None:
    """Short and long values alike, and what nobody sees never shows."""
    _alike(Mask(start=start, count=count), value, masked)


@pytest.mark.parametrize(
    ("start", "count", "value", "masked"),
    [
        (1, 4, "京A12345", "京A1****"),
        (1, 3, "京A12345", "京A12***"),
        (2, 2, "京A12", "京**2"),
        (3, 9, "京A12", "**12"),
        (5, 9, "京A12", HIDDEN),
        (1, 1, "e\u0301te\u0301", "e\u0301t*"),
        (1, 2, "", HIDDEN),
    ],
)
def test_mask_counts_from_the_end_too(start: int, count: int, value: str, masked: str) -> None:
    """Position 1 is then the last."""
    _alike(Mask(start=start, count=count, side="end"), value, masked)


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 20), st.booleans(),
    st.lists(st.text("abc王９ \u0301", max_size=20), max_size=9),
)  # fmt: skip
def test_mask_never_shows_more_than_it_says(
    start: int, count: int, most: int, end: bool, values: list[str]
) -> None:
    """Planning compares masks by it."""
    operator = Mask(start=start, count=count, most=most, side="end" if end else "start")
    for value, masked in zip(values, tried(operator, *values), strict=True):
        if masked != HIDDEN or "*" in value:
            seen = [c for c in masked if c not in "*\u0301 "]
            assert len(seen) <= operator.shown()
            assert 0 < masked.count("*") <= count
            assert len(masked.replace("\u0301", "")) == len(value.replace("\u0301", ""))


def test_mask_reads_its_words_from_a_policy() -> None:
    """The range begins at `from`, which is no word of ours in Python."""
    written = {"op": "mask", "from": 4, "count": 4}
    assert msgspec.convert(written, AnyOperator) == Mask(start=4, count=4)
    for wrong in ({"from": 0}, {"count": 0}, {"from": 65}, {"side": "left"}, {"start": 4}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**written, **wrong}, AnyOperator)


@pytest.mark.parametrize(
    ("separator", "value", "before", "after", "between"),
    [
        ("@", "张三@x", "**@x", HIDDEN, HIDDEN),
        ("@", "张三@内网", "**@内网", "张三@**", HIDDEN),
        ("-", "A-B-C", "***-C", "A-***", HIDDEN),
        ("-", "A-BCD-E", "*****-E", "A-*****", "A-***-E"),
        ("-", "A-B-C-D", "*****-D", "A-*****", "A-***-D"),
        ("-", "AB", HIDDEN, HIDDEN, HIDDEN),
        ("-", "-", HIDDEN, HIDDEN, HIDDEN),
        ("-", "--", "*-", "-*", HIDDEN),
        ("-", "-AB", HIDDEN, "-**", HIDDEN),
        ("-", "AB-", "**-", HIDDEN, HIDDEN),
        ("-", "", HIDDEN, HIDDEN, HIDDEN),
        ("-", "ＡＢ－ＣＤ", HIDDEN, HIDDEN, HIDDEN),  # a full-width one is another
        ("－", "ＡＢ－ＣＤ", "**－ＣＤ", "ＡＢ－**", HIDDEN),
        ("·", "买买提·艾力", "***·艾力", "买买提·**", HIDDEN),
        ("-", "ab-\u0301cd", HIDDEN, HIDDEN, HIDDEN),  # a marked one too
        ("-", "𠮷𠮷-𠮷", "**-𠮷", HIDDEN, HIDDEN),
        (" ", "محمد علي", "**** علي", "محمد ***", HIDDEN),
        ("-", "ab\u200b-cd", HIDDEN, HIDDEN, HIDDEN),
        ("\n", "ab\ncd", HIDDEN, HIDDEN, HIDDEN),
        ("-", "   -abc", HIDDEN, "   -***", HIDDEN),
        ("-", "abcdefgh-ijklmnopqrst", "********-ijklmnopqrst", "abcdefgh-************", HIDDEN),
        ("-", "ijklmnopqrstuvwxyz-ijklmnopqrstuvwxyz", HIDDEN, HIDDEN, HIDDEN),  # more than 16
    ],
)
def test_mask_part_hides_beside_a_separator(
    separator: str, value: str, before: str, after: str, between: str
) -> None:
    """The larger part where it stands more than once; nothing shows without it."""
    _alike(MaskPart(separator=separator, part="before"), value, before)
    _alike(MaskPart(separator=separator, part="after"), value, after)
    _alike(MaskPart(separator=separator, part="between"), value, between)


@pytest.mark.parametrize(
    ("length", "value", "cut"),
    [
        (4, "030006", "0300"),
        (4, "03000", HIDDEN),
        (4, "0300", HIDDEN),
        (1, "王芳", "王"),
        (1, "王", HIDDEN),
        (1, "", HIDDEN),
        (1, "𠮷野家", "𠮷"),
        (1, "e\u0301tude", "e\u0301"),
        (1, "\u0301bc", HIDDEN),
        (2, "张三   ", HIDDEN),
        (2, "张三\u3164", HIDDEN),
        (2, "ab\u200b\u200b", HIDDEN),
        (2, "ab\ncd", HIDDEN),
        (3, "１３８１２３", "１３８"),
        (64, "王" * 96, "王" * 64),
        (64, "王" * 95, HIDDEN),
    ],
)
def test_truncate_cuts_off_enough(length: int, value: str, cut: str) -> None:
    """What is shown is what `keep` would show, without the stars."""
    _alike(Truncate(length=length), value, cut)
    kept = tried(Keep(prefix=length), value)[0]
    assert cut == (HIDDEN if kept == HIDDEN else kept.rstrip("*"))


@pytest.mark.parametrize(
    ("address", "domain", "first"),
    [
        ("wang.fang@example.com", "***@example.com", "w***@example.com"),
        ("ab@example.com", "***@example.com", "a***@example.com"),
        ("a@example.com", "***@example.com", "***@example.com"),
        ("a+b_c@mail.gov.cn", "***@mail.gov.cn", "a***@mail.gov.cn"),
        ("A" * 64 + "@b.co", "***@b.co", "A***@b.co"),
        ("A" * 65 + "@b.co", HIDDEN, HIDDEN),
        ("ab@" + "a." * 125 + "cn", "***@" + "a." * 125 + "cn", "a***@" + "a." * 125 + "cn"),
        ("ab@" + "a." * 126 + "cn", HIDDEN, HIDDEN),
        ("ab@" + "a" * 64 + ".cn", HIDDEN, HIDDEN),
        ("a@b@example.com", HIDDEN, HIDDEN),
        ("wang@localhost", HIDDEN, HIDDEN),
        ("wang@10.0.0.1", HIDDEN, HIDDEN),
        ("wang@-a.com", HIDDEN, HIDDEN),
        ("wang@a-.com", HIDDEN, HIDDEN),
        ("wang@a..com", HIDDEN, HIDDEN),
        ("wang@.com", HIDDEN, HIDDEN),
        (".wang@a.com", HIDDEN, HIDDEN),
        ("wang.@a.com", HIDDEN, HIDDEN),
        ("wa..ng@a.com", HIDDEN, HIDDEN),
        ("@a.com", HIDDEN, HIDDEN),
        ("wang@", HIDDEN, HIDDEN),
        ("@", HIDDEN, HIDDEN),
        ("wang", HIDDEN, HIDDEN),
        ("", HIDDEN, HIDDEN),
        ("张三@example.com", HIDDEN, HIDDEN),
        ("wang@例子.中国", HIDDEN, HIDDEN),
        ("wang＠example.com", HIDDEN, HIDDEN),
        ("ｗang@example.com", HIDDEN, HIDDEN),
        ("wang@example.com ", HIDDEN, HIDDEN),
        ("wang@example.com\n", HIDDEN, HIDDEN),
        ("wang@example.com\nli@example.com", HIDDEN, HIDDEN),
        ("wang@example.com;li@example.com", HIDDEN, HIDDEN),
        ("Wang <wang@example.com>", HIDDEN, HIDDEN),
        ("wa\u200bng@example.com", HIDDEN, HIDDEN),
        ('"wang fang"@example.com', HIDDEN, HIDDEN),
    ],
)
def test_email_shows_the_domain_of_an_address_alone(address: str, domain: str, first: str) -> None:
    """What is no address does not show, not even its domain."""
    _alike(Email(), address, domain)
    _alike(Email(first=True), address, first)


@pytest.mark.parametrize(
    ("value", "outline"),
    [
        ("11010519491231002X", "00000000000000000X"),
        ("晋A·12b45", "某X·00x00"),
        ("Wang Fang", "Xxxx Xxxx"),
        ("张三@内网", "某某@某某"),
        ("ＡＢｃ１２", "ＸＸｘ００"),
        ("𠮷野家", "某某某"),
        ("〇㐀\uf900", "某某某"),
        ("ÉéßЖж", "XxxXx"),
        ("ǅ", "X"),
        ("٣٤५", "000"),
        ("محمد", "****"),
        ("あアｱ한", "****"),
        ("e\u0301", "x*"),
        ("①Ⅷ½", "***"),
        ("a\u200b\u202e\x00\n", "x****"),
        ("\udc00\ue000😀", "***"),
        ("々㎡￥$%", "*****"),
        ("", ""),
        ("000-XX", "000-XX"),
    ],
)
def test_shape_leaves_no_letter_and_no_digit(value: str, outline: str) -> None:
    """Of any script: what has no stand-in is a star."""
    _alike(Shape(), value, outline)


def test_the_stand_ins_of_characters_do_not_fill_the_memory() -> None:
    """A column with every character there is leaves a bounded table behind."""
    operator = Shape()
    every = "".join(map(chr, range(0x4E00, 0x4E00 + 3 * MAX_CHARACTERS)))
    assert tried(operator, every) == ["某" * len(every)]


LEVELS: tuple[Level, ...] = ("province", "city", "county")
PLACES = {
    # codes
    "140105": ("140000", "140100", "140105"),
    "140105001": ("140000", "140100", "140105"),
    "140105001002": ("140000", "140100", "140105"),
    "140100": ("140000", "140100", "140100"),
    "140000": ("140000", "140000", "140000"),
    "429004": ("420000", "429000", "429004"),
    # near misses of a code
    "14010": None,
    "1401050": None,
    "1401050010021": None,
    "030006": None,  # a postal code of no such province
    "190105": None,
    "１４０１０５": None,
    "14010X": None,
    "140105\n": None,
    # names
    "山西省": ("山西省",) * 3,
    "山西省太原市": ("山西省", "山西省太原市", "山西省太原市"),
    "山西省太原市小店区坞城路92号": ("山西省", "山西省太原市", "山西省太原市小店区"),
    "山西省 太原市　小店区坞城路": ("山西省", "山西省太原市", "山西省太原市小店区"),
    "太原市小店区坞城路92号": ("山西省", "太原市", "太原市小店区"),
    "山西省平遥县古陶镇": ("山西省", "山西省", "山西省平遥县"),
    "北京市朝阳区建国路1号": ("北京市", "北京市", "北京市朝阳区"),
    "香港特别行政区中西区": ("香港特别行政区", "香港特别行政区", "香港特别行政区中西区"),
    "湖北省恩施土家族苗族自治州恩施市": (
        "湖北省", "湖北省恩施土家族苗族自治州", "湖北省恩施土家族苗族自治州恩施市",
    ),
    "内蒙古自治区锡林郭勒盟锡林浩特市1号": (
        "内蒙古自治区", "内蒙古自治区锡林郭勒盟", "内蒙古自治区锡林郭勒盟锡林浩特市",
    ),
    "新疆维吾尔自治区喀什地区喀什市": (
        "新疆维吾尔自治区", "新疆维吾尔自治区喀什地区", "新疆维吾尔自治区喀什地区喀什市",
    ),
    "甘肃省临夏回族自治州积石山保安族东乡族撒拉族自治县": (
        "甘肃省", "甘肃省临夏回族自治州",
        "甘肃省临夏回族自治州积石山保安族东乡族撒拉族自治县",
    ),
    "呼伦贝尔市莫力达瓦达斡尔族自治旗": (
        "内蒙古自治区", "呼伦贝尔市", "呼伦贝尔市莫力达瓦达斡尔族自治旗",
    ),
    "济南市市中区经四路": ("山东省", "济南市", "济南市市中区"),
    "南京市鼓楼区": ("江苏省", "南京市", "南京市鼓楼区"),
    "唐山市路南区": ("河北省", "唐山市", "唐山市路南区"),
    "哈尔滨市道里区": ("黑龙江省", "哈尔滨市", "哈尔滨市道里区"),
    "荆州市沙市区北京路": ("湖北省", "荆州市", "荆州市沙市"),  # less than it could
    # what is no county, though it ends like one
    "太原市坞城路小区": ("山西省", "太原市", "太原市"),
    "太原市阳光小区3号楼": ("山西省", "太原市", "太原市"),
    "太原市菜市场": ("山西省", "太原市", "太原市"),
    "太原市和平超市": ("山西省", "太原市", "太原市"),
    "太原市万科城市花园": ("山西省", "太原市", "太原市"),
    "太原市第一人民医院病区": ("山西省", "太原市", "太原市"),
    "太原市王家村": ("山西省", "太原市", "太原市"),
    "太原市3区": ("山西省", "太原市", "太原市"),
    "太原市王\u200b区": ("山西省", "太原市", "太原市"),
    # what begins with no place
    "坞城路92号": None,
    "小店区坞城路": None,
    "山西太原": None,
    "住山西省太原市": None,
    " 山西省": None,
    "山 西省": None,
    "江南省": None,
    "张三市": None,
    "王芳": None,
    "": None,
    "\n": None,
}  # fmt: skip


@pytest.mark.parametrize(("value", "shown"), PLACES.items())
def test_region_shows_a_known_place_or_nothing(
    value: str, shown: tuple[str, str, str] | None
) -> None:
    """No street, house or name passes for a place."""
    for level, place in zip(LEVELS, shown or [HIDDEN] * 3, strict=True):
        _alike(Region(to=level), value, place)


HOSPITALS = {"三级甲等": "三级", "三级乙等": "三级", "二级甲等": "二级", "二级": "二级"}


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("三级甲等", "三级"),
        ("二级", "二级"),
        ("一级", "其他"),
        ("三级甲等 ", "其他"),
        ("三级", "其他"),  # a label is no value
        ("", "其他"),
    ],
)
def test_mapping_gives_the_label_of_a_value(value: str, label: str) -> None:
    """Any other value has the one label for the rest."""
    _alike(Mapping(table=HOSPITALS, otherwise="其他"), value, label)
    assert tried(Mapping(table=HOSPITALS), "一级", type="code") == [HIDDEN]


def test_mapping_holds_its_table_to_limits() -> None:
    """A table as long as the data would be the data; an empty one is another operator."""
    for table in ({}, {"": "a"}, {"a": ""}, {"a" * 65: "b"}, {str(n): "x" for n in range(257)}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"op": "mapping", "table": table}, AnyOperator)


def test_equal_tables_are_one_operator() -> None:
    """In whatever order they are written."""
    turned = Mapping(table=dict(reversed(HOSPITALS.items())))
    assert {Mapping(table=HOSPITALS)} == {turned}
