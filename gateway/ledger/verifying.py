"""Whether a shard is what was written: its entries, its tree, its checkpoints. No I/O.

Many entries are judged at once, with few calls each; where these are not all well,
they are judged again one by one, so that the first bad one is named.

1. The shard's origin is that of its name and department.
2. Numbers run from 0 without a gap; each leaf is in canonical form; the private part
   and the subject digests, where they were not erased, are those that it has hashes of.
3. Tiles that are kept are those of the tree over the leaves.
4. Each kept checkpoint has the tree's root at its size, and a signature of the
   department; cosignatures of keys that are known hold.
5. Each checkpoint that is known from outside has the tree's root at its size, and the
   shard is not shorter: no older copy was put in its place.
6. The newest checkpoint covers every entry.
7. Times do not go back further than calls that overlap explain.
"""

import gc
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import NamedTuple, NoReturn, Protocol

from gateway.errors import CheckpointInvalidError, LedgerInvalidError, RequestMalformedError
from gateway.ledger.directory import Signers
from gateway.ledger.edge import Edge, Growth
from gateway.ledger.judging import Entry, Judge, entry_fault, shard_fault
from gateway.ledger.notes import SignedCheckpoint, read_checkpoint
from gateway.ledger.origins import read_origin
from gateway.ledger.tiles import TILE_HEIGHT, TILE_WIDTH
from gateway.ledger.tree import HASH_BYTES
from gateway.model.call import Subjects
from keys.suites import fingerprint, fingerprints

# An entry has the time at which its call began and stands where it ended; a call has two
# minutes in a sidecar, and a command that seals much text takes longer. What is further
# behind than this was entered with the clock set back.
CLOCK_TOLERANCE_MS = 300_000
# Below any number that a database gives to a row.
_BELOW = -(2**62)


class Shard(Protocol):
    """A shard to be judged: what `gateway.stores.shards.ShardReader` reads.

    A row is number, leaf, salt and private part; nothing of what it says is believed.
    """

    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def size(self) -> int: ...
    def rows(self, begin: int = 0, end: int | None = None) -> Iterator[Entry]: ...
    def checkpoints(self) -> Iterator[str]: ...
    def tile(self, level: int, number: int, width: int) -> bytes: ...
    def subjects(
        self, begin: int = 0, end: int | None = None
    ) -> Iterator[tuple[int, Subjects]]: ...


class ClockStep(NamedTuple):
    """An entry whose time is before that of an earlier one, and by how many ms."""

    number: int
    back: int


class ShardReport(NamedTuple):
    """What a shard that is well holds; times are Unix milliseconds.

    `outside` counts checkpoints known from outside that agree, `cosignatures` those
    that hold and `unknown` those of keys that nobody here knows; `revoked` counts
    checkpoints that only a key signed which has been revoked since.
    """

    name: str
    closed: bool
    entries: int
    checkpoints: int
    cosignatures: int
    unknown: int
    revoked: int
    outside: int
    first: int | None
    last: int | None
    steps: tuple[ClockStep, ...]


def verify_shard(
    shard: Shard, directory: Signers, outside: Iterable[SignedCheckpoint] = ()
) -> ShardReport:
    """Judge a shard; of the checkpoints from outside, those of its origin.

    A shard that is being written is judged as far as the checkpoint that is its newest now.
    Raises: LedgerInvalidError naming shard and entry; what `shard` raises.
    """
    return _Verification(shard, directory, outside).run()


def first_step(reports: Iterable[ShardReport]) -> LedgerInvalidError | None:
    """Return what is to be said where a clock was set back, if one was."""
    for report in reports:
        for number, back in report.steps:
            return entry_fault(
                report.name,
                number,
                f"its time is {back // 1000:,} s before that of an entry before it: "
                "the clock was set back",
                f"时间比其前的条目早 {back // 1000:,} 秒：时钟曾被回拨",
            )
    return None


