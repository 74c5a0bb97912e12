"""A sidecar whose policy changes while many call, and while another process holds its ledger."""

import signal
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.stores.shards import list_shards
from tests.cli.command import Desk
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import asking
from tests.server.loading import Load, loading
from tests.server.papers import put
from tests.server.sidecars import PATIENCE, Sidecar, set_callers, sidecar, soon

CALLERS = ({"name": "a", "may": ["seal"]}, {"name": "b", "may": ["seal"]})


def _policies(desk: Desk) -> Sequence[bytes]:
    old = (desk.provider / "policy.yaml").read_bytes()
    new = old.replace(b"version: 1\n", b"version: 2\n")
    assert new != old
    return old, new


def _change(desk: Desk, served: Sidecar, content: bytes) -> None:
    put(desk.provider / "policy.yaml", content)
    served.process.send_signal(signal.SIGHUP)


def _goes_on(load: Load) -> bool:
    before = len(load.sealed)
    return soon(lambda: len(load.sealed) >= before + 60)


def test_a_change_that_many_calls_come_upon_is_entered_once(desk: Desk) -> None:
    """However many were on their way when it was seen first."""
    set_callers(desk.provider, CALLERS)
    old, new = _policies(desk)
    with sidecar(desk.provider) as served:
        with loading(desk, [served.target("a")], threads=24) as load:
            assert _goes_on(load)
            for content in (new, old, new):
                _change(desk, served, content)
                assert _goes_on(load)
        assert served.end() == 0
    assert load.refused == []
    entered = [
        one["private"]["detail"] for one in entries_of(desk.provider, "policy", writer="worker-0")
    ]
    assert all(one != other for one, other in pairwise(entered))
    assert len(entered) == 4


def test_a_change_keeps_nobody_waiting_while_another_process_holds_the_ledger(desk: Desk) -> None:
    """Calls that cannot be entered wait and are refused; the others are answered at once."""
    set_callers(desk.provider, CALLERS)
    _, new = _policies(desk)
    with sidecar(desk.provider) as served, asking(served.target("b"), desk) as other:
        assert other.code() == "OK"
        (shard,) = (
            one for one in list_shards(desk.provider / "ledger") if one.name.startswith("worker-0")
        )
        codes: list[str] = []
        with (
            asking(served.target("a"), desk) as caller,
            closing(sqlite3.connect(shard, isolation_level=None)) as foreign,
        ):
            health: Any = health_pb2_grpc.HealthStub(other.channel)
            foreign.execute("BEGIN IMMEDIATE")
            calls = [threading.Thread(target=lambda: codes.append(caller.code())) for _ in range(4)]
            calls[0].start()
            _change(desk, served, new)
            longest, end = 0.0, time.monotonic() + 3
            while time.monotonic() < end:
                for one in calls:
                    if one.ident is None:
                        one.start()
                        break
                begun = time.monotonic()
                health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
                longest = max(longest, time.monotonic() - begun)
                time.sleep(0.1)
            foreign.execute("ROLLBACK")
            for one in calls:
                one.join(PATIENCE)
                assert not one.is_alive()
        assert longest < 1.5
        assert set(codes) <= {"OK", "LEDGER_UNAVAILABLE"}
        assert len(codes) == len(calls)
        assert soon(lambda: other.code() == "OK")
        assert served.end() == 0
