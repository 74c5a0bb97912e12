"""A grant has one header: whatever is not exactly that is refused, with a code and no echo."""

import hashlib
import json

import pytest

from tests.gateway.token_forge import CLAIM, JSON, MALFORMED, UNKNOWN, TokenForge, same_meaning


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
