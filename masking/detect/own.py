"""Hide in a text what the record itself says of its person elsewhere.

No recogniser of names is good enough to call a name in free text hidden; but
the record knows its person's name, numbers and address, and finding them needs
no guess. Matching is done on folded text (`masking.detect.folding`), so that
`１３８ 1234-5678` and `张 三` are found: a number may be spread over signs, other
words over spaces only.

What else counts as the value:

- a name's given name of two or more characters (`建国` of `张建国`): families
  write it. A given name of one character hides half the language, so of `王芳`
  only `小芳`, `阿芳` and `芳芳` are hidden with it, and the parts of
  `阿依古丽·买买提` of at least two characters;
- a date in its Chinese spellings (`1990年3月7日`);
- an address without its province, city or county.

A short number or code (under six letters or digits) counts only where it stands
apart: `01` is not hidden inside `2001`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from masking.detect import Detector, Span, merge
from masking.detect.folding import Gaps, close, close_gaps, fold
from masking.detect.spellings import spellings

# A value of one character (`男`) would hide that character all over a text.
MIN_LENGTH = 2
# Said in place of a value; to hide these would hide nothing.
_NOBODY = frozenset(("不详", "未知", "暂无", "没有", "其他", "其它", "空白", "不清楚"))
# Numbers and codes shorter than this are looked for where they stand apart.
_LONG = 6
_DIGIT = re.compile("[0-9]")


def scrub_column(
    texts: Sequence[str],
    own: Sequence[Sequence[tuple[str, str]]],
    detector: Detector,
) -> list[str]:
    """Replace in each text its record's own values and what `detector` finds.

    `own` has for each text the (label, value) pairs of its record; a label is the
    Chinese title of the value's kind (`姓名`, `手机号`). What is found becomes
    `[label]`; where findings overlap, all of it, by the label of the longest.
    """
    # Not kept longer than this call: the values are somebody's.
    needles = {pair: _needles(*pair) for pair in set().union(*own)}
    return [
        replace(text, merge([*_Haystack(text).find(pairs, needles), *spans]))
        for text, pairs, spans in zip(texts, own, detector.find_column(texts), strict=True)
    ]


def replace(text: str, spans: Iterable[Span]) -> str:
    """Put `[label]` in the place of each of `spans`, which are in order and apart."""
    parts: list[str] = []
    at = 0
    for start, end, label in spans:
        parts += (text[at:start], "[", label, "]")
        at = end
    return "".join((*parts, text[at:])) if parts else text


class _Needle(NamedTuple):
    """A spelling of a value, and in which view of a text it is looked for."""

    text: str
    gaps: Gaps

    def __repr__(self) -> str:
        return "_Needle(…)"


def _needles(label: str, value: str) -> tuple[_Needle, ...]:
    if value.strip() in _NOBODY:
        return ()
    return tuple(
        _Needle(close(spelling, gaps), gaps)
        for spelling in spellings(label, _lower(fold(value).text).strip())
        if len(close(spelling, Gaps.SIGNS)) >= MIN_LENGTH
        for gaps in (_gaps(spelling),)
    )


def _gaps(spelling: str) -> Gaps:
    """Say over what a spelling may be spread; none where it must stand apart."""
    if spelling.isascii() and len(spelling) < _LONG:
        return Gaps.NONE
    return Gaps.SIGNS if _DIGIT.search(spelling) else Gaps.SPACES


class _Haystack:
    """A text as values are looked for in it: folded, and with its gaps closed."""

    __slots__ = ("_flat", "_views")

    def __init__(self, text: str) -> None:
        self._flat = fold(text)
        lower = _lower(self._flat.text)
        self._views = (lower, close(lower, Gaps.SPACES), close(lower, Gaps.SIGNS))

    def find(
        self,
        pairs: Iterable[tuple[str, str]],
        needles: dict[tuple[str, str], tuple[_Needle, ...]],
    ) -> list[Span]:
        """Give where the values stand in the original text; spans may overlap."""
        spans: list[Span] = []
        for pair in pairs:
            for needle in needles[pair]:
                if needle.text in self._views[needle.gaps]:
                    spans += self._spans(needle, pair[0])
        return spans

    def _spans(self, needle: _Needle, label: str) -> Iterator[Span]:
        text = self._views[Gaps.NONE]
        places = close_gaps(text, needle.gaps)
        for start, end in _occurrences(places.text, needle.text):
            if needle.gaps or not (_joined(text, start) or _joined(text, end)):
                yield Span(*self._flat.original(*places.original(start, end)), label)


def _occurrences(text: str, needle: str) -> Iterator[tuple[int, int]]:
    start = text.find(needle)
    while start >= 0:
        yield start, start + len(needle)
        start = text.find(needle, start + 1)


def _joined(text: str, at: int) -> bool:
    """Tell whether a number or a word goes on across `at`."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()


def _lower(text: str) -> str:
    lower = text.lower()
    # A few capitals have a small letter of two characters, and positions must hold.
    return lower if len(lower) == len(text) else "".join(c.lower()[0] for c in text)
