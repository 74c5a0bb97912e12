"""What tests of keyed operators share: a key, a call, and values of which each is of a subject."""

from collections.abc import Sequence
from typing import Any

from keys.derive import Mac
from masking.operators import Operator, Scope, tried
from masking.operators._keyed import KeyScope

AID = Scope(requester="R1", purpose="aid", resource="S1")
SCOPES: tuple[KeyScope, ...] = ("requester+purpose", "requester", "resource", "global")


def key(context: bytes) -> Mac:
    """Derive a key."""
    return Mac(b"a key for tests".ljust(32) + context)


def of(
    operator: Operator, values: Sequence[object], subjects: Sequence[str | None], **more: Any
) -> list[Any]:
    """Mask values of which each is about a subject, whom the field `person` identifies."""
    more = {"mac": key, "scope": AID, **more}
    return tried(operator, *values, beside={"person": list(subjects)}, **more)
