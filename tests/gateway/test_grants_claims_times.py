"""A grant is meant for now, and its issuer's key was in force when it was signed."""

import json

import msgspec
import pytest

from gateway.grants import GrantVerifier
from gateway.testing import DAY
from keys.errors import SealgateError
from tests.gateway.token_forge import (
    CLAIM,
    JSON,
    MALFORMED,
    TokenForge,
    marked_forge,
)


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return marked_forge()


NO_TIMES: dict[str, str] = {
    "a float": "1793577600.0",
    "a fraction": "1793577600.5",
    "an exponent": "1e9",
    "a great exponent": "1e400",
    "a negative great exponent": "-1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "minus zero as a float": "-0.0",
    "beyond the last year": "253402300800",
    "beyond 53 bits": "9007199254740993",
    "beyond 63 bits": "9223372036854775808",
    "beyond 64 bits": "18446744073709551616",
    "of a hundred digits": "9" * 100,
    "of five thousand digits": "9" * 5000,
    "minus one": "-1",
    "negative": "-1793577600",
    "below 63 bits": "-9223372036854775809",
    "true": "true",
    "false": "false",
    "null": "null",
    "a string": '"1793577600"',
    "a date": '"2026-11-02T00:00:00Z"',
    "an empty string": '""',
    "a list": "[1793577600]",
    "an object": '{"seconds":1793577600}',
    "leading zeros": "01793577600",
    "a plus": "+1793577600",
    "hexadecimal": "0x6AE7D500",
    "an underscore": "1_793_577_600",
    "fullwidth digits": "１７９３５７７６００",
    "nothing": "",
}


@pytest.mark.parametrize("text", NO_TIMES.values(), ids=NO_TIMES)
@pytest.mark.parametrize("claim", ["iat", "nbf", "exp", "at"])
def test_a_time_is_a_whole_number_of_seconds(forge: TokenForge, claim: str, text: str) -> None:
    """No float, which readers round differently, no huge or negative number, no text."""
    holder = forge.detail["approval"] if claim == "at" else forge.claims
    value = json.dumps(holder[claim])
    if claim == "nbf":
        token = forge.with_text(f'"nbf": {value}', f'"nbf": {text}')
    else:
        token = forge.with_text(f'"{claim}": {value}', f'"{claim}": {text}')
    error = forge.outcome(token)
    assert isinstance(error, SealgateError)
    assert error.code in (CLAIM, MALFORMED)


def test_a_time_below_a_day_is_no_special_case(forge: TokenForge) -> None:
    """Zero is a time like any other: long ago, when the issuer had no key."""
    forge.refused(forge.with_claims(iat=0, nbf=0), "TOKEN_ISSUER_UNKNOWN")
    forge.refused(forge.with_claims(exp=0), CLAIM)


# --- times -----------------------------------------------------------------


TIMES: dict[str, tuple[JSON, int, str]] = {
    # name: claims by seconds from now, the time from now, the outcome
    "just issued": ({}, 0, "ok"),
    "a second before the end": ({"exp": 100}, 99, "ok"),
    "at the end": ({"exp": 100}, 100, "ok"),
    "59 s behind the end": ({"exp": 100}, 159, "ok"),
    "60 s behind the end": ({"exp": 100}, 160, "TOKEN_EXPIRED"),
    "61 s behind the end": ({"exp": 100}, 161, "TOKEN_EXPIRED"),
    "a year behind the end": ({"exp": 100}, 366 * DAY, "TOKEN_EXPIRED"),
    "60 s before nbf": ({"nbf": 1000}, 940, "ok"),
    "61 s before nbf": ({"nbf": 1000}, 939, "TOKEN_NOT_YET_VALID"),
    "60 s before iat": ({}, -60, "ok"),
    "61 s before iat": ({}, -61, "TOKEN_NOT_YET_VALID"),
    "iat behind nbf, 61 s before": ({"iat": 500, "nbf": 0}, 439, "TOKEN_NOT_YET_VALID"),
    "iat behind nbf, 60 s before": ({"iat": 500, "nbf": 0}, 440, "ok"),
    "the last second that can be said": ({"exp": 253_402_300_799 - 1_793_577_600}, 0, "ok"),
    "of no length": ({"exp": 0}, 0, CLAIM),
    "ends before it is issued": ({"exp": -1}, 0, CLAIM),
    "ends before it begins": ({"nbf": 500, "exp": 499}, 500, CLAIM),
    "ends as it begins": ({"nbf": 500, "exp": 500}, 500, CLAIM),
    "one second long": ({"exp": 1}, 0, "ok"),
}


def _at(forge: TokenForge, times: JSON) -> str:
    return forge.with_claims(**{name: forge.now + after for name, after in times.items()})


