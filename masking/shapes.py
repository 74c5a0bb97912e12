"""Tell whether a column of text is of one shape, without a loop in Python.

The values are joined by line feeds, and one regular expression runs over as many
lines as have the shape. A value that holds a line feed itself would pass for
two, so the line feeds are counted first.
"""

import re
from collections.abc import Callable

from masking.stripes import STRIPED_FROM, Places

# Chinese characters: the zero, extension A, the base block, compatibility
# forms and the supplementary planes. The private use area is not among them.
HAN = "\u4e00-\u9fff\u3007\u3400-\u4dbf\uf900-\ufaff\U00020000-\U000323af"

# Characters that leave a mark of their own and change no other: ASCII without
# the space, Chinese characters and punctuation, full-width forms, Latin letters.
PLAIN = "!-~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u3001-\u3029" + HAN + "\uff01-\uff60"

# What nobody sees and no name or address needs: control characters, joiners and
# marks of direction, line separators, lone surrogates, tags.
UNSEEN = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)


Match = Callable[..., re.Match[str] | None]


class Shape:
    """The shape of one value, as a regular expression that matches no line feed.

    It is compiled when first used: a process uses few of the shapes there are.
    """

    __slots__ = ("_match", "_match_lines", "pattern")

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._match: Match | None = None
        self._match_lines: Match | None = None

    def _matcher(self) -> Match:
        self._match = re.compile(f"(?:{self.pattern})").fullmatch
        return self._match

    def _line_matcher(self) -> Match:
        lines = f"(?:(?:{self.pattern})$\n)*+"
        self._match_lines = re.compile(lines, re.MULTILINE).match
        return self._match_lines

    def fits(self, value: str) -> bool:
        """Tell whether one value has the shape."""
        return (self._match or self._matcher())(value) is not None

    def misfits(self, column: list[str]) -> list[int]:
        """Return the indexes of the values that have another shape.

        Raises:
            TypeError: a value is no text.
        """
        matches = self._match or self._matcher()
        if len(column) == 1:
            return [] if matches(column[0]) else [0]
        joined, last = "\n".join(column), len(column) - 1
        if joined.count("\n") != last:
            return [index for index, value in enumerate(column) if not matches(value)]
        misfits, stop = self._misfit_lines(joined)
        if matches(joined, stop) is None:
            misfits.append(last)
        return misfits

    def _misfit_lines(self, joined: str) -> tuple[list[int], int]:
        """Run from one line of another shape to the next; also tell where the last line begins."""
        match_lines = self._match_lines or self._line_matcher()
        misfits: list[int] = []
        start = line = 0
        while True:
            run = match_lines(joined, start)
            stop = start if run is None else run.end()
            end = joined.find("\n", stop)
            if end < 0:
                return misfits, stop
            line += joined.count("\n", start, stop)
            misfits.append(line)
            start, line = end + 1, line + 1


_DIGITS = b"0123456789"


class DigitShape(Shape):
    """A shape of digits of one width, mostly told by the numbers at its places.

    The last character may be one of `letters` instead.
    """

    __slots__ = ("_letters", "_places")

    def __init__(self, pattern: str, letters: bytes, places: Places) -> None:
        super().__init__(pattern)
        self._letters, self._places = letters, places

    def misfits(self, column: list[str]) -> list[int]:
        """Return the indexes of the values that have another shape.

        Raises:
            TypeError: a value is no text.
        """
        width = self._places.width
        if len(column) < STRIPED_FROM or set(map(len, column)) != {width}:
            return super().misfits(column)
        joined = "".join(column).encode("ascii", "replace")
        others = joined.translate(None, _DIGITS)
        at_end = joined[width - 1 :: width].translate(None, _DIGITS)
        if others != at_end or others.translate(None, self._letters):
            return super().misfits(column)
        return [index for index in self._places.doubtful(joined) if not self.fits(column[index])]


class Seen:
    """The shape of any text of a length without characters that nobody sees."""

    __slots__ = ("_shape", "lengths")

    def __init__(self, shortest: int, longest: int) -> None:
        self.lengths = frozenset(range(shortest, longest + 1))
        self._shape = Shape(f"[^{UNSEEN}]{{{shortest},{longest}}}")

    def misfits(self, column: list[str]) -> list[int]:
        """Return the indexes of the values that have another shape.

        Raises:
            TypeError: a value is no text.
        """
        # what is printable to Python holds nothing unseen, and is told much faster
        if self.lengths.issuperset(map(len, column)) and "".join(column).isprintable():
            return []
        return self._shape.misfits(column)
