"""Arrow streams made for tests, by another library than the one that reads them."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa


def stream_of(table: Any, rows: int | None = None, **options: Any) -> bytes:
    """Write a table, in batches of so many rows."""
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as stream:
        stream.write_table(table, max_chunksize=rows)
    return out.getvalue()


def table_of(**columns: Any) -> Any:
    """Make a table of columns that know their types."""
    return pa.table(columns)


def text_table(rows: Sequence[Mapping[str, Any]], names: Sequence[str], text: Any) -> Any:
    """Make a table of texts; a record that lacks a name has null there."""
    return pa.table({name: pa.array([row.get(name) for row in rows], text) for name in names})
