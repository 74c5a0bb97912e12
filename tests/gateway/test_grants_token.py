"""A grant has one spelling: whatever is not exactly that is refused, with a code and no echo."""

import base64
import hashlib
import hmac
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.grants import VerifiedGrant
from gateway.grants.token import MAX_TOKEN_BYTES, encode_segment
from keys.errors import SealgateError
from keys.material import Purpose
from tests.gateway.token_forge import JSON, TokenForge, same_meaning

ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return TokenForge()


def test_an_ordinary_grant_is_accepted(forge: TokenForge) -> None:
    """What the tables below bend is straight to begin with."""
    grant = forge.verify(forge.valid)
    assert same_meaning(grant, json.dumps(forge.claims).encode())
    assert grant.digest == hashlib.sha256(forge.valid.encode()).hexdigest()
    assert grant.fields == frozenset(forge.claims["authorization_details"][0]["fields"])


# --- header ----------------------------------------------------------------

UNKNOWN, MALFORMED, CLAIM = "TOKEN_ISSUER_UNKNOWN", "TOKEN_MALFORMED", "TOKEN_CLAIM_INVALID"

HEADERS: dict[str, tuple[JSON, str]] = {
    "alg none": ({"alg": "none"}, UNKNOWN),
    "alg None": ({"alg": "None"}, UNKNOWN),
    "alg nOnE": ({"alg": "nOnE"}, UNKNOWN),
    "alg empty": ({"alg": ""}, UNKNOWN),
    "alg HS256": ({"alg": "HS256"}, UNKNOWN),
    "alg HS512": ({"alg": "HS512"}, UNKNOWN),
    "alg RS256": ({"alg": "RS256"}, UNKNOWN),
    "alg ES256": ({"alg": "ES256"}, UNKNOWN),
    "alg Ed448": ({"alg": "Ed448"}, UNKNOWN),
    "alg EdDSA, not listed": ({"alg": "EdDSA"}, UNKNOWN),
    "alg in other case": ({"alg": "ed25519"}, UNKNOWN),
    "alg with a space": ({"alg": "Ed25519 "}, UNKNOWN),
    "alg null": ({"alg": None}, MALFORMED),
    "alg a number": ({"alg": 1}, MALFORMED),
    "alg a list": ({"alg": ["Ed25519"]}, MALFORMED),
    "jwk": ({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}}, MALFORMED),
    "jku": ({"jku": "https://example.test/keys.json"}, MALFORMED),
    "x5u": ({"x5u": "https://example.test/cert.pem"}, MALFORMED),
    "x5c": ({"x5c": ["MIIB"]}, MALFORMED),
    "x5t": ({"x5t": "A" * 27}, MALFORMED),
    "x5t#S256": ({"x5t#S256": "A" * 43}, MALFORMED),
    "epk": ({"epk": {"kty": "OKP"}}, MALFORMED),
    "crit of an unknown name": ({"crit": ["exp"], "exp": 1}, MALFORMED),
    "crit empty": ({"crit": []}, MALFORMED),
    "b64 false": ({"b64": False, "crit": ["b64"]}, MALFORMED),
    "b64 false, not critical": ({"b64": False}, MALFORMED),
    "b64 true": ({"b64": True}, MALFORMED),
    "cty": ({"cty": "JWT"}, MALFORMED),
    "zip": ({"zip": "DEF"}, MALFORMED),
    "enc": ({"enc": "A256GCM"}, MALFORMED),
    "an empty name": ({"": ""}, MALFORMED),
    "a name in other case": ({"Kid": "a" * 26}, MALFORMED),
    "kid of nobody": ({"kid": "a" * 26}, UNKNOWN),
    "kid a path up": ({"kid": "../../../../etc/passwd"}, MALFORMED),
    "kid a path of 26 characters": ({"kid": "../../../../../etc/passwd."}, MALFORMED),
    "kid an absolute path": ({"kid": "/dev/null"}, MALFORMED),
    "kid an address": ({"kid": "https://example.test/key"}, MALFORMED),
    "kid a query": ({"kid": "x' UNION SELECT 'key'; --"}, MALFORMED),
    "kid empty": ({"kid": ""}, MALFORMED),
    "kid null": ({"kid": None}, MALFORMED),
    "kid a number": ({"kid": 7}, MALFORMED),
    "kid a list": ({"kid": ["a" * 26]}, MALFORMED),
    "kid of fullwidth letters": ({"kid": "ａ" * 26}, MALFORMED),
    "typ of any JWT": ({"typ": "JWT"}, CLAIM),
    "typ in other case": ({"typ": "AT+JWT"}, CLAIM),
    "typ with its prefix": ({"typ": "application/at+jwt"}, CLAIM),
    "typ of a status list": ({"typ": "statuslist+jwt"}, CLAIM),
    "typ empty": ({"typ": ""}, CLAIM),
    "typ with a null byte": ({"typ": "at+jwt\0"}, CLAIM),
    "typ null": ({"typ": None}, MALFORMED),
    "typ a list": ({"typ": ["at+jwt"]}, MALFORMED),
}


