"""What can be read of a file with faults is there to be checked; what cannot is never made up."""

from collections.abc import Callable, Iterator
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from masking.document import Document, Found, each, judged, names, read, salvage, stands_for, whole
from masking.document.partial import UnreadError, is_whole
from masking.errors import DocumentInvalidError


class Part(Struct, frozen=True, kw_only=True, tag_field="op", tag="part"):
    size: Annotated[int, Meta(ge=1)]
    note: str = "none"

    def __post_init__(self) -> None:
        if self.size == 13:
            raise ValueError("no such size", "没有这个尺寸")

    @property
    def double(self) -> int:
        return self.size * 2

    def told(self) -> str:
        return f"{self.note}:{self.size}"


class Other(Struct, frozen=True, tag_field="op", tag="other"):
    pass


class Book(Struct, frozen=True, kw_only=True):
    title: str
    pages: int = 1
    parts: Annotated[tuple[Part | Other, ...], Meta(max_length=3)] = ()
    words: tuple[Annotated[str, Meta(min_length=1)], ...] = ()
    index: dict[str, int] = {}
    cover: Part | None = None


def book(text: str) -> Document[Book]:
    return salvage(text.encode(), Book, file="b.yaml")


READ: list[tuple[str, Callable[[Book], object], object]] = [
    ("title: [a]\npages: 2", lambda b: b.pages, 2),
    ("title: [a]", lambda b: b.pages, 1),
    ("title: a\ncolour: red", lambda b: b.title, "a"),
    ("title: a\ncolour: red", lambda b: b.cover, None),
    ("parts: [{op: part, size: 2, nte: x}]", lambda b: first_part(b).double, 4),
    ("parts: [{op: part, size: 2, colour: x}]", lambda b: first_part(b).told(), "none:2"),
    ("parts: [{op: part, size: 13}]", lambda b: first_part(b).size, 13),
    ("parts: [{op: part, size: 0}]", lambda b: stands_for(b.parts[0], Part), True),
    ("parts: [{op: part, size: 0}]", lambda b: stands_for(b.parts[0], Other), False),
    ("parts: [{op: part, size: 0}]", lambda b: len(b.parts), 1),
    ("parts: [x, {op: part, size: 2}]", lambda b: dict(each(b.parts, whole)), {1: Part(size=2)}),
    ("parts: [x, {op: part, size: 2}]", lambda b: [n for n, _ in each(b.parts)], [1]),
    ("words: [a, '', b]", lambda b: list(each(b.words)), [(0, "a"), (2, "b")]),
    ("words: [a, '', b]", lambda b: "b" in b.words, True),
    ("index: {a: 1, b: x}", lambda b: dict(each(b.index)), {"a": 1}),
    ("index: {a: 1, b: x}", lambda b: names(b.index), ("a", "b")),
    ("index: {a: 1, b: x}", lambda b: (b.index["a"], b.index.get("c"), len(b.index)), (1, None, 2)),
    ("index: {a: 1, b: x}", lambda b: ("b" in b.index, "c" in b.index), (True, False)),
    ("index: {a: 1, <<: {c: 2}}", lambda b: dict(each(b.index)), {"a": 1}),
]


def first_part(value: Book) -> Part:
    part = value.parts[0]
    assert stands_for(part, Part)
    return part


@pytest.mark.parametrize(("text", "look", "expected"), READ, ids=[one[0] for one in READ])
def test_what_is_there_can_be_read(
    text: str, look: Callable[[Book], object], expected: object
) -> None:
    """Defaults, properties and methods too, beside parts that cannot."""
    document = book(text)
    assert document.faults
    assert look(document.parts) == expected


