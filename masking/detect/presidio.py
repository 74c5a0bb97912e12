"""Detect with Presidio: a `Detector` on its analyser and our own recognisers."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from masking.detect import UNSEARCHED, Span
from masking.detect.contexts import Words
from masking.detect.folding import Folded, fold
from masking.detect.patterns import PATTERNS, Pattern
from masking.errors import ExtraMissingError

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine

# A hostile text must not hold up the batch it came in: what takes longer is hidden whole.
TIMEOUT_SECONDS = 1.0
# Texts of a column are searched together up to this many characters: one call of
# the analyser costs as much as searching some thousand of them.
_TOGETHER = 8000
# No pattern matches across it.
_BETWEEN = "\n\x1e\n"


class PresidioDetector:
    """Finds numbers, addresses and named persons in Chinese text.

    Every text is folded first, so that neither full-width digits nor zero-width
    characters hide a number. A search that does not end in time gives the whole
    text as one span. Nothing is loaded from a network.

    Raises:
        ExtraMissingError: the extra `text` is not installed.
    """

    def __init__(
        self, patterns: Sequence[Pattern] = PATTERNS, *, seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self._analyze = _engine(patterns, seconds).analyze
        self._labels = {pattern.entity: pattern.label for pattern in patterns}
        plain = (p.trigger for p in patterns if not (p.after or p.before))
        self._trigger = re.compile("|".join(dict.fromkeys(plain)))
        self._words = Words({word for p in patterns for word in (*p.after, *p.before)})

    def find(self, text: str) -> list[Span]:
        """Give the passages of `text` in order, none overlapping another."""
        folded = fold(text)
        if not self._suspect(folded.text):
            return []
        try:
            results = self._search(folded.text)
        except TimeoutError:
            return [Span(0, len(text), UNSEARCHED)]
        return _spans(folded, results)

    def find_column(self, texts: Sequence[str]) -> list[list[Span]]:
        """Give `find` of each text, many texts to a call of the analyser."""
        found: list[list[Span]] = [[] for _ in texts]
        rows = [fold(text) for text in texts]
        suspects = [row for row, folded in enumerate(rows) if self._suspect(folded.text)]
        for group in _groups(suspects, rows):
            try:
                self._find_group(group, rows, found)
            except TimeoutError:
                for row in group:
                    found[row] = self.find(texts[row])
        return found

    def _find_group(self, group: list[int], rows: list[Folded], found: list[list[Span]]) -> None:
        lengths = (len(rows[row].text) + len(_BETWEEN) for row in group)
        starts = [0, *accumulate(lengths)]
        results: dict[int, list[Span]] = {}
        for start, end, label in self._search(_BETWEEN.join(rows[row].text for row in group)):
            at = bisect_right(starts, start) - 1
            results.setdefault(at, []).append(Span(start - starts[at], end - starts[at], label))
        for at, spans in results.items():
            found[group[at]] = _spans(rows[group[at]], spans)

    def _suspect(self, text: str) -> bool:
        """Tell whether any pattern could match: each needs its trigger or one of its words."""
        return bool(self._trigger.search(text)) or any(self._words.places(text))

    def _search(self, text: str) -> list[Span]:
        return [
            Span(result.start, result.end, self._labels[result.entity_type])
            for result in self._analyze(text, "zh")
        ]


def _engine(patterns: Sequence[Pattern], seconds: float) -> "AnalyzerEngine":
    try:
        import presidio_analyzer  # noqa: F401
    except ImportError:
        raise ExtraMissingError(
            purpose="searching free text", purpose_zh="检查自由文本", extra="text"
        ) from None
    from masking.detect.recognizers import make_engine

    return make_engine(patterns, seconds)


def _groups(wanted: list[int], rows: list[Folded]) -> Iterator[list[int]]:
    """Divide `wanted` into runs of at most _TOGETHER characters."""
    group: list[int] = []
    size = 0
    for row in wanted:
        length = len(rows[row].text)
        if group and size + length > _TOGETHER:
            yield group
            group, size = [], 0
        group.append(row)
        size += length
    if group:
        yield group


def _spans(folded: Folded, spans: list[Span]) -> list[Span]:
    if folded.starts is None:
        return sorted(spans)
    return [Span(*folded.original(start, end), label) for start, end, label in sorted(spans)]