@pytest.mark.parametrize(("changes", "code"), HEADERS.values(), ids=HEADERS)
def test_a_bent_header_is_refused(forge: TokenForge, changes: JSON, code: str) -> None:
    """Even though the issuer itself signed it."""
    forge.refused(forge.token({**forge.header, **changes}), code)


@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
def test_a_header_without_one_of_its_names_is_refused(forge: TokenForge, name: str) -> None:
    """All three must stand."""
    header = {key: value for key, value in forge.header.items() if key != name}
    forge.refused(forge.token(header), MALFORMED)


@pytest.mark.parametrize("ending", ["\n", "\0", " ", "=", "a"])
@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_kid_with_something_beside_it_is_refused(
    forge: TokenForge, ending: str, place: str
) -> None:
    """A pattern that ends at the last line would let a line feed through."""
    kid = forge.kid + ending if place == "behind" else ending + forge.kid
    forge.refused(forge.token({**forge.header, "kid": kid}), MALFORMED)


def test_a_kid_in_other_case_is_refused(forge: TokenForge) -> None:
    """Ids are compared as they stand."""
    forge.refused(forge.token({**forge.header, "kid": forge.kid.upper()}), MALFORMED)


RAW_HEADERS: dict[str, tuple[str, str]] = {
    "alg twice, none first": (
        '{"alg":"none","alg":"Ed25519","typ":"at+jwt","kid":"KID"}',
        MALFORMED,
    ),
    "alg twice, none last": (
        '{"alg":"Ed25519","alg":"none","typ":"at+jwt","kid":"KID"}',
        MALFORMED,
    ),
    "kid twice": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID","kid":"KID"}', MALFORMED),
    "typ twice, once escaped": (
        r'{"alg":"Ed25519","typ":"JWT","t\u0079p":"at+jwt","kid":"KID"}',
        MALFORMED,
    ),
    "a name twice below a name": (
        '{"alg":"Ed25519","typ":"at+jwt","kid":"KID","jwk":{"x":"","x":""}}',
        MALFORMED,
    ),
    "a list": ('["Ed25519","at+jwt","KID"]', MALFORMED),
    "a list of one header": ('[{"alg":"Ed25519","typ":"at+jwt","kid":"KID"}]', MALFORMED),
    "a string": ('"KID"', MALFORMED),
    "a number": ("1", MALFORMED),
    "null": ("null", MALFORMED),
    "true": ("true", MALFORMED),
    "no member": ("{}", MALFORMED),
    "NaN": ('{"alg":"Ed25519","typ":"at+jwt","kid":NaN}', MALFORMED),
    "a float": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID","x":1.5}', MALFORMED),
    "something behind": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID"}x', MALFORMED),
    "another one behind": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID"}{}', MALFORMED),
    "cut": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID"', MALFORMED),
    "a trailing comma": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID",}', MALFORMED),
    "single quotes": ("{'alg':'Ed25519','typ':'at+jwt','kid':'KID'}", MALFORMED),
    "a comment": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID"/**/}', MALFORMED),
    "a byte order mark": ('\ufeff{"alg":"Ed25519","typ":"at+jwt","kid":"KID"}', MALFORMED),
    "a null byte behind": ('{"alg":"Ed25519","typ":"at+jwt","kid":"KID"}\0', MALFORMED),
    "a line feed in a string": ('{"alg":"Ed25519","typ":"at\n+jwt","kid":"KID"}', MALFORMED),
    "a lone surrogate": (r'{"alg":"Ed25519","typ":"at+jwt\ud800","kid":"KID"}', MALFORMED),
    "a lone surrogate as name": (
        r'{"alg":"Ed25519","typ":"at+jwt","kid":"KID","\udfff":1}',
        MALFORMED,
    ),
    "lists within lists": ("[" * 3000 + "]" * 3000, MALFORMED),
    "objects within objects": ('{"a":' * 1000 + "1" + "}" * 1000, MALFORMED),
}


