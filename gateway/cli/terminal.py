"""What people see: tables, progress, both languages, any terminal."""

import codecs
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
# A cell wider than this is cut, so that a table fits a screen.
MAX_CELL = 48


def prepare_streams() -> None:
    """Keep output from breaking on terminals that cannot show every character (GBK)."""
    # Started without them, Python has none.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def print_json(value: object, *, indent: int | None = None) -> None:
    """Print one JSON value, in ASCII where the output is not UTF-8, so that none is lost."""
    plain = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    print(json.dumps(value, ensure_ascii=not plain, indent=indent))


def one_line(text: str) -> str:
    """Keep a text on its line: names given by somebody may hold line ends and escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " for char in text)


def width(text: str) -> int:
    """Count the columns that a text takes; Han characters take two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def fit(text: str, columns: int) -> str:
    """Cut a text to `columns`, or fill it up with spaces."""
    if width(text) > columns:
        while width(text) > columns - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - width(text))


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows under headers; only the last column is never cut."""
    lines = [headers, *rows]
    widths = [max(width(line[index]) for line in lines) for index in range(len(headers))]
    widths[:-1] = [min(MAX_CELL, columns) for columns in widths[:-1]]
    laid = [
        "  ".join(fit(cell, columns) for cell, columns in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([laid[0], "  ".join("-" * columns for columns in widths), *laid[1:]])


def chosen_language(wanted: str | None) -> str:
    """Return `zh` or `en`: what was asked for, else by the locale."""
    if wanted in ("zh", "en"):
        return wanted
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.startswith("zh") else "en"
    return "en"


def progress(items: Iterable[T], label: str, *, every: int = 1) -> Iterator[T]:
    """Count items on standard error while it is a terminal."""
    shown = sys.stderr.isatty()
    count = 0
    try:
        for count, item in enumerate(items, 1):
            yield item
            if shown and count % every == 0:
                print(f"\r{label}: {count:,}", end="", file=sys.stderr, flush=True)
    finally:
        if shown and count:
            print(f"\r{label}: {count:,}", file=sys.stderr)
