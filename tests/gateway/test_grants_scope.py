"""What a grant lets a call have, for how long it is believed, and what takes it back."""

import json
import os
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import QuotaExceededError, RegionOutOfScopeError
from gateway.grants import GrantVerifier, verifying
from gateway.model.call import Row, Sealed, SealRequest
from gateway.model.resource import Resource, Status
from gateway.model.trust import Blocks, Snapshot
from gateway.testing import DAY, PURPOSE, RESOURCE, STATUS_URI, MemoryCity
from keys.errors import SealgateError
from tests.gateway.token_forge import TokenForge, shown, strings

ASSISTANCE, ORGANISATIONS = RESOURCE, "3070010020001/000002"
MARRIAGES, ADOPTIONS = "3070010030001/000003", "3070010040001/000004"
MARRIAGE_FIELDS = ("business", "registered_date", "region")


@pytest.fixture
def city() -> MemoryCity:
    """Begin a city of its own for a test that changes it."""
    return MemoryCity()


def refused(city: MemoryCity, request: SealRequest, code: str) -> SealgateError:
    """Assert that a call is refused and entered, and that nothing of it is shown."""
    with pytest.raises(SealgateError) as caught:
        city.provider.seal(request)
    assert caught.value.code == code
    TokenForge(city).check_refusal(caught.value, request.grant)
    said = shown(caught.value)
    for value in strings(json.loads(request.records)):
        assert len(value) < 8 or value not in said or value in city.resource().code
    return caught.value


def change_resource(city: MemoryCity, code: str = ASSISTANCE, **changes: Any) -> Resource:
    """Publish a catalogue in which one entry is changed."""
    catalogue = city.trust.catalogue
    entry = msgspec.structs.replace(catalogue.resources[code], **changes)
    resources = {**catalogue.resources, code: entry}
    city.publish(catalogue=msgspec.structs.replace(catalogue, resources=resources))
    return entry


def request_for(city: MemoryCity, code: str, grant: str, fields: tuple[str, ...]) -> SealRequest:
    """Return a request with records that fit a resource."""
    return city.request(city.records(fields=fields, code=code), grant=grant, resource=code)


# --- the issuer's scope ----------------------------------------------------

US, OTHER = "11149900MB0C12002H", "11149900MB0C140248"
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


# --- region ----------------------------------------------------------------

REGIONS: dict[str, tuple[str, list[str], list[int]]] = {
    # the grant's region, the records' regions, the records outside
    "a county": ("140105", ["140105", "140105"], []),
    "another county": ("140105", ["140106"], [1]),
    "the city above": ("140105", ["140100"], [1]),
    "the province above": ("140105", ["140000"], [1]),
    "a city": ("140100", ["140100", "140105", "140181"], []),
    "a city, and others": ("140100", ["140105", "140212", "140000", "140110"], [2, 3]),
    "a province": ("140000", ["140000", "140105", "149900"], []),
    "another province": ("110000", ["140105", "140000"], [1, 2]),
    "an unknown county of a city": ("140199", ["140105"], [1]),
    "a city that is no county": ("149900", ["149900", "140105"], [2]),
}


@pytest.mark.parametrize(("region", "codes", "outside"), REGIONS.values(), ids=REGIONS)
def test_every_record_lies_in_the_granted_region(
    city: MemoryCity, region: str, codes: list[str], outside: list[int]
) -> None:
    """One record outside refuses the whole call, by its number and not by its value."""
    grant = city.grant({"region": region})
    records = city.records(len(codes))
    for record, code in zip(records, codes, strict=True):
        record["region"] = code
    request = city.request(records, grant=grant)
    if not outside:
        assert city.provider.seal(request).manifest.records == len(codes)
        return
    error = refused(city, request, "REGION_OUT_OF_SCOPE")
    assert isinstance(error, RegionOutOfScopeError)
    assert list(error.records) == outside


