"""A YAML file becomes the value its type asks for, or says all that is wrong with it."""

import datetime
import enum
import pickle
import re
import time
import unicodedata
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from masking.document import Document, read
from masking.document.collector import MAX_FAULTS
from masking.document.nodes import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_SCALAR
from masking.errors import DocumentInvalidError, PolicyInvalidError
from masking.faults import MAX_QUOTED, Fault

CHINESE = re.compile("[\u4e00-\u9fff]")


class Colour(enum.StrEnum):
    RED = "red"
    DARK_BLUE = "dark-blue"


class Level(enum.IntEnum):
    REFUSE = -1
    LOW = 0
    VERY_HIGH = 1


class Act(Struct, frozen=True, kw_only=True, tag_field="op", forbid_unknown_fields=True):
    pass


class Keep(Act, frozen=True, tag="keep"):
    prefix: Annotated[int, Meta(ge=0, le=100)]
    suffix: int = 0

    def __post_init__(self) -> None:
        if not self.prefix + self.suffix:
            raise ValueError("keep shows nothing", "什么都不保留")


class Null(Act, frozen=True, tag="null"):
    pass


class Crash(Act, frozen=True, tag="crash"):
    def __post_init__(self) -> None:
        raise TypeError


Identifier = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9-]*$",
        max_length=20,
        description="lower-case letters, digits and hyphens",
        examples=["pension-check"],
        extra={"zh": "小写字母、数字和连字符"},
    ),
]


