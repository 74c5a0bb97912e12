"""The page on the catalogue lists what the code reads: keys, limits, types, kinds, classes."""

import msgspec
import pytest

from gateway.catalogue import read_catalogue, reading
from gateway.catalogue.checking import DEFAULT_LENGTH
from gateway.catalogue.fields import _USED_BY, DEFAULT_PRECISION, DEFAULT_SCALE
from gateway.catalogue.formats import DATE_FORMATS, DATETIME_FORMATS
from gateway.catalogue.guide import forms
from gateway.catalogue.reading import GradeFile
from gateway.model import resource
from gateway.model.resource import TYPE_LETTERS, FieldType, OpenClass, ShareClass, Status
from masking.document import nodes
from masking.grades import DEFAULT_SCHEME, Disclosure, Grade
from tests.docs.console import ROOT, Page
from tests.docs.tables import (
    HAN,
    bare,
    both_languages,
    keys,
    names,
    page,
    section,
    table,
    tables,
    value_words,
)

TEXT = page("reference/catalogue.md")
EXAMPLE = Page(ROOT / "docs" / "reference" / "catalogue.md")
# Words that the page explains by themselves.
WORDS: dict[object, str] = {
    resource.Name: "line",
    resource.Text: "text",
    resource.Id: "id",
    resource.FieldId: "field id",
    resource.ResourceCode: "resource code",
    resource.DepartmentId: "department",
    Disclosure: "disclosure",
    FieldType: "one of [the types](#types-类型) or a letter of the guide",
}
FILES: list[tuple[str, int, type[msgspec.Struct]]] = [
    ("Entry", 0, resource.Resource),
    ("Classification", 0, resource.Classification),
    ("Provider", 0, resource.ResourceProvider),
    ("Share", 0, resource.Share),
    ("Open", 0, resource.Opening),
    ("Protection", 0, resource.Protection),
    ("Secrecy review", 0, resource.SecrecyReview),
    ("Fields", 0, resource.Field),
    ("Grades", 0, GradeFile),
    ("Grades", 1, Grade),
    ("Code lists", 0, resource.CodeList),
    ("Code lists", 1, resource.Code),
    ("Purposes", 0, resource.Purpose),
]


@pytest.mark.parametrize(("title", "place", "shape"), FILES, ids=[title for title, *_ in FILES])
def test_the_page_lists_every_key_of_a_file(
    title: str, place: int, shape: type[msgspec.Struct]
) -> None:
    """In order, with type, limits and default."""
    rows = tables(section(TEXT, title))[place]
    assert [[row[0], row[2]] for row in rows] == keys(shape)
    assert [row[1] for row in rows] == list(value_words(shape, WORDS, ["grade"]))


# Keys that several columns make, or that hold others.
JOINED = {
    ("Entry", "classification"): ["信息资源分类"],
    ("Entry", "provider"): ["信息资源提供方"],
    ("Entry", "format"): ["信息资源格式"],
    ("Entry", "share"): ["共享属性"],
    ("Entry", "open"): ["开放属性"],
    ("Entry", "fields"): ["信息项信息"],
    ("Open", "class"): ["是否向社会开放", "（开放类型）"],
    ("Fields", "type"): ["数据类型", "（类型细分）"],
    ("Fields", "length"): ["长度"],
    ("Fields", "precision"): ["长度"],
    ("Fields", "scale"): ["（小数位数）"],
    ("Purposes", "scenarios"): ["（应用场景）"],
}
UNDER = {
    "Classification": "classification.",
    "Provider": "provider.",
    "Share": "share.",
    "Open": "open.",
    "Protection": "protection.",
    "Secrecy review": "secrecy_review.",
}
SHEETS = {"Code lists": forms.CODE_LISTS, "Purposes": forms.PURPOSES, "Grades": forms.GRADES}


@pytest.mark.parametrize(
    ("title", "place"),
    [(title, place) for title, place, _ in FILES],
    ids=[title for title, *_ in FILES],
)
def test_columns_are_those_of_the_workbook(title: str, place: int) -> None:
    """The guide's titles as they are, ours in parentheses; none is left out."""
    form, under = SHEETS.get(title, forms.RESOURCES), UNDER.get(title, "")
    item = title == "Fields" or place == 1
    columns = {
        path.removeprefix(under): column.title if column.guide else f"（{column.title}）"
        for column in form.columns
        if (path := ".".join(column.path)).startswith(under) and path and column.item == item
    }
    for row in tables(section(TEXT, title))[place]:
        key = bare(row[0])
        own = columns.pop(key, "—")
        assert row[3] == "".join(JOINED.get((title, key), [own])), key
    assert not [path for path in columns if "." not in path]


