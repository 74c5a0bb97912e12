"""The claims of a grant: each there, of its form, once, and meant for now and for us."""

import json
import time
from typing import Any

import msgspec
import pytest

from gateway.grants import GrantVerifier
from gateway.grants.claims import Approval, Claims
from gateway.grants.token import read_claims
from gateway.testing import DAY, MemoryCity
from keys.errors import SealgateError
from tests.gateway.token_forge import JSON, TokenForge, same_meaning, shown

CLAIM, MALFORMED = "TOKEN_CLAIM_INVALID", "TOKEN_MALFORMED"
MARK = "marked-secret-7f3a"
LONG = 4_000


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it. The ordinary claims use every claim."""
    city = MemoryCity()
    detail = {
        "agreement": f"{MARK}-agreement",
        "region": "149900",
        "rows_per_call": 1000,
        "rows_per_day": 5000,
        "legal_basis": f"{MARK}-basis",
        "approval": Approval(by=f"{MARK}-by", at=city.clock() // 1000, reference=f"{MARK}-ref"),
    }
    return TokenForge(city, detail=detail, client_id=f"{MARK}-client", jti=f"{MARK}-jti")


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


US, OTHER = "11149900MB0C12002H", "11149900MB0C140248"

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


BENT: dict[str, tuple[JSON, str]] = {
    "iss a list": ({"iss": ["urn:sealgate:issuer:qinglan"]}, MALFORMED),
    "iss null": ({"iss": None}, MALFORMED),
    "iss a number": ({"iss": 1}, MALFORMED),
    "iss of nobody": ({"iss": "urn:nobody"}, "TOKEN_ISSUER_UNKNOWN"),
    "iss empty": ({"iss": ""}, "TOKEN_ISSUER_UNKNOWN"),
    "iss in other case": ({"iss": "URN:sealgate:issuer:qinglan"}, "TOKEN_ISSUER_UNKNOWN"),
    "iss and a slash": ({"iss": "urn:sealgate:issuer:qinglan/"}, "TOKEN_ISSUER_UNKNOWN"),
    "iss a prefix": ({"iss": "urn:sealgate:issuer"}, "TOKEN_ISSUER_UNKNOWN"),
    "sub null": ({"sub": None}, CLAIM),
    "sub empty": ({"sub": ""}, CLAIM),
    "sub a list": ({"sub": [OTHER]}, CLAIM),
    "sub all": ({"sub": "*"}, CLAIM),
    "sub and a line feed": ({"sub": OTHER + "\n"}, CLAIM),
    "sub in lower case": ({"sub": OTHER.lower()}, CLAIM),
    "sub a path": ({"sub": "../../../etc/shadow"}, CLAIM),
    "sub of nobody": ({"sub": "91110000MA0012345X"}, "DEPARTMENT_UNKNOWN"),
    "client_id null": ({"client_id": None}, CLAIM),
    "client_id empty": ({"client_id": ""}, CLAIM),
    "client_id too long": ({"client_id": "x" * 129}, CLAIM),
    "client_id a number": ({"client_id": 1}, CLAIM),
    "jti null": ({"jti": None}, CLAIM),
    "jti empty": ({"jti": ""}, CLAIM),
    "jti short": ({"jti": "a" * 7}, CLAIM),
    "jti long": ({"jti": "a" * 65}, CLAIM),
    "jti a number": ({"jti": 12345678}, CLAIM),
    "jti a path": ({"jti": "../../grants"}, CLAIM),
    "jti and a line feed": ({"jti": "abcdefgh\n"}, CLAIM),
    "jti and a null byte": ({"jti": "abcdefgh\0"}, CLAIM),
    "jti of another alphabet": ({"jti": "абвгдежз"}, CLAIM),
    "jti of a query": ({"jti": "x' OR 'x'='x"}, CLAIM),
    "status null": ({"status": None}, CLAIM),
    "status empty": ({"status": {}}, CLAIM),
    "status a list": ({"status": []}, CLAIM),
    "status of another kind too": (
        {"status": {"status_list": {"idx": 1, "uri": "urn:x"}, "identifier_list": {}}},
        CLAIM,
    ),
    "idx negative": ({"status": {"status_list": {"idx": -1, "uri": "urn:x"}}}, CLAIM),
    "idx true": ({"status": {"status_list": {"idx": True, "uri": "urn:x"}}}, CLAIM),
    "idx a string": ({"status": {"status_list": {"idx": "1", "uri": "urn:x"}}}, CLAIM),
    "idx huge": ({"status": {"status_list": {"idx": 2**70, "uri": "urn:x"}}}, CLAIM),
    "idx over the limit": ({"status": {"status_list": {"idx": 10**8 + 1, "uri": "urn:x"}}}, CLAIM),
    "uri with a space": ({"status": {"status_list": {"idx": 1, "uri": "urn: x"}}}, CLAIM),
    "uri in Chinese": ({"status": {"status_list": {"idx": 1, "uri": "状态列表"}}}, CLAIM),
    "uri empty": ({"status": {"status_list": {"idx": 1, "uri": ""}}}, CLAIM),
    "uri too long": ({"status": {"status_list": {"idx": 1, "uri": "u" * 201}}}, CLAIM),
    "ttl in the reference": (
        {"status": {"status_list": {"idx": 1, "uri": "urn:x", "ttl": 1}}},
        CLAIM,
    ),
    "details null": ({"authorization_details": None}, CLAIM),
    "details an object": ({"authorization_details": {}}, CLAIM),
    "no details": ({"authorization_details": []}, CLAIM),
    "details a string": ({"authorization_details": ["gov-data-share"]}, CLAIM),
    "details null within": ({"authorization_details": [None]}, CLAIM),
    "cnf": ({"cnf": {"jkt": "A" * 43}}, CLAIM),
    "scope": ({"scope": "read"}, CLAIM),
    "an empty name": ({"": ""}, CLAIM),
    "a claim in other case": ({"Exp": 1}, CLAIM),
    "a claim of one space more": ({"exp ": 1}, CLAIM),
    "a claim with a null byte": ({"exp\0": 1}, CLAIM),
    "a null claim of no name we know": ({MARK: None}, CLAIM),
}


@pytest.mark.parametrize(("changes", "code"), BENT.values(), ids=BENT)
def test_a_bent_claim_is_refused(forge: TokenForge, changes: JSON, code: str) -> None:
    """Even though the issuer itself signed it."""
    forge.refused(forge.with_claims(**changes), code)


BENT_DETAILS: dict[str, JSON] = {
    "type unknown": {"type": "gov-data-access"},
    "type in other case": {"type": "Gov-Data-Share"},
    "type null": {"type": None},
    "type a list": {"type": ["gov-data-share"]},
    "resource empty": {"resource": ""},
    "resource a path up": {"resource": "../3070010010001/000001"},
    "resource all": {"resource": "*"},
    "resource a list": {"resource": ["3070010010001/000001"]},
    "resource and a line feed": {"resource": "3070010010001/000001\n"},
    "no field": {"fields": []},
    "fields null": {"fields": None},
    "fields a string": {"fields": "name"},
    "fields all": {"fields": ["*"]},
    "a field twice": {"fields": ["name", "region", "name"]},
    "a field not catalogued": {"fields": ["name", "region", "blood_type"]},
    "a field in other case": {"fields": ["Name", "region"]},
    "a field in Chinese": {"fields": ["姓名", "region"]},
    "a field with a digit run": {"fields": ["a110105194912310021"]},
    "a field null": {"fields": ["name", None]},
    "a field a list": {"fields": [["name"]]},
    "too many fields": {"fields": ["f"] * 513},
    "scenario empty": {"scenario": ""},
    "level unknown": {"level": "G9"},
    "level empty": {"level": ""},
    "level in other case": {"level": "g3"},
    "level a number": {"level": 3},
    "level and a space": {"level": "G3 "},
    "legal basis empty": {"legal_basis": ""},
    "legal basis too long": {"legal_basis": "x" * 2001},
    "no action": {"actions": []},
    "actions null": {"actions": None},
    "action unknown": {"actions": ["write"]},
    "action all": {"actions": ["*"]},
    "an action too many": {"actions": ["read", "write"]},
    "an action twice": {"actions": ["read", "read"]},
    "no mode": {"modes": []},
    "mode unknown": {"modes": ["interface", "email"]},
    "mode all": {"modes": ["*"]},
    "too many modes": {"modes": ["interface", "file", "database", "file"]},
    "rows_per_call of zero": {"rows_per_call": 0},
    "rows_per_call negative": {"rows_per_call": -1},
    "rows_per_call true": {"rows_per_call": True},
    "rows_per_call a string": {"rows_per_call": "1000"},
    "rows_per_call huge": {"rows_per_call": 10**30},
    "rows_per_day of zero": {"rows_per_day": 0},
    "rows_per_day negative": {"rows_per_day": -(2**63)},
    "rows_per_day false": {"rows_per_day": False},
    "rows_per_day over the limit": {"rows_per_day": 1_000_000_001},
    "region short": {"region": "14990"},
    "region long": {"region": "1499000"},
    "region of nothing": {"region": "000000"},
    "region empty": {"region": ""},
    "region all": {"region": "*"},
    "region a number": {"region": 149900},
    "region and a line feed": {"region": "149900\n"},
    "region in fullwidth digits": {"region": "１４９９００"},
    "region without its field": {"fields": ["name"]},
    "agreement empty": {"agreement": ""},
    "agreement true": {"agreement": True},
    "agreement too long": {"agreement": "x" * 129},
    "approval empty": {"approval": {}},
    "approval true": {"approval": True},
    "approval a string": {"approval": "yes"},
    "approval of no one": {"approval": {"by": "", "at": 1, "reference": "1"}},
    "approval of more": {"approval": {"by": "x", "at": 1, "reference": "1", "until": 2}},
    "approval twice": {"approval": [{"by": "x", "at": 1, "reference": "1"}]},
    "locations": {"locations": ["https://example.test"]},
    "privileges": {"privileges": ["admin"]},
    "may_delegate": {"may_delegate": True},
    "a marked name": {MARK: 1},
}


@pytest.mark.parametrize("changes", BENT_DETAILS.values(), ids=BENT_DETAILS)
def test_bent_authorization_details_are_refused(forge: TokenForge, changes: JSON) -> None:
    """Unknown members, actions and modes refuse, and no value stands for all."""
    forge.refused(forge.with_detail(**changes), CLAIM)


@pytest.mark.parametrize("changes", [{}, {"resource": "x"}, {"type": "other"}], ids=str)
def test_two_authorization_details_are_refused(forge: TokenForge, changes: JSON) -> None:
    """Exactly one entry: it is never a question which of them a call stands on."""
    details = [forge.detail, {**forge.detail, **changes}]
    forge.refused(forge.with_claims(authorization_details=details), CLAIM)


UNKNOWN_THINGS: dict[str, tuple[JSON, str]] = {
    "resource": ({"resource": "3070010010001/999999"}, "RESOURCE_UNCATALOGUED"),
    "purpose": ({"purpose": "curiosity"}, "PURPOSE_NOT_GRANTED"),
    "scenario": ({"scenario": "好奇"}, "PURPOSE_NOT_GRANTED"),
    "scenario of another purpose": ({"scenario": "发放前账户核对"}, "PURPOSE_NOT_GRANTED"),
}


@pytest.mark.parametrize(("changes", "code"), UNKNOWN_THINGS.values(), ids=UNKNOWN_THINGS)
def test_what_the_catalogue_does_not_know_is_refused(
    forge: TokenForge, changes: JSON, code: str
) -> None:
    """A grant stands on the catalogue as it is now."""
    forge.refused(forge.with_detail(**changes), code)


TWICE: dict[str, tuple[str, str]] = {
    "iss": ('"iss": ', '"iss": "urn:x", "iss": '),
    "sub": ('"sub": ', f'"sub": "{OTHER}", "sub": '),
    "aud, ours last": ('"aud": ', f'"aud": "{OTHER}", "aud": '),
    "aud, ours first": (f'"aud": "{US}"', f'"aud": "{US}", "aud": "{OTHER}"'),
    "exp": ('"exp": ', '"exp": 1, "exp": '),
    "jti": ('"jti": ', '"jti": "another-one", "jti": '),
    "the same value": (f'"aud": "{US}"', f'"aud": "{US}", "aud": "{US}"'),
    "escaped": ('"aud": ', r'"\u0061ud": "x", "aud": '),
    "escaped in upper case": ('"jti": ', r'"\u006A\u0074\u0069": "x", "jti": '),
    "status": ('"status": ', '"status": {}, "status": '),
    "below status": ('"idx": ', '"idx": 9, "idx": '),
    "below details": ('"level": ', '"level": "CORE", "level": '),
    "fields": ('"fields": ', '"fields": ["photo"], "fields": '),
    "below approval": ('"by": ', '"by": "x", "by": '),
    "unknown names": ('"iss": ', '"x": 1, "x": 2, "iss": '),
    "empty names": ('"iss": ', '"": 1, "": 2, "iss": '),
    "below an unknown name": ('"iss": ', '"x": {"y": [{"z": 1, "z": 2}]}, "iss": '),
}


@pytest.mark.parametrize(("old", "new"), TWICE.values(), ids=TWICE)
def test_a_name_that_stands_twice_is_refused(forge: TokenForge, old: str, new: str) -> None:
    """At any depth, however it is spelled: readers differ in which of the two they take."""
    forge.refused(forge.with_text(old, new), MALFORMED)


DOUBTFUL: dict[str, tuple[str, str]] = {
    "a lone surrogate": (f"{MARK}-basis", f"{MARK}\\ud800"),
    "a lone low surrogate": (f"{MARK}-basis", f"\\udc00{MARK}"),
    "surrogates in the wrong order": (f"{MARK}-basis", r"\udc00\ud800"),
    "a lone surrogate as a name": ('"iss": ', r'"\ud800": 1, "iss": '),
    "a lone surrogate in UTF-8": (f"{MARK}-basis", f"{MARK}\ud800"),
    "a surrogate pair in UTF-8": (f"{MARK}-basis", "\ud83d\ude00"),
    "a bare line feed": (f"{MARK}-basis", f"{MARK}\n"),
    "a bare null byte": (f"{MARK}-basis", f"{MARK}\0"),
    "an unknown escape": (f"{MARK}-basis", r"\x41"),
    "half an escape": (f"{MARK}-basis", r"\u00"),
    "a name without quotes": ('"iss": ', "iss: "),
    "something behind": ("]}", "]} x"),
    "a second object behind": ("]}", "]}{}"),
    "lists within lists": ('"iss": ', f'"x": {"[" * LONG}{"]" * LONG}, "iss": '),
    "never closed": ('"iss": ', f'"x": {"[" * LONG}, "iss": '),
}


@pytest.mark.parametrize(("old", "new"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_claims_of_doubtful_json_are_refused(forge: TokenForge, old: str, new: str) -> None:
    """Surrogates that are no character, control characters, depth: with a code, at once."""
    start = time.process_time()
    forge.refused(forge.with_text(old, new), MALFORMED)
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize("depth", [1, 10, 100, 500, 900])
def test_depth_that_a_reader_can_stand_is_no_more_than_an_unknown_claim(
    forge: TokenForge, depth: int
) -> None:
    """Two readers with limits of their own: neither gives up with an error that is not ours."""
    error = forge.outcome(forge.with_text('"iss": ', f'"x": {"[" * depth}{"]" * depth}, "iss": '))
    assert isinstance(error, SealgateError)
    assert error.code in (CLAIM, MALFORMED)


@pytest.mark.parametrize("text", ["[]", "[{}]", '"x"', "1", "null", "true", "{}", "-0"])
def test_claims_that_are_no_object_are_refused(forge: TokenForge, text: str) -> None:
    """With a code, though no issuer can be found in them."""
    error = forge.outcome(forge.token(claims=text.encode()))
    assert isinstance(error, SealgateError)
    assert error.code in (MALFORMED, "TOKEN_ISSUER_UNKNOWN")


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
