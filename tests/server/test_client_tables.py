"""A client sends tables as Arrow, and gets opened records as rows or as a table."""

import asyncio
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from gateway.client import AsyncClient, Client, rows, table, to_arrow
from tests.cli.command import FIELDS, ROW
from tests.server.conftest import Running


def frame(count: int) -> pl.DataFrame:
    """Make a table of whole records."""
    return pl.DataFrame([dict(ROW)] * count, schema_overrides={"bank_card": pl.String})


@pytest.mark.parametrize(
    "made",
    [
        frame(3),
        frame(3).to_arrow(),
        to_arrow(frame(3)),
    ],
    ids=["polars", "pyarrow", "bytes"],
)
def test_tables_go_as_arrow(running: Running, sealing: Client, opening: Client, made: Any) -> None:
    """Without being told so; what comes out is what rows would have given."""
    how: dict[str, Any] = {"encoding": "arrow"} if isinstance(made, bytes) else {}
    as_table = opening.open(sealing.seal(made, **how, **running.about).envelope)
    as_rows = opening.open(sealing.seal([ROW] * 3, **running.about).envelope)
    assert len(rows(as_table)) == 3
    assert rows(as_table) == rows(as_rows)


def test_opened_records_come_as_asked_for(
    running: Running, sealing: Client, opening: Client
) -> None:
    """An array, lines, or a table, of the same records; each is read by what fits it."""
    envelope = sealing.seal([ROW] * 2, **running.about).envelope
    array = opening.open(envelope)
    lines = opening.open(envelope, reopen=True, encoding="ndjson")
    arrow = opening.open(envelope, reopen=True, encoding="arrow")
    assert lines.records.count(b"\n") >= 1
    assert rows(lines) == rows(array)
    read = table(arrow)
    assert isinstance(read, pa.Table)
    assert read.num_rows == 2
    assert set(read.column_names) <= set(FIELDS)
    assert read.column("name").to_pylist() == [row["name"] for row in rows(array)]
    with pytest.raises(ValueError, match="read them with `table`"):
        rows(arrow)
    with pytest.raises(ValueError, match="read them with `rows`"):
        table(array)


def test_streams_take_and_give_tables(running: Running, sealing: Client, opening: Client) -> None:
    """The first batch tells how all of them are written."""
    parts = [*sealing.seal_stream([frame(2), frame(3)], **running.about)]
    assert [part.part.records for part in parts] == [2, 3]
    chain = [part.part.envelope for part in parts]
    opened = [*opening.open_stream(chain, encoding="arrow")]
    assert [table(part.part).shape[0] for part in opened] == [2, 3]


def test_batches_are_all_tables_or_none(running: Running, sealing: Client) -> None:
    """What does not fit is the caller's fault, and is told so before it is sent."""
    for records, encoding in (([ROW], "arrow"), (frame(1), "json")):
        with pytest.raises(TypeError, match="Arrow"):
            sealing.seal(records, encoding=encoding, **running.about)  # type: ignore[arg-type]


def test_asyncio_takes_and_gives_tables(running: Running) -> None:
    """By the same words."""

    async def work() -> None:
        async with (
            AsyncClient(running.provider.sockets / "case-system") as sealing,
            AsyncClient(running.requester.sockets / "desk") as opening,
        ):
            sealed = await sealing.seal(frame(2), **running.about)
            opened = await opening.open(sealed.envelope, encoding="arrow")
            assert table(opened).shape[0] == 2
            batches = [frame(1), frame(4)]
            parts = [part async for part in sealing.seal_stream(batches, **running.about)]
            chain = [part.part.envelope for part in parts]
            sizes = [
                table(part.part).shape[0]
                async for part in opening.open_stream(chain, encoding="arrow")
            ]
            assert sizes == [1, 4]

    asyncio.run(work())
