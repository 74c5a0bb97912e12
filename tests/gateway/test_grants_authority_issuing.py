"""An authority issues what providers accept, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.authority import Authority
from gateway.authority.authority import MAX_GRANT_DAYS
from gateway.grants.claims import Approval
from gateway.stores.clock import system_clock
from keys.errors import SealgateError
from tests.gateway.authority_desk import (
    MARK,
    OUTSIDER,
    PROVIDER,
    REQUESTER,
    claims_of,
    content,
    verify,
    wanted,
)
from tests.gateway.token_forge import shown

ORGANISATIONS, MARRIAGES = "3070010020001/000002", "3070010030001/000003"
ADOPTIONS = "3070010040001/000004"
NOBODY = "91110000MA0012345X"


def test_an_issued_grant_is_accepted_and_says_what_was_asked(authority: Authority) -> None:
    """With every limit that a request can name."""
    request = wanted(
        days=2,
        scenario="一站式费用结算",
        legal_basis="《社会救助暂行办法》第五章",
        modes=("file",),
        rows_per_call=10,
        rows_per_day=100,
        region="149900",
        agreement="1",
    )
    token = authority.issue(request)
    assert verify(authority, token) == "ok"
    claims = claims_of(token)
    detail = claims.authorization_details[0]
    for name in ("resource", "purpose", "fields", "level", "scenario", "legal_basis", "modes"):
        assert getattr(detail, name) == getattr(request, name)
    for name in ("rows_per_call", "rows_per_day", "region", "agreement", "approval"):
        assert getattr(detail, name) == getattr(request, name)
    assert (claims.sub, claims.aud) == (REQUESTER, PROVIDER)
    assert claims.exp - claims.nbf == 2 * 86_400


def test_a_grant_may_begin_later_or_earlier(authority: Authority) -> None:
    """Refused until it begins, and once it has ended; not by the authority that issues it."""
    now = system_clock() // 1000
    later = authority.issue(wanted(begins=now + 1000, days=1))
    earlier = authority.issue(wanted(begins=now - 10 * 86_400, days=5))
    assert verify(authority, later) == "TOKEN_NOT_YET_VALID"
    assert verify(authority, later, now + 1000) == "ok"
    assert verify(authority, earlier) == "TOKEN_EXPIRED"


UNACCEPTABLE: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown requester": ({"requester": NOBODY}, "DEPARTMENT_UNKNOWN"),
    "a requester that is no code": ({"requester": MARK}, "TOKEN_CLAIM_INVALID"),
    "an unknown provider": ({"provider": NOBODY}, "DEPARTMENT_UNKNOWN"),
    "a provider that is none of the resource": ({"provider": OUTSIDER}, "RESOURCE_NOT_OURS"),
    "an unknown resource": ({"resource": "3070010010001/999999"}, "RESOURCE_UNCATALOGUED"),
    "a resource that is no code": ({"resource": f"../{MARK}"}, "TOKEN_CLAIM_INVALID"),
    "an unknown purpose": ({"purpose": "curiosity"}, "PURPOSE_NOT_GRANTED"),
    "a purpose that is no id": ({"purpose": MARK.upper()}, "TOKEN_CLAIM_INVALID"),
    "an unknown scenario": ({"scenario": MARK}, "PURPOSE_NOT_GRANTED"),
    "no field": ({"fields": ()}, "TOKEN_CLAIM_INVALID"),
    "an unknown field": ({"fields": ("name", "marked_secret")}, "TOKEN_CLAIM_INVALID"),
    "a field that is no name": ({"fields": (MARK,)}, "TOKEN_CLAIM_INVALID"),
    "a field twice": ({"fields": ("name", "name")}, "TOKEN_CLAIM_INVALID"),
    "an unknown level": ({"level": MARK}, "TOKEN_CLAIM_INVALID"),
    "no level": ({"level": ""}, "TOKEN_CLAIM_INVALID"),
    "no mode": ({"modes": ()}, "TOKEN_CLAIM_INVALID"),
    "an unknown mode": ({"modes": (MARK,)}, "TOKEN_CLAIM_INVALID"),
    "a region that is no code": ({"region": MARK}, "TOKEN_CLAIM_INVALID"),
    "a region without its field": (
        {"region": "149900", "fields": ("name",)},
        "TOKEN_CLAIM_INVALID",
    ),
    "no row a call": ({"rows_per_call": 0}, "TOKEN_CLAIM_INVALID"),
    "fewer than no rows a day": ({"rows_per_day": -1}, "TOKEN_CLAIM_INVALID"),
    "more rows than can be counted": ({"rows_per_day": 10**30}, "TOKEN_CLAIM_INVALID"),
    "more rows than can be written": ({"rows_per_day": 10**5000}, "REQUEST_MALFORMED"),
    "rows beyond the limit": ({"rows_per_day": 10**12}, "TOKEN_CLAIM_INVALID"),
    "no day": ({"days": 0}, "REQUEST_MALFORMED"),
    "fewer than no days": ({"days": -1}, "REQUEST_MALFORMED"),
    "no number of days": ({"days": float("nan")}, "REQUEST_MALFORMED"),
    "days without end": ({"days": float("inf")}, "REQUEST_MALFORMED"),
    "days before the beginning": ({"days": float("-inf")}, "REQUEST_MALFORMED"),
    "more days than a basis lasts": ({"days": MAX_GRANT_DAYS + 1}, "REQUEST_MALFORMED"),
    "less than a second": ({"days": 1e-9}, "TOKEN_CLAIM_INVALID"),
    "a beginning before all time": ({"begins": -1}, "TOKEN_CLAIM_INVALID"),
    "a beginning beyond all time": ({"begins": 10**15}, "TOKEN_CLAIM_INVALID"),
    "a beginning beyond all numbers": ({"begins": 10**30}, "TOKEN_CLAIM_INVALID"),
    "a beginning before the key": ({"begins": 1_000_000_000}, "TOKEN_ISSUER_UNKNOWN"),
    "no approval": ({"approval": None}, "APPROVAL_MISSING"),
    "an approval by nobody": (
        {"approval": Approval(by="", at=1, reference="1")},
        "TOKEN_CLAIM_INVALID",
    ),
    "a legal basis too long": ({"legal_basis": "x" * 2001}, "TOKEN_CLAIM_INVALID"),
    "a token too long": ({"legal_basis": "法" * 2000}, "TOKEN_MALFORMED"),
    "text that is none": ({"legal_basis": f"{MARK}\ud800"}, "REQUEST_MALFORMED"),
    "an agreement of no text": ({"agreement": ""}, "TOKEN_CLAIM_INVALID"),
    "a resource that needs an agreement": (
        {"resource": MARRIAGES, "fields": ("business",)},
        "AGREEMENT_MISSING",
    ),
    "a dedicated resource for another": (
        {"resource": MARRIAGES, "fields": ("business",), "requester": OUTSIDER, "agreement": "1"},
        "RESOURCE_NOT_SHARED",
    ),
    "a resource that is not shared": (
        {"resource": ADOPTIONS, "fields": ("region",)},
        "RESOURCE_NOT_SHARED",
    ),
}


@pytest.mark.parametrize(("changes", "code"), UNACCEPTABLE.values(), ids=UNACCEPTABLE)
def test_what_no_provider_could_accept_is_not_issued(
    idle: Path, changes: dict[str, Any], code: str
) -> None:
    """Nothing is signed out, registered or published, and nothing asked for is repeated."""
    before = content(idle)
    with pytest.raises(SealgateError) as caught:
        Authority(idle).issue(wanted(**changes))
    assert caught.value.code == code
    said = shown(caught.value)
    assert MARK not in said
    assert MARK.upper() not in said
    assert "marked_secret" not in said
    assert content(idle) == before


def _edit(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    path = folder / "trust" / name
    value = yaml.safe_load(path.read_bytes())
    path.write_text(yaml.safe_dump(change(value), allow_unicode=True), "utf-8")


def _scope(resources: list[str]) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        value["issuers"][0]["resources"] = resources
        return value

    return change


def test_an_authority_issues_within_its_own_scope(authority: Authority, folder: Path) -> None:
    """As its own trust data has it."""
    _edit(folder, "issuers.yaml", _scope([ORGANISATIONS]))
    with pytest.raises(SealgateError) as caught:
        authority.issue(wanted())
    assert caught.value.code == "TOKEN_ISSUER_SCOPE"
    token = authority.issue(wanted(resource=ORGANISATIONS, fields=("uscc",), approval=None))
    assert verify(authority, token) == "ok"


def test_an_authority_that_is_not_listed_issues_nothing(folder: Path) -> None:
    """Under another name than its trust data knows it by."""
    path = folder / "authority.yaml"
    path.write_bytes(path.read_bytes().replace(b"iss: urn:", b"iss: urn:another:", 1))
    before = content(folder)
    with pytest.raises(SealgateError) as caught:
        Authority(folder).issue(wanted())
    assert caught.value.code == "TOKEN_ISSUER_UNKNOWN"
    assert content(folder) == before
