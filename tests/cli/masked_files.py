"""Files to be masked, in every form, and the call that masks them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tests.cli.command import (
    PLAIN_FIELDS,
    PLAIN_RESOURCE,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Answer,
    Desk,
    call,
)

FORMS = ("csv", "ndjson", "parquet")
# All types; what may be null is never absent, so that every form can say it.
PLAIN_ROWS: Sequence[Mapping[str, Any]] = (
    {
        "text": '逗号,引号"和\n换行 𠮷',
        "must": "0012",
        "count": 9223372036854775807,
        "amount": "-123456.70",
        "flag": True,
        "day": "1949年10月01日",
        "moment": "2026-01-31T08:30:00+08:00",
        "sex": "1",
        "point": "112.550000001,37.87",
        "blob": "AP8=",
    },
    {"text": "", "must": "=1+1", "count": None, "day": "长期", "flag": False},
    {"text": "\u200f长期", "must": "1e5", "count": -1, "amount": "0.00"},
)
TYPES: Mapping[str, Any] = {
    "text": pl.String,
    "must": pl.Categorical,
    "count": pl.Int64,
    "amount": pl.Decimal(20, 6),
    "flag": pl.Boolean,
    "day": pl.String,
    "moment": pl.String,
    "sex": pl.Enum(["0", "1", "2", "9"]),
    "point": pl.String,
    "blob": pl.String,
}


def write_rows(desk: Desk, rows: Sequence[Mapping[str, Any]], form: str, name: str = "in") -> Path:
    """Write records in a form; Parquet with the types of the plain resource."""
    path = desk.folder / f"{name}.{form}"
    fields = list(dict.fromkeys(field for row in rows for field in row))
    if form == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(fields)
        writer.writerows([_cell(row.get(field)) for field in fields] for row in rows)
        path.write_bytes(text.getvalue().encode())
    elif form == "ndjson":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    else:
        columns = {field: [row.get(field) for row in rows] for field in fields}
        types = {field: TYPES.get(field, pl.String) for field in fields}
        frame = pl.DataFrame(columns, schema_overrides={"amount": pl.String}, strict=False)
        frame.with_columns(pl.col(name).cast(kind) for name, kind in types.items()).write_parquet(
            path
        )
    return path


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read NDJSON."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def mask(desk: Desk, source: object, out: object, *more: object) -> Answer:
    """Mask a file of the resource as for the wide grant's requester and purpose."""
    who = ("--requester", REQUESTER, "--purpose", PURPOSE)
    return mask_file(desk, source, out, *who, *more)


def mask_file(
    desk: Desk, source: object, out: object, *more: object, resource: str = RESOURCE
) -> Answer:
    """Mask a file of a resource."""
    node = ("--node", desk.provider, "--resource", resource)
    return call("mask", *node, *more, source, out)


def mask_plain(desk: Desk, source: object, out: object, *more: object) -> Answer:
    """Mask a file of the resource that has every type, all of it clear."""
    return mask_file(desk, source, out, *more, resource=PLAIN_RESOURCE)


def many(count: int) -> list[dict[str, Any]]:
    """Return records that differ."""
    return [
        {**ROW, "household_size": number % 9, "address": f"山西省太原市小店区某路{number}号"}
        for number in range(count)
    ]


__all__ = [
    "FORMS",
    "PLAIN_FIELDS",
    "PLAIN_ROWS",
    "many",
    "mask",
    "mask_file",
    "mask_plain",
    "read_rows",
    "write_rows",
]
