"""Chance that comes out the same everywhere.

Only `random.Random.random` is drawn from: of the methods of that module it is
the one whose sequence the Python documentation promises to keep for a seed.
Every column has a stream of its own and takes from it in row order, so that
neither the size of a batch nor another column moves it.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256
from random import Random
from typing import TypeVar

T = TypeVar("T")
Draw = Callable[[], float]


class Streams:
    """Streams of one run by name; the same name gives the same stream, further on."""

    def __init__(self, seed: int, *path: str) -> None:
        self._seed, self._path = seed, path
        self._draws: dict[str, Draw] = {}
        self._below: dict[str, Streams] = {}

    def below(self, name: str) -> "Streams":
        """Return the further set of streams under a name."""
        if name not in self._below:
            self._below[name] = Streams(self._seed, *self._path, name)
        return self._below[name]

    def __getitem__(self, name: str) -> Draw:
        if name not in self._draws:
            label = "\0".join((str(self._seed), *self._path, name))
            state = int.from_bytes(sha256(label.encode()).digest(), "big")
            # Sample data is meant to repeat; nothing secret hangs on it.
            self._draws[name] = Random(state).random
        return self._draws[name]


def pick(draw: Draw, pool: Sequence[T], count: int) -> list[T]:
    """Draw `count` values of a pool, each as likely."""
    size = len(pool)
    return [pool[int(draw() * size)] for _ in range(count)]


def weighted(shares: Iterable[tuple[T, int]]) -> tuple[T, ...]:
    """Spread values over a pool, each as often as its share says."""
    return tuple(value for value, share in shares for _ in range(share))


@cache
def digits(width: int) -> tuple[str, ...]:
    """Return all numbers of `width` digits, zeros in front, at the index of their value.

    Kept for good, so ask for four digits at most.
    """
    return tuple(f"{number:0{width}d}" for number in range(10**width))
