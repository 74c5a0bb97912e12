"""The page on entries of the ledger says what the code enters, and what real nodes have entered."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import msgspec
import pytest

from gateway import changes
from gateway.calls import MAX_CALLER
from gateway.cli.receipt_page import KINDS as CHINESE
from gateway.ledger import BEFORE_AUTHENTICATION, MAX_COUNTED, MAX_COUNTED_MS, STRANGER
from gateway.model.call import PrivatePart, SharedPart
from gateway.node import Node
from gateway.stores.shards import ShardReader, list_shards
from tests.cli.command import PURPOSE, REQUESTER, RESOURCE, ROW, Desk, call, done
from tests.cli.conftest import founded  # noqa: F401 - a fixture
from tests.docs.naming import missing
from tests.docs.tables import ROOT, bare, both_languages, names, page, section, table, tables
from tests.server.asking import asking
from tests.server.sidecars import set_callers, sidecar

TEXT = page("reference/ledger-events.md")
KINDS = table(TEXT, "Kinds")
# What stands in each without being told.
SHARED, PRIVATE = {"version", "time", "kind", "outcome"}, {"caller"}
POLICY = """\
policy: events
version: 1
provider: 11149900MB0C12002H
defaults:
  grades: {G1: clear, G2: clear, G3: clear, G4: clear}
  kinds:
    person_name: {op: token}
pseudonyms:
  kinds: [person_name]