class Rule(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    id: Identifier
    act: Level | Keep | Null | Crash = Level.LOW
    from_: datetime.date | None = None
    at: Annotated[datetime.datetime, Meta(tz=True)] | None = None
    until: datetime.date | UnsetType = UNSET
    colour: Colour | None = None
    fields: Annotated[tuple[str, ...], Meta(min_length=1, max_length=4)] = ("x",)
    ratio: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    price: Decimal | None = None
    flag: bool = False
    word: str | None = None
    either: int | str | bool | None = None


class Paper(Struct, frozen=True, kw_only=True):
    paper: str
    version: Annotated[int, Meta(ge=1)]
    grades: dict[str, Literal["clear", "nothing"] | Keep | Null] = {}
    rules: tuple[Rule, ...] = ()
    regions: frozenset[str] = frozenset()
    names: list[str] | None = None
    levels: dict[Level, int] = {}


HEAD = "paper: a\nversion: 1\n"


def paper(text: str) -> Paper:
    return read(text.encode(), Paper, file="p.yaml").value


def rule(line: str) -> Rule:
    return paper(f"{HEAD}rules:\n  - id: a\n    {line}\n").rules[0]


def faults(text: str | bytes) -> tuple[Fault, ...]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(DocumentInvalidError) as caught:
        read(data, Paper, file="p.yaml", error=PolicyInvalidError)
    assert isinstance(caught.value, PolicyInvalidError)
    return caught.value.faults


def only(text: str | bytes) -> Fault:
    (fault,) = faults(text)
    return fault


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


@pytest.mark.parametrize(
    ("line", "column", "text", "remedy"),
    [
        ("word: [a]", 11, "a list stands here, but a text", "some text"),
        ("flag: yes", 11, "'yes' is not true or false", "write `true`"),
        ("flag: Off", 11, "'Off' is not true or false", "write `false`"),
        ("flag: 'true'", 11, "not true or false", "without quotation marks"),
        ("flag: True", 11, "not true or false", "`true`"),
        ("ratio: 1", 12, "out of range", "more than 0 and less than 1, for example `0.5`"),
        ("ratio: .nan", 12, "'.nan' is not a number", "0.5"),
        ("ratio: 1e999", 12, "not a number", ""),
        ("price: 1,000", 12, "'1,000' is not a decimal number", "12.50"),
        ("price: 1e3", 12, "not a decimal number", ""),
        ("price: １２", 12, "not a decimal number", "half-width characters: `12`"),
        ("from: 2026-02-30", 11, "'2026-02-30' is not a date", "2026-01-31"),
        ("from: 2026/01/02", 11, "not a date", ""),
        ("from: 20260102", 11, "not a date", ""),
        ("at: 2026-01-01T08:00", 9, "not a date and time", "+08:00"),
        ("at: 2026-01-01", 9, "not a date and time", ""),
        ("until: ~", 12, "~ stands for no value", "2026-01-31"),
        ("until:", 11, "nothing stands here", "2026-01-31"),
        ("colour: Red", 13, "not one of red, dark-blue", "did you mean `red`?"),
        ("colour: dark_blue", 13, "", "did you mean `dark-blue`?"),
        ("colour: green", 13, "not one of red, dark-blue", "`red`"),
        (
            "act: lo",
            10,
            "or a mapping whose 'op' is one of keep, null, crash",
            "did you mean `low`?",
        ),
        ("act: 0", 10, "not one of refuse, low, very_high", ""),
        ("act: keep", 10, "", "write `{op: keep, prefix: 0}`"),
        ("act: kep", 10, "", "did you mean `{op: keep}`?"),
        ("act: op:keep", 10, "", "space after the colon"),
        ("act: op：keep", 10, "", "half-width colon"),
        ("act: {op: keeep, prefix: 3}", 15, "'keeep' is not known as 'op'", "did you mean 'keep'?"),
        ("act: {prefix: 3}", 10, "'op', which says what this is, is missing", "keep, null"),
        ("act: {op: [a]}", 15, "is not known as 'op'", ""),
        ("act: {op: keep}", 10, "the key 'prefix' is missing", "add `prefix: 0`"),
        ("act: {op: keep, prefix: 101}", 29, "out of range", "0 to 100"),
        ("act: {op: keep, prefix: 3, sufix: 1}", 32, "'sufix' is not known", "'suffix'?"),
        ("act: {op: keep, prefix: 0}", 10, "keep shows nothing", "correct the keys"),
        ("act: {op: crash}", 10, "these keys do not go together", ""),
        ("act: [low]", 10, "a list stands here", ""),
        ("fields: a", 13, "'a' is not a list", "`[a]`"),
        ("fields: []", 13, "is empty", "1 to 4"),
        ("fields: [a, b, c, d, e]", 13, "the length is 5", "1 to 4"),
        ("fields: [a, [b]]", 17, "a list stands here, but a text", ""),
        ("fields: {a: b}", 13, "a mapping stands here, but a list", ""),
        ("form: 2026-01-01", 5, "'form' is not known here", "did you mean 'from'?"),
        ("zzzzz: 1", 5, "'zzzzz' is not known here", "use one of id, act, from"),
        ("from_: 2026-01-01", 5, "'from_' is not known here", "'from'?"),
    ],
)
def test_a_fault_says_where_what_and_what_instead(
    line: str, column: int, text: str, remedy: str
) -> None:
    """Each fault stands at its own line and column, in both languages."""
    fault = only(f"{HEAD}rules:\n  - id: a\n    {line}\n")
    assert (fault.line, fault.column) == (5, column)
    assert text in fault.text
    assert remedy in fault.remedy or remedy in fault.text
    assert CHINESE.search(fault.text_zh)
    assert CHINESE.search(fault.remedy_zh)
    assert fault.path[:2] == ("rules", 0) or fault.path == ("rules", 0)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", (1, 1), "empty"),
        ("# nothing\n", (2, 1), "empty"),
        ("null", (1, 1), "no value"),
        ("a", (1, 1), "not a mapping"),
        ("- a", (1, 1), "a list stands here"),
        (HEAD + "\tx: 1", (3, 1), "a tab"),
        (HEAD + "rules:\n\t- id: a", (4, 1), "a tab"),
        ("paper：a\nversion: 1", (1, 6), "full-width colon"),
        ("paper: a: b", (1, 9), "colon"),
        ("paper: [a", (1, 8), "not closed"),
        ("paper: 'a", (1, 8), "not closed"),
        ('paper: "\\q"', (1, 9), "escape"),
        ("paper: @a", (1, 8), "cannot begin"),
        ("paper: `a", (1, 8), "cannot begin"),
        ("paper: {a: 1", (1, 8), "not closed"),
        ("- a\npaper: b", (2, 1), "indentation"),
        ("paper: a\nversion: 1\n  x: 2", (3, 4), "colon"),
        (HEAD + "---\nb: 2", (3, 1), "second document"),
        (HEAD + "...\n---\n", (4, 1), "second document"),
        ("%YAML 1.1\n---\n" + HEAD, (1, 1), "%"),
        (HEAD + "names: [&x a]", (3, 9), "anchor &x"),
        (HEAD + "names: [*x]", (3, 9), "alias *x"),
        (HEAD + "names: !!python/tuple [a]", (3, 8), "tag tag:yaml.org,2002:python/tuple"),
        (HEAD + "names: ! a", (3, 8), "tag !"),
        (HEAD + "names: !!binary a", (3, 8), "tag"),
        (HEAD + "<<: {names: [a]}", (3, 1), "merge key"),
        (HEAD + "[a]: b", (3, 1), "a key must be a text"),
        (HEAD + "? {a: b}\n: c", (3, 3), "a key must be a text"),
        (HEAD + "grades:\n  ? \n  : clear", (4, 4), "nothing stands here"),
        (HEAD + "grades: {~: clear}", (3, 10), "no value"),
        (HEAD + "version: 2", (3, 1), "a second time (first in line 2)"),
        (HEAD + "grades: {a: clear, 'a': clear}", (3, 20), "a second time"),
        (HEAD + "regions: [a,\n a]", (4, 2), "already (line 3)"),
        (HEAD + "regions: [a, a]", (3, 14), "already (line 3)"),
        (HEAD + "levels: {lo: 1}", (3, 10), "'lo' is not one of"),
        (HEAD + "names: [a\0]", (3, 10), "U+0000"),
        (HEAD + "names: [a\u200bb]", (3, 10), "U+200B"),
        (HEAD + "names: [a\u202eb]", (3, 10), "U+202E"),
        (HEAD + "names: [a\u2028b]", (3, 10), "U+2028"),
        (HEAD + "names: [a\rb]", (3, 10), "U+000D"),
        (HEAD + 'names: ["\\0"]', (3, 9), "U+0000"),
        (HEAD + 'names: ["\\e[31m"]', (3, 9), "U+001B"),
        (HEAD + 'names: ["\\u202e"]', (3, 9), "U+202E"),
        (HEAD + "names: [a" + "b" * MAX_SCALAR + "]", (3, 9), "too long"),
        ("[" * 1000, (1, MAX_DEPTH + 2), "nesting"),
        ("{a: " * 1000, (1, 4 * MAX_DEPTH + 2), "nesting"),
        ("- " * 1000, (1, 2 * (MAX_DEPTH + 1) + 1), "nesting"),
        ("? " * 1000, (1, 2 * (MAX_DEPTH + 1) + 1), "nesting"),
        ("names: [" + "a," * MAX_NODES + "]", (1, 2 * MAX_NODES + 3), "more than"),
        (b"a" * (MAX_BYTES + 1), (1, 1), "bytes"),
        (b"\xef\xbb\xbf" + HEAD.encode(), (1, 1), "byte order mark"),
        (HEAD.encode("utf-16"), (1, 1), "not UTF-8"),
        ("paper: 中\nversion: 中".encode("gbk"), (1, 8), "not UTF-8"),
        ((HEAD + "names: [中").encode() + b"\xff", (3, 10), "not UTF-8"),
        (b"paper: \xed\xa0\x80", (1, 8), "not UTF-8"),
        (b"paper: \xc0\x80", (1, 8), "not UTF-8"),
    ],
    ids=lambda value: ascii(value)[:30] if isinstance(value, str | bytes) else None,
)
def test_what_yaml_offers_beyond_plain_data_is_refused(
    text: str | bytes, place: tuple[int, int], words: str
) -> None:
    """Nothing is expanded, guessed or passed over, and the first fault is the telling one."""
    first = faults(text)[0]
    assert (first.line, first.column) == place
    assert words in first.text


