"""What is wrong at one place of a configuration file, and what to write instead."""

from typing import NamedTuple

# Longest piece of a file that a message repeats: enough to find it, too short
# for a pasted document or key to travel into a log.
MAX_QUOTED = 40


class Fault(NamedTuple):
    """One fault of a file, in English and Chinese.

    `line` and `column` count from 1 (columns in characters); `path` names the
    place in the document by mapping keys and list positions from 0.
    """

    file: str
    line: int
    column: int
    path: tuple[str | int, ...]
    text: str
    text_zh: str
    remedy: str
    remedy_zh: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}: {self.text} — {self.remedy}"

    def chinese(self) -> str:
        return f"{self.place}：{self.text_zh}——{self.remedy_zh}"


def spell_path(path: tuple[str | int, ...]) -> str:
    """Write a path as people read it: `rules[2].match.fields`, items from 1."""
    spelled = ""
    for step in path:
        if isinstance(step, int):
            spelled += f"[{step + 1}]"
        else:
            spelled += f".{quote(step)}" if spelled else quote(step)
    return spelled


def quote(text: str) -> str:
    """Give at most MAX_QUOTED characters of `text`, all of them visible."""
    clipped = text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"
    if clipped.isprintable():
        return clipped
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in clipped)
