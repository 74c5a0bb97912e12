"""`listen` and `certificates` of a `node.yaml`, and what is wrong with them, by line and remedy."""

from pathlib import Path

import pytest

from gateway.config import ListenFile, NodeInvalidError, Places

HEAD = "department: 11149900MB0C12002H\nname: 青岚市民政局\n"
FINGERPRINT = "sha256:" + "0a" * 32


def read(folder: Path, text: str) -> Places:
    """Write the file below its first two lines."""
    (folder / "node.yaml").write_text(HEAD + text, "utf-8")
    return Places(folder)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:8443", "0.0.0.0:1", "[::1]:65535", "[::]:443", "gateway.qinglan.example:59999"],
)
def test_an_address_is_host_and_port(tmp_path: Path, address: str) -> None:
    """The files have places by default."""
    listen = read(tmp_path, f"listen: {{address: '{address}'}}\n").node_file().listen
    assert listen == ListenFile(
        address=address, certificate="tls/server.crt", key="tls/server.key", clients="tls/ca.crt"
    )


def fault(folder: Path, text: str) -> str:
    """Return the one fault of a file."""
    with pytest.raises(NodeInvalidError) as caught:
        read(folder, text).node_file()
    (found,) = caught.value.faults
    assert found.remedy_zh
    return str(found)


@pytest.mark.parametrize(
    "address", ["8443", "127.0.0.1", "127.0.0.1:0", ":8443", "::1:8443", "a:65536", "a:08", "a b:1"]
)
def test_no_address_is_told_with_an_example(tmp_path: Path, address: str) -> None:
    """At its line."""
    told = fault(tmp_path, f"listen: {{address: '{address}'}}\n")
    assert "node.yaml:3:19: listen.address" in told
    assert "a port from 1 to 65535, for example `127.0.0.1:8443`" in told


CALLER = "callers:\n- {{name: a, may: [seal], certificates: [{}]}}\n"


@pytest.mark.parametrize(
    "certificate",
    [
        FINGERPRINT,
        "spiffe://qinglan.example/case-system",
        "spiffe://a/b.c/D_e",
        "spiffe://a/..b",
    ],
)
def test_a_certificate_is_named_by_uri_or_fingerprint(tmp_path: Path, certificate: str) -> None:
    """As it is spelled in the file."""
    (caller,) = read(tmp_path, CALLER.format(f"'{certificate}'")).node_file().callers or ()
    assert caller.certificates == (certificate,)


@pytest.mark.parametrize(
    "certificate",
    [
        "0a" * 32,
        FINGERPRINT.upper(),
        FINGERPRINT + "0",
        FINGERPRINT[:-1],
        "sha1:" + "0a" * 20,
        "CN=case-system",
        "https://qinglan.example/a",
        "spiffe://qinglan.example",
        "spiffe://qinglan.example/",
        "spiffe://Qinglan.example/a",
        "spiffe://qinglan.example/a//b",
        "spiffe://qinglan.example/a/../b",
        "spiffe://qinglan.example/.",
        "spiffe://qinglan.example/a/",
        "spiffe://qinglan.example:8443/a",
        "spiffe://qinglan.example/a?b",
        "spiffe://qinglan.example/科",
        "spiffe://a/" + "b" * 2_000,
    ],
)
def test_an_unknown_form_is_told_with_an_example(tmp_path: Path, certificate: str) -> None:
    """At its line."""
    told = fault(tmp_path, CALLER.format(f"'{certificate}'"))
    assert "node.yaml:4:" in told
    assert "for example `spiffe://qinglan.example/case-system`" in told


@pytest.mark.parametrize("certificate", [FINGERPRINT, "spiffe://qinglan.example/case-system"])
def test_one_certificate_under_two_callers_is_a_fault(tmp_path: Path, certificate: str) -> None:
    """At the second."""
    second = f"- {{name: b, may: [open], certificates: ['{certificate}']}}\n"
    told = fault(tmp_path, CALLER.format(f"'{certificate}'") + second)
    assert "node.yaml:5:" in told
    assert "this certificate stands twice — keep one" in told


def test_one_name_of_two_callers_is_a_fault(tmp_path: Path) -> None:
    """They would share a socket, and a place in the ledger."""
    told = fault(tmp_path, "callers:\n- {name: a, may: [seal]}\n- {name: a, may: [open]}\n")
    assert "node.yaml:5:10: this caller stands twice" in told
