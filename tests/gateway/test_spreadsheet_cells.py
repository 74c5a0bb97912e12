"""Cells are read for what they hold, whoever wrote the workbook."""

import io
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.cells import Area, Cell, CellKind, column_letters
from gateway.stores.spreadsheet import Workbook, WorkbookError, read_tables
from gateway.stores.spreadsheet.dates import date_of, shows_date
from gateway.stores.spreadsheet.package import Package
from gateway.stores.spreadsheet.rows import plain_number
from tests.gateway.workbooks import MAIN, STRICT, parts, sheet_of, simple, written, zipped


def _rows(data: bytes, sheet: str | None = None) -> list[tuple[int, dict[int, Cell]]]:
    return list(Workbook(io.BytesIO(data)).rows(sheet))


def _cell(inner: str, **more: str) -> Cell:
    ((_, cells),) = _rows(simple(f'<row r="1">{inner}</row>', **more))
    (cell,) = cells.values()
    return cell


STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="176" '
    'formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="176"/></cellXfs></styleSheet>'
)
TEXTS = (
    f'<sst xmlns="{MAIN}"><si><t>一</t></si><si><r><t>二</t></r><r><rPr><b/></rPr>'
    "<t xml:space='preserve'> 三</t></r></si><si><t>东京</t><rPh sb='0' eb='2'><t>トウキョウ</t>"
    "</rPh></si><si><t>a_x000D_b_x005F_x000D_</t></si></sst>"
)
CELLS = {
    '<c r="A1"><v>12.5</v></c>': (CellKind.NUMBER, "12.5"),
    '<c r="A1"><v> 12 </v></c>': (CellKind.NUMBER, "12"),
    '<c r="A1" t="n"><v>0.10000000000000001</v></c>': (CellKind.NUMBER, "0.1"),
    '<c r="A1"><v>1.10105194912310E+17</v></c>': (CellKind.NUMBER, "1.1010519491231E+17"),
    '<c r="A1"><v>110105194912310021</v></c>': (CellKind.NUMBER, "1.1010519491231E+17"),
    '<c r="A1"><v>NaN</v></c>': (CellKind.ERROR, ""),
    '<c r="A1"><v>1e400</v></c>': (CellKind.ERROR, ""),
    '<c r="A1"><v>一</v></c>': (CellKind.ERROR, ""),
    '<c r="A1" t="b"><v>1</v></c>': (CellKind.BOOLEAN, "true"),
    '<c r="A1" t="b"><v>0</v></c>': (CellKind.BOOLEAN, "false"),
    '<c r="A1" t="b"><v>2</v></c>': (CellKind.ERROR, ""),
    '<c r="A1" t="e"><v>#REF!</v></c>': (CellKind.ERROR, ""),
    '<c r="A1" t="x"><v>1</v></c>': (CellKind.ERROR, ""),
    '<c r="A1" t="s"><v>0</v></c>': (CellKind.TEXT, "一"),
    '<c r="A1" t="s"><v>1</v></c>': (CellKind.TEXT, "二 三"),
    '<c r="A1" t="s"><v>2</v></c>': (CellKind.TEXT, "东京"),
    '<c r="A1" t="s"><v>3</v></c>': (CellKind.TEXT, "a\rb_x000D_"),
    '<c r="A1" t="inlineStr"><is><t>四</t></is></c>': (CellKind.TEXT, "四"),
    '<c r="A1" t="inlineStr"><is><r><t>五</t></r>\n <r><t>六</t></r></is></c>': (
        CellKind.TEXT,
        "五六",
    ),
    '<c r="A1" t="str"><v>七</v></c>': (CellKind.TEXT, "七"),
    '<c r="A1"><f>1+1</f><v>2</v></c>': (CellKind.FORMULA, ""),
    '<c r="A1" t="str"><f t="shared" si="0"/><v>x</v></c>': (CellKind.FORMULA, ""),
    '<c r="A1" s="1"><v>46097</v></c>': (CellKind.DATE, "2026-03-16"),
    '<c r="A1" s="2"><v>46097.354166666664</v></c>': (CellKind.DATE, "2026-03-16T08:30:00"),
    '<c r="A1" s="1"><v>0.5</v></c>': (CellKind.NUMBER, "0.5"),
    '<c r="A1" s="0"><v>46097</v></c>': (CellKind.NUMBER, "46097"),
    '<c r="A1" t="d"><v>2026-03-16T08:30:00Z</v></c>': (CellKind.DATE, "2026-03-16T08:30:00"),
    '<c r="A1" t="d"><v>last March</v></c>': (CellKind.ERROR, ""),
}


