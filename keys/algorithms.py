"""The algorithms of suites 1 and 2: the one place that names a library's primitive.

Ed25519 (RFC 8032) runs in libsodium, which verifies 1.8 times as fast as
OpenSSL; HPKE (RFC 9180, base mode, one shot, empty `aad`) and Cobblestone-256
(C2SP chunked-encryption) in `cryptography`. Every private key is a seed of 32
bytes. A function of this module either parses key bytes once and returns a
closure over the parsed key, or works on one message. Bytes that are no key give
`ValueError`, which `keys.suites` translates.
"""

from collections.abc import Callable, Sequence
from hashlib import shake_256
from typing import final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import Suite as Hpke
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

from keys.derive import Secret
from keys.errors import DecryptionFailedError
from keys.material import CONTENT_KEY_BYTES

_ED25519_PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
_MLKEM_PUBLIC_BYTES = 1184
_MLKEM_SEED_BYTES = 64
_XWING_EXPANDED_BYTES = 96
_CHUNK_BYTES = 16 * 1024
_CHUNK_TAG_BYTES = 16
_COBBLESTONE_HEAD_BYTES = 56
# Longer plaintexts are rare (a page is padded to far less) and would pin memory.
_SCRATCH_BYTES = 1024 * 1024

_scratch: list[bytearray] = []


@final
class Ed25519:
    """Signatures after RFC 8032, by libsodium."""

    jws_algorithm = "Ed25519"
    # C2SP signed-note, "Signature types".
    note_type = 0x01
    cosignature_type = 0x04

    def signer(self, seed: Secret) -> tuple[bytes, Callable[[bytes], bytes]]:
        """Return the public key of `seed`, and what signs with it."""
        public, expanded = crypto_sign_seed_keypair(seed)
        # libsodium's Python frames hold the key under a name: a `Secret` stays
        # dumb there too, should a traceback show locals.
        key = Secret(expanded)

        def sign(message: bytes) -> bytes:
            return crypto_sign(message, key)[:SIGNATURE_BYTES]

        return public, sign

    def verifier(self, public: bytes) -> Callable[[bytes, bytes], bool]:
        """Return what verifies under `public`; points of small order are refused."""
        if len(public) != _ED25519_PUBLIC_BYTES or not crypto_core_ed25519_is_valid_point(public):
            raise ValueError("not an Ed25519 public key")

        def verify(signature: bytes, message: bytes) -> bool:
            # Without this check a signature could borrow bytes of the message.
            if len(signature) != SIGNATURE_BYTES:
                return False
            try:
                crypto_sign_open(signature + message, public)
            except BadSignatureError:
                return False
            return True

        return verify


class _HpkeWrap:
    """Wrap 32-byte content keys by single-shot HPKE."""

    def __init__(self, kem: KEM) -> None:
        self._hpke = Hpke(kem, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

    def _opener(
        self, key: X25519PrivateKey | MLKEM768X25519PrivateKey
    ) -> Callable[[bytes, bytes], Secret]:
        decrypt = self._hpke.decrypt

        def unwrap(wrapped: bytes, info: bytes) -> Secret:
            try:
                content_key = Secret(decrypt(wrapped, key, info))
            except InvalidTag:
                raise DecryptionFailedError from None
            if len(content_key) != CONTENT_KEY_BYTES:
                raise DecryptionFailedError
            return content_key

        return unwrap

    def _sealer(
        self, key: X25519PublicKey | MLKEM768X25519PublicKey
    ) -> Callable[[bytes, bytes], bytes]:
        encrypt = self._hpke.encrypt

        def wrap(content_key: bytes, info: bytes) -> bytes:
            return encrypt(content_key, key, info)

        return wrap


@final
class XWing(_HpkeWrap):
    """HPKE KEM 0x647a: X-Wing, ML-KEM-768 (FIPS 203) with X25519.

    Public key: 1184 bytes of ML-KEM-768, then 32 of X25519. Private key: the
    seed, which SHAKE-256 expands to the seed of each half.
    """

    def __init__(self) -> None:
        super().__init__(KEM.MLKEM768_X25519)

    def opener(self, seed: Secret) -> tuple[bytes, Callable[[bytes, bytes], Secret]]:
        """Return the public key of `seed`, and what unwraps with it."""
        expanded = Secret(shake_256(seed).digest(_XWING_EXPANDED_BYTES))
        lattice = MLKEM768PrivateKey.from_seed_bytes(Secret(expanded[:_MLKEM_SEED_BYTES]))
        curve = X25519PrivateKey.from_private_bytes(Secret(expanded[_MLKEM_SEED_BYTES:]))
        public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        return public, self._opener(MLKEM768X25519PrivateKey(lattice, curve))

    def sealer(self, public: bytes) -> Callable[[bytes, bytes], bytes]:
        """Return what wraps for the holder of `public`."""
        lattice = MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC_BYTES])
        curve = X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC_BYTES:])
        return self._sealer(MLKEM768X25519PublicKey(lattice, curve))


