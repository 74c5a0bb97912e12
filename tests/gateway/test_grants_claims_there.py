"""The claims of a grant are there, meant for us, and an error names the one that is not."""

import json
from typing import Any

import pytest

from gateway.grants.claims import Claims
from gateway.grants.token import read_claims
from keys.errors import SealgateError
from tests.gateway.token_forge import (
    CLAIM,
    JSON,
    OTHER,
    US,
    TokenForge,
    marked_forge,
    same_meaning,
    shown,
)


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return marked_forge()


def test_a_grant_with_every_claim_is_accepted(forge: TokenForge) -> None:
    """And means each of them."""
    assert same_meaning(forge.verify(forge.valid), json.dumps(forge.claims).encode())


def _without(forge: TokenForge, path: str) -> str:
    claims: Any = json.loads(json.dumps(forge.claims))
    *above, last = path.replace("authorization_details", "authorization_details.0").split(".")
    if last == "0":
        above, last = [], "authorization_details"
    holder = claims
    for key in above:
        holder = holder[int(key) if key == "0" else key]
    del holder[last]
    return forge.token(claims=claims)


@pytest.mark.parametrize(
    "path",
    [
        *("sub", "client_id", "aud", "iat", "nbf", "exp", "jti", "status", "authorization_details"),
        *("status.status_list", "status.status_list.idx", "status.status_list.uri"),
        *(
            f"authorization_details.{name}"
            for name in (
                *("type", "resource", "fields", "purpose", "scenario", "level", "legal_basis"),
                *("actions", "modes", "approval.by", "approval.at", "approval.reference"),
            )
        ),
    ],
)
def test_a_missing_claim_is_refused_by_its_name(forge: TokenForge, path: str) -> None:
    """There is no default for what an issuer left out."""
    error = forge.refused(_without(forge, path), CLAIM)
    assert error.message == f"claim {path}: it is missing"


def test_a_grant_that_names_no_issuer_is_refused(forge: TokenForge) -> None:
    """Without one there is no key to ask."""
    forge.refused(_without(forge, "iss"), "TOKEN_ISSUER_UNKNOWN")


NO_AUDIENCES: dict[str, tuple[object, str]] = {
    "a list with us alone": ([US], CLAIM),
    "a list with us in it": ([OTHER, US], CLAIM),
    "a list with us first": ([US, OTHER], CLAIM),
    "an empty list": ([], CLAIM),
    "an object": ({US: True}, CLAIM),
    "null": (None, CLAIM),
    "a number": (11149900, CLAIM),
    "another department": (OTHER, "TOKEN_AUDIENCE_WRONG"),
    "nobody": ("", "TOKEN_AUDIENCE_WRONG"),
    "everybody": ("*", "TOKEN_AUDIENCE_WRONG"),
    "us in lower case": (US.lower(), "TOKEN_AUDIENCE_WRONG"),
    "us and a space": (US + " ", "TOKEN_AUDIENCE_WRONG"),
    "us and a line feed": (US + "\n", "TOKEN_AUDIENCE_WRONG"),
    "us and a null byte": (US + "\0", "TOKEN_AUDIENCE_WRONG"),
    "us and another": (f"{US} {OTHER}", "TOKEN_AUDIENCE_WRONG"),
    "us as an address": (f"urn:{US}", "TOKEN_AUDIENCE_WRONG"),
    "us in fullwidth digits": (
        US.replace("1", "１"),
        "TOKEN_AUDIENCE_WRONG",
    ),
}


@pytest.mark.parametrize(("value", "code"), NO_AUDIENCES.values(), ids=NO_AUDIENCES)
def test_the_audience_is_us_and_nobody_else(forge: TokenForge, value: object, code: str) -> None:
    """One string; a list names parties that could hand the grant on."""
    forge.refused(forge.with_claims(aud=value), code)


# --- what errors tell ------------------------------------------------------


# The library's messages quote keys and values, which may be spelled like its own words.
QUOTED = {
    "an unknown name": '{"iss": 1, "KEY": 1}',
    "an unknown name alone": '{"KEY": 1}',
    "an unknown name below": '{"status": {"KEY": 1}}',
    "a value of the wrong set": '{"authorization_details": [{"type": "KEY"}]}',
    "a mode of the wrong set": '{"authorization_details": [{"modes": ["KEY"]}]}',
    "a string for a number": '{"iat": "KEY"}',
    "an id": '{"jti": "KEY"}',
}
SPELLED = (
    "marked_secret",
    "` - at `$.marked_secret",
    "` - at `$.marked_secret`",
    "required field `marked_secret`",
    "Object missing required field `marked_secret`",
    "` - at `$.marked_secret[0].marked_secret` - at `$.marked_secret`",
    "marked_secret` - at `$.status.marked_secret`",
)


@pytest.mark.parametrize("spelled", SPELLED)
@pytest.mark.parametrize("text", QUOTED.values(), ids=QUOTED)
def test_no_name_or_value_comes_out_in_the_dress_of_a_path(text: str, spelled: str) -> None:
    """An error names claims that we know, whatever a token is spelled like."""
    with pytest.raises(SealgateError) as caught:
        read_claims(text.replace("KEY", spelled).encode(), Claims)
    assert "marked_secret" not in shown(caught.value)
    assert caught.value.code == CLAIM


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"exp": "x"}, "exp"),
        ({"status": {"status_list": {"idx": -1, "uri": "u"}}}, "status.status_list.idx"),
        ({"authorization_details": [{}, {}]}, "authorization_details.type"),
        ({"authorization_details": []}, "authorization_details"),
        ({"x": 1}, "(unknown)"),
    ],
)
def test_an_error_names_the_claim(forge: TokenForge, changes: JSON, named: str) -> None:
    """So that an issuer can find what is wrong."""
    error = forge.refused(forge.with_claims(**changes), CLAIM)
    assert error.message.startswith(f"claim {named}: ")
