"""Whose ledger keys a directory holds: who signed a checkpoint, and who cosigned it. No I/O."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from gateway.errors import CheckpointInvalidError
from gateway.ledger.cosignatures import check_cosignature, cosignature_hash
from gateway.ledger.notes import NoteSignature, SignedCheckpoint, check_signature
from gateway.ledger.receipts import ledger_keys
from gateway.model.trust import Department
from keys.material import Purpose, VerifyingKey
from keys.suites import suite


class Signed(NamedTuple):
    """A checkpoint's signature that holds, and whether its key has been revoked since."""

    key_id: str
    revoked: bool


class Signers(Protocol):
    """Who may have signed the checkpoints of a department's ledger."""

    @property
    def department(self) -> str: ...
    def signed(self, signed: SignedCheckpoint, /) -> Signed | None: ...
    def cosignatures(self, signed: SignedCheckpoint, /) -> tuple[int, int]: ...


class Anybody:
    """Signers for who does not ask: whatever is signed counts as signed."""

    def __init__(self, origin: str) -> None:
        """Take the origin of the ledger that is looked at, right or wrong."""
        self.department = origin.split("/")[1] if origin.count("/") else ""

    def signed(self, _: SignedCheckpoint) -> Signed:
        """Return a signature by nobody."""
        return Signed("", revoked=False)

    def cosignatures(self, _: SignedCheckpoint) -> tuple[int, int]:
        """Count none."""
        return 0, 0


class LedgerDirectory:
    """The ledger keys of a department, and those of every other that may cosign."""

    def __init__(self, department: str, departments: Mapping[str, Department]) -> None:
        """Take the directory, in which the department stands.

        Raises: KeyError where it does not.
        """
        self.department = department
        own = departments[department]
        self._own = ledger_keys(own)
        self._revoked = [
            suite(key.suite).verifying_key(key.raw, Purpose.LEDGER)
            for key in own.keys
            if key.purpose is Purpose.LEDGER and key.revoked_at is not None
        ]
        self._all = [key for one in departments.values() for key in ledger_keys(one)]

    def signed(self, signed: SignedCheckpoint) -> Signed | None:
        """Return the department's signature, or None where there is none that holds.

        That of a revoked key counts only where no other is there.
        """
        for keys, revoked in ((self._own, False), (self._revoked, True)):
            try:
                key_id = check_signature(signed.note, signed.checkpoint.origin, keys)
            except CheckpointInvalidError:
                continue
            return Signed(key_id, revoked)
        return None

    def cosignatures(self, signed: SignedCheckpoint) -> tuple[int, int]:
        """Count the cosignatures that hold, and those of keys that nobody here knows.

        Raises: CheckpointInvalidError for one of a known key that does not hold.
        """
        known = unknown = 0
        for line in signed.note.signatures:
            if line.name == signed.checkpoint.origin:
                continue
            keys = self._claimed(line)
            if keys:
                check_cosignature(signed, line.name, keys)
                known += 1
            else:
                unknown += 1
        return known, unknown

    def _claimed(self, line: NoteSignature) -> list[VerifyingKey]:
        return [key for key in self._all if cosignature_hash(line.name, key) == line.key_hash]
