"""A request that is sent again: one envelope, one entry, one charge, whoever answers."""

import os
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import grpc
import pytest

from gateway.authority import Authority
from gateway.config import Places
from gateway.repeats import MAX_ANSWER_BYTES
from gateway.stores.blocks import set_block
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import REQUESTER, Desk
from tests.gateway.ledger_shards import entries_of
from tests.gateway.token_forge import read_payload
from tests.server.asking import Asking, asking, many, refusal_of
from tests.server.sidecars import Sidecar, set_callers, sidecar, soon

CALLERS = ({"name": "a", "may": ["seal"]}, {"name": "b", "may": ["seal"]})


class Pair(NamedTuple):
    """A sidecar of two workers, and its callers' connections."""

    desk: Desk
    served: Sidecar
    first: Asking
    second: Asking
    other: Asking

    def outcomes(self) -> list[str]:
        """Read the outcomes that both workers entered."""
        entries = entries_of(self.desk.provider, "seal")
        return [str(entry["shared"]["outcome"]) for entry in entries]


@contextmanager
def pair(desk: Desk) -> Iterator[Pair]:
    """Serve a node with two workers."""
    set_callers(desk.provider, CALLERS)
    with sidecar(desk.provider, workers=2) as served:
        targets = [
            f"unix:{served.sockets / caller / f'worker-{worker}.sock'}"
            for caller, worker in (("a", 0), ("a", 1), ("b", 1))
        ]
        with (
            asking(targets[0], desk) as first,
            asking(targets[1], desk) as second,
            asking(targets[2], desk) as other,
        ):
            yield Pair(desk, served, first, second, other)


