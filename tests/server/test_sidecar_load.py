"""A sidecar under load whose policy changes, whose disk fills up, whose worker dies, which ends."""

import json
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.node import Node
from gateway.stores.probes import PROBE_BYTES
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import ROW, Desk, call
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import asking
from tests.server.loading import Load, loading
from tests.server.papers import put
from tests.server.sidecars import Sidecar, about, set_callers, short_folder, sidecar, soon, started

CALLER = ({"name": "a", "may": ["seal"]},)
# What leaves of an address by either policy.
KEPT, HIDDEN = f"{ROW['address'][:6]}{'*' * (len(ROW['address']) - 6)}", "***"


def _policies(desk: Desk) -> tuple[bytes, bytes]:
    """Return the policy as it is, and the next version of it, which hides addresses."""
    old = (desk.provider / "policy.yaml").read_bytes()
    new = old.replace(b"version: 1\n", b"version: 2\n").replace(
        b"    address: partial\n", b"    address: {op: redact}\n"
    )
    assert len({old, new}) == 2
    return old, new


def _entries(desk: Desk) -> list[dict[str, object]]:
    """Read what was entered of calls."""
    return [entry["shared"] for entry in entries_of(desk.provider, "seal")]


def _entered(desk: Desk) -> set[str]:
    return {str(one["envelope"]) for one in _entries(desk) if one["outcome"] == "ok"}


