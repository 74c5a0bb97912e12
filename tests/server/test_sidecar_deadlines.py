"""Long calls: their deadlines end them, they keep nobody waiting, and nobody has too many."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.server.committing import MAX_LONG_CALLS
from gateway.server.service import MAX_SHORT_BYTES
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import Desk
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import Asking, asking, refusal_of
from tests.server.sidecars import Sidecar, set_callers, sidecar, soon

RECORDS, FEWER = 100_000, 30_000
# Each takes seconds: every note has to be searched.
ROW = {"name": "张三丰", "visit_note": "联系13800138000"}
DEADLINE = 0.2
# A second, and what a loaded machine adds.
ENDED_SECONDS = 3.0
HEALTH_SECONDS = 2.0
# Calls that were left end at their next look at the time; this is much more.
LEFT_SECONDS = 60


@pytest.fixture
def served(desk: Desk) -> Iterator[tuple[Sidecar, Desk]]:
    """Serve a caller with a grant on notes."""
    desk.issue(fields=tuple(ROW))
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    with sidecar(desk.provider) as running:
        yield running, desk


def _notes(count: int) -> bytes:
    row = json.dumps(ROW, ensure_ascii=False).encode()
    data = b"[" + b",".join([row] * count) + b"]"
    assert len(data) > MAX_SHORT_BYTES
    return data


def _health(served: Sidecar) -> float:
    """Ask for health; return the seconds that it took."""
    with grpc.insecure_channel(served.target("a")) as channel:
        begun = time.monotonic()
        asking = health_pb2_grpc.HealthStub(channel)
        answer = getattr(asking, "Check")(health_pb2.HealthCheckRequest(), timeout=30)  # noqa: B009
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        return time.monotonic() - begun


def test_a_deadline_ends_a_long_call(served: tuple[Sidecar, Desk]) -> None:
    """The caller is told at its time, and the sidecar stops working on it soon after."""
    running, desk = served
    with asking(running.target("a"), desk) as caller:
        # The search for identifiers is loaded with the first note.
        assert caller.seal([ROW]).records == 1
        sent = caller.sealing(_notes(RECORDS))
        begun = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            caller.stub.Seal(sent, timeout=DEADLINE)
        assert refusal_of(caught.value).code == "DEADLINE_EXCEEDED"
        assert time.monotonic() - begun < 1
        assert soon(lambda: "DEADLINE_EXCEEDED" in _outcomes(desk))
        assert caller.seal([ROW]).records == 1
    assert running.end() == 0
    lines = [json.loads(line) for line in running.errors.splitlines()]
    (ended,) = [line for line in lines if line.get("code") == "DEADLINE_EXCEEDED"]
    assert ended["status"] == "DEADLINE_EXCEEDED"
    assert ended["duration_ms"] < ENDED_SECONDS * 1000
    assert _outcomes(desk) == ["ok", "DEADLINE_EXCEEDED", "ok"]


def _outcomes(desk: Desk) -> list[str]:
    return [str(entry["shared"]["outcome"]) for entry in entries_of(desk.provider, "seal")]


def test_long_calls_keep_nobody_waiting(served: tuple[Sidecar, Desk]) -> None:
    """As many as may run: health and short calls are answered, the next one is told why not."""
    running, desk = served
    notes = _notes(FEWER)
    with ExitStack() as stack:
        callers = [
            stack.enter_context(asking(running.target("a"), desk))
            for _ in range(MAX_LONG_CALLS + 1)
        ]
        assert callers[0].seal([ROW]).records == 1
        sent = callers[0].sealing(notes)
        calls: dict[int, Any] = {}

        def full() -> bool:
            for place, one in enumerate(callers[1:]):
                if place not in calls or calls[place].done():
                    # It was told that there are too many: one of ours that was left.
                    calls[place] = one.stub.Seal.future(sent, timeout=120)
            return _outcome(callers[0], sent) == "LIMIT_EXCEEDED"

        assert soon(full)
        refusal = callers[0].seal_refused(notes)
        assert (refusal.code, refusal.status) == ("LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED")
        assert sorted(_health(running) for _ in range(5))[2] < HEALTH_SECONDS
        assert callers[0].seal([ROW]).records == 1
        assert not all(one.done() for one in calls.values())
        for call in calls.values():
            call.cancel()
        # Whoever leaves makes room, long before its call would have ended.
        assert soon(lambda: _outcome(callers[0], sent) != "LIMIT_EXCEEDED")
        end = time.monotonic() + LEFT_SECONDS
        while _outcomes(desk).count("DEADLINE_EXCEEDED") < MAX_LONG_CALLS - 1:
            assert time.monotonic() < end
            time.sleep(0.1)
    assert set(_outcomes(desk)) == {"ok", "DEADLINE_EXCEEDED"}
    assert running.end() == 0


def test_calls_that_were_left_keep_no_sidecar_from_ending(served: tuple[Sidecar, Desk]) -> None:
    """They are entered as ended, and then it ends."""
    running, desk = served
    with ExitStack() as stack:
        callers = [stack.enter_context(asking(running.target("a"), desk)) for _ in range(4)]
        sent = callers[0].sealing(_notes(FEWER))
        assert callers[0].seal([ROW]).records == 1
        calls: list[Any] = [one.stub.Seal.future(sent, timeout=120) for one in callers]
        time.sleep(1)
        for call in calls:
            call.cancel()
        assert running.end() == 0
    assert _outcomes(desk) == ["ok", *["DEADLINE_EXCEEDED"] * 4]


def _outcome(caller: Asking, sent: v1.SealRequest) -> str:
    """Make a long call, and leave it if it is let in."""
    try:
        caller.stub.Seal(sent, timeout=1)
    except grpc.RpcError as error:
        return refusal_of(error).code
    return "OK"
