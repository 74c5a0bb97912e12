"""Find in free text what identifies a person.

A detector says where; `masking.detect.own` also knows the record a text belongs
to, joins both, and puts a label such as `[手机号]` in their place. Everything here
errs towards hiding: a number of the right length is hidden whether or not its
check digit is right, and a text that could not be searched is hidden whole.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

__all__ = ["UNSEARCHED", "Detector", "Span", "merge"]

# The label of a text that a detector gave up on.
UNSEARCHED = "已隐去"


class Span(NamedTuple):
    """The characters from `start` up to `end` of a text, and what they are.

    `label` is the Chinese name of what was found, without brackets.
    """

    start: int
    end: int
    label: str


class Detector(Protocol):
    """Finds identifying passages; what cannot be searched is one span as a whole."""

    def find(self, text: str) -> list[Span]:
        """Give the passages of `text` in order, none overlapping another."""
        ...

    def find_column(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give `find` of each text; what one text holds never bears on another."""
        ...


def merge(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap; the longest names the whole, of equals the first given."""
    merged: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda span: span.start):
        length = span.end - span.start
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            label = span.label if length > longest else last.label
            merged[-1] = Span(last.start, max(last.end, span.end), label)
            longest = max(longest, length)
        else:
            merged.append(span)
            longest = length
    return merged
