"""Whether entries of a shard are what was written: form, private parts, subjects. No I/O.

Many are judged at once, with few calls each; where these are not all well, they are
judged again one by one, so that the first bad one is named.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

from gateway.errors import LedgerInvalidError, ReceiptInvalidError
from gateway.ledger.entries import (
    PRIVATE_LABEL,
    SALT_BYTES,
    SUBJECTS_LABEL,
    private_hash,
    subjects_hash,
)
from gateway.ledger.leaves import read_leaves
from gateway.ledger.receipts import read_leaf
from gateway.model.call import Subjects
from keys.derive import lp
from keys.suites import fingerprints

# Number, leaf, salt and private part, as they are kept.
Entry = tuple[int, bytes, bytes, bytes]

# What `private_hash` hashes begins so, worked out once.
_SALT_LENGTHS = {SALT_BYTES}
_SALTED = PRIVATE_LABEL + SALT_BYTES.to_bytes(8, "big")


class Judge:
    """Judges the entries of one shard."""

    def __init__(self, shard: str) -> None:
        self._shard = shard

    def judge(
        self, rows: Sequence[Entry], begin: int, end: int, digests: Mapping[int, Subjects]
    ) -> tuple[Sequence[bytes], list[int]]:
        """Return leaves and times of the entries from `begin` on, those before `end`.

        `digests` has, by number, whom entries are about, as far as that was not erased.
        Raises: LedgerInvalidError naming the first that is bad.
        """
        try:
            found = _judged(rows, begin, end, digests)
        except (TypeError, ValueError, AttributeError):
            # Of another type than what is written, or no JSON.
            found = None
        if found is None:
            self._blame(rows, begin, end, digests)
        return found

    def bad(self, number: int, text: str, text_zh: str) -> NoReturn:
        """Raise what names an entry."""
        raise entry_fault(self._shard, number, text, text_zh) from None

    def _blame(
        self, rows: Sequence[Entry], begin: int, end: int, digests: Mapping[int, Subjects]
    ) -> NoReturn:
        for expected, (number, leaf, salt, private) in zip(range(begin, end), rows, strict=False):
            if number < expected:
                self.bad(number, "no entry has this number", "不应有此编号的条目")
            if number > expected:
                self.bad(expected, "it is missing", "条目缺失")
            self._judge_one(number, leaf, salt, private, digests.get(number))
        self.bad(begin + len(rows), "it is missing", "条目缺失")

    def _judge_one(
        self, number: int, leaf: bytes, salt: bytes, private: bytes, subjects: Subjects | None
    ) -> None:
        try:
            read = read_leaf(leaf)
        except (ReceiptInvalidError, TypeError):
            self.bad(number, "its leaf is not in canonical form", "条目不是规范形式")
        try:
            whole = len(salt) == SALT_BYTES and private_hash(salt, private).hex() == read.private
        except TypeError:
            whole = False
        if not whole:
            self.bad(
                number, "its private part is not the one that was hashed", "内部部分与散列值不符"
            )
        if subjects is None:
            return
        try:
            whole = subjects_hash(subjects).hex() == read.subjects
        except (AttributeError, TypeError):
            whole = False
        if not whole:
            self.bad(
                number, "its subject digests are not those that were hashed", "主体摘要与散列值不符"
            )


def _judged(
    rows: Sequence[Entry], begin: int, end: int, digests: Mapping[int, Subjects]
) -> tuple[Sequence[bytes], list[int]] | None:
    """Return leaves and times, or None where not all is well. Raises: as wrong types do."""
    numbers, leaves, salts, privates = zip(*rows, strict=True)
    if numbers != tuple(range(begin, end)):
        return None
    read = read_leaves(leaves)
    if read is None or set(map(len, salts)) != _SALT_LENGTHS:
        return None
    hashes = fingerprints(
        [
            _SALTED + salt + len(private).to_bytes(8, "big") + private
            for salt, private in zip(salts, privates, strict=True)
        ]
    )
    if list(map(bytes.hex, hashes)) != [one.private for one in read]:
        return None
    about = fingerprints(
        [_kept_under(one.key_id, len(one.digests)) + one.digests for one in digests.values()]
    )
    if list(map(bytes.hex, about)) != [read[number - begin].subjects for number in digests]:
        return None
    return leaves, [one.shared.time for one in read]


@lru_cache(maxsize=64)
def _kept_under(key_id: str, size: int) -> bytes:
    """Return what stands before digests of so many bytes where they are hashed."""
    return SUBJECTS_LABEL + lp(key_id.encode()) + size.to_bytes(8, "big")


def entry_fault(shard: str, number: int, text: str, text_zh: str) -> LedgerInvalidError:
    """Say what is wrong with an entry."""
    return LedgerInvalidError(
        reason=f"shard {shard}, entry {number}: {text}",
        reason_zh=f"分片 {shard} 第 {number} 号条目：{text_zh}",
        records=(number,),
    )


def shard_fault(shard: str, text: str, text_zh: str) -> LedgerInvalidError:
    """Say what is wrong with a shard as a whole."""
    return LedgerInvalidError(reason=f"shard {shard}: {text}", reason_zh=f"分片 {shard}：{text_zh}")
