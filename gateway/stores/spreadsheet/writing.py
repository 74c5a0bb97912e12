"""Write a workbook with XlsxWriter: the catalogue as people look at it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from gateway.catalogue.guide.laying import Book, Sheet
from gateway.model.cells import column_letters
from masking.errors import ExtraMissingError

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# Rows below the last one that lists of words are offered in too.
SPARE_ROWS = 2000
# The same catalogue makes the same file: no time of writing is in it.
_CREATED = datetime(2020, 1, 1, tzinfo=UTC)
_HELP_WIDTHS = (10, 22, 8, 10, 26, 52, 60)
_TEXT = "@"


class _Formats(NamedTuple):
    """How cells look; those of text keep what is typed from becoming a number."""

    guide: "Format"
    ours: "Format"
    cell: "Format"
    first: "Format"
    plain: "Format"


def write_book(book: Book, file: BinaryIO) -> None:
    """Write a workbook to a file.

    Raises: ExtraMissingError.
    """
    made = _new(file)
    formats = _formats(made)
    ranges = _choice_ranges(book)
    for sheet in book.sheets:
        _write_sheet(made.add_worksheet(sheet.name), sheet, formats, ranges)
    _write_help(made.add_worksheet(book.help_sheet), book, formats)
    _write_choices(made.add_worksheet(book.choices_sheet), book, formats)
    made.close()


def _new(file: BinaryIO) -> "Workbook":
    try:
        import xlsxwriter
    except ImportError:
        raise ExtraMissingError(
            purpose="writing a workbook", purpose_zh="写出电子表格", extra="spreadsheet"
        ) from None
    made = xlsxwriter.Workbook(file, {"in_memory": True})
    made.set_properties({"created": _CREATED})
    return made


def _formats(made: "Workbook") -> _Formats:
    title = {"bold": True, "border": 1, "text_wrap": True, "align": "center", "valign": "vcenter"}
    cell = {"num_format": _TEXT, "valign": "top", "border": 1, "border_color": "#D9D9D9"}
    return _Formats(
        guide=made.add_format({**title, "bg_color": "#DDEBF7"}),
        ours=made.add_format({**title, "bg_color": "#FFF2CC"}),
        cell=made.add_format(cell),
        first=made.add_format({**cell, "top": 1, "top_color": "#404040"}),
        plain=made.add_format({"num_format": _TEXT, "valign": "top"}),
    )


def _write_sheet(
    page: "Worksheet", sheet: Sheet, formats: _Formats, ranges: dict[str, str]
) -> None:
    _write_titles(page, sheet, formats)
    for index, row in enumerate(sheet.rows):
        shape = formats.first if index in sheet.begins else formats.cell
        for column, value in enumerate(row):
            if isinstance(value, str):
                page.write_string(index + 2, column, value, shape)
            elif value is None:
                page.write_blank(index + 2, column, None, shape)
            else:
                page.write_number(index + 2, column, value, shape)
    for column, described in enumerate(sheet.columns):
        page.set_column(column, column, described.width, formats.plain)
        if described.title in ranges:
            options = {
                "validate": "list",
                "source": ranges[described.title],
                "error_type": "warning",
                "error_title": described.title,
                "error_message": "请从列表中选择 choose from the list",
            }
            page.data_validation(2, column, len(sheet.rows) + SPARE_ROWS, column, options)
    page.freeze_panes(2, 0)
    # Codes of digits are text on purpose.
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    page.set_landscape()
    page.repeat_rows(0, 1)


def _write_titles(page: "Worksheet", sheet: Sheet, formats: _Formats) -> None:
    """Write the titles below those of their groups."""
    start = 0
    for column, described in enumerate(sheet.columns):
        shape = formats.guide if described.guide else formats.ours
        mark = "*" if described.required else ""
        page.write_string(1, column, described.title + mark, shape)
        following = sheet.columns[column + 1 : column + 2]
        if following and following[0].group == described.group:
            continue
        if column > start:
            page.merge_range(0, start, 0, column, described.group, shape)
        else:
            page.write_string(0, column, described.group, shape)
        start = column + 1


def _choice_ranges(book: Book) -> dict[str, str]:
    """Name the cells that hold the words of each closed column."""
    ranges = {}
    for column, (title, words) in enumerate(book.choices.items(), 1):
        letters = column_letters(column)
        ranges[title] = f"={book.choices_sheet}!${letters}$2:${letters}${len(words) + 1}"
    return ranges


def _write_help(page: "Worksheet", book: Book, formats: _Formats) -> None:
    for row, texts in enumerate(book.help_rows):
        shape = formats.plain if row else formats.guide
        for column, text in enumerate(texts):
            page.write_string(row, column, text, shape)
    for column, width in enumerate(_HELP_WIDTHS):
        page.set_column(column, column, width)
    page.freeze_panes(1, 0)


def _write_choices(page: "Worksheet", book: Book, formats: _Formats) -> None:
    for column, (title, words) in enumerate(book.choices.items()):
        page.write_string(0, column, title, formats.guide)
        for row, word in enumerate(words, 1):
            page.write_string(row, column, word, formats.plain)
    page.set_column(0, len(book.choices), 18)
    page.hide()
