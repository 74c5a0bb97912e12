"""What the page on tables shows is what happens."""

import contextlib
import io
import re

from masking.operators import EVERY_TYPE
from tests.docs.tables import ROOT, tables

TEXT = (ROOT / "docs" / "reference" / "tables.md").read_text("utf-8")
BLOCK = re.compile("^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.M | re.S)


def test_the_example_prints_what_the_page_shows() -> None:
    """As it stands there."""
    ((code, shown),) = BLOCK.findall(TEXT)
    assert TEXT.count("```") == 4
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {"__name__": "tables"})  # noqa: S102  # the page's own lines
    assert printed.getvalue() == shown


def test_every_type_has_its_column() -> None:
    """Once."""
    (rows,) = tables(TEXT)
    assert sorted(re.findall("`([a-z_]+)`", " ".join(row[0] for row in rows))) == sorted(EVERY_TYPE)
