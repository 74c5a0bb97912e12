"""The key of a private certificate authority, in a file under a passphrase.

The file is built like a key file (`keys.stores.keyfile`): Argon2id makes a key of the
passphrase, XChaCha20-Poly1305 encrypts under it. PEM would take PBKDF2 with 2,048
rounds, which a stolen file does not hold out. A label of its own keeps either from
being taken for the other.
"""

import secrets
from pathlib import Path
from typing import NoReturn

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from msgspec import Struct
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from keys.derive import Secret, lp
from keys.errors import KeyUnavailableError
from keys.stores.disk import read_private
from keys.stores.keyfile import Cost, Header, derive_lock, new_lock, parse
from keys.stores.passphrase import PassphraseSource

# Such a file has half a kilobyte.
MAX_FILE_BYTES = 16 * 1024
_LABEL = b"sealgate/v1/issuing-key"
_NONCE_BYTES = 24


class _File(Struct, frozen=True, kw_only=True):
    header: Header
    ciphertext: bytes


def seal_issuing_key(
    key: ec.EllipticCurvePrivateKey, passphrase: PassphraseSource, *, cost: Cost | None = None
) -> bytes:
    """Return the file that holds the key.

    Raises: KeyUnavailableError where the passphrase is too short or cannot be had.
    """
    lock = new_lock(passphrase.read(), cost or Cost())
    header = msgspec.structs.replace(lock.header, nonce=secrets.token_bytes(_NONCE_BYTES))
    plain = Secret(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    ciphertext = crypto_aead_xchacha20poly1305_ietf_encrypt(
        plain, _bound(header), header.nonce, lock.key
    )
    encoded = msgspec.json.encode(_File(header=header, ciphertext=ciphertext))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def open_issuing_key(path: Path, passphrase: PassphraseSource) -> ec.EllipticCurvePrivateKey:
    """Read the key from its file.

    Raises: KeyUnavailableError where it is missing, open to others, altered, or under
    another passphrase.
    """
    header, ciphertext = parse(bytes(read_private(path, MAX_FILE_BYTES)))
    lock = derive_lock(passphrase.read(), header)
    try:
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(
            ciphertext, _bound(header), header.nonce, lock.key
        )
        key = load_der_private_key(plain, None)
    except (CryptoError, ValueError):  # ValueError: shorter than a tag
        _refuse(path)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        _refuse(path)
    return key


def _bound(header: Header) -> bytes:
    return lp(_LABEL, header.bound())


def _refuse(path: Path) -> NoReturn:
    raise KeyUnavailableError(
        reason=f"{path} does not open: wrong passphrase or altered file",
        reason_zh=f"{path} 无法打开：口令错误或文件被改动",
    ) from None
