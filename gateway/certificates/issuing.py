"""Issue certificates after RFC 5280: a private authority, servers and clients below it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# What a certificate's common name holds at most (X.520, ub-common-name).
MAX_COMMON_NAME = 64
# Longest life of a server's and a client's certificate: CA/Browser Forum, section 6.3.2.
MAX_LEAF_DAYS = 397
LEAF_DAYS = 365
MAX_AUTHORITY_DAYS = 3_660
AUTHORITY_DAYS = 1_826
# A certificate counts from a little before it was made, on machines whose clocks are behind.
BACKDATED = 300

Address = IPv4Address | IPv6Address


class Issue(NamedTuple):
    """What every certificate has: its key, its number, and from when until when, Unix seconds."""

    public: ec.EllipticCurvePublicKey
    serial: int
    begins: int
    ends: int


class Issuer(NamedTuple):
    """An authority: its certificate, and the key that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def issue_authority(name: str, key: ec.EllipticCurvePrivateKey, issue: Issue) -> x509.Certificate:
    """Issue an authority's certificate to itself; it may issue leaves and no authority."""
    subject = _subject(name)
    builder = (
        _begun(issue, subject, subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issue.public), critical=False
        )
    )
    return builder.sign(key, hashes.SHA256())


def issue_server(
    issuer: Issuer, issue: Issue, names: Sequence[str], addresses: Sequence[Address]
) -> x509.Certificate:
    """Issue a certificate for a server's names and addresses, at least one of them."""
    alternatives = [
        *map(x509.DNSName, names),
        *map(x509.IPAddress, addresses),
    ]
    first = next(iter((*names, *map(str, addresses))))
    return _leaf(issuer, issue, first, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)


def issue_client(issuer: Issuer, issue: Issue, name: str, spiffe: str | None) -> x509.Certificate:
    """Issue a certificate for a client: by a SPIFFE URI, or to be known by its fingerprint."""
    alternatives = [] if spiffe is None else [x509.UniformResourceIdentifier(spiffe)]
    return _leaf(issuer, issue, name, ExtendedKeyUsageOID.CLIENT_AUTH, alternatives)


def _leaf(
    issuer: Issuer,
    issue: Issue,
    name: str,
    use: x509.ObjectIdentifier,
    alternatives: Sequence[x509.GeneralName],
) -> x509.Certificate:
    builder = (
        _begun(issue, _subject(name[:MAX_COMMON_NAME]), issuer.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
    )
    if alternatives:
        names = x509.SubjectAlternativeName(alternatives)
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def _begun(issue: Issue, subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(issue.public)
        .serial_number(issue.serial)
        .not_valid_before(datetime.fromtimestamp(issue.begins, UTC))
        .not_valid_after(datetime.fromtimestamp(issue.ends, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(issue.public), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    """Return what a key may do: an authority signs certificates, a leaf handshakes."""
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
