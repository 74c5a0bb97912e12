"""Values of which a part could not be read, to be looked at as far as they go.

They stand in for the value that was expected and have its attributes, methods,
items and keys. Whoever comes by a part that could not be read gets an
`UnreadError`: nothing is made up in its place, not even a default.
"""

from collections.abc import Iterator, Mapping, Sequence
from inspect import getattr_static
from typing import Final, NoReturn

from msgspec import Struct


class UnreadError(Exception):
    """Something leads to a part that could not be read; its fault is told already."""


class Partial:
    """A value of which something is missing."""

    __slots__ = ()


class _Unread(Partial):
    """Stands where nothing could be read."""

    __slots__ = ()


UNREAD: Final = _Unread()


def opened(part: object) -> object:
    """Return a part that could be read, itself perhaps in part.

    Raises: UnreadError.
    """
    if part is UNREAD:
        raise UnreadError
    return part


def is_whole(part: object) -> bool:
    return not isinstance(part, Partial)


class PartialStruct(Partial):
    """A Struct; what it computes from its fields is computed from those that are there."""

    __slots__ = ("_kind", "_parts")

    def __init__(self, kind: type[Struct], parts: Mapping[str, object]) -> None:
        self._kind, self._parts = kind, parts

    def __getattr__(self, name: str) -> object:
        if name in self._parts:
            return opened(self._parts[name])
        if name.startswith("__"):
            raise AttributeError(name)
        attribute = getattr_static(self._kind, name)
        bind = getattr(attribute, "__get__", None)
        return attribute if bind is None else bind(self, self._kind)

    def stands_for(self, kind: type) -> bool:
        """Tell whether this would have been an instance of `kind`."""
        return issubclass(self._kind, kind)

    def __eq__(self, other: object) -> NoReturn:
        raise UnreadError

    __hash__ = None  # type: ignore[assignment]  # as of anything that cannot be compared


class PartialList(Partial, Sequence[object]):
    """A list; going through it, it must be there from end to end.

    It is not `complete` where it has too few or too many items.
    """

    __slots__ = ("_complete", "_items")

    def __init__(self, items: Sequence[object], complete: bool) -> None:
        self._items, self._complete = items, complete

    def __len__(self) -> int:
        if not self._complete:
            raise UnreadError
        return len(self._items)

    def __getitem__(self, index: int) -> object:  # type: ignore[override]  # no slices
        return opened(self._items[index])

    def __iter__(self) -> Iterator[object]:
        if not self._complete:
            raise UnreadError
        return iter([opened(item) for item in self._items])

    def __contains__(self, value: object) -> bool:
        return any(item == value for _, item in self.readable()) or value in iter(self)

    def readable(self) -> Iterator[tuple[int, object]]:
        """Yield the place of each item that could be read, and the item."""
        return ((n, item) for n, item in enumerate(self._items) if item is not UNREAD)


class PartialMapping(Partial, Mapping[object, object]):
    """A mapping; it is not `complete` where it may have more keys than could be read."""

    __slots__ = ("_complete", "_items")

    def __init__(self, items: Mapping[object, object], complete: bool) -> None:
        self._items, self._complete = items, complete

    def __len__(self) -> int:
        if not self._complete:
            raise UnreadError
        return len(self._items)

    def __getitem__(self, key: object) -> object:
        if key not in self._items and not self._complete:
            raise UnreadError
        return opened(self._items[key])

    def __iter__(self) -> Iterator[object]:
        if not self._complete:
            raise UnreadError
        return iter(self._items)

    def __contains__(self, key: object) -> bool:
        return key in self._items or key in iter(self)

    def readable(self) -> Iterator[tuple[object, object]]:
        """Yield each key whose value could be read, and the value."""
        return ((key, item) for key, item in self._items.items() if item is not UNREAD)

    def names(self) -> tuple[object, ...]:
        """Return the keys that could be read, also where their values could not."""
        return tuple(self._items)
