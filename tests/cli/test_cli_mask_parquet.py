"""Parquet in and out: types that hold values exactly, and nothing else of the file."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow
import pyarrow.parquet
import pytest

from tests.cli.command import PLAIN_RESOURCE, PUBLIC_RESOURCE, PUBLIC_ROW, ROW, Desk
from tests.cli.masked_files import (
    PLAIN_ROWS,
    many,
    mask,
    mask_file,
    mask_plain,
    read_rows,
    write_rows,
)

WHOLE = datetime(2026, 1, 31, 8, 30)
# Columns of Parquet, and the records that they are, by the catalogue's spelling.
HELD: dict[str, tuple[list[pl.Series], dict[str, Any]]] = {
    "bytes": ([pl.Series("blob", [b"\x00\xff"])], {"blob": "AP8="}),
    "a small integer": ([pl.Series("count", [7], dtype=pl.UInt8)], {"count": 7}),
    "a large integer": ([pl.Series("count", [2**63 - 1], dtype=pl.UInt64)], {"count": 2**63 - 1}),
    "noughts behind an amount": (
        [pl.Series("amount", [Decimal("7.5")], dtype=pl.Decimal(38, 12))],
        {"amount": "7.50"},
    ),
    "an amount in whole": ([pl.Series("amount", [7])], {"amount": "7"}),
    "an amount as text": ([pl.Series("amount", ["7.5"])], {"amount": "7.5"}),
    "a day": ([pl.Series("day", [date(1, 1, 1)])], {"day": "0001年01月01日"}),
    "a day at midnight": (
        [pl.Series("day", [datetime(1949, 10, 1)], dtype=pl.Datetime("ns"))],
        {"day": "1949年10月01日"},
    ),
    "nothing": ([pl.Series("day", [None]), pl.Series("blob", [None], dtype=pl.Binary)], {}),
    "null": (
        [pl.Series("text", [None]), pl.Series("count", [None])],
        {"text": None, "count": None},
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_a_column_is_read_for_what_it_holds(desk: Desk, name: str) -> None:
    """Where null may not stand it says that a value is absent."""
    columns, expected = HELD[name]
    records, out = desk.folder / "in.parquet", desk.folder / "out.ndjson"
    pl.DataFrame([pl.Series("must", ["0012"]), *columns]).write_parquet(records)
    answer = mask_plain(desk, records, out)
    assert answer.status == 0, answer.err
    assert [row.items() for row in read_rows(out)] == [{"must": "0012", **expected}.items()]


UNFIT: dict[str, tuple[pl.Series, str]] = {
    "floating point": (pl.Series("amount", [7.5]), "RECORD_MALFORMED"),
    "a count in floating point": (pl.Series("count", [7.0]), "RECORD_MALFORMED"),
    "a number in place of text": (pl.Series("text", [731973]), "RECORD_MALFORMED"),
    "a list": (pl.Series("text", [["731973"]]), "RECORD_MALFORMED"),
    "a moment with its zone": (
        pl.Series("moment", [WHOLE], dtype=pl.Datetime(time_zone="UTC")),
        "RECORD_MALFORMED",
    ),
    "a moment in place of a day": (pl.Series("day", [WHOLE]), "FIELD_INVALID"),
    "a nanosecond too much": (
        pl.Series("day", [1], dtype=pl.Int64).cast(pl.Datetime("ns")),
        "FIELD_INVALID",
    ),
    "a day without end": (
        pl.Series("day", [2**31 - 1], dtype=pl.Int32).cast(pl.Date),
        "FIELD_INVALID",
    ),
    "a moment without end": (
        pl.Series("day", [-(2**63)], dtype=pl.Int64).cast(pl.Datetime("us")),
        "FIELD_INVALID",
    ),
    "too many digits": (
        pl.Series("amount", [Decimal("731973.555")], dtype=pl.Decimal(20, 3)),
        "FIELD_INVALID",
    ),
    "too large a number": (pl.Series("count", [2**63], dtype=pl.UInt64), "FIELD_INVALID"),
    "a truth in place of a number": (pl.Series("count", [True]), "RECORD_MALFORMED"),
    "too much": (pl.Series("blob", [b"731973731973"]), "FIELD_INVALID"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_column_that_does_not_hold_its_field_is_refused(desk: Desk, name: str) -> None:
    """Nothing goes through floating point, and nothing is cut to fit."""
    column, code = UNFIT[name]
    records, out = desk.folder / "in.parquet", desk.folder / "out.ndjson"
    pl.DataFrame([pl.Series("must", ["x"]), column]).write_parquet(records)
    answer = mask_plain(desk, records, out, "--json")
    assert answer.code == code
    assert [fault["field"] for fault in answer.json["fields"]] == [column.name]
    assert "731973" not in answer.out + answer.err
    assert not out.exists()


def test_an_amount_of_more_digits_than_memory_has_is_refused(desk: Desk) -> None:
    """By its type: the file may hold it, the library cannot."""
    records = desk.folder / "in.parquet"
    wide = pyarrow.array([Decimal("731973.5")], pyarrow.decimal256(50, 2))
    pyarrow.parquet.write_table(pyarrow.table({"must": ["x"], "amount": wide}), records)
    answer = mask_plain(desk, records, desk.folder / "out.ndjson", "--json")
    assert answer.code == "RECORD_MALFORMED"
    assert [fault["field"] for fault in answer.json["fields"]] == ["amount"]


def test_a_number_rounded_beyond_what_parquet_has_is_refused(desk: Desk) -> None:
    """By its field; the other forms hold it."""
    policy = (desk.provider / "policy.yaml").read_text("utf-8").partition("\ndefaults:")[0]
    draft = desk.folder / "draft.yaml"
    rule = f"""