"""
CALLERS = ({"name": "sealer", "may": ["seal"]}, {"name": "guard", "may": ["administer"]})


class Told(NamedTuple):
    """A row of the table of members."""

    always: set[str]
    known: set[str]
    private: set[str]
    private_known: set[str]
    subjects: bool


class Found(NamedTuple):
    """An entry of a real ledger: the row that it belongs to, and what is in it."""

    row: str
    shared: dict[str, Any]
    private: dict[str, Any]
    subjects: bool


def _rows() -> dict[str, Told]:
    found = {}
    for row in table(TEXT, "Members"):
        always, known, private, private_known = (set(names(cell)) for cell in row[1:5])
        assert row[5] in ("yes", "no")
        told = Told(always, known, private, private_known, row[5] == "yes")
        found[row[0].replace("`", "")] = told
    return found


ROWS = _rows()


def _entries(node: Path) -> Iterator[Found]:
    for path in list_shards(node / "ledger"):
        with ShardReader(path) as shard:
            about = {number for number, _ in shard.subjects()}
            for row in shard.rows():
                leaf = msgspec.json.decode(row.leaf)
                shared = leaf["shared"]
                assert (row.number in about) == ("subjects" in leaf)
                state = "ok" if shared["outcome"] == "ok" else "refused"
                name = f"{shared['kind']} {'counted' if 'count' in shared else state}"
                private = msgspec.json.decode(row.private)
                yield Found(name, shared, private, "subjects" in leaf)


def _called(desk: Desk) -> None:
    """Seal, open, reveal, block and keep the ledger: what goes well, and what is refused."""
    provider, witness = ("--node", desk.provider), ("--node", desk.outsider)
    who = ("--caller", "desk-3", "--reference", "2026-17")
    (desk.provider / "policy.yaml").write_text(POLICY, "utf-8")
    given = {name: ROW[name] for name in ("name", "resident_id")}
    grant = desk.issue("events", fields=tuple(given), level="G4")
    records = desk.write([given], "records.json")
    for _ in range(2):
        assert desk.seal(records, *who, grant=grant).status == 0
    with Node(desk.requester) as node:
        opened = node.open(desk.envelope.read_bytes(), caller="desk-4", reference="收 9 号")
    (token,) = [row["name"] for row in opened.rows()]
    assert desk.open().code == "ENVELOPE_REPLAYED"
    stray = desk.write([{**given, "blood_type": "A"}], "stray.json")
    assert desk.seal(stray, grant=grant).code == "FIELD_UNCATALOGUED"
    forged = desk.write(grant.read_text("ascii").strip()[:-9], "forged.jwt")
    assert desk.seal(records, grant=forged).status == 3
    desk.envelope.write_bytes(b"\x0anoise")
    assert desk.open().code == "ENVELOPE_MALFORMED"
    subject = ("--resource", RESOURCE, "--requester", REQUESTER, "--purpose", PURPOSE)
    asked = ("reveal", *provider, *subject, "--field", "name", "--reason", "核对", *who)
    done(*asked, token)
    assert call(*asked, "sgt1_none").status == 3
    for act in ("block", "unblock"):
        done(act, *provider, "--grant", "A" * 22, "--caller", "desk-3")
        done(act, *provider, "--requester", REQUESTER)
    (path,) = list_shards(desk.provider / "ledger")
    with ShardReader(path) as shard:
        note = desk.write(shard.checkpoint() or "", "checkpoint")
    cosigned = desk.folder / "cosigned"
    done("ledger", "cosign", *witness, note, "--out", cosigned, *who)
    own = call("ledger", "cosign", *provider, note, "--out", desk.folder / "none", *who)
    assert own.status == 3
    done("ledger", "cosignature", *provider, cosigned)
    done("ledger", "forget", *provider, *who)
    done("ledger", "archive", *provider, "--shard", path.name.removesuffix(".sqlite"))


def _served(desk: Desk) -> None:
    """Start a sidecar, have it refuse who may not, and stop it."""
    set_callers(desk.provider, CALLERS)
    with sidecar(desk.provider) as served:
        with asking(served.target("guard"), desk) as guard, pytest.raises(grpc.RpcError):
            guard.seal()
        assert served.end() == 0


@pytest.fixture(scope="module")
def entered(
    founded: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Found]:
    """Make every kind happen, once; return what was entered."""
    desk = Desk(tmp_path_factory.mktemp("events") / "world")
    shutil.copytree(founded, desk.folder, symlinks=True)
    _called(desk)
    _served(desk)
    return [
        one for node in (desk.provider, desk.requester, desk.outsider) for one in _entries(node)
    ]


def test_every_row_of_the_page_happened_and_no_other(entered: list[Found]) -> None:
    """Each kind with each outcome that it can have."""
    assert {one.row for one in entered} == set(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_entries_hold_what_the_page_says(row: str, entered: list[Found]) -> None:
    """What is always there is, and nothing is there that is not told; what can be, was."""
    told, found = ROWS[row], [one for one in entered if one.row == row]
    for one in found:
        shared, private = set(one.shared) - SHARED, set(one.private) - PRIVATE
        assert told.always <= shared <= told.always | told.known
        assert told.private <= private <= told.private | told.private_known
        assert set(one.shared) >= SHARED
        assert set(one.private) >= PRIVATE
    assert any(one.subjects for one in found) is told.subjects
    if row.endswith(" ok"):
        seen = set().union(*(one.shared for one in found))
        assert told.known <= seen
        assert told.private_known <= set().union(*(one.private for one in found))


def test_members_are_those_of_the_code() -> None:
    """Of both parts; none is told that cannot be."""
    for told in ROWS.values():
        assert told.always | told.known <= set(SharedPart.__struct_fields__) - SHARED
        assert told.private | told.private_known <= set(PrivatePart.__struct_fields__) - PRIVATE
        assert not told.always & told.known
        assert not told.private & told.private_known


def test_details_of_acts_are_those_that_are_listed(entered: list[Found]) -> None:
    """By their first words; each that happened here, and each that stands in the code."""
    acts = {bare(row[0]).partition(":")[0] for row in table(TEXT, "Acts")}
    seen = {
        one.private["detail"].partition(":")[0] for one in entered if one.row == "administer ok"
    }
    assert seen <= acts
    code = "".join(file.read_text("utf-8") for file in (ROOT / "gateway").rglob("*.py"))
    literal = re.findall(r'"(ledger (?:subject|forget|archive|restore))[":]', code)
    blocking = re.findall(r'detail="(\w+)" if blocked else "(\w+)"', code)
    witnessing = re.findall(r'self\._begin\("(\w+)"', code)
    assert acts == {*literal, *blocking[0], *witnessing}
    called = re.findall(r'(?:_enter\(\w+, \w+, |administer\(\s*)f?"([a-z ]+)', code)
    assert {one.strip() for one in called} <= acts


def test_kinds_are_those_of_the_code_and_stand_where_they_are_entered() -> None:
    """Each by the modules that make its entries."""
    assert all(both_languages(row[1]) for row in KINDS)
    places = {bare(row[0]): names(row[3]) for row in KINDS}
    assert missing([name for named in places.values() for name in named]) == []
    made: dict[str, set[str]] = {}
    for file in (ROOT / "gateway").rglob("*.py"):
        for kind in _entered_by(file):
            made.setdefault(kind, set()).add(file.relative_to(ROOT).as_posix())
    assert {kind: set(named) for kind, named in places.items()} == made
    # A certificate has a Chinese name for each.
    assert set(CHINESE) == set(made)
    assert {row.split()[0] for row in ROWS} == set(places)


def _entered_by(file: Path) -> list[str]:
    code = file.read_text("utf-8")
    found = re.findall(r'\bCalls\("(\w+)"', code)
    if file == Path(changes.__file__):
        listed = re.search(r"kinds = \((.*?)\)", code)
        assert listed is not None
        found += re.findall(r'"(\w+)"', listed[1])
    return found


def test_outcomes_are_those_that_happened(entered: list[Found]) -> None:
    """`ok`, a code, or both."""
    for kind, _, outcome, _ in KINDS:
        states = {
            one.shared["outcome"] == "ok" for one in entered if one.shared["kind"] == bare(kind)
        }
        assert (
            states == {"`ok` or a code": {True, False}, "a code": {False}, "`ok`": {True}}[outcome]
        )


def test_codes_that_are_counted_are_listed() -> None:
    """All of them, sorted, and how many or how long."""
    (codes,) = tables(section(TEXT, "Counted refusals"))
    assert [bare(row[0]) for row in codes] == sorted(BEFORE_AUTHENTICATION)
    assert f"{MAX_COUNTED:,} were counted" in TEXT
    assert f"{MAX_COUNTED_MS // 1000} seconds" in TEXT
    assert f"more than {MAX_CALLER} characters is cut" in TEXT


@pytest.mark.parametrize(
    ("row", "caller"),
    [
        ("policy ok", changes.ITSELF),
        ("start ok", changes.ITSELF),
        ("open counted", STRANGER),
        ("call counted", "guard"),
        ("reveal ok", "desk-3"),
    ],
)
def test_who_asked_is_told_as_the_page_says(row: str, caller: str, entered: list[Found]) -> None:
    """The node itself, nobody known, the caller of `node.yaml`, or whom the command names."""
    assert {one.private["caller"] for one in entered if one.row == row} == {caller}
    if caller.startswith("("):
        assert f"`{caller}`" in TEXT
