"""Whom a call is about: keyed digests of identifiers, so that a ledger can be asked for one.

Under the node's own pseudonym key: who has not that key learns nothing from them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gateway.model.call import SUBJECT_BYTES, Subjects
from gateway.model.resource import Resource
from gateway.ports import KeyProvider
from keys.derive import Mac, lp
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.ring import Ring
from masking.kinds import KINDS

# Kinds of fields that name one person or one organisation.
SUBJECT_KINDS = ("resident_id", "passport", "travel_permit", "uscc", "org_code")
LABEL = b"sealgate/v1/subject"


class SubjectDigester:
    """Makes digests under the pseudonym keys of a node."""

    def __init__(self, keys: KeyProvider) -> None:
        self._provider = keys
        # The keys held, and of the active one what digests each kind.
        self._held: _Held | None = None

    def digest(self, columns: Iterable[tuple[str, Sequence[object]]], now: int) -> Subjects | None:
        """Digest all identifiers in columns, each with its kind; `now` is Unix ms.

        Raises: KeyUnavailableError where no pseudonym key is in force.
        """
        held = self._usable(now // 1000)
        found: set[str] = set()
        for kind, column in columns:
            values = [value for value in column if isinstance(value, str)]
            mac = held.macs.get(kind)
            if mac is None:
                held.macs[kind] = mac = self._mac(held.key.key_id, kind)
            found.update(_digits(mac, kind, values))
        if not found:
            return None
        return Subjects(key_id=held.key.key_id, digests=bytes.fromhex("".join(sorted(found))))

    def of_one(self, kind: str, value: str) -> list[Subjects]:
        """Digest one identifier under every pseudonym key that is held, retired ones too."""
        return [
            Subjects(
                key_id=key.key_id,
                digests=bytes.fromhex(_digits(self._mac(key.key_id, kind), kind, [value])[0]),
            )
            for key in self._provider.list_keys()
            if key.purpose is Purpose.PSEUDONYM
        ]

    def _usable(self, at: int) -> "_Held":
        keys, held = self._provider.list_keys(), self._held
        if held is None or held.keys is not keys or not held.key.valid_at(at):
            key = Ring(keys).active(Purpose.PSEUDONYM, at=at)
            self._held = held = _Held(keys, key, {})
        return held

    def _mac(self, key_id: str, kind: str) -> Mac:
        return self._provider.mac(key_id, lp(LABEL, kind.encode()))


class _Held(NamedTuple):
    keys: tuple[KeyInfo, ...]
    key: KeyInfo
    macs: dict[str, Mac]


def _digits(mac: Mac, kind: str, values: list[str]) -> list[str]:
    canonical = KINDS[kind].canonical
    if canonical is not None:
        values = list(map(canonical, values))
    return mac.hex_column(values, 2 * SUBJECT_BYTES)


def subject_fields(resource: Resource) -> dict[str, str]:
    """Return the fields of a resource that name someone, with their kinds."""
    return {field.id: field.kind for field in resource.fields if field.kind in SUBJECT_KINDS}
