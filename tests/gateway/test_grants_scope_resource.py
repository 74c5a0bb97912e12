"""A grant is for a resource of its issuer's scope, shared by its class, and for one call."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.model.call import SealRequest
from gateway.model.resource import Resource, Status
from gateway.testing import PURPOSE, MemoryCity
from keys.errors import SealgateError
from tests.gateway.granted_calls import (
    ASSISTANCE,
    ORGANISATIONS,
    OTHER,
    US,
    change_resource,
    refused,
)
from tests.gateway.token_forge import shown

MARRIAGES, ADOPTIONS = "3070010030001/000003", "3070010040001/000004"
MARRIAGE_FIELDS = ("business", "registered_date", "region")


def request_for(city: MemoryCity, code: str, grant: str, fields: tuple[str, ...]) -> SealRequest:
    """Return a request with records that fit a resource."""
    return city.request(city.records(fields=fields, code=code), grant=grant, resource=code)


# --- the issuer's scope ----------------------------------------------------


SCOPES: list[tuple[tuple[str, ...], tuple[str, ...], str]] = [
    (("*",), ("*",), "ok"),
    ((US,), (ASSISTANCE,), "ok"),
    ((OTHER, US), (ORGANISATIONS, ASSISTANCE), "ok"),
    ((OTHER,), ("*",), "TOKEN_ISSUER_SCOPE"),
    (("*",), (ORGANISATIONS,), "TOKEN_ISSUER_SCOPE"),
    ((OTHER,), (ORGANISATIONS,), "TOKEN_ISSUER_SCOPE"),
    ((US[:-1],), ("*",), "TOKEN_ISSUER_SCOPE"),
    ((US + "*",), ("*",), "TOKEN_ISSUER_SCOPE"),
    (("1114990*",), ("*",), "TOKEN_ISSUER_SCOPE"),
    ((US.lower(),), ("*",), "TOKEN_ISSUER_SCOPE"),
    (("**",), ("*",), "TOKEN_ISSUER_SCOPE"),
    (("",), ("*",), "TOKEN_ISSUER_SCOPE"),
    ((), ("*",), "TOKEN_ISSUER_SCOPE"),
    (("*",), (), "TOKEN_ISSUER_SCOPE"),
    (("*",), ("3070010010001/*",), "TOKEN_ISSUER_SCOPE"),
    (("*",), ("3070010010001",), "TOKEN_ISSUER_SCOPE"),
    (("*",), (ASSISTANCE + "1",), "TOKEN_ISSUER_SCOPE"),
    (("*",), (ASSISTANCE[:-1],), "TOKEN_ISSUER_SCOPE"),
]


@pytest.mark.parametrize(("providers", "resources", "outcome"), SCOPES, ids=str)
def test_an_issuer_grants_within_its_scope(
    city: MemoryCity, providers: tuple[str, ...], resources: tuple[str, ...], outcome: str
) -> None:
    """By provider and by resource, whole ids; `*` alone stands for all."""
    city.publish(issuers={city.iss: city.issuer(providers=providers, resources=resources)})
    if outcome == "ok":
        city.provider.seal(city.request())
    else:
        refused(city, city.request(), outcome)


def test_issuers_do_not_lend_each_other_their_scope(city: MemoryCity) -> None:
    """A grant stands on the scope of the issuer it names, not on what any issuer may."""
    narrow = city.issuer(resources=(ORGANISATIONS,))
    wide = city.issuer(iss="urn:other")
    city.publish(issuers={narrow.iss: narrow, wide.iss: wide})
    refused(city, city.request(), "TOKEN_ISSUER_SCOPE")


# --- resource and share class ----------------------------------------------


def _grant_for(city: MemoryCity, code: str, fields: tuple[str, ...], **detail: Any) -> str:
    purposes = city.catalogue.purposes
    detail = {"resource": code, "fields": fields, "purpose": PURPOSE, **detail}
    detail.setdefault("scenario", purposes[PURPOSE].scenarios[0])
    return city.grant(detail)


SHARED: dict[str, tuple[str, tuple[str, ...], dict[str, Any], str]] = {
    "unconditional": (ORGANISATIONS, ("uscc", "name"), {"approval": None}, "ok"),
    "conditional, approved": (ASSISTANCE, ("name", "region"), {}, "ok"),
    "conditional, not approved": (
        ASSISTANCE,
        ("name", "region"),
        {"approval": None},
        "APPROVAL_MISSING",
    ),
    "dedicated, with agreement": (
        MARRIAGES,
        MARRIAGE_FIELDS,
        {"approval": None, "agreement": "青密协〔2026〕1号"},
        "ok",
    ),
    "dedicated, without agreement": (
        MARRIAGES,
        MARRIAGE_FIELDS,
        {"agreement": None},
        "AGREEMENT_MISSING",
    ),
    "not shared, whatever is approved": (
        ADOPTIONS,
        ("region",),
        {"agreement": "青密协〔2026〕1号"},
        "RESOURCE_NOT_SHARED",
    ),
}


@pytest.mark.parametrize(("code", "fields", "detail", "outcome"), SHARED.values(), ids=SHARED)
def test_a_resource_is_shared_by_its_class(
    city: MemoryCity, code: str, fields: tuple[str, ...], detail: dict[str, Any], outcome: str
) -> None:
    """And on its entry's conditions, which a grant must meet."""
    request = request_for(city, code, _grant_for(city, code, fields, **detail), fields)
    if outcome == "ok":
        assert city.provider.seal(request).manifest.resource == code
    else:
        refused(city, request, outcome)
        assert city.provider.ledger.entries[-1].shared.outcome == outcome


