"""No dress hides a number, and a column is searched as its texts are."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.detect.contexts import CHATS, DOCUMENTS, PEOPLE, PHONES, TITLES
from masking.detect.folding import fold
from masking.detect.patterns import PATTERNS
from masking.detect.presidio import PresidioDetector
from tests.masking.passages import FOUND

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