UNREAD: list[tuple[str, Callable[[Book], object]]] = [
    ("title: [a]", lambda b: b.title),
    ("pages: 2", lambda b: b.title),
    ("title: a\npags: 2", lambda b: b.pages),
    ("title: a\npages: 2\npages: 3", lambda b: b.pages),
    ("title: a\n<<: {pages: 3}", lambda b: b.pages),
    ("title: a\n? [x]\n: 3", lambda b: b.pages),
    ("title: a\ncover: *x", lambda b: b.cover),
    ("title: a\nparts: [{op: part, size: 0}]", lambda b: first_part(b).double),
    ("title: a\nparts: [{op: part, size: 0}]", lambda b: first_part(b).told()),
    ("title: a\nparts: [{op: part, size: 0}]", lambda b: whole(b.parts)),
    ("title: a\nparts: [{op: part, size: 13}]", lambda b: whole(b.parts[0])),
    ("title: a\nparts: [{op: part, size: 0}]", lambda b: b.parts[0] == Other()),
    ("title: a\nparts: [{op: prt}]", lambda b: b.parts[0]),
    ("title: a\nparts: [x]", lambda b: list(b.parts)),
    ("title: a\nparts: [{op: other}, x, x, x]", lambda b: len(b.parts)),
    ("title: a\nparts: [{op: other}, x, x, x]", lambda b: list(b.parts)),
    ("title: a\nwords: ['', b]", lambda b: "a" in b.words),
    ("title: a\nindex: {a: x}", lambda b: b.index["a"]),
    ("title: a\nindex: {a: x}", lambda b: list(b.index.values())),
    ("title: a\nindex: {a: 1, a: 2}", lambda b: b.index["a"]),
    ("title: a\nindex: {<<: {a: 1}}", lambda b: b.index.get("a")),
    ("title: a\nindex: {<<: {a: 1}}", lambda b: len(b.index)),
    ("title: a\nindex: {<<: {a: 1}}", lambda b: list(b.index)),
    ("- a", lambda b: b.title),
    ("a: [", lambda b: b.title),
    ("", lambda b: b),
]


@pytest.mark.parametrize(
    ("text", "look"), UNREAD, ids=[f"{one[0]} {n}" for n, one in enumerate(UNREAD)]
)
def test_what_is_not_known_is_not_made_up(text: str, look: Callable[[Book], object]) -> None:
    """Neither a default nor the first of two stands in for it, and no part for the whole."""
    document = book(text)
    with pytest.raises(UnreadError):
        look(document.parts)
    with pytest.raises(DocumentInvalidError):
        _ = document.value


def test_a_slip_in_a_name_is_a_mistake_of_the_code() -> None:
    """An attribute that the type does not have is no part that could not be read."""
    with pytest.raises(AttributeError):
        _ = book("title: [a]").parts.colour  # type: ignore[attr-defined]


def test_a_check_says_what_it_can_and_the_next_goes_on() -> None:
    """Each ends where it comes by what could not be read; what it found before stays."""

    def pages(value: Book) -> Iterator[Found]:
        yield Found(("pages",), "many", "多", "less", "减少")
        yield Found(("title",), value.title, "题", "x", "改")

    def words(value: Book) -> Iterator[Found]:
        for place, word in each(value.words):
            yield Found(("words", place), word, "词", "x", "改")

    document = book("title: [a]\npages: 2\nwords: [a, '', b]\n")
    found = document.found(lambda value: judged(pages(value), words(value)))
    assert [(one.line, one.column, one.text) for one in found] == [
        (2, 8, "many"), (3, 9, "a"), (3, 16, "b"),
    ]  # fmt: skip
    further = document.with_faults(found)
    with pytest.raises(DocumentInvalidError) as caught:
        _ = further.value
    lines = [fault.line for fault in caught.value.faults]
    assert lines == sorted(lines)
    assert caught.value.fault_count == len(lines) == len(document.faults) + 3
    assert book("- a").found(pages) == []


PIECES = st.sampled_from(
    [
        "title: a",
        "title: [",
        "pages: 2",
        "pages: x",
        "words: [a, '']",
        "parts: [{op: part}]",
        "index: {a: 1, a: 2}",
        "<<: {a: b}",
        "colour: red",
        "- a",
        "cover: {op: part, size: 13}",
    ]
)


@given(st.lists(PIECES, max_size=5))
def test_salvaging_refuses_what_reading_refuses(lines: list[str]) -> None:
    """A partial value never passes for a whole one."""
    text = "\n".join(lines).encode()
    document: Document[Book] = salvage(text, Book, file="b.yaml")
    if document.fault_count:
        with pytest.raises(DocumentInvalidError) as caught:
            _ = document.value
        with pytest.raises(DocumentInvalidError) as refusal:
            read(text, Book, file="b.yaml")
        assert caught.value.faults == refusal.value.faults == document.faults
    else:
        assert is_whole(document.value)
        assert document.value == read(text, Book, file="b.yaml").value
