"""A workbook open for reading."""

from typing import BinaryIO

from gateway.stores.spreadsheet.package import Package, WorkbookError, broken
from gateway.stores.spreadsheet.parts import (
    Link,
    SharedTexts,
    read_contents,
    read_date_styles,
    read_links,
)
from gateway.stores.spreadsheet.rows import Rows, Surroundings

# The parts beside sheets and texts are lists of a few kilobytes.
MAX_SMALL_PART_BYTES = 8 * 1024 * 1024


class Workbook:
    """The sheets of a workbook by name, in order; the file stays open as long as it is read.

    Raises: WorkbookError, from every method.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._package = Package(file)
        contents_at = self._main_part()
        contents = read_contents(self._package.chunks(contents_at, MAX_SMALL_PART_BYTES))
        links = self._links(contents_at)
        self._sheets = {
            name: links[id].target
            for name, id in contents.sheets.items()
            # Charts and macros stand among the sheets too.
            if id in links and links[id].type == "worksheet"
        }
        self._since_1904 = contents.since_1904
        self._beside = {link.type: link.target for link in links.values()}
        self._around: Surroundings | None = None

    @property
    def sheets(self) -> tuple[str, ...]:
        return tuple(self._sheets)

    def rows(self, sheet: str | None = None, limit: int | None = None) -> Rows:
        """Return the rows of a sheet, by default of the first; `limit` is one of bytes."""
        if not self._sheets:
            raise WorkbookError("the workbook has no sheet", "工作簿中没有工作表")
        name = next(iter(self._sheets)) if sheet is None else sheet
        if name not in self._sheets:
            raise WorkbookError(
                f"the workbook has no such sheet among its {len(self._sheets)}",
                f"工作簿的 {len(self._sheets)} 个工作表中没有该名称",
            )
        part = self._sheets[name]
        chunks = self._package.chunks(part) if limit is None else self._package.chunks(part, limit)
        return Rows(chunks, self._surroundings())

    def _main_part(self) -> str:
        links = self._links("")
        found = [link.target for link in links.values() if link.type == "officeDocument"]
        if len(found) != 1:
            raise broken()
        return found[0]

    def _links(self, part: str) -> dict[str, Link]:
        folder, _, name = part.rpartition("/")
        folder = f"{folder}/" if folder else ""
        chunks = self._package.chunks(f"{folder}_rels/{name}.rels", MAX_SMALL_PART_BYTES)
        return read_links(chunks, folder)

    def _surroundings(self) -> Surroundings:
        if self._around is None:
            texts, styles = (self._beside.get(type) for type in ("sharedStrings", "styles"))
            self._around = Surroundings(
                SharedTexts(self._package.chunks(texts) if texts else None),
                read_date_styles(self._package.chunks(styles, MAX_SMALL_PART_BYTES))
                if styles
                else frozenset(),
                self._since_1904,
            )
        return self._around
