"""The tables of RESULTS.md, each between two marks."""

from collections.abc import Sequence
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def replace_table(name: str, lines: Sequence[str]) -> None:
    """Put new lines in the place of what `make bench` wrote last under a name."""
    begin, end = f"<!-- table: {name} -->\n", f"\n<!-- end: {name} -->"
    before, found, behind = RESULTS.read_text(encoding="utf-8").partition(begin)
    _, ended, after = behind.partition(end)
    if not found or not ended:
        raise ValueError(f"RESULTS.md has no place for the table {name}")
    RESULTS.write_text(before + "\n".join((begin, *lines, end)) + after, encoding="utf-8")
