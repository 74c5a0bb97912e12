"""Lay a catalogue out as a workbook: what stands in which cell, for a writer of files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from gateway.catalogue.guide.columns import Column, Form
from gateway.catalogue.guide.drafts import FOLDERS, GRADES_FILE, PURPOSES_FILE
from gateway.catalogue.guide.forms import (
    CHOICES_SHEET,
    CODE_LISTS,
    GRADES,
    HELP_SHEET,
    PURPOSES,
    RESOURCES,
)
from gateway.catalogue.guide.item_columns import CODE_LIST
from gateway.catalogue.guide.spellings import Value
from gateway.catalogue.guide.spreading import Spread, spread
from gateway.catalogue.reading import read_catalogue
from gateway.errors import CatalogueInvalidError
from gateway.model.cells import Cell, CellKind
from gateway.model.resource import CodeList, Purposes, Resource
from gateway.model.trust import Catalogue
from masking import document
from masking.faults import Fault
from masking.grades import DEFAULT_SCHEME, GradeScheme

Written = str | int | None
Choices = dict[str, tuple[str, ...]]
_GRADED = ("资源级别", "信息项级别")


class Sheet(NamedTuple):
    """A sheet to write; `begins` holds the indexes of rows that begin an entry."""

    name: str
    columns: tuple[Column, ...]
    rows: list[list[Written]]
    begins: frozenset[int]


class Book(NamedTuple):
    """A workbook to write; `choices` holds the words of a column by its title."""

    sheets: tuple[Sheet, ...]
    choices: Choices
    help_rows: tuple[tuple[str, ...], ...]
    help_sheet: str = HELP_SHEET
    choices_sheet: str = CHOICES_SHEET


class _Source(NamedTuple):
    """An entry with the file that it came from, for faults."""

    file: str
    entry: Struct


def lay_out(files: Mapping[str, bytes], provider: str | None = None) -> Book:
    """Lay out the catalogue of these files; with `provider` that department's resources.

    Raises: CatalogueInvalidError, also for what a sheet would not keep.
    """
    catalogue = read_catalogue(files)
    faults: list[Fault] = []
    sheets = tuple(
        _sheet(form, sources, faults)
        for form, sources in _sources(files, catalogue, provider).items()
        if sources or form is RESOURCES
    )
    if faults:
        raise CatalogueInvalidError(faults)
    return _book(sheets, catalogue.grades, tuple(catalogue.code_lists))


def lay_out_empty() -> Book:
    """Lay out an empty workbook for a department to fill in."""
    sheets = tuple(Sheet(form.sheet, form.columns, [], frozenset()) for form in _TO_FILL_IN)
    return _book(sheets, DEFAULT_SCHEME, ())


_TO_FILL_IN = (RESOURCES, CODE_LISTS)


def _sources(
    files: Mapping[str, bytes], catalogue: Catalogue, provider: str | None
) -> dict[Form, list[_Source]]:
    """Gather the entries of each sheet, as their files have them."""
    found: dict[Form, list[_Source]] = {RESOURCES: [], CODE_LISTS: [], PURPOSES: [], GRADES: []}
    for name in sorted(files):
        text = files[name]
        if name.startswith(FOLDERS[RESOURCES.sheet]):
            entry = document.read(text, Resource, file=name).value
            if provider in (None, entry.provider.department):
                found[RESOURCES].append(_Source(name, entry))
        elif name.startswith(FOLDERS[CODE_LISTS.sheet]):
            found[CODE_LISTS].append(_Source(name, document.read(text, CodeList, file=name).value))
        elif name == PURPOSES_FILE:
            purposes = document.read(text, Purposes, file=name).value.purposes
            found[PURPOSES] = [_Source(name, purpose) for purpose in purposes]
        elif name == GRADES_FILE:
            found[GRADES] = [_Source(name, catalogue.grades)]
    return found


def _sheet(form: Form, sources: Sequence[_Source], faults: list[Fault]) -> Sheet:
    rows: list[list[Written]] = []
    begins = set()
    for source in sources:
        begins.add(len(rows))
        own, items = spread(form, source.entry)
        for index, item in enumerate(items):
            values: Spread = {**(own if index == 0 else {}), **item}
            rows.append([_written(column, values.get(column.title)) for column in form.columns])
            faults += _lost(form, values, source.file)
    return Sheet(form.sheet, form.columns, rows, frozenset(begins))


def _written(column: Column, value: Value | None) -> Written:
    return None if value is None else column.spelling.write(value)


def _lost(form: Form, values: Spread, file: str) -> Iterator[Fault]:
    """Yield a fault for each value that would not come back from its cell as it is."""
    for title, value in values.items():
        column = form.column(title)
        written = column.spelling.write(value)
        kind = CellKind.TEXT if isinstance(written, str) else CellKind.NUMBER
        again = column.spelling.read(Cell(kind, str(written)))
        if again not in (value, str(value)):
            yield Fault(
                file,
                1,
                1,
                column.path,
                f"a value for the column '{title}' would not come back from a sheet as it is",
                f"“{title}”列的一个值写入表格后无法原样读回",
                "take blanks off its beginning and end",
                "请删除其首尾的空白",
            )


def _book(sheets: tuple[Sheet, ...], scheme: GradeScheme, lists: tuple[str, ...]) -> Book:
    choices = {
        column.title: column.choices
        for sheet in sheets
        for column in sheet.columns
        if column.choices
    }
    choices |= dict.fromkeys(_GRADED, scheme.ids)
    if lists:
        choices[CODE_LIST] = lists
    return Book(sheets, choices, tuple(_help(sheets)))


def _help(sheets: Sequence[Sheet]) -> Iterator[tuple[str, ...]]:
    yield "工作表", "列", "必填", "编制指南", "目录文件中的键", "填写说明", "in English"
    for sheet in sheets:
        for column in sheet.columns:
            yield (
                sheet.name,
                column.title,
                "是" if column.required else "",
                "是" if column.guide else "",
                ".".join(column.path),
                column.hint_zh,
                column.hint,
            )