def test_aliases_are_refused_before_anything_grows() -> None:
    """The billion laughs are ten small faults."""
    lines = ['a0: &a0 ["lol"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    begun = time.process_time()
    assert "anchor &a0" in faults("\n".join(lines))[0].text
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "text",
    [
        "x" * (MAX_BYTES - 1),
        "x: y\n" * 100_000,
        "".join(f"paperr{n}: 1\n" for n in range(90_000)),
        "rules: [" + "{}, " * 90_000 + "]",
        '"' + "\\0" * 1_000_000 + '"',
        "\n" * (MAX_BYTES - 1),
        "[" * MAX_BYTES,
        "a: " * 100_000,
        "? " * 100_000,
        "- " * 100_000,
        "'" * MAX_BYTES,
        "{" * 31 + "a" * 1_000_000,
        "&" + "a" * 1_000_000 + " x",
        "!" + "a" * 1_000_000 + " x",
        "%" + "a" * 1_000_000,
        "#" * 1_000_000,
        "paper: >" + "\n " * 1_000_000,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_no_hostile_file_takes_long(text: str) -> None:
    """Whatever fits the size limit is refused within seconds, with few faults listed."""
    begun = time.process_time()
    assert len(faults(text)) <= MAX_FAULTS
    assert time.process_time() - begun < 6


def test_all_faults_of_a_file_come_at_once() -> None:
    """They stand in file order, and the error counts those it does not list."""
    text = "papr: a\nversion: 0\nrules:\n- id: A\n  flag: no\n- act: low\nx: *y\n"
    found = faults(text)
    assert [(fault.line, fault.column) for fault in found] == [
        (1, 1), (2, 10), (4, 7), (5, 9), (6, 3), (7, 1), (7, 4),
    ]  # fmt: skip
    with pytest.raises(DocumentInvalidError) as caught:
        read("".join(f"k{n}: 1\n" for n in range(500)).encode(), Paper, file="p.yaml")
    assert len(caught.value.faults) == MAX_FAULTS
    assert caught.value.fault_count == 502


def test_a_misspelt_key_is_not_also_missing() -> None:
    """One mistake, one fault."""
    fault = only("papr: a\nversion: 1\n")
    assert fault.remedy == "did you mean 'paper'?"
    assert fault.remedy_zh == "是否应为 'paper'？"


def test_the_error_reads_as_lines_of_file_line_column() -> None:
    """An editor can jump to each line of the report."""
    with pytest.raises(PolicyInvalidError) as caught:
        read(b"paper: a\nversion: 0\nx: 1\n", Paper, file="p.yaml", error=PolicyInvalidError)
    error = caught.value
    assert error.report().splitlines()[0] == (
        "p.yaml:2:10: version: the number is out of range"
        " — write a whole number of at least 1, for example `1`"
    )
    assert len(error.report().splitlines()) == 2
    assert str(error).startswith("POLICY_INVALID: ")
    assert "2 fault" in str(error)
    assert "p.yaml:2:10" in str(error)
    assert pickle.loads(pickle.dumps(error)).faults == error.faults  # noqa: S301  our own


def test_a_description_and_an_example_stand_in_the_message() -> None:
    """A pattern is shown only where nobody described it."""
    fault = only(f"{HEAD}rules:\n- id: A_B\n")
    assert fault.remedy == (
        "write lower-case letters, digits and hyphens, for example `pension-check`"
    )
    assert fault.remedy_zh == "请写小写字母、数字和连字符，例如 `pension-check`"


def test_no_long_text_of_the_file_is_repeated() -> None:
    """A pasted document or key does not travel into a log."""
    long = "secret" * 50
    text = f"paper: a\nversion: {long}\n{long}: 1\nnames: [*{long}, &{long} a, !{long} a]\n"
    text += f"grades: {{{long}: {long}, x: {{op: {long}}}}}\nrules: [{{id: {long}}}]\n"
    with pytest.raises(DocumentInvalidError) as caught:
        read(text.encode(), Paper, file="p.yaml")
    shown = f"{caught.value.report()}{caught.value.report_zh()}{caught.value!r}"
    assert max(len(run) for run in re.findall("[secrt]+", shown)) <= MAX_QUOTED
    assert len(caught.value.faults) == 8


def test_messages_hold_no_control_characters() -> None:
    """A file cannot move the cursor of the terminal that reads its faults."""
    found = faults(HEAD + '"a\\tb": 1\n"c\\nd": 2\n"\\x9b": 3\n')
    text = "".join(f"{fault}{fault.chinese()}" for fault in found)
    assert not [each for each in text if unicodedata.category(each) == "Cc"]


def test_a_semantic_fault_finds_its_place() -> None:
    """A path leads to its scalar, or to the key of a mapping or list, or as far as it goes."""
    text = (
        HEAD + "rules:\n  - id: a\n    act:\n      op: keep\n      prefix: 3\n    fields: [x, y]\n"
    )
    document = read(text.encode(), Paper, file="p.yaml")
    places: dict[tuple[str | int, ...], tuple[int, int]] = {
        (): (1, 1),
        ("version",): (2, 10),
        ("rules",): (3, 1),
        ("rules", 0): (4, 5),
        ("rules", 0, "id"): (4, 9),
        ("rules", 0, "act"): (5, 5),
        ("rules", 0, "act", "prefix"): (7, 15),
        ("rules", 0, "fields", 1): (8, 17),
        ("rules", 0, "fields", 2): (8, 5),
        ("rules", 0, "until"): (4, 5),
        ("rules", 7): (3, 1),
        ("rules", -1): (3, 1),
        ("version", "x"): (2, 10),
        ("nowhere", "x"): (1, 1),
    }
    for path, place in places.items():
        fault = document.fault(path, "t", "文", "r", "改")
        assert (fault.line, fault.column) == place, path
        assert (fault.file, fault.path, fault.text) == ("p.yaml", path, "t")


def test_semantic_faults_are_raised_as_the_documents_own_error() -> None:
    """`raise_if` does nothing without faults and sorts what it raises."""
    document = read(HEAD.encode(), Paper, file="p.yaml", error=PolicyInvalidError)
    document.raise_if([])
    second = document.fault(("version",), "b", "乙", "r", "改")
    first = document.fault(("paper",), "a", "甲", "r", "改")
    with pytest.raises(PolicyInvalidError) as caught:
        document.raise_if(fault for fault in (second, first))
    assert caught.value.faults == (first, second)
    assert repr(document) == "Document('p.yaml', Paper)"


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


YAMLISH = st.text(
    st.sampled_from("ab:{}[],-?&*!|>'\"%@` \n\t#~0.1<=\\\x00\u3000：中\ufeff\r"), max_size=80
)
VALID = (
    HEAD + "grades: {G1: clear, G2: {op: keep, prefix: 3}}\nrules:\n  - id: a-b\n    act: low\n"
    "    from: 2026-01-01\n    fields: [a, b]\n    flag: true\n    price: 1.20\nregions: [a]\n"
)


def _value_or_faults(data: bytes) -> Document[Any] | None:
    try:
        return read(data, Paper, file="p.yaml")
    except DocumentInvalidError as error:
        found = error.faults
    assert found
    lines = data.decode(errors="replace").splitlines()
    for fault in found:
        assert 1 <= fault.line <= len(lines) + 1
        assert fault.column >= 1
        assert fault.text
        assert fault.remedy
        assert CHINESE.search(fault.text_zh)
        assert CHINESE.search(fault.remedy_zh)
        assert str(fault).isprintable()
    return None


@given(YAMLISH)
def test_any_text_gives_a_value_or_faults(text: str) -> None:
    """Nothing else ever comes out of reading."""
    _value_or_faults(text.encode())
    _value_or_faults((HEAD + text).encode())
    _value_or_faults((HEAD + "rules:\n  - id: a\n    " + text).encode())


@given(st.binary(max_size=100))
def test_any_bytes_give_a_value_or_faults(data: bytes) -> None:
    """The same holds before anything is known to be text."""
    _value_or_faults(data)
    _value_or_faults(HEAD.encode() + data)


@settings(max_examples=300)
@given(
    st.integers(0, len(VALID)),
    st.integers(0, 12),
    st.one_of(YAMLISH, st.sampled_from(["null", "op: keep", "{op: null}", "- ", "~", "1", "[a]"])),
)
def test_a_damaged_document_gives_a_value_or_faults(at: int, length: int, text: str) -> None:
    """A valid file with a piece cut out and another put in."""
    _value_or_faults((VALID[:at] + text + VALID[at + length :]).encode())


TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=20)


@given(TEXTS, st.integers(1, 10**17), st.dictionaries(TEXTS, st.sampled_from(["clear", "nothing"])))
def test_quoted_texts_come_back_as_they_are(
    name: str, version: int, grades: dict[str, str]
) -> None:
    """JSON is YAML: whatever a quoted text holds is its value."""
    content = {"paper": name, "version": version, "grades": grades}
    document = read(msgspec.json.encode(content), Paper, file="p.yaml")
    assert msgspec.to_builtins(document.value) | content == msgspec.to_builtins(document.value)


@given(TEXTS)
def test_a_plain_text_is_its_own_characters(text: str) -> None:
    """Whatever YAML takes for one plain scalar is kept character by character."""
    try:
        value = paper(f"paper: {text}\nversion: 1\n").paper
    except DocumentInvalidError:
        return
    quoted = text.strip(" ")[:1] in {"'", '"', "|", ">"}
    assert quoted or value == re.split(" #", " " + text)[0].strip(" ")
