"""Encryption that gives equal results for equal values, and that its key reverses.

For values in the columns of a table, not for messages: whoever sees two results
sees whether the values were equal, and nothing else. AES-SIV (RFC 5297) gives
bytes that tell whether they are its own; FF1 (NIST SP 800-38G) gives decimal
digits for as many decimal digits, and any digits can be reversed to some others.
Both take their key from a `Mac`, each under a label of its own.

Their libraries are loaded when one is made; that of FF1 comes with the extra `fpe`.
"""

from typing import NoReturn, final

from keys.derive import Mac, Secret, derive_key

# NIST SP 800-38G: fewer values than a million can be tried one by one. Six digits.
MIN_DIGITS = 6

_SIV_LABEL = b"sealgate/v1/aes-siv"
_FF1_LABEL = b"sealgate/v1/ff1"
_DIGITS = "0123456789"


@final
class Siv:
    """AES-SIV with a key of 64 bytes: two of AES-256, one to authenticate, one to encrypt."""

    __slots__ = ("_cipher", "_refused")

    def __init__(self, mac: Mac) -> None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        halves = (derive_key(mac, _SIV_LABEL, half) for half in (b"1", b"2"))
        self._cipher = AESSIV(Secret(b"".join(halves)))
        self._refused = (InvalidTag, ValueError)

    def encrypt(self, plaintext: bytes) -> bytes:
        """Return 16 bytes more than the plaintext has, which is not empty."""
        return self._cipher.encrypt(plaintext, None)

    def decrypt(self, ciphertext: bytes) -> bytes | None:
        """Return the plaintext; None if this key never gave the ciphertext."""
        try:
            return self._cipher.decrypt(ciphertext, None)
        except self._refused:
            return None

    def __repr__(self) -> str:
        return "<Siv, key withheld>"

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("a cipher is neither pickled nor copied")


class _SecretText(str):
    """Text that shows nothing of itself when printed: a key for a library that takes digits."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} secret characters>"

    __str__ = __repr__

    def __format__(self, spec: str, /) -> str:
        return repr(self)


@final
class Ff1:
    """FF1 with radix 10 and AES-256: a permutation of the numbers of as many digits.

    `digits` are at least MIN_DIGITS of 0 to 9; for each `tweak` it is another permutation.
    """

    __slots__ = ("_decrypt", "_encrypt", "_key")

    def __init__(self, mac: Mac) -> None:
        """Derive the key.

        Raises:
            ModuleNotFoundError: the extra `fpe` is not installed.
        """
        from fastfpe import ff1

        self._encrypt, self._decrypt = ff1.encrypt, ff1.decrypt
        self._key = _SecretText(derive_key(mac, _FF1_LABEL).hex())

    def encrypt(self, digits: str, tweak: bytes) -> str:
        """Return as many digits."""
        encrypted: str = self._encrypt(self._key, tweak.hex(), _DIGITS, digits)
        return encrypted

    def decrypt(self, digits: str, tweak: bytes) -> str:
        """Return the digits that `encrypt` gives these for."""
        decrypted: str = self._decrypt(self._key, tweak.hex(), _DIGITS, digits)
        return decrypted

    def __repr__(self) -> str:
        return "<Ff1, key withheld>"

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("a cipher is neither pickled nor copied")
