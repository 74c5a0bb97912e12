"""A catalogue that went out into a workbook comes back as it was."""

import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, to_builtins

from gateway.authority.authority import dump_yaml
from gateway.catalogue import read_catalogue
from gateway.catalogue.formats import DATE_FORMATS, DATETIME_FORMATS
from gateway.catalogue.guide import Imported, import_tables, lay_out, lay_out_empty
from gateway.catalogue.guide.forms import CODE_LISTS, FORMS, GRADES, RESOURCES
from gateway.catalogue.guide.yaml_files import yaml_file
from gateway.errors import CatalogueInvalidError
from gateway.model.resource import CodeList, Field, FieldType, Purposes, Resource
from gateway.model.trust import Catalogue
from gateway.stores.spreadsheet import read_tables
from gateway.stores.spreadsheet.writing import write_book
from gateway.world import catalogue_files
from masking import document
from masking.grades import Disclosure, Grade
from masking.kinds import KINDS

PURPOSE = b"purposes: [{id: p, name: n, basis: b, scenarios: [s]}]\n"
DEPARTMENT = "11149900MB0C12002H"


def _through(files: Mapping[str, bytes], provider: str | None = None) -> Imported:
    """Write a workbook, and read it."""
    file = io.BytesIO()
    write_book(lay_out(files, provider), file)
    file.seek(0)
    return import_tables(read_tables(file), file="book.xlsx")


def _held(catalogue: Catalogue) -> tuple[object, ...]:
    """Return all that a catalogue holds; its version speaks of the spelling of files."""
    purposes = list(catalogue.purposes.values())
    return catalogue.resources, catalogue.code_lists, purposes, catalogue.grades


def test_the_packaged_catalogue_comes_back_as_it_was() -> None:
    """Resources, code lists, purposes and grades."""
    files = catalogue_files()
    made = _through(files)
    assert _held(made.catalogue) == _held(read_catalogue(files))
    assert _held(read_catalogue(made.files)) == _held(made.catalogue)
    assert made.passed_over == ()
    assert made.resources == len(made.catalogue.resources)


def test_what_did_not_change_keeps_its_file() -> None:
    """With its comments, and its name; brought into the catalogue that it came from."""
    files = catalogue_files()
    file = io.BytesIO()
    write_book(lay_out(files), file)
    made = import_tables(read_tables(file), file="book.xlsx", beside=files)
    assert made.files == files


def test_one_department_brings_only_its_own() -> None:
    """The others' resources stay as they are."""
    files = catalogue_files()
    book = lay_out(files, DEPARTMENT)
    resources = next(sheet for sheet in book.sheets if sheet.name == RESOURCES.sheet)
    everything = next(sheet for sheet in lay_out(files).sheets if sheet.name == RESOURCES.sheet)
    assert 0 < len(resources.begins) < len(everything.begins)
    file = io.BytesIO()
    write_book(book, file)
    made = import_tables(read_tables(file), file="book.xlsx", beside=files)
    assert made.files == files
    assert made.resources == len(resources.begins)


def test_the_same_catalogue_makes_the_same_workbook() -> None:
    """Byte by byte: no time of writing is in it."""
    first, second = io.BytesIO(), io.BytesIO()
    for file in (first, second):
        write_book(lay_out(catalogue_files()), file)
    assert first.getvalue() == second.getvalue()


def test_an_empty_workbook_has_every_column_and_no_row() -> None:
    """What each means stands on a sheet of its own."""
    book = lay_out_empty()
    assert [sheet.name for sheet in book.sheets] == [RESOURCES.sheet, CODE_LISTS.sheet]
    assert all(not sheet.rows for sheet in book.sheets)
    titles = {title for _, title, *_ in book.help_rows}
    assert all(column.title in titles for sheet in book.sheets for column in sheet.columns)


