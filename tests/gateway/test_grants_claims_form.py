"""Each claim of a grant has its form, stands once, and names what there is."""

import time

import pytest

from keys.errors import SealgateError
from tests.gateway.token_forge import (
    CLAIM,
    JSON,
    MALFORMED,
    MARK,
    OTHER,
    US,
    TokenForge,
    marked_forge,
)

LONG = 4_000


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return marked_forge()


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
