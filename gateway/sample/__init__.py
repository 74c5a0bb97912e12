"""Records that fit any resource of a catalogue, the same ones for the same seed.

What they hold is made up: check digits, dates, sexes, divisions and addresses
of a row agree with each other, and with no person, account or body known to us.
A run of more rows begins with the rows of a shorter one.

For the same seed, row i of any two resources that are about a person speaks of
the same person, and so of any two about businesses, hospitals or social
organisations: resources join, as long as their lists of divisions are the same.
"""

from collections.abc import Iterator, Mapping

from msgspec import UNSET

from gateway.model.resource import CodeList, Resource
from gateway.sample import matters
from gateway.sample.chance import Streams
from gateway.sample.sheet import Sheet, settle
from gateway.sample.values import Column, column

__all__ = ["Column", "Record", "batches", "columns", "rows"]

# Values by field id.
Record = dict[str, object]
# Rows made at a time: few enough for the caches of a processor, and for constant memory.
BATCH = 1_000


def rows(
    resource: Resource, code_lists: Mapping[str, CodeList], *, rows: int, seed: int
) -> Iterator[Record]:
    """Make records by field id; an absent field has no key.

    Text, codes, dates and points are str, binary is bytes; `msgspec.json`
    writes decimals as strings and bytes as Base64.

    Raises:
        LookupError: a code list that a field names was not given.
    """
    for batch in batches(resource, code_lists, rows=rows, seed=seed):
        yield from batch


def batches(
    resource: Resource,
    code_lists: Mapping[str, CodeList],
    *,
    rows: int,
    seed: int,
    size: int = BATCH,
) -> Iterator[list[Record]]:
    """Make records as `rows` does, `size` at a time."""
    for made in columns(resource, code_lists, rows=rows, seed=seed, size=size):
        yield _records(made)


def columns(
    resource: Resource,
    code_lists: Mapping[str, CodeList],
    *,
    rows: int,
    seed: int,
    size: int = BATCH,
) -> Iterator[dict[str, Column]]:
    """Make columns by field id, `size` rows at a time; UNSET stands for an absent field."""
    setting = settle(resource, code_lists)
    writers, city = matters.writers(resource), Streams(seed)
    for start in range(0, rows, size):
        sheet = Sheet(setting, city, start, min(size, rows - start))
        yield {field.id: column(sheet, field, writers.get(field.id)) for field in resource.fields}


def _records(made: Mapping[str, Column]) -> list[Record]:
    ids = tuple(made)
    records = [dict(zip(ids, row, strict=True)) for row in zip(*made.values(), strict=True)]
    for field_id, values in made.items():
        if UNSET in values:
            for record, value in zip(records, values, strict=True):
                if value is UNSET:
                    del record[field_id]
    return records
