"""What README shows is what happens: every block is run, in one shell, from top to bottom."""

import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.docs.console import ROOT, SECONDS, Page, Step, check, environment

README = Page(ROOT / "README.md")
CHINESE = Page(ROOT / "README.zh-CN.md")
PAGES = {page.name: page for page in (README, CHINESE)}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[list[str]]]:
    """Return what runs all steps of a page, once, and gives the lines that each printed."""

    @cache
    def run(name: str) -> list[list[str]]:
        return PAGES[name].run(tmp_path_factory.mktemp("readme"))

    return run


@pytest.mark.parametrize(
    ("name", "number", "step"),
    [
        pytest.param(
            name,
            number,
            step,
            id=f"{name}-line-{step.line}",
            # One process runs all of a page once.
            marks=pytest.mark.xdist_group(name),
        )
        for name, page in PAGES.items()
        for number, step in enumerate(page.steps)
    ],
)
def test_a_command_prints_what_readme_shows(
    name: str, number: int, step: Step, outputs: Callable[[str], list[list[str]]]
) -> None:
    """Line for line, but for what differs from run to run and what is marked as cut."""
    check(step, outputs(name)[number])


def outline(page: Page) -> list[str]:
    """Return what a page is made of, but for its language."""
    text = re.sub(r"^```.*?^```$", "", page.text, flags=re.M | re.S)
    lines = re.findall(r"^(#+ |\| |- )", text, re.M)
    commands = [re.sub(r" --lang \w\w", "", step.command) for step in page.steps]
    remarks = re.sub(r"  #.*", "", "".join(block.text for block in page.shown_only))
    return lines + [block.language for block in page.blocks] + commands + [remarks]


def test_the_chinese_page_says_what_the_english_one_says() -> None:
    """Heading for heading, row for row, item for item, command for command, link for link."""
    assert outline(CHINESE) == outline(README)
    links, theirs = (re.findall(r"\]\(([^)]+)\)", page.text) for page in (README, CHINESE))
    assert (links.pop(0), theirs.pop(0)) == (CHINESE.name, README.name)
    assert [link.replace(".en.", ".zh.") for link in links] == theirs


def shell_lines() -> list[str]:
    """Return the commands of the `sh` blocks, without their remarks."""
    text = "".join(block.text for block in README.shown_only)
    return [line.partition("  #")[0].strip() for line in text.splitlines()]


def test_every_block_is_run_here() -> None:
    """A block in another language would only be looked at."""
    assert {block.language for block in README.shown_only} == {"sh"}
    assert {line.split()[0] for line in shell_lines()} == {"make", "pip"}


def test_make_targets_are_what_readme_says() -> None:
    """Not run here, since one of them runs this; `make demo` runs what is shown."""
    targets = [line.split()[1] for line in shell_lines() if line.startswith("make ")]
    recipes = {
        target: subprocess.run(
            ["make", "--no-print-directory", "-n", target],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for target in targets
    }
    assert set(recipes) == {"demo", "test"}
    assert re.search(r"\bsealgate demo$", recipes["demo"].strip())
    assert "pytest" in recipes["test"]


def test_pip_installs_what_readme_says(tmp_path: Path) -> None:
    """From a checkout; offline here, so without what it requires."""
    (command,) = (line for line in shell_lines() if line.startswith("pip "))
    target = tmp_path / "target"
    subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env={
            **environment(tmp_path),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "false",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_TARGET": str(target),
        },
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
    assert (target / "bin" / "sealgate").exists()
    assert {"gateway", "masking", "keys"} <= {path.name for path in target.iterdir()}
