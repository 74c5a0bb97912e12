"""What a worker sees of its node, once a second: ages, days left, conditions."""

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from keys.ports import KeyInfo

# Of so many keys, certificates or conditions at most is told: those that end first. Each is a
# series that the monitoring system keeps.
MAX_OBSERVED = 256
# Characters of a name. With the number above it bounds what a look takes in memory.
MAX_OBSERVED_NAME = 100

_DAY = 86_400


class KeyDays(Struct, frozen=True, array_like=True):
    """For how many days a key stays valid; negative once it has ended."""

    purpose: str
    key_id: str
    days: float


class CertificateDays(Struct, frozen=True, array_like=True):
    """The same of a certificate, by its name in the configuration."""

    certificate: str
    days: float


class ConditionState(Struct, frozen=True, array_like=True):
    """How a condition of the node stands."""

    condition: str
    state: Literal["ok", "warning", "failed"]


class Observation(Struct, frozen=True, kw_only=True, array_like=True):
    """What was seen at one look. `trust_age` in seconds, None where there is no trust data."""

    trust_age: float | None = None
    ledger_queue: int = 0
    keys: tuple[KeyDays, ...] = ()
    certificates: tuple[CertificateDays, ...] = ()
    conditions: tuple[ConditionState, ...] = ()


_Ending = TypeVar("_Ending", KeyDays, CertificateDays)


def bounded(observation: Observation) -> Observation:
    """Leave out what is beyond the limits."""
    return msgspec.structs.replace(
        observation,
        keys=_soonest(observation.keys),
        certificates=tuple(
            CertificateDays(each.certificate[:MAX_OBSERVED_NAME], each.days)
            for each in _soonest(observation.certificates)
        ),
        conditions=observation.conditions[:MAX_OBSERVED],
    )


def _soonest(ending: tuple[_Ending, ...]) -> tuple[_Ending, ...]:
    if len(ending) <= MAX_OBSERVED:
        return ending
    return tuple(sorted(ending, key=lambda each: each.days)[:MAX_OBSERVED])


def days_of_keys(keys: Iterable[KeyInfo], now: int) -> tuple[KeyDays, ...]:
    """Tell the days left of every key that is in use or to be used; `now` in Unix seconds."""
    return tuple(
        KeyDays(key.purpose.value, key.key_id, (key.not_after - now) / _DAY)
        for key in keys
        if key.state != "retired"
    )
