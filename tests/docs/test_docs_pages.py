"""Pages hang together: links lead somewhere, decisions are listed, lines are sentences."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES]
)


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCED.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """Return the names that a page's headings can be linked by."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield where each link into this project leads: file and heading."""
    for target in LINK.findall(prose(page)):
        if "://" not in target and not target.startswith("mailto:"):
            name, _, heading = target.partition("#")
            yield (page.parent / name).resolve() if name else page, heading


@each_page
def test_a_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and a heading that is in it."""
    for file, heading in links(page):
        assert file.exists(), file
        assert not heading or heading in anchors(file), f"{file}#{heading}"


@each_page
def test_a_line_holds_one_sentence(page: Path) -> None:
    """Outside tables and blocks, so that a change shows as the sentence it is about."""
    lines = [line for line in prose(page).splitlines() if not line.startswith("|")]
    doubled = [line for line in lines if re.search(r"[a-z)`][.?!] [A-Z][a-z]", line)]
    assert not doubled


def test_every_decision_is_numbered_and_listed() -> None:
    """Without gap, and with context, options and choice."""
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    for number, page in enumerate(sorted(folder.glob("0*.md")), 1):
        text = page.read_text("utf-8")
        assert page.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert f"[{number}. " in index
        assert f"({page.name})" in index
        wanted = ("## Context", "## Choice") if number == 1 else (
            "## Context", "## Options", "## Choice",
        )  # fmt: skip
        assert [line for line in text.splitlines() if line in wanted] == list(wanted)


def test_pages_that_the_code_names_are_there() -> None:
    """`docs/…` in a comment or docstring."""
    sources = [
        *ROOT.glob("gateway/**/*.py"),
        *ROOT.glob("masking/**/*.py"),
        *ROOT.glob("keys/**/*.py"),
    ]
    named = {
        name for file in sources for name in re.findall(r"docs/[\w./-]+\w", file.read_text("utf-8"))
    }
    assert named
    assert not [name for name in named if not (ROOT / name).exists()]
