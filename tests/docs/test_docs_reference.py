"""What the reference pages show is what happens: their blocks run in one shell, page after page."""

from pathlib import Path

import pytest

from tests.docs.console import ROOT, Page, Step, check

# Each goes on where the one before ended.
PAGES = [
    Page(ROOT / "docs" / "reference" / f"{name}.md")
    for name in ("catalogue", "policy", "command-line")
]
STEPS: list[tuple[str, Step]] = [(page.name, step) for page in PAGES for step in page.steps]

# One process runs all of it once.
pytestmark = pytest.mark.xdist_group("reference")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """Run all steps; return the lines that each printed."""
    whole = Page(ROOT / "docs" / "reference" / "catalogue.md")
    whole.steps = [step for _, step in STEPS]
    return whole.run(tmp_path_factory.mktemp("reference"))


def named(number: int) -> str:
    """Name a step by page and line."""
    name, step = STEPS[number]
    return f"{Path(name).stem}-{step.line}"


@pytest.mark.parametrize("number", range(len(STEPS)), ids=named)
def test_a_command_prints_what_the_page_shows(number: int, outputs: list[list[str]]) -> None:
    """Line for line, but for what differs from run to run and what is marked as cut."""
    check(STEPS[number][1], outputs[number])


def test_every_block_is_run_here() -> None:
    """None is only shown."""
    assert [block for page in PAGES for block in page.shown_only] == []