@pytest.mark.parametrize("inner", CELLS)
def test_a_cell_is_what_it_holds(inner: str) -> None:
    """Every type of cell; a formula is not believed, nor is what calls itself a number."""
    kind, text = CELLS[inner]
    cell = _cell(inner, styles=STYLES, sharedStrings=TEXTS)
    assert (cell.kind, cell.text) == (kind, text)
    assert text not in repr(cell) or not text


@pytest.mark.parametrize(
    "inner",
    [
        '<row r="2"><c r="B2"><v>1</v></c></row>',
        '<row><c/></row><row><c/><c><v>1</v></c><c t="s"/></row>',
        '<row r="1" ht="20"/><row r="2" spans="1:3"><c r="A2" s="0"/><c r="B2"><v>1</v></c></row>',
    ],
)
def test_rows_and_cells_are_placed_with_or_without_references(inner: str) -> None:
    """Blank rows and cells are none."""
    ((row, cells),) = _rows(simple(inner))
    assert (row, list(cells)) == (2, [2])


@pytest.mark.parametrize(
    "sheet",
    [
        sheet_of("<row><c><v>1</v></c></row>", STRICT),
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c><x:v>1</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>",
        sheet_of(
            '<row><c><v>1</v></c><extLst><ext xmlns:o="urn:o"><o:c><o:v>2</o:v></o:c></ext>'
            "</extLst></row>"
        ),
        sheet_of("\n\n <row>\n  <c>\n   <v>1</v>\n  </c>\n </row>\n" + " " * 100_000),
    ],
)
def test_either_spelling_of_the_standard_is_read(sheet: str) -> None:
    """Strict or transitional, with prefixes, with extensions, laid out to be read."""
    ((_, cells),) = _rows(zipped(parts(sheet)))
    assert [cell.text for cell in cells.values()] == ["1"]


def test_the_epoch_of_1904_is_honoured() -> None:
    """Old workbooks of another system count days from there."""
    made = parts(sheet_of('<row><c s="1"><v>44635</v></c></row>'), styles=STYLES)
    workbook = made["xl/workbook.xml"].replace(b"<sheets>", b'<workbookPr date1904="1"/><sheets>')
    ((_, cells),) = _rows(zipped({**made, "xl/workbook.xml": workbook}))
    assert cells[1].text == "2026-03-16"


@pytest.mark.parametrize(
    ("format_id", "code", "shown"),
    [
        (0, None, False),
        (14, None, True),
        (22, None, True),
        (31, None, True),
        (57, None, True),
        (46, None, False),
        (49, None, False),
        (164, "yyyy-mm-dd", True),
        (164, '[$-804]yyyy"年"m"月";@', True),
        (164, "[DBNum1]m月d日", True),
        (164, "h:mm", True),
        (164, "[h]:mm:ss", False),
        (164, "0.00E+00", False),
        (164, '#,##0.00" yd"', False),
        (164, "[Red]#,##0;[Red]-#,##0", False),
        (164, "@", False),
        (164, r"0\d", False),
    ],
)
def test_formats_that_show_dates_are_known(format_id: int, code: str | None, shown: bool) -> None:
    """By their number, or by their code without what is no part of a date."""
    assert shows_date(format_id, code) is shown


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (1, "1900-01-01T00:00:00"),
        (59, "1900-02-28T00:00:00"),
        (60, None),
        (61, "1900-03-01T00:00:00"),
        (46097.99999999, "2026-03-17T00:00:00"),
        (2958465, "9999-12-31T00:00:00"),
        (2958465.9999999, None),
        (2958466, None),
        (0, None),
        (-1, None),
        (float("nan"), None),
    ],
)
def test_days_are_counted_as_spreadsheets_count(days: float, text: str | None) -> None:
    """With the 29 February 1900 that never was; to the second; None for no day."""
    moment = date_of(days, since_1904=False)
    assert (moment.isoformat() if moment else None) == text
    if moment is not None and days > 1462:
        assert date_of(days - 1462, since_1904=True) == moment


