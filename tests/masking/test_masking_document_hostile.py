"""What YAML offers beyond plain data is refused, soon and in few words."""

import time

import pytest

from masking.document.collector import MAX_FAULTS
from masking.document.nodes import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_SCALAR
from tests.masking.papers import HEAD, faults


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
