"""Workbooks made to fill memory or time, or to be read in two ways, are refused."""

import io
import os
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.stores.spreadsheet import Workbook, WorkbookError, read_tables
from tests.gateway.workbooks import MAIN, parts, sheet_of, simple, zipped

# More memory than an interpreter takes, less than any of the bombs below would.
MEMORY = 256 * 1024 * 1024
SECONDS = 30
MIB = 1024 * 1024


def _parts(**more: str | bytes) -> dict[str, bytes]:
    return parts(sheet_of("<row><c><v>1</v></c></row>"), **more)


def _entities() -> bytes:
    levels = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    sheet = sheet_of('<row><c t="inlineStr"><is><t>&a9;</t></is></c></row>')
    return zipped(parts(f"<!DOCTYPE x [{levels}]>{sheet}"))


def _external() -> bytes:
    sheet = sheet_of('<row><c t="inlineStr"><is><t>&x;</t></is></c></row>')
    return zipped(parts(f'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>{sheet}'))


def _flags(data: bytes, flag: int) -> bytes:
    """Set a flag on every entry, as an archive with a password has it."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(signature)
        while place >= 0:
            changed[place + offset] |= flag
            place = changed.find(signature, place + 4)
    return bytes(changed)


def _doubled() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in _parts().items():
            archive.writestr(name, content)
        archive.writestr("XL/workbook.xml", _parts()["xl/workbook.xml"])
    return file.getvalue()


def _without(name: str) -> bytes:
    return zipped({part: content for part, content in _parts().items() if part != name})


def _contents_that_lie() -> bytes:
    """Say that the table of contents has two gigabytes."""
    data = bytearray(zipped(_parts()))
    place = data.rfind(b"PK\x05\x06")
    data[place + 12 : place + 16] = struct.pack("<I", 0x7FFF_FFFF)
    return bytes(data)


def _cell_text(text: str) -> str:
    return f'<row><c t="inlineStr"><is><t>{text}</t></is></c></row>'


MERGED = '<mergeCell ref="A1:B2"/>'
# Name: (how it is made, words of the refusal).
REFUSED: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "damaged"),
    "a text": (lambda: b"code,name\n1,2\n", "damaged"),
    "an old workbook": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "password"),
    "half a workbook": (lambda: zipped(_parts())[:900], "damaged"),
    "no zip behind its mark": (lambda: b"PK\x03\x04" + bytes(5000), "damaged"),
    "another kind of zip": (lambda: zipped({"mimetype": b"application/x"}), "damaged"),
    "an open document": (lambda: zipped({"content.xml": b"<x/>"}), "damaged"),
    "a table of contents that lies": (_contents_that_lie, "damaged"),
    "parts behind a password": (lambda: _flags(zipped(_parts()), 1), "damaged"),
    "a packing nobody uses": (lambda: zipped(_parts(), zipfile.ZIP_LZMA), "damaged"),
    "two parts of one name": (_doubled, "damaged"),
    "no sheet part": (lambda: _without("xl/worksheets/sheet1.xml"), "damaged"),
    "no workbook part": (lambda: _without("xl/workbook.xml"), "damaged"),
    "no links": (lambda: _without("xl/_rels/workbook.xml.rels"), "damaged"),
    "entities": (_entities, "document type"),
    "an entity of another file": (_external, "document type"),
    "no XML": (lambda: zipped(parts("sheet")), "damaged"),
    "XML cut off": (lambda: zipped(parts(sheet_of("<row>")[:-30])), "damaged"),
    "another root": (lambda: zipped(parts("<html/>")), "damaged"),
    "bytes of no encoding": (lambda: zipped(parts(b"<worksheet>\xff</worksheet>")), "damaged"),
    "the last column": (lambda: simple('<row><c r="XFD1"><v>1</v></c></row>'), "columns"),
    "16384 columns": (lambda: simple(f"<row>{'<c><v>1</v></c>' * 16_384}</row>"), "columns"),
    "a column beyond all": (lambda: simple('<row><c r="ZZZZ1"><v>1</v></c></row>'), "damaged"),
    "a column that is none": (lambda: simple('<row><c r="1"><v>1</v></c></row>'), "damaged"),
    "a row beyond all": (lambda: simple('<row r="1048577"><c><v>1</v></c></row>'), "damaged"),
    "a row of many digits": (lambda: simple(f'<row r="{"9" * 5000}"/>'), "damaged"),
    "rows out of order": (lambda: simple('<row r="2"/><row r="1"/>'), "damaged"),
    "a cell twice": (
        lambda: simple('<row><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
        "damaged",
    ),
    "a text beyond all": (lambda: simple(_cell_text("长" * 32_768)), "32767"),
    "a shared text that is not there": (
        lambda: simple('<row><c t="s"><v>7</v></c></row>'),
        "damaged",
    ),
    "a shared text of many digits": (
        lambda: simple(f'<row><c t="s"><v>{"9" * 5000}</v></c></row>'),
        "damaged",
    ),
    "nesting": (lambda: simple("<row><c>" + "<is>" * 100_000), "damaged"),
    "one long tag": (lambda: simple(f'<row x="{"y" * MIB}"/>'), "damaged"),
    "one long comment": (lambda: simple(f"<!--{'y' * MIB}-->"), "damaged"),
    "names without end": (
        lambda: simple("".join(f"<n{number}/>" for number in range(100_000))),
        "damaged",
    ),
    "merged areas without end": (
        lambda: zipped(parts(sheet_of("").replace("</w", MERGED * 50_001 + "</w"))),
        "damaged",
    ),
    "a merged area that is none": (
        lambda: zipped(parts(sheet_of("").replace("</w", '<mergeCell ref="A0:B2"/></w'))),
        "damaged",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_broken_or_hostile_workbook_is_refused(name: str) -> None:
    """With words in both languages, at once, and with nothing of what it holds."""
    make, words = REFUSED[name]
    data = make()
    start = time.monotonic()
    with pytest.raises(WorkbookError) as refused:
        read_tables(io.BytesIO(data))
    assert time.monotonic() - start < SECONDS
    assert words in refused.value.reason
    assert refused.value.reason_zh
    assert "passwd" not in refused.value.reason


def test_a_huge_declared_size_costs_nothing() -> None:
    """What a sheet says of its own size is not looked at."""
    sheet = sheet_of("<row><c><v>1</v></c></row>").replace(
        "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    (table,) = read_tables(io.BytesIO(zipped(parts(sheet))))
    assert len(table.rows) == 1


def test_cells_in_the_farthest_rows_cost_nothing() -> None:
    """Rows between are not made."""
    (table,) = read_tables(
        io.BytesIO(
            simple('<row><c><v>1</v></c></row><row r="1048576"><c r="A1"><v>1</v></c></row>')
        )
    )
    assert list(table.rows) == [1, 1_048_576]


def test_a_workbook_without_a_sheet_is_refused() -> None:
    """And so is one whose sheets are charts."""
    made = _parts()
    links = made["xl/_rels/workbook.xml.rels"].replace(b'/worksheet"', b'/chartsheet"')
    book = Workbook(io.BytesIO(zipped({**made, "xl/_rels/workbook.xml.rels": links})))
    assert book.sheets == ()
    with pytest.raises(WorkbookError, match="no sheet"):
        book.rows()


def test_a_pipe_is_refused() -> None:
    """A zip file is read from its end."""
    ends = os.pipe()
    os.close(ends[1])
    with os.fdopen(ends[0], "rb") as pipe, pytest.raises(WorkbookError, match="pipe"):
        Workbook(pipe)


def _blanks(size: int) -> bytes:
    return zipped(parts(sheet_of(" " * size)))


def _one_row(size: int) -> bytes:
    return simple("<row>" + "<c/>" * (size // 4) + "</row>")


def _new_names(size: int) -> bytes:
    return simple("".join(f"<n{number:07}/>" for number in range(size // 11)))


def _shared(size: int) -> bytes:
    texts = "<si><t>x</t></si>" * (size // 17)
    return zipped(_parts(sharedStrings=f'<sst xmlns="{MAIN}">{texts}</sst>'))


def _one_shared(size: int) -> bytes:
    return zipped(_parts(sharedStrings=f'<sst xmlns="{MAIN}"><si><t>{"x" * size}</t></si></sst>'))


def _styles(size: int) -> bytes:
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs>{"<xf/>" * (size // 5)}</cellXfs></styleSheet>'
    return zipped(_parts(styles=styles))


def _sheets(size: int) -> bytes:
    made = _parts()
    listed = b"".join(b'<sheet name="%d"/>' % number for number in range(size // 20))
    content = made["xl/workbook.xml"].replace(b"</sheets>", listed + b"</sheets>")
    return zipped({**made, "xl/workbook.xml": content})


def _one_part(size: int) -> bytes:
    """Name one small part as every sheet."""
    made = parts(sheet_of("<row><c><v>1</v></c></row>" + " " * size))
    sheets = "".join(f'<sheet name="{number}" r:id="r1"/>' for number in range(1000))
    content = made["xl/workbook.xml"].replace(b"</sheets>", sheets.encode() + b"</sheets>")
    return zipped({**made, "xl/workbook.xml": content})


def _entries(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for name, content in _parts().items():
            archive.writestr(name, content)
        for number in range(size // 100):
            archive.writestr(zipfile.ZipInfo(f"{number:x}"), b"")
    return file.getvalue()


# Name: (how it is made, of how many MiB of tags and texts).
BOMBS: Mapping[str, tuple[Callable[[int], bytes], int]] = {
    "blanks": (_blanks, 64),
    "one row": (_one_row, 64),
    "new names": (_new_names, 4),
    "shared texts": (_shared, 20),
    "one shared text": (_one_shared, 64),
    "styles": (_styles, 4),
    "sheets": (_sheets, 4),
    "one part": (_one_part, 4),
    "entries": (_entries, 4),
}
READ = """
import resource, sys
from gateway.stores.spreadsheet import WorkbookError, read_tables
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
for name in sys.argv[2:]:
    with open(name, "rb") as file:
        try:
            read_tables(file)
            print("read")
        except WorkbookError:
            print("refused")
"""


def test_bombs_are_refused_within_little_memory(tmp_path: Path) -> None:
    """Each unpacks to what would be hundreds of megabytes of objects, or gigabytes."""
    files = []
    for name, (make, size) in BOMBS.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(make(size * MIB))
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READ, str(MEMORY), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS * 4,
        cwd=Path(__file__).parents[2],
    )
    answers = dict(zip(BOMBS, done.stdout.split(), strict=False))
    assert answers == dict.fromkeys(BOMBS, "refused"), done.stderr[-2000:]
    assert time.monotonic() - start < SECONDS * 2