@pytest.mark.parametrize(("text", "code"), RAW_HEADERS.values(), ids=RAW_HEADERS)
def test_a_header_of_doubtful_json_is_refused(forge: TokenForge, text: str, code: str) -> None:
    """What two readers may read differently is not read."""
    forge.refused(forge.token(text.replace("KID", forge.kid).encode()), code)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_a_header_in_another_encoding_is_refused(forge: TokenForge, encoding: str) -> None:
    """JSON readers that guess the encoding would read it."""
    forge.refused(forge.token(json.dumps(forge.header).encode(encoding)), MALFORMED)


@pytest.mark.parametrize("tail", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
@pytest.mark.parametrize("part", ["header", "claims"])
def test_a_part_that_is_no_utf8_is_refused(forge: TokenForge, tail: bytes, part: str) -> None:
    """Overlong forms and surrogates in UTF-8 among them."""
    if part == "header":
        token = forge.token(b'{"alg":"Ed25519","typ":"at+jwt","kid":"' + tail + b'"}')
    else:
        token = forge.token(claims=b'{"iss":"' + tail + b'"}')
    forge.refused(token, MALFORMED)


def test_space_between_the_words_of_the_json_is_no_fault(forge: TokenForge) -> None:
    """Other stacks indent; the meaning is the same."""
    token = forge.token(
        json.dumps(forge.header, indent=2).encode() + b"\n",
        b"\n" + json.dumps(forge.claims, indent=1, ensure_ascii=True).encode(),
    )
    assert same_meaning(forge.verify(token), json.dumps(forge.claims).encode())


# --- signature -------------------------------------------------------------


def _public_forms(raw: bytes) -> dict[str, bytes]:
    key = Ed25519PublicKey.from_public_bytes(raw)
    return {
        "raw": raw,
        "PEM": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "base64": base64.b64encode(raw),
        "JWK": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encode_segment(raw)}).encode(),
        "nothing": b"",
    }


