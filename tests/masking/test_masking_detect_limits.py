"""Searching takes no long time, asks no network, and says what it lacks."""

import subprocess
import sys
import time

import pytest

from masking.detect import UNSEARCHED, Span
from masking.detect.own import scrub_column
from masking.detect.patterns import PATTERNS, Pattern
from masking.detect.presidio import PresidioDetector
from masking.errors import ExtraMissingError

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
