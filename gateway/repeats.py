"""Repeated requests: what is answered when a request id comes again. No I/O.

A caller may give a request an id of its own, so that it can send it again when
the answer was lost on the way.

* An id belongs to one (caller, method): no caller learns of another's.
* Of a request's content only a keyed digest is kept, of its answer the sealed
  bytes: whoever reads the store learns nothing that was handed in.
* An id is reserved before anything is masked, and completed once the call is in
  the ledger. A refusal gives the reservation back: the id is as if never used.
* Before it is completed nobody was handed anything. So a reservation whose
  process died, or that is older than any call, may be taken over whatever its
  content.
* Who was taken over hands out nothing of its own: of all that answer one id
  only the one that still holds the reservation does.
* Times are distances: what lies as far ahead as it may lie behind is over too,
  so that a clock that was set back leaves nothing that lasts for ever.
"""

import re
from collections.abc import Iterable
from typing import Literal, Protocol, final

import msgspec
from msgspec import Struct

from gateway.errors import (
    LimitExceededError,
    RequestInProgressError,
    RequestMalformedError,
    RequestRepeatedError,
)
from gateway.model.call import SealRequest
from keys.derive import Mac, lp
from keys.errors import KeyUnknownError
from keys.ports import KeyInfo, KeyProvider, Purpose
from keys.ring import Ring
from keys.suites import fingerprint

REPEAT_LABEL = b"sealgate/v1/repeat"
# How long an answer is kept: systems repeat within minutes, a stopped one the next day.
MAX_REPEAT_HOURS = 24
# No call lasts longer; what is still reserved then belongs to none that will answer.
MAX_CALL_SECONDS = 120
# A larger answer is not kept: a few of them would push out all others.
MAX_ANSWER_BYTES = 1_048_576

_REPEAT_MS = MAX_REPEAT_HOURS * 3_600_000
_CALL_MS = MAX_CALL_SECONDS * 1000
# RFC 9562 section 4.
_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RepeatKey(Struct, frozen=True):
    """Whose request, of which method, by its id in lower case."""

    caller: str
    method: str
    request: str


class Mark(Struct, frozen=True):
    """The keyed digest of a request's content, and the pseudonym key that made it."""

    key_id: str
    digest: bytes

    def __repr__(self) -> str:
        return f"Mark(key_id={self.key_id!r})"


class Found(Struct, frozen=True, kw_only=True):
    """What the store holds of a request; `at` is when it was reserved, Unix milliseconds.

    `answer` is None while it is reserved, and where it was too large to be kept.
    """

    mark: Mark
    at: int
    state: Literal["reserved", "completed"]
    answer: bytes | None = None

    def __repr__(self) -> str:
        return f"Found(at={self.at}, state={self.state!r})"


class Full(Struct, frozen=True):
    """There is no room for one more: so many requests are in progress, of at most `limit`."""

    held: int
    limit: int


class RepeatStore(Protocol):
    """Remember requests durably, shared by all processes of a node.

    Every method raises LedgerUnavailableError where the store cannot be used.
    """

    def reserve(self, key: RepeatKey, mark: Mark, now: int) -> int | Found | Full:
        """Reserve a request that is not there or has lapsed, and return its ticket.

        Else return what is there. Atomic: of two that ask at once one gets a ticket.
        """

    def complete(self, key: RepeatKey, ticket: int, answer: bytes | None, now: int) -> bool:
        """Complete the reservation of a ticket; False if it was taken over."""

    def release(self, key: RepeatKey, ticket: int) -> None:
        """Forget the reservation of a ticket, if it still is one."""

    def find(self, key: RepeatKey) -> Found | None:
        """Return what is there, lapsed or not."""


class Asked(Struct, frozen=True):
    """A request with an id, ready to be looked up; `content` is an unkeyed digest of it."""

    key: RepeatKey
    mark: Mark
    content: bytes

    def __repr__(self) -> str:
        return f"Asked(method={self.key.method!r})"


class Fresh(Struct, frozen=True):
    """A request to be worked on; its reservation bears the ticket."""

    asked: Asked
    ticket: int


class Answered(Struct, frozen=True):
    """A request that was answered before."""

    answer: bytes

    def __repr__(self) -> str:
        return f"Answered({len(self.answer)} bytes)"


def lapsed(found: Found, now: int, *, alive: bool) -> bool:
    """Tell whether what is there is as if it were not.

    `alive`: the process that reserved it may still complete it.
    """
    distance = abs(now - found.at)
    if found.state == "completed":
        return distance >= _REPEAT_MS
    return not alive or distance >= _CALL_MS


