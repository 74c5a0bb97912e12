"""What people see: tables, progress, both languages, any terminal."""

import codecs
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeVar

T = TypeVar("T")
# A cell wider than this is cut, so that a table fits a screen.
MAX_CELL = 48

# What a text is, and how terminals are told to show it (ECMA-48, SGR).
Style = Literal["strong", "faint", "good", "partial", "linkable", "gone"]
_SGR: dict[Style, str] = {
    "strong": "1",
    "faint": "2",
    "good": "32",
    "partial": "33",
    "linkable": "36",
    "gone": "31",
}


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


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[Style | None] = ()
) -> str:
    """Lay out rows under headers; only the last column is never cut.

    `styles`, if given, has for each row the style of its last cell.
    """
    lines = [headers, *rows]
    widths = [max(width(line[index]) for line in lines) for index in range(len(headers))]
    widths[:-1] = [min(MAX_CELL, columns) for columns in widths[:-1]]
    laid = [
        [fit(cell, columns) for cell, columns in zip(line, widths, strict=True)] for line in lines
    ]
    for cells, style in zip(laid[1:], styles, strict=False):
        cells[-1] = painted(cells[-1].rstrip(), style)
    told = ["  ".join(cells).rstrip() for cells in laid]
    return "\n".join([told[0], "  ".join("-" * columns for columns in widths), *told[1:]])


def painted(text: str, style: Style | None) -> str:
    """Show a text in a style where standard output is a terminal that takes it.

    `NO_COLOR` turns styles off, `FORCE_COLOR` on.
    """
    if style is None or not _takes_styles():
        return text
    return f"\x1b[{_SGR[style]}m{text}\x1b[0m"


def _takes_styles() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb")


def bar(share: float, columns: int) -> str:
    """Draw a bar of up to `columns` for a share from 0 to 1; some of it is always seen."""
    return "█" * max(1, round(share * columns))


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
