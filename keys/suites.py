"""Suites: registered numbers, each of which stands for a set of algorithms.

Nothing outside `keys` names an algorithm; hash, MAC, signature, key wrap and
payload encryption are asked of the suite. A number never changes its meaning.

======  ==========  =============================================  ================
number  name        key wrap                                       the rest
======  ==========  =============================================  ================
1       ``XWING``   HPKE, KEM 0x647a (ML-KEM-768 with X25519)      SHA-256, HMAC,
                                                                   HKDF, Ed25519,
2       ``X25519``  HPKE, DHKEM(X25519)                            Cobblestone-256
======  ==========  =============================================  ================
"""

import secrets
from base64 import b32encode
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256
from typing import Final, Protocol, TypedDict, final

from keys.derive import Expander, Hasher, HashFunction, Hkdf, Mac, Secret, derive_key, lp
from keys.errors import KeyUnavailableError, SuiteRefusedError
from keys.material import (
    KEY_ID_LENGTH,
    PRIVATE_KEY_BYTES,
    LedgerKey,
    OpeningKey,
    PrivateKey,
    PseudonymKey,
    Purpose,
    SealingKey,
    SigningKey,
    VerifyingKey,
)

XWING = 1
X25519 = 2

_KEY_ID_LABEL = b"sealgate/v1/key-id"
_PSEUDONYM_LABEL = b"sealgate/v1/pseudonym"
_VERIFYING = (Purpose.SIGNING, Purpose.LEDGER)


class Signature(Protocol):
    """A signature algorithm; `ValueError` for bytes that are no key."""

    @property
    def jws_algorithm(self) -> str: ...
    @property
    def note_type(self) -> int: ...
    @property
    def cosignature_type(self) -> int: ...
    def signer(self, seed: Secret, /) -> tuple[bytes, Callable[[bytes], bytes]]: ...
    def verifier(self, public: bytes, /) -> Callable[[bytes, bytes], bool]: ...


class KeyWrap(Protocol):
    """A way to wrap content keys; `ValueError` for bytes that are no key."""

    def opener(self, seed: Secret, /) -> tuple[bytes, Callable[[bytes, bytes], Secret]]: ...
    def sealer(self, public: bytes, /) -> Callable[[bytes, bytes], bytes]: ...


class Payload(Protocol):
    """An authenticated encryption that commits to its key."""

    def encrypt(self, key: bytes, context: bytes, parts: Sequence[bytes], /) -> bytes: ...
    def decrypt(self, key: bytes, context: bytes, ciphertext: bytes, /) -> bytes: ...


class _SignerParts(TypedDict):
    suite: int
    key_id: str
    public: bytes
    secret: Secret
    sign: Callable[[bytes], bytes]