defaults:
  grades: {{G1: clear, G2: clear}}
rules:
  - id: rounded
    match: {{resources: [{PLAIN_RESOURCE}], fields: [count]}}
    treatment: {{op: round, to: 10}}
    basis: 《…》第一条
    from: 2026-01-01
    until: 2099-12-31
"""
    draft.write_text(policy + rule, "utf-8")
    records = desk.write(f"must,count\nx,{2**63 - 1}\n", "in.csv")
    outs = [desk.folder / "out.parquet", desk.folder / "out.ndjson"]
    answers = [mask_plain(desk, records, out, "--policy", draft, "--json") for out in outs]
    assert answers[0].code == "RECORD_MALFORMED", answers[0].err
    assert "count holds numbers larger" in answers[0].err
    assert str(2**63 - 1)[:6] not in answers[0].out + answers[0].err
    assert not outs[0].exists()
    assert read_rows(outs[1])[0]["count"] == 2**63 + 2, answers[1].err


def test_columns_have_the_types_of_what_comes_out(desk: Desk) -> None:
    """What is masked as text is text; a date that may be open is text too."""
    records, out = write_rows(desk, PLAIN_ROWS, "ndjson"), desk.folder / "out.parquet"
    assert mask_plain(desk, records, out).status == 0
    assert dict(pl.read_parquet_schema(out)) == {
        "text": pl.String,
        "must": pl.String,
        "count": pl.Int64,
        "amount": pl.Decimal(38, 2),
        "flag": pl.Boolean,
        "day": pl.String,
        "moment": pl.String,
        "sex": pl.String,
        "point": pl.String,
        "blob": pl.Binary,
    }
    assert pl.read_parquet(out)["amount"].to_list() == [
        Decimal("-123456.70"),
        None,
        Decimal("0.00"),
    ]


def test_days_and_moments_are_such(desk: Desk) -> None:
    """And come back in the format of their field."""
    outs = [desk.folder / name for name in ("out.parquet", "again.ndjson", "first.ndjson")]
    records = write_rows(desk, [PUBLIC_ROW], "ndjson")
    for source, out in ((records, outs[0]), (outs[0], outs[1]), (records, outs[2])):
        answer = mask_file(desk, source, out, resource=PUBLIC_RESOURCE)
        assert answer.status == 0, answer.err
    frame = pl.read_parquet(outs[0])
    assert frame["established_date"].to_list() == [date(2001, 2, 28)]
    assert frame["updated_at"].to_list() == [WHOLE]
    assert outs[1].read_bytes() == outs[2].read_bytes()


def test_nothing_of_the_file_goes_over_but_masked_values(desk: Desk) -> None:
    """No metadata; statistics are of what was written."""
    rows = many(50)
    table = pyarrow.table(
        {name: [row[name] for row in rows] for name in ("mobile", "resident_id", "address")}
    ).replace_schema_metadata({b"pandas": str(ROW).encode(), b"note": ROW["mobile"].encode()})
    records, out = desk.folder / "in.parquet", desk.folder / "out.parquet"
    pyarrow.parquet.write_table(table, records)
    answer = mask(desk, records, out)
    assert answer.status == 0, answer.err
    read = pyarrow.parquet.ParquetFile(out)
    assert set(read.metadata.metadata or ()) <= {b"ARROW:schema"}
    lowest = [
        read.metadata.row_group(0).column(place).statistics.min
        for place in range(read.metadata.num_columns)
    ]
    assert lowest == [min(column.to_pylist()) for column in read.read().columns]
    written = out.read_bytes()
    for name in ("mobile", "resident_id", "address"):
        assert str(ROW[name]).encode() not in written


def test_a_file_without_columns_is_refused(desk: Desk) -> None:
    """It is no file of this resource."""
    records, out = desk.folder / "in.parquet", desk.folder / "out.csv"
    pl.DataFrame().write_parquet(records)
    assert mask_plain(desk, records, out).code == "RECORD_MALFORMED"


@pytest.mark.parametrize("rows", [4095, 4097])
def test_many_slices_are_read_in_order(desk: Desk, rows: int) -> None:
    """Each row once, across slices and row groups."""
    records, out = desk.folder / "in.parquet", desk.folder / "out.csv"
    must = [f"{n:04}" for n in range(rows)]
    pl.DataFrame({"must": must}).write_parquet(records, row_group_size=1000)
    answer = mask_plain(desk, records, out)
    assert answer.status == 0, answer.err
    assert out.read_text().split() == ["must", *must]


def test_a_name_with_wildcards_is_a_name(desk: Desk) -> None:
    """Not a pattern that finds the files beside it."""
    folder = desk.folder / "day=1"
    folder.mkdir()
    for name in ("a.parquet", "[ab].parquet"):
        pl.DataFrame({"must": [name[:3]]}).write_parquet(folder / name)
    out = desk.folder / "out.csv"
    answer = mask_plain(desk, Path(folder / "[ab].parquet"), out)
    assert answer.status == 0, answer.err
    assert out.read_text().split() == ["must", "[ab"]
