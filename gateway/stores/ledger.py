"""The ledger as it is written: shards of SQLite, many entries to a commit, each commit signed."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from threading import RLock
from typing import final

from gateway.errors import CheckpointInvalidError, LedgerUnavailableError
from gateway.ledger.entries import SALT_BYTES, SettledEntry, settle
from gateway.ledger.notes import Checkpoint, checkpoint_text, read_checkpoint, sign_note
from gateway.ledger.origins import TAG_BYTES, Origin, read_shard_name, shard_name
from gateway.ledger.own_keys import OwnKeys
from gateway.model.call import Entry, Receipt
from gateway.ports import Clock, Dice, KeyProvider
from gateway.steps import StoreBusy
from gateway.stores.files import sync_folder
from gateway.stores.grouped import GroupedDatabase
from gateway.stores.ledger_folder import BESIDE, folder_lock
from gateway.stores.shard_file import CHECKPOINT_ENTRIES, SCHEMA, ShardTree, load_tree
from gateway.stores.shards import OPEN_SUFFIX, list_shards, newest_shard, shard_of
from keys.material import VerifyingKey

# A shard that is being begun, which is none yet.
_FRESH = f".begun{OPEN_SUFFIX}"
# Kinds of entries that tell what a node works with: what the newest says is kept at hand.
FACTS = frozenset({"policy", "trust", "keys"})
# A shard may be closed between finding it and holding its lock; the next one is fresh.
_TRIES = 3
_STATE = """
SELECT coalesce(max(number) + 1, 0), EXISTS (SELECT 1 FROM meta WHERE name = 'closed') FROM entry
"""

_REPLACE_CHECKPOINT = """
UPDATE checkpoint SET size = ?, note = ? WHERE size = ? AND NOT cosigned
"""


class _Group:
    """Entries on their way into a shard, and their receipts."""

    __slots__ = ("facts", "receipts", "settled")

    def __init__(self) -> None:
        # By kind of entry what the newest says, of those that tell what a node works with.
        self.facts: dict[str, str] = {}
        self.settled: list[SettledEntry] = []
        self.receipts: list[Receipt] = []


@final
class SqliteLedger:
    """A LedgerSink. Each commit is durable whole or not at all, and signs a checkpoint.

    Processes may share a writer's shard; whoever writes holds its lock. Signed with
    the ledger key of `keys` that is active then, so that a rotation counts from the
    next commit. Threads may share one ledger.
    """

    def __init__(
        self,
        folder: Path,
        writer: str,
        *,
        department: str,
        node: str,
        random: Dice,
        keys: KeyProvider,
        clock: Clock,
        tidied: bool = False,
    ) -> None:
        """Make the ledger of a writer; its shard is opened with the first entry.

        Where it is `tidied`, somebody calls `tidy` every second or so.
        """
        self._tidied = tidied
        self._folder, self._writer = folder, writer
        self._department, self._node = department, node
        self._random, self._keys, self._clock = random, OwnKeys(keys), clock
        self._mine = RLock()
        self._shard: _Shard | None = None
        self._group: _Group | None = None
        # Shards that keys which are held no longer signed: no entry is added to those.
        self._left: set[str] = set()

    def append(self, entry: Entry) -> Receipt:
        """Write the entry; it is durable, and its receipt whole, on return or after `together`.

        Raises: LedgerUnavailableError, KeyUnavailableError where no ledger key is in
            force; nothing is entered then.
        """
        with self._mine:
            if self._group is not None:
                return self._add(entry, self._group)
            with self.together() as group:
                return self._add(entry, group)

    def last(self, kind: str) -> str | None:
        """Return what the newest entry of a kind of FACTS says, if there is one.

        Raises: LedgerUnavailableError.
        """
        with self._mine:
            if self._group is not None and kind in self._group.facts:
                return self._group.facts[kind]
            return self._opened().last(kind)

    def checkpoint(self) -> str | None:
        """Return the newest checkpoint of the shard, a signed note, if there is any entry.

        Raises: LedgerUnavailableError.
        """
        # Without the lock, which whoever writes holds for as long as a disk takes.
        shard = self._shard
        if shard is not None and shard.note is not None:
            return shard.note
        with self._mine:
            try:
                return self._opened().checkpoint(wait=not self._tidied)
            except StoreBusy:
                # A worker has others to serve: this once there is none to be told.
                return None

    @contextmanager
    def together(self, *, wait: bool = True) -> Iterator[_Group]:
        """Make all entries appended within durable at once, at the end; all or none.

        Raises: as `append`; StoreBusy, where another process has the shard and is not to be
            waited for.
        """
        with self._mine:
            if self._group is not None:
                yield self._group
                return
            with ExitStack() as stack:
                shard, tree = self._entered(stack, wait)
                self._group = group = _Group()
                try:
                    yield group
                finally:
                    self._group = None
                if group.settled:
                    shard.write(tree, group, *self._keys.signer(self._clock() // 1000))

    def tidy(self) -> None:
        """Spare commits the work that can be done beside them; from any thread."""
        shard = self._shard
        if shard is not None:
            shard.tidy()

    def close(self) -> None:
        """Close the shard; the next entry opens it again."""
        with self._mine:
            if self._shard is not None:
                self._shard.close()
                self._shard = None

    def _add(self, entry: Entry, group: _Group) -> Receipt:
        settled = settle(entry, self._random(SALT_BYTES))
        receipt = Receipt(leaf=settled.leaf, index=-1)
        group.settled.append(settled)
        group.receipts.append(receipt)
        if entry.shared.kind in FACTS:
            group.facts[entry.shared.kind] = entry.private.detail or ""
        return receipt

    def _entered(self, stack: ExitStack, wait: bool) -> tuple["_Shard", ShardTree]:
        for _ in range(_TRIES):
            shard = self._opened()
            tree = stack.enter_context(shard.changing(wait=wait))
            if tree is not None:
                return shard, tree
            # Closed a moment ago, by who archives it, or another's: there is a next one.
            stack.close()
            if shard.foreign:
                self._left.add(shard.name)
            self.close()
        raise LedgerUnavailableError

    def _opened(self) -> "_Shard":
        if self._shard is not None and not self._shard.stands():
            self.close()
        if self._shard is None:
            try:
                with folder_lock(self._folder):
                    self._shard = self._newest() or self._begun()
            except OSError:
                raise LedgerUnavailableError from None
        return self._shard

    def _newest(self) -> "_Shard | None":
        path = newest_shard(self._folder, self._writer)
        if path is None or shard_of(path) in self._left:
            return None
        shard = self._shard_of(path, shard_of(path) or "")
        if not shard.closed():
            return shard
        shard.close()
        return None

    def _begun(self) -> "_Shard":
        # Behind all that the writer has, also where the clock went back.
        named = [read_shard_name(shard_of(path) or "") for path in list_shards(self._folder)]
        after = [begun + 1 for writer, begun in filter(None, named) if writer == self._writer]
        name = shard_name(self._writer, max([self._clock(), *after]), self._random(TAG_BYTES))
        path, fresh = self._folder / f"{name}{OPEN_SUFFIX}", self._folder / _FRESH
        # It appears whole: nobody may write as this writer again, who would complete it.
        for suffix in ("", *BESIDE):
            Path(f"{fresh}{suffix}").unlink(missing_ok=True)
        self._shard_of(fresh, name).close()
        if Path(f"{fresh}{BESIDE[0]}").exists():
            raise LedgerUnavailableError
        fresh.rename(path)
        sync_folder(self._folder)
        return self._shard_of(path, name)

    def _shard_of(self, path: Path, name: str) -> "_Shard":
        origin = Origin(self._department, self._node, name)
        return _Shard(path, origin, self._keys, tidied=self._tidied)


class _Shard:
    """The open file of a shard. Raises: LedgerUnavailableError."""

    __slots__ = (
        "_database",
        "_keys",
        "_origin",
        "_path",
        "_place",
        "_signed",
        "_tree",
        "_version",
        "foreign",
        "name",
        "note",
    )

    def __init__(self, path: Path, origin: Origin, keys: OwnKeys, *, tidied: bool) -> None:
        self._path, self._keys = path, keys
        # Whether keys signed it that are not held; known once its tree is.
        self.name, self.foreign = origin.shard, False
        self._database = GroupedDatabase(path, SCHEMA, tidied=tidied)
        found = os.stat(path)
        self._place = found.st_dev, found.st_ino
        # The tree as of the last commit, and its checkpoint; None: not known.
        self._tree: ShardTree | None = None
        self.note: str | None = None
        # What is signed in the commit on its way; and what SQLite counts others' changes by.
        self._signed: str | None = None
        self._version = -1
        insert = "INSERT OR IGNORE INTO meta VALUES ('origin', ?)"
        self._database.run(insert, (str(origin),))
        ((stored,),) = self._database.run("SELECT value FROM meta WHERE name = 'origin'")
        # A node may have been named anew since: the shard keeps the name it was begun with.
        self._origin = str(stored)

    def stands(self) -> bool:
        """Tell whether the file is still what its path leads to."""
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._place

    def closed(self) -> bool:
        """Tell whether the shard takes no more entries."""
        return bool(self._database.run("SELECT 1 FROM meta WHERE name = 'closed'"))

    def last(self, kind: str) -> str | None:
        """Return what the newest entry of a kind says."""
        found = self._database.run("SELECT value FROM meta WHERE name = ?", (f"last-{kind}",))
        return str(found[0][0]) if found else None

    def checkpoint(self, *, wait: bool) -> str | None:
        """Return the newest checkpoint. Raises: StoreBusy, as `together` of a database does."""
        if self._tree is None:
            with self.changing(wait=wait):
                pass
        return self.note

    @contextmanager
    def changing(self, *, wait: bool = True) -> Iterator[ShardTree | None]:
        """Hold the shard's lock; what is written within is durable after.

        Gives the tree as it stands, or None where it is closed and takes no more entries.
        """
        try:
            with self._database.together(wait=wait):
                yield self._current()
        except BaseException:
            self._tree = self._signed = None
            raise
        if self._signed is not None:
            # Not before: what could not be made durable was signed for nobody.
            self.note, self._signed = self._signed, None

    def write(
        self,
        tree: ShardTree,
        group: _Group,
        key: VerifyingKey,
        sign: Callable[[bytes], bytes],
    ) -> None:
        """Write entries, their tiles and a signed checkpoint, and complete their receipts."""
        before = tree.edge.size
        growth, tiles = tree.grow([settled.leaf for settled in group.settled])
        size = tree.edge.size
        body = checkpoint_text(Checkpoint(self._origin, size, growth.root))
        note = sign_note(body, self._origin, key, sign)
        self._database.apply(partial(_insert, group, before, tiles, note))
        self._signed = note
        for added, receipt in enumerate(group.receipts):
            receipt.index, receipt.path = before + added, growth.path(added)
            receipt.checkpoint = note

    def tidy(self) -> None:
        self._database.tidy()

    def close(self) -> None:
        self._database.close()

    def _current(self) -> ShardTree | None:
        tree = self._tree
        ((version,),) = self._database.run("PRAGMA data_version")
        if tree is not None and version == self._version:
            return tree
        ((size, closed),) = self._database.run(_STATE)
        if tree is None or size != tree.edge.size:
            self._tree = tree = self._load(size)
        if closed or self.foreign:
            return None
        self._version = version
        return tree

    def _load(self, size: int) -> ShardTree:
        notes = self._database.run("SELECT note FROM checkpoint WHERE size = ?", (size,))
        try:
            tree = self._database.apply(partial(load_tree, size=size))
        except (TypeError, ValueError):
            raise LedgerUnavailableError from None
        note = str(notes[0][0]) if notes else ""
        if size and not _tells(note, Checkpoint(self._origin, size, tree.edge.root())):
            # Nothing is built on it: what was changed would be signed for with the rest.
            raise LedgerUnavailableError
        self.foreign = bool(size) and not self._keys.signed(note, self._origin)
        # At once: whoever asks for it meanwhile does not wait for the commit that this begins.
        self.note = note if size and not self.foreign else None
        return tree


def _tells(note: str, checkpoint: Checkpoint) -> bool:
    """Tell whether a note is one of just this checkpoint, whoever signed it."""
    try:
        return read_checkpoint(note).checkpoint == checkpoint
    except CheckpointInvalidError:
        return False


def _insert(
    group: _Group, before: int, tiles: list[tuple[int, bytes]], note: str, database: Connection
) -> None:
    entries = [
        (number, one.leaf, one.salt, one.private)
        for number, one in enumerate(group.settled, before)
    ]
    database.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", entries)
    subjects = [
        (number, one.subjects.key_id, one.subjects.digests)
        for number, one in enumerate(group.settled, before)
        if one.subjects is not None
    ]
    if subjects:
        database.executemany("INSERT INTO subject VALUES (?, ?, ?)", subjects)
    for kind, detail in group.facts.items():
        values = (f"last-{kind}", detail)
        database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)
    if tiles:
        database.executemany("INSERT OR REPLACE INTO tile VALUES (?, ?)", tiles)
    size = before + len(entries)
    apart = before // CHECKPOINT_ENTRIES != size // CHECKPOINT_ENTRIES
    if apart or not database.execute(_REPLACE_CHECKPOINT, (size, note, before)).rowcount:
        database.execute("INSERT INTO checkpoint (size, note) VALUES (?, ?)", (size, note))
