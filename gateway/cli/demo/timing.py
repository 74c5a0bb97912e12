"""How long calls take here, disk and all."""

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from gateway.cli.demo.stage import Act, Played, Stage

SIZES = (1, 100, 1_000)
# The best of so many: what a call costs when nothing else disturbs it.
ROUNDS = 5


class Timing(NamedTuple):
    """Seconds that it takes to seal and to open so many records."""

    records: int
    seal: float
    open: float


A = TypeVar("A")
T = TypeVar("T")


def time_calls(stage: Stage, act: Act, played: Played) -> list[Timing]:
    """Seal and open batches of several sizes between two nodes of the stage."""
    asker, asked = stage.node(act.asker), stage.node(act.asked)
    timings = []
    for size in SIZES:
        request = replace(played.request, records=stage.records(act, size))
        sealing, opening = [], []
        for _ in range(ROUNDS):
            seconds, sealed = _timed(asked.seal, request)
            sealing.append(seconds)
            opening.append(_timed(asker.open, sealed.envelope)[0])
        timings.append(Timing(size, min(sealing), min(opening)))
    return timings


def _timed(call: Callable[[A], T], given: A) -> tuple[float, T]:
    start = time.perf_counter()
    result = call(given)
    return time.perf_counter() - start, result
