"""What node.yaml may say of metrics and traces."""

import socket
from pathlib import Path

import pytest

from gateway.config import NodeInvalidError, Places
from gateway.errors import ConfigurationInvalidError
from gateway.server.telemetry import Prepared
from tests.server.telling import DEPARTMENT, node_file


def read(folder: Path, line: str) -> None:
    """Read a node's file with one more line."""
    (folder / "node.yaml").write_text(f"department: {DEPARTMENT}\nname: 局\n{line}\n", "utf-8")
    Places(folder).node_file()


@pytest.mark.parametrize(
    "line",
    [
        "metrics: 127.0.0.1:9464",
        "metrics: 127.8.9.1:1",
        "metrics: '[::1]:9464'",
        "tracing: {endpoint: 'http://127.0.0.1:4318'}",
        "tracing: {endpoint: 'http://[::1]:4318/otlp', sample: 0}",
        "tracing: {endpoint: 'https://collector.example', sample: 1}",
    ],
)
def test_this_machine_and_tls_are_taken(tmp_path: Path, line: str) -> None:
    """Loopback addresses, and other machines under TLS."""
    read(tmp_path, line)


@pytest.mark.parametrize(
    "line",
    [
        "metrics: 0.0.0.0:9464",
        "metrics: '[::]:9464'",
        "metrics: 192.0.2.1:9464",
        "metrics: localhost:9464",
        "metrics: 127.0.0.1",
        "metrics: 127.0.0.1:65536",
        "metrics: 127.0.0.1.example:9464",
        "tracing: {endpoint: 'http://collector.example:4318'}",
        "tracing: {endpoint: 'http://127.0.0.1.example:4318'}",
        "tracing: {endpoint: 'https://user:secret@127.0.0.1'}",
        "tracing: {endpoint: 'https://collector.example?key=secret'}",
        "tracing: {endpoint: 'https://collector.example:65536'}",
        "tracing: {endpoint: 'ftp://127.0.0.1'}",
        "tracing: {endpoint: 'http://127.0.0.1', sample: 1.1}",
        "tracing: {sample: 1}",
    ],
)
def test_whatever_would_go_out_in_the_clear_is_refused(tmp_path: Path, line: str) -> None:
    """With the place in the file; names are not trusted to lead here."""
    with pytest.raises(NodeInvalidError) as caught:
        read(tmp_path, line)
    assert [fault.line for fault in caught.value.faults] == [3]


def test_an_address_that_is_taken_is_told() -> None:
    """Before any worker starts."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigurationInvalidError, match=address):
            Prepared(node_file(metrics=address), workers=1)
