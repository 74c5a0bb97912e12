"""Free text loses what identifies a person, however it is spelled."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.detect import UNSEARCHED, Detector, Span, merge
from masking.detect.contexts import CHATS, DOCUMENTS, PEOPLE, PHONES, TITLES
from masking.detect.folding import Gaps, close, close_gaps, fold
from masking.detect.own import replace as put_labels
from masking.detect.own import scrub_column
from masking.detect.patterns import PATTERNS, Pattern
from masking.detect.presidio import PresidioDetector
from masking.errors import ExtraMissingError


class Blind:
    """A detector that finds nothing."""

    def find(self, _text: str) -> list[Span]:
        return []

    def find_column(self, texts: Sequence[str]) -> list[list[Span]]:
        return [[] for _ in texts]


@pytest.fixture(scope="module")
def detector() -> PresidioDetector:
    pytest.importorskip("presidio_analyzer")
    return PresidioDetector()


def labelled(detector: Detector, text: str) -> str:
    return put_labels(text, detector.find(text))


def test_a_detector_is_told_by_its_methods(detector: PresidioDetector) -> None:
    """The real one and the blind one are both detectors to the type checker."""
    detectors: list[Detector] = [detector, Blind()]
    assert [each.find("") for each in detectors] == [[], []]


FOUND = [
    ("身份证110101199003071234。", "身份证[身份证号]。"),
    ("校验位错的11010119900307123x号", "校验位错的[身份证号]号"),
    ("110101 19900307 1234", "[身份证号]"),
    ("110101-1990-0307-1234", "[身份证号]"),
    ("1 1 0 1 0 1 1 9 9 0 0 3 0 7 1 2 3 4", "[身份证号]"),
    ("旧证140105900307123在此", "旧证[身份证号]在此"),
    ("110101\n199003071234", "[身份证号]"),
    ("１１０１０１１９９００３０７１２３Ｘ", "[身份证号]"),
    ("请拨13812345678办理", "请拨[手机号]办理"),
    ("No13812345678tel", "No[手机号]tel"),
    ("138 1234 5678 / 139-1234-5678", "[手机号] / [手机号]"),
    ("138.1234.5678", "[手机号]"),
    ("+86 138-1234-5678", "[手机号]"),
    ("(+86)13812345678", "[手机号]"),
    ("8613812345678", "[手机号]"),
    ("1 3 8 1 2 3 4 5 6 7 8", "[手机号]"),
    ("１３８－１２３４－５６７８", "[手机号]"),
    ("①③⑧①②③④⑤⑥⑦⑧", "[手机号]"),
    ("𝟏𝟑𝟖𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", "[手机号]"),
    ("一三八一二三四五六七八", "[手机号]"),
    ("幺三八1二三四5六七八", "[手机号]"),
    ("138\u200b1234\u20605678", "[手机号]"),
    ("1\u03013\u03018\u030112345678", "[手机号]"),
    ("010-88889999转123，(0351)7654321", "[固定电话]，[固定电话]"),
    ("+86 10 8888 9999", "[固定电话]"),
    ("电话：7654321", "电话：[固定电话]"),
    ("邮箱wang.x+y@mail.example.com.cn办理", "邮箱[电子邮箱]办理"),
    ("Ａ@ｂ.ｃｏｍ", "[电子邮箱]"),
    ("卡6222 0212 3456 7890 123", "卡[银行卡号]"),
    ("卡4111111111111111。", "卡[银行卡号]。"),
    ("两号相连1381234567813912345678", "两号相连[号码]"),
    ("京A12345、京A·12345、粤BD12345、沪A1234警", "[车牌号]、[车牌号]、[车牌号]、[车牌号]"),
    ("护照E12345678", "护照[护照号]"),
    ("通行证号码：H1234567890", "通行证号码：[护照号]"),
    ("军官证号A-12345", "军官证号[证照编号]"),
    ("代码91140105MA0KXXXX1X。", "代码[统一社会信用代码]。"),
    ("QQ：12345678，微信号wx_abc123", "QQ：[网络账号]，微信号[网络账号]"),
    ("住北京市海淀区中关村路12号院3栋2单元501室。", "住[地址]。"),
    ("家在长风街１２号", "家在[地址]"),
    ("和平路12号", "[地址]"),
    ("3栋2单元501室", "[地址]"),
    ("五号楼一单元三零二", "[地址]三零二"),
    ("幸福小区3-2-501", "[地址]"),
    ("李家村3组", "[地址]"),
    ("长安路三段12号附3号", "[地址]"),
    ("联系人：王小明", "联系人：[姓名]"),
    ("姓名 张 三", "姓名 [姓名]"),
    ("父亲张建国去世", "父亲[姓名]去世"),
    ("父亲张伟去世", "父亲[姓名]去世"),
    ("母亲是欧阳娜娜，妻子为李芳", "母亲是[姓名]，妻子为[姓名]"),
    ("女儿（李芳）", "女儿（[姓名]）"),
    ("其子名叫张小明", "其子名叫[姓名]"),
    ("丈夫阿卜杜拉·买买提", "丈夫[姓名]"),
    ("儿子:铁木尔", "儿子:[姓名]"),
    ("张建国先生来访", "[姓名]先生来访"),
    ("法定代表人：司马相如", "法定代表人：[姓名]"),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_identifying_passages_are_found(
    detector: PresidioDetector, text: str, expected: str
) -> None:
    """However they are spelled, and right beside Chinese characters."""
    assert labelled(detector, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "根据《条例》第十二条第（三）项，经研究，同意该申请并予以公示。",
        "京民发〔2023〕12号",
        "（2023）京01民终1234号",
        "2023-12-10 12:30 至 2023-12-31 12:30",
        "2023-01-01 2023-12-31",
        "20230101-20231231",
        "2023.01.01-2023.12.31",
        "2023年12月10日缴费1,380,000.00元",
        "请到12号窗口",
        "3号楼",
        "业主委员会、同学们、王女士",
        "本人情况属实",
        "电话沟通",
        "admin@",
        "@某人",
        "京A级景区",
        "共1381234人",
    ],
)
def test_what_identifies_nobody_stays(detector: PresidioDetector, text: str) -> None:
    """Dates, file numbers, amounts and bare words are left to be read."""
    assert labelled(detector, text) == text


HAN = st.text(st.sampled_from("的在王号路中户电话父亲姓名省张一十，。： \n《》abX"), max_size=12)
INVISIBLE = st.sampled_from(["", "", "", "\u200b", "\u2060", "\ufe0f", "\u0301"])
DIGITS = st.text(st.sampled_from("0123456789"), min_size=17, max_size=17)


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str, str]:
    """Give a number in odd dress, with something before and after it."""
    digits = draw(DIGITS)
    number = draw(
        st.sampled_from(
            [
                "1" + draw(st.sampled_from("3456789")) + digits[:9],
                "3" + digits[:14],
                "4" + digits[:16] + draw(st.sampled_from("0123456789Xx")),
                "0351-7" + digits[:6],
                "62" + digits[:17],
            ]
        )
    )
    # Of the old numbers of fifteen digits only the usual groups are known.
    separator = "" if len(number) == 15 else draw(st.sampled_from(["", "", " ", "-"]))
    dressed = ""
    for place, each in enumerate(number):
        wide = draw(st.booleans()) and each != "-"
        gap = separator if place and draw(st.booleans()) and number[place - 1] != "-" else ""
        dressed += ("" if each == "-" else gap) + (chr(ord(each) + 0xFEE0) if wide else each)
        dressed += draw(INVISIBLE)
    return draw(HAN), dressed.rstrip("\u200b\u2060\ufe0f\u0301"), draw(HAN)


@given(text=disguised())
def test_no_dress_hides_a_number(detector: PresidioDetector, text: tuple[str, str, str]) -> None:
    """Width, separators, zero-width characters and neighbours do not matter."""
    before, number, after = text
    whole = before + number + after
    hidden = {at for span in detector.find(whole) for at in range(span.start, span.end)}
    digits = {len(before) + at for at, each in enumerate(number) if fold(each).text.isalnum()}
    assert digits <= hidden


PIECES = [text for text, _ in FOUND]
PIECES += [*PEOPLE[:9], *TITLES[:3], *CHATS[:3], "是", "：", "号", "路", "1", "13", "8-", "@", " "]
MIXED = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@given(text=st.one_of(MIXED, st.text(max_size=60)))
def test_spans_are_in_order_and_apart(detector: PresidioDetector, text: str) -> None:
    """They lie in the text, hold something, and do not overlap."""
    end = 0
    for span in detector.find(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@given(texts=st.lists(st.one_of(MIXED, st.text(max_size=30)), max_size=12))
def test_a_column_is_searched_as_its_texts_are(
    detector: PresidioDetector, texts: list[str]
) -> None:
    """Searching many together changes nothing, nor does a neighbour."""
    assert detector.find_column(texts) == [detector.find(text) for text in texts]


def test_a_long_column_is_searched_as_its_texts_are(detector: PresidioDetector) -> None:
    """The same beyond what is searched in one piece."""
    random = Random(7)
    texts = ["".join(random.choices(PIECES, k=random.randrange(9))) for _ in range(600)]
    texts[300] *= 300
    assert detector.find_column(texts) == [detector.find(text) for text in texts]


@pytest.fixture(scope="module")
def thorough() -> PresidioDetector:
    """A detector that searches every text with every pattern."""
    pytest.importorskip("presidio_analyzer")
    return PresidioDetector([*(replace(pattern, trigger="") for pattern in PATTERNS)])


@given(text=st.one_of(MIXED, st.text(st.sampled_from("0123456789-/. 号路街栋A京@一二"))))
def test_nothing_is_missed_by_looking_for_triggers_first(
    detector: PresidioDetector, thorough: PresidioDetector, text: str
) -> None:
    """A text that is passed over holds nothing a search would find."""
    assert detector.find(text) == thorough.find(text)


def test_words_are_long_enough_to_be_looked_up() -> None:
    """The look for context words goes by their first two characters."""
    words = (*PEOPLE, *TITLES, *PHONES, *DOCUMENTS, *CHATS)
    assert min(map(len, words)) >= 2


HOSTILE = [
    "1 ", "1-", "1号", "路1", "(86", "0", "父亲", "张", "姓名:", "A1", "京A", "a.", "\u200b", "一",
    "+86 ", "12-12-", "电话1", "先生", "父亲是", "一1A", "@a.", "在", "·", "张·", "1   ", "\u0301",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_long(detector: PresidioDetector, piece: str) -> None:
    """The time to search grows with the length of a text, not faster."""
    for end in ("", "@", "号", "x1"):
        begun = time.process_time()
        spans = detector.find(piece * (20_000 // len(piece)) + end)
        assert time.process_time() - begun < 0.9
        assert UNSEARCHED not in {span.label for span in spans}


def test_a_search_out_of_time_hides_the_whole_text() -> None:
    """Presidio would skip the pattern; here only that text is lost, not its neighbours."""
    pytest.importorskip("presidio_analyzer")
    slow = Pattern(entity="SLOW", label="慢", regex="(?:a|aa)+$", trigger="a")
    detector = PresidioDetector([slow, *PATTERNS], seconds=0.05)
    evil = "手机13812345678" + "a" * 60 + "!"
    assert detector.find(evil) == [Span(0, len(evil), UNSEARCHED)]
    assert detector.find_column(["电话13812345678", evil, "a无"]) == [
        [Span(2, 13, "手机号")],
        [Span(0, len(evil), UNSEARCHED)],
        [],
    ]
    assert scrub_column([evil], [()], detector) == [f"[{UNSEARCHED}]"]


OFFLINE = """
import socket, sys
def refuse(*_args, **_more):
    print("network")
    raise OSError
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
import masking.detect.own, masking.detect.presidio
assert "presidio_analyzer" not in sys.modules
from masking.detect.presidio import PresidioDetector
texts = ["邮箱a@example.com，网址http://example.com，手机13812345678"] * 3
print(PresidioDetector().find_column(texts)[2])
"""


def test_nothing_asks_the_network() -> None:
    """Not on loading, and not for an address of mail or web."""
    pytest.importorskip("presidio_analyzer")
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=True
    )
    assert "network" not in done.stdout
    assert "手机号" in done.stdout
    assert "13812345678" not in done.stderr


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Presidio the error says what to install."""
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(ExtraMissingError, match=r"sealgate\[text\]"):
        PresidioDetector()


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], []),
        ([Span(0, 2, "a"), Span(2, 4, "b")], [Span(0, 2, "a"), Span(2, 4, "b")]),
        ([Span(3, 5, "b"), Span(0, 4, "a")], [Span(0, 5, "a")]),
        ([Span(0, 2, "a"), Span(1, 9, "b")], [Span(0, 9, "b")]),
        ([Span(0, 4, "a"), Span(0, 4, "b")], [Span(0, 4, "a")]),
        ([Span(0, 9, "a"), Span(1, 2, "b"), Span(3, 4, "c")], [Span(0, 9, "a")]),
    ],
)
def test_overlapping_spans_become_one(spans: list[Span], expected: list[Span]) -> None:
    """All that any of them covers, named by the longest."""
    assert merge(spans) == expected


@given(st.text())
def test_folded_positions_lead_back(text: str) -> None:
    """Each folded character comes from the one at its position, in order."""
    folded = fold(text)
    places = [folded.original(at, at + 1) for at in range(len(folded.text))]
    assert [fold(text[start:end]).text[:1] or None for start, end in places] == [
        fold(each).text for each in folded.text
    ] or len(text) >= 11  # a run of numerals folds only as a whole
    assert places == sorted(places)
    for gaps in Gaps:
        tight = close_gaps(folded.text, gaps)
        assert tight.text == close(folded.text, gaps)
        assert all(
            folded.text[tight.original(at, at + 1)[0]] == each for at, each in enumerate(tight.text)
        )


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
