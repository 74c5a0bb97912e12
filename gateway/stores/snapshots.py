"""Snapshots of a node's folder: trust data, policy and blocks as they stand now."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from gateway.config import NodeInvalidError, Places
from gateway.errors import ConfigurationInvalidError, TrustStaleError
from gateway.grants.claims import GrantId
from gateway.model.resource import DepartmentId
from gateway.model.trust import Blocks, Snapshot, Trust
from gateway.stores.files import read_folder
from gateway.trust import read_trust
from masking import document
from masking.grades import GradeScheme
from masking.policy import Policy, read_policy

TRUST_SUFFIXES = (".yaml", ".jwt")
_numbers = itertools.count(1)

Stamp = tuple[int, ...]


class BlocksFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `blocks.yaml`; a name that nobody can bear is a slip that blocks nobody."""

    requesters: tuple[DepartmentId, ...] = ()
    grants: tuple[GrantId, ...] = ()


def read_blocks(path: Path) -> Blocks:
    """Read what a provider cut off itself; no file, nothing.

    Raises: NodeInvalidError, ConfigurationInvalidError where it cannot be read.
    """
    text = _read_file(path)
    if text is None:
        return Blocks()
    found = document.read(text, BlocksFile, file=str(path), error=NodeInvalidError)
    return Blocks(
        requesters=frozenset(found.value.requesters), grants=frozenset(found.value.grants)
    )


class FolderSnapshots:
    """A SnapshotSource over a node's folder; a change on disk counts at the next call.

    A file that cannot be read raises, and goes on raising until it is repaired:
    nothing is served from data that is known to be out of date.
    """

    def __init__(self, places: Places, clock: Callable[[], int]) -> None:
        self._places, self._clock = places, clock
        self._link = os.fspath(places.trust / "current")
        self._files = os.fspath(places.policy), os.fspath(places.blocks)
        self._trust: tuple[Stamp, Trust] | None = None
        # One reference, so that threads see stamps and snapshot that belong together.
        self._kept: tuple[tuple[Stamp, ...], Snapshot] | None = None

    def current(self) -> Snapshot:
        """Return the newest snapshot; the same object while nothing changed.

        Raises: TrustStaleError, CatalogueInvalidError, PolicyInvalidError, NodeInvalidError,
            ConfigurationInvalidError.
        """
        # The link itself, but a policy that is a link changes with what it points to.
        stamps = _stamp(os.lstat, self._link), *(_stamp(os.stat, file) for file in self._files)
        kept = self._kept
        if kept is None or kept[0] != stamps:
            self._kept = None
            self._kept = kept = stamps, self._read(stamps[0])
        return kept[1]

    def drafted(self, policy: bytes, file: str) -> Snapshot:
        """Return what would be current with this policy; the one in place is not looked at.

        `file` is its name in faults. Raises: as `current`.
        """
        trust = self._read_trust(_stamp(os.lstat, self._link))
        return Snapshot(
            number=next(_numbers),
            trust=trust,
            policy=read_policy(policy, file, scheme=trust.catalogue.grades),
            blocks=read_blocks(self._places.blocks),
        )

    def _read(self, link: Stamp) -> Snapshot:
        trust = self._read_trust(link)
        return Snapshot(
            number=next(_numbers),
            trust=trust,
            policy=self._read_policy(trust.catalogue.grades),
            blocks=read_blocks(self._places.blocks),
        )

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
                raise _unreadable(folder) from None
            self._trust = link, read_trust(files, self._clock() // 1000)
        return self._trust[1]

    def _read_policy(self, scheme: GradeScheme) -> Policy | None:
        path = self._places.policy
        text = _read_file(path)
        return None if text is None else read_policy(text, str(path), scheme=scheme)


class OneSnapshot:
    """A SnapshotSource that gives the same one for ever."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def current(self) -> Snapshot:
        """Return it."""
        return self._snapshot


def _read_file(path: Path) -> bytes | None:
    """Read a file, or return None if there is none: a link to nothing is not that."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise _unreadable(path) from None
        return None
    except OSError:
        raise _unreadable(path) from None


def _unreadable(path: Path) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(reason=f"{path} cannot be read", reason_zh=f"{path} 无法读取")


def _stamp(look: Callable[[str], os.stat_result], path: str) -> Stamp:
    try:
        found = look(path)
    except OSError:
        return ()
    # The change time too: a copy may bring its modification time along.
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
