"""Texts of a workbook that multiply, or are none, end in a refusal."""

import io

import pytest

from gateway.model.cells import CellKind
from gateway.stores.spreadsheet import Workbook, WorkbookError, read_tables
from gateway.stores.spreadsheet.rows import MAX_TEXT_AT_ONCE
from tests.gateway.workbooks import MAIN, parts, sheet_of, simple, zipped

SHARED = f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>'


def _repeated(rows: int) -> bytes:
    cells = '<c t="s"><v>0</v></c>' * 12
    return simple(f"<row>{cells}</row>" * rows, sharedStrings=SHARED)


def test_one_shared_text_does_not_fill_the_memory() -> None:
    """A few kilobytes of cells name it so often that it would be gigabytes."""
    enough = 2 * MAX_TEXT_AT_ONCE // (12 * 32_000)
    assert len(read_tables(io.BytesIO(_repeated(3)))[0].rows) == 3
    with pytest.raises(WorkbookError):
        read_tables(io.BytesIO(_repeated(enough)))
    book = Workbook(io.BytesIO(_repeated(enough)))
    with pytest.raises(WorkbookError):
        list(book.rows(book.sheets[0], 1 << 30))


@pytest.mark.parametrize("encoding", ["gbk", "big5", "utf-7", "foo", "rot13"])
def test_an_encoding_that_is_not_read_is_a_refusal(encoding: str) -> None:
    """Whatever the parser makes of its name."""
    sheet = f'<?xml version="1.0" encoding="{encoding}"?>' + sheet_of("<row/>")
    with pytest.raises(WorkbookError):
        read_tables(io.BytesIO(zipped(parts(sheet.encode()))))


def test_half_a_pair_of_surrogates_is_no_text() -> None:
    """It could not be written anywhere."""
    inner = '<row><c t="inlineStr"><is><t>a_xD800_b</t></is></c></row>'
    (table,) = read_tables(io.BytesIO(simple(inner)))
    cell = table.rows[1][1]
    assert (cell.kind, cell.text) == (CellKind.TEXT, "a\ufffdb")
