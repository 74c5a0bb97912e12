"""What tutorial and how-tos show is what happens: every block is run, page by page."""

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from gateway.wire import STATUS
from tests.docs.console import ROOT, SECONDS, Page, Step, check, environment

FOLDER = ROOT / "docs" / "how-to"
INDEX = FOLDER / "README.md"
LISTED = [path for path in sorted(FOLDER.glob("*.md")) if path != INDEX]
# Needs a container engine; its steps are carried out by a test of its own.
ELSEWHERE = {"run-the-image.md"}
HOW_TOS = [path for path in LISTED if path.name not in ELSEWHERE]
PAGES = {page.name: page for page in map(Page, (ROOT / "docs" / "tutorial.md", *HOW_TOS))}
# What most pages begin with. It is run once; each page gets a copy of what it leaves.
START = "sealgate demo --dir city > demo.txt"
# A page on writing code begins in a checkout.
IN_CHECKOUT = {"docs/how-to/add-an-operator.md"}

Run = Callable[[str], list[list[str]]]


def lay_checkout(work: Path) -> None:
    """Lay what a checkout has into the folder that a page is run in."""
    for name in ("gateway", "masking", "keys", "tests"):
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, work / name, ignore=leave_out)
    shutil.copy(ROOT / "pyproject.toml", work)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return what runs a page, once, and gives the lines that each step printed."""

    @cache
    def founded() -> Path:
        place = tmp_path_factory.mktemp("founded")
        work = place / "work"
        work.mkdir()
        subprocess.run(
            ["bash", "-c", START], cwd=work, env=environment(place), check=True, timeout=SECONDS
        )
        return work

    @cache
    def run_page(name: str) -> list[list[str]]:
        page, place = PAGES[name], tmp_path_factory.mktemp("page")
        if name in IN_CHECKOUT:
            lay_checkout(place / "work")
        begins = any(step.command == START for step in page.steps)
        return page.run(place, {START: founded()} if begins else None)

    return run_page


def _parameters() -> list[object]:
    return [
        pytest.param(
            name,
            number,
            step,
            id=f"{Path(name).stem}-line-{step.line}",
            marks=pytest.mark.xdist_group(name),
        )
        for name, page in PAGES.items()
        for number, step in enumerate(page.steps)
    ]


@pytest.mark.parametrize(("name", "number", "step"), _parameters())
def test_a_command_prints_what_the_page_shows(name: str, number: int, step: Step, run: Run) -> None:
    """Line for line, but for what differs from run to run and what is marked as cut."""
    check(step, run(name)[number])


def test_every_block_is_run_or_says_why_not() -> None:
    """The one that is not: `test_docs_readme` tries what it does."""
    shown_only = [(name, block) for name, page in PAGES.items() for block in page.shown_only]
    assert [(name, block.language) for name, block in shown_only] == [("docs/tutorial.md", "sh")]
    assert all(block.reason for _, block in shown_only)
    assert all(page.steps for page in PAGES.values())


def test_the_index_lists_every_page_by_its_title() -> None:
    """None is left out."""
    index = INDEX.read_text("utf-8")
    for path in LISTED:
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        assert f"[{title}]({path.name})" in index


@pytest.mark.parametrize("path", HOW_TOS, ids=[path.stem for path in HOW_TOS])
def test_a_how_to_tells_how_to_check_and_what_can_go_wrong(path: Path) -> None:
    """With Chinese beside the English; reading a refusal leaves nothing to check."""
    text = path.read_text("utf-8")
    assert "\n## What can go wrong 常见问题\n" in text
    assert path.stem == "read-a-refusal" or re.search(r"^## \d\. Check.* 核验", text, re.M)
    assert re.search("^> .*[\u4e00-\u9fff]", text, re.M)


def test_who_has_to_act_is_told_for_every_code() -> None:
    """By how the code begins, once."""
    text = (FOLDER / "read-a-refusal.md").read_text("utf-8")
    table = text[text.index("## 4. Who") : text.index("## 5.")]
    prefixes = re.findall(r"`([A-Z]+_)`", table)
    assert len(prefixes) == len(set(prefixes))
    assert {code.partition("_")[0] + "_" for code in STATUS} == set(prefixes)
