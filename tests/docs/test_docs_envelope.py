"""The page on the envelope and its vectors say what the code does."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from docs.reference.envelope_vectors.model import Negative, VectorFile
from docs.reference.vectors import FILE, FOLDER, outcome
from gateway.envelope import content_keys, header, manifest, opening, sealing
from gateway.envelope.padding import padded_length
from gateway.inbound import LIFETIME_CAP_MS
from gateway.model.call import Manifest
from gateway.parties import MAX_SKEW_MS
from gateway.records.decoder import MAX_RECORDS
from keys.suites import suite

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "reference" / "vectors.py"
PAGE = (ROOT / "docs" / "reference" / "envelope.md").read_text("utf-8")
VECTORS = msgspec.json.decode(FILE.read_bytes(), type=VectorFile)
MEMBERS = Manifest.__struct_fields__

LIMITS = {
    "envelope, bytes": opening.MAX_ENVELOPE_BYTES,
    "header, bytes": header.MAX_HEADER_BYTES,
    "wrapped key, bytes": opening.MAX_WRAPPED_KEY_BYTES,
    "signature, bytes": opening.MAX_SIGNATURE_BYTES,
    "`LP(manifest, records)`, bytes": sealing.MAX_PLAINTEXT_BYTES,
    "the same in a part, bytes": sealing.MAX_PART_BYTES,
    "parts of a stream": header.MAX_PARTS,
    "`created` and `expires`, ms": header.MAX_TIME,
    "lifetime, ms": LIFETIME_CAP_MS,
    "skew of clocks, ms": MAX_SKEW_MS,
    "use of one wrap, ms": content_keys.MAX_CACHE_MS,
    "use of one wrap, envelopes": content_keys.MAX_CACHE_ENVELOPES,
    "records of one call on the way out": MAX_RECORDS,
    "fields of a manifest": manifest.MAX_FIELDS,
    "characters of the fields' `id` and `op` together": manifest.MAX_NAMED,
    "checkpoint, characters": manifest.MAX_CHECKPOINT,
}


def section(title: str) -> str:
    """Return the text of a section of the page."""
    (found,) = re.findall(rf"^## {re.escape(title)}.*?$(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    return str(found)


def table(text: str) -> list[list[str]]:
    """Return the cells of a section's tables, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = {at - 1 for at, row in enumerate(cells) if set("".join(row)) == {"-"}}
    return [row for at, row in enumerate(cells) if not heads & {at, at - 1}]


def number(cell: str) -> int:
    """Read a number with commas."""
    return int(cell.replace(",", ""))


@pytest.mark.parametrize("vector", VECTORS.negative, ids=lambda vector: vector.name)
def test_our_way_in_refuses_with_the_code_of_the_vector(vector: Negative) -> None:
    """Each negative vector, as it stands in the file."""
    assert outcome(VECTORS, vector) == vector.code


def test_every_check_of_the_page_has_a_negative_vector() -> None:
    """But for the one that is about our own disk."""
    codes = {row[2].strip("`") for row in table(section("11. Order of checks"))}
    assert codes - {each.code for each in VECTORS.negative} == {"LEDGER_UNAVAILABLE"}


def test_the_page_gives_the_limits_of_the_code() -> None:
    """All of them, and no other."""
    rows = table(section("16. Limits"))
    assert {name: number(value) for name, value, _ in rows} == LIMITS


def test_the_page_gives_the_widths_of_the_header() -> None:
    """Number, wire type and bound of each field."""
    fields = []
    for row in table(section("3. Header")):
        bound = re.fullmatch(r"number up to ([\d,]+)|(?:up to )?([\d,]+) bytes", row[2])
        assert bound is not None, row
        fields.append((int(row[0]), 2 if bound[2] else 0, number(bound[1] or bound[2])))
    assert fields == [tuple(field) for field in header._SCHEMA.values()]


