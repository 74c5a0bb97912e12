"""`sealgate ledger show` finds entries, and `prove` gives a receipt of one."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.receipts import read_leaf, read_receipt
from gateway.stores.shards import list_shards, shard_of
from tests.cli.command import (
    FIELDS,
    OUTSIDER,
    PROVIDER,
    PUBLIC_RESOURCE,
    PUBLIC_ROW,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Desk,
    call,
    done,
)

EVIL = "=HYPERLINK(1)"


@pytest.fixture
def used(desk: Desk) -> Desk:
    """Seal, be refused, seal something else and open it, each with a caller of its own."""
    records = desk.write([ROW, ROW], "records.json")
    assert desk.seal(records, "--caller", "窗口3", "--reference", "2026-1").status == 0
    assert desk.open("--caller", "clerk").status == 0
    wide = desk.write([{**ROW, "office": "x"}], "wide.json")
    assert desk.seal(wide, "--caller", EVIL).code == "FIELD_UNCATALOGUED"
    assert desk.seal_public(desk.write([PUBLIC_ROW], "public.json")).status == 0
    return desk


def show(node: Path, *more: object) -> list[dict[str, Any]]:
    """Return entries as JSON."""
    found: list[dict[str, Any]] = done("ledger", "show", "--node", node, "--json", *more).json
    return found


def seals(node: Path, *more: object) -> list[str]:
    """Return what calls came to."""
    return [one["shared"]["outcome"] for one in show(node, "--kind", "seal", *more)]


def test_entries_are_shown_in_the_order_of_time(used: Desk) -> None:
    """Each with where it stands, what both sides may see, and what stays here."""
    found = show(used.provider, "--kind", "seal")
    first = found[0]
    assert [one["shared"]["outcome"] for one in found] == ["ok", "FIELD_UNCATALOGUED", "ok"]
    assert [*first] == ["shard", "number", "at", "shared", "private"]
    assert first["shared"]["resource"] == RESOURCE
    assert {name for name, _ in first["shared"]["fields"]} == set(FIELDS)
    assert first["private"] == {"caller": "窗口3", "reference": "2026-1"}
    times = [one["shared"]["time"] for one in show(used.provider)]
    assert times == sorted(times)
    numbers = [one["number"] for one in show(used.provider, "--last", 0)]
    assert numbers == [*range(len(numbers))]


def test_entries_are_chosen(used: Desk) -> None:
    """By everything that there is an option for, also together."""
    node = used.provider
    (grant,) = {one["shared"]["grant"] for one in show(node, "--caller", "窗口3")}
    assert seals(node, "--resource", PUBLIC_RESOURCE) == ["ok"]
    assert seals(node, "--department", REQUESTER) == ["ok", "FIELD_UNCATALOGUED", "ok"]
    assert seals(node, "--department", OUTSIDER) == []
    assert seals(node, "--grant", grant) == ["ok", "FIELD_UNCATALOGUED"]
    assert seals(node, "--outcome", "refused") == ["FIELD_UNCATALOGUED"]
    assert seals(node, "--outcome", "FIELD_UNCATALOGUED") == ["FIELD_UNCATALOGUED"]
    assert seals(node, "--outcome", "ok", "--grant", grant) == ["ok"]
    assert seals(node, "--caller", EVIL) == ["FIELD_UNCATALOGUED"]
    assert [one["private"]["caller"] for one in show(used.requester, "--kind", "open")] == ["clerk"]


def test_a_period_has_its_first_and_its_last_day(used: Desk) -> None:
    """Days are China's; a time is the very one."""
    node, times = used.provider, [one["at"] for one in show(used.provider, "--kind", "seal")]
    assert len(seals(node, "--from", "2020-01-01", "--to", "2999-12-31")) == 3
    assert seals(node, "--from", "2999-01-01") == []
    assert seals(node, "--to", "2020-01-01") == []
    assert len(seals(node, "--from", times[0])) == 3
    assert seals(node, "--to", times[0]) == []
    assert call("ledger", "show", "--node", node, "--from", "soon").status == 2


def test_the_last_are_the_newest(used: Desk) -> None:
    """So many, the oldest of them first."""
    assert seals(used.provider, "--last", 2) == ["FIELD_UNCATALOGUED", "ok"]
    assert call("ledger", "show", "--node", used.provider, "--last", -1).status == 2


def test_a_table_has_a_line_for_each(used: Desk) -> None:
    """With what people look for."""
    out = done("ledger", "show", "--node", used.provider, "--kind", "seal").out.splitlines()
    assert len(out) == 2 + 3
    assert "窗口3" in out[2]
    assert "FIELD_UNCATALOGUED" in out[3]
    assert PUBLIC_RESOURCE in out[4]


def test_csv_opens_in_a_spreadsheet_and_is_no_formula(used: Desk) -> None:
    """Marked UTF-8; what begins like a formula is a text."""
    out = done("ledger", "show", "--node", used.provider, "--kind", "seal", "--format", "csv").out
    assert out.startswith("\ufeffshard,number,time,")
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert [row["caller"] for row in rows] == ["窗口3", f"'{EVIL}", "cli"]
    assert rows[0]["purpose"] == PURPOSE
    assert rows[0]["records"] == "2"
    assert f"{FIELDS[0]}:" in rows[0]["fields"]


def test_nothing_found_is_an_empty_answer(used: Desk) -> None:
    """In each form."""
    nothing = ("ledger", "show", "--node", used.provider, "--grant", "none")
    assert done(*nothing, "--json").json == []
    assert len(done(*nothing).out.splitlines()) == 2
    assert len(done(*nothing, "--format", "csv").out.splitlines()) == 1


def test_a_receipt_is_made_anew(used: Desk) -> None:
    """Of any entry, against the newest checkpoint."""
    (path,) = list_shards(used.provider / "ledger")
    entry = show(used.provider, "--caller", "窗口3")[0]
    out = used.folder / "call.receipt"
    arguments = ("ledger", "prove", "--node", used.provider, entry["shard"], entry["number"])
    answer = done(*arguments, "--out", out, "--json").json
    assert answer == {"out": str(out), "shard": shard_of(path), "number": entry["number"]}
    receipt = read_receipt(out.read_text("utf-8"))
    assert receipt.index == entry["number"]
    assert read_leaf(receipt.leaf).shared.requester == REQUESTER
    assert read_leaf(receipt.leaf).shared.provider == PROVIDER


def test_there_is_no_receipt_of_what_is_not_there(used: Desk) -> None:
    """No such shard, no such entry, no place to write it."""
    name, out = show(used.provider)[0]["shard"], used.folder / "call.receipt"
    prove = ("ledger", "prove", "--node", used.provider)
    assert call(*prove, "node-0", 0, "--out", out).status == 2
    assert call(*prove, name, 10_000, "--out", out).status == 2
    assert call(*prove, name, 0, "--out", used.folder / "none" / "x").status == 2
    assert not out.exists()
