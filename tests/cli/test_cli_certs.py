"""`sealgate certs`: an authority, certificates below it, and nothing ever overwritten."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.certificates.issuing import MAX_AUTHORITY_DAYS, MAX_LEAF_DAYS
from gateway.config import CallerFile, ListenFile
from gateway.server.tls import CallersByCertificate, Certificates
from tests.cli.command import Answer, call, done

SPIFFE = "spiffe://qinglan.example/case-system"
CLIENT = ("--name", "case-system")
SERVER = ("--dns", "localhost", "--ip", "127.0.0.1")


@pytest.fixture(scope="module")
def passphrase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a passphrase."""
    file = tmp_path_factory.mktemp("secret") / "passphrase"
    file.touch(mode=0o600)
    file.write_text("twelve bytes", "ascii")
    return file


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, passphrase: Path) -> Path:
    """Make an authority, a server's files and two clients'."""
    folder = tmp_path_factory.mktemp("certs")
    secret = ("--passphrase-file", passphrase)
    done("certs", "init", folder / "ca", "--name", "青岚市", *secret)
    below = ("--ca", folder / "ca", *secret)
    done("certs", "server", *below, "--out", folder / "node" / "tls", *SERVER)
    done("certs", "client", *below, "--out", folder / "named", *CLIENT, "--spiffe", SPIFFE)
    done("certs", "client", *below, "--out", folder / "pinned", *CLIENT)
    return folder


def certificate(path: Path) -> x509.Certificate:
    """Read a certificate."""
    return x509.load_pem_x509_certificate(path.read_bytes())


def below(made: Path, passphrase: Path, kind: str, *more: object) -> Answer:
    """Have a certificate issued by the authority."""
    options = ("--ca", made / "ca", "--passphrase-file", passphrase)
    return call("certs", kind, *options, *more)


def test_what_is_made_serves(made: Path) -> None:
    """The node takes its files, and finds the callers of both clients."""
    listen = ListenFile(address="127.0.0.1:8443")
    certificates = Certificates(listen, made / "node")
    assert certificates.problem is None
    shown = [
        done("certs", "show", made / name / "client.crt", "--json").json[0]["identity"]
        for name in ("named", "pinned")
    ]
    assert shown[0] == SPIFFE
    callers = CallersByCertificate(
        CallerFile(name=name, may=("seal",), certificates=(identity,))
        for name, identity in zip("ab", shown, strict=True)
    )
    for name, caller in (("named", "a"), ("pinned", "b")):
        pem = (made / name / "client.crt").read_bytes()
        assert callers.find({"x509_pem_cert": [pem]}) == caller


def test_files_are_their_owners(made: Path) -> None:
    """Keys alone are secret; nothing is left beside."""
    found = {
        str(path.relative_to(made)): stat.S_IMODE(path.stat().st_mode)
        for path in made.rglob("*")
        if path.is_file()
    }
    assert found == {
        "ca/ca-key.json": 0o600,
        "ca/ca.crt": 0o644,
        "node/tls/ca.crt": 0o644,
        "node/tls/server.crt": 0o644,
        "node/tls/server.key": 0o600,
        **{f"{name}/ca.crt": 0o644 for name in ("named", "pinned")},
        **{f"{name}/client.crt": 0o644 for name in ("named", "pinned")},
        **{f"{name}/client.key": 0o600 for name in ("named", "pinned")},
    }
    assert stat.S_IMODE((made / "ca").stat().st_mode) == 0o700


def test_an_authority_issues_leaves_alone(made: Path) -> None:
    """Path length 0, marked critical; for five years."""
    found = certificate(made / "ca" / "ca.crt")
    constraints = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(True, 0))
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert not usage.value.digital_signature
    assert found.subject == found.issuer
    assert found.subject.rfc4514_string() == "CN=青岚市"
    assert 5 * 365 <= _days(found) <= 5 * 366


