"""Each fault of a file says where it is, what is wrong and what to write instead."""

import pickle
import re
import unicodedata
from typing import Annotated

import pytest
from msgspec import Meta, Struct

from masking.document import read
from masking.document.collector import MAX_FAULTS
from masking.errors import DocumentInvalidError, PolicyInvalidError
from masking.faults import MAX_QUOTED
from tests.masking.papers import CHINESE, HEAD, Paper, faults, only


@pytest.mark.parametrize(
    ("line", "column", "text", "remedy"),
    [
        ("word: [a]", 11, "a list stands here, but a text", "some text"),
        ("flag: yes", 11, "'yes' is not true or false", "write `true`"),
        ("flag: Off", 11, "'Off' is not true or false", "write `false`"),
        ("flag: 'true'", 11, "not true or false", "without quotation marks: `true`"),
        ("flag: 'maybe'", 11, "not true or false", "write for example `true`"),
        ("flag: True", 11, "not true or false", "`true`"),
        ("ratio: 1", 12, "out of range", "more than 0 and less than 1, for example `0.5`"),
        ("ratio: .nan", 12, "'.nan' is not a number", "0.5"),
        ("ratio: 1e999", 12, "not a number", ""),
        ("price: 1,000", 12, "'1,000' is not a decimal number", "12.50"),
        ("price: 1e3", 12, "not a decimal number", ""),
        ("price: １２", 12, "not a decimal number", "half-width characters: `12`"),
        ("price: １２万", 12, "not a decimal number", "write for example `12.50`"),
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
        ("act: keep", 10, "", "write `{op: keep, prefix: 3}`"),
        ("act: kep", 10, "", "did you mean `{op: keep, prefix: 3}`?"),
        ("act: op:keep", 10, "", "space after the colon"),
        ("act: op：keep", 10, "", "half-width colon"),
        ("act: {op: keeep, prefix: 3}", 15, "'keeep' is not known as 'op'", "did you mean 'keep'?"),
        ("act: {prefix: 3}", 10, "'op', which says what this is, is missing", "add `op: keep`"),
        ("act: {}", 10, "'op', which says what this is, is missing", "one of keep, null, crash"),
        ("act: {op: [a]}", 15, "is not known as 'op'", ""),
        ("act: {op: keep}", 10, "the key 'prefix' is missing", "add `prefix: 3`"),
        ("act: {op: keep, prefix: 101}", 29, "out of range", "0 to 100"),
        ("act: {op: keep, prefix: 3, sufix: 1}", 32, "'sufix' is not known", "'suffix'?"),
        ("act: {op: keep, prefix: 0}", 10, "keep shows nothing", "correct the keys"),
        ("act: {op: crash}", 10, "these keys do not go together", ""),
        ("act: [low]", 10, "a list stands here", ""),
        ("fields: a", 13, "'a' is not a list", "write it in brackets: `[a]`"),
        ("fields: a, b", 13, "'a, b' is not a list", "write for example `[some text]`"),
        ("fields: 'a'", 13, "'a' is not a list", "write for example `[some text]`"),
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


class Sealed(Struct, frozen=True, kw_only=True):
    """Something of which no example can be given."""

    key: Annotated[str, Meta(max_length=9, extra={"advice": ("copy it", "请抄录")})]


class Bounded(Struct, frozen=True, kw_only=True):
    """Bounds of every sort."""

    mark: Annotated[str, Meta(min_length=1, max_length=1)]
    long: Annotated[str, Meta(min_length=12)]
    form: Annotated[str, Meta(pattern="^[a-z]+$")]
    span: Annotated[int, Meta(ge=-(10**18), le=10**18)]
    below: Annotated[int, Meta(ge=-9, le=-3)]
    one: Annotated[tuple[str, ...], Meta(max_length=1)]
    sealed: Sealed
    all: Annotated[tuple["Bounded", ...], Meta(min_length=1)]


def test_an_example_keeps_within_the_bounds() -> None:
    """Where none can be made, or the whole is too long, the message says where to look."""
    with pytest.raises(DocumentInvalidError) as caught:
        read(b"x_y_z: 1", Bounded, file="p.yaml")
    remedies = {fault.text.split("'")[1]: fault.remedy for fault in caught.value.faults}
    assert remedies == {
        "x_y_z": "use one of mark, long, form, span, below, one, sealed, all, or delete it",
        "mark": "add `mark: s`, a text of 1 character",
        "long": "add `long: some text………`, a text of 12 or more characters",
        "form": "add `form:`, a text; an example stands in the documentation",
        "span": "add `span: 0`, a whole number from -1000000000000000000 to 1000000000000000000",
        "below": "add `below: -9`, a whole number from -9 to -3",
        "one": "add `one: [some text]`, a list of at most 1 item",
        "sealed": "add `sealed:`, a mapping with key; copy it",
        "all": "add `all:`, a list of 1 or more items; an example stands in the documentation",
    }
