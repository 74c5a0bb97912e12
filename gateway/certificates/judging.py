"""Judge the files of a sidecar's TLS: a pair that can serve, authorities that can vouch.

1. every certificate is of P-256;
2. the server's names a host, is no authority's, and may be a server's;
3. each of its file is issued by the one after it;
4. all of them count now;
5. the key is that of the first;
6. those that vouch for clients are authorities, and one of them counts now.
"""

from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from gateway.certificates.reading import (
    begins,
    ends,
    hosts,
    is_authority,
    is_p256,
    read_certificates,
    serves,
)
from gateway.errors import ConfigurationInvalidError
from gateway.model.times import utc
from keys.derive import Secret

_AGAIN = ("make one with `sealgate certs server`", "请用 `sealgate certs server` 签发")
_OTHER = ("put the right file there", "请放入正确的文件")


class FileNames(Struct, frozen=True, kw_only=True):
    """What messages call the three files."""

    certificate: str
    key: str
    clients: str


class Judged(Struct, frozen=True, kw_only=True):
    """Files that can serve, written anew in PEM, and until when they do, Unix seconds.

    What we read in them is then what whoever takes them reads.
    """

    certificate: bytes
    key: Secret
    clients: bytes
    expires: int


def judge_files(
    certificate: bytes, key: bytes, clients: bytes, names: FileNames, now: int
) -> Judged:
    """Judge the three files of a server, all PEM, at `now`, Unix seconds.

    Raises: ConfigurationInvalidError naming file and remedy.
    """
    chain = read_certificates(certificate, names.certificate)
    authorities = read_certificates(clients, names.clients)
    _check_server(chain, names.certificate, now)
    own = own_key(key, chain[0], names)
    _check_authorities(authorities, names.clients, now)
    plain = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Judged(
        certificate=_pem(chain),
        key=Secret(plain),
        clients=_pem(authorities),
        expires=min(*map(ends, chain), max(map(ends, authorities))),
    )


def _pem(certificates: tuple[x509.Certificate, ...]) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def _check_server(chain: tuple[x509.Certificate, ...], file: str, now: int) -> None:
    _check_keys(chain, file)
    if is_authority(chain[0]) or not serves(chain[0]) or not hosts(chain[0]):
        raise _invalid(
            (f"{file} begins with no server's certificate that names a host", *_AGAIN),
            f"{file} 的首份证书不是写有主机名的服务器证书",
        )
    if not all(_issued(certificate, issuer) for certificate, issuer in pairwise(chain)):
        raise _invalid(
            (
                f"{file} is no chain: a certificate is not issued by the one after it",
                "put them in order, the server's first",
                "请按签发顺序排列，服务器证书在前",
            ),
            f"{file} 中的证书不构成签发链",
        )
    for certificate in chain:
        _check_times(certificate, file, now)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return is_authority(issuer)


def _check_authorities(found: tuple[x509.Certificate, ...], file: str, now: int) -> None:
    _check_keys(found, file)
    if not all(map(is_authority, found)):
        raise _invalid(
            (f"{file} holds a certificate that may issue none", *_OTHER),
            f"{file} 中含有无签发权的证书",
        )
    # One whose time is over may stand beside the one that follows it.
    if not any(begins(one) <= now <= ends(one) for one in found):
        for one in found:
            _check_times(one, file, now)


def _check_keys(found: tuple[x509.Certificate, ...], file: str) -> None:
    if not all(map(is_p256, found)):
        raise _invalid(
            (
                f"{file} holds a certificate whose key is not of P-256",
                "have it issued for such a key",
                "请改用 P-256 密钥签发",
            ),
            f"{file} 中有证书的密钥不是 P-256",
        )


def _check_times(certificate: x509.Certificate, file: str, now: int) -> None:
    if now > ends(certificate):
        end = utc(ends(certificate))
        raise _invalid(
            (f"a certificate in {file} ended at {end}", "renew it", "请换发"),
            f"{file} 中的证书已于 {end} 到期",
        )
    if now < begins(certificate):
        start = utc(begins(certificate))
        raise _invalid(
            (
                f"a certificate in {file} counts only from {start} on",
                "wait, or correct the clock",
                "请等待，或校正时钟",
            ),
            f"{file} 中的证书自 {start} 起才生效",
        )


def own_key(
    pem: bytes, certificate: x509.Certificate, names: FileNames
) -> ec.EllipticCurvePrivateKey:
    """Read the private key of a certificate. Raises: ConfigurationInvalidError."""
    try:
        key = load_pem_private_key(pem, None)
    except Exception:
        # A library's words on what it cannot read stay here: this is a private key.
        raise _invalid(
            (f"{names.key} holds no private key in PEM without a passphrase", *_OTHER),
            f"{names.key} 中没有未加口令的 PEM 私钥",
        ) from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and (
        key.public_key() == certificate.public_key()
    ):
        return key
    raise _invalid(
        (
            f"{names.key} is not the key of the certificate in {names.certificate}",
            "put the two there that belong together",
            "请放入配套的证书和私钥",
        ),
        f"{names.key} 与 {names.certificate} 中的证书不配套",
    )


def _invalid(words: tuple[str, str, str], text_zh: str) -> ConfigurationInvalidError:
    """Make the refusal of what is wrong, the remedy in English and in Chinese."""
    text, remedy, remedy_zh = words
    return ConfigurationInvalidError(
        reason=f"{text}; {remedy}", reason_zh=f"{text_zh}；{remedy_zh}"
    )
