"""The page on Arrow says what the code does."""

import re
from pathlib import Path

import polars as pl

from gateway.client.arrow import from_arrow, to_arrow
from gateway.model.resource import FieldType
from gateway.records.arrow.spelling import _HOLD

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "arrow.md").read_text("utf-8")
WORDS = {
    "text": "text",
    "int": "int",
    "float": "`double`",
    "decimal": "`decimal32`",
    "bool": "`bool`",
    "date": "`date32`",
    "timestamp": "`timestamp`",
    "binary": "`binary`",
}


def test_every_field_type_has_its_arrow_types() -> None:
    """One row for each, with the types that the reader takes and no others."""
    rows = re.findall(r"^\| (`.*) \| (.*) \|$", PAGE.partition("## What comes out")[0], re.M)
    told = {name: held for names, held in rows for name in re.findall(r"`(\w+)`", names)}
    assert told.keys() == {kind.value for kind in FieldType if len(kind) > 1}
    for kind, families in _HOLD.items():
        named = {
            family for family, word in WORDS.items() if word in told[kind].replace("`int", "int")
        }
        assert named == families, kind


def test_the_example_prints_what_the_page_says() -> None:
    """Run as it stands."""
    stream = to_arrow(pl.DataFrame({"name": ["陈明文"], "level": [2]}))
    assert f"```text\n{from_arrow(stream).shape}\n```" in PAGE
