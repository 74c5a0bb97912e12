"""XML of a workbook, read as a stream within bounds; what could stand for more is refused."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar
from xml.parsers import expat

from gateway.stores.spreadsheet.package import WorkbookError, broken

# Nothing in a workbook is nested deeper; stops a stack of a hundred million elements.
MAX_DEPTH = 64
# Stops one tag, comment or attribute that the parser would hold whole.
MAX_TOKEN_BYTES = 256 * 1024
# The parser keeps every name it meets; stops a file made of nothing but new ones.
MAX_NAMES = 4096

# The two spellings of the standard: transitional, which everybody writes, and strict.
_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_LINK = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
LINK_IDS = tuple(f"{space} id" for space in _LINK)

Attributes = dict[str, str]
Start = Callable[[Attributes], None]
End = Callable[[], None]
Handler = TypeVar("Handler", Start, End)


def main_elements(handlers: Mapping[str, Handler]) -> dict[str, Handler]:
    """Give handlers by the full names of elements of a workbook, in both spellings."""
    return {f"{space} {name}": each for space in _MAIN for name, each in handlers.items()}


class Reader:
    """Feeds XML to handlers by the full names of elements, `namespace local`.

    Text goes to `text` wherever it stands. Raises: WorkbookError.
    """

    def __init__(
        self,
        roots: frozenset[str],
        starts: Mapping[str, Start],
        ends: Mapping[str, End] = MappingProxyType({}),
        text: Callable[[str], None] | None = None,
    ) -> None:
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = _handlers(roots, starts, ends)
        parser.CharacterDataHandler = text
        # An entity is a short text that may stand for a long one, or for another file.
        parser.StartDoctypeDeclHandler = _refuse

    def feed(self, chunks: Iterable[bytes]) -> Iterator[None]:
        """Parse; yield after each chunk, so that what was found can be handed on."""
        fed = 0
        try:
            for chunk in chunks:
                self._parser.Parse(chunk, False)
                fed += len(chunk)
                if fed - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES:
                    raise broken()
                if len(self._parser.intern) > MAX_NAMES:
                    raise broken()
                yield
            self._parser.Parse(b"", True)
        except (expat.ExpatError, LookupError, ValueError):  # and encodings it does not know
            raise broken() from None
        yield

    def read(self, chunks: Iterable[bytes]) -> None:
        """Parse to the end."""
        for _ in self.feed(chunks):
            pass


def main_root(name: str) -> frozenset[str]:
    """Return the full names that the root of a part of a workbook may have."""
    return frozenset(f"{space} {name}" for space in _MAIN)


def _handlers(
    roots: frozenset[str], starts: Mapping[str, Start], ends: Mapping[str, End]
) -> tuple[Callable[[str, Attributes], None], Callable[[str], None]]:
    # Called for every tag of millions: no attribute is looked up here.
    depth = 0
    find_start, find_end = starts.get, ends.get

    def opened(name: str, attributes: Attributes) -> None:
        nonlocal depth
        if depth > MAX_DEPTH or (depth == 0 and name not in roots):
            raise broken()
        depth += 1
        handler = find_start(name)
        if handler is not None:
            handler(attributes)

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler = find_end(name)
        if handler is not None:
            handler()

    return opened, closed


def _refuse(*_: object) -> None:
    raise WorkbookError(
        "a document type stands in the workbook, as no spreadsheet program writes one",
        "工作簿中含有文档类型声明，正常的表格软件不会写入",
    )
