"""Read a YAML file into frozen values, strictly, led by the type expected.

YAML's own guesses are not used: a scalar is read by the type that stands at its
place, from the characters in the file, so `code: 0140` for a `str` is "0140",
`NO` is no boolean and a date stays the day that was written. Whatever YAML
offers beyond plain data (aliases, anchors, tags, merge keys, several documents)
is refused, as are unknown, repeated and missing keys. All faults of a file are
found in one reading; each says where, what is wrong and what to write instead.

`read` gives a value or refuses. `salvage` gives what can be read, so that checks
(`masking.document.checks`) tell what else is wrong in the same run.

Types: frozen `msgspec.Struct` (defaults, `rename`, optional and UNSET fields),
tagged unions of them, unions of scalars with a Struct, list or mapping, `str`,
`int`, `float`, `Decimal`, `bool`, `date`, `datetime`, enums, `Literal`, tuples,
lists, sets, `dict`, and `Annotated` with `msgspec.Meta`: `description` (its
Chinese in `extra={"zh": ...}`) and `examples` go into the messages.
"""

import builtins
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Generic, TypeVar, cast

import msgspec.inspect

from masking.document.checks import Found, each, judged, names, repeated, stands_for, whole
from masking.document.collector import Collector
from masking.document.nodes import Broken, Mapping, Node, Sequence, compose
from masking.document.partial import UNREAD, opened
from masking.document.walk import Walker
from masking.errors import DocumentInvalidError
from masking.faults import Fault

__all__ = [
    "Document",
    "Fault",
    "Found",
    "each",
    "judged",
    "names",
    "read",
    "repeated",
    "salvage",
    "stands_for",
    "unread",
    "whole",
]

T = TypeVar("T")
_NOWHERE = Broken(1, 1)


@dataclass(frozen=True, slots=True, repr=False)
class Document(Generic[T]):
    """What was read, with the places in the file its parts stand at, and its faults so far.

    `fault_count` is larger than their number where reading stopped listing.
    """

    file: str
    root: Node
    error: builtins.type[DocumentInvalidError]
    faults: tuple[Fault, ...]
    fault_count: int
    _parts: object

    @property
    def value(self) -> T:
        """Return the value of a document without fault.

        Raises:
            DocumentInvalidError: the subclass that reading was given, with every fault.
        """
        if self.fault_count:
            raise self.error(sorted(self.faults, key=_place), fault_count=self.fault_count)
        return cast(T, whole(self._parts))

    @property
    def parts(self) -> T:
        """Return what could be read: the value, or a partial one that stands in for it.

        Raises:
            UnreadError: nothing could.
        """
        return cast(T, opened(self._parts))

    def found(self, check: Callable[[T], Iterable[Found]]) -> list[Fault]:
        """List what a check finds, as far as it can read, each at its place."""
        return [self.fault(*one) for one in judged(self._run(check))]

    def _run(self, check: Callable[[T], Iterable[Found]]) -> Iterator[Found]:
        yield from check(self.parts)

    def fault(
        self,
        path: tuple[str | int, ...],
        text: str,
        text_zh: str,
        remedy: str,
        remedy_zh: str,
    ) -> Fault:
        """Make a fault at `path`; a path that leads nowhere stands at its last known step.

        A scalar is located at itself, a mapping or list behind a key at its key.
        """
        line, column = _locate(self.root, path)
        return Fault(self.file, line, column, path, text, text_zh, remedy, remedy_zh)

    def with_faults(self, faults: Iterable[Fault]) -> "Document[T]":
        """Return the document with further faults."""
        more = tuple(faults)
        return replace(self, faults=(*self.faults, *more), fault_count=self.fault_count + len(more))

    def raise_if(self, faults: Iterable[Fault]) -> None:
        """Refuse the document if there is any fault.

        Raises:
            DocumentInvalidError: the subclass that reading was given, with every fault.
        """
        _ = self.with_faults(faults).value

    def __repr__(self) -> str:
        return f"Document({self.file!r}, {type(self._parts).__name__})"


def read(
    text: bytes,
    type: builtins.type[T],
    *,
    file: str,
    error: builtins.type[DocumentInvalidError] = DocumentInvalidError,
) -> Document[T]:
    """Read `text` as one YAML document holding a `type`.

    `file` is the name shown in messages; nothing is opened.

    Raises:
        DocumentInvalidError: as the subclass `error`, with every fault found.
    """
    document = salvage(text, type, file=file, error=error)
    document.raise_if(())
    return document


def salvage(
    text: bytes,
    type: builtins.type[T],
    *,
    file: str,
    error: builtins.type[DocumentInvalidError] = DocumentInvalidError,
) -> Document[T]:
    """Read what can be read of `text`; the rest is in the document's faults."""
    shape = _shape_of(cast("Hashable", type))
    collector = Collector(file)
    root = compose(text, collector)
    parts = UNREAD if root is None else Walker(collector).read(shape, root)
    place = root or _NOWHERE
    return Document(file, place, error, tuple(collector.sorted()), collector.count, parts)


def unread(fault: Fault, error: builtins.type[DocumentInvalidError]) -> Document[T]:
    """Return the document of a file that could not be read at all."""
    return Document(fault.file, _NOWHERE, error, (fault,), 1, UNREAD)


def _place(fault: Fault) -> tuple[int, int]:
    return fault.line, fault.column


def _locate(node: Node, path: tuple[str | int, ...]) -> tuple[int, int]:
    place = node.line, node.column
    for step in path:
        if isinstance(node, Mapping):
            found = next((pair for pair in node.pairs if pair[0].text == step), None)
            if found is None:
                break
            key, node = found
            holder: Node = key if isinstance(node, Mapping | Sequence) else node
        elif isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
            holder = node = node.items[step]
        else:
            break
        place = holder.line, holder.column
    return place


@cache
def _shape_of(type: Hashable) -> msgspec.inspect.Type:
    # Asked once for each type: a catalogue has a file for every resource.
    return msgspec.inspect.type_info(type)
