"""Bring a text into one spelling for matching, and positions back to the original.

Full-width, mathematical, circled and other scripts' digits, full-width letters,
and the many hyphens and spaces become their ASCII character, one for one.
What is not seen (zero-width and direction marks, variation selectors, combining
marks) is left out, so that it cannot cut a number in two.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import NamedTuple

_HIDDEN = (
    "\u00ad\u034f\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_HIDDEN_RUN = re.compile(f"[{_HIDDEN}]+")
# Where characters stand that are an ASCII letter, digit, hyphen or space in other dress.
_BLOCKS = (
    (0x00A0, 0x00A1), (0x00B2, 0x00BA), (0x0660, 0x066A), (0x06F0, 0x06FA), (0x0966, 0x0970),
    (0x09E6, 0x09F0), (0x0E50, 0x0E5A), (0x0F20, 0x0F2A), (0x1810, 0x181A), (0x2000, 0x2015),
    (0x202F, 0x2030), (0x205F, 0x2060), (0x2070, 0x208A), (0x2212, 0x2213), (0x2460, 0x2469),
    (0x24B6, 0x24EB), (0x2776, 0x277F), (0x2780, 0x2789), (0x278A, 0x2793), (0x3000, 0x3001),
    (0xFE58, 0xFE6C), (0xFF0B, 0xFF5B), (0x1D400, 0x1D800), (0x1F130, 0x1F14A),
    (0x1FBF0, 0x1FBFA),
)  # fmt: skip
_KEPT = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ +-@._%/")
_MORE = {"—": "-", "―": "-", "–": "-", "‐": "-", "‒": "-", "−": "-", "﹘": "-", "·": ".",
         "•": ".", "・": ".", "･": ".", "‧": ".", "Х": "X", "х": "x", "Χ": "X", "χ": "x",
         "×": "X", "⓪": "0", "〇": "0"}  # fmt: skip
_NUMERALS = str.maketrans("零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖", "012345678912123456789")
# A number spelled out in characters: shorter runs are words and house numbers.
_SPELLED_OUT = re.compile("[0-9零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖]{11,}")


class Gaps(IntEnum):
    """What may stand between the parts of one value."""

    NONE = 0
    SPACES = 1  # and the dot within a name
    SIGNS = 2  # spaces, hyphens, brackets, commas


_GAPS = (
    re.compile("(?!)"),
    re.compile(r"[\s.]+"),
    re.compile(r"[\s.,/\\_\-:;'\"()\[\]|、，。：；（）【】“”‘’]+"),
)


class Folded(NamedTuple):
    """A folded text; `starts[i]` is the original position of its character `i`.

    `starts` is None where no position moved.
    """

    text: str
    starts: list[int] | None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Give the original range of folded characters `start` up to `end`."""
        if self.starts is None or start >= end:
            return start, end
        return self.starts[start], self.starts[end - 1] + 1

    def __repr__(self) -> str:
        return "Folded(…)"


@cache
def _table() -> dict[int, str]:
    """Give what each such character becomes."""
    table = {}
    for low, high in _BLOCKS:
        for code in range(low, high):
            plain = _plain(chr(code))
            if plain in _KEPT:
                table[code] = plain
    return table | {ord(odd): plain for odd, plain in _MORE.items()}


@cache
def _odd() -> re.Pattern[str]:
    """Find whether there is anything to do: most texts need no more than this search."""
    plane = "".join(re.escape(chr(code)) for code in _table() if code < 0x10000)
    # Single characters beyond the first plane would make the search slow.
    return re.compile(f"[{plane}{_HIDDEN}\U00010000-\U0010ffff]")


def _plain(character: str) -> str:
    digit = unicodedata.digit(character, None)
    return unicodedata.normalize("NFKC", character) if digit is None else str(digit)


def fold(text: str) -> Folded:
    """Fold `text`."""
    if text.isascii():
        return Folded(text, None)
    odd = _odd().search(text) is not None
    folded = text.translate(_table()) if odd else text
    if _SPELLED_OUT.search(folded):
        folded = _SPELLED_OUT.sub(lambda run: run[0].translate(_NUMERALS), folded)
    return _without(_HIDDEN_RUN, folded) if odd else Folded(folded, None)


def close(folded: str, gaps: Gaps) -> str:
    """Give the text of `close_gaps`, for looking before asking for positions."""
    return _GAPS[gaps].sub("", folded) if gaps and not folded.isalnum() else folded


def close_gaps(folded: str, gaps: Gaps) -> Folded:
    """Leave out what may stand between the parts of a number or of a name."""
    return _without(_GAPS[gaps], folded)


def _without(pattern: re.Pattern[str], text: str) -> Folded:
    if not pattern.search(text):
        return Folded(text, None)
    left: list[str] = []
    starts: list[int] = []
    for start, end in _between(pattern, text):
        left.append(text[start:end])
        starts.extend(range(start, end))
    return Folded("".join(left), starts)


def _between(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for gap in pattern.finditer(text):
        yield at, gap.start()
        at = gap.end()
    yield at, len(text)
