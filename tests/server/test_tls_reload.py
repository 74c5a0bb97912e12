"""Certificates and keys are taken over by a server that runs; broken ones never are."""

import hashlib
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.server.papers import (
    PASSED,
    SPIFFE,
    Paper,
    authority,
    client,
    lay,
    put,
    server,
)
from tests.server.tls_peers import Served, served, tls, write_node


class Scene(NamedTuple):
    """A server that runs, what it has, and where its files lie."""

    served: Served
    of: Paper
    own: Paper
    place: Path

    def call(self) -> str:
        """Call as a new client."""
        return self.served.who(client(self.of), self.of)

    def problem(self) -> str:
        """Ask for what is wrong with the files, by a connection of its own."""
        return self.served.who(client(self.of), self.of, "Problem")

    def shown(self, folder: Path) -> str:
        """Return the fingerprint of the certificate that the server shows."""
        context = tls(folder, client(self.of), self.of, ssl.TLSVersion.TLSv1_3)
        certificate = self.served.shake(context).certificate
        return f"sha256:{hashlib.sha256(certificate).hexdigest()}"


@contextmanager
def running(folder: Path) -> Iterator[Scene]:
    """Serve one caller."""
    of = authority()
    own = server(of)
    place = lay(folder, of, own)
    write_node(folder, **{"case-system": SPIFFE})
    with served(folder) as served_:
        yield Scene(served_, of, own, place)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Serve one caller, for one test."""
    with running(tmp_path) as found:
        yield found


def test_a_new_certificate_and_key_count_at_the_next_connection(
    scene: Scene, tmp_path: Path
) -> None:
    """Without a restart."""
    assert scene.shown(tmp_path) == scene.own.fingerprint
    renewed = server(scene.of)
    renewed.write(scene.place, "server")
    assert scene.shown(tmp_path) == renewed.fingerprint
    assert scene.problem() == ""


def test_a_key_alone_changes_nothing_until_its_certificate_comes(
    scene: Scene, tmp_path: Path
) -> None:
    """The order in which they come does not matter: a pair that does not fit is not taken."""
    renewed = server(scene.of)
    put(scene.place / "server.key", renewed.key_pem)
    assert scene.shown(tmp_path) == scene.own.fingerprint
    assert "server.key is not the key of the certificate in " in scene.problem()
    put(scene.place / "server.crt", renewed.pem)
    assert scene.shown(tmp_path) == renewed.fingerprint
    assert scene.problem() == ""


def test_a_new_authority_is_trusted_and_an_old_one_no_more(scene: Scene) -> None:
    """First both, then the new one alone."""
    newer = authority("newer")
    before, after = client(scene.of), client(newer)
    assert scene.served.who(after, scene.of) == "UNAVAILABLE"
    put(scene.place / "ca.crt", scene.of.pem + newer.pem)
    assert [scene.served.who(own, scene.of) for own in (before, after)] == ["case-system"] * 2
    put(scene.place / "ca.crt", newer.pem)
    assert scene.served.who(before, scene.of) == "UNAVAILABLE"
    assert scene.served.who(after, scene.of) == "case-system"


def test_sessions_of_an_old_authority_are_not_resumed(scene: Scene, tmp_path: Path) -> None:
    """A ticket given under it opens nothing once another took its place."""
    context = tls(tmp_path, client(scene.of), scene.of, ssl.TLSVersion.TLSv1_3)
    first = scene.served.shake(context)
    assert scene.served.shake(context, first.session).resumed
    put(scene.place / "ca.crt", authority("newer").pem)
    with pytest.raises(OSError):  # noqa: PT011 - an alert, an end or a reset, as it happens
        scene.served.shake(context, first.session)


BROKEN: dict[str, Callable[[Scene], None]] = {
    "server.crt": lambda scene: put(scene.place / "server.crt", b"nothing"),
    "server.key": lambda scene: (scene.place / "server.key").unlink(),
    "ca.crt": lambda scene: put(scene.place / "ca.crt", b""),
    "ended at": lambda scene: server(scene.of, ends=PASSED).write(scene.place, "server"),
    "P-256": lambda scene: server(scene.of, curve=ec.SECP384R1()).write(scene.place, "server"),
    "chmod 600": lambda scene: (scene.place / "server.key").chmod(0o644),
}


@pytest.mark.parametrize("told", BROKEN)
def test_a_broken_file_never_replaces_a_good_one(scene: Scene, told: str) -> None:
    """The server goes on with what it had, says what is wrong, and heals when it is repaired."""
    BROKEN[told](scene)
    assert scene.call() == "case-system"
    assert told in scene.problem()
    assert scene.call() == "case-system"
    (scene.place / "server.key").unlink(missing_ok=True)
    lay(scene.served.folder, scene.of, server(scene.of))
    assert scene.problem() == ""
    assert scene.call() == "case-system"


def test_no_connection_fails_while_files_change(scene: Scene) -> None:
    """Many at once, through renewals in pieces and back to a file that is none."""
    own, stop = client(scene.of), time.monotonic() + 1.5

    def call(_: int) -> list[str]:
        found = []
        while time.monotonic() < stop:
            found.append(scene.served.who(own, scene.of))
        return found

    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(call, range(4))
        for _ in range(20):
            server(scene.of).write(scene.place, "server")
            put(scene.place / "ca.crt", b"nothing")
            time.sleep(0.03)
            put(scene.place / "ca.crt", scene.of.pem)
            time.sleep(0.03)
        found = [answer for each in answers for answer in each]
    assert len(found) > 20
    assert set(found) == {"case-system"}
    assert scene.problem() == ""
