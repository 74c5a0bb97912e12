"""Tables to Arrow IPC streams and back, as a sidecar takes and gives them.

    sealed = sidecar.seal(to_arrow(table), encoding="arrow", **about)

Either of `pyarrow` and `polars` does it, whichever is there.
"""

import io
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from masking.errors import ExtraMissingError

if TYPE_CHECKING:
    import polars
    import pyarrow


@runtime_checkable
class ArrowTable(Protocol):
    """A table that hands its columns out by the Arrow PyCapsule interface.

    Tables of pyarrow, polars, pandas and DuckDB do.
    """

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a stream of batches."""


def to_arrow(table: ArrowTable) -> bytes:
    """Write a table, with field ids for columns, as `encoding="arrow"` takes it.

    Raises: ExtraMissingError.
    """
    try:
        import pyarrow
    except ImportError:
        return _by_polars(table)
    out = io.BytesIO()
    with pyarrow.RecordBatchReader.from_stream(table) as batches:
        options = pyarrow.ipc.IpcWriteOptions(compression=None)
        with pyarrow.ipc.new_stream(out, batches.schema, options=options) as stream:
            for batch in batches:
                stream.write_batch(batch)
    return out.getvalue()


def from_arrow(data: bytes) -> "pyarrow.Table | polars.DataFrame":
    """Read what a sidecar gave: a table of pyarrow if that is there, else of polars.

    Raises: ExtraMissingError.
    """
    try:
        import pyarrow
    except ImportError:
        return _polars().read_ipc_stream(io.BytesIO(data))
    return cast("pyarrow.Table", pyarrow.ipc.open_stream(data).read_all())


def _by_polars(table: ArrowTable) -> bytes:
    pl, out = _polars(), io.BytesIO()
    # Plain texts, which are read twice as fast as views.
    pl.DataFrame(table).write_ipc_stream(out, compat_level=pl.CompatLevel.oldest())
    return out.getvalue()


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise ExtraMissingError(
            purpose="a table as Arrow", purpose_zh="以 Arrow 读写表格", extra="tables"
        ) from None
    return polars
