"""Read a YAML file into frozen values, strictly, led by the type expected.

YAML's own guesses are not used: a scalar is read by the type that stands at its
place, from the characters in the file, so `code: 0140` for a `str` is "0140",
`NO` is no boolean and a date stays the day that was written. Whatever YAML
offers beyond plain data (aliases, anchors, tags, merge keys, several documents)
is refused, as are unknown, repeated and missing keys. All faults of a file are
found in one reading; each says where, what is wrong and what to write instead.

Types: frozen `msgspec.Struct` (defaults, `rename`, optional and UNSET fields),
tagged unions of them, unions of scalars with a Struct, list or mapping, `str`,
`int`, `float`, `Decimal`, `bool`, `date`, `datetime`, enums, `Literal`, tuples,
lists, sets, `dict`, and `Annotated` with `msgspec.Meta`: `description` (its
Chinese in `extra={"zh": ...}`) and `examples` go into the messages.
"""

import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import msgspec.inspect

from masking.document.collector import Collector
from masking.document.nodes import Mapping, Node, Sequence, compose
from masking.document.walk import Walker
from masking.errors import DocumentInvalidError
from masking.faults import Fault

__all__ = ["Document", "Fault", "read"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class Document(Generic[T]):
    """A value that was read, with the places in the file its parts stand at."""

    value: T
    file: str
    root: Node
    error: builtins.type[DocumentInvalidError]

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

    def raise_if(self, faults: Iterable[Fault]) -> None:
        """Refuse the document if there is any fault.

        Raises:
            DocumentInvalidError: the subclass `read` was given, with every fault.
        """
        found = sorted(faults, key=lambda fault: (fault.line, fault.column))
        if found:
            raise self.error(found)

    def __repr__(self) -> str:
        return f"Document({self.file!r}, {type(self.value).__name__})"


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
    shape = msgspec.inspect.type_info(type)
    collector = Collector(file)
    root = compose(text, collector)
    value = Walker(collector).read(shape, root) if root is not None else None
    if root is None or collector.count:
        raise error(collector.sorted(), fault_count=collector.count)
    return Document(cast(T, value), file, root, error)


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
