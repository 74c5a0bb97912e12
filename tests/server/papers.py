"""Certificates with explicit times, right ones and wrong ones, and the folder of a server's TLS."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.certificates import issuing
from gateway.certificates.issuing import Issue, Issuer, issue_authority, issue_client, issue_server
from gateway.certificates.reading import fingerprint

# 2020, 2021, 2098 and 2099: none of them near.
PAST, PASSED, FUTURE, END = 1_577_836_800, 1_609_459_200, 4_039_372_800, 4_070_908_800
SPIFFE = "spiffe://qinglan.example/case-system"
LOCAL = ("localhost",)

Key = ec.EllipticCurvePrivateKey


class Paper(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """Return the certificate as its file holds it."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """Return the key as its file holds it."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint as `node.yaml` has it."""
        return fingerprint(self.certificate)

    @property
    def issuer(self) -> Issuer:
        """Return it as an authority that issues."""
        return Issuer(self.certificate, self.key)

    def write(self, folder: Path, name: str) -> None:
        """Write `NAME.crt` and `NAME.key`, each whole at once."""
        for end, content in (("key", self.key_pem), ("crt", self.pem)):
            put(folder / f"{name}.{end}", content)


def put(path: Path, content: bytes) -> None:
    """Put a file in another's place, as `mv` does."""
    fresh = path.with_name(f"{path.name}.fresh")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(path)


def _issue(key: Key, begins: int, ends: int) -> Issue:
    return Issue(key.public_key(), x509.random_serial_number(), begins, ends)


def authority(
    name: str = "authority",
    *,
    begins: int = PAST,
    ends: int = END,
    curve: ec.EllipticCurve | None = None,
) -> Paper:
    """Make an authority."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return Paper(issue_authority(name, key, _issue(key, begins, ends)), key)


def server(
    of: Paper,
    names: Sequence[str] = LOCAL,
    *,
    begins: int = PAST,
    ends: int = END,
    curve: ec.EllipticCurve | None = None,
) -> Paper:
    """Have a server's certificate issued."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return Paper(issue_server(of.issuer, _issue(key, begins, ends), names, ()), key)


def client(of: Paper, spiffe: str | None = SPIFFE, *, begins: int = PAST, ends: int = END) -> Paper:
    """Have a client's certificate issued."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Paper(issue_client(of.issuer, _issue(key, begins, ends), "caller", spiffe), key)


def odd_client(of: Paper, uris: Sequence[str], key: Key | None = None) -> Paper:
    """Have a client's certificate with any URIs issued, as no command of ours does."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    return Paper(
        issuing._leaf(
            of.issuer, _issue(key, PAST, END), "caller", ExtendedKeyUsageOID.CLIENT_AUTH, names
        ),
        key,
    )


def signed_by(of: Paper, builder: x509.CertificateBuilder) -> x509.Certificate:
    """Sign what a test built itself."""
    return builder.sign(of.key, hashes.SHA256())


def lay(folder: Path, of: Paper, own: Paper, *bundled: Paper) -> Path:
    """Lay the files of a server into `folder/tls`; those bundled vouch for clients too."""
    place = folder / "tls"
    place.mkdir(exist_ok=True)
    own.write(place, "server")
    put(place / "ca.crt", b"".join(one.pem for one in (of, *bundled)))
    return place
