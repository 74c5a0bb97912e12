"""Key material, typed by purpose.

A key does the one thing it is for: a `SigningKey` cannot unwrap and a
`SealingKey` cannot sign, by type. Each holds its parsed form, so that no call
parses a key again. A private key shows purpose, suite and key id and nothing
else; it is neither copied nor pickled, and its raw bytes leave through
`keys._secret` alone.

Material is made by a suite (`keys.suites`), which hands each object the
functions of its algorithms.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import ClassVar, NoReturn, final

from keys.derive import Mac, Secret
from keys.errors import KeyUnavailableError, SignatureInvalidError

CONTENT_KEY_BYTES = 32
PRIVATE_KEY_BYTES = 32
KEY_ID_LENGTH = 26


class Purpose(StrEnum):
    """What a key is for; the public half of an opening key seals."""

    SIGNING = "signing"
    OPENING = "opening"
    PSEUDONYM = "pseudonym"
    LEDGER = "ledger"

    @property
    def title_zh(self) -> str:
        """The purpose in Chinese."""
        return _TITLES_ZH[self]


_TITLES_ZH = {
    Purpose.SIGNING: "签名",
    Purpose.OPENING: "解封",
    Purpose.PSEUDONYM: "假名",
    Purpose.LEDGER: "日志",
}


class _Key:
    """What every key shows of itself."""

    __slots__ = ("key_id", "public", "purpose", "suite")

    key_id: str
    public: bytes
    purpose: Purpose
    suite: int

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.purpose} suite={self.suite} key_id={self.key_id}>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a key does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a key does not change")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a key is neither copied nor pickled")

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("a key is neither copied nor pickled")

    def _set(self, **parts: object) -> None:
        for name, value in parts.items():
            object.__setattr__(self, name, value)


class _PrivateKey(_Key):
    __slots__ = ("_secret",)

    _secret: Secret


class _Signer(_PrivateKey):
    __slots__ = ("sign",)

    # Signs a message; sign a digest of what is large.
    sign: Callable[[bytes], bytes]
    _purpose: ClassVar[Purpose]

    def __init__(
        self,
        *,
        suite: int,
        key_id: str,
        public: bytes,
        secret: Secret,
        sign: Callable[[bytes], bytes],
    ) -> None:
        self._set(suite=suite, key_id=key_id, public=public, purpose=self._purpose)
        self._set(_secret=secret, sign=sign)


@final
class SigningKey(_Signer):
    """Sign envelopes and tokens."""

    __slots__ = ()

    _purpose = Purpose.SIGNING


@final
class LedgerKey(_Signer):
    """Sign checkpoints of the ledger."""

    __slots__ = ()

    _purpose = Purpose.LEDGER


@final
class OpeningKey(_PrivateKey):
    """Unwrap content keys that were sealed to this key's public half."""

    __slots__ = ("_unwrap",)

    _unwrap: Callable[[bytes, bytes], Secret]

    def __init__(
        self,
        *,
        suite: int,
        key_id: str,
        public: bytes,
        secret: Secret,
        unwrap: Callable[[bytes, bytes], Secret],
    ) -> None:
        self._set(suite=suite, key_id=key_id, public=public, purpose=Purpose.OPENING)
        self._set(_secret=secret, _unwrap=unwrap)

    def unwrap(self, wrapped: bytes, info: bytes) -> Secret:
        """Return the content key in `wrapped`, which was wrapped with the same `info`.

        Raises:
            DecryptionFailedError: another key, another `info`, or altered bytes.
        """
        return self._unwrap(wrapped, info)


@final
class PseudonymKey(_PrivateKey):
    """Give the keyed hashes of pseudonyms; it has no public half."""

    __slots__ = ("_mac",)

    _mac: Callable[[bytes], Mac]

    def __init__(
        self, *, suite: int, key_id: str, secret: Secret, mac: Callable[[bytes], Mac]
    ) -> None:
        self._set(suite=suite, key_id=key_id, public=b"", purpose=Purpose.PSEUDONYM)
        self._set(_secret=secret, _mac=mac)

    def mac(self, context: bytes) -> Mac:
        """Return the keyed hash that belongs to `context`, under a key of its own."""
        return self._mac(context)


PrivateKey = SigningKey | OpeningKey | PseudonymKey | LedgerKey


@final
class VerifyingKey(_Key):
    """Verify what a signing or ledger key signed."""

    __slots__ = ("_verify",)

    _verify: Callable[[bytes, bytes], bool]

    def __init__(
        self,
        *,
        suite: int,
        key_id: str,
        public: bytes,
        purpose: Purpose,
        verify: Callable[[bytes, bytes], bool],
    ) -> None:
        self._set(suite=suite, key_id=key_id, public=public, purpose=purpose, _verify=verify)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if `signature` is this key's over `message`.

        Raises:
            SignatureInvalidError: it is not.
        """
        if not self._verify(signature, message):
            raise SignatureInvalidError(key_id=self.key_id)


@final
class SealingKey(_Key):
    """Wrap content keys for the holder of the opening key."""

    __slots__ = ("_wrap",)

    _wrap: Callable[[bytes, bytes], bytes]

    def __init__(
        self, *, suite: int, key_id: str, public: bytes, wrap: Callable[[bytes, bytes], bytes]
    ) -> None:
        self._set(suite=suite, key_id=key_id, public=public, purpose=Purpose.OPENING, _wrap=wrap)

    def wrap(self, content_key: bytes, info: bytes) -> bytes:
        """Wrap a content key of 32 bytes; only the same `info` unwraps it.

        Raises:
            KeyUnavailableError: no secret can be agreed with this public key.
        """
        if len(content_key) != CONTENT_KEY_BYTES:
            raise ValueError("a content key is 32 bytes")
        try:
            return self._wrap(content_key, info)
        except ValueError:
            raise KeyUnavailableError(
                reason=f"public key {self.key_id} cannot be sealed to",
                reason_zh=f"公钥 {self.key_id} 无法用于封装",
            ) from None
