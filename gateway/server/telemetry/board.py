"""Numbers that all workers of a sidecar share: memory that the parent maps before it forks.

Each worker writes its own part and reads all of them, so that whoever is asked
answers for the whole node. A worker that takes the place of a dead one goes on
counting where that one ended; there are no files to be cleaned up.

A number is one aligned double: it is read and written whole.
"""

import mmap
import struct
import time
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from enum import IntEnum
from typing import Final

import msgspec

from gateway.server.telemetry.labels import CODES, METHODS
from gateway.server.telemetry.observing import Observation, bounded

# Upper ends of the buckets, in seconds: from a short call alone to a stream.
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)
# What one look at the node takes at most: `MAX_OBSERVED` of each thing, names in Chinese.
_OBSERVATION_BYTES = 256 * 1024
# A worker that has told nothing for so long is hung or gone: it serves no calls now.
FRESH_SECONDS: Final = 10.0


class Cell(IntEnum):
    """Numbers that a worker has one of."""

    BEAT = 0
    STARTS = 1
    IN_FLIGHT = 2
    LINES_DROPPED = 3
    SPANS_DROPPED = 4


WIDTH: Final = 1 + len(BUCKETS) + 1
_RECEIVED = len(Cell)
_SENT = _RECEIVED + len(METHODS)
_CALLS = _SENT + len(METHODS)
_DOUBLES = _CALLS + len(METHODS) * len(CODES) * WIDTH
# Length and checksum before what was observed last: a reader may come in the midst of it.
_HEAD = struct.Struct("=II")
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Observation)


class Part:
    """One worker's part: its numbers, and what it observed last. For one thread to write."""

    def __init__(self, memory: memoryview) -> None:
        self._numbers: memoryview[float] = memory[: _DOUBLES * 8].cast("d")
        self._observed = memory[_DOUBLES * 8 :]

    def begin(self) -> None:
        """Take the part over: its counts go on, what was true of the moment is forgotten."""
        self[Cell.STARTS] += 1
        self[Cell.IN_FLIGHT] = 0
        _HEAD.pack_into(self._observed, 0, 0, 0)
        self.beat()

    def beat(self) -> None:
        """Tell that the worker lives."""
        self[Cell.BEAT] = time.time()

    def __getitem__(self, cell: Cell) -> float:
        return self._numbers[cell]

    def __setitem__(self, cell: Cell, number: float) -> None:
        self._numbers[cell] = number

    def count(self, method: int, code: int, seconds: float, received: int, sent: int) -> None:
        """Count a call that ended."""
        numbers = self._numbers
        start = _CALLS + (method * len(CODES) + code) * WIDTH
        numbers[start] += seconds
        numbers[start + 1 + bisect_left(BUCKETS, seconds)] += 1
        numbers[_RECEIVED + method] += received
        numbers[_SENT + method] += sent

    def calls(self) -> list[float]:
        """Return for each method and code `WIDTH` numbers.

        The sum of durations, then how many calls fell into each bucket and above the last.
        """
        return [*self._numbers[_CALLS:]]

    def received(self, method: int) -> float:
        """Return the bytes that came in."""
        return self._numbers[_RECEIVED + method]

    def sent(self, method: int) -> float:
        """Return the bytes that went out."""
        return self._numbers[_SENT + method]

    def observe(self, observation: Observation) -> None:
        """Keep what was seen last."""
        data = _ENCODER.encode(bounded(observation))
        self._observed[_HEAD.size : _HEAD.size + len(data)] = data
        _HEAD.pack_into(self._observed, 0, len(data), zlib.crc32(data))
        self.beat()

    def observed(self) -> Observation | None:
        """Return what was seen last, or None where the worker is just writing it."""
        length, digest = _HEAD.unpack_from(self._observed)
        data = bytes(self._observed[_HEAD.size : _HEAD.size + length])
        if not data or zlib.crc32(data) != digest:
            return None
        return _DECODER.decode(data)

    def fresh(self, now: float) -> bool:
        """Tell whether the worker was alive a moment ago."""
        return abs(now - self[Cell.BEAT]) < FRESH_SECONDS


class Board:
    """The parts of all workers."""

    def __init__(self, workers: int) -> None:
        size = _DOUBLES * 8 + _HEAD.size + _OBSERVATION_BYTES
        # Whole doubles, so that every part begins at one.
        size += -size % 8
        memory = memoryview(mmap.mmap(-1, size * workers))
        self._parts = [Part(memory[start : start + size]) for start in range(0, len(memory), size)]

    def __getitem__(self, worker: int) -> Part:
        return self._parts[worker]

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts)
