"""TCP with mutual TLS: certificates that are taken over while serving, and whose calls are whose.

gRPC has no switch that refuses TLS 1.2. It is told to take RSA suites alone there, and
no certificate of ours is RSA (`gateway.certificates`): only TLS 1.3 is left, whose suites
that setting does not touch. Whoever got through all the same is nobody.
"""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, cast

from gateway.certificates.judging import Judged, judge_files
from gateway.certificates.reading import begins, ends, identities, read_certificates
from gateway.config import CallerFile, ListenFile
from gateway.errors import ConfigurationInvalidError
from gateway.ports import Clock
from gateway.stores.certificates import TlsFiles
from gateway.stores.clock import system_clock

if TYPE_CHECKING:
    import grpc

# Certificates of clients whose callers are remembered. Only what an authority of ours issued
# gets here, but renewals would add up.
MAX_KNOWN = 1_024
# Broken files are looked at again so often, in milliseconds: each handshake would else cost
# a reading, and what is to count from tomorrow on becomes good without being changed.
RETRY_MS = 1_000
# As good as none: no certificate of ours is RSA.
_NO_TLS12 = "ECDHE-RSA-AES128-GCM-SHA256"


def prepare_environment() -> None:
    """Tell gRPC by the environment, which it reads once, to shake hands by TLS 1.3 alone.

    And to log nothing unless it was told to: anybody can make handshakes fail, and
    would write into the log the name of the server that they asked for. Call it
    before gRPC is loaded.
    Raises: RuntimeError where that is too late.
    """
    if "grpc" in sys.modules:
        raise RuntimeError("gRPC is loaded already; it would take TLS 1.2")
    os.environ["GRPC_SSL_CIPHER_SUITES"] = _NO_TLS12
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


class Certificates:
    """Certificate, key and clients' authorities of a sidecar, always the last good ones."""

    def __init__(self, listen: ListenFile, folder: Path, clock: Clock = system_clock) -> None:
        """Read and judge the files.

        Raises: ConfigurationInvalidError naming the file and the remedy.
        """
        self._files, self._clock = TlsFiles(folder, listen), clock
        # Handshakes ask from threads of gRPC.
        self._lock = Lock()
        self._problem: ConfigurationInvalidError | None = None
        self._tried = clock()
        self._stamp = self._files.stamp()
        self._good, self._version = self._read(), 1
        self._given: list[grpc.ServerCredentials] = []

    def __repr__(self) -> str:
        return f"<Certificates {self._files.names.certificate!r}>"

    @property
    def expires(self) -> int:
        """Until when they hold, Unix seconds: the server's, or the last authority's if sooner."""
        self.refresh()
        return self._good.expires

    @property
    def problem(self) -> ConfigurationInvalidError | None:
        """Why the files as they are now were not taken over; None where they were."""
        self.refresh()
        return self._problem

    def refresh(self) -> None:
        """Take changed files over; broken ones never, which `problem` tells then."""
        with self._lock:
            # First: what is put in place meanwhile is read again.
            stamp, now = self._files.stamp(), self._clock()
            again = self._problem is not None and not 0 <= now - self._tried < RETRY_MS
            if stamp == self._stamp and not again:
                return
            self._stamp, self._tried = stamp, now
            try:
                good = self._read()
            except ConfigurationInvalidError as refusal:
                self._problem = refusal
                return
            self._problem = None
            if good != self._good:
                self._good = good
                self._version += 1

    def server_credentials(self) -> "grpc.ServerCredentials":
        """Return what `add_secure_port` of a server takes; each server needs its own."""
        import grpc

        with self._lock:
            first, given = self._good, self._version

        def fetch() -> "grpc.ServerCertificateConfiguration | None":
            # Asked at each handshake; None leaves the server what it has.
            nonlocal given
            self.refresh()
            with self._lock:
                good, version = self._good, self._version
            if version == given:
                return None
            given = version
            return _configuration(good)

        # The stubs forget that it may return None.
        fetcher = cast("Callable[[], grpc.ServerCertificateConfiguration]", fetch)
        credentials = grpc.dynamic_ssl_server_credentials(
            _configuration(first), fetcher, require_client_authentication=True
        )
        # A handshake that is under way asks them still when their server is gone.
        self._given.append(credentials)
        return credentials

    def _read(self) -> Judged:
        return judge_files(*self._files.read(), self._files.names, self._tried // 1000)


def _configuration(good: Judged) -> "grpc.ServerCertificateConfiguration":
    import grpc

    pairs = [(bytes(good.key), good.certificate)]
    return grpc.ssl_server_certificate_configuration(pairs, good.clients)


class _Known(NamedTuple):
    """Whose a certificate is, and from when until when, Unix milliseconds."""

    caller: str | None
    begins: int
    ends: int


class CallersByCertificate:
    """The callers of a node by their certificates; a certificate that is two callers' is nobody's.

    gRPC verified chain and times when the connection was made, and for resumed
    sessions when they began. Times are looked at again here, at each call.
    """

    def __init__(self, callers: Iterable[CallerFile], clock: Clock = system_clock) -> None:
        self._names = {
            certificate: caller.name
            for caller in callers
            for certificate in caller.certificates or ()
        }
        self._clock = clock
        self._known: dict[bytes, _Known] = {}

    def find(self, auth_context: Mapping[str, Iterable[bytes]]) -> str | None:
        """Return the name of the caller that a call's `auth_context` proves; None for nobody."""
        certificates = tuple(auth_context.get("x509_pem_cert", ()))
        # Newer versions of gRPC tell it.
        versions = auth_context.get("ssl_tls_version", ())
        if len(certificates) != 1 or any(version != b"TLSv1.3" for version in versions):
            return None
        known = self._known.get(certificates[0])
        if known is None:
            known = self._learn(certificates[0])
        return known.caller if known.begins <= self._clock() < known.ends else None

    def _learn(self, pem: bytes) -> _Known:
        try:
            certificate = read_certificates(pem, "the client's certificate")[0]
        except ConfigurationInvalidError:
            return _Known(None, 0, 0)
        found = {self._names[each] for each in identities(certificate) if each in self._names}
        caller = found.pop() if len(found) == 1 else None
        known = _Known(caller, begins(certificate) * 1000, (ends(certificate) + 1) * 1000)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[pem] = known
        return known
