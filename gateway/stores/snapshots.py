"""Snapshots of a node's folder: trust data, policy and blocks as they stand now."""

import itertools
import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from gateway.config import NodeInvalidError, Places
from gateway.errors import TrustStaleError
from gateway.model.trust import Blocks, Snapshot, Trust
from gateway.stores.files import read_folder
from gateway.trust import read_trust
from masking import document
from masking.policy import Policy, read_policy

TRUST_SUFFIXES = (".yaml", ".jwt")
_numbers = itertools.count(1)

Stamp = tuple[int, int, int] | None


class BlocksFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `blocks.yaml`."""

    requesters: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()


def read_blocks(path: Path) -> Blocks:
    """Read what a provider cut off itself; no file, nothing.

    Raises: NodeInvalidError.
    """
    if not path.exists():
        return Blocks()
    found = document.read(path.read_bytes(), BlocksFile, file=str(path), error=NodeInvalidError)
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
        self._watched = tuple(
            os.fspath(path) for path in (places.trust / "current", places.policy, places.blocks)
        )
        self._stamps: tuple[Stamp, ...] = ()
        self._trust: tuple[str, Trust] | None = None
        self._snapshot: Snapshot | None = None

    def current(self) -> Snapshot:
        """Return the newest snapshot; the same object while nothing changed.

        Raises: TrustStaleError, CatalogueInvalidError, PolicyInvalidError, NodeInvalidError.
        """
        stamps = tuple(map(_stamp, self._watched))
        if self._snapshot is None or stamps != self._stamps:
            self._snapshot = None
            self._snapshot, self._stamps = self._read(), stamps
        return self._snapshot

    def _read(self) -> Snapshot:
        return Snapshot(
            number=next(_numbers),
            trust=self._read_trust(),
            policy=self._read_policy(),
            blocks=read_blocks(self._places.blocks),
        )

    def _read_trust(self) -> Trust:
        link = self._places.trust / "current"
        try:
            target = os.readlink(link)
        except OSError:
            raise TrustStaleError(
                reason="there is no trust data here", reason_zh="此处没有信任数据"
            ) from None
        if self._trust is None or self._trust[0] != target:
            files = read_folder(link, TRUST_SUFFIXES)
            self._trust = target, read_trust(files, self._clock() // 1000)
        return self._trust[1]

    def _read_policy(self) -> Policy | None:
        path = self._places.policy
        if not path.exists():
            return None
        return read_policy(path.read_bytes(), str(path))


def _stamp(path: str) -> Stamp:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
