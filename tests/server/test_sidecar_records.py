"""Arrow through a sidecar, and what those who mind it may do: read the ledger, cut off."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

import grpc
import pyarrow as pa
import pytest

from gateway.stores.shards import ShardReader
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import FIELDS, PUBLIC_FIELDS, PUBLIC_RESOURCE, PUBLIC_ROW, ROW, Desk
from tests.gateway.arrow_streams import stream_of
from tests.gateway.token_forge import read_payload
from tests.server.asking import Asking, asking, refusal_of
from tests.server.sidecars import about, set_callers, sidecar

PROVIDING = (
    {"name": "a", "may": ["seal"]},
    {"name": "auditor", "may": ["read_ledger"]},
    {"name": "guard", "may": ["administer"]},
)


class Minded(NamedTuple):
    """A provider of two workers and a requester, and who calls them."""

    desk: Desk
    first: Asking
    second: Asking
    auditor: Asking
    guard: Asking
    opening: Asking

    def open(self, envelope: bytes, encoding: v1.RecordEncoding.ValueType) -> v1.OpenResponse:
        """Open an envelope, however often."""
        asked = v1.OpenRequest(envelope=envelope, encoding=encoding, reopen=True)
        return self.opening.stub.Open(asked, timeout=30)


@pytest.fixture(scope="module")
def minded(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minded]:
    """Serve both, once."""
    desk = Desk(tmp_path_factory.mktemp("records") / "world")
    shutil.copytree(founded, desk.folder, symlinks=True)
    set_callers(desk.provider, PROVIDING)
    set_callers(desk.requester, [{"name": "desk", "may": ["open"]}])
    with sidecar(desk.provider, workers=2) as provider, sidecar(desk.requester) as requester:
        second = f"unix:{provider.sockets / 'a' / 'worker-1.sock'}"
        with (
            asking(provider.target("a"), desk) as case_system,
            asking(second, desk) as other,
            asking(provider.target("auditor"), desk) as auditor,
            asking(provider.target("guard"), desk) as guard,
            asking(requester.target("desk"), desk) as opening,
        ):
            yield Minded(desk, case_system, other, auditor, guard, opening)


def _table(rows: list[dict[str, Any]], names: tuple[str, ...]) -> bytes:
    """Write records as Arrow: a column a field, of the type that its values have."""
    return stream_of(pa.table({name: [row[name] for row in rows] for name in names}), rows=64)


def _plain(value: object) -> object:
    """Return a value of an Arrow column as JSON has it."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


CASES = {
    "masked": (FIELDS, ROW, {}),
    "public": (PUBLIC_FIELDS, PUBLIC_ROW, {"resource": PUBLIC_RESOURCE}),
}


@pytest.mark.parametrize("name", CASES)
def test_arrow_is_json_in_another_form(minded: Minded, name: str) -> None:
    """The same records sealed from either come out alike, in either."""
    names, row, changes = CASES[name]
    rows = [{**row, "address": f"小店区长风街{number}号"} for number in range(200)]
    if changes:
        changes = {**changes, "grant": minded.desk.public.read_text("ascii").strip()}
    by_json = minded.first.seal(rows, **changes)
    arrow = {**changes, "encoding": v1.RECORD_ENCODING_ARROW}
    by_arrow = minded.second.seal(_table(rows, names), **arrow)
    assert by_json.records == by_arrow.records == 200
    read = [
        json.loads(minded.open(sealed.envelope, v1.RECORD_ENCODING_JSON).records)
        for sealed in (by_json, by_arrow)
    ]
    assert read[0] == read[1]
    told = minded.open(by_json.envelope, v1.RECORD_ENCODING_ARROW)
    table = pa.ipc.open_stream(told.records).read_all()
    found = [{key: _plain(value) for key, value in one.items()} for one in table.to_pylist()]
    assert found == [{key: one.get(key) for key in table.column_names} for one in read[0]]
    assert set(table.column_names) >= set(read[0][0])
    lines = minded.open(by_arrow.envelope, v1.RECORD_ENCODING_NDJSON).records.splitlines()
    assert [json.loads(line) for line in lines] == read[0]


def test_faults_in_arrow_are_told_as_in_json(minded: Minded) -> None:
    """By record and field, and bytes that are none are refused."""
    bad = _table([dict(ROW), {**ROW, "sex": "x"}], FIELDS)
    refusal = minded.first.seal_refused(bad, encoding=v1.RECORD_ENCODING_ARROW)
    assert (refusal.code, refusal.fields) == ("FIELD_INVALID", ("records[1].sex",))
    refusal = minded.first.seal_refused(b"ARROW1", encoding=v1.RECORD_ENCODING_ARROW)
    assert refusal.code == "RECORD_MALFORMED"


