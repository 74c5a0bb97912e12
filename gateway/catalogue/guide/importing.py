"""Make a catalogue folder of a workbook, whole or not at all.

What the workbook lacks (purposes, grades, code lists, other departments' resources) may
come from another catalogue. The files are judged by the reader that will read them;
what it finds is named at the cell that the value came from.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.catalogue.guide.drafts import PURPOSES_FILE, Draft, draft, file_name, gathered
from gateway.catalogue.guide.entries import Gatherer
from gateway.catalogue.guide.existing import Existing
from gateway.catalogue.guide.faults import FaultList, Place, Words
from gateway.catalogue.guide.forms import CHOICES_SHEET, GRADES, HELP_SHEET, PURPOSES, RESOURCES
from gateway.catalogue.guide.headers import Header, check_header, find_header
from gateway.catalogue.guide.pointers import pointed
from gateway.catalogue.reading import read_catalogue
from gateway.errors import CatalogueInvalidError
from gateway.model.cells import Table, column_letters
from gateway.model.trust import Catalogue
from masking.faults import Fault


class Imported(NamedTuple):
    """The files of a catalogue folder and what they hold.

    `resources` counts those of the workbook, `passed_over` names sheets of other things.
    """

    files: dict[str, bytes]
    catalogue: Catalogue
    resources: int
    passed_over: tuple[str, ...]


def import_tables(
    tables: Sequence[Table], *, file: str, beside: Mapping[str, bytes] | None = None
) -> Imported:
    """Make the files of a catalogue from the sheets of a workbook named `file`.

    Raises: CatalogueInvalidError with every fault, of the workbook or of `beside`.
    """
    return _Import(tables, file, Existing(beside or {})).run()


class _Import:
    def __init__(self, tables: Sequence[Table], file: str, existing: Existing) -> None:
        self._tables, self._existing = tables, existing
        self._faults = FaultList(file, (table.name for table in tables))
        self._headers: dict[int, Header] = {}
        self._passed_over: list[str] = []

    def run(self) -> Imported:
        drafts = self._named(self._drafts())
        if PURPOSES_FILE not in {**self._existing.files, **drafts}:
            self._faults.add(None, _NO_PURPOSES)
        written = {name: made.text() for name, made in drafts.items()}
        catalogue = self._judged({**self._existing.files, **written}, drafts)
        files = {**self._existing.files, **written, **self._existing.unchanged(drafts, catalogue)}
        count = sum(made.form is RESOURCES for made in drafts.values())
        return Imported(files, catalogue, count, tuple(self._passed_over))

    def _drafts(self) -> list[Draft]:
        drafts: list[Draft] = []
        for sheet, table in enumerate(self._tables):
            if table.name in (HELP_SHEET, CHOICES_SHEET) or not table.rows:
                continue
            header = find_header(table)
            if header is None:
                self._passed_over.append(table.name)
                continue
            self._headers[sheet] = header
            check_header(header, sheet, self._faults)
            entries = Gatherer(table, header, sheet, self._faults).entries()
            drafts += [draft(header.form, entry, self._faults) for entry in entries]
        if not any(header.form is RESOURCES for header in self._headers.values()):
            self._faults.add(None, _NO_RESOURCES)
        return drafts

    def _named(self, drafts: Sequence[Draft]) -> dict[str, Draft]:
        """Give each entry its file; purposes share one."""
        self._refuse_doubles(drafts)
        purposes = [made for made in drafts if made.form is PURPOSES]
        named = {PURPOSES_FILE: gathered(purposes)} if purposes else {}
        for made in drafts:
            if made.form is not PURPOSES:
                name = self._existing.name(made.form, made.id)
                if name is None or name in named:
                    name = file_name(made, {**self._existing.files, **named})
                # Of two grade schemes the first: that there are two is told.
                named.setdefault(name, made)
        return named

    def _refuse_doubles(self, drafts: Sequence[Draft]) -> None:
        first: dict[tuple[str, str], Place] = {}
        for made in drafts:
            key = made.form.sheet, "" if made.form is GRADES else made.id
            place = made.place(())
            known = first.setdefault(key, place)
            if known is not place and (made.id or made.form is GRADES):
                sheet = self._tables[known.sheet].name
                at = f"{sheet}!{column_letters(known.column)}{known.row}"
                self._faults.add(place, _twice(made, at))
                # Reading the files finds it too, and would name files.
                self._faults.mark(known)

    def _judged(self, files: Mapping[str, bytes], drafts: Mapping[str, Draft]) -> Catalogue:
        try:
            catalogue = read_catalogue(files)
        except CatalogueInvalidError as error:
            # First those that are new, then all: telling one shall not hide another.
            new = [fault for fault in error.faults if self._is_new(fault, drafts)]
            for fault in new:
                self._bring_back(fault, drafts)
            self._faults.raise_if_any()
            raise
        self._faults.raise_if_any()
        return catalogue

    def _is_new(self, fault: Fault, drafts: Mapping[str, Draft]) -> bool:
        made = drafts.get(fault.file)
        if made is None:
            return fault.file in self._existing.files
        place = made.place(fault.path)
        lacking = not place.column and made.form.column(place.title).required
        return not lacking and not self._faults.told(place)

    def _bring_back(self, fault: Fault, drafts: Mapping[str, Draft]) -> None:
        made = drafts.get(fault.file)
        if made is None:
            self._faults.add_foreign(fault)
            return
        place = made.place(fault.path)
        self._faults.add(place, pointed(fault, made.form, self._headers[place.sheet], place.title))


_NO_PURPOSES = Words(
    f"no sheet holds the purposes ('{PURPOSES.sheet}')",
    f"没有“{PURPOSES.sheet}”工作表",
    "add the sheet, or name a catalogue that has them with --with DIR",
    "请增加该工作表，或用 --with DIR 指定含有用途的目录",
)
_NO_RESOURCES = Words(
    "no sheet has the titles of the guide, such as 信息资源名称 and 信息项名称",
    "没有工作表含有信息资源名称、信息项名称等编制指南的表头",
    "write them in one of the first rows; `sealgate catalogue template` makes a workbook",
    "请在前几行写明表头；`sealgate catalogue template` 可生成空表",
)


def _twice(made: Draft, at: str) -> Words:
    form = made.form
    if form is GRADES:
        return Words(
            f"another grade scheme begins in {at}",
            f"{at} 处已有分级方案",
            "keep one of the two",
            "请只保留一个",
        )
    return Words(
        f"{form.noun} {made.id} begins in {at} too",
        f"{form.noun_zh} {made.id} 与 {at} 重复",
        "keep the rows of one entry together, and give each entry its own code",
        "同一条目的各行须连续，不同条目请使用不同的代码",
    )