@given(st.datetimes(datetime(1904, 1, 1), datetime(9999, 1, 1)))
def test_a_date_that_was_written_is_read(moment: datetime) -> None:
    """To the second, in either epoch."""
    moment = moment.replace(microsecond=0)
    days = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400
    assert date_of(days, since_1904=False) == moment
    assert date_of(days - 1462, since_1904=True) == moment


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_spelled_as_a_spreadsheet_shows_it(value: float) -> None:
    """With 15 digits at most, without an exponent if it has no more digits before the point."""
    shown = plain_number(repr(value))
    assert shown is not None
    assert float(shown) == float(f"{value:.15g}")
    assert ("E" in shown) == (value != 0 and not 1e-15 <= abs(float(shown)) < 1e15)
    assert len(Decimal(shown).normalize().as_tuple().digits) <= 15


@given(st.integers(1, 16_384))
def test_columns_are_lettered_as_spreadsheets_letter_them(column: int) -> None:
    """A, B, … Z, AA, … XFD."""
    letters = column_letters(column)
    value = 0
    for letter in letters:
        value = value * 26 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) + 1
    assert value == column


def test_what_another_library_wrote_is_read_whole() -> None:
    """Sheets in order, texts, numbers, dates, merged cells."""
    data = written(
        {"甲": [["名", 1, datetime(2026, 3, 16)], [None, True, "=1+1"]], "乙": [["x"]]},
        merged=("A1:A2",),
    )
    first, second = read_tables(io.BytesIO(data))
    assert (first.name, second.name) == ("甲", "乙")
    assert [[cell.text for cell in row.values()] for row in first.rows.values()] == [
        ["名", "1", "2026-03-16"],
        ["true", ""],
    ]
    assert first.merged == (Area(1, 1, 2, 1),)
    assert "名" not in repr(first)


def test_sheets_are_found_by_name() -> None:
    """The first by default; one that is not there is refused, without repeating the name."""
    data = written({"甲": [["a"]], "乙": [["b"]]})
    assert _rows(data)[0][1][1].text == "a"
    assert _rows(data, "乙")[0][1][1].text == "b"
    with pytest.raises(WorkbookError) as refused:
        _rows(data, "丙")
    assert "丙" not in refused.value.reason


def test_part_names_are_found_whatever_their_case() -> None:
    """Some programs write SharedStrings.xml, and folders with a backslash."""
    made = {
        name.replace("xl/sharedStrings", "xl\\SharedStrings"): content
        for name, content in parts(
            sheet_of('<row><c t="s"><v>0</v></c></row>'), sharedStrings=TEXTS
        ).items()
    }
    assert _rows(zipped(made))[0][1][1].text == "一"


def test_a_part_is_unpacked_up_to_its_limit() -> None:
    """However small it is packed; and not a byte less."""
    data = zipped({"a": b"0123456789" * 10_000}, method=0)
    assert b"".join(Package(io.BytesIO(data)).chunks("a", 100_000)) == b"0123456789" * 10_000
    with pytest.raises(WorkbookError, match="unpacks"):
        list(Package(io.BytesIO(data)).chunks("A", 99_999))
