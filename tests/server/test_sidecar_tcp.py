"""A sidecar on TCP: who comes with which certificate, and what becomes of it while it serves."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
import yaml

from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import Desk
from tests.gateway.ledger_shards import entries_of
from tests.server.asking import Asking, asking
from tests.server.loading import Load
from tests.server.papers import (
    PASSED,
    PAST,
    SPIFFE,
    Paper,
    authority,
    client,
    lay,
    odd_client,
    server,
)
from tests.server.sidecars import Sidecar, sidecar, soon
from tests.server.telling import Telling, free_address, sample
from tests.server.tls_peers import Served, tls

OTHER = "spiffe://qinglan.example/other-system"
DAY = 86_400


class Net(NamedTuple):
    """A sidecar with an open port, and the authority of its callers."""

    desk: Desk
    served: Sidecar
    port: int
    metrics: str
    of: Paper

    @contextmanager
    def caller(self, own: Paper | None, trusted: Paper | None = None) -> Iterator[Asking]:
        """Connect with a certificate."""
        pair = (None, None) if own is None else (own.key_pem, own.pem)
        credentials = grpc.ssl_channel_credentials((trusted or self.of).pem, *pair)
        with asking(f"localhost:{self.port}", self.desk, credentials) as made:
            yield made

    def code(self, own: Paper | None, trusted: Paper | None = None) -> str:
        """Seal over a connection of its own; return the code."""
        with self.caller(own, trusted) as made:
            return made.code()

    @property
    def tls(self) -> Path:
        """Return the folder of certificates and key."""
        return self.desk.provider / "tls"


def set_listening(
    net_node: Path, address: str, metrics: str, *callers: Mapping[str, object]
) -> None:
    """Write the port, the metrics' address and the callers into `node.yaml`."""
    file = net_node / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings |= {"listen": {"address": address}, "metrics": metrics, "callers": [*callers]}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")


CASE = {"name": "case-system", "may": ["seal"], "certificates": [SPIFFE]}


@contextmanager
def listening(desk: Desk, own_ends: int | None = None) -> Iterator[Net]:
    """Serve a provider on TCP too."""
    of, address, metrics = authority(), free_address(), free_address()
    now = int(time.time())
    own = server(of, begins=now - DAY, ends=own_ends or now + 90 * DAY)
    lay(desk.provider, of, own)
    set_listening(desk.provider, address, metrics, CASE)
    with sidecar(desk.provider) as served:
        yield Net(desk, served, int(address.rpartition(":")[2]), metrics, of)


@pytest.fixture
def net(desk: Desk) -> Iterator[Net]:
    """Serve a provider on TCP too."""
    with listening(desk) as running:
        yield running


def test_who_is_not_known_gets_no_call_through(net: Net, tmp_path: Path) -> None:
    """No certificate, a stranger's, an ended one, one to come, a server's; TLS 1.2."""
    stranger, now = authority(), int(time.time())
    for own in (
        None,
        client(stranger),
        client(net.of, begins=PAST, ends=PASSED),
        client(net.of, begins=now + DAY, ends=now + 2 * DAY),
        server(net.of),
    ):
        assert net.code(own) == "UNAVAILABLE"
    # Who is not the server that it trusts, a client does not talk to.
    assert net.code(client(net.of), trusted=stranger) == "UNAVAILABLE"
    peer, known = Served(net.desk.provider, net.port), client(net.of)
    with pytest.raises(OSError, match=r"(?i)alert|protocol|reset|EOF|handshake"):
        peer.shake(tls(tmp_path, known, net.of, ssl.TLSVersion.TLSv1_2))
    assert peer.shake(tls(tmp_path, known, net.of, ssl.TLSVersion.TLSv1_3)).version == "TLSv1.3"
    assert entries_of(net.desk.provider, "seal") == []


