"""A department's entry of the directory: what becomes of it with time. No I/O.

What an authority once knew of a key it goes on knowing: that it was revoked or
retired, and the key itself, since what it signed may still be on its way.
"""

from msgspec.structs import replace

from gateway.errors import TrustStaleError
from gateway.model.times import MAX_SKEW, utc
from gateway.model.trust import Department, PublicKey
from keys.ring import unknown


def admitted(entry: Department, held: Department | None, now: int) -> Department:
    """Return the entry that is to stand in the directory, where `held` stands so far.

    `now` is Unix seconds. Raises: TrustStaleError for an entry that was exported
    before the one held, or has yet to be.
    """
    issued = entry.issued or 0
    if issued > now + MAX_SKEW:
        raise TrustStaleError(
            reason=f"this entry says that it was exported at {utc(issued)}, which is yet to come",
            reason_zh=f"该条目标明的导出时间 {utc(issued)} 尚未到来",
        )
    if held is None:
        return entry
    newest = held.issued or 0
    if issued < newest:
        raise TrustStaleError(
            reason=f"this entry is older than the one here, which was exported at {utc(newest)}",
            reason_zh=f"该条目早于现有条目（导出时间 {utc(newest)}）",
        )
    keys = {key.key_id: key for key in held.keys}
    for key in entry.keys:
        known = keys.get(key.key_id)
        keys[key.key_id] = key if known is None else _remembered(key, known)
    return replace(entry, keys=tuple(keys.values()))


def revoked(held: Department, key_id: str, now: int) -> Department:
    """Return the entry with a key revoked at `now`, Unix seconds, or when it already was.

    Raises: KeyUnknownError.
    """
    if key_id not in {key.key_id for key in held.keys}:
        raise unknown(key_id)
    keys = (
        replace(key, revoked_at=now) if key.key_id == key_id and key.revoked_at is None else key
        for key in held.keys
    )
    return replace(held, keys=tuple(keys))


def _remembered(key: PublicKey, known: PublicKey) -> PublicKey:
    return replace(
        key,
        retired_at=_earlier(key.retired_at, known.retired_at),
        revoked_at=_earlier(key.revoked_at, known.revoked_at),
    )


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((time for time in (one, other) if time is not None), default=None)
