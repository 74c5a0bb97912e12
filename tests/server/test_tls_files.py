"""What the files of a sidecar's TLS must be, and that each fault is told by file and remedy."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway.certificates.reading import MAX_CERTIFICATES
from gateway.config import ListenFile
from gateway.errors import ConfigurationInvalidError
from gateway.server.tls import RETRY_MS, Certificates
from gateway.stores.certificates import MAX_PEM_BYTES
from tests.cli.command import ROOT, environment
from tests.server.papers import (
    END,
    FUTURE,
    PASSED,
    PAST,
    Paper,
    authority,
    client,
    lay,
    put,
    server,
    signed_by,
)

LISTEN = ListenFile(address="127.0.0.1:8443")
NOW = (PAST + 86_400) * 1000


class Clock:
    """A clock that stands where it is put, Unix milliseconds."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        """Tell the time."""
        return self.now


class Laid(NamedTuple):
    """A folder with right files, and who issued them."""

    folder: Path
    place: Path
    of: Paper

    def open(self, clock: Clock | None = None) -> Certificates:
        """Open them."""
        return Certificates(LISTEN, self.folder, clock or Clock())

    def put(self, name: str, content: bytes) -> None:
        """Put one of them in another's place."""
        put(self.place / name, content)


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    """Lay files that are right."""
    of = authority()
    return Laid(tmp_path, lay(tmp_path, of, server(of)), of)


def own(make: Callable[[Laid], Paper]) -> Callable[[Laid], None]:
    """Put another certificate with its key into the server's place."""
    return lambda laid: make(laid).write(laid.place, "server")


def with_key(laid: Laid, key: rsa.RSAPrivateKey | Ed25519PrivateKey) -> None:
    """Have a server's certificate issued for a key of another sort."""
    right = x509.load_pem_x509_certificate((laid.place / "server.crt").read_bytes())
    builder = x509.CertificateBuilder(
        right.issuer,
        right.subject,
        key.public_key(),
        1,
        right.not_valid_before_utc,
        right.not_valid_after_utc,
        [*right.extensions],
    )
    laid.put("server.crt", signed_by(laid.of, builder).public_bytes(Encoding.PEM))
    laid.put("server.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def chained(laid: Laid, *after: Paper) -> bytes:
    """Return the server's certificate with others after it."""
    return (laid.place / "server.crt").read_bytes() + b"".join(one.pem for one in after)


def encrypted(laid: Laid) -> None:
    """Put the right key under a passphrase."""
    paper = server(laid.of)
    paper.write(laid.place, "server")
    locked = BestAvailableEncryption(b"a passphrase")
    laid.put("server.key", paper.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))


def folder_for(laid: Laid, name: str) -> None:
    """Put a folder in a file's place."""
    (laid.place / name).unlink()
    (laid.place / name).mkdir()


def pipe_for(laid: Laid, name: str) -> None:
    """Put a pipe in a file's place; nobody writes into it."""
    (laid.place / name).unlink()
    os.mkfifo(laid.place / name, 0o600)


class _Chain(Paper):
    """A certificate whose file holds what issued it too."""

    above: Paper

    @property
    def pem(self) -> bytes:
        """Return both."""
        return super().pem + self.above.pem


def _below_a_leaf(laid: Laid) -> Paper:
    leaf = server(laid.of)
    chain = _Chain(*server(leaf))
    chain.above = leaf
    return chain


