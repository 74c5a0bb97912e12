"""Check what a schema cannot say, also of a document that is readable only in part.

A check is a generator of what it finds, and reads nothing that it does not need:
where it comes by a part that could not be read, it ends there (`judged`). So no
check speaks of what it does not know, and each says all that it can.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeGuard, TypeVar, cast, overload

from masking.document.partial import (
    Partial,
    PartialList,
    PartialMapping,
    PartialStruct,
    UnreadError,
)

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")


class Found(NamedTuple):
    """Something wrong at a path of the document."""

    path: tuple[str | int, ...]
    text: str
    text_zh: str
    remedy: str
    remedy_zh: str


def judged(*checks: Iterable[Found]) -> Iterator[Found]:
    """Yield what checks find, each as far as it can read."""
    for check in checks:
        with suppress(UnreadError):
            yield from check


@overload
def each(parts: Sequence[V]) -> Iterator[tuple[int, V]]: ...
@overload
def each(parts: Mapping[K, V]) -> Iterator[tuple[K, V]]: ...
@overload
def each(parts: Sequence[V], read: Callable[[V], T]) -> Iterator[tuple[int, T]]: ...
@overload
def each(parts: Mapping[K, V], read: Callable[[V], T]) -> Iterator[tuple[K, T]]: ...
def each(parts: Any, read: Callable[[Any], object] = lambda part: part) -> Iterator[Any]:
    """Yield the place of each part of a list or mapping, and what `read` gives of it.

    Parts that cannot be read, or not by `read`, are passed over.
    """
    for place, part in _places(parts):
        with suppress(UnreadError):
            yield place, read(part)


def _places(parts: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(parts, PartialList | PartialMapping):
        return parts.readable()
    return parts.items() if isinstance(parts, Mapping) else enumerate(parts)


def names(parts: Mapping[K, V]) -> tuple[K, ...]:
    """Return the keys that could be read, also of values that could not."""
    if isinstance(parts, PartialMapping):
        return cast("tuple[K, ...]", parts.names())
    return tuple(parts)


def repeated(parts: Iterable[tuple[K, str]]) -> Iterator[tuple[K, str]]:
    """Yield what stood before, with its place."""
    seen: set[str] = set()
    for place, name in parts:
        if name in seen:
            yield place, name
        seen.add(name)


def whole(part: T) -> T:
    """Return `part` if all of it could be read, for what needs the real thing.

    Raises: UnreadError.
    """
    if isinstance(part, Partial):
        raise UnreadError
    return part


def stands_for(part: object, kind: type[T]) -> TypeGuard[T]:
    """Tell whether `part` is a `kind`, or would be if all of it could be read."""
    return part.stands_for(kind) if isinstance(part, PartialStruct) else isinstance(part, kind)