@final
class X25519(_HpkeWrap):
    """HPKE DHKEM(X25519, HKDF-SHA256); both keys are 32 raw bytes."""

    def __init__(self) -> None:
        super().__init__(KEM.X25519)

    def opener(self, seed: Secret) -> tuple[bytes, Callable[[bytes, bytes], Secret]]:
        """Return the public key of `seed`, and what unwraps with it."""
        key = X25519PrivateKey.from_private_bytes(seed)
        return key.public_key().public_bytes_raw(), self._opener(key)

    def sealer(self, public: bytes) -> Callable[[bytes, bytes], bytes]:
        """Return what wraps for the holder of `public`."""
        return self._sealer(X25519PublicKey.from_public_bytes(public))


@final
class Cobblestone256:
    """C2SP chunked-encryption: AES-256-GCM, 16 KiB chunks, key-committing."""

    def encrypt(self, key: bytes, context: bytes, parts: Sequence[bytes]) -> bytes:
        """Return the ciphertext of the parts as one plaintext, bound to `context`."""
        encryptor = Cobblestone256Encryptor(key, context)
        if len(parts) == 1 and len(parts[0]) < _CHUNK_BYTES:
            return encryptor.update(parts[0]) + encryptor.finalize()
        size = sum(map(len, parts))
        if size < _CHUNK_BYTES or size > _SCRATCH_BYTES:
            return b"".join((*map(encryptor.update, parts), encryptor.finalize()))
        # One allocation instead of several: above 128 KiB the allocator gives pages
        # back and faults them in anew, which costs more than the encryption.
        buffer = _borrow()
        view, written = memoryview(buffer), 0
        for part in parts:
            written += encryptor.update_into(part, view[written:])
        ciphertext = b"".join((view[:written], encryptor.finalize()))
        _scratch.append(buffer)
        return ciphertext

    def decrypt(self, key: bytes, context: bytes, ciphertext: bytes) -> bytes:
        """Return the plaintext, all of it or nothing.

        Raises:
            DecryptionFailedError: another key or context, altered or cut bytes.
        """
        try:
            decryptor = Cobblestone256Decryptor(key, context)
            return decryptor.update(ciphertext) + decryptor.finalize()
        except InvalidTag:
            raise DecryptionFailedError from None


def _borrow() -> bytearray:
    # Ciphertext only, so that a kept buffer keeps no plaintext. `pop` is atomic;
    # there are never more buffers than threads that encrypted at once.
    try:
        return _scratch.pop()
    except IndexError:
        chunks = _SCRATCH_BYTES // _CHUNK_BYTES + 1
        return bytearray(_COBBLESTONE_HEAD_BYTES + _SCRATCH_BYTES + chunks * _CHUNK_TAG_BYTES)
