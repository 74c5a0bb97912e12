"""The way back: from tokens that this department gave to the values they stand for.

The order, which the code repeats by number. A refusal at any step is entered in
the ledger and raised, and nothing is told.

1. Limits; a reason is given; take the snapshot, which is fresh.
2. The resource is ours, its field, the purpose and the requester are known.
3. Turn every text back, or refuse all of them.
4. Append to the ledger, durably: who asked, for what reason, how many.
5. Return the values.

A token proves itself: it is tried under every pseudonym key held, retired ones
too, and every scope. A result of format-preserving encryption proves nothing:
under any key it turns back into some value. So it is turned back only where the
policy in place gives the field that operator, and under the only pseudonym key
that can have made it, or the one that is named. Nothing is guessed.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from typing import cast, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.calls import Calls, Trail
from gateway.changes import Changes, entering
from gateway.errors import (
    DepartmentUnknownError,
    FieldUncataloguedError,
    LimitExceededError,
    PurposeNotGrantedError,
    RequestMalformedError,
    ResourceNotOursError,
    ResourceUncataloguedError,
)
from gateway.model.call import Receipt
from gateway.model.resource import DepartmentId, Field, Resource, ResourceCode
from gateway.model.times import day_of
from gateway.model.trust import Snapshot
from gateway.parties import check_snapshot
from gateway.ports import Clock, KeyProvider, LedgerSink, SnapshotSource
from gateway.records.faults import MAX_FAULTS, shown_name
from gateway.steps import Steps, finish
from gateway.subjects import SUBJECT_KINDS, SubjectDigester
from keys.errors import (
    DecryptionFailedError,
    FieldFault,
    KeyUnavailableError,
    SealgateError,
)
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.ring import unknown
from masking.errors import FieldUnreleasableError
from masking.kinds import KINDS
from masking.operators import Binding, FieldType, Scope
from masking.operators._keyed import KeyScope
from masking.operators._reversible import Reveal
from masking.operators.fpe import Fpe
from masking.operators.token import PREFIX, Token
from masking.plan import make_plan

# A reversal is for single cases; a whole file is asked for where it came from.
MAX_REVEALED = 1000
# Longer than any token: another text must not keep the keys busy.
MAX_TOKEN_CHARACTERS = 2048
# Room for a file number and a sentence; stops entries that fill the disk.
MAX_REASON = 256
# The space of Chinese text, which Python does not count as printable.
_WIDE_SPACE = "\u3000"
# What whoever takes one option for another writes in the place of a code.
_MISTAKEN = KINDS["resident_id"]


class RevealRequest(Struct, frozen=True, kw_only=True):
    """A department's wish to know what tokens stand for that it gave to a requester.

    `tokens` are values of one field as the requester has them, given for one
    purpose. `key` names the pseudonym key they were made under; None: it is found
    out. `reason`, `caller` and `reference` stay in the department's ledger.
    """

    resource: str
    field: str
    requester: str
    purpose: str
    reason: str
    tokens: Sequence[str]
    key: str | None = None
    caller: str = "local"
    reference: str | None = None

    def __repr__(self) -> str:
        return "RevealRequest(…)"


class Revealed(Struct, frozen=True, kw_only=True):
    """What tokens stand for, in their order, and the receipt of the call."""

    values: tuple[str, ...]
    receipt: Receipt

    def __repr__(self) -> str:
        return "Revealed(…)"


class Revealing:
    """Turns tokens back, on behalf of the department that gave them."""

    def __init__(
        self,
        *,
        department: str,
        snapshots: SnapshotSource,
        keys: KeyProvider,
        ledger: LedgerSink,
        clock: Clock,
        subjects: SubjectDigester | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Wire it; with `subjects`, entries tell by digests whom they are about.

        With `changes`, the ledger tells what else a call works with than the one before.
        """
        self._subjects, self._changes = subjects, changes
        self._department, self._snapshots, self._keys = department, snapshots, keys
        self._calls = Calls("reveal", ledger, clock)

    def reveal(self, request: RevealRequest) -> Revealed:
        """Turn back all of the tokens or none; they are entered before they are returned.

        Raises: a SealgateError with a stable code; it is in the ledger then.
        """
        trail = self._calls.begin(request.caller, request.reference)
        # Who may use the node's keys is no stranger: no refusal is only counted.
        trail.authenticated = True
        try:
            return finish(self._reveal(request, trail))
        except SealgateError as refusal:
            finish(self._calls.refuse(trail, refusal))
            raise

    def _reveal(self, request: RevealRequest, trail: Trail) -> Steps[Revealed]:
        snapshot = self._admit(request, trail)  # 1
        yield from entering(self._changes, snapshot)
        resource, field = self._find(request, snapshot, trail)  # 2
        ours = [text.startswith(PREFIX) for text in request.tokens]
        names = sorted({Token.name if token else Fpe.name for token in ours})
        trail.shared.fields = tuple((field.id, name) for name in names)
        bind, keys = self._binder(request, field), _makers(self._keys.list_keys(), request.key)
        tokens = [
            Token(scope=scope).reveal(bind(key)) for key in keys for scope in get_args(KeyScope)
        ]
        encrypted: list[Reveal] = []
        if not all(ours):  # 3
            operator = _encryption(resource, field, snapshot, request, day_of(trail.now))
            encrypted = [] if operator is None else [operator.reveal(bind(_only(keys)))]
        found = [
            _first(tokens if token else encrypted, text)
            for text, token in zip(request.tokens, ours, strict=True)
        ]
        values = _whole(found, field.id)
        if self._subjects is not None and field.kind in SUBJECT_KINDS:
            trail.subjects = self._subjects.digest([(field.kind, values)], trail.now)
        receipt = yield from self._calls.enter(trail)  # 4
        return Revealed(values=values, receipt=receipt)  # 5

    def _binder(self, request: RevealRequest, field: Field) -> Callable[[KeyInfo], Binding]:
        described = KINDS[field.kind]
        scope = Scope(
            requester=request.requester, purpose=request.purpose, resource=request.resource
        )

        def bind(key: KeyInfo) -> Binding:
            return Binding(
                field=field.id,
                type=cast("FieldType", field.type.value),
                kind=field.kind,
                scope=scope,
                mac=partial(self._keys.mac, key.key_id),
                canonical=described.canonical,
                misfits=described.misfits,
            )

        return bind

    def _admit(self, request: RevealRequest, trail: Trail) -> Snapshot:
        trail.shared.provider = self._department
        trail.private = replace(trail.private, detail=_reason(request.reason))
        _check_size("tokens to reveal", "待还原令牌数", len(request.tokens), MAX_REVEALED)
        if not request.tokens:
            raise RequestMalformedError(
                reason="there is no token to reveal", reason_zh="没有待还原的令牌"
            )
        trail.shared.records = len(request.tokens)
        longest = max(map(len, request.tokens))
        _check_size("characters of a token", "令牌字符数", longest, MAX_TOKEN_CHARACTERS)
        snapshot = self._snapshots.current()
        check_snapshot(snapshot, trail.now)
        return snapshot

    def _find(
        self, request: RevealRequest, snapshot: Snapshot, trail: Trail
    ) -> tuple[Resource, Field]:
        trust, shared = snapshot.trust, trail.shared
        catalogue = trust.catalogue
        shared.trust, shared.catalogue = trust.version, catalogue.version
        if snapshot.policy is not None:
            shared.policy = f"{snapshot.policy.id}@{snapshot.policy.version}"
        # What is not known is any text: it goes neither into the ledger nor into an error.
        resource = catalogue.resources.get(request.resource)
        if resource is None:
            raise ResourceUncataloguedError(resource=_code(request.resource, ResourceCode))
        shared.resource = resource.code
        if resource.provider.department != self._department:
            raise ResourceNotOursError(
                resource=resource.code, provider=resource.provider.department
            )
        field = resource.field(request.field)
        if field is None:
            raise FieldUncataloguedError(resource=resource.code, names=shown_name(request.field, 1))
        if request.purpose not in catalogue.purposes:
            raise PurposeNotGrantedError(
                reason="the purpose is not in the catalogue", reason_zh="目录中没有该用途"
            )
        shared.purpose = request.purpose
        if request.requester not in trust.departments:
            raise DepartmentUnknownError(department=_code(request.requester, DepartmentId))
        shared.requester = request.requester
        return resource, field

    def close(self) -> None:
        """Enter in the ledger what was only counted so far."""
        self._calls.close()