def _keys(kind: type[Struct], above: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    keys: set[tuple[str, ...]] = set()
    for name, value in kind.__annotations__.items():
        below = value if isinstance(value, type) and issubclass(value, Struct) else None
        options = getattr(value, "__args__", ())
        below = below or next(
            (each for each in options if isinstance(each, type) and issubclass(each, Struct)), None
        )
        key = {"share_class": "class", "open_class": "class"}.get(name, name)
        keys |= _keys(below, (*above, key)) if below else {(*above, key)}
    return keys


@pytest.mark.parametrize(
    ("form", "item", "kind", "made"),
    [
        (RESOURCES, False, Resource, {("format",), ("open", "class"), ("fields",)}),
        (RESOURCES, True, Field, {("type",), ("length",), ("precision",), ("scale",)}),
        (CODE_LISTS, False, CodeList, {("codes",)}),
        (GRADES, True, Grade, set()),
    ],
)
def test_every_key_has_its_column(form: Any, item: bool, kind: Any, made: set[Any]) -> None:
    """A key that the schema gains needs one; `made` are those of several columns."""
    columns = {column.path for column in form.columns if column.item is item and column.path}
    assert columns | made == _keys(kind)
    assert not columns & made


def test_titles_name_one_column_each() -> None:
    """Within a sheet, however it is titled."""
    for form in FORMS:
        titles = [title for column in form.columns for title in set(column.titles)]
        assert len(titles) == len(set(titles))


# What could be taken for something else by YAML, by a spreadsheet, or by the eye.
TRICKY = (
    "null",
    "~",
    "是",
    "true",
    "1",
    "01",
    "1e5",
    "2026-03-16",
    "=1+1",
    "@x",
    "- a",
    "a: b",
    "a #b",
    "a:",
    "{a}",
    "[a, b]",
    "'a'",
    '"',
    "\\n",
    "_x000D_",
    "&a",
    "*a",
    "!a",
    "%a",
    "接口、文件",
    "a;b",
    "a，b",
    "数据库/MySQL",
    "/",
    "a/",
    "😀",
    "#REF!",
)
_LETTERS = st.sampled_from("abc甲乙丙一二三09 .:,、，;；/#-'\"\\{}[]&*!|>%@`=~_（）《》")
NAMES = st.one_of(
    st.sampled_from(TRICKY),
    st.text(_LETTERS, min_size=1, max_size=20).map(str.strip).filter(bool),
)
TEXTS = st.one_of(
    NAMES,
    st.lists(NAMES, min_size=2, max_size=3).map("\n".join),
    st.lists(NAMES, min_size=2, max_size=2).map("\r\n\t".join),
)
DATES = st.dates(date(1970, 1, 1), date(2100, 1, 1))
GRADES_USED = ("G1", "G2", "G3")


def _some(draw: st.DrawFn, **optional: st.SearchStrategy[Any]) -> dict[str, Any]:
    return {name: draw(made) for name, made in optional.items() if draw(st.booleans())}


@st.composite
def fields(draw: st.DrawFn, index: int) -> dict[str, Any]:
    """Draw an information item of any type, with what the type has."""
    kind = draw(st.sampled_from(list(FieldType)))
    letter = kind.value
    field = {
        "id": f"f{index}",
        "name": f"{draw(NAMES)}{index}",
        "type": letter,
        "grade": draw(st.sampled_from(GRADES_USED)),
        **_some(
            draw,
            name_en=NAMES,
            kind=st.sampled_from(sorted(KINDS)),
            cap=st.sampled_from([each.label for each in Disclosure]),
            required=st.booleans(),
            null=st.booleans(),
            description=TEXTS,
        ),
    }
    if letter in ("string", "C", "M", "binary", "G"):
        field |= _some(draw, length=st.integers(1, 16_777_216))
        if letter in ("string", "C", "M"):
            field |= _some(draw, empty=st.booleans())
    elif letter in ("decimal", "N", "Y", "B", "F"):
        field |= _some(draw, precision=st.integers(18, 38), scale=st.integers(0, 18))
    elif letter in ("date", "D"):
        field |= _some(draw, format=st.sampled_from(DATE_FORMATS), open_end=st.booleans())
    elif letter in ("datetime", "T"):
        field |= _some(draw, format=st.sampled_from(DATETIME_FORMATS), open_end=st.booleans())
    elif letter == "code":
        field["code_list"] = "list"
    return field


@st.composite
def sharing(draw: st.DrawFn) -> dict[str, Any]:
    """Draw how a resource is shared, with what each class asks for."""
    chosen = draw(st.sampled_from(["unconditional", "conditional", "dedicated", "none"]))
    share: dict[str, Any] = {"class": chosen}
    share |= _some(
        draw, condition=TEXTS, mode=st.lists(NAMES, max_size=3), review_by=DATES, basis=TEXTS
    )
    if chosen in ("conditional", "none"):
        share["basis"] = draw(TEXTS)
    if chosen == "dedicated":
        share["departments"] = [DEPARTMENT] * draw(st.integers(1, 3))
    return share


@st.composite
def opening(draw: st.DrawFn) -> dict[str, Any]:
    """Draw whether a resource is open."""
    chosen = draw(st.sampled_from(["unconditional", "conditional", "none"]))
    extra = {"condition": draw(TEXTS)} if chosen == "conditional" else _some(draw, condition=TEXTS)
    return {"class": chosen, **extra}


@st.composite
def resources(draw: st.DrawFn, index: int, codes: list[str]) -> dict[str, Any]:
    """Draw an entry with all that it may hold."""
    count = draw(st.integers(1, 4))
    items = [draw(fields(number)) for number in range(count)]
    others = [code for code in codes if code != codes[index]]
    regions = [item["id"] for item in items if item.get("kind") == "region"]
    entry = {
        "code": codes[index],
        "name": draw(NAMES),
        "abstract": draw(TEXTS),
        "classification": {
            **{key: draw(NAMES) for key in ("category", "item", "detail")},
            **_some(draw, sub_detail=NAMES),
        },
        "provider": {"department": DEPARTMENT, "name": draw(NAMES)},
        "format": draw(NAMES),
        "share": draw(sharing()),
        "open": draw(opening()),
        "use_requirements": draw(TEXTS),
        "update_cycle": draw(NAMES),
        "source_business": draw(TEXTS),
        "grade": "G4",
        "published": draw(DATES),
        "protection": {
            **{
                key: draw(TEXTS)
                for key in ("users", "region", "scope", "masking", "authorization", "tracing")
            },
            **_some(draw, agreement=st.booleans()),
        },
        "status": draw(st.sampled_from(["active", "stopped"])),
        "fields": items,
        **_some(
            draw,
            name_en=NAMES,
            secrecy_review=st.fixed_dictionaries({"date": DATES, "reference": NAMES}),
        ),
    }
    if others:
        entry |= _some(draw, related=st.lists(st.sampled_from(others), max_size=2))
        if draw(st.booleans()):
            entry |= {"status": "replaced", "replaced_by": others[0]}
    if regions:
        entry |= _some(draw, region_field=st.sampled_from(regions))
    return entry


@st.composite
def catalogues(draw: st.DrawFn) -> dict[str, bytes]:
    """Draw the files of a catalogue, spelled by another writer of YAML."""
    codes = [f"307/{number:06}" for number in range(draw(st.integers(1, 3)))]
    listed = [
        {"code": code, "name": draw(NAMES), **_some(draw, name_en=NAMES)}
        for code in draw(
            st.lists(st.text("0123456789aZ", min_size=1, max_size=8), min_size=1, unique=True)
        )
    ]
    lists = {"id": "list", "name": draw(NAMES), "source": draw(NAMES), "codes": listed}
    files = {
        f"resources/{index}.yaml": dump_yaml(draw(resources(index, codes)))
        for index in range(len(codes))
    }
    return {**files, "purposes.yaml": PURPOSE, "code-lists/list.yaml": dump_yaml(lists)}


@settings(max_examples=40, deadline=None)
@given(catalogues())
def test_any_catalogue_comes_back_as_it_was(files: dict[str, bytes]) -> None:
    """Export and import are each other's inverse, whatever texts and types it holds."""
    made = _through(files)
    assert _held(made.catalogue) == _held(read_catalogue(files))
    assert _held(read_catalogue(made.files)) == _held(made.catalogue)


@settings(max_examples=40, deadline=None)
@given(catalogues())
def test_files_are_written_as_they_are_read(files: dict[str, bytes]) -> None:
    """What our writer spells, the strict reader reads as it was."""
    for name, text in files.items():
        kinds: dict[str, Any] = {"r": Resource, "c": CodeList, "p": Purposes}
        kind = kinds[name[0]]
        value: Any = document.read(text, kind, file=name).value
        tree = to_builtins(value, builtin_types=(date,))
        for field in tree.get("fields", ()):
            if field["cap"] is not None:
                field["cap"] = Disclosure(field["cap"]).label
        written = yaml_file(_present(tree), kind)
        assert document.read(written, kind, file=name).value == value


def _present(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _present(value) for key, value in tree.items() if value is not None}
    return [_present(item) for item in tree] if isinstance(tree, list | tuple) else tree


@pytest.mark.parametrize("text", ["' 甲'", "'甲 '", "'甲\u3000'", '"\\n甲"'])
def test_what_would_not_come_back_does_not_go_out(text: str) -> None:
    """Blanks around a text, which reading takes off, are named with the file."""
    files = catalogue_files()
    name = "resources/adoption.yaml"
    changed = files[name].replace(b"use_requirements: ", f"use_requirements: {text} # ".encode())
    with pytest.raises(CatalogueInvalidError) as refused:
        lay_out({**files, name: changed})
    assert refused.value.faults[0].file == name
    assert "使用要求" in refused.value.faults[0].text