def test_the_page_gives_the_padding_of_the_code() -> None:
    """The examples of section 8, and those of the vectors."""
    examples = [(number(n), number(length)) for n, length in table(section("8. Plaintext"))]
    assert len(examples) > 10
    for plain, length in (*examples, *VECTORS.padding):
        assert padded_length(plain) == length


def test_the_page_spells_the_labels_of_the_code() -> None:
    """Exact ASCII, in quotes."""
    labels = (sealing.WRAP_LABEL, sealing.PAYLOAD_LABEL, sealing.SIGNATURE_LABEL)
    for label in (*labels, b"sealgate/v1/key-id"):
        assert f'"{label.decode()}"' in PAGE


def test_the_page_lists_the_suites_of_the_code() -> None:
    """Number and name."""
    rows = table(section("5. Suites"))
    assert [(int(row[0]), row[1].strip("`")) for row in rows] == [
        (each.number, each.name) for each in map(suite, (1, 2))
    ]


def test_the_page_lists_the_members_of_a_manifest() -> None:
    """Each field of the type, in its order."""
    rows = table(section("12. Manifest"))
    named = [name for row in rows for name in re.findall("`([a-z_]+)`", row[0])]
    assert tuple(named[: len(MEMBERS)]) == MEMBERS


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the generator."""
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
    )


def test_the_committed_vectors_hold() -> None:
    """`make check` runs this."""
    done = run("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_vectors_written_anew_hold(tmp_path: Path) -> None:
    """`make vectors` writes what `make check` takes."""
    assert run("--dir", str(tmp_path)).returncode == 0
    written = {file.name for file in tmp_path.iterdir()}
    assert written == {"envelope.json", "grant.json", "ledger.json"}
    assert (tmp_path / "ledger.json").read_bytes() == (FOLDER / "ledger.json").read_bytes()
    assert run("--check", "--dir", str(tmp_path)).returncode == 0


def _flip(file: dict[str, Any]) -> None:
    data = file["positive"][1]["envelope"]
    changed = "A" if data[2000] != "A" else "B"
    file["positive"][1]["envelope"] = data[:2000] + changed + data[2001:]


def _step(file: dict[str, Any]) -> None:
    file["positive"][0]["steps"]["payload_key"] = "00" * 32


def _code(file: dict[str, Any]) -> None:
    file["negative"][0]["code"] = "ENVELOPE_EXPIRED"


def _fewer(file: dict[str, Any]) -> None:
    del file["negative"][5]


def _key(file: dict[str, Any]) -> None:
    file["keys"][0]["key_id"] = file["keys"][1]["key_id"]


def _member(file: dict[str, Any]) -> None:
    file["surprise"] = 1


def _token(file: dict[str, Any]) -> None:
    file["accepted"][0]["token"] = file["accepted"][1]["token"]


def _outcome(file: dict[str, Any]) -> None:
    file["refused"][0]["code"] = "TOKEN_EXPIRED"


def _root(file: dict[str, Any]) -> None:
    file["trees"][3]["root"] = file["trees"][2]["root"]


def _receipt(file: dict[str, Any]) -> None:
    file["receipts"][0]["receipt"] = file["refused"][0]["receipt"]


def _held(file: dict[str, Any]) -> None:
    file["refused"][0]["receipt"] = file["receipts"][1]["receipt"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        *(("envelope.json", change) for change in (_flip, _step, _code, _fewer, _key, _member)),
        *(("grant.json", change) for change in (_token, _outcome, _member)),
        *(("ledger.json", change) for change in (_root, _receipt, _held, _member)),
    ],
)
def test_vectors_that_do_not_hold_are_noticed(
    name: str, change: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    """The check fails, and names the file."""
    for file in FOLDER.glob("*.json"):
        changed = json.loads(file.read_bytes())
        if file.name == name:
            change(changed)
        (tmp_path / file.name).write_text(json.dumps(changed), "utf-8")
    done = run("--check", "--dir", str(tmp_path))
    assert done.returncode == 1
    assert f"{name}: " in done.stderr
    assert "Traceback" not in done.stderr
