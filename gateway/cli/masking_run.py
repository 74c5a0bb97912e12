"""What `sealgate mask` works with: what a node says about its resource, and the run itself."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

from gateway.cli.checks import MAX_POLICY_BYTES
from gateway.cli.gauge import Gauge
from gateway.cli.sieve import Sieve
from gateway.cli.words import WrongUseError, read_input, read_token
from gateway.config import Places
from gateway.errors import FieldInvalidError
from gateway.grants import GrantVerifier
from gateway.intake import Intake, make_intake
from gateway.masking_files import FileMasking, Terms, make_masking, own_resource
from gateway.model.times import day_of
from gateway.parties import check_snapshot
from gateway.sharing import find_resource
from gateway.stores.clock import system_clock
from gateway.stores.keyfile import open_keys
from gateway.stores.records import batched, columns_of
from gateway.stores.snapshots import FolderSnapshots
from gateway.stores.tables import Source
from keys.errors import SealgateError
from keys.material import Purpose
from keys.ring import Ring
from masking.operators import Column

if TYPE_CHECKING:
    from keys.derive import Mac
    from keys.stores.file import FileStore

# Records are masked so many bytes at a time; more would only take more memory.
BATCH_BYTES = 1024 * 1024


class MaskingDesk:
    """What a node's folder says about a resource of its own, now."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen, self._now = chosen, system_clock()
        self._places = Places(chosen.node)
        self._file = self._places.node_file()
        snapshots = FolderSnapshots(self._places, system_clock)
        if chosen.policy is None:
            self._snapshot = snapshots.current()
        else:
            draft = read_input(chosen.policy, MAX_POLICY_BYTES)
            self._snapshot = snapshots.drafted(draft, str(chosen.policy))
        check_snapshot(self._snapshot, self._now)
        catalogue = self._snapshot.trust.catalogue
        self.resource = own_resource(chosen.resource, self._file.department, catalogue)
        self._intake, self._terms = self._settle()

    def _settle(self) -> tuple[Intake | None, Terms]:
        """Return what the grant says, or what was told instead."""
        chosen, trust = self._chosen, self._snapshot.trust
        if chosen.grant is None:
            terms = Terms(requester=chosen.requester, purpose=chosen.purpose, level=chosen.level)
            terms.check(trust)
            return None, terms
        department = self._file.department
        grant = GrantVerifier(department).verify(
            read_token(chosen.grant), self._snapshot, self._now // 1000
        )
        detail = grant.detail
        grant.check_call(resource=chosen.resource, purpose=detail.purpose, mode=detail.modes[0])
        find_resource(chosen.resource, department, grant.requester, detail, trust.catalogue)
        terms = Terms(requester=grant.requester, purpose=detail.purpose, level=detail.level)
        return make_intake(self.resource, grant, self._snapshot), terms

    def masking(self, source: Source) -> FileMasking:
        """Compile what happens to the records of a source."""
        present = None
        if source.fields is not None:
            present = frozenset(field.id for field in source.fields)
        return make_masking(
            self.resource,
            self._snapshot,
            present=present,
            wanted=self._wanted(present),
            intake=self._intake,
            terms=self._terms,
            day=day_of(self._now),
            mac=self._mac(),
        )

    def _wanted(self, present: frozenset[str] | None) -> frozenset[str] | None:
        if self._chosen.fields is None:
            return None
        fields = columns_of(self._chosen.fields.split(","), self.resource)
        lacking = [field.id for field in fields if present is not None and field.id not in present]
        if lacking:
            raise WrongUseError(f"IN has no column {', '.join(lacking)} 输入文件没有该列")
        return frozenset(field.id for field in fields)

    def _mac(self) -> "Callable[[bytes], Mac]":
        """Return what opens the key file when a keyed operator asks, and not before."""
        opened: list[FileStore] = []

        def mac(context: bytes) -> "Mac":
            if not opened:
                opened.append(open_keys(self._places, self._file.passphrase_file))
            (keys,) = opened
            key = Ring(keys.list_keys()).active(Purpose.PSEUDONYM, at=self._now // 1000)
            return keys.mac(key.key_id, context)

        return mac


class MaskingRun:
    """One file on its way: what was masked so far, found and set aside."""

    def __init__(self, masking: FileMasking, source: Source) -> None:
        self.masking, self.sieve = masking, Sieve(source.lines)
        self._gauge = Gauge(source.share)
        self.records = 0
        self.findings: Counter[str] = Counter()

    def set_aside(self, rejects: BinaryIO) -> None:
        """Write ill-typed records to `rejects`."""
        self.sieve.set_aside(rejects, self._judge)

    def batches(self) -> Iterator[Sequence[Column]]:
        """Yield the columns of masked batches.

        Raises: as `FileMasking.mask`, with the numbers of the file.
        """
        try:
            for batch in batched(self.sieve.lines(), BATCH_BYTES):
                try:
                    masked = self.masking.mask(b"\n".join(batch))
                except SealgateError as refusal:
                    refusal.shift_records(self.records)
                    self.sieve.renumber(refusal)
                    raise
                self.records += masked.size
                self.findings.update(masked.findings)
                self._gauge.tell(self.records)
                yield masked.columns
        finally:
            self._gauge.end()

    def check(self) -> None:
        """Refuse a file of which nothing is left. Raises: FieldInvalidError."""
        if not self.records and self.sieve.fault is not None:
            raise self.sieve.fault

    def _judge(self, batch: Sequence[bytes]) -> FieldInvalidError | None:
        try:
            self.masking.decoder.decode(b"\n".join(batch), "ndjson")
        except FieldInvalidError as fault:
            return fault
        return None