def test_joined_columns_are_there() -> None:
    """Each by its title, or as the title of a group."""
    every = [column for form in forms.FORMS for column in form.columns]
    known = {name for column in every for name in (column.title, column.group)}
    assert {title.strip("（）") for titles in JOINED.values() for title in titles} <= {
        *known,
        "信息资源提供方",
    }
    rows = table(TEXT, "As a workbook")
    assert [bare(row[0]) for row in rows] == [form.sheet for form in forms.FORMS]


def test_every_cell_of_meaning_is_in_both_languages() -> None:
    """What a key means, whatever the table."""
    for title, place, _ in FILES:
        for row in tables(section(TEXT, title))[place]:
            assert both_languages(row[-1]), row


def test_the_words_of_the_page_have_the_limits_of_the_code() -> None:
    """Lengths, and what the reader of files refuses."""
    said = {row[0]: row[1] for row in table(TEXT, "How files are read")}
    assert {*WORDS.values(), "grade"} - set(said) == {WORDS[FieldType]}
    assert f"1 to {resource.MAX_NAME} characters" in said["line"]
    assert "1 to 2,000 characters" in said["text"]
    assert names(said["disclosure"]) == [each.name.lower() for each in sorted(Disclosure)[::-1]]
    rules = section(TEXT, "How files are read")
    assert f"at most {nodes.MAX_BYTES:,} bytes long and {nodes.MAX_DEPTH} levels deep" in rules
    assert f"at most {reading.MAX_FILES:,} files" in section(TEXT, "Files")


def test_types_have_the_letters_and_keys_of_the_code() -> None:
    """No type and no letter more or less."""
    rows = table(TEXT, "Types")
    spelled = [each for each in FieldType if len(each.value) > 1]
    assert [bare(row[0]) for row in rows] == [each.value for each in spelled]
    letters = {letter: row[0].strip("`") for row in rows for letter in names(row[1])}
    assert letters == {letter: kind.value for letter, kind in TYPE_LETTERS.items()}
    for row in rows:
        uses = {name for name, kinds in _USED_BY.items() if FieldType(bare(row[0])) in kinds}
        assert set(names(row[3])) == uses
    by_type = {bare(row[0]): row[2] for row in rows}
    assert f"{DEFAULT_LENGTH:,} where none is given" in by_type["string"]
    assert f"{DEFAULT_LENGTH:,} where none is given" in by_type["binary"]
    assert f"`precision` {DEFAULT_PRECISION} and `scale` {DEFAULT_SCALE}" in by_type["decimal"]


def test_formats_are_those_of_the_code() -> None:
    """The default first."""
    rows = {bare(row[0]): names(row[1]) for row in table(TEXT, "Formats of dates and times")}
    assert rows == {"date": list(DATE_FORMATS), "datetime": list(DATETIME_FORMATS)}


def test_kinds_stand_on_a_page_of_their_own() -> None:
    """This one leads there, and has no second list."""
    kinds = section(TEXT, "Kinds")
    assert "](kinds.md)" in kinds
    assert tables(kinds) == []


def test_the_default_scheme_is_that_of_the_code() -> None:
    """Grade by grade."""
    assert tables(section(TEXT, "Grades"))[2] == [
        [
            f"`{grade.id}`",
            f"{grade.title} {grade.title_zh}",
            f"`{grade.cap.label}`",
            f"`{grade.above_level.label}`",
        ]
        for grade in DEFAULT_SCHEME.grades
    ]


def test_classes_and_statuses_are_those_of_the_code() -> None:
    """In the order of the code, with a Chinese name."""
    shared, opened = tables(section(TEXT, "Share and open classes"))
    assert [bare(row[0]) for row in shared] == [each.value for each in ShareClass]
    assert [bare(row[0]) for row in opened] == [each.value for each in OpenClass]
    assert [bare(row[0]) for row in table(TEXT, "Status")] == [each.value for each in Status]
    assert all(HAN.search(row[1]) for row in (*shared, *opened))


def files() -> dict[str, bytes]:
    """Return the example's files, by their path below the catalogue."""
    return {
        str(block.file).removeprefix("catalogue/"): block.text.encode()
        for block in EXAMPLE.blocks
        if block.file is not None
    }


def test_the_example_is_a_whole_catalogue() -> None:
    """By the strict reader; one resource stands in for another."""
    catalogue = read_catalogue(files())
    old, new = sorted(catalogue.resources.values(), key=lambda each: each.code)
    assert (old.status, old.replaced_by) == (Status.REPLACED, new.code)
    assert new.secrecy_review is not None
    assert set(catalogue.code_lists) == {field.code_list for field in new.fields} - {None}


def test_the_example_shows_most_keys_there_are() -> None:
    """Of an entry all but a few that are said in words."""
    text = b"".join(files().values()).decode()
    shapes = {shape for _, _, shape in FILES}
    told = {field.encode_name for shape in shapes for field in msgspec.structs.fields(shape)}
    assert {name for name in told if f"{name}:" not in text.replace("'", "")} == {"departments"}
