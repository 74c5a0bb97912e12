"""A grant has one spelling, and what is cheap to refuse is refused first."""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from gateway.grants.token import MAX_TOKEN_BYTES, encode_segment
from keys.errors import SealgateError
from tests.gateway.token_forge import ALPHABET, CLAIM, JSON, MALFORMED, UNKNOWN, TokenForge


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return TokenForge()


def _edit(index: int, change: Callable[[str], str]) -> Callable[[str], str]:
    def edit(token: str) -> str:
        segments = token.split(".")
        segments[index] = change(segments[index])
        return ".".join(segments)

    return edit


def _loosen(segment: str) -> str:
    """Set a bit behind the last whole byte: the same bytes, spelled in another way."""
    assert len(segment) % 4
    return segment[:-1] + ALPHABET[ALPHABET.index(segment[-1]) | 1]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "a dot": lambda _: ".",
    "two dots": lambda _: "..",
    "one segment": lambda token: token.replace(".", ""),
    "two segments": lambda token: token.rpartition(".")[0],
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "no header": _edit(0, lambda _: ""),
    "no claims": _edit(1, lambda _: ""),
    "four segments": lambda token: token + ".",
    "five segments": lambda token: token + ".AA.AA",
    "a dot before": lambda token: "." + token,
    "padding behind the header": _edit(0, lambda part: part + "=" * (-len(part) % 4 or 4)),
    "padding behind the claims": _edit(1, lambda part: part + "=" * (-len(part) % 4 or 4)),
    "padding behind the signature": _edit(2, lambda part: part + "=="),
    "half the padding": _edit(2, lambda part: part + "="),
    "too much padding": _edit(2, lambda part: part + "===="),
    "loose bits in the signature": _edit(2, _loosen),
    "a character too many": _edit(2, lambda part: part + "AAA"),
    "a plus": _edit(2, lambda part: "+" + part[1:]),
    "a slash": _edit(2, lambda part: "/" + part[1:]),
    "a space before": lambda token: " " + token,
    "a space behind": lambda token: token + " ",
    "a space within": lambda token: token[:40] + " " + token[40:],
    "a line feed behind": lambda token: token + "\n",
    "a carriage return behind": lambda token: token + "\r\n",
    "a line feed before": lambda token: "\n" + token,
    "folded lines": lambda token: "\n".join(token[i : i + 76] for i in range(0, len(token), 76)),
    "a tab around a dot": lambda token: token.replace(".", ".\t"),
    "a form feed behind": lambda token: token + "\f",
    "a line separator behind": lambda token: token + "\u2028",
    "a no-break space behind": lambda token: token + "\u00a0",
    "a zero-width space within": lambda token: token[:40] + "\u200b" + token[40:],
    "a byte order mark before": lambda token: "\ufeff" + token,
    "a null byte behind": lambda token: token + "\0",
    "a null byte within": lambda token: token[:40] + "\0" + token[40:],
    "a fullwidth letter": lambda token: token.replace("A", "Ａ", 1),
    "a Cyrillic letter": lambda token: token.replace("e", "\u0435", 1),
    "Arabic digits": _edit(1, lambda part: part[:-1] + "\u0661"),
    "a fullwidth dot": lambda token: token.replace(".", "．", 1),
    "a character of four bytes": lambda token: token + "\U0001f600",
    "a lone surrogate": lambda token: token + "\ud800",
    "a lone surrogate before": lambda token: "\udfff" + token,
    "a scheme before": lambda token: "Bearer " + token,
    "quotes around": lambda token: f'"{token}"',
    "percent signs": lambda token: token.replace(".", "%2E"),
    "twice": lambda token: f"{token}.{token}",
    "upper case": lambda token: token.upper(),
}


