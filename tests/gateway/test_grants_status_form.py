"""A list is believed when it is signed, whole and of its form."""

import json

import msgspec
import pytest

from gateway.grants.status import verify_status_list
from gateway.testing import DAY, STATUS_URI
from keys.material import Purpose
from tests.gateway.status_forge import StatusForge, pack
from tests.gateway.token_forge import (
    CLAIM,
    JSON,
    MALFORMED,
    MARK,
    UNKNOWN,
)


@pytest.fixture(scope="module")
def forge() -> StatusForge:
    """Share one city: verifying changes nothing in it."""
    return StatusForge()


BENT: dict[str, tuple[JSON, str]] = {
    "iss of nobody": ({"iss": "urn:nobody"}, UNKNOWN),
    "iss a list": ({"iss": ["urn:sealgate:issuer:qinglan"]}, CLAIM),
    "iss null": ({"iss": None}, CLAIM),
    "sub null": ({"sub": None}, CLAIM),
    "sub a list": ({"sub": [STATUS_URI]}, CLAIM),
    "sub empty": ({"sub": ""}, CLAIM),
    "sub with a space": ({"sub": f"{STATUS_URI} "}, CLAIM),
    "sub with a line feed": ({"sub": f"{STATUS_URI}\n"}, CLAIM),
    "iat a string": ({"iat": "1793577600"}, CLAIM),
    "iat a float": ({"iat": 1793577600.0}, MALFORMED),
    "iat true": ({"iat": True}, CLAIM),
    "iat negative": ({"iat": -1}, CLAIM),
    "iat huge": ({"iat": 10**40}, CLAIM),
    "exp null": ({"exp": None}, CLAIM),
    "exp NaN": ({"exp": float("nan")}, MALFORMED),
    "exp infinite": ({"exp": float("inf")}, MALFORMED),
    "ttl null": ({"ttl": None}, CLAIM),
    "ttl negative": ({"ttl": -1}, CLAIM),
    "an unknown claim": ({MARK: 1}, CLAIM),
    "aud": ({"aud": "11149900MB0C12002H"}, CLAIM),
    "no list": ({"status_list": None}, CLAIM),
    "list empty": ({"status_list": {}}, CLAIM),
    "list a string": ({"status_list": pack(bytes(8))}, CLAIM),
    "bits 0": ({"status_list": {"bits": 0, "lst": pack(bytes(8))}}, CLAIM),
    "bits 3": ({"status_list": {"bits": 3, "lst": pack(bytes(8))}}, CLAIM),
    "bits 16": ({"status_list": {"bits": 16, "lst": pack(bytes(8))}}, CLAIM),
    "bits negative": ({"status_list": {"bits": -1, "lst": pack(bytes(8))}}, CLAIM),
    "bits true": ({"status_list": {"bits": True, "lst": pack(bytes(8))}}, CLAIM),
    "bits a string": ({"status_list": {"bits": "1", "lst": pack(bytes(8))}}, CLAIM),
    "bits a float": ({"status_list": {"bits": 1.0, "lst": pack(bytes(8))}}, MALFORMED),
    "bits missing": ({"status_list": {"lst": pack(bytes(8))}}, CLAIM),
    "lst missing": ({"status_list": {"bits": 1}}, CLAIM),
    "lst empty": ({"status_list": {"bits": 1, "lst": ""}}, CLAIM),
    "lst null": ({"status_list": {"bits": 1, "lst": None}}, CLAIM),
    "lst a list": ({"status_list": {"bits": 1, "lst": [0]}}, CLAIM),
    "aggregation_uri": (
        {"status_list": {"bits": 1, "lst": pack(bytes(8)), "aggregation_uri": MARK}},
        CLAIM,
    ),
    "from the future by 61 s": ({"iat": 1_793_577_600 + 61}, CLAIM),
}


@pytest.mark.parametrize(("changes", "code"), BENT.values(), ids=BENT)
def test_a_bent_list_is_refused(forge: StatusForge, changes: JSON, code: str) -> None:
    """Even though the issuer itself signed it."""
    forge.list_refused(forge.list_token(**changes), code)


@pytest.mark.parametrize("name", ["iss", "sub", "iat", "exp", "ttl", "status_list"])
def test_a_list_without_one_of_its_claims_is_refused(forge: StatusForge, name: str) -> None:
    """`exp` and `ttl` too, which the draft lets an issuer leave out."""
    claims = {key: value for key, value in forge.status_claims.items() if key != name}
    forge.list_refused(forge.token(forge.status_header, claims), CLAIM)


