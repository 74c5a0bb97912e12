"""Keys held in memory: for tests and first steps, and what a loaded file becomes."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, final

from keys import ring
from keys.derive import Mac
from keys.errors import KeyUnavailableError
from keys.material import LedgerKey, OpeningKey, PrivateKey, PseudonymKey, Purpose, SigningKey
from keys.ports import KeyInfo, KeyState
from keys.suites import suite as suite_of

DAY_SECONDS = 86_400
# A key that lives for ever is never rotated, and every envelope ever sealed to
# it opens to whoever steals it once.
MAXIMUM_DAYS = 3_660
# A file that claims more would take minutes to parse.
MAXIMUM_KEYS = 1_000


class HeldKey(NamedTuple):
    """A private key with what may be known of it."""

    info: KeyInfo
    key: PrivateKey


@final
class MemoryStore:
    """A `KeyProvider` that forgets with the process.

    Signing goes by id whatever the key's state: a call that began before a
    rotation ends with the key it began with. `keys.ring` says which key to take.
    """

    __slots__ = ("_held", "_infos", "_macs", "_signers", "_unwrappers")

    def __init__(self, held: Iterable[HeldKey] = ()) -> None:
        self._hold(tuple(held))

    def list_keys(self) -> tuple[KeyInfo, ...]:
        """Return what may be known of every key held."""
        return self._infos

    def sign(self, key_id: str, message: bytes) -> bytes:
        """Sign `message` with a signing or ledger key."""
        sign = self._signers.get(key_id)
        if sign is None:
            raise ring.unknown(key_id, Purpose.SIGNING)
        return sign(message)

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        """Return the content key in `wrapped`; see `KeyProvider`."""
        unwrap = self._unwrappers.get(key_id)
        if unwrap is None:
            raise ring.unknown(key_id, Purpose.OPENING)
        return unwrap(wrapped, info)

    def mac(self, key_id: str, context: bytes) -> Mac:
        """Return the keyed hash of a pseudonym key for `context`."""
        mac = self._macs.get(key_id)
        if mac is None:
            raise ring.unknown(key_id, Purpose.PSEUDONYM)
        return mac(context)

    def new(
        self, purpose: Purpose, suite: int, now: int, days: int, state: KeyState = "next"
    ) -> KeyInfo:
        """Make a key that is valid from `now` for `days`.

        Raises:
            KeyUnavailableError: it would be active beside another, or lives too long.
            SuiteRefusedError: the suite is not registered.
        """
        if state == "retired":
            raise ValueError("a new key is next or active")
        if not 1 <= days <= MAXIMUM_DAYS:
            raise KeyUnavailableError(
                reason=f"a key lives 1 to {MAXIMUM_DAYS} days",
                reason_zh=f"密钥有效期为 1 至 {MAXIMUM_DAYS} 天",
            )
        if len(self._held) >= MAXIMUM_KEYS:
            raise KeyUnavailableError(
                reason=f"{MAXIMUM_KEYS} keys are the most a store holds",
                reason_zh=f"一个密钥库最多存放 {MAXIMUM_KEYS} 个密钥",
            )
        key = suite_of(suite).generate(purpose)
        info = KeyInfo(
            key_id=key.key_id,
            purpose=purpose,
            suite=suite,
            state=state,
            not_before=now,
            not_after=now + days * DAY_SECONDS,
            public=key.public or None,
        )
        ring.add(self._infos, info)
        self._hold((*self._held, HeldKey(info, key)))
        return info

    def rotate(self, purpose: Purpose, suite: int, now: int) -> KeyInfo:
        """Retire the active key and activate the next one, which is returned.

        Raises:
            KeyUnavailableError: no next key is valid; nothing is retired then.
        """
        self._change(ring.rotate(self._infos, purpose, suite, now))
        return ring.Ring(self._infos).active(purpose, suite=suite, at=now)

    def retire(self, key_id: str, now: int) -> KeyInfo:
        """Retire a key, which is returned; one that already is stays as it is.

        Raises:
            KeyUnknownError: there is none of that id.
        """
        self._change(ring.retire(self._infos, key_id, now))
        return ring.Ring(self._infos).get(key_id)

    def _change(self, infos: tuple[KeyInfo, ...]) -> None:
        self._hold(
            tuple(HeldKey(info, held.key) for info, held in zip(infos, self._held, strict=True))
        )

    def _hold(self, held: tuple[HeldKey, ...]) -> None:
        infos = ring.Ring(info for info, _ in held).keys
        signers: dict[str, Callable[[bytes], bytes]] = {}
        unwrappers: dict[str, Callable[[bytes, bytes], bytes]] = {}
        macs: dict[str, Callable[[bytes], Mac]] = {}
        for _, key in held:
            match key:
                case SigningKey() | LedgerKey():
                    signers[key.key_id] = key.sign
                case OpeningKey():
                    unwrappers[key.key_id] = key.unwrap
                case PseudonymKey():
                    macs[key.key_id] = key.mac
        self._held, self._infos = held, infos
        self._signers, self._unwrappers, self._macs = signers, unwrappers, macs