@final
class Suite:
    """One registered set of algorithms, and the keys made for it."""

    __slots__ = (
        "_hash",
        "_hkdf",
        "_payload",
        "_signature",
        "_wrap",
        "cosignature_type",
        "hash_size",
        "jws_algorithm",
        "name",
        "note_type",
        "number",
        "title_zh",
    )

    def __init__(
        self,
        *,
        number: int,
        name: str,
        title_zh: str,
        hash_function: HashFunction,
        signature: Signature,
        wrap: KeyWrap,
        payload: Payload,
    ) -> None:
        self.number: Final = number
        self.name: Final = name
        self.title_zh: Final = title_zh
        self.hash_size: Final = hash_function(b"").digest_size
        self.jws_algorithm: Final = signature.jws_algorithm
        # What tells the hash of a key that signs notes from one that cosigns them.
        self.note_type: Final = signature.note_type
        self.cosignature_type: Final = signature.cosignature_type
        self._hash = hash_function
        self._hkdf = Hkdf(hash_function)
        self._signature = signature
        self._wrap = wrap
        self._payload = payload

    def __repr__(self) -> str:
        return f"<Suite {self.number} {self.name}>"

    def hash(self, part: bytes, *parts: bytes) -> bytes:
        """Hash the parts as one run of bytes; `lp` them where their borders matter."""
        running = self._hash(part)
        for further in parts:
            running.update(further)
        return running.digest()

    def hasher(self) -> Hasher:
        """Return a running hash, for what comes in pieces."""
        return self._hash(b"")

    def mac(self, key: bytes) -> Mac:
        """Return the keyed hash of `key`."""
        return Mac(key, self._hash)

    def expand(self, key: bytes, info: bytes, length: int) -> Secret:
        """Return `length` bytes for `info` under `key`: HKDF with an empty salt."""
        hkdf = self._hkdf
        return hkdf.expand(hkdf.extract(key), info, length)

    def expander(self, key: bytes) -> Expander:
        """Return what expands `key` many times, equal to `expand` for the hash's length."""
        return Expander(self._hkdf, key)

    def encrypt(self, key: bytes, context: bytes, *parts: bytes) -> bytes:
        """Encrypt the parts as one plaintext under a 32-byte key, bound to `context`."""
        return self._payload.encrypt(key, context, parts)

    def decrypt(self, key: bytes, context: bytes, ciphertext: bytes) -> bytes:
        """Return the whole plaintext or nothing of it.

        Raises:
            DecryptionFailedError: another key or context, altered or cut bytes.
        """
        return self._payload.decrypt(key, context, ciphertext)

    def generate(
        self, purpose: Purpose, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> PrivateKey:
        """Make a new key; `random` gives as many bytes as it is asked for."""
        return self.private_key(purpose, Secret(random(PRIVATE_KEY_BYTES)))

    def private_key(self, purpose: Purpose, private: bytes) -> PrivateKey:
        """Return the key of `purpose` whose 32 raw bytes are `private`.

        Raises:
            KeyUnavailableError: `private` is no such key.
        """
        private = Secret(private)
        match purpose:
            case Purpose.SIGNING:
                return self.signing_key(private)
            case Purpose.OPENING:
                return self.opening_key(private)
            case Purpose.PSEUDONYM:
                return self.pseudonym_key(private)
            case Purpose.LEDGER:
                return self.ledger_key(private)

    # Each of these four hides its argument first: a traceback may show locals.

    def signing_key(self, private: bytes) -> SigningKey:
        """Return the signing key of 32 raw bytes; see `private_key`."""
        private = Secret(private)
        return SigningKey(**self._signer(Purpose.SIGNING, private))

    def ledger_key(self, private: bytes) -> LedgerKey:
        """Return the ledger key of 32 raw bytes; see `private_key`."""
        private = Secret(private)
        return LedgerKey(**self._signer(Purpose.LEDGER, private))

    def opening_key(self, private: bytes) -> OpeningKey:
        """Return the opening key of 32 raw bytes; see `private_key`."""
        private = Secret(private)
        self._check_size(Purpose.OPENING, private)
        public, unwrap = self._wrap.opener(private)
        key_id = self.key_id(Purpose.OPENING, public)
        return OpeningKey(
            suite=self.number, key_id=key_id, public=public, secret=private, unwrap=unwrap
        )

    def pseudonym_key(self, private: bytes) -> PseudonymKey:
        """Return the pseudonym key of 32 raw bytes; see `private_key`."""
        private = Secret(private)
        self._check_size(Purpose.PSEUDONYM, private)
        root = self.mac(private)

        def mac(context: bytes) -> Mac:
            # As digits: what hashes whole tables takes its key as text.
            digits = derive_key(root, _PSEUDONYM_LABEL, context).hex()
            return self.mac(Secret(digits.encode()))

        # No public half to hash: a MAC under the key itself names it instead.
        key_id = self.key_id(Purpose.PSEUDONYM, root.mac(lp(_KEY_ID_LABEL)))
        return PseudonymKey(suite=self.number, key_id=key_id, secret=private, mac=mac)

    def verifying_key(self, public: bytes, purpose: Purpose = Purpose.SIGNING) -> VerifyingKey:
        """Return the public half of a signing or ledger key.

        Raises:
            KeyUnavailableError: `public` is no such key.
        """
        if purpose not in _VERIFYING:
            raise ValueError("only signing and ledger keys verify")
        try:
            verify = self._signature.verifier(public)
        except ValueError:
            raise self._no_key(purpose) from None
        return VerifyingKey(
            suite=self.number,
            key_id=self.key_id(purpose, public),
            public=public,
            purpose=purpose,
            verify=verify,
        )

    def sealing_key(self, public: bytes) -> SealingKey:
        """Return the public half of an opening key.

        Raises:
            KeyUnavailableError: `public` is no such key.
        """
        try:
            wrap = self._wrap.sealer(public)
        except ValueError:
            raise self._no_key(Purpose.OPENING) from None
        key_id = self.key_id(Purpose.OPENING, public)
        return SealingKey(suite=self.number, key_id=key_id, public=public, wrap=wrap)

    def key_id(self, purpose: Purpose, public: bytes) -> str:
        """Return the id of a key: 26 characters of base32, 130 bits of a hash."""
        digest = self.hash(lp(_KEY_ID_LABEL, purpose.encode(), public))
        return b32encode(digest)[:KEY_ID_LENGTH].decode().lower()

    def _signer(self, purpose: Purpose, private: Secret) -> _SignerParts:
        self._check_size(purpose, private)
        public, sign = self._signature.signer(private)
        key_id = self.key_id(purpose, public)
        return _SignerParts(
            suite=self.number, key_id=key_id, public=public, secret=private, sign=sign
        )

    def _check_size(self, purpose: Purpose, private: Secret) -> None:
        if len(private) != PRIVATE_KEY_BYTES:
            raise self._no_key(purpose)

    def _no_key(self, purpose: Purpose) -> KeyUnavailableError:
        return KeyUnavailableError(
            reason=f"these bytes are not a {purpose} key of suite {self.number}",
            reason_zh=f"这些字节不是套件 {self.number} 的{purpose.title_zh}密钥",
        )


def suite(number: int) -> Suite:
    """Return the suite registered under `number`.

    Raises:
        SuiteRefusedError: the number is not registered.
    """
    found = _registry().get(number)
    if found is None:
        raise SuiteRefusedError(
            suite=number, reason="the number is not registered", reason_zh="该编号未登记"
        )
    return found


def fingerprint(data: bytes) -> bytes:
    """Hash what no suite of an envelope speaks for: tokens, entries, catalogues."""
    return sha256(data).digest()


def fingerprints(parts: Iterable[bytes]) -> list[bytes]:
    """Hash many, each as `fingerprint` does, with a call less for each."""
    return [sha256(part).digest() for part in parts]


@cache
def _registry() -> dict[int, Suite]:
    # Imported at the first use of a suite: what only names keys and suites
    # need not wait for two cryptographic libraries.
    from keys import algorithms

    signature, payload = algorithms.Ed25519(), algorithms.Cobblestone256()
    wraps: tuple[tuple[int, str, str, KeyWrap], ...] = (
        (XWING, "XWING", "后量子混合套件（ML-KEM-768 与 X25519）", algorithms.XWing()),
        (X25519, "X25519", "X25519 套件", algorithms.X25519()),
    )
    return {
        number: Suite(
            number=number,
            name=name,
            title_zh=title_zh,
            hash_function=sha256,
            signature=signature,
            wrap=wrap,
            payload=payload,
        )
        for number, name, title_zh, wrap in wraps
    }
