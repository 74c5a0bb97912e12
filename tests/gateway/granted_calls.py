"""Calls under a grant, and entries changed under them."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.model.call import SealRequest
from gateway.model.resource import Resource
from gateway.model.trust import Blocks
from gateway.testing import PURPOSE, RESOURCE, STATUS_URI, MemoryCity
from keys.errors import SealgateError
from tests.gateway.token_forge import TokenForge, shown, strings

ASSISTANCE, ORGANISATIONS = RESOURCE, "3070010020001/000002"


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


US, OTHER = "11149900MB0C12002H", "11149900MB0C140248"


def _block_requester(city: MemoryCity, jti: str) -> None:
    del jti
    city.provider.snapshots.change(blocks=Blocks(requesters=frozenset({city.requester.department})))


def block_grant(city: MemoryCity, jti: str) -> None:
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


def nothing_happens(city: MemoryCity, jti: str) -> None:
    del jti
    city.publish()


Change = Callable[[MemoryCity, str], None]
CHANGES: dict[str, tuple[Change, str]] = {
    "nothing but a new version": (nothing_happens, "ok"),
    "blocks of others": (_block_others, "ok"),
    "the requester blocked": (_block_requester, "TOKEN_BLOCKED"),
    "the grant blocked": (block_grant, "TOKEN_BLOCKED"),
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


def granted(city: MemoryCity) -> tuple[str, str]:
    claims = city.claims({"rows_per_day": 100})
    return city.issue(claims), claims.jti
