"""Try an operator on a few values, as its examples do."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from keys.derive import Mac
from masking.operators._contract import Binding, Column, FieldType, Operator, Own, Scope

if TYPE_CHECKING:
    from masking.detect import Detector

_NOBODY = Scope(requester="", purpose="", resource="")


def _no_mac(_context: bytes) -> Mac:
    raise ValueError("an operator with a key cannot be tried without one")


def tried(
    operator: Operator,
    *values: object,
    type: FieldType = "string",
    kind: str = "general",
    format: str | None = None,
    at: date | None = None,
    scope: Scope = _NOBODY,
    mac: Callable[[bytes], Mac] = _no_mac,
    detector: "Callable[[], Detector] | None" = None,
    own: Own | None = None,
) -> Column:
    """Return what an operator makes of values of one field.

    `own` is for each value what the rest of its record says, for an operator
    that looks there.

    Raises:
        ValueError: the operator does not take the type, or lacks a key.
        ExtraMissingError: it lacks a detector.
    """
    if type not in operator.accepts:
        raise ValueError(f"{operator.name} does not take the type {type}")
    bind = Binding(
        field="tried",
        type=type,
        kind=kind,
        scope=scope,
        mac=mac,
        format=format,
        detector=detector,
        at=at,
    )
    column = list(values)
    if own is not None and (looking := operator.record_kernel(bind)) is not None:
        return looking(column, own)
    return operator.kernel(bind)(column)
