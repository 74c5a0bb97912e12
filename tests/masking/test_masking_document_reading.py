"""A YAML file becomes the value its type asks for."""

import datetime
from decimal import Decimal

import pytest
from msgspec import UNSET, Struct

from masking.document import read
from masking.errors import DocumentInvalidError
from tests.masking.papers import (
    HEAD,
    Colour,
    Keep,
    Level,
    Null,
    Paper,
    Rule,
    paper,
)


def rule(line: str) -> Rule:
    return paper(f"{HEAD}rules:\n  - id: a\n    {line}\n").rules[0]


def test_a_document_becomes_the_value_of_its_type() -> None:
    """Defaults, renamed keys, unions, enums and nested structs all arrive frozen."""
    text = """
# a comment
paper: 中文
version: 12
grades: {G1: clear, G2: {op: keep, prefix: 3}, 10: {op: null}}
rules:
  - id: a-b
    act: very_high
    from: 2026-01-01
    at: 2026-01-01T08:00:30+08:00
    colour: dark-blue
    fields: [NO, yes, 1e3, 010]
    price: 1.20
    flag: true
  - {id: c, act: {op: keep, prefix: 0, suffix: 2}, until: '2026-02-03', word: 'null'}
regions: [a, b]
names: []
levels: {low: 1}
"""
    value = paper(text)
    assert value == Paper(
        paper="中文",
        version=12,
        grades={"G1": "clear", "G2": Keep(prefix=3), "10": Null()},
        rules=(
            Rule(
                id="a-b",
                act=Level.VERY_HIGH,
                from_=datetime.date(2026, 1, 1),
                at=datetime.datetime.fromisoformat("2026-01-01T08:00:30+08:00"),
                colour=Colour.DARK_BLUE,
                fields=("NO", "yes", "1e3", "010"),
                price=Decimal("1.20"),
                flag=True,
            ),
            Rule(
                id="c",
                act=Keep(prefix=0, suffix=2),
                until=datetime.date(2026, 2, 3),
                word="null",
            ),
        ),
        regions=frozenset("ab"),
        names=[],
        levels={Level.LOW: 1},
    )
    assert str(value.rules[0].price) == "1.20"
    assert value.rules[0].until is UNSET


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        ("word: 0140105", "word", "0140105"),
        ("word: NO", "word", "NO"),
        ("word: 1_000", "word", "1_000"),
        ("word: 12:30:00", "word", "12:30:00"),
        ("word: 2026-01-01", "word", "2026-01-01"),
        ("word: .inf", "word", ".inf"),
        ("word: =", "word", "="),
        ("word: ''", "word", ""),
        ('word: "a\\nb"', "word", "a\nb"),
        ("word: |\n      a\n      b\n", "word", "a\nb\n"),
        ("word: ~", "word", None),
        ("word: Null", "word", None),
        ("word:", "word", None),
        ("word: '~'", "word", "~"),
        ("either: 5", "either", 5),
        ("either: '5'", "either", "5"),
        ("either: true", "either", True),
        ("either: yes", "either", "yes"),
        ("either: 05", "either", "05"),
        ("act: refuse", "act", Level.REFUSE),
        ("act: {op: null}", "act", Null()),
        ("act: {op: 'null'}", "act", Null()),
        ("ratio: 1e-2", "ratio", 0.01),
        ("price: '-0.50'", "price", Decimal("-0.50")),
        ("at: 2026-01-01 08:00Z", "at", datetime.datetime(2026, 1, 1, 8, tzinfo=datetime.UTC)),
        ("from: 2024-02-29", "from_", datetime.date(2024, 2, 29)),
    ],
)
def test_a_scalar_is_read_by_the_type_expected(line: str, field: str, expected: object) -> None:
    """YAML's own guesses do not matter, only the characters and the type."""
    value = getattr(rule(line), field)
    assert (value, type(value)) == (expected, type(expected))


def test_a_file_may_begin_with_a_document_mark() -> None:
    """One `---` and one `...` do no harm, nor do Windows line ends."""
    assert paper(f"---\n{HEAD}...\n") == paper(HEAD) == paper(HEAD.replace("\n", "\r\n"))


class Node(Struct, frozen=True):
    name: str
    below: tuple["Node", ...] = ()


def test_a_type_may_hold_itself() -> None:
    """Trees are read as deep as the limit on nesting."""
    tree = read(b"{name: a, below: [{name: b, below: [{name: c}]}]}", Node, file="t.yaml")
    assert tree.value == Node("a", (Node("b", (Node("c"),)),))
    with pytest.raises(DocumentInvalidError):
        read(b"{name: a, below: [{nam: b}]}", Node, file="t.yaml")