def parts_of(request: SealRequest) -> tuple[bytes, bytes]:
    """Return all of a request that counts: everything but its caller, whose key it is under.

    Raises: RequestMalformedError.
    """
    rest = {
        name: getattr(request, name)
        for name in SealRequest.__struct_fields__
        if name not in ("caller", "records")
    }
    try:
        return msgspec.json.encode(rest), request.records
    except UnicodeEncodeError:
        # A lone surrogate; the error would quote the text.
        raise RequestMalformedError(
            reason="a text of it is not Unicode", reason_zh="请求中的文字不是有效的 Unicode"
        ) from None


@final
class Repeats:
    """Answers requests that come again, and lets no request be worked on twice."""

    __slots__ = ("_active", "_keys", "store")

    def __init__(self, keys: KeyProvider, store: RepeatStore) -> None:
        self._keys, self.store = keys, store
        # The keys held, the active one of them, and its keyed hash.
        self._active: tuple[tuple[KeyInfo, ...], KeyInfo, Mac] | None = None

    def ask(
        self, caller: str, method: str, request_id: str, parts: Iterable[bytes], now: int
    ) -> Asked:
        """Take the digest of a request. Touches no store: any thread may do it.

        Raises: RequestMalformedError, KeyUnavailableError.
        """
        key = RepeatKey(caller, method, _canonical(request_id))
        content = lp(method.encode(), *map(fingerprint, parts))
        active, mac = self._active_key(now)
        return Asked(key, Mark(active.key_id, mac.mac(content)), content)

    def begin(self, asked: Asked, now: int) -> Fresh | Answered:
        """Reserve a request, or return its answer; check revocation before that is handed out.

        Raises:
            RequestRepeatedError: the id was used for another content, or the
                answer was too large to be kept.
            RequestInProgressError: another call works on it.
            LimitExceededError: too many requests are in progress.
            LedgerUnavailableError: the store cannot be used.
        """
        found = self.store.reserve(asked.key, asked.mark, now)
        if isinstance(found, int):
            return Fresh(asked, found)
        if isinstance(found, Full):
            raise LimitExceededError(
                what="number of requests with an id in progress",
                what_zh="处理中的带编号请求数",
                actual=found.held,
                limit=found.limit,
            )
        return Answered(self._answer(asked, found))

    def finish(self, fresh: Fresh, answer: bytes, now: int) -> bytes:
        """Complete a request that is in the ledger, and return what to hand out.

        That is `answer`, but for a call so slow that another took the request over:
        then it is the other's.

        Raises: as `begin`; nothing may be handed out then.
        """
        kept = answer if len(answer) <= MAX_ANSWER_BYTES else None
        key = fresh.asked.key
        if self.store.complete(key, fresh.ticket, kept, now):
            return answer
        found = self.store.find(key)
        if found is None:
            # Taken over, and given back since: sent again, it begins anew.
            raise RequestInProgressError
        return self._answer(fresh.asked, found)

    def abandon(self, fresh: Fresh) -> None:
        """Give a request back that was refused: its id is as if never used.

        Raises: LedgerUnavailableError; the reservation lapses by itself then.
        """
        self.store.release(fresh.asked.key, fresh.ticket)

    def _answer(self, asked: Asked, found: Found) -> bytes:
        if not self._same(asked, found.mark):
            raise RequestRepeatedError(
                reason="the request id was used before, for another content",
                reason_zh="该请求编号已用于其他内容",
            )
        if found.state == "reserved":
            raise RequestInProgressError
        if found.answer is None:
            raise RequestRepeatedError(
                reason="the request was answered before, and its answer was too large to be kept",
                reason_zh="该请求此前已答复，答复过大未保留",
            )
        return found.answer

    def _same(self, asked: Asked, mark: Mark) -> bool:
        if asked.mark.key_id == mark.key_id:
            return asked.mark.digest == mark.digest
        # Made before a rotation, or by a process that has not yet seen one.
        try:
            mac = self._keys.mac(mark.key_id, REPEAT_LABEL)
        except KeyUnknownError:
            return False
        return mac.mac(asked.content) == mark.digest

    def _active_key(self, now: int) -> tuple[KeyInfo, Mac]:
        seconds, held = now // 1000, self._keys.list_keys()
        if self._active is not None:
            keys, key, mac = self._active
            if keys is held and key.valid_at(seconds):
                return key, mac
        key = Ring(held).active(Purpose.PSEUDONYM, at=seconds)
        mac = self._keys.mac(key.key_id, REPEAT_LABEL)
        self._active = held, key, mac
        return key, mac


def _canonical(request_id: str) -> str:
    lower = request_id.lower()
    if _UUID.fullmatch(lower) is None:
        raise RequestMalformedError(
            reason="its request id is no UUID of 36 characters",
            reason_zh="请求编号不是 36 个字符的 UUID",
        )
    return lower