def _listed(minded: Minded, worker: int, size: int) -> list[bytes]:
    entries: list[bytes] = []
    token = ""
    while True:
        asked = v1.ListEntriesRequest(worker=worker, page_size=size, page_token=token)
        page = minded.auditor.stub.ListEntries(asked, timeout=30)
        assert len(page.entries) <= size
        entries += page.entries
        token = page.next_page_token
        if not token:
            return entries


def test_every_entry_is_listed_once(minded: Minded) -> None:
    """Page by page, for each worker, as its ledger has them; for whoever may read it."""
    for caller in (minded.first, minded.second):
        for _ in range(8):
            caller.seal()
    for worker in (0, 1):
        (path,) = (minded.desk.provider / "ledger").glob(f"worker-{worker}-*.sqlite")
        with ShardReader(path) as shard:
            lines = [row.to_json(shard.name) for row in shard.rows()]
        assert len(lines) >= 8
        for size in (3, 1000):
            assert _listed(minded, worker, size) == lines
    assert _listed(minded, 63, 10) == []
    nobody = minded.first.refused("ListEntries", v1.ListEntriesRequest())
    assert nobody.code == "CALLER_FORBIDDEN"
    for token in (":7", "-1", "x", "9" * 30, "99999999", "worker-0:1"):
        asked = v1.ListEntriesRequest(page_token=token)
        assert minded.auditor.refused("ListEntries", asked).code == "REQUEST_MALFORMED"


def test_who_is_cut_off_is_so_at_once(minded: Minded) -> None:
    """In both workers, also in the middle of a stream; it is entered, and can be lifted."""
    grant = about(minded.desk)["grant"]
    claims = read_payload(grant)
    assert isinstance(claims, dict)
    set_block = minded.guard.stub.SetBlock
    for subject in ({"requester": claims["sub"]}, {"grant": claims["jti"]}):
        stream = _Stream(minded.first)
        assert stream.part() == "OK"
        told = set_block(v1.SetBlockRequest(**subject, blocked=True), timeout=30)
        assert [*told.requesters, *told.grants] == [*subject.values()]
        assert stream.part() == "TOKEN_BLOCKED"
        assert (minded.first.code(), minded.second.code()) == ("TOKEN_BLOCKED",) * 2
        told = set_block(v1.SetBlockRequest(**subject, blocked=False), timeout=30)
        assert [*told.requesters, *told.grants] == []
        assert (minded.first.code(), minded.second.code()) == ("OK", "OK")
    entries = [json.loads(line) for line in _listed(minded, 0, 1000)]
    done = [one for one in entries if one["leaf"]["shared"]["kind"] == "administer"]
    assert [(one["private"]["caller"], one["private"]["detail"]) for one in done] == [
        ("guard", "block"),
        ("guard", "unblock"),
    ] * 2
    assert [one["leaf"]["shared"].get("requester") for one in done] == [claims["sub"]] * 2 + [
        None
    ] * 2
    assert [one["leaf"]["shared"].get("grant") for one in done] == [None] * 2 + [claims["jti"]] * 2


def test_nobody_is_cut_off_by_a_slip(minded: Minded) -> None:
    """No name, what can be no name, and a caller without the right."""
    asked = v1.SetBlockRequest(requester="11149900MB0C13013W", blocked=True)
    assert minded.first.refused("SetBlock", asked).code == "CALLER_FORBIDDEN"
    for slip in (
        v1.SetBlockRequest(blocked=True),
        v1.SetBlockRequest(requester="11149900MB0C13013X", blocked=True),
        v1.SetBlockRequest(requester="x", blocked=True),
        v1.SetBlockRequest(grant="../x", blocked=True),
    ):
        assert minded.guard.refused("SetBlock", slip).code == "REQUEST_MALFORMED"
    assert minded.first.code() == "OK"


class _Stream:
    """A stream that is sealed part by part."""

    def __init__(self, caller: Asking) -> None:
        self._caller, self._batches = caller, SimpleQueue[None]()
        # The first batch is sealed once a second one is there.
        self._batches.put(None)
        self._answers = caller.stub.SealStream(self._messages(), timeout=30)

    def _messages(self) -> Iterator[v1.SealStreamRequest]:
        yield v1.SealStreamRequest(subject=self._caller.sealing().subject)
        with suppress(Empty):
            while True:
                self._batches.get(timeout=5)
                yield v1.SealStreamRequest(records=json.dumps([ROW]).encode())

    def part(self) -> str:
        """Send a batch, and return what came of the one before."""
        self._batches.put(None)
        try:
            next(self._answers)
        except grpc.RpcError as error:
            return refusal_of(error).code
        return "OK"
