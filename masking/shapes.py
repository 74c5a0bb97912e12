"""Tell whether a column of text is of one shape, without a loop in Python.

The values are joined by line feeds, and one regular expression runs over as many
lines as have the shape. A value that holds a line feed itself would pass for
two, so the line feeds are counted first.
"""

import re
from collections.abc import Callable

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


class Shape:
    """The shape of one value, as a regular expression that matches no line feed.

    It is compiled when first used: a process uses few of the shapes there are.
    """

    __slots__ = ("_match_lines", "_matches", "_pattern")

    _matches: Callable[..., re.Match[str] | None]
    _match_lines: Callable[..., re.Match[str] | None]

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern

    def __getattr__(self, name: str) -> object:
        # Python asks here only for a slot that is still empty.
        if name == "_matches":
            self._matches = re.compile(f"(?:{self._pattern})").fullmatch
        elif name == "_match_lines":
            lines = f"(?:(?:{self._pattern})$\n)*+"
            self._match_lines = re.compile(lines, re.MULTILINE).match
        else:
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    def fits(self, value: str) -> bool:
        """Tell whether one value has the shape."""
        return self._matches(value) is not None

    def misfits(self, column: list[str]) -> list[int]:
        """Return the indexes of the values that have another shape.

        Raises:
            TypeError: a value is no text.
        """
        matches = self._matches
        if len(column) == 1:
            return [] if matches(column[0]) else [0]
        joined = "\n".join(column)
        if joined.count("\n") != len(column) - 1:
            return [index for index, value in enumerate(column) if not matches(value)]
        return self._misfit_lines(joined)

    def _misfit_lines(self, joined: str) -> list[int]:
        """Run from one line of another shape to the next, counting lines."""
        misfits: list[int] = []
        start = line = 0
        while True:
            run = self._match_lines(joined, start)
            stop = start if run is None else run.end()
            line += joined.count("\n", start, stop)
            end = joined.find("\n", stop)
            if end < 0:
                break
            misfits.append(line)
            start, line = end + 1, line + 1
        if self._matches(joined, stop) is None:
            misfits.append(line)
        return misfits


class Seen:
    """The shape of any text of a length without characters that nobody sees."""

    __slots__ = ("_lengths", "_shape")

    def __init__(self, shortest: int, longest: int) -> None:
        self._lengths = frozenset(range(shortest, longest + 1))
        self._shape = Shape(f"[^{UNSEEN}]{{{shortest},{longest}}}")

    def misfits(self, column: list[str]) -> list[int]:
        """Return the indexes of the values that have another shape.

        Raises:
            TypeError: a value is no text.
        """
        # what is printable to Python holds nothing unseen, and is told much faster
        if "".join(column).isprintable() and self._lengths.issuperset(map(len, column)):
            return []
        return self._shape.misfits(column)