LEAVES: Mapping[str, tuple[x509.ObjectIdentifier, list[str]]] = {
    "node/tls/server.crt": (ExtendedKeyUsageOID.SERVER_AUTH, ["localhost", "127.0.0.1"]),
    "named/client.crt": (ExtendedKeyUsageOID.CLIENT_AUTH, [SPIFFE]),
    "pinned/client.crt": (ExtendedKeyUsageOID.CLIENT_AUTH, []),
}


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_is_for_one_thing(made: Path, leaf: str) -> None:
    """It signs handshakes, as one side of them, under its names, for a year."""
    found, of = certificate(made / leaf), certificate(made / "ca" / "ca.crt")
    use, names = LEAVES[leaf]
    found.verify_directly_issued_by(of)
    extensions = found.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    assert [*extensions.get_extension_for_class(x509.ExtendedKeyUsage).value] == [use]
    authority = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    subject = of.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert authority.key_identifier == subject.digest
    assert _names(found) == names
    assert isinstance(found.public_key(), ec.EllipticCurvePublicKey)
    assert _days(found) == 365


def _days(found: x509.Certificate) -> int:
    return (found.not_valid_after_utc - found.not_valid_before_utc).days


def _names(found: x509.Certificate) -> list[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names]


@pytest.mark.parametrize("there", ["client.crt", "client.key", "ca.crt"])
def test_nothing_is_overwritten(made: Path, passphrase: Path, tmp_path: Path, there: str) -> None:
    """Where one of the files stands already, none is made."""
    (tmp_path / there).write_bytes(b"")
    if there == "ca.crt":
        done("certs", "init", tmp_path / "b", "--passphrase-file", passphrase)
        (tmp_path / there).write_bytes((tmp_path / "b" / "ca.crt").read_bytes())
    before = (tmp_path / there).read_bytes()
    answer = below(made, passphrase, "client", "--out", tmp_path, *CLIENT)
    assert answer.code == "CONFIGURATION_INVALID"
    assert f"{tmp_path / there} exists already" in answer.err
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [there]
    assert (tmp_path / there).read_bytes() == before


def test_an_authority_is_not_overwritten(made: Path, passphrase: Path) -> None:
    """What it issued would be worth nothing."""
    before = (made / "ca" / "ca-key.json").read_bytes()
    answer = call("certs", "init", made / "ca", "--passphrase-file", passphrase)
    assert answer.code == "CONFIGURATION_INVALID"
    assert (made / "ca" / "ca-key.json").read_bytes() == before


def test_a_bundle_that_has_the_authority_stays(
    made: Path, passphrase: Path, tmp_path: Path
) -> None:
    """As while one authority takes over from another."""
    done("certs", "init", tmp_path / "b", "--passphrase-file", passphrase)
    bundle = b"".join((at / "ca.crt").read_bytes() for at in (tmp_path / "b", made / "ca"))
    (tmp_path / "ca.crt").write_bytes(bundle)
    assert below(made, passphrase, "server", "--out", tmp_path, *SERVER).status == 0
    assert (tmp_path / "ca.crt").read_bytes() == bundle
    told = done("certs", "show", tmp_path / "ca.crt", "--json").json
    assert [one["use"] for one in told] == ["ca", "ca"]


