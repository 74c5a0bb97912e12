"""The way out: from a department's records to a sealed envelope.

The order, which the code repeats by number. A refusal at any step is entered in
the ledger and raised, and nothing leaves.

1. Limits; take the snapshot, which is fresh; enter what is new in it.
2. The grant is valid (`gateway.grants.verifying`) and is for this call.
3. The resource is ours, may go to this requester, and its conditions are met.
4. Every key of every record is catalogued and granted, every value of its type,
   every record in the grant's region.
5. Quotas of the grant, reserved atomically; a crash keeps the charge.
6. The plan: catalogue, grant and policy, the strictest of the three.
7. Mask.
8. Encode the records anew, and the manifest, with the ledger's newest checkpoint.
9. Seal to the requester's current key, and sign.
10. Revocation once more, on the newest data.
11. Append to the ledger, durably.
12. Return envelope and receipt.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import get_args

import msgspec

from gateway.calls import Calls, Trail
from gateway.changes import Changes, entering
from gateway.envelope.content_keys import SealingCache
from gateway.envelope.identity import uuid7
from gateway.envelope.sealing import (
    MAX_PART_BYTES,
    MAX_PLAINTEXT_BYTES,
    Route,
    padded_plaintext,
    seal_envelope,
)
from gateway.errors import (
    FieldInvalidError,
    LimitExceededError,
    QuotaExceededError,
    RequestMalformedError,
    StreamBrokenError,
)
from gateway.grants import GrantVerifier, VerifiedGrant, check_revocation
from gateway.intake import Intake
from gateway.model.call import (
    Encoding,
    Explanation,
    Manifest,
    Sealed,
    SealRequest,
    StreamPlace,
    StreamTotals,
)
from gateway.model.times import day_of
from gateway.model.trust import Snapshot
from gateway.parties import Parties, check_recipient, check_snapshot
from gateway.ports import (
    Clock,
    Deadline,
    Dice,
    KeyProvider,
    LedgerSink,
    QuotaStore,
    SnapshotSource,
    at_leisure,
)
from gateway.records.decoder import MAX_RECORD_BYTES, Batch
from gateway.release import Release, Releases, explain_release
from gateway.steps import Steps, apart, finish, write
from gateway.subjects import SubjectDigester
from keys.errors import SealgateError

_ENCODINGS = get_args(Encoding)
_encode = msgspec.json.Encoder().encode


class Outbound:
    """Seals records for requesters, on behalf of one provider department."""

    def __init__(
        self,
        *,
        department: str,
        snapshots: SnapshotSource,
        keys: KeyProvider,
        ledger: LedgerSink,
        quotas: QuotaStore,
        clock: Clock,
        dice: Dice,
        subjects: SubjectDigester | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Wire it; with `subjects`, entries tell by digests whom they are about.

        With `changes`, the ledger tells what else a call works with than the one before.
        """
        self._changes = changes
        self._department = department
        self._snapshots = snapshots
        self._keys = keys
        self._quotas = quotas
        self._clock, self._dice = clock, dice
        self._ledger, self._subjects = ledger, subjects
        self._calls = Calls("seal", ledger, clock)
        self._grants = GrantVerifier(department)
        self._releases = Releases(department, keys)
        self._parties = Parties(department, keys)
        self._content_keys = SealingCache()

    def seal(self, request: SealRequest) -> Sealed:
        """Seal the records of one call, all or none.

        Raises: a SealgateError with a stable code; it is in the ledger then.
        """
        return finish(self.sealing(request))

    def sealing(self, request: SealRequest, deadline: Deadline = at_leisure) -> Steps[Sealed]:
        """Seal as `seal` does, for who drives the steps; see `gateway.steps`."""
        trail = self._calls.begin(request.caller, request.reference)
        try:
            return (yield from self._seal(request, request.records, trail, deadline))
        except SealgateError as refusal:
            yield from self._calls.refuse(trail, refusal)
            raise

    def seal_stream(self, request: SealRequest, batches: Iterable[bytes]) -> Iterator[Sealed]:
        """Seal batches of records, each like `request.records`, as a chain of envelopes.

        Each part passes all steps anew. The last one carries the totals.
        Raises: as `seal`; the parts before stay provisional for the recipient.
        """
        stream = self.begin_stream(request)
        for batch, last in _mark_last(batches):
            yield finish(stream.seal(batch, last=last))
        stream.end()

    def begin_stream(self, request: SealRequest) -> "SealingStream":
        """Begin a chain of envelopes, for who hands in batch after batch."""
        return SealingStream(self, request)

    def checking(self, request: SealRequest) -> Steps[None]:
        """Check that steps 1 to 3, and 10, let a call through now, whatever its records are.

        Raises: as `seal`; it is in the ledger then.
        """
        trail = self._calls.begin(request.caller, request.reference)
        try:
            snapshot = yield from self._admit(request, b"", trail)
            grant = self._verify(request, snapshot, trail)
            intake = self._releases.intake(grant, snapshot)
            release = yield from self._release(intake, grant, snapshot, trail)
            suites = release.policy.sealing.suites
            self._parties.route(release.requester, snapshot, suites, request.suite, trail.now)
        except SealgateError as refusal:
            yield from self._calls.refuse(trail, refusal)
            raise

    def explain(self, resource: str, grant: str) -> Explanation:
        """Tell for each field of a grant what would happen to it, and why.

        Raises: as `seal`; nothing is entered, since nothing is asked to leave.
        """
        snapshot, now = self._snapshots.current(), self._clock()
        check_snapshot(snapshot, now)
        verified = self._grants.verify(grant, snapshot, now // 1000)
        detail = verified.detail
        verified.check_call(resource=resource, purpose=detail.purpose, mode=detail.modes[0])
        intake = self._releases.intake(verified, snapshot)
        return explain_release(intake.resource, verified, snapshot, day_of(now))

    def faults(self, request: SealRequest) -> FieldInvalidError | None:
        """Return what is ill-typed in the records, for a caller who sets such rows aside.

        Raises: as `seal` for any other refusal of steps 1 to 4 but the region;
            nothing is entered.
        """
        _check_form(request, request.records)
        snapshot, now = self._snapshots.current(), self._clock()
        check_snapshot(snapshot, now)
        grant = self._grants.verify(request.grant, snapshot, now // 1000)
        grant.check_call(resource=request.resource, purpose=request.purpose, mode=request.mode)
        intake = self._releases.intake(grant, snapshot)
        try:
            intake.decoder.decode(request.records, request.encoding)
        except FieldInvalidError as error:
            return error
        return None

    def close(self) -> None:
        """Enter in the ledger what was only counted so far."""
        self._calls.close()

    def _seal(
        self,
        request: SealRequest,
        records: bytes,
        trail: Trail,
        deadline: Deadline,
        place: StreamPlace | None = None,
        rows_before: int = 0,
    ) -> Steps[Sealed]:
        now = trail.now
        snapshot = yield from self._admit(request, records, trail)  # 1
        grant = self._verify(request, snapshot, trail)  # 2
        intake = self._releases.intake(grant, snapshot)  # 3
        batch = intake.decoder.decode(records, request.encoding)  # 4
        intake.check_region(batch)
        yield from self._reserve(grant, batch.size, rows_before, trail)  # 5
        release = yield from self._release(intake, grant, snapshot, trail)  # 6
        masked = release.engine.mask(batch.columns, deadline)  # 7
        totals = _totals(place, rows_before, batch.size)
        manifest, said = self._manifest(release, batch.size, masked.findings, totals)  # 8
        records_bytes = _encode(list(map(release.output, *masked.columns)))
        sealing = release.policy.sealing  # 9
        route = self._parties.route(release.requester, snapshot, sealing.suites, request.suite, now)
        envelope_id = uuid7(now, self._dice)
        head = route.frame.fill(envelope_id, now, now + sealing.lifetime_hours * 3_600_000, place)
        plaintext = padded_plaintext(said, records_bytes, _room(place))
        content_key = self._content_keys.content_key(route, sealing.cache, now, self._dice)
        sealed = seal_envelope(route, head, content_key, plaintext, self._keys.sign)
        self._recheck(snapshot, request, route, now)  # 10
        deadline()
        trail.shared.envelope, trail.shared.digest = envelope_id.hex(), sealed.digest.hex()
        self._name_subjects(intake, batch, trail)
        receipt = yield from self._calls.enter(trail)  # 11
        return Sealed(  # 12
            envelope=sealed.data,
            envelope_id=envelope_id,
            digest=sealed.digest,
            manifest=manifest,
            receipt=receipt,
        )

    def _admit(self, request: SealRequest, records: bytes, trail: Trail) -> Steps[Snapshot]:
        trail.shared.provider = self._department
        _check_form(request, records)
        snapshot = self._snapshots.current()
        check_snapshot(snapshot, trail.now)
        catalogue = snapshot.trust.catalogue
        trail.shared.trust, trail.shared.catalogue = snapshot.trust.version, catalogue.version
        # What is not catalogued is any text: it does not go into the ledger.
        trail.shared.resource = (
            request.resource if request.resource in catalogue.resources else None
        )
        trail.shared.purpose = request.purpose if request.purpose in catalogue.purposes else None
        yield from entering(self._changes, snapshot)
        return snapshot

    def _verify(self, request: SealRequest, snapshot: Snapshot, trail: Trail) -> VerifiedGrant:
        grant = self._grants.recognise(request.grant, snapshot, trail.now // 1000)
        trail.shared.requester, trail.shared.grant = grant.requester, grant.claims.jti
        check_revocation(grant, snapshot, trail.now // 1000)
        trail.authenticated = True
        grant.check_call(resource=request.resource, purpose=request.purpose, mode=request.mode)
        return grant

    def _reserve(
        self, grant: VerifiedGrant, rows: int, rows_before: int, trail: Trail
    ) -> Steps[None]:
        trail.shared.records = rows
        # A stream is one call, however many parts carry it.
        grant.check_rows(rows_before + rows)
        limit = grant.detail.rows_per_day
        if limit is None:
            return
        day = day_of(trail.now).isoformat()
        used = yield from write(
            self._quotas, partial(self._quotas.reserve, grant.claims.jti, day, rows, limit)
        )
        if used is not None:
            raise QuotaExceededError(
                limit=limit, period="a day", period_zh="每日", used=used, asked=rows
            )

    def _release(
        self, intake: Intake, grant: VerifiedGrant, snapshot: Snapshot, trail: Trail
    ) -> Steps[Release]:
        found = self._releases.kept(grant, snapshot, trail.now)
        if found is None:
            make = partial(self._releases.release, intake, grant, snapshot, trail.now)
            found = yield from apart(make)
        trail.shared.policy, trail.shared.fields = found.policy_name, found.entered
        return found

    def _manifest(
        self, release: Release, records: int, findings: dict[str, int], totals: StreamTotals | None
    ) -> tuple[Manifest, bytes]:
        # Whoever receives the ledger's newest checkpoint is its witness.
        return release.manifest(records, findings, totals, self._ledger.checkpoint())

    def _name_subjects(self, intake: Intake, batch: Batch, trail: Trail) -> None:
        """Digest the identifiers of those whom the records are about."""
        if self._subjects is not None and intake.subjects:
            columns = [(kind, batch.columns[index]) for index, kind in intake.subjects]
            trail.subjects = self._subjects.digest(columns, trail.now)

    def _recheck(self, snapshot: Snapshot, request: SealRequest, route: Route, now: int) -> None:
        newest = self._snapshots.current()
        if newest is not snapshot:
            self._grants.verify(request.grant, newest, now // 1000)
            check_recipient(route, newest, now)


class SealingStream:
    """A chain of envelopes in the making."""

    __slots__ = ("_id", "_outbound", "_part", "_previous", "_request", "_rows")

    def __init__(self, outbound: Outbound, request: SealRequest) -> None:
        self._outbound, self._request = outbound, request
        self._id, self._part, self._rows, self._previous = b"", 0, 0, b""

    def seal(self, batch: bytes, *, last: bool, deadline: Deadline = at_leisure) -> Steps[Sealed]:
        """Seal the next part.

        Raises: as `Outbound.seal`; nothing may follow then.
        """
        self._part += 1
        outbound, request = self._outbound, self._request
        trail = outbound._calls.begin(request.caller, request.reference)
        self._id = self._id or uuid7(trail.now, outbound._dice)
        place = StreamPlace(
            stream_id=self._id, part=self._part, last=last, previous_digest=self._previous
        )
        try:
            sealed = yield from outbound._seal(request, batch, trail, deadline, place, self._rows)
        except SealgateError as refusal:
            refusal.shift_records(self._rows)
            yield from outbound._calls.refuse(trail, refusal)
            raise
        self._previous = sealed.digest
        self._rows += sealed.manifest.records
        return sealed

    def end(self) -> None:
        """Check that there was a part.

        Raises: StreamBrokenError.
        """
        if self._part == 0:
            raise StreamBrokenError(part=1, reason="there is no record", reason_zh="没有记录")


def _check_form(request: SealRequest, records: bytes) -> None:
    # A literal, but only a type checker holds a caller of the library to it.
    if request.encoding not in _ENCODINGS:
        raise RequestMalformedError(reason="its encoding is not known", reason_zh="记录编码未知")
    if len(records) > MAX_RECORD_BYTES:
        raise LimitExceededError(
            what="bytes of records",
            what_zh="记录字节数",
            actual=len(records),
            limit=MAX_RECORD_BYTES,
        )


def _room(place: StreamPlace | None) -> int:
    return MAX_PLAINTEXT_BYTES if place is None else MAX_PART_BYTES


def _totals(place: StreamPlace | None, before: int, rows: int) -> StreamTotals | None:
    if place is None or not place.last:
        return None
    return StreamTotals(parts=place.part, records=before + rows)


def _mark_last(batches: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Pair each batch with whether it is the last."""
    held: bytes | None = None
    for batch in batches:
        if held is not None:
            yield held, False
        held = batch
    if held is not None:
        yield held, True
