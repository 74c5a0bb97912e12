"""What `--rejects` does: pass on the records that are well typed, set the others aside."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from gateway.errors import FieldInvalidError
from gateway.stores.records import batched
from keys.errors import SealgateError

Judge = Callable[[Sequence[bytes]], FieldInvalidError | None]


class Sieve:
    """Records of a file on their way, numbered from 1 as they stand in it.

    `rejected` holds the numbers of those set aside, `fault` why the first were.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rejects: BinaryIO | None = None
        self._judge: Judge | None = None
        self._told: SealgateError | None = None
        self.rejected: list[int] = []
        self.fault: FieldInvalidError | None = None

    def set_aside(self, rejects: BinaryIO, judge: Judge) -> None:
        """Write to `rejects` the records that `judge` finds ill-typed."""
        self._rejects, self._judge = rejects, judge

    def lines(self) -> Iterator[bytes]:
        """Yield the records that pass."""
        try:
            if self._rejects is None or self._judge is None:
                yield from self._lines
                return
            before = 0
            for batch in batched(self._lines):
                fault = self._judged(batch, before, self._judge)
                yield from self._sift(batch, before, fault, self._rejects)
                before += len(batch)
        except SealgateError as refusal:
            # Of the file itself, whose numbers it has.
            self._told = refusal
            raise

    def _judged(
        self, batch: Sequence[bytes], before: int, judge: Judge
    ) -> FieldInvalidError | None:
        try:
            return judge(batch)
        except SealgateError as refusal:
            refusal.shift_records(before)
            raise

    def _sift(
        self,
        batch: Sequence[bytes],
        before: int,
        fault: FieldInvalidError | None,
        rejects: BinaryIO,
    ) -> Iterator[bytes]:
        bad = frozenset(fault.records) if fault is not None else frozenset()
        if fault is not None and self.fault is None:
            fault.shift_records(before)
            self.fault = self._told = fault
        for number, line in enumerate(batch, 1):
            if number in bad:
                self.rejected.append(before + number)
                rejects.write(line + b"\n")
            else:
                yield line

    def renumber(self, refusal: SealgateError) -> None:
        """Turn positions among the records passed on into those in the file."""
        if refusal is self._told or not self.rejected:
            return
        # For each one set aside: how many were passed on before it, and one.
        gaps = [number - index for index, number in enumerate(self.rejected)]
        refusal.records = tuple(n + bisect_right(gaps, n) for n in refusal.records)
        refusal.fields = tuple(
            fault
            if fault.record is None
            else fault._replace(record=fault.record + bisect_right(gaps, fault.record))
            for fault in refusal.fields
        )
