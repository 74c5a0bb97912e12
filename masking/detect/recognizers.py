"""Put our patterns into Presidio: recognisers, registry and engine.

This module needs the extra `text`; only `masking.detect.presidio` imports it.
Presidio's own recognisers are left out: they miss numbers beside Chinese
characters, drop hits with a wrong check digit, skip a pattern that takes too
long, and two of them ask the network for a list of domains.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import regex
from presidio_analyzer import (
    AnalyzerEngine,
    LocalRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from masking.detect import Span, merge
from masking.detect.contexts import Words
from masking.detect.patterns import Pattern
from masking.shapes import HAN

LANGUAGE = "zh"
# Presidio wants one; every pattern here is sure enough to hide what it finds.
_SCORE = 1.0


class _Search:
    """One compiled pattern."""

    def __init__(self, pattern: Pattern, seconds: float) -> None:
        self.entity = pattern.entity
        self._pattern = pattern
        self._seconds = seconds
        self._words = Words((*pattern.after, *pattern.before))
        self._trigger = regex.compile(pattern.trigger)
        self._regex = regex.compile(pattern.regex, regex.REVERSE if pattern.before else 0)
        self._group = 1 if self._regex.groups else 0

    def ranges(self, text: str) -> Iterator[tuple[int, int]]:
        """Give where the pattern is found.

        Raises:
            TimeoutError: the search took too long.
        """
        for match in self._matches(text):
            start, end = match.span(self._group)
            if self._pattern.reach:
                start = _reach(text, start, self._pattern)
            yield start, end

    def _matches(self, text: str) -> Iterator[regex.Match[str]]:
        match, seconds = self._regex.match, self._seconds
        if self._pattern.after:
            places = self._words.places(text)
            yield from filter(None, (match(text, end, timeout=seconds) for _, end in places))
        elif self._pattern.before:
            places = self._words.places(text)
            yield from filter(None, (match(text, 0, at, timeout=seconds) for at, _ in places))
        elif self._trigger.search(text):
            yield from self._regex.finditer(text, timeout=seconds)


class ChineseRecognizer(LocalRecognizer):
    """Recognise patterns; a search that takes too long raises TimeoutError.

    Presidio's `PatternRecognizer` would log it and go on without the pattern.
    """

    def __init__(self, name: str, patterns: Sequence[Pattern], seconds: float) -> None:
        self._searches = [_Search(pattern, seconds) for pattern in patterns]
        super().__init__(
            supported_entities=sorted({pattern.entity for pattern in patterns}),
            supported_language=LANGUAGE,
            name=name,
        )
        self._metadata = {
            RecognizerResult.RECOGNIZER_NAME_KEY: name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }

    def load(self) -> None:
        """Do nothing: the patterns are compiled already."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: Any = None
    ) -> list[RecognizerResult]:
        """Find every pattern in `text`.

        Raises:
            TimeoutError: the text could not be searched in time.
        """
        found = [
            Span(start, end, search.entity)
            for search in self._searches
            for start, end in search.ranges(text)
        ]
        # Joined here: Presidio works much longer on a result than the search for it took.
        return [
            RecognizerResult(entity, start, end, _SCORE, recognition_metadata=self._metadata)
            for start, end, entity in merge(found)
        ]


class NoContext(ContextAwareEnhancer):
    """Leave scores as they are: our patterns hold their context themselves."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(
        self,
        text: str,
        raw_results: list[RecognizerResult],
        nlp_artifacts: Any,
        recognizers: Any,
        context: Any = None,
    ) -> list[RecognizerResult]:
        return raw_results


def make_engine(patterns: Sequence[Pattern], seconds: float) -> AnalyzerEngine:
    """Build an engine that searches for `patterns` only, without model or network."""
    recognizer = ChineseRecognizer("SealgateChinese", patterns, seconds)
    registry = RecognizerRegistry(recognizers=[recognizer], supported_languages=[LANGUAGE])
    return AnalyzerEngine(
        registry=registry,
        nlp_engine=NoOpNlpEngine([{"lang_code": LANGUAGE, "model_name": "no_op"}]),
        supported_languages=[LANGUAGE],
        context_aware_enhancer=NoContext(),
    )


_REACHABLE = regex.compile(f"[0-9A-Za-z{HAN}]*", regex.REVERSE)


def _reach(text: str, start: int, pattern: Pattern) -> int:
    """Go back from `start` over what belongs to a match, at most `pattern.reach`."""
    low = max(0, start - pattern.reach)
    before = _REACHABLE.match(text, low, start)
    low = before.start() if before else start
    stop = max((text.rfind(stop, low, start) for stop in pattern.stops), default=-1)
    return max(low, stop + 1)
