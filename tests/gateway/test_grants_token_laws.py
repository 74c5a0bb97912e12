"""A grant changed anywhere, in its text or in its JSON, is refused or means what it says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.grants import VerifiedGrant
from gateway.grants.token import encode_segment
from keys.errors import SealgateError
from tests.gateway.token_forge import ALPHABET, JSON, TokenForge, same_meaning


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return TokenForge()


CHARACTERS = st.one_of(
    st.sampled_from([*ALPHABET, ".", "=", "+", "/", " ", "\n", "\0"]),
    st.characters(),
    st.characters(categories=["Cs"]),
)


@st.composite
def edits(draw: st.DrawFn, text: str) -> str:
    """Draw a text with a few places replaced, inserted, removed, moved or cut."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        to = draw(st.integers(at, min(len(text), at + 8)))
        change = draw(st.sampled_from(["replace", "insert", "remove", "double", "cut", "case"]))
        put = draw(st.text(CHARACTERS, min_size=1, max_size=4))
        text = {
            "replace": text[:at] + put + text[at + len(put) :],
            "insert": text[:at] + put + text[at:],
            "remove": text[:at] + text[to:],
            "double": text[:to] + text[at:],
            "cut": text[:at],
            "case": text[:at] + text[at:to].swapcase() + text[to:],
        }[change]
    return text


@settings(max_examples=200)
@given(data=st.data())
def test_a_token_changed_anywhere_is_refused(forge: TokenForge, data: st.DataObject) -> None:
    """A changed character is never passed over: refused with a code, or it was no change."""
    token = data.draw(edits(forge.valid))
    found = forge.outcome(token)
    if isinstance(found, SealgateError):
        return
    assert token == forge.valid


@settings(max_examples=100)
@given(st.one_of(st.text(CHARACTERS), st.lists(st.binary(), max_size=4)))
def test_any_text_is_refused(forge: TokenForge, text: str | list[bytes]) -> None:
    """Any text, and any bytes in the dress of a token."""
    token = text if isinstance(text, str) else ".".join(map(encode_segment, text))
    assert isinstance(forge.outcome(token), SealgateError)


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(1_700_000_000, 1_900_000_000),
    st.floats(),
    st.text(st.characters(), max_size=12),
    st.sampled_from(["*", "at+jwt", "read", "interface", "file", "G1", "G4", "CORE", "region"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every member and item of a JSON value."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield (*path, key)
            yield from places(item, (*path, key))


@st.composite
def restructured(draw: st.DrawFn, value: JSON) -> JSON:
    """Draw a JSON object with a few members replaced, removed, added, moved or renamed."""
    value = _copy(value)
    for _ in range(draw(st.integers(1, 2))):
        if not value:
            break
        *above, last = draw(st.sampled_from(list(places(value))))
        holder: Any = value
        for key in above:
            holder = holder[key]
        match draw(st.sampled_from(["replace", "remove", "add", "copy", "wrap", "reverse"])):
            case "remove":
                del holder[last]
            case "add" if isinstance(holder, dict):
                holder[draw(st.text(max_size=8))] = draw(VALUES)
            case "add":
                holder.append(draw(VALUES))
            case "copy":
                holder[last] = _copy(value[draw(st.sampled_from(sorted(value)))])
            case "wrap":
                holder[last] = [holder[last]]
            case "reverse" if isinstance(holder, list):
                holder.reverse()
            case _:
                holder[last] = draw(VALUES)
    return value


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


@settings(max_examples=200)
@given(data=st.data())
def test_signed_claims_mean_what_they_say_or_are_refused(
    forge: TokenForge, data: st.DataObject
) -> None:
    """Whatever an issuer signs: a grant means every member of its claims, or is refused."""
    claims = data.draw(restructured(forge.claims))
    payload = json.dumps(claims, ensure_ascii=data.draw(st.booleans())).encode(
        "utf-8", "surrogatepass"
    )
    token = forge.token(claims=payload)
    found = forge.outcome(token)
    if isinstance(found, VerifiedGrant):
        assert same_meaning(found, payload)
        assert found.detail == found.claims.authorization_details[0]
        assert found.fields == set(found.detail.fields)


@settings(max_examples=200)
@given(data=st.data())
def test_signed_claims_edited_as_text_mean_what_they_say_or_are_refused(
    forge: TokenForge, data: st.DataObject
) -> None:
    """The same for claims whose text is damaged before it is signed."""
    text = data.draw(edits(json.dumps(forge.claims, ensure_ascii=False)))
    payload = text.encode("utf-8", "surrogatepass")
    found = forge.outcome(forge.token(claims=payload))
    assert isinstance(found, SealgateError) or same_meaning(found, payload)


@settings(max_examples=100)
@given(data=st.data())
def test_a_signed_header_is_the_one_header_or_refused(
    forge: TokenForge, data: st.DataObject
) -> None:
    """No second header, however the issuer comes to sign it, lets a grant through."""
    header = data.draw(restructured(forge.header))
    found = forge.outcome(forge.token(json.dumps(header).encode()))
    assert isinstance(found, SealgateError) or header == forge.header


@settings(max_examples=100)
@given(payload=st.one_of(st.binary(), VALUES.map(lambda value: json.dumps(value).encode())))
def test_any_signed_payload_is_refused(forge: TokenForge, payload: bytes) -> None:
    """Signed bytes that are no grant are refused with a code, whatever they are."""
    assert isinstance(forge.outcome(forge.token(claims=payload or b" ")), SealgateError)
