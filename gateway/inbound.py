"""The way in: from a sealed envelope to records.

The order, which the code repeats by number. Nothing of the plaintext is handed
out before all of it; a refusal is entered in the ledger and raised.

1. Limits, and the strict form; take the snapshot, which is fresh; enter what is new in it.
2. The suite is one that we accept.
3. The sender is known, its key was valid at `created` and is not revoked; the
   lifetime is within the cap, no time more than 60 s ahead.
4. The signature.
5. The recipient is us; the envelope has not expired.
6. Unwrap, and decrypt to the end.
7. The manifest agrees with header and records; its grant was given to us.
8. Claim (sender, id) in one store shared by all processes, kept until expiry.
9. Append to the ledger, durably.
10. Return records, manifest and receipt.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from gateway.calls import Calls, Trail
from gateway.changes import Changes, entering
from gateway.envelope.chain import Chain, broken
from gateway.envelope.content_keys import OpeningCache
from gateway.envelope.header import Header, MessageType
from gateway.envelope.manifest import Contents, read_contents, wrong
from gateway.envelope.opening import (
    Plaintext,
    VerifiedEnvelope,
    decrypt_envelope,
    parse_envelope,
    verify_envelope,
)
from gateway.envelope.wire import malformed
from gateway.errors import (
    CheckpointInvalidError,
    EnvelopeExpiredError,
    EnvelopeFromFutureError,
    EnvelopeNotForUsError,
    EnvelopeReplayedError,
    EnvelopeUndecryptableError,
)
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.origins import read_origin
from gateway.model.call import Manifest, Opened, Subjects
from gateway.model.times import utc
from gateway.model.trust import Snapshot
from gateway.parties import MAX_SKEW_MS, check_snapshot, find_department, find_verifying_key
from gateway.ports import (
    ClaimStore,
    Clock,
    Deadline,
    GrantBook,
    KeyProvider,
    LedgerSink,
    SnapshotSource,
    at_leisure,
)
from gateway.steps import Steps, finish, write
from gateway.subjects import SubjectDigester, subject_fields
from keys.errors import (
    DecryptionFailedError,
    KeyUnavailableError,
    SealgateError,
    SuiteRefusedError,
)
from keys.ring import Ring
from keys.suites import suite

# The longest an envelope may live; retired keys are kept for as long.
LIFETIME_CAP_MS = 7 * 24 * 3_600_000


class Inbound:
    """Opens envelopes for one requester department."""

    def __init__(
        self,
        *,
        department: str,
        snapshots: SnapshotSource,
        keys: KeyProvider,
        ledger: LedgerSink,
        claims: ClaimStore,
        grants: GrantBook,
        clock: Clock,
        subjects: SubjectDigester | None = None,
        changes: Changes | None = None,
    ) -> None:
        """Wire it; with `subjects`, entries tell by digests whom they are about.

        With `changes`, the ledger tells what else a call works with than the one before.
        """
        self._changes = changes
        self._subjects = subjects
        self._department = department
        self._snapshots = snapshots
        self._keys = keys
        self._claims = claims
        self._grants = grants
        self._calls = Calls("open", ledger, clock)
        self._content_keys = OpeningCache()

    def open(
        self,
        data: bytes,
        *,
        reopen: bool = False,
        caller: str = "local",
        reference: str | None = None,
    ) -> Opened:
        """Open one envelope; `reopen` allows one that was opened before.

        Raises: a SealgateError with a stable code; it is in the ledger then.
        """
        return finish(self.opening(data, reopen=reopen, caller=caller, reference=reference))

    def opening(
        self,
        data: bytes,
        *,
        reopen: bool = False,
        caller: str = "local",
        reference: str | None = None,
        chain: Chain | None = None,
        deadline: Deadline = at_leisure,
    ) -> Steps[Opened]:
        """Open as `open` does, for who drives the steps; see `gateway.steps`.

        With `chain`, as the next part of it.
        """
        trail = self._calls.begin(caller, reference)
        try:
            return (yield from self._open(data, trail, reopen, chain, deadline))
        except SealgateError as refusal:
            yield from self._calls.refuse(trail, refusal)
            raise

    def open_stream(
        self,
        parts: Iterable[bytes],
        *,
        reopen: bool = False,
        caller: str = "local",
        reference: str | None = None,
    ) -> Iterator[Opened]:
        """Open a chain of envelopes; what it yields is provisional until it ends in peace.

        Raises: as `open`, and StreamBrokenError for a chain that does not hold together
            or does not end with its last part.
        """
        stream, pieces = (
            self.begin_stream(reopen=reopen, caller=caller, reference=reference),
            iter(parts),
        )
        while True:
            try:
                data = next(pieces, None)
            except SealgateError as refusal:
                finish(stream.refuse(refusal))
                raise
            if data is None:
                return finish(stream.end())
            yield finish(stream.open(data))

    def begin_stream(
        self, *, reopen: bool = False, caller: str = "local", reference: str | None = None
    ) -> "OpeningStream":
        """Begin to open a chain of envelopes, for who hands in part after part."""
        return OpeningStream(self, reopen, caller, reference)

    def close(self) -> None:
        """Enter in the ledger what was only counted so far."""
        self._calls.close()

    def _open(
        self, data: bytes, trail: Trail, reopen: bool, chain: Chain | None, deadline: Deadline
    ) -> Steps[Opened]:
        now = trail.now
        parsed = parse_envelope(data)  # 1
        header = parsed.header
        snapshot = yield from self._fresh(now)
        self._check_suite(header, snapshot)  # 2
        key = find_verifying_key(header, snapshot)  # 3
        _check_times(header, now)
        envelope = verify_envelope(parsed, suite(header.suite), key)  # 4
        _note(trail, header, envelope, snapshot)
        self._check_ours(header, now)  # 5
        if chain is None and header.place is not None:
            raise broken(header.place.part, "it belongs to a stream", "它属于一个数据流")
        plaintext = self._decrypt(envelope, now)  # 6
        contents = self._contents(header, plaintext, trail)  # 7
        if chain is not None:
            chain.check(header, contents.manifest, envelope.digest)
        deadline()
        claimed = yield from self._claim(header, now, reopen)  # 8
        try:
            trail.subjects = self._named(contents, snapshot, now)
            receipt = yield from self._calls.enter(trail)  # 9
        except BaseException:
            # Whatever stopped it, nothing was handed out.
            if claimed:
                release = partial(self._claims.release, header.sender, header.envelope_id)
                yield from write(self._claims, release)
            raise
        return Opened(  # 10
            sender=header.sender,
            envelope_id=header.envelope_id,
            digest=envelope.digest,
            records=contents.records,
            manifest=contents.manifest,
            receipt=receipt,
            place=header.place,
        )

    def _fresh(self, now: int) -> Steps[Snapshot]:
        snapshot = self._snapshots.current()
        check_snapshot(snapshot, now)
        yield from entering(self._changes, snapshot)
        return snapshot

    def _check_suite(self, header: Header, snapshot: Snapshot) -> None:
        if header.suite not in find_department(self._department, snapshot).suites:
            raise SuiteRefusedError(
                suite=header.suite,
                reason="this department does not accept it",
                reason_zh="本部门不接受",
            )

    def _check_ours(self, header: Header, now: int) -> None:
        if header.recipient != self._department:
            raise EnvelopeNotForUsError(recipient=header.recipient)
        if header.message_type is not MessageType.DATA:
            raise malformed("it carries no data", "不是数据信封")
        if now >= header.expires:
            raise EnvelopeExpiredError(expired=utc(header.expires // 1000))

    def _decrypt(self, envelope: VerifiedEnvelope, now: int) -> Plaintext:
        header = envelope.parsed.header
        key_id = header.recipient_key_id
        ring = Ring(self._keys.list_keys())
        if not ring.can_open(key_id, now // 1000, LIFETIME_CAP_MS // 1000):
            raise KeyUnavailableError(
                reason=f"opening key {key_id} may not open any more",
                reason_zh=f"解封密钥 {key_id} 已不可使用",
            )
        if ring.get(key_id).suite != header.suite:
            # Or a suite that we no longer accept would come in under another's number.
            raise SuiteRefusedError(
                suite=header.suite,
                reason="the opening key is of another",
                reason_zh="解封密钥属另一套件",
            )
        try:
            content_key = self._content_keys.content_key(
                envelope.suite, header, envelope.parsed.wrapped_key, self._keys.unwrap, now=now
            )
        except DecryptionFailedError:
            raise EnvelopeUndecryptableError from None
        return decrypt_envelope(envelope, content_key)

    def _contents(self, header: Header, plaintext: Plaintext, trail: Trail) -> Contents:
        contents = read_contents(header, plaintext)
        manifest = contents.manifest
        trail.shared.resource, trail.shared.purpose = manifest.resource, manifest.purpose
        trail.shared.grant, trail.shared.records = manifest.grant.jti, manifest.records
        trail.shared.fields = tuple(
            (field.id, str(field.treatment["op"])) for field in manifest.fields
        )
        trail.shared.policy, trail.shared.catalogue = manifest.policy, manifest.catalogue
        trail.private = replace(trail.private, checkpoint=_witnessed(header, manifest))
        held = self._grants.find(manifest.grant.jti, manifest.grant.digest)
        if held is None:
            raise wrong(
                "its grant was not given to us (is its token in the folder grants?)",
                "所依据的授权不是我方持有的授权（授权令牌是否已放入 grants 目录？）",
            )
        if not held.allows(manifest):
            raise wrong("its grant does not allow what it says", "清单内容超出所依据的授权")
        return contents

    def _named(self, contents: Contents, snapshot: Snapshot, now: int) -> Subjects | None:
        """Digest the identifiers that came in the clear."""
        manifest = contents.manifest
        resource = snapshot.trust.catalogue.resources.get(manifest.resource)
        if self._subjects is None or resource is None:
            return None
        kinds = subject_fields(resource)
        clear = [
            field.id
            for field in manifest.fields
            if field.id in kinds and field.treatment["op"] == "clear"
        ]
        columns = ((kinds[one], [row.get(one) for row in contents.rows]) for one in clear)
        return self._subjects.digest(columns, now)

    def _claim(self, header: Header, now: int, reopen: bool) -> Steps[bool]:
        claim = partial(self._claims.claim, header.sender, header.envelope_id, header.expires, now)
        claimed = yield from write(self._claims, claim)
        if not claimed and not reopen:
            raise EnvelopeReplayedError
        return claimed


class OpeningStream:
    """A chain of envelopes that is being opened."""

    __slots__ = ("_caller", "_chain", "_inbound", "_last", "_reference", "_reopen")

    def __init__(self, inbound: Inbound, reopen: bool, caller: str, reference: str | None) -> None:
        self._inbound, self._reopen = inbound, reopen
        self._caller, self._reference = caller, reference
        self._chain = Chain()
        self._last: Opened | None = None

    def open(self, data: bytes, deadline: Deadline = at_leisure) -> Steps[Opened]:
        """Open the next part.

        Raises: as `Inbound.open_stream`; nothing may follow then.
        """
        self._last = yield from self._inbound.opening(
            data,
            reopen=self._reopen,
            caller=self._caller,
            reference=self._reference,
            chain=self._chain,
            deadline=deadline,
        )
        return self._last

    def end(self) -> Steps[None]:
        """Check that the chain ended with its last part.

        Raises: StreamBrokenError, which is in the ledger then.
        """
        try:
            self._chain.check_ended()
        except SealgateError as refusal:
            yield from self.refuse(refusal)
            raise

    def refuse(self, refusal: SealgateError) -> Steps[None]:
        """Enter a refusal that comes between two parts."""
        inbound, last = self._inbound, self._last
        trail = inbound._calls.begin(self._caller, self._reference)
        if last is not None:
            shared, manifest = trail.shared, last.manifest
            shared.provider, shared.requester = last.sender, inbound._department
            shared.resource, shared.purpose = manifest.resource, manifest.purpose
            shared.grant, trail.authenticated = manifest.grant.jti, True
        yield from inbound._calls.refuse(trail, refusal)


def _witnessed(header: Header, manifest: Manifest) -> str | None:
    """Return the checkpoint of the sender's ledger, which is kept: whoever receives witnesses."""
    if manifest.checkpoint is None:
        return None
    try:
        origin = read_origin(read_checkpoint(manifest.checkpoint).checkpoint.origin)
    except (CheckpointInvalidError, ValueError):
        raise wrong("its checkpoint cannot be read", "检查点无法解析") from None
    if origin.department != header.sender:
        raise wrong("its checkpoint is of another department's ledger", "检查点属于其他部门的日志")
    return manifest.checkpoint


def _note(trail: Trail, header: Header, envelope: VerifiedEnvelope, snapshot: Snapshot) -> None:
    shared = trail.shared
    shared.provider, shared.requester = header.sender, header.recipient
    shared.envelope, shared.digest = header.envelope_id.hex(), envelope.digest.hex()
    shared.trust, trail.authenticated = snapshot.trust.version, True


def _check_times(header: Header, now: int) -> None:
    ahead = header.created - now
    if ahead > MAX_SKEW_MS:
        raise EnvelopeFromFutureError(seconds=ahead // 1000)
    if not 0 < header.expires - header.created <= LIFETIME_CAP_MS:
        raise malformed("its lifetime is over the cap", "有效期超过上限")