def test_a_certificate_is_one_callers_or_nobodys(net: Net) -> None:
    """Mapped, it may call; well issued and mapped to none, each call is refused."""
    assert net.code(client(net.of)) == "OK"
    for own in (client(net.of, OTHER), client(net.of, None), odd_client(net.of, [SPIFFE, OTHER])):
        with net.caller(own) as nobody:
            refusal = nobody.seal_refused()
            assert (refusal.code, refusal.status) == ("CALLER_FORBIDDEN", "PERMISSION_DENIED")
            assert nobody.refused("GetStatus", v1.GetStatusRequest()).code == "CALLER_FORBIDDEN"
    with asking(net.served.target(), net.desk) as local:
        local.seal()
    entries = entries_of(net.desk.provider, "seal")
    # By either way in it is the same caller.
    assert [one["private"]["caller"] for one in entries] == ["case-system"] * 2


def test_certificates_are_renewed_while_calls_run(net: Net) -> None:
    """New ones, and another authority of callers, count without a restart; no call fails."""
    renewed = authority("renewed")
    load = Load()
    with net.caller(client(net.of)) as steady:
        for step in range(60):
            load.sealed.append(steady.seal())
            if step == 20:
                lay(net.desk.provider, net.of, server(renewed), renewed)
        assert net.code(client(renewed), trusted=renewed) == "OK"
        assert net.code(client(net.of), trusted=renewed) == "OK"
        # An authority that is taken out lets nobody in any more; who is in stays.
        lay(net.desk.provider, renewed, server(renewed))
        assert net.code(client(net.of), trusted=renewed) == "UNAVAILABLE"
        assert steady.code() == "OK"
    (net.tls / "server.key").write_text("broken")
    assert net.code(client(renewed), trusted=renewed) == "OK"
    with net.caller(client(renewed), trusted=renewed) as caller:
        told = _condition(caller, "certificates")
        # The good ones serve on.
        assert told.state == v1.CONDITION_STATE_WARNING
        assert "not taken over" in told.text
    assert len(load.envelopes) == 60


def test_a_caller_that_was_removed_loses_its_way_in(net: Net) -> None:
    """By TCP as by its socket, also over a connection that stands."""
    other = {"name": "other", "may": ["seal"], "certificates": [OTHER]}
    address, mapped = f"127.0.0.1:{net.port}", client(net.of)
    with net.caller(mapped) as case_system, net.caller(client(net.of, OTHER)) as another:
        assert (case_system.code(), another.code()) == ("OK", "CALLER_FORBIDDEN")
        set_listening(net.desk.provider, address, net.metrics, other)
        assert soon(lambda: (case_system.code(), another.code()) == ("CALLER_FORBIDDEN", "OK"))
        assert soon(lambda: not (net.served.sockets / "case-system/worker-0.sock").exists())
        # By the fingerprint of one certificate alone.
        one = {"name": "case-system", "may": ["seal"], "certificates": [mapped.fingerprint]}
        set_listening(net.desk.provider, address, net.metrics, one)
        assert soon(lambda: (case_system.code(), another.code()) == ("OK", "CALLER_FORBIDDEN"))
        assert net.code(client(net.of)) == "CALLER_FORBIDDEN"


def _condition(caller: Asking, name: str) -> v1.Condition:
    told = caller.stub.GetStatus(v1.GetStatusRequest(), timeout=30)
    (found,) = [one for one in told.conditions if one.name == name]
    return found


def test_a_certificate_that_ends_soon_is_warned_of(desk: Desk) -> None:
    """Ten days before, in the status and in the metrics; calls go on."""
    with listening(desk, own_ends=int(time.time()) + 10 * DAY + 3600) as net:
        with net.caller(client(net.of)) as caller:
            warned = _condition(caller, "certificates")
            assert warned.state == v1.CONDITION_STATE_WARNING
            assert "10" in warned.text
            assert caller.code() == "OK"
        scraper = Telling({"file": {"metrics": net.metrics}}, net.served.process)
        name, labels = "sealgate_certificate_days_left", {"certificate": "server"}
        assert soon(lambda: sample(scraper.scrape(), name, **labels) is not None)
        assert 9 < (sample(scraper.scrape(), name, **labels) or 0) < 11
