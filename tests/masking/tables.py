"""Tables and the plans that mask them."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa
from msgspec import UNSET

from masking.engine import Engine, compile_plan
from masking.operators import FieldType
from tests.masking.engines import Field, plan_of
from tests.masking.test_masking_operator_laws import SCOPE, TODAY, Digits, _mac

TEXT_TYPES: tuple[FieldType, ...] = ("string", "code", "date", "datetime", "geo_point")
DTYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(TEXT_TYPES, pl.String()),
    "integer": pl.Int64(),
    "decimal": pl.Decimal(38, 4),
    "boolean": pl.Boolean(),
    "binary": pl.Binary(),
}


def engine_of(*fields: Field) -> Engine:
    """Compile a plan that treats each field as it says."""
    return compile_plan(plan_of(*fields), fields, _mac, SCOPE, detector=Digits, at=TODAY)


def as_lists(frame: pl.DataFrame, fields: Sequence[Field]) -> dict[str, list[Any]]:
    """Give the columns that a plan leaves, as lists."""
    assert frame.columns == [
        field.id for field in fields if field.treatment.output_type(field.type) != "absent"
    ]
    return {name: frame[name].to_list() for name in frame.columns}


def expected(engine: Engine, fields: Sequence[Field], columns: Sequence[list[Any]]) -> Any:
    """Return what the list kernels make of columns, absent being null."""
    masked, findings = engine.mask(columns)
    kept = {
        field.id: [None if value is UNSET else value for value in column]
        for field, column in zip(fields, masked, strict=True)
        if field.treatment.output_type(field.type) != "absent"
    }
    return kept, findings


def frame_of(fields: Sequence[Field], columns: Sequence[list[Any]]) -> pl.DataFrame:
    """Make a table of columns."""
    return pl.DataFrame(
        {
            field.id: pl.Series(column, dtype=DTYPES[field.type])
            for field, column in zip(fields, columns, strict=True)
        }
    )


class Stream:
    """Something that only gives an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)
