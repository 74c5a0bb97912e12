"""Try an operator on a few values, as its examples do."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from keys.derive import Mac
from masking.operators._contract import (
    Beside,
    Binding,
    Column,
    FieldType,
    Operator,
    Own,
    Scope,
)

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
    kind_title_zh: str = "",
    format: str | None = None,
    at: date | None = None,
    scope: Scope = _NOBODY,
    mac: Callable[[bytes], Mac] = _no_mac,
    detector: "Callable[[], Detector] | None" = None,
    own: Own | None = None,
    beside: Mapping[str, Sequence[str | None]] | None = None,
) -> Column:
    """Return what an operator makes of values of one field.

    `own` is for each value what the rest of its record says, and `beside` has the
    texts of other fields, by their ids, for an operator that looks there.

    Raises:
        ValueError: the operator does not take the type, or lacks a key.
        ExtraMissingError: it lacks a detector.
    """
    if not operator.takes(type):
        raise ValueError(f"{operator.name} does not take the type {type}")
    bind = Binding(
        field="tried",
        type=type,
        kind=kind,
        kind_title_zh=kind_title_zh,
        scope=scope,
        mac=mac,
        format=format,
        detector=detector,
        at=at,
    )
    column = list(values)
    if own is None and beside is None:
        return operator.kernel(bind)(column)
    records = GivenRecords(own or [()] * len(column), beside or {})
    return operator.record_kernel(bind)(column, records)


class GivenRecords:
    """Records of which what is looked at is given: `texts` by field."""

    def __init__(self, own: Own, texts: Mapping[str, Sequence[str | None]]) -> None:
        self._own, self._texts = own, texts

    def own(self) -> Own:
        return self._own

    def texts(self, field: str) -> Sequence[str | None]:
        return self._texts[field]

    def only(self, rows: Sequence[int]) -> Beside:
        texts = {name: [column[row] for row in rows] for name, column in self._texts.items()}
        return GivenRecords([self._own[row] for row in rows], texts)
