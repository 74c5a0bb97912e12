"""Tables of several libraries become streams and come back, with or without pyarrow."""

import sys
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from gateway.client.arrow import from_arrow, to_arrow
from masking.errors import ExtraMissingError
from tests.gateway.entries import make_decoder, make_field

COLUMNS: dict[str, Any] = {"name": ["陈明文", "a" * 20, None], "age": [41, None, 7]}
DECODER = make_decoder(make_field("name", null=True), make_field("age", "integer", null=True))


@pytest.mark.parametrize(
    ("table", "lacking"),
    [
        (pa.table(COLUMNS), ()),
        (pl.DataFrame(COLUMNS), ()),
        (pl.DataFrame(COLUMNS), ("pyarrow",)),
    ],
)
def test_a_table_becomes_a_stream_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, table: Any, lacking: tuple[str, ...]
) -> None:
    """The decoder reads what is written, by whichever library is there."""
    for name in lacking:
        monkeypatch.setitem(sys.modules, name, None)
    stream = to_arrow(table)
    assert DECODER.decode(stream, "arrow").columns == list(COLUMNS.values())
    back = from_arrow(stream)
    assert isinstance(back, pl.DataFrame if lacking else pa.Table)
    monkeypatch.undo()
    assert pl.DataFrame(back).to_dict(as_series=False) == COLUMNS


def test_without_a_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that brings polars."""
    table = pa.table(COLUMNS)
    for name in ("pyarrow", "polars"):
        monkeypatch.setitem(sys.modules, name, None)
    for call in (lambda: to_arrow(table), lambda: from_arrow(b"")):
        with pytest.raises(ExtraMissingError, match=r"sealgate\[tables\]"):
            call()