@pytest.fixture(scope="module")
def shared(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Serve a grant with a quota, which tells what was charged."""
    desk = Desk(tmp_path_factory.mktemp("repeats") / "world")
    shutil.copytree(founded, desk.folder, symlinks=True)
    desk.issue(rows_per_day=10_000_000)
    with pair(desk) as running:
        yield running


class Since(NamedTuple):
    """What was entered and charged before a test."""

    pair: Pair
    entered: Counter[str]
    charged: int

    def outcomes(self) -> dict[str, int]:
        """Count what was entered since."""
        return dict(Counter(self.pair.outcomes()) - self.entered)

    def rows(self) -> int:
        """Tell what was charged since."""
        return charged(self.pair.desk) - self.charged


@pytest.fixture
def two(shared: Pair) -> Pair:
    """Return the shared pair."""
    return shared


@pytest.fixture
def since(shared: Pair) -> Since:
    """Note what was entered and charged so far."""
    return Since(shared, Counter(shared.outcomes()), charged(shared.desk))


def charged(desk: Desk) -> int:
    """Return the rows charged to all grants."""
    if not (desk.provider / "state.sqlite").exists():
        return 0
    database = sqlite3.connect(desk.provider / "state.sqlite")
    try:
        (used,) = database.execute("SELECT coalesce(sum(used), 0) FROM quota").fetchone()
    finally:
        database.close()
    return int(used)


def patiently(caller: Asking, asked: v1.SealRequest) -> v1.SealResponse:
    """Ask again as long as another call works on it."""
    end = time.monotonic() + 20
    while True:
        try:
            return caller.stub.Seal(asked, timeout=30)
        except grpc.RpcError as error:
            if refusal_of(error).code != "REQUEST_IN_PROGRESS" or time.monotonic() > end:
                raise
        time.sleep(0.05)


def test_a_repeat_is_answered_with_the_very_same(two: Pair, since: Since) -> None:
    """By either worker; sealed, entered and charged once. An id is its caller's alone."""
    asked = two.first.sealing(many(3), request_id=str(uuid4()))
    told = [one.stub.Seal(asked, timeout=30) for one in (two.first, two.second, two.first)]
    assert told[0].records == 3
    assert told == [told[0]] * 3
    assert (since.outcomes(), since.rows()) == ({"ok": 1}, 3)
    assert two.other.stub.Seal(asked, timeout=30).envelope_id != told[0].envelope_id
    assert since.rows() == 6


def test_an_id_is_for_one_content(two: Pair, since: Since) -> None:
    """Another record, another purpose, another reference: each is another request."""
    request_id = str(uuid4())
    two.first.seal(request_id=request_id)
    for changes in ({"records": many(2)}, {"purpose": "x"}, {"reference": "2"}, {"suite": 2}):
        refusal = two.second.seal_refused(request_id=request_id, **changes)
        assert (refusal.code, refusal.status) == ("REQUEST_REPEATED", "ALREADY_EXISTS")
        assert refusal.request_id == request_id
    assert since.rows() == 1


def test_who_was_cut_off_since_gets_nothing_again(two: Pair, since: Since) -> None:
    """Blocked here or taken back by the issuer; it is entered. Let in again, it is the same."""
    grant = two.desk.issue("cut-off", rows_per_day=9).read_text("ascii").strip()
    asked = two.first.sealing(request_id=str(uuid4()), grant=grant)
    told = two.first.stub.Seal(asked, timeout=30)
    places = Places(two.desk.provider)
    set_block(places, requester=REQUESTER, grant=None, blocked=True)
    for caller in (two.first, two.second):
        assert caller.refused("Seal", asked).code == "TOKEN_BLOCKED"
    set_block(places, requester=REQUESTER, grant=None, blocked=False)
    assert two.second.stub.Seal(asked, timeout=30) == told
    claims = read_payload(asked.subject.grant)
    assert isinstance(claims, dict)
    Authority(two.desk.authority).revoke(claims["jti"])
    two.desk.share()
    assert two.first.refused("Seal", asked).code == "TOKEN_REVOKED"
    assert since.outcomes() == {"ok": 1, "TOKEN_BLOCKED": 2, "TOKEN_REVOKED": 1}
    assert since.rows() == 1


def test_of_many_at_once_one_is_sealed(two: Pair, since: Since) -> None:
    """Over both workers, all of them get its envelope."""
    asked = two.first.sealing(many(500), request_id=str(uuid4()))
    with ThreadPoolExecutor(16) as threads:
        callers = (two.first, two.second) * 8
        told = list(threads.map(lambda caller: patiently(caller, asked), callers))
    assert told == [told[0]] * 16
    assert (since.outcomes(), since.rows()) == ({"ok": 1}, 500)


def test_a_large_answer_is_not_kept_and_not_sealed_twice(two: Pair, since: Since) -> None:
    """Whoever lost it is told so."""
    asked = two.first.sealing(many(9_000), request_id=str(uuid4()))
    assert len(two.first.stub.Seal(asked, timeout=60).envelope) > MAX_ANSWER_BYTES
    for caller in (two.first, two.second):
        refusal = caller.refused("Seal", asked)
        assert refusal.code == "REQUEST_REPEATED"
        assert "too large" in refusal.message
    assert since.rows() == 9_000


def test_a_refused_request_leaves_its_id_free(two: Pair) -> None:
    """Corrected, it may be sent under the same one."""
    request_id = str(uuid4())
    assert two.first.seal_refused([{"sex": "x"}], request_id=request_id).code == "FIELD_INVALID"
    assert two.second.seal(request_id=request_id).records == 1
    assert two.first.seal_refused(request_id="no uuid").code == "REQUEST_MALFORMED"


def test_what_was_told_outlives_its_worker_and_its_sidecar(desk: Desk) -> None:
    """The other worker has it, the one that comes in its place, and the next service.

    What a killed worker had only reserved is sealed by the next one at once: nobody was
    handed anything. The charge of the one that died stays.
    """
    desk.issue(rows_per_day=100_000)
    with pair(desk) as two:
        asked = two.first.sealing(request_id=str(uuid4()))
        told = two.first.stub.Seal(asked, timeout=30)
        reserved = two.first.sealing(many(30_000), request_id=str(uuid4()))
        begun = two.first.stub.Seal.future(reserved, timeout=60)
        assert soon(lambda: _kept(desk) == 2)
        assert two.second.refused("Seal", reserved).code == "REQUEST_IN_PROGRESS"
        _kill(two.served, 0)
        assert two.second.stub.Seal(asked, timeout=30) == told
        assert patiently(two.second, reserved).records == 30_000
        error = begun.exception()
        assert isinstance(error, grpc.RpcError)
        assert refusal_of(error).code == "UNAVAILABLE"
        assert soon(lambda: _same(two.first, asked, told))
        assert two.served.end() == 0
    with pair(desk) as again:
        assert again.second.stub.Seal(asked, timeout=30) == told
        assert again.outcomes() == ["ok", "ok"]
    assert charged(desk) in (30_001, 60_001)


def _kept(desk: Desk) -> int:
    """Count the requests that are reserved or answered."""
    with closing(sqlite3.connect(desk.provider / "repeats.sqlite")) as database:
        (kept,) = database.execute("SELECT count(*) FROM repeat").fetchone()
    return int(kept)


def _kill(served: Sidecar, worker: int) -> None:
    parent = served.process.pid
    pids = Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()
    os.kill(int(sorted(pids, key=int)[worker]), signal.SIGKILL)


def _same(caller: Asking, asked: v1.SealRequest, told: v1.SealResponse) -> bool:
    with suppress(grpc.RpcError):
        return caller.stub.Seal(asked, timeout=30) == told
    return False
