"""Whom a call is about: keyed digests of identifiers, so that a ledger can be asked for one.

Under the node's own pseudonym key: who has not that key learns nothing from them.
"""

from collections.abc import Iterable, Sequence

from gateway.model.call import SUBJECT_BYTES, Subjects
from gateway.model.resource import Resource
from gateway.ports import KeyProvider
from keys.derive import lp
from keys.material import Purpose
from keys.ring import Ring
from masking.kinds import KINDS

# Kinds of fields that name one person or one organisation.
SUBJECT_KINDS = ("resident_id", "passport", "travel_permit", "uscc", "org_code")
LABEL = b"sealgate/v1/subject"


class SubjectDigester:
    """Makes digests under the pseudonym keys of a node."""

    def __init__(self, keys: KeyProvider) -> None:
        self._keys = keys

    def digest(self, columns: Iterable[tuple[str, Sequence[object]]], now: int) -> Subjects | None:
        """Digest all identifiers in columns, each with its kind; `now` is Unix ms.

        Raises: KeyUnavailableError where no pseudonym key is in force.
        """
        found: set[str] = set()
        key_id = ""
        for kind, column in columns:
            if not key_id:
                ring = Ring(self._keys.list_keys())
                key_id = ring.active(Purpose.PSEUDONYM, at=now // 1000).key_id
            found.update(self._digits(key_id, kind, [x for x in column if isinstance(x, str)]))
        if not found:
            return None
        return Subjects(key_id=key_id, digests=bytes.fromhex("".join(sorted(found))))

    def of_one(self, kind: str, value: str) -> list[Subjects]:
        """Digest one identifier under every pseudonym key that is held, retired ones too."""
        return [
            Subjects(
                key_id=key.key_id,
                digests=bytes.fromhex("".join(self._digits(key.key_id, kind, [value]))),
            )
            for key in self._keys.list_keys()
            if key.purpose is Purpose.PSEUDONYM
        ]

    def _digits(self, key_id: str, kind: str, values: list[str]) -> list[str]:
        canonical = KINDS[kind].canonical
        if canonical is not None:
            values = list(map(canonical, values))
        mac = self._keys.mac(key_id, lp(LABEL, kind.encode()))
        return mac.hex_column(values, 2 * SUBJECT_BYTES)


def subject_fields(resource: Resource) -> dict[str, str]:
    """Return the fields of a resource that name someone, with their kinds."""
    return {field.id: field.kind for field in resource.fields if field.kind in SUBJECT_KINDS}
