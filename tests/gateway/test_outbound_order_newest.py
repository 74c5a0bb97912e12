"""A call is released by the newest data, and uses one snapshot until then."""

from collections.abc import Callable

import msgspec
import pytest

from gateway.errors import ConfigurationInvalidError, TrustStaleError
from gateway.model.trust import Blocks
from keys.material import Purpose
from tests.gateway.forge import refusal
from tests.gateway.outbound_cases import Case, TurningSnapshots


def _no_requester(snapshots: TurningSnapshots) -> None:
    kept = dict(snapshots.first.trust.departments)
    kept.pop("11149900MB0C13013W")
    snapshots.turn_trust(departments=kept)


def _revoked_key(purpose: Purpose, role: str) -> Callable[[TurningSnapshots], None]:
    def turn(snapshots: TurningSnapshots) -> None:
        departments = dict(snapshots.first.trust.departments)
        entry = departments[role]
        keys = tuple(
            msgspec.structs.replace(key, revoked_at=1) if key.purpose is purpose else key
            for key in entry.keys
        )
        departments[role] = msgspec.structs.replace(entry, keys=keys)
        snapshots.turn_trust(departments=departments)

    return turn


def _revoked_issuer(snapshots: TurningSnapshots) -> None:
    issuers = {
        iss: msgspec.structs.replace(
            issuer,
            keys=tuple(msgspec.structs.replace(key, revoked_at=1) for key in issuer.keys),
        )
        for iss, issuer in snapshots.first.trust.issuers.items()
    }
    snapshots.turn_trust(issuers=issuers)


def _revoked_grant(snapshots: TurningSnapshots) -> None:
    lists = {
        uri: msgspec.structs.replace(one, statuses=b"\xff" * len(one.statuses))
        for uri, one in snapshots.first.trust.status_lists.items()
    }
    snapshots.turn_trust(status_lists=lists)


def _cannot_read(error: Exception) -> Callable[[TurningSnapshots], None]:
    def turn(snapshots: TurningSnapshots) -> None:
        snapshots.raises = error

    return turn


BEHIND = {
    "grant revoked": (_revoked_grant, "TOKEN_REVOKED"),
    "issuer's key revoked": (_revoked_issuer, "TOKEN_ISSUER_UNKNOWN"),
    "issuer struck off": (lambda s: s.turn_trust(issuers={}), "TOKEN_ISSUER_UNKNOWN"),
    "status list gone": (lambda s: s.turn_trust(status_lists={}), "TRUST_STALE"),
    "requester struck off": (_no_requester, "DEPARTMENT_UNKNOWN"),
    "requester's key revoked": (
        _revoked_key(Purpose.OPENING, "11149900MB0C13013W"),
        "KEY_UNAVAILABLE",
    ),
    "requester blocked": (
        lambda s: s.turn(blocks=Blocks(requesters=frozenset({"11149900MB0C13013W"}))),
        "TOKEN_BLOCKED",
    ),
    "trust data unreadable": (
        _cannot_read(TrustStaleError(reason="-", reason_zh="-")),
        "TRUST_STALE",
    ),
    "blocks unreadable": (
        _cannot_read(ConfigurationInvalidError(reason="-", reason_zh="-")),
        "CONFIGURATION_INVALID",
    ),
}


@pytest.mark.parametrize("name", BEHIND)
def test_what_is_revoked_while_a_call_runs_stops_it(name: str) -> None:
    """Between step 2 and step 10; the envelope was sealed already, and is not returned."""
    turn, code = BEHIND[name]
    case = Case()
    case.behind.append(turn)
    assert refusal(case.run) == code
    assert case.snapshots.looks == 2
    (entry,) = case.ledger.inner.entries
    assert (entry.shared.outcome, entry.shared.envelope) == (code, None)
    assert entry.shared.requester == case.city.requester.department
    assert entry.shared.fields
    assert case.used == 3


def test_a_blocked_grant_stops_a_running_call() -> None:
    """By its `jti`, at once."""
    case = Case()
    claims = case.city.claims(case.detail)
    token = case.city.issue(claims)
    case.changes["grant"] = token
    blocks = Blocks(grants=frozenset({claims.jti}))
    case.behind.append(lambda snapshots: snapshots.turn(blocks=blocks))
    assert refusal(case.run) == "TOKEN_BLOCKED"


def test_a_call_uses_one_snapshot_from_beginning_to_end() -> None:
    """A newer catalogue and policy do not change a call under way: only revocation does."""
    case = Case()

    def turn(snapshots: TurningSnapshots) -> None:
        catalogue = msgspec.structs.replace(snapshots.first.trust.catalogue, version="newer")
        snapshots.turn_trust(version=99, catalogue=catalogue)
        snapshots.turn(policy=None)

    case.behind.append(turn)
    manifest = case.run().manifest
    assert manifest.trust == case.city.trust.version
    assert manifest.catalogue == case.city.catalogue.version