def _reason(reason: str) -> str:
    """Return the reason as it is entered: it is kept whole, or the call is refused."""
    reason = reason.strip()
    _check_size("characters of the reason", "理由字符数", len(reason), MAX_REASON)
    if not reason or not reason.replace(_WIDE_SPACE, " ").isprintable():
        raise RequestMalformedError(
            reason="a reason is required, on one line", reason_zh="须以一行文字写明理由"
        )
    return reason


def _check_size(what: str, what_zh: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise LimitExceededError(what=what, what_zh=what_zh, actual=actual, limit=limit)


def _code(text: str, pattern: object) -> str:
    """Return a code that may be shown, for it is spelled like one and is nobody's number."""
    with suppress(msgspec.ValidationError):
        code = str(msgspec.convert(text, pattern))
        if _MISTAKEN.misfits is None or _MISTAKEN.misfits([code]):
            return code
    raise RequestMalformedError(
        reason="a code of resource or requester is not spelled like one",
        reason_zh="资源代码或使用部门代码格式不符",
    )


def _makers(keys: Sequence[KeyInfo], named: str | None) -> list[KeyInfo]:
    """Return the pseudonym keys that can have made a token: those that are or were active.

    Raises: KeyUnknownError, KeyUnavailableError.
    """
    made = [key for key in keys if key.purpose is Purpose.PSEUDONYM and key.state != "next"]
    if named is None:
        if not made:
            raise KeyUnavailableError(
                reason="there is no pseudonym key that can have made a token",
                reason_zh="没有可能生成过令牌的假名密钥",
            )
        return made
    found = [key for key in made if key.key_id == named]
    if not found:
        raise unknown(named, Purpose.PSEUDONYM)
    return found


def _only(keys: Sequence[KeyInfo]) -> KeyInfo:
    if len(keys) > 1:
        raise KeyUnavailableError(
            reason=f"{len(keys)} pseudonym keys can have made these values, which do not tell "
            "by which: name the key",
            reason_zh=f"有 {len(keys)} 个假名密钥可能生成过这些值，而值本身无法判明：请指明密钥",
        )
    return keys[0]


def _encryption(
    resource: Resource, field: Field, snapshot: Snapshot, request: RevealRequest, day: date
) -> Fpe | None:
    """Return the encryption that the policy gives the field today, and nothing but it."""
    policy = snapshot.policy
    if policy is None or policy.provider != resource.provider.department:
        return None
    scheme = snapshot.trust.catalogue.grades
    try:
        # As under a grant of the highest level: a lower one gives less, and no other encryption.
        plan = make_plan(
            fields=[field],
            scheme=scheme,
            level=scheme.ids[-1],
            policy=policy,
            requester=request.requester,
            purpose=request.purpose,
            resource=resource.code,
            at=day,
        )
    except FieldUnreleasableError:
        return None
    (planned,) = plan.fields
    return planned.treatment if isinstance(planned.treatment, Fpe) else None


def _first(reveals: Iterable[Reveal], text: str) -> str | None:
    return next((value for reveal in reveals if (value := reveal(text)) is not None), None)


def _whole(found: Sequence[str | None], field: str) -> tuple[str, ...]:
    """Return the values, if every text was turned back.

    Raises: DecryptionFailedError, with the positions of the others.
    """
    wrong = tuple(place for place, value in enumerate(found, 1) if value is None)
    if wrong:
        faults = tuple(FieldFault(place, field, *_NOT_OURS) for place in wrong[:MAX_FAULTS])
        raise DecryptionFailedError(fields=faults, fault_count=len(wrong), records=wrong)
    return tuple(value for value in found if value is not None)


_NOT_OURS = (
    "not given by this department for this field, requester and purpose",
    "不是本部门就该信息项、使用部门和用途给出的",
)
