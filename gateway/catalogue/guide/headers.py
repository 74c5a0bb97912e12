"""Find a sheet's titles: on which rows they stand, and which columns they name.

Sheets have a heading above the titles, columns in any order, and often two rows of
titles, the upper of which stands for several columns of the lower.
"""

from collections.abc import Mapping
from typing import NamedTuple

from gateway.catalogue.guide.columns import Column, Form, fold_title
from gateway.catalogue.guide.faults import FaultList, Place, Words
from gateway.catalogue.guide.forms import FORMS
from gateway.model.cells import CellKind, Table, column_letters
from masking.document.words import nearest
from masking.faults import quote

# Rows in which titles are looked for; above them stand a heading and a date.
MAX_ROWS_ABOVE = 20
# Fewer known titles are a coincidence.
MIN_TITLES = 3
# Titles of columns that number rows: they say nothing.
_PASSED_OVER = frozenset(("序号", "行号", "no", "no."))


class Header(NamedTuple):
    """The titles of a sheet: their last row, and their columns by position."""

    form: Form
    row: int
    columns: dict[int, Column]
    unknown: dict[int, str]


def find_header(table: Table) -> Header | None:
    """Return the titles of a sheet by the form that fits best, or None if none does."""
    forms = [form for form in FORMS if table.name.strip() in (form.sheet, *form.others)] or FORMS
    best: Header | None = None
    rows = sorted(table.rows)[:MAX_ROWS_ABOVE]
    for form in forms:
        known = {fold_title(title): column for column in form.columns for title in column.titles}
        for row in rows:
            for upper in (None, row - 1):
                found = _header(form, known, row, _titles(table, row, upper))
                # Of equal ones the first: a row alone goes before two.
                if best is None or len(found.columns) > len(best.columns):
                    best = found
    return best if best is not None and len(best.columns) >= MIN_TITLES else None


def _titles(table: Table, row: int, upper: int | None) -> dict[int, tuple[str, ...]]:
    """Return by column what a title may be read as, the fullest reading first."""
    lower = _texts(table, row)
    if upper is None:
        return {column: (text,) for column, text in lower.items()}
    above = _texts(table, upper)
    groups = {**above, **_spread(table, upper)}
    titles: dict[int, tuple[str, ...]] = {column: (text,) for column, text in above.items()}
    for column, text in lower.items():
        group = groups.get(column)
        titles[column] = (text,) if group is None else (group + text, text)
    return titles


def _texts(table: Table, row: int) -> dict[int, str]:
    cells = table.rows.get(row, {})
    return {
        column: cell.text
        for column, cell in cells.items()
        if cell.kind is CellKind.TEXT and cell.text.strip()
    }


def _spread(table: Table, row: int) -> dict[int, str]:
    """Give the text of a merged title to every column that it stands over."""
    cells = _texts(table, row)
    spread: dict[int, str] = {}
    for area in table.merged:
        if area.top <= row <= area.bottom and area.left in cells:
            last = min(area.right, area.left + len(FORMS[0].columns))
            spread |= dict.fromkeys(range(area.left, last + 1), cells[area.left])
    return spread


def _header(
    form: Form, known: Mapping[str, Column], row: int, titles: Mapping[int, tuple[str, ...]]
) -> Header:
    columns: dict[int, Column] = {}
    unknown: dict[int, str] = {}
    for position, readings in sorted(titles.items()):
        folded = [fold_title(reading) for reading in readings]
        column = next((known[title] for title in folded if title in known), None)
        if column is not None and column not in columns.values():
            columns[position] = column
        elif folded[-1] not in _PASSED_OVER:
            unknown[position] = readings[-1]
    return Header(form, row, columns, unknown)


def check_header(header: Header, sheet: int, faults: FaultList) -> None:
    """Name the columns that are unknown, stand twice, or are missing."""
    present = {column.title: position for position, column in header.columns.items()}
    for position, title in header.unknown.items():
        place = Place(sheet, header.row, position, title.strip())
        faults.add(place, _unknown(title, header.form, present))
    for column in header.form.columns:
        if column.required and column.title not in present:
            faults.add(Place(sheet, header.row, 0, column.title), _missing(column))


def _unknown(title: str, form: Form, present: Mapping[str, int]) -> Words:
    shown = quote(title.strip())
    known = {fold_title(each): column for column in form.columns for each in column.titles}
    again = known.get(fold_title(title))
    if again is not None:
        first = column_letters(present[again.title])
        return Words(
            f"the column '{shown}' stands in {first} already",
            f"“{shown}”列已在 {first} 列出现",
            "keep one of the two",
            "请只保留一处",
        )
    near = nearest(fold_title(title), [t for t, each in known.items() if each.title not in present])
    if near is not None:
        meant = known[near].title
        return Words(
            f"the column '{shown}' is not known",
            f"没有“{shown}”这一列",
            f"did you mean '{meant}'?",
            f"是否应为“{meant}”？",
        )
    return Words(
        f"the column '{shown}' is not known",
        f"没有“{shown}”这一列",
        "delete the column, or move it to a sheet of its own",
        "请删除该列，或移到另一工作表",
    )


def _missing(column: Column) -> Words:
    key = f" ({'.'.join(column.path)})" if column.path else ""
    hint = f": {column.hint}" if column.hint else ""
    hint_zh = f"：{column.hint_zh}" if column.hint_zh else ""
    return Words(
        f"the column '{column.title}'{key} is missing",
        f"缺少“{column.title}”列",
        f"add a column with this title{hint}",
        f"请增加该列{hint_zh}",
    )
