"""The terminal pictures show what `sealgate demo` tells, whatever font draws them."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from docs.picture import LANGUAGES, ROWS, draw, runs
from gateway.cli.terminal import width
from tests.cli.command import done

FOLDER = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
# Ids, digests, keys, pseudonyms, times and what is measured differ from run to run.
VOLATILE = re.compile(r"[0-9a-f]{10,}…?|[a-z2-7]{26}|\d{4}-\d\d-\d\dT[\d:]+Z|[\d.]+ ms|█+")


def texts(picture: Path) -> list[tuple[float, str]]:
    """Return the texts of a picture in order, each with its line's place."""
    drawn = ElementTree.parse(picture).getroot()  # noqa: S314 - a file of this project
    return [(float(text.get("y", "0")), text.text or "") for text in drawn.iter(f"{SVG}text")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_shows_what_the_demo_tells(language: str) -> None:
    """Line by line, but for what differs from run to run: `make picture` draws it anew."""
    _, *drawn = texts(FOLDER / f"demo.{language}.svg")
    told = done("demo", "--rows", ROWS, "--lang", language).out
    shown: dict[float, str] = {}
    for line, text in drawn:
        shown[line] = shown.get(line, "") + text
    wanted = ["".join(run.text for run in runs(line)) for line in told.splitlines() if line]
    assert [_steady(line) for line in shown.values()] == [_steady(line) for line in wanted]


def _steady(line: str) -> str:
    return VOLATILE.sub("~", line).replace(" ", "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_needs_nothing_from_elsewhere(language: str) -> None:
    """No font, script or address is loaded: it is shown where nothing may be fetched."""
    picture = (FOLDER / f"demo.{language}.svg").read_text("utf-8")
    assert re.findall(r"\w+://[^\s\"'<]+", picture) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in picture
    assert "url(" not in picture


def test_runs_stand_at_their_columns() -> None:
    """Styles take no room, Chinese takes two columns, and nothing is lost."""
    line = "姓名  \x1b[33m张*\x1b[0m G2"
    found = list(runs(line))
    assert [(run.column, run.text, run.style) for run in found] == [
        (0, "姓名", ""),
        (6, "张", "partial"),
        (8, "*", "partial"),
        (9, " G2", ""),
    ]
    assert all(len(set(map(width, run.text))) == 1 for run in found)


def test_a_picture_escapes_what_it_shows() -> None:
    """What a command tells is text, whatever it holds."""
    drawn = ElementTree.fromstring(draw("a <b> & c\n", "x < y"))  # noqa: S314 - made here
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["$ x < y", "a <b> & c"]
