"""Draw the terminal picture of the README from a real run of `sealgate demo`.

    python docs/picture.py        runs the demo in both languages and writes docs/demo.*.svg

Every run of characters of one style and one width stands at its own column, so
that Chinese and Latin text line up in whatever font a reader has.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from gateway.cli.terminal import width

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "zh")
ROWS = 100

# Pixels.
CELL, LINE, SIZE, MARGIN, BAR = 8.4, 19, 14, 18, 34
FONTS = (
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', "
    "'Noto Sans Mono CJK SC', 'Source Han Mono SC', 'Microsoft YaHei', monospace"
)
# What `gateway.cli.terminal` paints with, as (number of SGR, class, CSS).
STYLES = (
    ("1", "strong", "font-weight: bold; fill: #f0f3f6"),
    ("2", "faint", "fill: #7d8590"),
    ("31", "gone", "fill: #ff7b72"),
    ("32", "good", "fill: #3fb950"),
    ("33", "partial", "fill: #e3b341"),
    ("36", "linkable", "fill: #56d4dd"),
)
_CLASS = {number: name for number, name, _ in STYLES}
_SGR = re.compile("\x1b\\[([0-9]*)m")
_PIECE = re.compile(r" {2,}|(?:(?! {2,}).)+", re.S)


class Run(NamedTuple):
    """Characters of one style and one width, and the column of the first."""

    column: int
    text: str
    style: str


def runs(line: str) -> Iterator[Run]:
    """Split a line with its escapes into runs; spaces between columns are left out."""
    column, style = 0, ""
    for index, piece in enumerate(_SGR.split(line)):
        if index % 2:
            style = _CLASS.get(piece, "")
            continue
        for part in _PIECE.findall(piece):
            for _, characters in groupby(part, width):
                text = "".join(characters)
                if text.strip():
                    yield Run(column, text, style)
                column += width(text)


def draw(told: str, title: str) -> str:
    """Draw what a command told, below a bar with its title, as SVG."""
    lines = told.rstrip("\n").split("\n")
    columns = max(width(_SGR.sub("", line)) for line in lines)
    wide = round(columns * CELL + 2 * MARGIN)
    high = BAR + len(lines) * LINE + MARGIN
    css = "\n".join(f"  .{name} {{ {rules} }}" for _, name, rules in STYLES)
    texts = "\n".join(
        f'<text x="{MARGIN + run.column * CELL:.1f}" y="{BAR + (row + 1) * LINE - 5}" '
        f'textLength="{width(run.text) * CELL:.1f}"'
        + (f' class="{run.style}"' if run.style else "")
        + f">{escape(run.text)}</text>"
        for row, line in enumerate(lines)
        for run in runs(line)
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">
<title>{escape(title)}</title>
<style>
  text {{ font-family: {FONTS}; font-size: {SIZE}px; fill: #d1d7e0; white-space: pre }}
{css}
</style>
<rect width="{wide}" height="{high}" rx="8" fill="#151b23"/>
<circle cx="20" cy="17" r="5" fill="#3d444d"/>
<circle cx="37" cy="17" r="5" fill="#3d444d"/>
<circle cx="54" cy="17" r="5" fill="#3d444d"/>
<text x="72" y="22" class="faint">$ {escape(title)}</text>
{texts}
</svg>
"""


def run_demo(language: str) -> str:
    """Run the demo as on a terminal, and return what it told."""
    command = [sys.executable, "-m", "gateway.cli.main", "demo", "--lang", language]
    environment = {**os.environ, "FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    environment.pop("NO_COLOR", None)
    finished = subprocess.run(  # noqa: S603 - our own command
        [*command, "--rows", str(ROWS)],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return finished.stdout


def main() -> int:
    """Write a picture for each language."""
    for language in LANGUAGES:
        picture = draw(run_demo(language), f"sealgate demo --lang {language}")
        (FOLDER / f"demo.{language}.svg").write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
