"""The port behind which private keys live: a file, memory, later a module in hardware."""

from typing import Literal, Protocol

import msgspec

from keys.derive import Mac
from keys.material import Purpose

__all__ = ["KeyInfo", "KeyProvider", "KeyState", "Purpose"]

KeyState = Literal["next", "active", "retired"]


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What may be known of a key: times in Unix seconds, `not_after` exclusive.

    `public` is None for keys without a public half.
    """

    key_id: str
    purpose: Purpose
    suite: int
    state: KeyState
    not_before: int
    not_after: int
    retired_at: int | None = None
    public: bytes | None = None

    def valid_at(self, at: int) -> bool:
        """Tell whether `at` lies within the key's validity, whatever its state."""
        return self.not_before <= at < self.not_after


class KeyProvider(Protocol):
    """Do what private keys do; no method returns one.

    Every method that takes a `key_id` raises `KeyUnknownError` where no key of
    the purpose it needs has that id. Which key may be used when is the rule of
    `keys.ring`, not of a provider.
    """

    def list_keys(self) -> tuple[KeyInfo, ...]:
        """Return what may be known of every key held."""
        ...

    def sign(self, key_id: str, message: bytes) -> bytes:
        """Sign `message` with a signing or ledger key."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        """Return the content key in `wrapped`.

        Raises:
            DecryptionFailedError: another key, another `info`, or altered bytes.
        """
        ...

    def mac(self, key_id: str, context: bytes) -> Mac:
        """Return the keyed hash of a pseudonym key for `context`."""
        ...