@pytest.mark.parametrize("bend", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_refused(forge: TokenForge, bend: Callable[[str], str]) -> None:
    """One grant has one sequence of characters, so that its digest names it."""
    token = bend(forge.valid)
    assert token != forge.valid
    forge.refused(token, MALFORMED)


@pytest.mark.parametrize("rest", [2, 3])
@pytest.mark.parametrize("part", [0, 1])
def test_loose_bits_are_refused_in_every_segment(forge: TokenForge, part: int, rest: int) -> None:
    """Signed so by the issuer itself, who spells header or claims with bits that no byte holds."""
    content = json.dumps(forge.claims if part else forge.header).encode()
    while len(encode_segment(content)) % 4 != rest:
        content += b" "
    head, body, _ = (forge.token(claims=content) if part else forge.token(content)).split(".")
    head, body = (head, _loosen(body)) if part else (_loosen(head), body)
    signature = encode_segment(forge.city.sign(f"{head}.{body}".encode()))
    forge.refused(f"{head}.{body}.{signature}", MALFORMED)


def _of_length(forge: TokenForge, length: int) -> str:
    """Make a valid token of exactly that many characters, by space in header and claims."""
    claims = json.dumps(forge.claims).encode()
    claims += b" " * ((length - len(forge.token(claims=claims))) * 3 // 4 - 8)
    for head, body in itertools.product(range(4), range(16)):
        token = forge.token(json.dumps(forge.header).encode() + b" " * head, claims + b" " * body)
        if len(token) == length:
            return token
    raise AssertionError(length)


def test_a_token_may_be_as_long_as_the_limit_and_no_longer(forge: TokenForge) -> None:
    """8 KiB: more than any grant needs."""
    assert forge.verify(_of_length(forge, MAX_TOKEN_BYTES)).claims.jti == forge.claims["jti"]
    forge.refused(_of_length(forge, MAX_TOKEN_BYTES + 1), MALFORMED)


def test_an_endless_token_costs_nothing(forge: TokenForge) -> None:
    """The length is looked at before the digest is made, however long."""
    token = "A" * 50_000_000
    start = time.process_time()
    with pytest.raises(SealgateError) as caught:
        forge.verify(token)
    assert time.process_time() - start < 0.02
    assert caught.value.code == MALFORMED


ORDERED: list[tuple[str, JSON, JSON, str]] = [
    # name, changes of the header, of the claims, the code that must come first
    ("a foreign header before an unknown issuer", {"jku": "x"}, {"iss": "urn:x"}, MALFORMED),
    ("an unknown issuer before a bad signature", {}, {"iss": "urn:x", "exp": 1.0}, MALFORMED),
    ("an unknown issuer before wrong claims", {}, {"iss": "urn:x", "exp": "x"}, UNKNOWN),
    ("typ before claims", {"typ": "JWT"}, {"exp": "x"}, CLAIM),
    ("the provider before times", {}, {"aud": "x", "exp": 1_700_000_000}, "TOKEN_AUDIENCE_WRONG"),
]


@pytest.mark.parametrize(
    ("header", "claims", "code"), [row[1:] for row in ORDERED], ids=[row[0] for row in ORDERED]
)
def test_what_is_cheap_is_checked_first(
    forge: TokenForge, header: JSON, claims: JSON, code: str
) -> None:
    """With two faults, the one of the earlier step is told."""
    forge.refused(forge.token({**forge.header, **header}, {**forge.claims, **claims}), code)


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "urn:x"}, UNKNOWN),
        ({"exp": "x"}, "TOKEN_SIGNATURE_INVALID"),
        ({"exp": 1}, "TOKEN_SIGNATURE_INVALID"),
        ({"aud": "x"}, "TOKEN_SIGNATURE_INVALID"),
        ({"sub": "x"}, "TOKEN_SIGNATURE_INVALID"),
    ],
)
def test_no_claim_is_judged_before_the_signature(
    forge: TokenForge, claims: JSON, code: str
) -> None:
    """But for the issuer, whose key must be found; and an unknown one costs no signature."""
    token = forge.token(claims={**forge.claims, **claims}, sign=lambda _: bytes(64))
    forge.refused(token, code)


def test_the_library_is_not_asked_about_tokens_that_are_malformed(forge: TokenForge) -> None:
    """A fresh process refuses a stranger's tokens without having loaded it."""
    script = """
import sys
from gateway.grants import GrantVerifier
from keys.errors import SealgateError
class Strangers:
    number = 1
    class trust:
        issuers = {}
for token in sys.argv[1:]:
    try:
        GrantVerifier("x").verify(token, Strangers(), 0)
    except SealgateError as error:
        print(error.code)
print("joserfc" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "x" * 9000, forge.valid + "=", forge.valid],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.split() == [MALFORMED, MALFORMED, UNKNOWN, "False"]
