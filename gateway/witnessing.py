"""Witnessing: what other departments cosigned is kept, and their checkpoints are cosigned.

Each is an administrative act, and entered before anything is kept or handed out; so is
a refusal. What was cosigned stands in the entry: the next one has to be consistent with it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from gateway.calls import Calls, Trail
from gateway.errors import CheckpointInvalidError, DepartmentUnknownError, RequestMalformedError
from gateway.ledger.cosignatures import cosign
from gateway.ledger.notes import (
    Checkpoint,
    SignedCheckpoint,
    SignedNote,
    merge,
    read_signatures,
)
from gateway.ledger.receipts import ledger_keys
from gateway.ledger.witnesses import check_newer, read_own_kind, signed_by, witness_name
from gateway.model.trust import Department
from gateway.ports import Clock, KeyProvider, LedgerSink, SnapshotSource
from gateway.steps import Steps, apart, finish
from gateway.stores.cosigning import (
    KeptCheckpoint,
    OwnLedger,
    add_cosignatures,
    check_offered,
    last_witnessed,
    witnessing,
)
from keys.errors import SealgateError
from keys.material import Purpose, VerifyingKey
from keys.ring import Ring
from keys.suites import suite


class Cosigned(NamedTuple):
    """A checkpoint of another department with our cosignature, and the key it was made with."""

    checkpoint: Checkpoint
    text: str
    key_id: str


class Witnessing:
    """Takes cosignatures in, and gives them."""

    def __init__(
        self,
        *,
        department: str,
        node: str,
        folder: Path,
        snapshots: SnapshotSource,
        keys: KeyProvider,
        ledger: LedgerSink,
        clock: Clock,
    ) -> None:
        self._department, self._node, self._folder = department, node, folder
        self._snapshots, self._keys = snapshots, keys
        self._calls = Calls("administer", ledger, clock)

    def adding(
        self, checkpoint: bytes, caller: str, reference: str | None
    ) -> Steps[KeptCheckpoint]:
        """Keep the cosignatures of a checkpoint of this ledger; steps of a call.

        Raises: CheckpointInvalidError; RequestMalformedError for one of another ledger;
            LedgerInvalidError where the ledger is not what this department signed for.
        """
        trail = self._begin("cosignature", caller, reference)
        ledger, departments, now = self._own(), self._departments(), trail.now // 1000
        try:
            check = partial(check_offered, ledger, checkpoint, departments, now)
            offered = yield from apart(check)
        except SealgateError as refusal:
            yield from self._calls.refuse(trail, refusal)
            raise
        yield from self._calls.enter(trail)
        return (yield from apart(partial(add_cosignatures, ledger, offered, departments, now)))

    def cosign(
        self, checkpoint: bytes, proof: Sequence[bytes], caller: str, reference: str | None
    ) -> Cosigned:
        """Cosign a checkpoint of another department's ledger.

        `proof` leads to it from the newest one of that ledger that is known here.
        Raises: CheckpointInvalidError, RequestMalformedError where a proof is missing,
            DepartmentUnknownError.
        """
        trail = self._begin("cosign", caller, reference)
        try:
            signed, own = self._signed(checkpoint)
            with witnessing(self._folder):
                known = last_witnessed(self._folder, signed.checkpoint.origin)
                check_newer(known, signed.checkpoint, proof)
                cosigned = self._cosigned(signed, trail.now // 1000)
                trail.private = replace(trail.private, checkpoint=own.text)
                finish(self._calls.enter(trail))
        except SealgateError as refusal:
            finish(self._calls.refuse(trail, refusal))
            raise
        return cosigned

    def _begin(self, act: str, caller: str, reference: str | None) -> Trail:
        trail = self._calls.begin(caller, reference)
        # By whoever may administer: a refusal is entered, not counted.
        trail.authenticated = True
        trail.shared.provider = self._department
        trail.private = replace(trail.private, detail=act)
        return trail

    def _own(self) -> OwnLedger:
        keys = {
            key.key_id: suite(key.suite).verifying_key(key.public or b"", Purpose.LEDGER)
            for key in self._keys.list_keys()
            if key.purpose is Purpose.LEDGER
        }
        entry = self._departments().get(self._department)
        keys |= {} if entry is None else {key.key_id: key for key in ledger_keys(entry)}
        return OwnLedger(self._folder, self._department, self._node, tuple(keys.values()))

    def _departments(self) -> Mapping[str, Department]:
        return self._snapshots.current().trust.departments

    def _signed(self, checkpoint: bytes) -> tuple[SignedCheckpoint, SignedNote]:
        signed, origin = read_own_kind(checkpoint)
        if origin.department == self._department:
            raise RequestMalformedError(
                reason="it is of this department's own ledger: another has to witness it",
                reason_zh="这是本部门自己的日志，须由其他部门见证",
            )
        department = self._departments().get(origin.department)
        if department is None:
            raise DepartmentUnknownError(department=origin.department)
        own = signed_by(signed, ledger_keys(department))
        if own is None:
            raise CheckpointInvalidError(
                reason="no ledger key of its department has signed it",
                reason_zh="没有所属部门日志密钥的签名",
            )
        return signed, own

    def _cosigned(self, signed: SignedCheckpoint, now: int) -> Cosigned:
        info = Ring(self._keys.list_keys()).active(Purpose.LEDGER, at=now)
        key: VerifyingKey = suite(info.suite).verifying_key(info.public or b"", Purpose.LEDGER)
        sign = partial(self._keys.sign, info.key_id)
        line = cosign(signed, witness_name(self._department), key, sign, now)
        note = merge(signed.note, SignedNote(signed.note.body, read_signatures(line)))
        return Cosigned(signed.checkpoint, note.text, info.key_id)
