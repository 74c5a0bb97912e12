"""Free text loses the record's own values, however they are spelled."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.detect.folding import Gaps, close
from masking.detect.own import scrub_column
from masking.detect.presidio import PresidioDetector
from tests.masking.passages import Blind

OWN = (
    ("姓名", "张建国"),
    ("手机号", "13812345678"),
    ("出生日期", "1990-03-07"),
    ("地址", "山西省太原市小店区长风街12号3单元"),
    ("身份证号", "14010519900307123X"),
    ("行政区划代码", "01"),
    ("职业", "教师"),
    ("备注", "不详"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("张建国到场", "[姓名]到场"),
        ("张 建 国到场", "[姓名]到场"),
        ("建国说他在", "[姓名]说他在"),
        ("张\u200b建国", "[姓名]"),
        ("老张、张某到场", "老张、张某到场"),
        ("１３８ 1234-5678", "[手机号]"),
        ("一三八一二三四五六七八", "[手机号]"),
        ("生于1990年3月7日、1990年03月07日、19900307、1990.03.07、1990/3/7",
         "生于[出生日期]、[出生日期]、[出生日期]、[出生日期]、[出生日期]"),
        ("14010519900307123x", "[身份证号]"),
        ("140105 19900307 123X", "[身份证号]"),
        ("住太原市小店区长风街12号3单元。", "住[地址]。"),
        ("住长风街12号3单元。", "住[地址]。"),
        ("编号01，2001年", "编号[行政区划代码]，2001年"),
        ("小学教师", "小学[职业]"),
        ("情况不详", "情况不详"),
        ("无", "无"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_records_own_values_are_hidden(text: str, expected: str) -> None:
    """In any spelling, without any detector."""
    assert scrub_column([text], [OWN], Blind()) == [expected]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("王芳", "王芳和小芳、阿芳、芳芳，芳香", "[姓名]和[姓名]、[姓名]、[姓名]，芳香"),
        ("欧阳娜娜", "欧阳老师说娜娜", "欧阳老师说[姓名]"),
        ("司马光", "小光", "[姓名]"),
        ("阿依古丽·买买提", "阿依古丽、买买提", "[姓名]、[姓名]"),
        ("阿依古丽·买买提", "阿依古丽•买买提", "[姓名]"),
        ("John Smith", "JOHN SMITH, johnsmith", "[姓名], [姓名]"),
    ],
)
def test_a_name_is_hidden_as_people_say_it(name: str, text: str, expected: str) -> None:
    """The given name alone counts where it is long enough to be told from a word."""
    assert scrub_column([text], [(("姓名", name),)], Blind()) == [expected]


def test_own_values_and_findings_are_hidden_together(detector: PresidioDetector) -> None:
    """What overlaps is hidden whole; each row knows only its own record."""
    note = "张建国与父亲张大山，电话13812345678、13912345678，住长风街12号3单元501室"
    other = (("姓名", "李四"), ("手机号", "13912345678"))
    assert scrub_column([note, note], [OWN, other], detector) == [
        "[姓名]与父亲[姓名]，电话[手机号]、[手机号]，住[地址]",
        "张建国与父亲[姓名]，电话[手机号]、[手机号]，住[地址]",
    ]


def test_a_column_has_own_values_for_each_text() -> None:
    """Rows and records that do not go together are refused."""
    with pytest.raises(ValueError, match="zip"):
        scrub_column(["a", "b"], [()], Blind())


VALUES = st.text(st.sampled_from("张建国0123456789abX-李芳路12号"), min_size=2, max_size=18)


@given(
    values=st.lists(VALUES, max_size=4),
    rest=st.lists(st.text(st.sampled_from("，。 张李1a"), max_size=3), min_size=5, max_size=5),
    order=st.randoms(),
)
def test_no_own_value_is_left(values: list[str], rest: list[str], order: Random) -> None:
    """After scrubbing, no value of the record stands in its text as it is."""
    pieces = [*values, *rest]
    order.shuffle(pieces)
    (scrubbed,) = scrub_column(["，".join(pieces)], [[("值", value) for value in values]], Blind())
    for value in values:
        tight = close(value, Gaps.SIGNS)
        if len(tight) >= 6 or (not value.isascii() and len(tight) >= 2):
            assert value not in scrubbed