@pytest.mark.parametrize("missing", [True, False], ids=["absent", "null"])
def test_a_record_of_no_region_is_outside(city: MemoryCity, missing: bool) -> None:
    """Where the catalogue lets the region be absent or null, it lies nowhere."""
    fields = tuple(
        msgspec.structs.replace(field, required=False, null=True) if field.id == "region" else field
        for field in city.resource().fields
    )
    change_resource(city, fields=fields)
    records: list[Row] = city.records(2)
    for record in records:
        record["region"] = "149900"
    if missing:
        del records[1]["region"]
    else:
        records[1]["region"] = None
    city.provider.seal(city.request(records))
    error = refused(
        city, city.request(records, grant=city.grant({"region": "149900"})), "REGION_OUT_OF_SCOPE"
    )
    assert error.records == (2,)


def test_a_region_needs_the_field_that_tells_it(city: MemoryCity) -> None:
    """A resource that has none, or a grant that does not name it, cannot be held to one."""
    grant = city.grant({"region": "149900", "fields": ("name",)})
    refused(city, city.request(city.records(fields=("name",)), grant=grant), "TOKEN_CLAIM_INVALID")
    grant = city.grant({"region": "149900"})
    change_resource(city, region_field=None)
    refused(city, city.request(grant=grant), "TOKEN_CLAIM_INVALID")


# --- rows ------------------------------------------------------------------


def test_a_call_brings_no_more_rows_than_granted(city: MemoryCity) -> None:
    """At the limit it passes, a row above it does not; an empty call charges nothing."""
    grant = city.grant({"rows_per_call": 3})
    city.provider.seal(city.request(city.records(3), grant=grant))
    error = refused(city, city.request(city.records(4), grant=grant), "QUOTA_EXCEEDED")
    assert isinstance(error, QuotaExceededError)
    assert "3 rows a call" in error.message
    city.provider.seal(city.request(city.records(3), grant=grant))


def _stream(city: MemoryCity, grant: str, *counts: int) -> list[Sealed]:
    batches = [msgspec.json.encode(city.records(count)) for count in counts]
    return list(city.provider.outbound.seal_stream(city.request(grant=grant), batches))


def test_a_stream_is_one_call(city: MemoryCity) -> None:
    """Cut into parts, it brings no more rows than in one piece."""
    grant = city.grant({"rows_per_call": 5})
    assert len(_stream(city, grant, 2, 3)) == 2
    with pytest.raises(SealgateError) as caught:
        _stream(city, grant, 2, 2, 2)
    assert caught.value.code == "QUOTA_EXCEEDED"


def test_a_day_brings_no_more_rows_than_granted(city: MemoryCity) -> None:
    """Counted by days in China; each grant has its own count; a refusal charges nothing."""
    grant, other = city.grant({"rows_per_day": 5}), city.grant({"rows_per_day": 5})

    def seal(count: int, token: str = grant) -> Sealed:
        return city.provider.seal(city.request(city.records(count), grant=token))

    seal(3)
    refused(city, city.request(city.records(3), grant=grant), "QUOTA_EXCEEDED")
    seal(2)
    refused(city, city.request(city.records(1), grant=grant), "QUOTA_EXCEEDED")
    seal(5, other)
    # The city begins at 08:00 in China: the day ends in sixteen hours.
    city.clock.forward(seconds=16 * 3600 - 1)
    refused(city, city.request(city.records(1), grant=grant), "QUOTA_EXCEEDED")
    city.clock.forward(seconds=1)
    seal(5)


def test_parts_of_a_stream_are_charged_one_by_one(city: MemoryCity) -> None:
    """And the part that no longer fits is not sealed."""
    grant = city.grant({"rows_per_day": 5})
    sealed: list[Sealed] = []
    batches = [msgspec.json.encode(city.records(2)) for _ in range(3)]
    with pytest.raises(SealgateError) as caught:
        sealed.extend(city.provider.outbound.seal_stream(city.request(grant=grant), batches))
    assert caught.value.code == "QUOTA_EXCEEDED"
    assert [part.manifest.records for part in sealed] == [2, 2]
    assert sum(city.provider.state.used.values()) == 4


