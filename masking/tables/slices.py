"""Mask a table slice by slice, several slices at once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

import polars as pl

from masking.columns import CompiledField
from masking.engine import Engine
from masking.operators import EVERY_FIELD, Column
from masking.tables.columns import Findings, TableColumn, masked_type, series_of, stays

# Rows that are in work at once take little memory beside a table, and fit the caches.
SLICE_ROWS = 98_304

# While some slices are in Python, others keep the threads of polars busy.
WORKERS_A_THREAD = 3

# Masked columns by field id.
Columns = dict[str, pl.Series]


def mask_frame(frame: pl.DataFrame, plan: Engine) -> tuple[pl.DataFrame, Findings]:
    """Mask a table that has the planned columns."""
    schema = frame.schema  # made anew each time it is asked for
    alone = [
        TableColumn.of(field, schema[field.id])
        for field in plan.fields
        if field.kernel is not None and not stays(field)
    ]
    beside = _beside(plan, schema)
    slices = list(frame.iter_slices(SLICE_ROWS)) or [frame]
    with ThreadPoolExecutor(WORKERS_A_THREAD * pl.thread_pool_size()) as pool:
        masked = list(pool.map(partial(_mask, alone), slices))
    if beside is not None:
        # what looks at records may hold a model, which is for one thread only
        for rows, (columns, findings) in zip(slices, masked, strict=True):
            beside(rows, columns, findings)
    return _whole(frame, plan, masked), _counted(plan, [findings for _, findings in masked])


def _mask(alone: Sequence[TableColumn], rows: pl.DataFrame) -> tuple[Columns, Findings]:
    """Mask the columns of a slice that stand for themselves."""
    columns: Columns = {}
    findings: Findings = {}
    rest = []
    for column in alone:
        series = rows[column.field.id]
        masked = column.by_distinct(series, findings)
        if masked is None and column.value is None:
            masked = column.by_value(series, findings)
        if masked is None:
            rest.append(column)
        else:
            columns[column.field.id] = masked
    columns |= _by_expression(rest, rows, findings)
    return columns, findings


def _by_expression(rest: Sequence[TableColumn], rows: pl.DataFrame, findings: Findings) -> Columns:
    # in one go, so that columns are worked on side by side
    asked = {
        f"{part}{place}": expression
        for place, column in enumerate(rest)
        for part, expression in (("value", column.value), ("sure", column.sure))
    }
    found = rows.select(**asked)
    return {
        column.field.id: column.by_expression(
            rows[column.field.id], found[f"value{place}"], found[f"sure{place}"], findings
        )
        for place, column in enumerate(rest)
    }


def _beside(
    plan: Engine, schema: pl.Schema
) -> Callable[[pl.DataFrame, Columns, Findings], None] | None:
    """Return what masks the fields of a slice that need their records, if there are any."""
    looking = [field for field in plan.fields if field.record_kernel is not None]
    if not looking:
        return None
    needed = frozenset(chain.from_iterable(field.operator.needs() for field in looking))
    seen = needed.union(field.id for field in looking)

    def mask(rows: pl.DataFrame, columns: Columns, findings: Findings) -> None:
        before: list[Column] = [
            rows[field.id].to_list() if EVERY_FIELD in needed or field.id in seen else []
            for field in plan.fields
        ]
        after = [
            _after(field, values, columns)
            for field, values in zip(plan.fields, before, strict=True)
        ]
        plan.mask_beside(before, after, findings)
        for field, values in zip(plan.fields, after, strict=True):
            if field.record_kernel is not None:
                dtype = masked_type(field, schema[field.id])
                columns[field.id] = series_of(field, values, dtype)

    return mask


def _after(field: CompiledField, before: Column, columns: Columns) -> Column:
    """Return a masked column as a list; what was not masked is the list before."""
    if field.constant:
        return [*field.constant] * len(before)
    masked = columns.get(field.id)
    return before if masked is None or not before else masked.to_list()


def _whole(
    frame: pl.DataFrame, plan: Engine, masked: Sequence[tuple[Columns, Findings]]
) -> pl.DataFrame:
    """Put the columns together, in plan order."""
    columns, schema = [], frame.schema
    for field in plan.fields:
        if field.id in masked[0][0]:
            chunks = [parts[field.id] for parts, _ in masked]
            columns.append(pl.concat(chunks).alias(field.id))
        elif not field.constant:
            columns.append(frame[field.id])
        elif field.output != "absent":
            dtype = masked_type(field, schema[field.id])
            constant = pl.Series(field.id, field.constant, dtype=dtype)
            columns.append(constant.new_from_index(0, frame.height))
    return pl.DataFrame(columns)


def _counted(plan: Engine, findings: Sequence[Findings]) -> Findings:
    """Sum up the findings of slices, in plan order."""
    sums = {field.id: sum(each.get(field.id, 0) for each in findings) for field in plan.fields}
    return {name: found for name, found in sums.items() if found}
