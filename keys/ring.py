"""Ring: which of the keys held may do what, and when.

Pure rules over `KeyInfo`; whoever holds the private halves asks here first.

* Of each purpose and suite at most one key is active. `rotate` retires it and
  activates the next one in a single step, so that there is never none.
* Signing, sealing and pseudonyms take the active key within its validity.
* An opening key opens until the last envelope sealed to it can have expired:
  its retirement, or the end of its validity if that came first, plus the
  longest lifetime of an envelope.
* A retired key stays as it is: retiring it again moves nothing.

Times are Unix seconds. Transitions return new tuples and change nothing.
"""

from collections.abc import Iterable
from typing import final

import msgspec

from keys.errors import KeyUnavailableError, KeyUnknownError
from keys.material import KEY_ID_LENGTH, Purpose
from keys.ports import KeyInfo

Keys = tuple[KeyInfo, ...]

_KEY_ID_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")


@final
class Ring:
    """An unchanging view of the keys held at one moment."""

    __slots__ = ("_active", "_by_id", "keys")

    def __init__(self, keys: Iterable[KeyInfo]) -> None:
        """Take the keys.

        Raises:
            KeyUnavailableError: an id twice, or two active keys of one purpose
                and suite.
        """
        self.keys: Keys = tuple(keys)
        self._by_id = {key.key_id: key for key in self.keys}
        if len(self._by_id) != len(self.keys):
            raise KeyUnavailableError(
                reason="two keys have the same id", reason_zh="两个密钥的编号相同"
            )
        self._active: dict[Purpose, dict[int, KeyInfo]] = {purpose: {} for purpose in Purpose}
        # By suite number: the lowest registered suite is the preferred one.
        for key in sorted(self.keys, key=lambda key: key.suite):
            if key.state == "active":
                if key.suite in self._active[key.purpose]:
                    raise _already_active(key.purpose, key.suite)
                self._active[key.purpose][key.suite] = key

    def active(self, purpose: Purpose, *, suite: int | None = None, at: int) -> KeyInfo:
        """Return the active key; without `suite` that of the lowest suite number.

        Raises:
            KeyUnavailableError: there is none that is valid at `at`.
        """
        for number, key in self._active[purpose].items():
            if suite in (None, number) and key.valid_at(at):
                return key
        raise _none_ready("active", purpose, suite)

    def get(self, key_id: str) -> KeyInfo:
        """Return the key of that id, whatever its state.

        Raises:
            KeyUnknownError: there is none.
        """
        key = self._by_id.get(key_id)
        if key is None:
            raise unknown(key_id)
        return key

    def can_open(self, key_id: str, at: int, lifetime_cap: int) -> bool:
        """Tell whether an opening key may open at `at`.

        `lifetime_cap`: the longest an envelope may live, in seconds. A next key
        may open too: its public half is known before it becomes active.

        Raises:
            KeyUnknownError: there is no such key.
        """
        key = self.get(key_id)
        if key.purpose is not Purpose.OPENING:
            return False
        return key.not_before <= at <= _sealed_until(key) + lifetime_cap


def _sealed_until(key: KeyInfo) -> int:
    return key.not_after if key.retired_at is None else min(key.retired_at, key.not_after)


def add(keys: Keys, key: KeyInfo) -> Keys:
    """Return the keys with one more.

    Raises:
        KeyUnavailableError: its id is held, or it is active beside another.
    """
    return Ring((*keys, key)).keys


def activate_next(keys: Keys, purpose: Purpose, suite: int, now: int) -> Keys:
    """Return the keys with the next key active: of several that are valid, the oldest.

    Raises:
        KeyUnavailableError: another key is active, or no next key is valid.
    """
    if _active(keys, purpose, suite) is not None:
        raise _already_active(purpose, suite)
    following = _next(keys, purpose, suite, now)
    return _replace(keys, msgspec.structs.replace(following, state="active"))


def retire(keys: Keys, key_id: str, now: int) -> Keys:
    """Return the keys with that one retired at `now`, or unchanged if it already is.

    Raises:
        KeyUnknownError: there is none of that id.
    """
    key = Ring(keys).get(key_id)
    if key.state == "retired":
        return keys
    return _replace(keys, msgspec.structs.replace(key, state="retired", retired_at=now))


def rotate(keys: Keys, purpose: Purpose, suite: int, now: int) -> Keys:
    """Return the keys with the active one retired and the next one active.

    Raises:
        KeyUnavailableError: no next key is valid; nothing is retired then.
    """
    active = _active(keys, purpose, suite)
    if active is not None:
        keys = retire(keys, active.key_id, now)
    return activate_next(keys, purpose, suite, now)


def unknown(key_id: str, purpose: Purpose | None = None) -> KeyUnknownError:
    """Return the error for an id nobody holds; what is no id is not repeated."""
    shown = len(key_id) == KEY_ID_LENGTH and _KEY_ID_LETTERS.issuperset(key_id)
    kind = "key" if purpose is None else f"{purpose} key"
    kind_zh = "密钥" if purpose is None else f"{purpose.title_zh}密钥"
    return KeyUnknownError(kind=kind, kind_zh=kind_zh, key_id=key_id if shown else "?")


def _active(keys: Keys, purpose: Purpose, suite: int) -> KeyInfo | None:
    return Ring(keys)._active[purpose].get(suite)


def _next(keys: Keys, purpose: Purpose, suite: int, now: int) -> KeyInfo:
    ready = [
        key
        for key in keys
        if (key.state, key.purpose, key.suite) == ("next", purpose, suite) and key.valid_at(now)
    ]
    if not ready:
        raise _none_ready("next", purpose, suite)
    return min(ready, key=lambda key: (key.not_before, key.key_id))


def _replace(keys: Keys, changed: KeyInfo) -> Keys:
    return tuple(changed if key.key_id == changed.key_id else key for key in keys)


def _already_active(purpose: Purpose, suite: int) -> KeyUnavailableError:
    return KeyUnavailableError(
        reason=f"a {purpose} key of suite {suite} is already active: make a next key and rotate",
        reason_zh=f"套件 {suite} 已有启用的{purpose.title_zh}密钥：请先生成下一个密钥再轮换",
    )


def _none_ready(state: str, purpose: Purpose, suite: int | None) -> KeyUnavailableError:
    of_suite, of_suite_zh = ("", "") if suite is None else (f" of suite {suite}", f"套件 {suite} ")
    state_zh = "启用" if state == "active" else "待用"
    return KeyUnavailableError(
        reason=f"no {state} {purpose} key{of_suite} is valid now",
        reason_zh=f"当前没有有效的{of_suite_zh}{state_zh}{purpose.title_zh}密钥",
    )