class _Verification:
    def __init__(
        self, shard: Shard, directory: Signers, outside: Iterable[SignedCheckpoint]
    ) -> None:
        self._shard, self._directory = shard, directory
        self._judge = Judge(shard.name)
        self._outside: dict[int, list[SignedCheckpoint]] = {}
        for one in outside:
            if one.checkpoint.origin == shard.origin:
                self._outside.setdefault(one.checkpoint.size, []).append(one)
        self._kept: dict[int, list[SignedCheckpoint]] = {}
        # The tree so far, the leaves of its last tile, and the hashes in the tiles above.
        self._edge = Edge()
        self._root = fingerprint(b"")
        self._tile: list[bytes] = []
        self._above: list[list[bytes]] = []
        self._digests = self._all_digests()
        self._ahead: tuple[int, Subjects] | None = None
        # The last size at which a checkpoint agreed.
        self._agreed = 0
        self._first: int | None = None
        self._high = 0
        self._steps: list[ClockStep] = []
        self._cosignatures = self._unknown = self._revoked = self._witnessed = 0

    def run(self) -> ShardReport:
        collecting = gc.isenabled()
        # Nothing of it goes round in circles, and there is much of it to look through.
        gc.disable()
        try:
            return self._run()
        finally:
            if collecting:
                gc.enable()
            # What was begun to be read is not held on to.
            self._digests.close()

    def _run(self) -> ShardReport:
        self._check_origin()  # 1
        # In this order, since it may be written meanwhile: what was there has a checkpoint.
        there = self._shard.size()
        unread = self._read_checkpoints()
        size = max(self._kept, default=0)
        self._ahead = next(self._digests, None)
        self._check_roots(0)
        for begin, end in self._stretches(size):
            rows = self._shard.rows(begin or _BELOW, end)
            self._grow(list(rows), begin, end)  # 2
            self._check_roots(end)  # 4, 5
        self._check_tops(size)  # 3
        self._check_strays()  # 2
        if unread is not None:
            raise unread
        if there > size:  # 6
            self._bad(size, "no checkpoint covers it", "没有检查点覆盖该条目")
        self._check_rollback(size)  # 5
        return ShardReport(
            name=self._shard.name,
            closed=self._shard.closed,
            entries=size,
            checkpoints=sum(map(len, self._kept.values())),
            cosignatures=self._cosignatures,
            unknown=self._unknown,
            revoked=self._revoked,
            outside=self._witnessed,
            first=self._first,
            last=self._high if size else None,
            steps=tuple(self._steps),
        )

    def _check_origin(self) -> None:
        try:
            origin = read_origin(self._shard.origin)
        except ValueError:
            origin = None
        known = (self._shard.name, self._directory.department)
        if origin is None or (origin.shard, origin.department) != known:
            self._bad(
                0,
                "the shard is another one, or another department's, by its origin",
                "按其来源，这是另一个分片或另一部门的分片",
            )

    def _read_checkpoints(self) -> LedgerInvalidError | None:
        """Read those that are kept; return the fault of the first that cannot be read.

        Or that is not in the order of their sizes: what is newest would not be.
        """
        fault: LedgerInvalidError | None = None
        for place, note in enumerate(self._shard.checkpoints(), 1):
            try:
                signed = read_checkpoint(note)
            except CheckpointInvalidError:
                fault = fault or shard_fault(
                    self._shard.name,
                    f"checkpoint {place} of those kept cannot be read",
                    f"保存的第 {place} 个检查点无法解析",
                )
            else:
                if signed.checkpoint.size <= max(self._kept, default=-1):
                    fault = fault or shard_fault(
                        self._shard.name,
                        f"checkpoint {place} of those kept stands in another place",
                        f"保存的第 {place} 个检查点位置不符",
                    )
                self._kept.setdefault(signed.checkpoint.size, []).append(signed)
        return fault

    def _stretches(self, size: int) -> Iterator[tuple[int, int]]:
        """Cut the entries where a tile ends, and where a checkpoint tells a root."""
        marks = sorted({size, *self._kept, *self._outside})
        begin = 0
        for mark in marks:
            while begin < min(mark, size):
                end = min(mark, size, (begin // TILE_WIDTH + 1) * TILE_WIDTH)
                yield begin, end
                begin = end

    def _grow(self, rows: Sequence[Entry], begin: int, end: int) -> None:
        leaves, times = self._judge.judge(rows, begin, end, self._digests_before(end))
        self._check_times(times, begin)
        # As `leaf_hash` does, all at once.
        hashes = fingerprints([b"\x00" + leaf for leaf in leaves])
        growth = Growth(self._edge, hashes)
        self._edge, self._root = growth.edge(), growth.root
        self._tile += hashes
        if len(self._tile) == TILE_WIDTH:
            self._check_tile(0, end // TILE_WIDTH - 1, self._tile)
            self._tile = []
        level = 1
        while done := growth.completed(TILE_HEIGHT * level):
            self._rise(level, done)
            level += 1

    def _rise(self, level: int, done: list[bytes]) -> None:
        """Add hashes to the tiles of a level above the leaves'; judge one that is full."""
        if len(self._above) < level:
            self._above.append([])
        tile = self._above[level - 1]
        tile += done
        if len(tile) == TILE_WIDTH:
            whole = self._edge.size >> TILE_HEIGHT * (level + 1)
            self._check_tile(level, whole - 1, tile)
            self._above[level - 1] = []

    def _digests_before(self, end: int) -> dict[int, Subjects]:
        found: dict[int, Subjects] = {}
        while self._ahead is not None and self._ahead[0] < end:
            number, subjects = self._ahead
            found[number] = subjects
            self._ahead = next(self._digests, None)
        return found

    def _check_times(self, times: Sequence[int], begin: int) -> None:
        if self._first is None:
            self._first = times[0]
        highest = max(times)
        if min(times) < max(self._high, highest) - CLOCK_TOLERANCE_MS:
            highest = self._high
            for number, time in enumerate(times, begin):
                if time < highest - CLOCK_TOLERANCE_MS:
                    self._steps.append(ClockStep(number, highest - time))
                    # From here on the clock that was set back is the clock.
                    highest = time
                highest = max(highest, time)
            self._high = highest
        else:
            self._high = max(self._high, highest)

    def _all_digests(self) -> Generator[tuple[int, Subjects], None, None]:
        """Read all in one go: where their order is damaged, a search misses some."""
        last = -1
        for number, subjects in self._shard.subjects(_BELOW):
            if number <= last:
                self._bad(
                    number,
                    "no entry has these subject digests, or they stand in another place",
                    "主体摘要没有对应条目，或位置不符",
                )
            last = number
            yield number, subjects

    def _check_strays(self) -> None:
        ahead = () if self._ahead is None else (self._ahead[0],)
        late = [*ahead, *(number for number, _ in self._digests)]
        # Those of entries that came meanwhile are none.
        if late and late[-1] >= self._shard.size():
            self._bad(late[-1], "no entry has these subject digests", "没有条目对应这些主体摘要")

    def _check_tops(self, size: int) -> None:
        if self._tile:
            # Of the leaves' last tile nothing is kept; somebody may have put one there.
            self._check_tile(0, size // TILE_WIDTH, self._tile)
        for level, tile in enumerate(self._above, 1):
            if tile:
                self._check_tile(level, size >> TILE_HEIGHT * (level + 1), tile)

    def _check_tile(self, level: int, number: int, hashes: list[bytes]) -> None:
        try:
            kept = self._shard.tile(level, number, len(hashes))
        except (LedgerInvalidError, RequestMalformedError, TypeError, ValueError):
            kept = b""
        if kept == b"".join(hashes):
            return
        place = next(
            place
            for place, one in enumerate(hashes)
            if kept[place * HASH_BYTES : (place + 1) * HASH_BYTES] != one
        )
        first = (number * TILE_WIDTH + place) << TILE_HEIGHT * level
        self._bad(
            first,
            f"the tree's tile {number} of level {level} has another hash for it",
            f"第 {level} 层第 {number} 个哈希块中的散列值与其不符",
        )

    def _check_roots(self, size: int) -> None:
        for one in self._kept.get(size, ()):
            self._check_kept(one)
        for one in self._outside.get(size, ()):
            if one.checkpoint.root == self._root:
                self._witnessed += 1
            elif self._directory.signed(one) is not None:
                self._bad(
                    self._agreed,
                    f"a checkpoint over {size} entries that is known outside has another root: "
                    "an entry from here on was changed",
                    f"外部留存的 {size} 条检查点的根不同：自此条起有条目被改动",
                )
        if size in self._kept:
            self._agreed = size

    def _check_kept(self, one: SignedCheckpoint) -> None:
        size = one.checkpoint.size
        if one.checkpoint[:] != (self._shard.origin, size, self._root):
            self._bad(
                self._agreed,
                f"the checkpoint over {size} entries is not the tree's: "
                "an entry from here on was changed, or the checkpoint was",
                f"{size} 条的检查点与哈希树不符：自此条起有条目或该检查点被改动",
            )
        signed = self._directory.signed(one)
        if signed is None:
            self._bad(
                self._agreed,
                f"the checkpoint over {size} entries has no signature by a ledger key of the "
                "department that the directory holds (was its newest key published?)",
                f"{size} 条的检查点没有目录所载本部门日志密钥的有效签名（新密钥是否已发布？）",
            )
        self._revoked += signed.revoked
        try:
            known, unknown = self._directory.cosignatures(one)
        except CheckpointInvalidError:
            self._bad(
                self._agreed,
                f"a cosignature of the checkpoint over {size} entries does not hold",
                f"{size} 条检查点的一个联署无效",
            )
        self._cosignatures += known
        self._unknown += unknown

    def _check_rollback(self, size: int) -> None:
        for known in sorted(self._outside):
            if known > size and any(map(self._directory.signed, self._outside[known])):
                self._bad(
                    size,
                    f"it is missing: a checkpoint over {known} entries is known outside",
                    f"条目缺失：外部留存有 {known} 条的检查点",
                )

    def _bad(self, number: int, text: str, text_zh: str) -> NoReturn:
        raise entry_fault(self._shard.name, number, text, text_zh) from None


def missing_shard(shard: str, size: int) -> LedgerInvalidError:
    """Return what is to be said of a shard that is known outside and stands nowhere here."""
    return shard_fault(
        shard,
        f"it is missing: a checkpoint over {size} of its entries is known outside",
        f"分片缺失：外部留存有其 {size} 条的检查点",
    )
