"""The format of a key file: private keys under a passphrase, bytes in and bytes out.

A JSON object of two members. `header` says in the clear how the rest is
encrypted, and all of it is associated data; `ciphertext` is a JSON list of keys
under XChaCha20-Poly1305, by a key that Argon2id makes of the passphrase. Bytes
stand in base64. The nonce is new with every writing, the salt with every
passphrase, so that a process that has opened the file once can follow it.
"""

import secrets
from collections.abc import Iterable
from typing import NamedTuple, final

import msgspec
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id

from keys._secret import secret_bytes
from keys.derive import Secret, lp
from keys.errors import KeysError, KeyUnavailableError
from keys.material import Purpose
from keys.ports import KeyInfo, KeyState
from keys.stores.memory import HeldKey
from keys.stores.passphrase import MINIMUM_PASSPHRASE_BYTES
from keys.suites import suite as suite_of

# Larger files are not read: a key takes 300 bytes, a store at most 1,000 keys.
MAXIMUM_FILE_BYTES = 1024 * 1024
# Less than the lower bounds makes guessing cheap; a file that asks for more than
# the upper ones would hold or kill the process before its tag is ever checked.
MINIMUM_MEMLIMIT, MAXIMUM_MEMLIMIT = 8 * 1024 * 1024, 1024 * 1024 * 1024
MINIMUM_OPSLIMIT, MAXIMUM_OPSLIMIT = 1, 10

_VERSION = 1
_KDF = "argon2id"
_AEAD = "xchacha20-poly1305"
_LABEL = b"sealgate/v1/key-file"
_SALT_BYTES = 16
_NONCE_BYTES = 24
_KEY_BYTES = 32


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What Argon2id spends on a guess: passes, and memory in bytes."""

    opslimit: int = 3
    memlimit: int = 64 * 1024 * 1024

    def check(self) -> None:
        """Return if both lie within the bounds.

        Raises:
            KeyUnavailableError: one does not.
        """
        if not (
            MINIMUM_OPSLIMIT <= self.opslimit <= MAXIMUM_OPSLIMIT
            and MINIMUM_MEMLIMIT <= self.memlimit <= MAXIMUM_MEMLIMIT
        ):
            raise KeyUnavailableError(
                reason="the key file asks for an Argon2id cost outside the bounds",
                reason_zh="密钥文件要求的 Argon2id 计算代价超出允许范围",
            )


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must be known before the passphrase can be tried."""

    version: int
    kdf: str
    opslimit: int
    memlimit: int
    salt: bytes
    aead: str
    nonce: bytes

    def cost(self) -> Cost:
        """What Argon2id is asked to spend."""
        return Cost(opslimit=self.opslimit, memlimit=self.memlimit)

    def bound(self) -> bytes:
        """Return the associated data: every member, unambiguously."""
        numbers = (self.version, self.opslimit, self.memlimit)
        words = (self.kdf.encode(), self.salt, self.aead.encode(), self.nonce)
        return lp(_LABEL, *(number.to_bytes(8, "big") for number in numbers), *words)


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    header: Header
    ciphertext: bytes


@final
class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key_id: str
    purpose: Purpose
    suite: int
    state: KeyState
    not_before: int
    not_after: int
    retired_at: int | None
    private: bytes

    def __repr__(self) -> str:
        return f"<entry {self.key_id}>"


class Lock(NamedTuple):
    """The header that a key was derived for, and that key."""

    header: Header
    key: Secret

    def fits(self, header: Header) -> bool:
        """Tell whether the key also opens a file of that header."""
        return (self.header.salt, self.header.cost()) == (header.salt, header.cost())


