"""The small parts of a workbook: which sheets there are, their texts, their date formats."""

import re
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from gateway.stores.spreadsheet.dates import shows_date
from gateway.stores.spreadsheet.markup import (
    LINK_IDS,
    RELATIONS,
    Attributes,
    Reader,
    main_elements,
    main_root,
)
from gateway.stores.spreadsheet.package import WorkbookError, broken

# Stop lists of millions in parts that hold a few dozen entries.
MAX_SHEETS = 1024
MAX_LINKS = 4096
MAX_FORMATS = 65_536
# No format has a larger number; stops digits that take long to read.
MAX_FORMAT_DIGITS = 9
# Texts that cells share are held in memory: as bytes, without an object for each.
MAX_SHARED_BYTES = 128 * 1024 * 1024
MAX_SHARED = 8_000_000
# What a cell can hold, as spreadsheet programs have it.
MAX_CELL_CHARACTERS = 32_767

# How a character that XML cannot hold is written in text.
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_HALF = re.compile("[\ud800-\udfff]")


class Link(NamedTuple):
    """A relationship of a part: its type's last word, and the part it leads to."""

    type: str
    target: str


def read_links(chunks: Iterable[bytes], folder: str) -> dict[str, Link]:
    """Read the relationships of a part that stands in `folder`, by their ids."""
    links: dict[str, Link] = {}

    def link(attributes: Attributes) -> None:
        if attributes.get("TargetMode") == "External":
            return
        if len(links) >= MAX_LINKS:
            raise broken()
        target = attributes.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else f"{folder}{target}"
        kind = attributes.get("Type", "").rpartition("/")[2]
        links[attributes.get("Id", "")] = Link(kind, _plain(path))

    names = (f"{RELATIONS} {name}" for name in ("Relationships", "Relationship"))
    Reader(frozenset([next(names)]), {next(names): link}).read(chunks)
    return links


def _plain(path: str) -> str:
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


class Contents(NamedTuple):
    """What the workbook's own part says: the sheets' link ids by name, in order; the epoch."""

    sheets: dict[str, str]
    since_1904: bool


def read_contents(chunks: Iterable[bytes]) -> Contents:
    """Read the workbook's own part."""
    sheets: dict[str, str] = {}
    since_1904 = False

    def properties(attributes: Attributes) -> None:
        nonlocal since_1904
        since_1904 = attributes.get("date1904") in ("1", "true", "on")

    def sheet(attributes: Attributes) -> None:
        title = attributes.get("name", "")
        if title in sheets or len(sheets) >= MAX_SHEETS:
            raise broken()
        sheets[title] = next((attributes[id] for id in LINK_IDS if id in attributes), "")

    starts = main_elements({"workbookPr": properties, "sheet": sheet})
    Reader(main_root("workbook"), starts).read(chunks)
    return Contents(sheets, since_1904)


def read_date_styles(chunks: Iterable[bytes]) -> frozenset[str]:
    """Return the indexes of the cell styles that show dates, as cells spell them."""
    codes: dict[str, str] = {}
    # Styles of cells stand beside those that they are made from.
    lists: list[list[str]] = []

    def code(attributes: Attributes) -> None:
        codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        if len(codes) > MAX_FORMATS:
            raise broken()

    def style(attributes: Attributes) -> None:
        if lists:
            lists[-1].append(attributes.get("numFmtId", "0"))
            if len(lists[-1]) > MAX_FORMATS:
                raise broken()

    styles: list[str] = []
    starts = {"numFmt": code, "cellXfs": lambda _: lists.append(styles), "xf": style}
    ends = {"cellXfs": lists.clear}
    Reader(main_root("styleSheet"), main_elements(starts), main_elements(ends)).read(chunks)
    return frozenset(
        str(index)
        for index, format_id in enumerate(styles)
        if shows_date(_format_number(format_id), codes.get(format_id))
    )


def _format_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= MAX_FORMAT_DIGITS else 0


class Pieces:
    """The text of one cell, which may come in pieces; its readings aloud are left out."""

    def __init__(self) -> None:
        self._part: list[str] = []
        self._whole: list[str] = []
        self._size = 0
        self._open = self._spoken = False
        self.starts = {"t": self._begin, "v": self._begin, "rPh": self._speak}
        self.ends = {"t": self._keep, "v": self._keep, "rPh": self._hush}

    def take(self, piece: str) -> None:
        """Take text as it comes; what stands between cells is none."""
        if not self._open:
            return
        self._size += len(piece)
        if self._size > MAX_CELL_CHARACTERS:
            raise WorkbookError(
                f"a cell holds more than {MAX_CELL_CHARACTERS} characters",
                f"有单元格超过 {MAX_CELL_CHARACTERS} 个字符",
            )
        self._part.append(piece)

    def give(self) -> str:
        """Return the text, and begin anew."""
        text = "".join(self._whole)
        self._whole.clear()
        self._size = 0
        return text

    def _begin(self, _: Attributes) -> None:
        self._open = True

    def _keep(self) -> None:
        self._open = False
        if not self._spoken:
            self._whole += self._part
        self._part.clear()

    def _speak(self, _: Attributes) -> None:
        self._spoken = True

    def _hush(self) -> None:
        self._spoken = False


class SharedTexts:
    """The texts that cells refer to by their index."""

    def __init__(self, chunks: Iterable[bytes] | None = None) -> None:
        self._bytes, self._ends = bytearray(), array("Q")
        self._pieces = pieces = Pieces()
        if chunks is not None:
            ends = main_elements({**pieces.ends, "si": self._end})
            Reader(main_root("sst"), main_elements(pieces.starts), ends, pieces.take).read(chunks)

    def text(self, index: str) -> str:
        """Return the text at `index`, as a cell spells it."""
        if not index.isdecimal() or len(index) > 9 or int(index) >= len(self._ends):
            raise broken()
        place = int(index)
        start = self._ends[place - 1] if place else 0
        return self._bytes[start : self._ends[place]].decode()

    def _end(self) -> None:
        self._bytes += unescaped(self._pieces.give()).encode(errors="replace")
        self._ends.append(len(self._bytes))
        if len(self._bytes) > MAX_SHARED_BYTES or len(self._ends) > MAX_SHARED:
            raise too_much_text()


def too_much_text() -> WorkbookError:
    """Make the error for texts that would fill the memory."""
    return WorkbookError(
        "the workbook holds more text than can be held in memory; save the data as CSV",
        "工作簿中的文本过多，无法放入内存，请将数据另存为 CSV",
    )


def unescaped(text: str) -> str:
    """Put back the characters that XML cannot hold; half a pair of surrogates is none."""
    if "_x" not in text:
        return text
    return _HALF.sub("\ufffd", _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