def test_a_dedicated_resource_goes_to_its_departments_only(city: MemoryCity) -> None:
    """An approval and an agreement do not put a department on the list."""
    detail = {"resource": MARRIAGES, "fields": MARRIAGE_FIELDS, "agreement": "1"}
    grant = city.grant(detail, sub=city.outsider.department)
    refused(city, request_for(city, MARRIAGES, grant, MARRIAGE_FIELDS), "RESOURCE_NOT_SHARED")


ENTRIES: dict[str, tuple[Callable[[Resource], dict[str, Any]], str]] = {
    "stopped": (lambda _: {"status": Status.STOPPED}, "RESOURCE_STOPPED"),
    "replaced": (
        lambda _: {"status": Status.REPLACED, "replaced_by": ORGANISATIONS},
        "RESOURCE_STOPPED",
    ),
    "of another provider": (
        lambda entry: {
            "provider": msgspec.structs.replace(entry.provider, department=OTHER),
        },
        "RESOURCE_NOT_OURS",
    ),
    "not reviewed": (lambda _: {"secrecy_review": None}, "REVIEW_MISSING"),
    "with an agreement now": (
        lambda entry: {"protection": msgspec.structs.replace(entry.protection, agreement=True)},
        "AGREEMENT_MISSING",
    ),
    "without a field now": (lambda entry: {"fields": entry.fields[1:]}, "TOKEN_CLAIM_INVALID"),
}


@pytest.mark.parametrize(("change", "code"), ENTRIES.values(), ids=ENTRIES)
def test_an_entry_counts_as_it_stands_now(
    city: MemoryCity, change: Callable[[Resource], dict[str, Any]], code: str
) -> None:
    """For a grant that was issued, and used, before the entry changed."""
    request = city.request()
    city.provider.seal(request)
    change_resource(city, **change(city.resource()))
    error = refused(city, request, code)
    if code == "RESOURCE_STOPPED" and "replaced" in error.message:
        assert ORGANISATIONS in error.message
        assert ORGANISATIONS in error.message_zh


def test_an_entry_that_is_gone_is_refused(city: MemoryCity) -> None:
    """A grant does not outlive the entry it is for."""
    request = city.request()
    city.provider.seal(request)
    catalogue = city.trust.catalogue
    resources = {code: entry for code, entry in catalogue.resources.items() if code != ASSISTANCE}
    city.publish(catalogue=msgspec.structs.replace(catalogue, resources=resources))
    refused(city, request, "RESOURCE_UNCATALOGUED")


# --- the call --------------------------------------------------------------


CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "as granted": ({}, "ok"),
    "another mode that is granted": ({"mode": "file"}, "ok"),
    "a mode that is not granted": ({"mode": "database"}, "TOKEN_CLAIM_INVALID"),
    "a mode that is none": ({"mode": "marked-secret-mode"}, "TOKEN_CLAIM_INVALID"),
    "another purpose": ({"purpose": "open-statistics"}, "PURPOSE_NOT_GRANTED"),
    "no purpose": ({"purpose": ""}, "PURPOSE_NOT_GRANTED"),
    "the purpose in other case": ({"purpose": PURPOSE.upper()}, "PURPOSE_NOT_GRANTED"),
    "a purpose of nobody": ({"purpose": "marked-secret-purpose"}, "PURPOSE_NOT_GRANTED"),
    "another resource of ours": ({"resource": ORGANISATIONS}, "TOKEN_CLAIM_INVALID"),
    "a resource of nobody": ({"resource": "marked-secret-resource"}, "TOKEN_CLAIM_INVALID"),
    "no resource": ({"resource": ""}, "TOKEN_CLAIM_INVALID"),
}


@pytest.mark.parametrize(("changes", "outcome"), CALLS.values(), ids=CALLS)
def test_a_call_asks_for_what_was_granted(
    city: MemoryCity, changes: dict[str, Any], outcome: str
) -> None:
    """Resource, purpose and mode; what a caller wrote instead is not repeated."""
    request = city.request(**changes)
    if outcome == "ok":
        city.provider.seal(request)
        return
    error = refused(city, request, outcome)
    assert "marked-secret" not in shown(error)
    assert "marked-secret" not in repr(city.provider.ledger.entries)


@pytest.mark.parametrize("resource", [ORGANISATIONS, MARRIAGES, "marked-secret-resource", ""])
def test_an_explanation_is_for_the_granted_resource(city: MemoryCity, resource: str) -> None:
    """A grant explains nothing of another resource, be it of the same field names."""
    city.provider.outbound.explain(ASSISTANCE, city.grant())
    with pytest.raises(SealgateError) as caught:
        city.provider.outbound.explain(resource, city.grant())
    assert caught.value.code == "TOKEN_CLAIM_INVALID"
    assert "marked-secret" not in shown(caught.value)