def new_lock(passphrase: Secret, cost: Cost) -> Lock:
    """Return a lock with a salt of its own.

    Raises:
        KeyUnavailableError: the passphrase is too short, or the cost out of bounds.
    """
    if len(passphrase) < MINIMUM_PASSPHRASE_BYTES:
        raise KeyUnavailableError(
            reason=f"a new passphrase has at least {MINIMUM_PASSPHRASE_BYTES} bytes",
            reason_zh=f"新口令至少 {MINIMUM_PASSPHRASE_BYTES} 个字节",
        )
    header = Header(
        version=_VERSION,
        kdf=_KDF,
        opslimit=cost.opslimit,
        memlimit=cost.memlimit,
        salt=secrets.token_bytes(_SALT_BYTES),
        aead=_AEAD,
        nonce=bytes(_NONCE_BYTES),
    )
    return derive_lock(passphrase, header)


def derive_lock(passphrase: Secret, header: Header) -> Lock:
    """Return the lock of a header, which costs what the header asks for.

    Raises:
        KeyUnavailableError: it asks for a cost out of bounds.
    """
    header.cost().check()
    key = Secret(
        argon2id.kdf(
            _KEY_BYTES,
            passphrase,
            header.salt,
            opslimit=header.opslimit,
            memlimit=header.memlimit,
        )
    )
    return Lock(header, key)


def parse(content: bytes) -> tuple[Header, bytes]:
    """Return header and ciphertext, neither of them believed yet.

    Raises:
        KeyUnavailableError: this is no key file, or it asks for a cost out of bounds.
    """
    try:
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_key_file() from None
    header = file.header
    sizes = (len(header.salt), len(header.nonce))
    if (header.version, header.kdf, header.aead) != (_VERSION, _KDF, _AEAD) or sizes != (
        _SALT_BYTES,
        _NONCE_BYTES,
    ):
        raise _no_key_file()
    header.cost().check()
    return header, file.ciphertext


def open_keys(lock: Lock, header: Header, ciphertext: bytes) -> tuple[HeldKey, ...]:
    """Return the keys of a file.

    Raises:
        KeyUnavailableError: another passphrase, or altered bytes.
    """
    try:
        plaintext = Secret(
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                ciphertext, header.bound(), header.nonce, lock.key
            )
        )
    except (CryptoError, ValueError):  # ValueError: shorter than a tag
        raise KeyUnavailableError(
            reason="the key file does not open: wrong passphrase or altered file",
            reason_zh="密钥文件无法打开：口令错误或文件被改动",
        ) from None
    try:
        entries = msgspec.json.decode(plaintext, type=tuple[_Entry, ...])
        return tuple(map(_held, entries))
    except (msgspec.DecodeError, KeysError):
        raise _no_key_file() from None


def seal_keys(lock: Lock, held: Iterable[HeldKey]) -> bytes:
    """Return the file that holds the keys."""
    header = msgspec.structs.replace(lock.header, nonce=secrets.token_bytes(_NONCE_BYTES))
    plaintext = Secret(msgspec.json.encode([_entry(one) for one in held]))
    ciphertext = crypto_aead_xchacha20poly1305_ietf_encrypt(
        plaintext, header.bound(), header.nonce, lock.key
    )
    encoded = msgspec.json.encode(_File(header=header, ciphertext=ciphertext))
    return msgspec.json.format(encoded, indent=2) + b"\n"


def _entry(held: HeldKey) -> _Entry:
    info = held.info
    return _Entry(
        key_id=info.key_id,
        purpose=info.purpose,
        suite=info.suite,
        state=info.state,
        not_before=info.not_before,
        not_after=info.not_after,
        retired_at=info.retired_at,
        private=bytes(secret_bytes(held.key)),
    )


def _held(entry: _Entry) -> HeldKey:
    key = suite_of(entry.suite).private_key(entry.purpose, Secret(entry.private))
    if key.key_id != entry.key_id:
        raise _no_key_file()
    info = KeyInfo(
        key_id=key.key_id,
        purpose=entry.purpose,
        suite=entry.suite,
        state=entry.state,
        not_before=entry.not_before,
        not_after=entry.not_after,
        retired_at=entry.retired_at,
        public=key.public or None,
    )
    return HeldKey(info, key)


def _no_key_file() -> KeyUnavailableError:
    return KeyUnavailableError(
        reason="this is not a key file of a known version", reason_zh="这不是已知版本的密钥文件"
    )
