"""Whoever shakes hands with a server behind mutual TLS: gRPC, and bare TLS."""

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, cast

import grpc
import yaml

from tests.cli.command import PROVIDER, ROOT, environment
from tests.server.papers import Paper

PATIENCE = 30
# What an HTTP/2 client says first (RFC 9113, section 3.4), with empty settings.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5)


class Shaken(NamedTuple):
    """What a handshake gave."""

    version: str | None
    certificate: bytes
    session: ssl.SSLSession | None
    resumed: bool


class Served:
    """A running server of `tls_server`, and whom it trusts."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def who(self, own: Paper | None, trusted: Paper, method: str = "Who") -> str:
        """Call; return the answer, or the name of the status."""
        pair = (None, None) if own is None else (own.key_pem, own.pem)
        credentials = grpc.ssl_channel_credentials(trusted.pem, *pair)
        # Of its own: else channels share a connection.
        alone = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(f"localhost:{self.port}", credentials, options=alone) as channel:
            try:
                return plainly(channel, f"/test/{method}").decode()
            except grpc.RpcError as error:
                return str(error.code().name)

    def shake(
        self,
        context: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
        name: str = "localhost",
    ) -> Shaken:
        """Shake hands by TLS alone, or go on with a session.

        Raises: OSError where the server does not go on.
        """
        with (
            socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=name, session=session) as made,
        ):
            made.sendall(_PREFACE)
            # By TLS 1.3 a server judges the client only after the handshake of the client.
            if not made.recv(9):
                raise ConnectionResetError
            certificate = made.getpeercert(binary_form=True)
            assert certificate is not None
            return Shaken(made.version(), certificate, made.session, bool(made.session_reused))


def plainly(channel: grpc.Channel, method: str) -> bytes:
    """Call a method with bytes and for bytes. Raises: grpc.RpcError."""
    call = cast("grpc.UnaryUnaryMultiCallable[bytes, bytes]", channel.unary_unary(method))
    return call(b"", timeout=PATIENCE)


def tls(folder: Path, own: Paper, trusted: Paper, version: ssl.TLSVersion) -> ssl.SSLContext:
    """Make a context of one version of TLS with every cipher that Python has."""
    context = ssl.create_default_context(cadata=trusted.pem.decode())
    context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2"])
    own.write(folder, "peer")
    context.load_cert_chain(folder / "peer.crt", folder / "peer.key")
    return context


def write_node(folder: Path, **callers: str) -> None:
    """Write a `node.yaml` that listens, each caller by one certificate."""
    file = {
        "department": PROVIDER,
        "name": "节点",
        "listen": {"address": "127.0.0.1:8443"},
        "callers": [
            {"name": name, "may": ["seal"], "certificates": [certificate]}
            for name, certificate in callers.items()
        ],
    }
    (folder / "node.yaml").write_text(yaml.safe_dump(file, allow_unicode=True), "utf-8")


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Served]:
    """Run the server over a folder until the end of the block; it must not log a word."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.server.tls_server", folder, *options],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield Served(folder, int(process.stdout.readline()))
        finally:
            _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
