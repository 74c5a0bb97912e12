"""The ledger keys of a node: which of them signs now, and whether one signed before. No I/O."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from gateway.errors import CheckpointInvalidError
from gateway.ledger.notes import check_signature, read_note
from gateway.ports import KeyProvider
from keys.material import Purpose, VerifyingKey
from keys.ports import KeyInfo
from keys.ring import Ring
from keys.suites import suite


class _Active(NamedTuple):
    """The keys held, and the active one of them."""

    keys: tuple[KeyInfo, ...]
    info: KeyInfo
    key: VerifyingKey


class OwnKeys:
    """Those of a key provider, as they are when they are asked for."""

    def __init__(self, keys: KeyProvider) -> None:
        self._keys = keys
        self._active: _Active | None = None

    def signer(self, now: int) -> tuple[VerifyingKey, Callable[[bytes], bytes]]:
        """Return the key that is active at `now` (Unix seconds), and what signs with it.

        Raises: KeyUnavailableError.
        """
        keys, found = self._keys.list_keys(), self._active
        if found is None or found.keys is not keys or not found.info.valid_at(now):
            info = Ring(keys).active(Purpose.LEDGER, at=now)
            self._active = found = _Active(keys, info, _verifying(info))
        return found.key, partial(self._keys.sign, found.info.key_id)

    def signed(self, note: str, origin: str) -> bool:
        """Tell whether a note of this origin is signed with a key held."""
        held = [key for key in self._keys.list_keys() if key.purpose is Purpose.LEDGER]
        try:
            check_signature(read_note(note), origin, map(_verifying, held))
        except CheckpointInvalidError:
            return False
        return True


def _verifying(key: KeyInfo) -> VerifyingKey:
    return suite(key.suite).verifying_key(key.public or b"", Purpose.LEDGER)
