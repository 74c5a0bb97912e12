"""Any bytes give a value or faults, and what is quoted comes back as it was."""

import re
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.document import Document, read
from masking.errors import DocumentInvalidError
from tests.masking.papers import CHINESE, HEAD, Paper, paper

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
