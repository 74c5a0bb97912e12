"""Passages that identify a person are found, and others are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.detect import Detector, Span, merge
from masking.detect.folding import Gaps, close, close_gaps, fold
from masking.detect.own import replace as put_labels
from masking.detect.presidio import PresidioDetector
from tests.masking.passages import FOUND, Blind


def labelled(detector: Detector, text: str) -> str:
    return put_labels(text, detector.find(text))


def test_a_detector_is_told_by_its_methods(detector: PresidioDetector) -> None:
    """The real one and the blind one are both detectors to the type checker."""
    detectors: list[Detector] = [detector, Blind()]
    assert [each.find("") for each in detectors] == [[], []]


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