# --- what takes a grant back ------------------------------------------------


def _block_requester(city: MemoryCity, jti: str) -> None:
    del jti
    city.provider.snapshots.change(blocks=Blocks(requesters=frozenset({city.requester.department})))


def _block_grant(city: MemoryCity, jti: str) -> None:
    city.provider.snapshots.change(blocks=Blocks(grants=frozenset({jti})))


def _block_others(city: MemoryCity, jti: str) -> None:
    city.provider.snapshots.change(
        blocks=Blocks(
            requesters=frozenset({city.outsider.department, jti, "*", ""}),
            grants=frozenset({city.requester.department, jti.lower() + "x", "*", ""}),
        )
    )


def _revoke(city: MemoryCity, jti: str) -> None:
    del jti
    city.revoked.add(city.issued)
    city.publish()


def _drop_list(city: MemoryCity, jti: str) -> None:
    del jti
    city.publish(status_lists={})


def _end_list(city: MemoryCity, jti: str) -> None:
    del jti
    ended = msgspec.structs.replace(
        city.trust.status_lists[STATUS_URI], expires=city.clock() // 1000
    )
    city.publish(status_lists={STATUS_URI: ended})


def _revoke_key(city: MemoryCity, jti: str) -> None:
    del jti
    issuer = city.issuer()
    key = msgspec.structs.replace(issuer.keys[0], revoked_at=city.clock() // 1000)
    issuers = {city.iss: msgspec.structs.replace(issuer, keys=(key,))}
    city.publish(issuers=issuers, status_lists=city.trust.status_lists)


def _drop_issuer(city: MemoryCity, jti: str) -> None:
    del jti
    other = city.issuer(iss="urn:other")
    city.publish(issuers={other.iss: other}, status_lists=city.trust.status_lists)


def _narrow_issuer(city: MemoryCity, jti: str) -> None:
    del jti
    city.publish(issuers={city.iss: city.issuer(resources=(ORGANISATIONS,))})


def _drop_requester(city: MemoryCity, jti: str) -> None:
    del jti
    departments = dict(city.trust.departments)
    del departments[city.requester.department]
    city.publish(departments=departments)


def _drop_purpose(city: MemoryCity, jti: str) -> None:
    del jti
    catalogue = city.trust.catalogue
    purposes = {name: one for name, one in catalogue.purposes.items() if name != PURPOSE}
    city.publish(catalogue=msgspec.structs.replace(catalogue, purposes=purposes))


def _drop_level(city: MemoryCity, jti: str) -> None:
    del jti
    catalogue = city.trust.catalogue
    grades = tuple(grade for grade in catalogue.grades.grades if grade.id != "G3")
    scheme = msgspec.structs.replace(catalogue.grades, grades=grades)
    city.publish(catalogue=msgspec.structs.replace(catalogue, grades=scheme))


def _nothing(city: MemoryCity, jti: str) -> None:
    del jti
    city.publish()


Change = Callable[[MemoryCity, str], None]
CHANGES: dict[str, tuple[Change, str]] = {
    "nothing but a new version": (_nothing, "ok"),
    "blocks of others": (_block_others, "ok"),
    "the requester blocked": (_block_requester, "TOKEN_BLOCKED"),
    "the grant blocked": (_block_grant, "TOKEN_BLOCKED"),
    "the grant revoked": (_revoke, "TOKEN_REVOKED"),
    "the status list gone": (_drop_list, "TRUST_STALE"),
    "the status list ended": (_end_list, "TRUST_STALE"),
    "the issuer's key revoked": (_revoke_key, "TOKEN_ISSUER_UNKNOWN"),
    "the issuer gone": (_drop_issuer, "TOKEN_ISSUER_UNKNOWN"),
    "the issuer's scope narrowed": (_narrow_issuer, "TOKEN_ISSUER_SCOPE"),
    "the requester gone": (_drop_requester, "DEPARTMENT_UNKNOWN"),
    "the purpose gone": (_drop_purpose, "PURPOSE_NOT_GRANTED"),
    "the level gone": (_drop_level, "TOKEN_CLAIM_INVALID"),
}


def _jti(city: MemoryCity) -> tuple[str, str]:
    claims = city.claims({"rows_per_day": 100})
    return city.issue(claims), claims.jti


@pytest.mark.parametrize(("change", "outcome"), CHANGES.values(), ids=CHANGES)
def test_what_takes_a_grant_back_counts_at_the_next_call(
    city: MemoryCity, change: Change, outcome: str
) -> None:
    """Though the token was verified, and the release compiled, a call before."""
    grant, jti = _jti(city)
    city.provider.seal(city.request(grant=grant))
    change(city, jti)
    if outcome == "ok":
        city.provider.seal(city.request(grant=grant))
        return
    refused(city, city.request(grant=grant), outcome)
    for call in (
        lambda: city.provider.outbound.explain(ASSISTANCE, grant),
        lambda: city.provider.outbound.faults(city.request(grant=grant)),
    ):
        with pytest.raises(SealgateError) as caught:
            call()
        assert caught.value.code == outcome


class Interrupting:
    """A QuotaStore that lets something happen between steps 2 and 10 of a call."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile: Callable[[], None] | None = meanwhile
        self.charged = 0

    def reserve(self, grant: str, day: str, rows: int, limit: int) -> int | None:
        """Charge, and let it happen once."""
        del grant, day, limit
        self.charged += rows
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        return None


@pytest.mark.parametrize(("change", "outcome"), CHANGES.values(), ids=CHANGES)
def test_what_takes_a_grant_back_counts_in_the_middle_of_a_call(
    city: MemoryCity, change: Change, outcome: str
) -> None:
    """Between steps 2 and 10: nothing leaves, the refusal is entered, the charge stays."""
    grant, jti = _jti(city)
    store = Interrupting(lambda: change(city, jti))
    city.provider.state = store  # type: ignore[assignment]
    city.provider.wire(city.provider.snapshots)
    request = city.request(grant=grant)
    if outcome == "ok":
        city.provider.seal(request)
    else:
        refused(city, request, outcome)
    (entry,) = city.provider.ledger.entries
    assert entry.shared.outcome == outcome
    assert entry.shared.grant == jti
    assert store.charged == 3


def test_a_block_stops_a_stream_at_its_next_part(city: MemoryCity) -> None:
    """What has left has left; nothing more does."""
    grant, jti = _jti(city)
    batches = [msgspec.json.encode(city.records(1)) for _ in range(3)]
    parts = city.provider.outbound.seal_stream(city.request(grant=grant), batches)
    next(parts)
    _block_grant(city, jti)
    with pytest.raises(SealgateError) as caught:
        next(parts)
    assert caught.value.code == "TOKEN_BLOCKED"


def test_a_block_needs_no_status_list(city: MemoryCity) -> None:
    """The provider's own word counts while the issuer's is missing."""
    grant, jti = _jti(city)
    city.publish(status_lists={})
    _block_grant(city, jti)
    refused(city, city.request(grant=grant), "TOKEN_BLOCKED")


def test_a_lifted_block_is_lifted(city: MemoryCity) -> None:
    """At the next call too, with nothing remembered."""
    grant, jti = _jti(city)
    _block_grant(city, jti)
    refused(city, city.request(grant=grant), "TOKEN_BLOCKED")
    city.provider.snapshots.change(blocks=Blocks())
    city.provider.seal(city.request(grant=grant))


# --- the cache -------------------------------------------------------------


def _snapshots(city: MemoryCity, jti: str) -> list[Snapshot]:
    """Make a snapshot for every change, each from the same beginning."""
    before = city.provider.snapshots.current()
    found = [before]
    for change, _ in CHANGES.values():
        change(city, jti)
        found.append(city.provider.snapshots.current())
        city.revoked.clear()
        city.provider.snapshots.change(trust=before.trust, blocks=before.blocks)
    return found


def _outcome(verifier: GrantVerifier, token: str, snapshot: Snapshot, now: int) -> str:
    try:
        return verifier.verify(token, snapshot, now).digest
    except SealgateError as error:
        return error.code


@pytest.fixture(scope="module")
def world() -> tuple[MemoryCity, list[str], list[Snapshot]]:
    """Share some grants, good and bad, and a snapshot for every change to one of them."""
    city = MemoryCity()
    grant, jti = _jti(city)
    tokens = [
        grant,
        city.grant(exp=city.clock() // 1000 + 100),
        city.grant(nbf=city.clock() // 1000 + 500),
        city.grant(aud=OTHER),
        grant[:-4] + "AAAA",
    ]
    return city, tokens, _snapshots(city, jti)


@settings(max_examples=60)
@given(data=st.data())
def test_a_cache_is_never_seen(
    world: tuple[MemoryCity, list[str], list[Snapshot]], data: st.DataObject
) -> None:
    """Whatever was verified before, in any order: as if it had never been."""
    city, tokens, snapshots = world
    used = GrantVerifier(city.provider.department)
    now = city.clock() // 1000
    for _ in range(data.draw(st.integers(1, 8))):
        token = data.draw(st.sampled_from(tokens))
        snapshot = data.draw(st.sampled_from(snapshots))
        at = now + data.draw(st.sampled_from([0, -61, -60, 160, 159, 440, 439, 7 * DAY + 60]))
        fresh = GrantVerifier(city.provider.department)
        assert _outcome(used, token, snapshot, at) == _outcome(fresh, token, snapshot, at)


def test_the_cache_is_bounded(city: MemoryCity, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who brings ever new grants does not fill the memory."""
    monkeypatch.setattr(verifying, "MAX_CACHED", 4)
    verifier = GrantVerifier(city.provider.department)
    snapshot, now = city.provider.snapshots.current(), city.clock() // 1000
    tokens = [city.grant() for _ in range(9)]
    grants = [verifier.verify(token, snapshot, now) for token in tokens]
    kept = [
        verifier.verify(token, snapshot, now) is grant
        for token, grant in reversed(list(zip(tokens, grants, strict=True)))
    ]
    assert kept == [True] * 4 + [False] * 5


def test_a_refused_grant_is_not_cached(city: MemoryCity) -> None:
    """Refused for what the trust data of one moment lacks, it is looked at anew in the next."""
    issuer = city.issuer()
    grant = city.grant()
    city.publish(issuers={"urn:other": city.issuer(iss="urn:other")}, status_lists={})
    refused(city, city.request(grant=grant), "TOKEN_ISSUER_UNKNOWN")
    city.publish(issuers={issuer.iss: issuer})
    city.provider.seal(city.request(grant=grant))


def test_a_strangers_tokens_do_not_fill_the_ledger(city: MemoryCity) -> None:
    """What comes before authentication is counted and summed up."""
    grant = city.grant()
    strangers = [os.urandom(9).hex() for _ in range(50)] + [grant[:-4] + "AAAA"] * 50
    for token in strangers:
        with pytest.raises(SealgateError):
            city.provider.seal(city.request(grant=token))
    assert city.provider.ledger.entries == []
    city.provider.outbound.close()
    counts = {entry.shared.outcome: entry.shared.count for entry in city.provider.ledger.entries}
    assert counts == {"TOKEN_MALFORMED": 50, "TOKEN_SIGNATURE_INVALID": 50}
