"""Read certificates from PEM, and tell what they say of themselves."""

from collections.abc import Iterable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct

from gateway.errors import ConfigurationInvalidError

T = TypeVar("T", bound=x509.ExtensionType)
# A bundle of authorities in office and to come, or a chain; stops a file of another kind.
MAX_CERTIFICATES = 16
_SPIFFE = "spiffe:"


class Described(Struct, frozen=True, kw_only=True):
    """What a certificate says: times in Unix seconds, `use` one of ca, server, client, other.

    `identity` is what `node.yaml` wants of a caller: its SPIFFE URI, else the fingerprint.
    It is None where the certificate is no client's, or could be two.
    """

    subject: str
    issuer: str
    use: str
    names: tuple[str, ...]
    key: str
    begins: int
    ends: int
    fingerprint: str
    identity: str | None


def read_certificates(pem: bytes, file: str) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a PEM file; `file` names it in messages.

    Raises: ConfigurationInvalidError.
    """
    try:
        found = tuple(x509.load_pem_x509_certificates(pem))
        for certificate in found:
            # Else parsed when first asked for, by whoever asks.
            _ = certificate.extensions, certificate.public_key()
    except Exception:
        # Whatever a library says of bytes that it cannot read may quote them.
        found = ()
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise ConfigurationInvalidError(
            reason=f"{file} holds no certificate in PEM, or over {MAX_CERTIFICATES}; "
            "put the right file there",
            reason_zh=f"{file} 中没有 PEM 格式的证书，或超过 {MAX_CERTIFICATES} 份，"
            "请放入正确的文件",
        )
    return found


def begins(certificate: x509.Certificate) -> int:
    """Return from when a certificate counts, Unix seconds."""
    return int(certificate.not_valid_before_utc.timestamp())


def ends(certificate: x509.Certificate) -> int:
    """Return the last second at which a certificate counts."""
    return int(certificate.not_valid_after_utc.timestamp())


def is_p256(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate's key is one of P-256."""
    key = certificate.public_key()
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may issue others."""
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    return bool(constraints and constraints.ca and (usage is None or usage.key_cert_sign))


def serves(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate may be a server's."""
    usages = _extension(certificate, x509.ExtendedKeyUsage)
    return usages is None or ExtendedKeyUsageOID.SERVER_AUTH in usages


def hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a server's certificate is for."""
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return ()
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, as `node.yaml` spells it."""
    return f"sha256:{certificate.fingerprint(hashes.SHA256()).hex()}"


def identities(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return what a client's certificate can be known by: its SPIFFE URI, its fingerprint.

    Nothing for one that could be two callers, since it has two URIs (X.509-SVID,
    section 2), for an authority's, and for a key that is none of P-256.
    """
    uris = _uris(certificate)
    spiffe = tuple(uri for uri in uris if uri.lower().startswith(_SPIFFE))
    if is_authority(certificate) or not is_p256(certificate) or (spiffe and len(uris) > 1):
        return ()
    return (*spiffe, fingerprint(certificate))


def describe(certificate: x509.Certificate) -> Described:
    """Tell what a certificate says."""
    use = _use(certificate)
    known = () if use == "server" else identities(certificate)
    return Described(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        use=use,
        names=(*hosts(certificate), *_uris(certificate)),
        key=_key(certificate),
        begins=begins(certificate),
        ends=ends(certificate),
        fingerprint=fingerprint(certificate),
        identity=next(iter(known), None),
    )


def _use(certificate: x509.Certificate) -> str:
    if is_authority(certificate):
        return "ca"
    usages: Iterable[object] = _extension(certificate, x509.ExtendedKeyUsage) or ()
    if ExtendedKeyUsageOID.SERVER_AUTH in usages:
        return "server"
    return "client" if ExtendedKeyUsageOID.CLIENT_AUTH in usages else "other"


def _key(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if is_p256(certificate):
        return "P-256"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name
    return f"RSA-{key.key_size}" if isinstance(key, rsa.RSAPublicKey) else "other"


def _uris(certificate: x509.Certificate) -> tuple[str, ...]:
    names = _extension(certificate, x509.SubjectAlternativeName)
    if names is None:
        return ()
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
