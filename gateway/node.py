"""A node: one department's gateway, wired to the files of its folder."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Self

from msgspec.structs import replace

from gateway.calls import Calls
from gateway.changes import Changes
from gateway.config import NodeFile, Places
from gateway.errors import FieldInvalidError
from gateway.inbound import Inbound, OpeningStream
from gateway.ledger.origins import COMMANDS, worker_writer
from gateway.model.call import Explanation, Opened, Receipt, Sealed, SealRequest
from gateway.model.trust import Blocks, Snapshot
from gateway.outbound import Outbound, SealingStream
from gateway.ports import Clock, Deadline, Dice, KeyProvider, LedgerSink, at_leisure
from gateway.revealing import Revealed, Revealing, RevealRequest
from gateway.steps import Steps, Together, finish, write
from gateway.stores.blocks import check_blocked, set_block
from gateway.stores.clock import system_clock
from gateway.stores.grant_folder import FolderGrants
from gateway.stores.keyfile import open_keys
from gateway.stores.ledger import SqliteLedger
from gateway.stores.reading import LedgerReading
from gateway.stores.snapshots import (
    REST_SECONDS,
    FolderSnapshots,
    OneSnapshot,
    Stamp,
    stamp,
)
from gateway.stores.state import SqliteState
from gateway.subjects import SubjectDigester
from gateway.witnessing import Witnessing
from keys.errors import SealgateError
from keys.material import Purpose
from keys.ring import Ring


class Node:
    """A department's gateway: `seal` as provider, `open` as requester.

    Use as a context manager, or `close` it.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        keys: KeyProvider | None = None,
        ledger: LedgerSink | None = None,
        worker: int | None = None,
        clock: Clock = system_clock,
        dice: Dice = os.urandom,
    ) -> None:
        """Open the node of a folder; a worker of a sidecar has a ledger file of its own.

        Raises: ConfigurationInvalidError, NodeInvalidError, KeyUnavailableError.
        """
        self.places = Places(Path(folder))
        self.file: NodeFile = self.places.node_file()
        self.department = self.file.department
        self.worker = worker
        self.writer = COMMANDS if worker is None else worker_writer(worker)
        # Why `node.yaml` on disk is not the one in use, if it is not.
        self.broken_file: SealgateError | None = None
        self._reload: Callable[[], bool] = bool
        if keys is None:
            keys = store = open_keys(self.places, self.file.passphrase_file)
            self._reload = store.reload
        self.keys: KeyProvider = keys
        self._clock = clock
        # A worker has many calls a second, and looks at its files between some of them.
        self._rest = 0.0 if worker is None else REST_SECONDS
        self._reloaded = 0.0
        self._snapshots = FolderSnapshots(self.places, clock, rest=self._rest)
        # Last of what can fail: from here on there is something to close.
        self._state = SqliteState(self.places.state)
        self._shards: SqliteLedger | None = None
        # What the entry of its start says, of a node that serves.
        self._serving: str | None = None
        # Whose changes can be made durable together.
        self.stores: list[Together] = [self._state]
        if ledger is None:
            ledger = shards = self._own_ledger(dice)
            self.stores.append(shards)
            self._shards = shards
        self.reading = LedgerReading(self.places.ledger)
        self._wire(ledger, dice)

    def reload(self) -> bool:
        """Take over what other processes changed in the key file, as every call does.

        Tells whether there was anything. Keys that were given stay as they are.
        Raises: KeyUnavailableError.
        """
        if self._rest:
            now = monotonic()
            if now - self._reloaded < self._rest:
                return False
            self._reloaded = now
        return self._reload()

    def entering_changes(self) -> Steps[None]:
        """Enter what changed, as every call does before it uses it, and who was turned away.

        Raises: as `snapshot`, LedgerUnavailableError, KeyUnavailableError.
        """
        self.reload()
        yield from self._changes.entering(self.snapshot())
        yield from self._door.summing_up()

    def tidy(self) -> None:
        """Do for the ledger what a worker has done every second, in a thread of its own."""
        if self._shards is not None:
            self._shards.tidy()

    def turn_away(self, caller: str, code: str) -> None:
        """Count a call of a service that was refused before the node was asked."""
        self._door.turn_away(caller, code)

    def starting(self, detail: str) -> Steps[None]:
        """Enter that a service begins, and what it works with."""
        self._serving = detail
        yield from self._changes.service("start", detail)
        yield from self.entering_changes()

    def file_stamp(self) -> Stamp:
        """Return what tells whether `node.yaml` was changed."""
        return stamp(os.stat, os.fspath(self.places.folder / "node.yaml"))

    def refresh(self) -> None:
        """Read everything anew, changed or not; `node.yaml` if it can be, else it stays.

        What stands in it of the department and its keys counts at the next start.
        """
        self._snapshots.refresh()
        try:
            self.file = self.places.node_file()
            self.broken_file = None
        except SealgateError as refusal:
            self.broken_file = refusal

    def seal(self, request: SealRequest) -> Sealed:
        """Seal records for the requester of a grant; see `gateway.outbound`."""
        return finish(self.sealing(request))

    def sealing(self, request: SealRequest, deadline: Deadline = at_leisure) -> Steps[Sealed]:
        """Seal records, for who drives the steps; see `gateway.steps`."""
        self.reload()
        return self._outbound.sealing(request, deadline)

    def seal_stream(self, request: SealRequest, batches: Iterable[bytes]) -> Iterator[Sealed]:
        """Seal batches of records as a chain of envelopes; see `gateway.outbound`."""
        self.reload()
        return self._outbound.seal_stream(request, batches)

    def begin_seal_stream(self, request: SealRequest) -> SealingStream:
        """Begin a chain of envelopes, for who hands in batch after batch."""
        self.reload()
        return self._outbound.begin_stream(request)

    def open(
        self,
        envelope: bytes,
        *,
        reopen: bool = False,
        caller: str = "local",
        reference: str | None = None,
    ) -> Opened:
        """Open an envelope sealed to this department; see `gateway.inbound`."""
        return finish(self.opening(envelope, reopen=reopen, caller=caller, reference=reference))

    def opening(
        self,
        envelope: bytes,
        *,
        reopen: bool = False,
        caller: str = "local",
        reference: str | None = None,
        deadline: Deadline = at_leisure,
    ) -> Steps[Opened]:
        """Open an envelope, for who drives the steps; see `gateway.steps`."""
        self.reload()
        return self._inbound.opening(
            envelope, reopen=reopen, caller=caller, reference=reference, deadline=deadline
        )

    def open_stream(
        self,
        parts: Iterable[bytes],
        *,
        reopen: bool = False,
        caller: str = "local",
        reference: str | None = None,
    ) -> Iterator[Opened]:
        """Open a chain of envelopes; see `gateway.inbound`."""
        self.reload()
        return self._inbound.open_stream(parts, reopen=reopen, caller=caller, reference=reference)

    def begin_open_stream(
        self, *, reopen: bool = False, caller: str = "local", reference: str | None = None
    ) -> OpeningStream:
        """Begin to open a chain of envelopes, for who hands in part after part."""
        self.reload()
        return self._inbound.begin_stream(reopen=reopen, caller=caller, reference=reference)

    def explain(
        self, resource: str, grant: str, *, policy: bytes | None = None, file: str = "policy.yaml"
    ) -> Explanation:
        """Tell what a grant would let out of a resource; see `gateway.outbound`.

        With `policy`, as if that YAML were in place; `file` is its name in faults.
        """
        if policy is None:
            return self._outbound.explain(resource, grant)
        draft = OneSnapshot(self._snapshots.drafted(policy, file))
        return self._make_outbound(snapshots=draft).explain(resource, grant)

    def reveal(self, request: RevealRequest) -> Revealed:
        """Turn tokens that this department gave back to values; see `gateway.revealing`."""
        self.reload()
        return self._revealing.reveal(request)

    def checking(self, request: SealRequest) -> Steps[None]:
        """Check that a call would be let through still, short of its records; steps of a call."""
        self.reload()
        return self._outbound.checking(request)

    def blocking(
        self, *, requester: str | None, grant: str | None, blocked: bool, caller: str
    ) -> Steps[Blocks]:
        """Cut a requester or a grant off, or let it in again; steps of a call."""
        change = partial(set_block, self.places, requester=requester, grant=grant, blocked=blocked)
        check_blocked(requester=requester, grant=grant, blocked=blocked)
        trail = self._administering.begin(caller, None)
        trail.shared.provider, trail.shared.requester = self.department, requester
        trail.shared.grant = grant
        trail.private = replace(trail.private, detail="block" if blocked else "unblock")
        if blocked:
            # What is cut off stays so, entered or not.
            blocks = yield from write(self.places, change)
            yield from self._administering.enter(trail)
            return blocks
        yield from self._administering.enter(trail)
        return (yield from write(self.places, change))

    def administer(self, act: str, *, caller: str, reference: str | None = None) -> Receipt:
        """Enter an administrative act, before it is done.

        Raises: LedgerUnavailableError, KeyUnavailableError.
        """
        trail = self._administering.begin(caller, reference)
        trail.shared.provider = self.department
        trail.private = replace(trail.private, detail=act)
        return finish(self._administering.enter(trail))

    def faults(self, request: SealRequest) -> FieldInvalidError | None:
        """Tell which records are ill-typed, without sealing; see `gateway.outbound`."""
        return self._outbound.faults(request)

    def snapshot(self) -> Snapshot:
        """Return trust data, policy and blocks as they stand now."""
        return self._snapshots.current()

    @property
    def broken_policy(self) -> SealgateError | None:
        """Return why the policy on disk is not the one that the last snapshot holds."""
        return self._snapshots.broken_policy

    def now(self) -> int:
        """Return the node's time, Unix milliseconds."""
        return self._clock()

    def close(self) -> None:
        """Enter what was only counted, and close the files."""
        with ExitStack() as stack:
            stack.callback(self._state.close)
            stack.callback(self.reading.close)
            if self._shards is not None:
                stack.callback(self._shards.close)
            if self._serving is not None:
                stack.callback(finish, self._changes.service("stop", self._serving))
            stack.callback(self._door.close)
            stack.callback(self._inbound.close)
            stack.callback(self._outbound.close)
            stack.callback(self._revealing.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wire(self, ledger: LedgerSink, dice: Dice) -> None:
        subjects = SubjectDigester(self.keys)
        self._changes = changes = Changes(
            department=self.department, keys=self.keys, ledger=ledger, clock=self._clock
        )
        self._make_outbound = partial(
            Outbound,
            department=self.department,
            keys=self.keys,
            ledger=ledger,
            quotas=self._state,
            clock=self._clock,
            dice=dice,
            subjects=subjects,
            changes=changes,
        )
        self._outbound = self._make_outbound(snapshots=self._snapshots)
        self._inbound = Inbound(
            department=self.department,
            snapshots=self._snapshots,
            keys=self.keys,
            ledger=ledger,
            claims=self._state,
            grants=FolderGrants(self.places.grants),
            clock=self._clock,
            subjects=subjects,
            changes=changes,
        )
        self._revealing = Revealing(
            department=self.department,
            snapshots=self._snapshots,
            keys=self.keys,
            ledger=ledger,
            clock=self._clock,
            subjects=subjects,
            changes=changes,
        )
        self._wire_upkeep(ledger)

    def _wire_upkeep(self, ledger: LedgerSink) -> None:
        self._door = Calls("call", ledger, self._clock)
        self._administering = Calls("administer", ledger, self._clock)
        self.witnessing = Witnessing(
            department=self.department,
            node=self.file.node,
            folder=self.places.ledger,
            snapshots=self._snapshots,
            keys=self.keys,
            ledger=ledger,
            clock=self._clock,
        )

    def _own_ledger(self, dice: Dice) -> SqliteLedger:
        # Told at once, not at the first entry.
        Ring(self.keys.list_keys()).active(Purpose.LEDGER, at=self._clock() // 1000)
        return SqliteLedger(
            self.places.ledger,
            self.writer,
            department=self.department,
            node=self.file.node,
            random=dice,
            keys=self.keys,
            clock=self._clock,
            tidied=self.worker is not None,
        )
