"""Who gets through mutual TLS, and as whom: real handshakes with a real server."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from grpc_health.v1 import health_pb2

from tests.server.papers import (
    END,
    FUTURE,
    PASSED,
    SPIFFE,
    Paper,
    authority,
    client,
    lay,
    odd_client,
    server,
)
from tests.server.tls_peers import Served, plainly, served, tls, write_node

OTHER = "spiffe://qinglan.example/other"


class Scene(NamedTuple):
    """A server that runs, the authority behind it, and a client known by its fingerprint."""

    served: Served
    of: Paper
    pinned: Paper


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Serve two callers: one by SPIFFE URI, one by fingerprint."""
    folder, of = tmp_path_factory.mktemp("tls"), authority()
    pinned = client(of, None)
    lay(folder, of, server(of))
    write_node(folder, **{"case-system": SPIFFE, "desk": pinned.fingerprint})
    with served(folder) as running:
        yield Scene(running, of, pinned)


def test_a_caller_is_known_by_uri_or_fingerprint(scene: Scene) -> None:
    """Also a renewed certificate of the same URI."""
    for own, name in (
        (client(scene.of), "case-system"),
        (client(scene.of), "case-system"),
        (scene.pinned, "desk"),
    ):
        assert scene.served.who(own, scene.of) == name


def test_health_is_told_over_tls(scene: Scene) -> None:
    """By the standard service."""
    own = client(scene.of)
    credentials = grpc.ssl_channel_credentials(scene.of.pem, own.key_pem, own.pem)
    with grpc.secure_channel(f"localhost:{scene.served.port}", credentials) as channel:
        answer = plainly(channel, "/grpc.health.v1.Health/Check")
    told = health_pb2.HealthCheckResponse.FromString(answer)
    assert told.status == health_pb2.HealthCheckResponse.SERVING


WRONG: dict[str, Callable[[Paper], Paper | None]] = {
    "expired": lambda of: client(of, ends=PASSED),
    "not yet valid": lambda of: client(of, begins=FUTURE),
    "of an unknown authority": lambda _: client(authority("another")),
    "of an authority of the same name": lambda _: client(authority()),
    "a server's": server,
    "issued by a leaf": lambda of: client(client(of)),
    "none": lambda _: None,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_certificate_does_not_get_through(scene: Scene, wrong: str) -> None:
    """The connection is not made; no call is ever looked at."""
    assert scene.served.who(WRONG[wrong](scene.of), scene.of) == "UNAVAILABLE"


@pytest.mark.parametrize("wrong", [name for name in WRONG if name != "none"])
def test_a_wrong_certificate_ends_a_bare_handshake(
    scene: Scene, wrong: str, tmp_path: Path
) -> None:
    """Whatever the client's library makes of it."""
    own = WRONG[wrong](scene.of)
    assert own is not None
    with pytest.raises(OSError):  # noqa: PT011 - an alert, an end or a reset, as it happens
        scene.served.shake(tls(tmp_path, own, scene.of, ssl.TLSVersion.TLSv1_3))


UNMAPPED: dict[str, Callable[[Paper], Paper]] = {
    "another URI": lambda of: client(of, OTHER),
    "no URI": lambda of: client(of, None),
    "two SPIFFE URIs": lambda of: odd_client(of, (SPIFFE, OTHER)),
    "the same URI twice": lambda of: odd_client(of, (SPIFFE, SPIFFE)),
    "a SPIFFE URI and another": lambda of: odd_client(of, (SPIFFE, "https://qinglan.example/")),
    "another case": lambda of: odd_client(of, (SPIFFE.replace("case", "Case"),)),
    "a longer path": lambda of: client(of, f"{SPIFFE}/more"),
}


@pytest.mark.parametrize("unmapped", UNMAPPED)
def test_an_unmapped_certificate_is_nobody(scene: Scene, unmapped: str) -> None:
    """The connection is made, and the call refused."""
    assert scene.served.who(UNMAPPED[unmapped](scene.of), scene.of) == "PERMISSION_DENIED"


def test_a_client_without_tls_gets_no_answer(scene: Scene) -> None:
    """Nothing is served in the clear."""
    with grpc.insecure_channel(f"localhost:{scene.served.port}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            plainly(channel, "/test/Who")
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_what_a_stranger_asks_for_is_not_logged(scene: Scene, tmp_path: Path) -> None:
    """gRPC would log each server's name that it does not know; `served` looks at what it did."""
    context = tls(tmp_path, client(scene.of), scene.of, ssl.TLSVersion.TLSv1_3)
    context.check_hostname = False
    assert scene.served.shake(context, name="words.from.outside").version == "TLSv1.3"


def test_tls_1_3_shakes_hands_and_1_2_does_not(scene: Scene, tmp_path: Path) -> None:
    """With a certificate that is right, and every suite that a client may offer."""
    own = client(scene.of)
    shaken = scene.served.shake(tls(tmp_path, own, scene.of, ssl.TLSVersion.TLSv1_3))
    assert shaken.version == "TLSv1.3"
    with pytest.raises(OSError):  # noqa: PT011 - an alert, an end or a reset, as it happens
        scene.served.shake(tls(tmp_path, own, scene.of, ssl.TLSVersion.TLSv1_2))


def test_without_preparation_tls_1_2_would_shake_hands(tmp_path: Path) -> None:
    """So that the test above tells something."""
    of = authority()
    lay(tmp_path, of, server(of))
    write_node(tmp_path, **{"case-system": SPIFFE})
    with served(tmp_path, "--unprepared") as running:
        context = tls(tmp_path, client(of, ends=END), of, ssl.TLSVersion.TLSv1_2)
        assert running.shake(context).version == "TLSv1.2"