@pytest.mark.parametrize("listed", [False, True], ids=["", "listed by mistake"])
@pytest.mark.parametrize("form", ["raw", "PEM", "DER", "base64", "JWK", "nothing"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_mac_with_the_public_key_is_refused(
    forge: TokenForge, form: str, digest: str, listed: bool
) -> None:
    """Everybody knows that key; not even an issuer listed with a MAC may use one."""
    name, secret = f"HS{digest[3:]}", _public_forms(forge.public)[form]
    token = forge.token(
        {**forge.header, "alg": name},
        sign=lambda signed: hmac.digest(secret, signed, digest),
    )
    assert _verify_with_algorithms(forge, token, ("Ed25519", name) if listed else ("Ed25519",)) == (
        UNKNOWN
    )


def _verify_with_algorithms(forge: TokenForge, token: str, algorithms: tuple[str, ...]) -> str:
    issuers = {forge.city.iss: forge.city.issuer(algorithms=algorithms)}
    trust = msgspec.structs.replace(forge.snapshot.trust, issuers=issuers)
    snapshot = msgspec.structs.replace(
        forge.snapshot, number=forge.snapshot.number + 1, trust=trust
    )
    found = forge.outcome(token, snapshot)
    return found.code if isinstance(found, SealgateError) else "ok"


@pytest.mark.parametrize(
    ("algorithms", "named", "outcome"),
    [
        (("Ed25519",), "Ed25519", "ok"),
        (("Ed25519",), "EdDSA", UNKNOWN),
        (("EdDSA",), "EdDSA", "ok"),
        (("EdDSA",), "Ed25519", UNKNOWN),
        (("Ed25519", "EdDSA"), "EdDSA", "ok"),
        (("Ed25519", "EdDSA"), "Ed25519", "ok"),
        (("none",), "none", UNKNOWN),
        (("Ed25519", "none"), "none", UNKNOWN),
        (("Ed448",), "Ed448", UNKNOWN),
        (("RS256",), "RS256", UNKNOWN),
        (("*",), "*", UNKNOWN),
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_algorithm_counts_where_its_issuer_is_listed_with_it(
    forge: TokenForge, algorithms: tuple[str, ...], named: str, outcome: str
) -> None:
    """EdDSA, the older name, for those listed so; nothing outside the known two for anybody."""
    token = forge.token({**forge.header, "alg": named})
    assert _verify_with_algorithms(forge, token, algorithms) == outcome


def _signature_of(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")


SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "of zeros": lambda _: bytes(64),
    "of ones": lambda _: b"\xff" * 64,
    "short by a byte": lambda signature: signature[:63],
    "long by a byte": lambda signature: signature + b"\0",
    "one byte": lambda _: b"\0",
    "halves swapped": lambda signature: signature[32:] + signature[:32],
    "R of the identity, S of zero": lambda _: b"\x01" + bytes(63),
    "S plus the order": lambda signature: (
        signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    ),
    "first bit flipped": lambda signature: bytes((signature[0] ^ 1,)) + signature[1:],
    "last bit flipped": lambda signature: signature[:-1] + bytes((signature[-1] ^ 0x80,)),
    "twice": lambda signature: signature * 2,
    "of a thousand bytes": lambda signature: signature * 16,
}


@pytest.mark.parametrize("bend", SIGNATURES.values(), ids=SIGNATURES)
def test_a_bent_signature_is_refused(forge: TokenForge, bend: Callable[[bytes], bytes]) -> None:
    """Among them the second spelling of the same signature, S plus the group's order."""
    signed, _, _ = forge.valid.rpartition(".")
    token = f"{signed}.{encode_segment(bend(_signature_of(forge.valid)))}"
    forge.refused(token, "TOKEN_SIGNATURE_INVALID")


def test_a_signature_of_another_grant_is_refused(forge: TokenForge) -> None:
    """Two good tokens do not make a third."""
    head, _, signature = forge.valid.split(".")
    body = forge.token(claims={**forge.claims, "client_id": "another"}).split(".")[1]
    forge.refused(f"{head}.{body}.{signature}", "TOKEN_SIGNATURE_INVALID")


def test_a_stranger_with_a_right_kid_is_refused(forge: TokenForge) -> None:
    """The key comes from trust data, so a signature by any other key holds nowhere."""
    stranger = forge.city.outsider
    key = next(key for key in stranger.keys.list_keys() if key.purpose is Purpose.SIGNING)
    token = forge.token(sign=lambda signed: stranger.keys.sign(key.key_id, signed))
    forge.refused(token, "TOKEN_SIGNATURE_INVALID")


def test_a_department_is_no_issuer(forge: TokenForge) -> None:
    """A key of the directory signs envelopes, no grants: neither under our issuer nor its own."""
    stranger = forge.city.requester
    key = next(key for key in stranger.keys.list_keys() if key.purpose is Purpose.SIGNING)
    for iss in (forge.city.iss, stranger.department):
        token = forge.token(
            {**forge.header, "kid": key.key_id},
            {**forge.claims, "iss": iss},
            sign=lambda signed: stranger.keys.sign(key.key_id, signed),
        )
        forge.refused(token, UNKNOWN)


# --- segments --------------------------------------------------------------

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


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


# --- laws ------------------------------------------------------------------


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
