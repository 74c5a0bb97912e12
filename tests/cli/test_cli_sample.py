"""`sealgate sample` writes the same records for the same seed, in each form."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from gateway import world
from gateway.catalogue import read_catalogue
from tests.cli.command import PLAIN_RESOURCE, PUBLIC_RESOURCE, RESOURCE, Desk, call, done

ADOPTION = "3070010040001/000004"


def _sample(out: Path, *more: object, resource: str = RESOURCE) -> bytes:
    done("sample", "--resource", resource, "--out", out, *more)
    return out.read_bytes()


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, form: str) -> None:
    """Another seed others; a longer run begins with the shorter one."""
    made = [
        _sample(tmp_path / f"{n}.{form}", "--rows", rows, "--seed", seed)
        for n, (rows, seed) in enumerate([(1100, 5), (1100, 5), (1100, 6), (20, 5)])
    ]
    assert made[0] == made[1]
    assert made[0] != made[2]
    assert made[0].startswith(made[3].removesuffix(b"\n]\n"))


def _count(out: Path) -> int:
    match out.suffix:
        case ".json":
            return len(json.loads(out.read_bytes()))
        case ".csv":
            with out.open(newline="", encoding="utf-8") as file:
                return len(list(csv.reader(file))) - 1
        case _:
            return len([json.loads(line) for line in out.read_bytes().splitlines()])


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
@pytest.mark.parametrize("rows", [0, 1, 999, 1000, 1001])
def test_as_many_records_are_written_as_were_asked_for(
    tmp_path: Path, form: str, rows: int
) -> None:
    """The form follows from the name, NDJSON where it says nothing."""
    out = tmp_path / f"r.{form}"
    _sample(out, "--rows", rows)
    assert _count(out) == rows
    other = tmp_path / "r.txt"
    _sample(other, "--rows", rows, "--format", form)
    assert other.read_bytes() == out.read_bytes()
    if form == "ndjson":
        assert _sample(tmp_path / "r", "--rows", rows) == out.read_bytes()


def test_a_hundred_thousand_rows_are_written_in_batches(tmp_path: Path) -> None:
    """Of three fields, so that the test is short; memory stays that of a batch."""
    out = tmp_path / "r.ndjson"
    _sample(out, "--rows", 100_000, "--fields", "sex,region,household_size")
    with out.open("rb") as file:
        assert sum(1 for _ in file) == 100_000


def test_every_packaged_resource_can_be_sampled(tmp_path: Path) -> None:
    """With every field of its entry in some record."""
    for code, resource in read_catalogue(world.catalogue_files()).resources.items():
        out = tmp_path / "r.json"
        _sample(out, "--rows", 50, resource=code)
        rows: list[dict[str, Any]] = json.loads(out.read_bytes())
        assert {name for row in rows for name in row} == {field.id for field in resource.fields}


def test_a_catalogue_of_ones_own_can_be_sampled(desk: Desk) -> None:
    """Every type; what is made seals as it is."""
    source = desk.authority / "trust" / "catalogue"
    for form in ("json", "csv", "ndjson"):
        out = desk.folder / f"own.{form}"
        _sample(out, "--rows", 40, "--catalogue", source, resource=PLAIN_RESOURCE)
        answer = desk.seal_plain(out)
        assert answer.status == 0, answer.err
        assert len(desk.opened()) == 40


def test_fields_narrow_the_records_in_catalogue_order(tmp_path: Path) -> None:
    """Whatever order they were named in."""
    narrow = _sample(tmp_path / "r.csv", "--rows", 3, "--fields", "sex, name")
    assert narrow.splitlines()[0] == b"name,sex"
    full = json.loads(_sample(tmp_path / "r.json", "--rows", 3))
    assert json.loads(_sample(tmp_path / "n.json", "--rows", 3, "--fields", "name,sex")) == [
        {name: row[name] for name in ("name", "sex")} for row in full
    ]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (("--rows", "-1"), 2),
        (("--rows", "1e9"), 2),
        (("--rows", "1000000000"), 2),
        (("--rows", "1", "--fields", "name,nose"), 2),
        (("--rows", "1", "--format", "xlsx"), 2),
        (("--rows", "1", "--seed", "x"), 2),
        (("--rows", "1", "--catalogue", "nowhere"), 3),
        ((), 2),
    ],
)
def test_odd_samples_are_refused(tmp_path: Path, more: tuple[str, ...], status: int) -> None:
    """And no file is left."""
    out = tmp_path / "r.json"
    assert call("sample", "--resource", RESOURCE, "--out", out, *more).status == status
    assert not list(tmp_path.iterdir())


def test_an_unknown_resource_is_refused(tmp_path: Path) -> None:
    """By its code, on one line whatever it holds."""
    out = tmp_path / "r.json"
    for code in ("nothing", "a\nrefused: b", "\x1b[31m", PUBLIC_RESOURCE + " "):
        answer = call("sample", "--resource", code, "--rows", 1, "--out", out)
        assert answer.code == "RESOURCE_UNCATALOGUED"
        assert "\x1b" not in answer.err
        assert len(answer.err.splitlines()) == 2
    assert call("sample", "--resource", ADOPTION, "--rows", 1, "--out", out).status == 0