def test_the_key_opens_by_its_passphrase_alone(
    made: Path, passphrase: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a file or the environment; an altered file does not open either."""
    monkeypatch.setenv("SEALGATE_PASSPHRASE", "another one")
    options = ("--ca", made / "ca", "--out", tmp_path / "x", *CLIENT)
    assert call("certs", "client", *options).code == "KEY_UNAVAILABLE"
    monkeypatch.setenv("SEALGATE_PASSPHRASE", passphrase.read_text("ascii"))
    assert call("certs", "client", *options).status == 0
    altered = tmp_path / "altered"
    altered.mkdir()
    (altered / "ca.crt").write_bytes((made / "ca" / "ca.crt").read_bytes())
    (altered / "ca-key.json").touch(mode=0o600)
    text = (made / "ca" / "ca-key.json").read_text("ascii")
    (altered / "ca-key.json").write_text(text.replace('"opslimit": 3', '"opslimit": 2'), "ascii")
    answer = call("certs", "client", "--ca", altered, "--out", tmp_path / "y", *CLIENT)
    assert answer.code == "KEY_UNAVAILABLE"
    assert not (tmp_path / "y").exists()


def test_a_key_of_another_authority_is_refused(
    made: Path, passphrase: Path, tmp_path: Path
) -> None:
    """What it signed nobody would believe."""
    done("certs", "init", tmp_path / "b", "--passphrase-file", passphrase)
    (tmp_path / "b" / "ca.crt").write_bytes((made / "ca" / "ca.crt").read_bytes())
    options = ("--ca", tmp_path / "b", "--passphrase-file", passphrase)
    answer = call("certs", "client", *options, "--out", tmp_path / "x", *CLIENT)
    assert answer.code == "CONFIGURATION_INVALID"
    assert "is not the key of ca.crt beside it" in answer.err


def test_a_leaf_is_no_authority(made: Path, passphrase: Path, tmp_path: Path) -> None:
    """Whatever its file is called."""
    (tmp_path / "ca.crt").write_bytes((made / "named" / "client.crt").read_bytes())
    options = ("--ca", tmp_path, "--passphrase-file", passphrase)
    answer = call("certs", "client", *options, "--out", tmp_path / "x", *CLIENT)
    assert answer.code == "CONFIGURATION_INVALID"
    assert "sealgate certs init" in answer.err


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("server", ()),
        ("server", ("--dns", "a b")),
        ("server", ("--dns", "青岚.example")),
        ("server", ("--dns", "a..b")),
        ("server", ("--ip", "localhost")),
        ("server", (*SERVER, "--days", MAX_LEAF_DAYS + 1)),
        ("server", (*SERVER, "--days", 0)),
        ("client", ("--name", "")),
        ("client", ("--name", "a\nb")),
        ("client", ("--name", "a" * 65)),
        ("client", (*CLIENT, "--spiffe", "https://qinglan.example/a")),
        ("client", (*CLIENT, "--spiffe", "spiffe://qinglan.example/../a")),
    ],
)
def test_wrong_use_is_told(
    made: Path, passphrase: Path, tmp_path: Path, kind: str, options: tuple[Any, ...]
) -> None:
    """Nothing is made then."""
    assert below(made, passphrase, kind, "--out", tmp_path / "x", *options).status == 2
    assert not (tmp_path / "x").exists()


def test_a_leaf_does_not_outlive_its_authority(passphrase: Path, tmp_path: Path) -> None:
    """How many days there are is told."""
    secret = ("--passphrase-file", passphrase)
    assert call("certs", "init", tmp_path, "--days", MAX_AUTHORITY_DAYS + 1, *secret).status == 2
    done("certs", "init", tmp_path / "ca", "--days", 10, *secret)
    options = ("--ca", tmp_path / "ca", "--out", tmp_path / "x", *SERVER, *secret)
    answer = call("certs", "server", *options)
    assert answer.status == 2
    assert "--days is at most 9" in answer.err or "--days is at most 10" in answer.err
    assert call("certs", "server", *options, "--days", 9).status == 0


def test_what_is_shown_is_what_the_certificate_says(made: Path) -> None:
    """As text, with Chinese; a key is not shown."""
    told = done("certs", "show", made / "named" / "client.crt")
    for text in ("证书", "CN=case-system", "CN=青岚市", SPIFFE, "client", "P-256", "sha256:"):
        assert text in told.out
    server = done("certs", "show", made / "node" / "tls" / "server.crt", "--json").json[0]
    assert (server["use"], server["identity"]) == ("server", None)
    assert server["names"] == ["localhost", "127.0.0.1"]
    assert 363 <= server["days"] <= 365
    answer = call("certs", "show", made / "named" / "client.key")
    assert answer.code == "CONFIGURATION_INVALID"
    assert "BEGIN" not in answer.out + answer.err
    assert call("certs", "show", made / "none").code == "CONFIGURATION_INVALID"


def test_a_client_is_told_what_to_write(made: Path, passphrase: Path, tmp_path: Path) -> None:
    """The line of `node.yaml` that knows it."""
    named = below(made, passphrase, "client", "--out", tmp_path / "a", *CLIENT, "--spiffe", SPIFFE)
    assert f"node.yaml: certificates: ['{SPIFFE}']" in named.out
    pinned = below(made, passphrase, "client", "--out", tmp_path / "b", *CLIENT)
    fingerprint = done("certs", "show", tmp_path / "b" / "client.crt", "--json").json[0]
    assert f"certificates: ['{fingerprint['fingerprint']}']" in pinned.out