def _workers(served: Sidecar) -> list[int]:
    parent = served.process.pid
    return sorted(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


def _goes_on(load: Load, calls: int = 20) -> bool:
    """Wait until some more calls were answered."""
    before = len(load.sealed)
    return soon(lambda: len(load.sealed) >= before + calls)


def test_each_call_is_decided_by_one_policy(desk: Desk) -> None:
    """Old or new, in manifest, records and ledger alike; a broken one replaces none."""
    set_callers(desk.provider, CALLER)
    old, new = _policies(desk)
    policy = desk.provider / "policy.yaml"
    with sidecar(desk.provider) as served:
        with loading(desk, [served.target("a")]) as load:
            for content in (old, new, b"policy: [broken", old, new, old):
                put(policy, content)
                served.process.send_signal(signal.SIGHUP)
                assert _goes_on(load)
        assert served.end() == 0
    assert load.refused == []
    fields = {
        str(one["envelope"]): dict(_pairs(one["fields"])) | {"policy": one["policy"]}
        for one in _entries(desk)
    }
    seen = set()
    with Node(desk.requester) as node:
        for sealed in load.sealed:
            opened = node.open(sealed.envelope)
            (row,) = json.loads(opened.records)
            entered = fields[sealed.envelope_id.hex()]
            treated = {one.id: one.treatment["op"] for one in opened.manifest.fields}
            assert entered["policy"] == opened.manifest.policy
            assert entered["address"] == treated["address"]
            seen.add((opened.manifest.policy, row["address"]))
    assert seen == {("civil-affairs-default@1", KEPT), ("civil-affairs-default@2", HIDDEN)}


def _pairs(fields: object) -> list[list[str]]:
    assert isinstance(fields, list)
    return fields


def test_calls_that_were_begun_are_answered_at_the_end(desk: Desk) -> None:
    """What is in the ledger was handed out, all of it; what comes later is not begun."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider) as served:
        with loading(desk, [served.target("a")], threads=16) as load:
            assert _goes_on(load)
            assert served.end() == 0
        assert "Traceback" not in served.errors
    # gRPC takes back with CANCELLED what reached it at the last moment.
    assert set(load.refused) <= {"UNAVAILABLE", "CANCELLED"}
    logged = [json.loads(line) for line in served.errors.splitlines()]
    assert {one["code"] for one in logged if one["event"] == "call"} == {"OK"}
    assert _entered(desk) == load.envelopes
    assert len(load.envelopes) == len(load.sealed)


def test_a_worker_that_is_killed_takes_no_other_with_it(desk: Desk) -> None:
    """Its calls fail, nothing that anybody got is missing in a ledger, and it comes back."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider, workers=2) as served:
        first, second = (
            f"unix:{served.sockets / 'a' / f'worker-{worker}.sock'}" for worker in (0, 1)
        )
        with loading(desk, [first]) as struck, loading(desk, [second]) as other:
            assert _goes_on(struck)
            assert _goes_on(other)
            killed = _workers(served)[0]
            os.kill(killed, signal.SIGKILL)
            assert soon(lambda: bool(struck.refused))
            assert _goes_on(other)
            assert soon(lambda: len(_workers(served)) == 2)
            assert _goes_on(struck)
        assert killed not in _workers(served)
        assert served.end() == 0
    assert set(struck.refused) == {"UNAVAILABLE"}
    assert other.refused == []
    assert _entered(desk) >= struck.envelopes | other.envelopes


def test_a_caller_that_leaves_keeps_nobody_waiting(desk: Desk) -> None:
    """Its stream may come to its end; meanwhile others are let in, itself again among them."""
    one, other, third = ({"name": name, "may": ["seal"]} for name in "abc")
    set_callers(desk.provider, [one, other])
    ended = threading.Event()

    def silence() -> Iterator[v1.SealStreamRequest]:
        yield v1.SealStreamRequest(subject=v1.SealSubject(**about(desk)))
        ended.wait(30)
        yield v1.SealStreamRequest(records=json.dumps([ROW]).encode())

    with sidecar(desk.provider) as served, asking(served.target("b"), desk) as leaving:
        stream = leaving.stub.SealStream(silence(), timeout=60)
        assert leaving.code() == "OK"
        for callers in ([one, third], [one, other]):
            set_callers(desk.provider, callers)
            name = str(callers[1]["name"])
            assert soon((served.sockets / name / "worker-0.sock").is_socket)
            with asking(served.target(name), desk) as caller:
                assert soon(lambda: caller.code() == "OK")
        ended.set()
        assert [part.number for part in stream] == [1]
        assert served.end() == 0


def _full_by_limit(desk: Desk, served: Sidecar) -> Callable[[], None]:
    """Let the worker's files grow no further, in the middle of a page."""
    (worker,) = _workers(served)
    _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    (log,) = (desk.provider / "ledger").glob("worker-0-*-wal")
    # Less than what is looked at for health, which would still fit else.
    size = min(log.stat().st_size, PROBE_BYTES // 2)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (size + 100, hard))

    def free() -> None:
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (hard, hard))

    return free


def _gone(desk: Desk, _: Sidecar) -> Callable[[], None]:
    """Put a file into the place of the ledger's folder."""
    ledger, aside = desk.provider / "ledger", desk.provider / "aside"
    ledger.rename(aside)
    ledger.touch()

    def free() -> None:
        ledger.unlink()
        aside.rename(ledger)

    return free


@pytest.mark.parametrize("fill", [_full_by_limit, _gone])
def test_where_the_ledger_cannot_be_written_nothing_leaves(
    desk: Desk, fill: Callable[[Desk, Sidecar], Callable[[], None]]
) -> None:
    """Every call is refused, health says so, and it goes on once there is room."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider) as served:
        target = served.target("a")
        with asking(target, desk) as caller:
            sealed = {caller.seal().envelope_id.hex() for _ in range(5)}
        free = fill(desk, served)
        with loading(desk, [target]) as load, asking(target, desk) as caller:
            assert soon(lambda: len(load.refused) > 100)
            assert soon(lambda: not caller.stub.GetStatus(v1.GetStatusRequest()).ready)
            told = caller.stub.GetStatus(v1.GetStatusRequest())
            failed = {one.name: one.code for one in told.conditions if one.code}
            assert failed["ledger"] == "LEDGER_UNAVAILABLE"
            refusal = caller.seal_refused()
            assert (refusal.code, refusal.retry_seconds) == ("LEDGER_UNAVAILABLE", 1)
            assert load.sealed == []
            assert set(load.refused) == {"LEDGER_UNAVAILABLE"}
            free()
            assert _goes_on(load)
            assert soon(lambda: caller.stub.GetStatus(v1.GetStatusRequest()).ready)
        assert set(load.refused) == {"LEDGER_UNAVAILABLE"}
        assert served.end() == 0
    assert _entered(desk) == sealed | load.envelopes


def test_a_broken_store_of_repeats_is_told(desk: Desk) -> None:
    """It is a condition of the node, and a sidecar does not begin without it."""
    set_callers(desk.provider, CALLER)
    assert call("health", "--node", desk.provider).status == 0
    (desk.provider / "repeats.sqlite").write_bytes(b"broken" * 4000)
    told = call("health", "--node", desk.provider)
    assert told.status == 3
    assert "stores" in told.out
    assert "SQLITE_NOTADB" in told.out
    with short_folder() as sockets:
        process = started(desk.provider, sockets)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "LEDGER_UNAVAILABLE" in errors
