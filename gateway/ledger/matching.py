"""A provider's and a requester's receipt of one envelope, held against each other. No I/O.

Both entered the same call, each in a ledger of its own, and neither could know
what the other would write. What they say of it must be the same, down to every
field; `trust` may differ, since each went by the trust data that it had.
"""

from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from gateway.errors import RequestMalformedError
from gateway.ledger.receipts import CheckedReceipt
from gateway.model.call import SharedPart
from gateway.model.times import MAX_SKEW, utc

# What both sides say of a call, but for the fields and the time, in the order of the entry.
MEMBERS = (
    "outcome",
    "provider",
    "requester",
    "resource",
    "purpose",
    "grant",
    "records",
    "policy",
    "catalogue",
    "digest",
    "count",
)


class Difference(NamedTuple):
    """One member that the two receipts do not agree on; None where a side does not have it."""

    member: str
    provider: str | None
    requester: str | None

    @property
    def text(self) -> str:
        """Say it in English."""
        if self.provider is None:
            return f"the provider's hides it; the requester's has {self.requester}"
        if self.requester is None:
            return f"the requester's hides it; the provider's has {self.provider}"
        return f"{self.provider} in the provider's, {self.requester} in the requester's"

    @property
    def text_zh(self) -> str:
        """Say it in Chinese."""
        if self.provider is None:
            return f"提供方凭证未载明，使用方为 {self.requester}"
        if self.requester is None:
            return f"使用方凭证未载明，提供方为 {self.provider}"
        return f"提供方为 {self.provider}，使用方为 {self.requester}"


class Matched(NamedTuple):
    """Two receipts of one envelope, and what they do not agree on."""

    sealed: CheckedReceipt
    opened: CheckedReceipt
    differences: tuple[Difference, ...]


def match(one: CheckedReceipt, other: CheckedReceipt) -> Matched:
    """Hold a provider's and a requester's receipt of one envelope against each other.

    They may come in either order.
    Raises: RequestMalformedError where they are not that.
    """
    sealed, opened = (other, one) if one.shared.kind == "open" else (one, other)
    ours, theirs = sealed.shared, opened.shared
    if (ours.kind, theirs.kind) != ("seal", "open"):
        _refuse("one is to be of a seal, the other of an open", "应为一份密封凭证和一份打开凭证")
    if ours.envelope is None or ours.envelope != theirs.envelope:
        _refuse("the two are not of one envelope", "两份凭证不属于同一信封")
    if sealed.department != ours.provider:
        _refuse("the one of the seal is not the provider's own", "密封凭证并非提供部门自己的日志")
    if opened.department != theirs.requester:
        _refuse("the one of the open is not the requester's own", "打开凭证并非使用部门自己的日志")
    return Matched(sealed, opened, tuple(_differences(ours, theirs)))


def _differences(ours: SharedPart, theirs: SharedPart) -> Iterator[Difference]:
    for member in MEMBERS:
        pair = _spelled(getattr(ours, member)), _spelled(getattr(theirs, member))
        if pair[0] != pair[1]:
            yield Difference(member, *pair)
    yield from _fields(ours, theirs)
    # Clocks of honest nodes may differ by so much.
    if theirs.time + MAX_SKEW * 1000 < ours.time:
        yield Difference("time", utc(ours.time // 1000), utc(theirs.time // 1000))


def _fields(ours: SharedPart, theirs: SharedPart) -> Iterator[Difference]:
    """Compare field by field; a side that names none at all is told once."""
    if bool(ours.fields) is not bool(theirs.fields):
        counts = (str(len(one.fields)) if one.fields else None for one in (ours, theirs))
        yield Difference("fields", *counts)
        return
    sealed, opened = dict(ours.fields), dict(theirs.fields)
    for field in dict.fromkeys((*sealed, *opened)):
        if sealed.get(field) != opened.get(field):
            yield Difference(f"fields.{field}", sealed.get(field), opened.get(field))


def _spelled(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _refuse(reason: str, reason_zh: str) -> NoReturn:
    raise RequestMalformedError(
        reason=f"these receipts cannot be matched: {reason}",
        reason_zh=f"凭证无法比对：{reason_zh}",
    )