def test_a_list_may_be_ahead_by_the_skew(forge: StatusForge) -> None:
    """Sixty seconds, as with grants."""
    assert forge.read(forge.list_token(iat=forge.now + 60)).issued == forge.now + 60


HEADERS: dict[str, tuple[JSON, str]] = {
    "typ of a grant": ({"typ": "at+jwt"}, CLAIM),
    "typ of any JWT": ({"typ": "JWT"}, CLAIM),
    "typ with its prefix": ({"typ": "application/statuslist+jwt"}, CLAIM),
    "typ in CBOR": ({"typ": "statuslist+cwt"}, CLAIM),
    "alg none": ({"alg": "none"}, UNKNOWN),
    "alg HS256": ({"alg": "HS256"}, UNKNOWN),
    "alg EdDSA, not listed": ({"alg": "EdDSA"}, UNKNOWN),
    "kid of nobody": ({"kid": "a" * 26}, UNKNOWN),
    "kid a path": ({"kid": "../../etc/passwd"}, MALFORMED),
    "jwk": ({"jwk": {}}, MALFORMED),
    "crit": ({"crit": ["status"]}, MALFORMED),
}


@pytest.mark.parametrize(("header", "code"), HEADERS.values(), ids=HEADERS)
def test_a_list_with_a_bent_header_is_refused(forge: StatusForge, header: JSON, code: str) -> None:
    """A grant is no status list, a status list is no grant."""
    forge.list_refused(forge.list_token(header), code)


def test_a_list_is_no_grant_and_a_grant_no_list(forge: StatusForge) -> None:
    """Each with its own typ and the other's claims, and the other way round."""
    forge.refused(forge.list_token(), CLAIM)
    forge.refused(forge.list_token({"typ": "at+jwt"}), CLAIM)
    forge.list_refused(forge.valid, CLAIM)
    forge.list_refused(forge.token(forge.status_header), CLAIM)


def test_a_list_with_a_name_twice_is_refused(forge: StatusForge) -> None:
    """At any depth."""
    text = json.dumps(forge.status_claims)
    for old, new in (('"sub"', '"sub": "x", "sub"'), ('"bits"', '"bits": 8, "bits"')):
        token = forge.token(forge.status_header, text.replace(old, new).encode())
        forge.list_refused(token, MALFORMED)


def test_a_list_signed_by_another_is_refused(forge: StatusForge) -> None:
    """By a key of somebody else, of the same kid, and of the issuer for something else."""
    stranger = forge.city.outsider
    key = next(key for key in stranger.keys.list_keys() if key.purpose is Purpose.SIGNING)

    def sign(message: bytes) -> bytes:
        return stranger.keys.sign(key.key_id, message)

    token = forge.token(forge.status_header, forge.status_claims, sign=sign)
    forge.list_refused(token, "TOKEN_SIGNATURE_INVALID")
    header = {**forge.status_header, "kid": key.key_id}
    forge.list_refused(forge.token(header, forge.status_claims, sign=sign), UNKNOWN)


KEYS: dict[str, tuple[JSON, str]] = {
    "in force": ({}, "ok"),
    "not yet": ({"not_before": 1}, UNKNOWN),
    "no longer": ({"not_after": 0}, UNKNOWN),
    "retired now": ({"retired_at": 0}, UNKNOWN),
    "retired before": ({"retired_at": -DAY}, UNKNOWN),
    "retired since": ({"retired_at": 1}, "ok"),
    "revoked": ({"revoked_at": 1}, UNKNOWN),
}


@pytest.mark.parametrize(("times", "outcome"), KEYS.values(), ids=KEYS)
def test_the_key_of_a_list_was_in_force_and_is_not_revoked(
    forge: StatusForge, times: JSON, outcome: str
) -> None:
    """Who finds a retired key cannot make a list that revokes nobody."""
    issuer = forge.city.issuer()
    moved = {name: forge.now + after for name, after in times.items()}
    key = msgspec.structs.replace(issuer.keys[0], **moved)
    issuers = {issuer.iss: msgspec.structs.replace(issuer, keys=(key,))}
    if outcome == "ok":
        verify_status_list(forge.list_token(), issuers, forge.now)
    else:
        forge.list_refused(forge.list_token(), outcome, issuers)