@pytest.mark.parametrize(("times", "after", "outcome"), TIMES.values(), ids=TIMES)
def test_times_hold_with_a_skew_of_sixty_seconds(
    forge: TokenForge, times: JSON, after: int, outcome: str
) -> None:
    """Clocks may differ by sixty seconds to both sides, and by no more."""
    found = forge.outcome(_at(forge, times), now=forge.now + after)
    assert outcome == (found.code if isinstance(found, SealgateError) else "ok")


@pytest.mark.parametrize(("times", "after", "outcome"), TIMES.values(), ids=TIMES)
def test_times_hold_for_a_cached_grant_too(
    forge: TokenForge, times: JSON, after: int, outcome: str
) -> None:
    """That a grant was verified once does not make it older or younger."""
    token = _at(forge, times)
    verifier = GrantVerifier(forge.city.provider.department)
    begins = forge.now + max(times.get("nbf", 0), times.get("iat", 0))
    if outcome == CLAIM:
        return
    first = verifier.verify(token, forge.snapshot, begins)
    for _ in range(2):
        if outcome == "ok":
            assert verifier.verify(token, forge.snapshot, forge.now + after) is first
            continue
        with pytest.raises(SealgateError) as caught:
            verifier.verify(token, forge.snapshot, forge.now + after)
        assert caught.value.code == outcome
    assert verifier.verify(token, forge.snapshot, begins) is first


# --- the issuer's key ------------------------------------------------------


KEYS: dict[str, tuple[JSON, str]] = {
    # the key's times, seconds from the grant's iat
    "in force": ({}, "ok"),
    "from this second on": ({"not_before": 0}, "ok"),
    "from the next second on": ({"not_before": 1}, "TOKEN_ISSUER_UNKNOWN"),
    "to this second": ({"not_after": 0}, "TOKEN_ISSUER_UNKNOWN"),
    "to the next second": ({"not_after": 1}, "ok"),
    "retired now": ({"retired_at": 0}, "TOKEN_ISSUER_UNKNOWN"),
    "retired before": ({"retired_at": -100}, "TOKEN_ISSUER_UNKNOWN"),
    "retired since": ({"retired_at": 1}, "ok"),
    "retired at the beginning of time": ({"retired_at": -1_793_577_600}, "TOKEN_ISSUER_UNKNOWN"),
    "retired after it had ended": ({"not_after": 0, "retired_at": 100}, "TOKEN_ISSUER_UNKNOWN"),
    "revoked before": ({"revoked_at": -100}, "TOKEN_ISSUER_UNKNOWN"),
    "revoked since": ({"revoked_at": 100}, "TOKEN_ISSUER_UNKNOWN"),
    "revoked at the beginning of time": ({"revoked_at": -1_793_577_600}, "TOKEN_ISSUER_UNKNOWN"),
    "retired and revoked since": ({"retired_at": 1, "revoked_at": 2}, "TOKEN_ISSUER_UNKNOWN"),
}


@pytest.mark.parametrize(("times", "outcome"), KEYS.values(), ids=KEYS)
def test_the_issuers_key_was_in_force_and_is_not_revoked(
    forge: TokenForge, times: JSON, outcome: str
) -> None:
    """In force when the grant was issued; a revoked key is believed in nothing any more."""
    issuer = forge.city.issuer()
    moved = {name: forge.now + after for name, after in times.items()}
    key = msgspec.structs.replace(issuer.keys[0], **moved)
    issuers = {issuer.iss: msgspec.structs.replace(issuer, keys=(key,))}
    trust = msgspec.structs.replace(forge.snapshot.trust, issuers=issuers)
    found = forge.outcome(forge.valid, msgspec.structs.replace(forge.snapshot, trust=trust))
    assert outcome == (found.code if isinstance(found, SealgateError) else "ok")


def test_of_several_keys_the_one_that_is_named_counts(forge: TokenForge) -> None:
    """A good key of the same issuer does not stand in for a revoked one."""
    other = forge.city.issuer_keys.new(forge.city.issuer_key.purpose, 1, forge.now, 30, "next")
    issuer = forge.city.issuer()
    good = msgspec.structs.replace(issuer.keys[0], key_id=other.key_id)
    bad = msgspec.structs.replace(issuer.keys[0], revoked_at=forge.now)
    issuers = {issuer.iss: msgspec.structs.replace(issuer, keys=(good, bad))}
    trust = msgspec.structs.replace(forge.snapshot.trust, issuers=issuers)
    snapshot = msgspec.structs.replace(forge.snapshot, trust=trust)
    forge.refused(forge.valid, "TOKEN_ISSUER_UNKNOWN", snapshot=snapshot)
    forge.verify(forge.token({**forge.header, "kid": other.key_id}), snapshot)
