"""Snapshots of a node's folder: trust data, policy and blocks as they stand now."""

import itertools
import os
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

from gateway.config import Places
from gateway.errors import ConfigurationInvalidError, TrustStaleError
from gateway.model.trust import Snapshot, Trust
from gateway.stores.blocks import read_blocks
from gateway.stores.files import read_file, read_folder, unreadable
from gateway.trust import read_trust
from keys.errors import SealgateError
from masking.errors import PolicyInvalidError
from masking.grades import GradeScheme
from masking.policy import Policy, read_policy

# How often a process that has many calls a second looks at its files: what was changed counts
# for every call that begins so much later.
REST_SECONDS = 0.0005
TRUST_SUFFIXES = (".yaml", ".jwt")
_numbers = itertools.count(1)

Stamp = tuple[int, ...]


class _Kept(NamedTuple):
    """A snapshot, what the files looked like then, and why its policy is an older one."""

    stamps: tuple[Stamp, ...]
    snapshot: Snapshot
    broken: SealgateError | None


class FolderSnapshots:
    """A SnapshotSource over a node's folder; a change on disk counts at the next call.

    A file that cannot be read raises, and goes on raising until it is repaired:
    nothing is served from data that is known to be out of date. A policy alone
    does not: the good one that was read last stands until a good one is there.
    """

    def __init__(self, places: Places, clock: Callable[[], int], *, rest: float = 0.0) -> None:
        """Look at the files at every call, or at most once in `rest` seconds."""
        self._places, self._clock = places, clock
        self._rest, self._looked = rest, 0.0
        self._link = os.fspath(places.trust / "current")
        self._files = os.fspath(places.policy), os.fspath(places.blocks)
        self._trust: tuple[Stamp, Trust] | None = None
        # One reference, so that threads see what belongs together.
        self._kept: _Kept | None = None
        # The policy that was good last, with the grades that it was read for.
        self._good: tuple[Policy, GradeScheme] | None = None

    def current(self) -> Snapshot:
        """Return the newest snapshot; the same object while nothing changed.

        Raises: TrustStaleError, CatalogueInvalidError, PolicyInvalidError, NodeInvalidError,
            ConfigurationInvalidError.
        """
        if self._rest:
            now, kept = monotonic(), self._kept
            if kept is not None and now - self._looked < self._rest:
                return kept.snapshot
            self._looked = now
        # The link itself, but a policy that is a link changes with what it points to.
        stamps = stamp(os.lstat, self._link), *(stamp(os.stat, file) for file in self._files)
        kept = self._kept
        if kept is None or kept.stamps != stamps:
            self._kept = None
            self._kept = kept = self._read(stamps)
        return kept.snapshot

    def refresh(self) -> None:
        """Read everything anew at the next call, changed or not."""
        self._kept = self._trust = None

    @property
    def broken_policy(self) -> SealgateError | None:
        """Return why the policy on disk is not the one in the newest snapshot, if it is not."""
        kept = self._kept
        return None if kept is None else kept.broken

    def drafted(self, policy: bytes, file: str) -> Snapshot:
        """Return what would be current with this policy; the one in place is not looked at.

        `file` is its name in faults. Raises: as `current`.
        """
        trust = self._read_trust(stamp(os.lstat, self._link))
        return Snapshot(
            number=next(_numbers),
            trust=trust,
            policy=read_policy(policy, file, scheme=trust.catalogue.grades),
            blocks=read_blocks(self._places.blocks),
        )

    def _read(self, stamps: tuple[Stamp, ...]) -> "_Kept":
        trust = self._read_trust(stamps[0])
        policy, broken = self._usable_policy(trust.catalogue.grades)
        snapshot = Snapshot(
            number=next(_numbers),
            trust=trust,
            policy=policy,
            blocks=read_blocks(self._places.blocks),
        )
        return _Kept(stamps, snapshot, broken)

    def _read_trust(self, link: Stamp) -> Trust:
        try:
            target = os.readlink(self._link)
        except OSError:
            raise TrustStaleError(
                reason="there is no trust data here", reason_zh="此处没有信任数据"
            ) from None
        if self._trust is None or self._trust[0] != link:
            # Not through the link, which may come to point elsewhere meanwhile.
            folder = self._places.trust / target
            try:
                files = read_folder(folder, TRUST_SUFFIXES)
            except OSError:
                raise unreadable(folder) from None
            self._trust = link, read_trust(files, self._clock() // 1000)
        return self._trust[1]

    def _usable_policy(self, scheme: GradeScheme) -> tuple[Policy | None, SealgateError | None]:
        """Return the policy on disk; or the good one before it, and why."""
        try:
            policy = self._read_policy(scheme)
        except (PolicyInvalidError, ConfigurationInvalidError) as refusal:
            good = self._good
            if good is None or good[1] != scheme:
                raise
            return good[0], refusal
        self._good = None if policy is None else (policy, scheme)
        return policy, None

    def _read_policy(self, scheme: GradeScheme) -> Policy | None:
        path = self._places.policy
        text = read_file(path)
        return None if text is None else read_policy(text, str(path), scheme=scheme)


class OneSnapshot:
    """A SnapshotSource that gives the same one for ever."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def current(self) -> Snapshot:
        """Return it."""
        return self._snapshot


def stamp(look: Callable[[str], os.stat_result], path: str) -> Stamp:
    """Return what tells whether a file was changed; nothing of one that is not there."""
    try:
        found = look(path)
    except OSError:
        return ()
    # The change time too: a copy may bring its modification time along.
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
