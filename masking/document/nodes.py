"""Turn the bytes of a file into a tree of scalars, mappings and lists.

The tree is built from libyaml's event stream, so that every limit is met while
reading and not after: nothing is expanded, nothing is constructed.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from masking.document import syntax
from masking.document.collector import Collector, Placed, Words
from masking.faults import quote

# A configuration file is written by people; what is larger wants memory and time.
MAX_BYTES = 4 * 1024 * 1024
# Many tiny nodes cost fifty times their bytes.
MAX_NODES = 200_000
# Nesting costs a frame a level: deep brackets would exhaust the stack.
MAX_DEPTH = 32
# One enormous scalar makes patterns and messages slow.
MAX_SCALAR = 64 * 1024

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text in the file; `plain` where it stands without quotes."""

    line: int
    column: int
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values.

    Of a key that stands `twice` the first is in `pairs`, and nobody knows which
    was meant. With `gaps` there is a key that cannot be read: any that is not
    here may have been meant by it.
    """

    line: int
    column: int
    pairs: tuple[tuple[Scalar, "Node"], ...]
    twice: frozenset[str] = frozenset()
    gaps: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    line: int
    column: int
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A part whose fault is told already; whoever walks the tree passes it by."""

    line: int
    column: int


Node = Scalar | Mapping | Sequence | Broken


class _StopError(Exception):
    """Reading cannot go on; the fault is in the collector."""


def compose(data: bytes, collector: Collector) -> Node | None:
    """Build the tree of the one document in `data`.

    Faults go to `collector`; None where the rest of the file makes no sense.
    """
    text = syntax.decode(data, MAX_BYTES, collector)
    if text is None:
        return None
    try:
        return _Composer(text, collector).document()
    except _StopError:
        return None
    except yaml.YAMLError as failure:
        syntax.explain(failure, text, collector)
        return None


class _Composer:
    def __init__(self, text: str, collector: Collector) -> None:
        self._loader = _Loader(text)
        self._collector = collector
        self._nodes = 0

    def document(self) -> Node | None:
        self._next()
        opening = self._next()
        if isinstance(opening, yaml.StreamEndEvent):
            self._stop(opening, syntax.EMPTY)
        if opening.version or opening.tags:
            self._fault(opening, syntax.DIRECTIVE)
        root = self._node(self._next(), 0)
        self._next()
        closing = self._next()
        if isinstance(closing, yaml.DocumentStartEvent):
            self._stop(closing, syntax.SEVERAL)
        return root

    def _next(self) -> Any:
        return self._loader.get_event()

    def _node(self, event: Any, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(event, syntax.too_many(MAX_NODES))
        if depth > MAX_DEPTH:
            self._stop(event, syntax.too_deep(MAX_DEPTH))
        place = _Place(event)
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, syntax.alias(str(event.anchor)))
            return Broken(place.line, place.column)
        if event.anchor is not None:
            self._fault(event, syntax.anchor(event.anchor))
        if event.tag is not None:
            self._fault(event, syntax.tag(event.tag))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(place.line, place.column, self._items(depth))
        return self._mapping(place, depth)

    def _scalar(self, event: Any, place: "_Place") -> Node:
        text: str = event.value
        words = syntax.scalar_fault(text, MAX_SCALAR)
        if words is not None:
            self._fault(event, words)
            return Broken(place.line, place.column)
        return Scalar(place.line, place.column, text, not event.style)

    def _items(self, depth: int) -> tuple[Node, ...]:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return tuple(items)

    def _mapping(self, place: "_Place", depth: int) -> Mapping:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        twice: set[str] = set()
        gaps = False
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if key is None:
                gaps = True
            elif key.text in pairs:
                first = pairs[key.text][0]
                self._collector.add(key, syntax.repeated(quote(key.text), first.line))
                twice.add(key.text)
            else:
                pairs[key.text] = key, value
        return Mapping(place.line, place.column, tuple(pairs.values()), frozenset(twice), gaps)

    def _key(self, event: Any, depth: int) -> Scalar | None:
        key = self._node(event, depth)
        if isinstance(key, Mapping | Sequence):
            self._collector.add(key, syntax.KEY_NOT_TEXT)
        elif isinstance(key, Scalar):
            if not key.plain or key.text != "<<":
                return key
            self._collector.add(key, syntax.MERGE)
        return None

    def _fault(self, event: Any, words: Words) -> None:
        self._collector.add(_Place(event), words)

    def _stop(self, event: Any, words: Words) -> None:
        self._fault(event, words)
        raise _StopError


class _Place(Placed):
    __slots__ = ("_mark",)

    def __init__(self, event: Any) -> None:
        self._mark = event.start_mark

    @property
    def line(self) -> int:
        return int(self._mark.line) + 1

    @property
    def column(self) -> int:
        return int(self._mark.column) + 1