FAULTS: dict[str, tuple[Callable[[Laid], object], str, str]] = {
    "no certificate": (
        lambda laid: (laid.place / "server.crt").unlink(),
        "server.crt",
        "`sealgate certs` makes such files",
    ),
    "no key": (lambda laid: (laid.place / "server.key").unlink(), "server.key", "No such file"),
    "no authority": (
        lambda laid: (laid.place / "ca.crt").unlink(),
        "ca.crt",
        "`sealgate certs` makes such files",
    ),
    "a folder": (lambda laid: folder_for(laid, "server.crt"), "server.crt", "Is a directory"),
    "a pipe": (lambda laid: pipe_for(laid, "ca.crt"), "ca.crt", "put the right file there"),
    "a pipe for the key": (
        lambda laid: pipe_for(laid, "server.key"),
        "server.key",
        "not an ordinary file",
    ),
    "a key open to others": (
        lambda laid: (laid.place / "server.key").chmod(0o640),
        "server.key",
        "chmod 600",
    ),
    "no PEM": (
        lambda laid: laid.put("server.crt", b"\xff\x00"),
        "server.crt",
        "put the right file there",
    ),
    "a broken certificate": (
        lambda laid: laid.put("server.crt", server(laid.of).pem.replace(b"M", b"N", 1)),
        "server.crt",
        "put the right file there",
    ),
    "too large": (
        lambda laid: laid.put("ca.crt", bytes(MAX_PEM_BYTES + 1)),
        "ca.crt",
        "larger than 262144 bytes",
    ),
    "too many": (
        lambda laid: laid.put("ca.crt", laid.of.pem * (MAX_CERTIFICATES + 1)),
        "ca.crt",
        "or over 16",
    ),
    "a key that is none": (
        lambda laid: laid.put("server.key", b"-----BEGIN PRIVATE KEY-----"),
        "server.key",
        "put the right file there",
    ),
    "a key under a passphrase": (encrypted, "server.key", "without a passphrase"),
    "another's key": (
        lambda laid: laid.put("server.key", server(laid.of).key_pem),
        "server.key",
        "put the two there that belong together",
    ),
    "P-384": (
        own(lambda laid: server(laid.of, curve=ec.SECP384R1())),
        "server.crt",
        "not of P-256",
    ),
    "RSA": (
        lambda laid: with_key(laid, rsa.generate_private_key(65_537, 2_048)),
        "server.crt",
        "not of P-256",
    ),
    "Ed25519": (
        lambda laid: with_key(laid, Ed25519PrivateKey.generate()),
        "server.crt",
        "not of P-256",
    ),
    "an authority of P-384": (
        lambda laid: laid.put("ca.crt", authority(curve=ec.SECP384R1()).pem),
        "ca.crt",
        "not of P-256",
    ),
    "ended": (
        own(lambda laid: server(laid.of, ends=PAST + 3_600)),
        "server.crt",
        "ended at 2020-01-01T01:00:00Z; renew it",
    ),
    "not yet valid": (
        own(lambda laid: server(laid.of, begins=FUTURE)),
        "server.crt",
        "counts only from 2098-01-01T00:00:00Z on",
    ),
    "an authority that ended": (
        lambda laid: laid.put("ca.crt", authority(ends=PAST + 3_600).pem),
        "ca.crt",
        "renew it",
    ),
    "a client's": (own(lambda laid: client(laid.of)), "server.crt", "`sealgate certs server`"),
    "an authority's own": (own(lambda laid: laid.of), "server.crt", "`sealgate certs server`"),
    "a leaf that vouches": (
        lambda laid: laid.put("ca.crt", client(laid.of).pem),
        "ca.crt",
        "put the right file there",
    ),
    "a leaf among authorities": (
        lambda laid: laid.put("ca.crt", laid.of.pem + client(laid.of).pem),
        "ca.crt",
        "put the right file there",
    ),
    "another's authority after it": (
        lambda laid: laid.put("server.crt", chained(laid, authority())),
        "server.crt",
        "put them in order",
    ),
    "a chain in the wrong order": (
        lambda laid: laid.put("server.crt", chained(laid, server(laid.of), laid.of)),
        "server.crt",
        "put them in order",
    ),
    "a leaf that issued it": (
        own(_below_a_leaf),
        "server.crt",
        "put them in order",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_by_file_and_remedy(laid: Laid, fault: str) -> None:
    """In both languages, and without a word of what the file holds."""
    change, file, remedy = FAULTS[fault]
    change(laid)
    with pytest.raises(ConfigurationInvalidError) as caught:
        laid.open()
    refusal = caught.value
    assert str(laid.place / file) in refusal.message
    assert str(laid.place / file) in refusal.message_zh
    assert remedy in refusal.message
    assert "BEGIN" not in refusal.message + refusal.message_zh


RIGHT: dict[str, Callable[[Laid], object]] = {
    "as `certs` makes them": lambda _: None,
    "with the authority after it": lambda laid: laid.put("server.crt", chained(laid, laid.of)),
    "an old authority beside": lambda laid: laid.put(
        "ca.crt", authority(ends=PAST + 3_600).pem + laid.of.pem
    ),
    "one to come beside": lambda laid: laid.put(
        "ca.crt", laid.of.pem + authority(begins=FUTURE).pem
    ),
    "words around": lambda laid: laid.put("ca.crt", b"# ours\n" + laid.of.pem + b"# end\n"),
    "a key readable by its owner alone": lambda laid: (laid.place / "server.key").chmod(0o400),
}


@pytest.mark.parametrize("right", RIGHT)
def test_right_files_are_taken(laid: Laid, right: str) -> None:
    """Until when they hold is told."""
    RIGHT[right](laid)
    certificates = laid.open()
    assert certificates.problem is None
    assert certificates.expires == END
    assert b"PRIVATE" in bytes(certificates._good.key)
    assert "PRIVATE" not in f"{certificates!r} {certificates._good!r}"


@pytest.mark.parametrize("ending", ["server", "ca"])
def test_what_ends_first_counts(laid: Laid, ending: str) -> None:
    """The server's certificate or the authority's."""
    if ending == "server":
        server(laid.of, ends=FUTURE).write(laid.place, "server")
    else:
        laid.put("ca.crt", authority(ends=FUTURE).pem)
    assert laid.open().expires == FUTURE


def test_a_certificate_to_come_is_taken_when_its_time_has_come(laid: Laid) -> None:
    """Though its file does not change; until then the old one stays, and is looked at rarely."""
    clock = Clock()
    certificates = laid.open(clock)
    coming = server(laid.of, begins=PASSED)
    coming.write(laid.place, "server")
    assert certificates.problem is not None
    told = certificates.problem
    clock.now = PASSED * 1000
    assert certificates.problem is None
    assert coming.pem == certificates._good.certificate
    laid.put("server.key", b"")
    broken = certificates.problem
    assert broken is not None
    assert broken is certificates.problem is not told
    clock.now += RETRY_MS
    assert certificates.problem is not broken


def test_a_file_that_ends_while_it_serves_stays(laid: Laid) -> None:
    """Its end is told, for a condition to judge."""
    server(laid.of, ends=PASSED).write(laid.place, "server")
    clock = Clock()
    certificates = laid.open(clock)
    clock.now = (PASSED + 1) * 1000
    certificates.refresh()
    assert (certificates.problem, certificates.expires) == (None, PASSED)


def test_preparing_too_late_is_a_fault_of_the_program() -> None:
    """gRPC has read the environment then, and would take TLS 1.2."""
    code = "import grpc; from gateway.server.tls import prepare_environment as p; p()"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment(), capture_output=True, check=False
    )
    assert b"RuntimeError: gRPC is loaded already" in ended.stderr


def test_what_the_administrator_chose_to_log_is_kept() -> None:
    """While the suites are ours to choose."""
    code = (
        "import os; from gateway.server.tls import prepare_environment as p; p();"
        "print(os.environ['GRPC_SSL_CIPHER_SUITES'], os.environ['GRPC_VERBOSITY'])"
    )
    for chosen, kept in (({}, b"NONE"), ({"GRPC_VERBOSITY": "INFO"}, b"INFO")):
        ended = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environment(GRPC_SSL_CIPHER_SUITES="ECDHE-ECDSA-AES128-GCM-SHA256", **chosen),
            capture_output=True,
            check=True,
        )
        assert ended.stdout.split() == [b"ECDHE-RSA-AES128-GCM-SHA256", kept]


def test_an_issue_has_a_random_number() -> None:
    """Of two certificates of one caller no fingerprint is the same."""
    of = authority()
    papers = [client(of) for _ in range(3)]
    assert len({paper.certificate.serial_number for paper in papers}) == 3
    assert len({paper.fingerprint for paper in papers}) == 3
