"""A clock that is wrong, on either side: what was issued at other times is refused for it.

A process's clock cannot be moved without moving the machine's. So the others' are: what
trust data, grants and envelopes say of the time is as wrong as if this clock were.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.authority import Authority
from gateway.config import Places
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.stores.trust_folder import install_trust
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import Desk
from tests.server.asking import Asking, Refusal, asking
from tests.server.forging import DiskForge, Issuer, now
from tests.server.sidecars import Sidecar, set_callers, sidecar, soon

MINUTE, DAY = 60, 86_400
# What `MAX_SKEW` allows clocks to differ by, in seconds.
SKEW = 60


class Live(NamedTuple):
    """A provider and a requester that are served."""

    desk: Desk
    served: Sidecar
    sealing: Asking
    opening: Asking


@pytest.fixture
def live(desk: Desk) -> Iterator[Live]:
    """Serve both."""
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    set_callers(desk.requester, [{"name": "desk", "may": ["open"]}])
    with (
        sidecar(desk.provider) as provider,
        sidecar(desk.requester) as requester,
        asking(provider.target("a"), desk) as sealing,
        asking(requester.target("desk"), desk) as opening,
    ):
        yield Live(desk, provider, sealing, opening)


def _publish(desk: Desk, seconds: int, node: Path) -> None:
    """Publish trust data by a clock that is ahead by so much, and bring it to a node."""
    at = system_clock() + seconds * 1000
    Authority(desk.authority, clock=lambda: at).publish()
    files = read_folder(Places(desk.authority).trust, TRUST_SUFFIXES)
    install_trust(Places(node).trust, files, at // 1000)


def _serving(served: Sidecar) -> bool:
    with grpc.insecure_channel(served.target("a")) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = getattr(stub, "Check")(health_pb2.HealthCheckRequest(), timeout=30)  # noqa: B009
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _failed(caller: Asking) -> set[str]:
    told = caller.stub.GetStatus(v1.GetStatusRequest(), timeout=30)
    return {one.name for one in told.conditions if one.state == v1.CONDITION_STATE_FAILED}


def test_trust_data_of_another_time_stops_calls(live: Live) -> None:
    """Ended, or not yet issued by this clock; health says so, and fresh data mends it."""
    assert live.sealing.code() == "OK"
    # Thirty days is its term: so it ended a moment ago.
    _publish(live.desk, -30 * DAY - MINUTE, live.desk.provider)
    refusal = _refused_for_it(live, "trust")
    assert (refusal.code, refusal.retry_seconds) == ("TRUST_STALE", 60)
    _publish(live.desk, 0, live.desk.provider)
    assert live.sealing.code() == "OK"
    assert soon(lambda: _serving(live.served))
    _publish(live.desk, SKEW * 10, live.desk.provider)
    # Its status list cannot be believed, so that none of it is.
    refusal = _refused_for_it(live, "clock")
    assert refusal.code == "CATALOGUE_INVALID"
    assert "from the future" in refusal.message


def _refused_for_it(live: Live, condition: str) -> Refusal:
    refusal = live.sealing.seal_refused()
    assert condition in _failed(live.sealing)
    assert soon(lambda: not _serving(live.served))
    return refusal


def test_grants_and_envelopes_count_at_their_times(live: Live) -> None:
    """Clocks may differ by a minute and by no more, on either side."""
    issuer, forge, at = Issuer(live.desk), DiskForge(live.desk), now()
    grants: list[tuple[int, int, str]] = [
        (-9 * DAY, SKEW // 2, "OK"),
        (-9 * DAY, -SKEW // 2, "OK"),
        (-9 * DAY, -SKEW * 2, "TOKEN_EXPIRED"),
        (SKEW // 2, DAY, "OK"),
        (SKEW * 2, DAY, "TOKEN_NOT_YET_VALID"),
    ]
    for begins, ends, code in grants:
        grant = issuer.token(iat=min(at, at + begins), nbf=at + begins, exp=at + ends)
        assert live.sealing.code(grant=grant) == code
    made: Callable[..., bytes] = forge.envelope
    envelopes = [
        (SKEW // 2, DAY, "OK"),
        (SKEW * 2, DAY, "ENVELOPE_FROM_FUTURE"),
        (-1, 0, "ENVELOPE_EXPIRED"),
        (0, 8 * DAY, "ENVELOPE_MALFORMED"),
    ]
    for created, ends, code in envelopes:
        times = {"created": (now() + created) * 1000, "expires": (now() + ends) * 1000}
        asked = v1.OpenRequest(envelope=made(forge.header(**times)))
        if code == "OK":
            assert live.opening.stub.Open(asked, timeout=30).manifest
        else:
            assert live.opening.refused("Open", asked).code == code
