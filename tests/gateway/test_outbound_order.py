"""The way out: its steps in their order, and what is left of a call that stopped at each."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.envelope.opening import parse_envelope
from gateway.errors import ConfigurationInvalidError, LedgerUnavailableError, TrustStaleError
from gateway.model.call import Entry, Receipt, Sealed
from gateway.model.resource import Status
from gateway.model.trust import Blocks, Catalogue, Snapshot
from gateway.outbound import Outbound
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.testing import FIELDS, PURPOSE, RESOURCE, MemoryCity
from keys.errors import SealgateError
from keys.material import Purpose
from tests.gateway.forge import new_city, refusal, rows

QUOTA = 7


class _TurningSnapshots:
    """A SnapshotSource whose world changes behind the first look of a call."""

    def __init__(self, first: Snapshot) -> None:
        self.first, self.then, self.looks = first, first, 0
        self.raises: Exception | None = None

    def current(self) -> Snapshot:
        self.looks += 1
        if self.looks == 1:
            return self.first
        if self.raises is not None:
            raise self.raises
        return self.then

    def turn(self, **changes: Any) -> None:
        """Let later looks see the world with changes."""
        self.then = msgspec.structs.replace(self.then, number=self.then.number + 1000, **changes)

    def turn_trust(self, **changes: Any) -> None:
        """Let later looks see the trust data with changes."""
        self.turn(trust=msgspec.structs.replace(self.then.trust, **changes))


class _BrokenLedger:
    """A ledger that can fail; it keeps what it was given."""

    def __init__(self, city: MemoryCity) -> None:
        self.inner, self.fails = city.provider.ledger, False

    def append(self, entry: Entry) -> Receipt:
        if self.fails:
            raise LedgerUnavailableError
        return self.inner.append(entry)


class Case:
    """One call, in a world in which some things are wrong."""

    def __init__(self) -> None:
        self.city = new_city()
        self.detail: dict[str, Any] = {"rows_per_day": QUOTA}
        self.changes: dict[str, Any] = {}
        self.records: bytes = msgspec.json.encode(rows())
        self.behind: list[Callable[[_TurningSnapshots], None]] = []
        self.ledger = _BrokenLedger(self.city)
        self.used_before = 0

    def run(self) -> Sealed:
        """Seal."""
        city = self.city
        claims = city.claims(self.detail)
        grant = city.issue(claims)
        if self.used_before:
            day = "2026-11-02"
            city.provider.state.used[claims.jti, day] = self.used_before
        self.snapshots = _TurningSnapshots(city.provider.snapshots.current())
        for turn in self.behind:
            turn(self.snapshots)
        request = city.request(grant=grant)
        request = msgspec.structs.replace(request, records=self.records, **self.changes)
        outbound = Outbound(
            department=city.provider.department,
            snapshots=self.snapshots,
            keys=city.provider.keys,
            ledger=self.ledger,
            quotas=city.provider.state,
            clock=city.clock,
            dice=os.urandom,
        )
        return outbound.seal(request)

    @property
    def used(self) -> int:
        """Rows charged to the grant of this call."""
        return sum(self.city.provider.state.used.values())


def _catalogue(city: MemoryCity, **changes: Any) -> Catalogue:
    resources = dict(city.catalogue.resources)
    resources[RESOURCE] = msgspec.structs.replace(resources[RESOURCE], **changes)
    return msgspec.structs.replace(city.catalogue, resources=resources)


def _too_large(case: Case) -> None:
    case.records = case.records.ljust(MAX_RECORD_BYTES + 1)


def _stale(case: Case) -> None:
    case.city.publish(expires=case.city.clock() // 1000)


def _no_token(case: Case) -> None:
    case.changes["grant"] = "not.a.token"


def _another_purpose(case: Case) -> None:
    case.changes["purpose"] = "assistance-payment"


def _stopped(case: Case) -> None:
    case.city.publish(catalogue=_catalogue(case.city, status=Status.STOPPED))


def _uncatalogued(case: Case) -> None:
    case.records = case.records.replace(b'"category"', b'"blood_type"', 1)


def _quota(case: Case) -> None:
    case.used_before = QUOTA - 2


def _no_policy(case: Case) -> None:
    case.city.provider.snapshots.change(policy=None)


def _no_key(case: Case) -> None:
    departments = dict(case.city.trust.departments)
    entry = departments[case.city.requester.department]
    keys = tuple(key for key in entry.keys if key.purpose is not Purpose.OPENING)
    departments[entry.id] = msgspec.structs.replace(entry, keys=keys)
    case.city.publish(departments=departments)


def _blocked_behind(case: Case) -> None:
    blocks = Blocks(requesters=frozenset({case.city.requester.department}))
    case.behind.append(lambda snapshots: snapshots.turn(blocks=blocks))


def _no_ledger(case: Case) -> None:
    case.ledger.fails = True


# What can be wrong, in the order in which it is found: step, code, whether rows are charged.
FAULTS: list[tuple[Callable[[Case], None], str, bool]] = [
    (_too_large, "LIMIT_EXCEEDED", False),  # 1
    (_stale, "TRUST_STALE", False),
    (_no_token, "TOKEN_MALFORMED", False),  # 2
    (_another_purpose, "PURPOSE_NOT_GRANTED", False),
    (_stopped, "RESOURCE_STOPPED", False),  # 3
    (_uncatalogued, "FIELD_UNCATALOGUED", False),  # 4
    (_quota, "QUOTA_EXCEEDED", False),  # 5
    (_no_policy, "POLICY_MISSING", True),  # 6
    (_no_key, "KEY_UNAVAILABLE", True),  # 9
    (_blocked_behind, "TOKEN_BLOCKED", True),  # 10
    (_no_ledger, "LEDGER_UNAVAILABLE", True),  # 11
]


def _name(fault: Any) -> str:
    return str(getattr(fault, "__name__", fault)).strip("_")


def test_a_call_in_order_is_sealed() -> None:
    """What the faults below break is good as it stands."""
    case = Case()
    sealed = case.run()
    assert case.city.requester.open(sealed.envelope).manifest == sealed.manifest
    assert case.used == 3
    assert [entry.shared.outcome for entry in case.ledger.inner.entries] == ["ok"]


@pytest.mark.parametrize(("fault", "code", "charged"), FAULTS, ids=_name)
def test_each_step_refuses(fault: Callable[[Case], None], code: str, charged: bool) -> None:
    """With its code; nothing is returned, rows stay charged from step 5 on."""
    case = Case()
    fault(case)
    assert refusal(case.run) == code
    assert case.used - case.used_before == (3 if charged else 0)
    entries = case.ledger.inner.entries
    strangers = {"LIMIT_EXCEEDED", "TRUST_STALE", "TOKEN_MALFORMED", "LEDGER_UNAVAILABLE"}
    assert [entry.shared.outcome for entry in entries] == ([] if code in strangers else [code])
    assert all(entry.shared.envelope is None for entry in entries)


@pytest.mark.parametrize(
    ("first", "second"),
    list(itertools.combinations(FAULTS, 2)),
    ids=lambda fault: _name(fault[0]),
)
def test_the_earlier_step_decides(first: Any, second: Any) -> None:
    """Of any two things that are wrong the one that is found first is told."""
    case = Case()
    second[0](case)
    first[0](case)
    expected = first[1]
    if second[0] is _no_ledger and expected not in (
        "LIMIT_EXCEEDED",
        "TRUST_STALE",
        "TOKEN_MALFORMED",
    ):
        # Its refusal cannot be entered, and that is worse.
        expected = "LEDGER_UNAVAILABLE"
    assert refusal(case.run) == expected


# --- Step 10: the newest data


def _no_requester(snapshots: _TurningSnapshots) -> None:
    kept = dict(snapshots.first.trust.departments)
    kept.pop("11149900MB0C13013W")
    snapshots.turn_trust(departments=kept)


def _revoked_key(purpose: Purpose, role: str) -> Callable[[_TurningSnapshots], None]:
    def turn(snapshots: _TurningSnapshots) -> None:
        departments = dict(snapshots.first.trust.departments)
        entry = departments[role]
        keys = tuple(
            msgspec.structs.replace(key, revoked_at=1) if key.purpose is purpose else key
            for key in entry.keys
        )
        departments[role] = msgspec.structs.replace(entry, keys=keys)
        snapshots.turn_trust(departments=departments)

    return turn


def _revoked_issuer(snapshots: _TurningSnapshots) -> None:
    issuers = {
        iss: msgspec.structs.replace(
            issuer,
            keys=tuple(msgspec.structs.replace(key, revoked_at=1) for key in issuer.keys),
        )
        for iss, issuer in snapshots.first.trust.issuers.items()
    }
    snapshots.turn_trust(issuers=issuers)


def _revoked_grant(snapshots: _TurningSnapshots) -> None:
    lists = {
        uri: msgspec.structs.replace(one, statuses=b"\xff" * len(one.statuses))
        for uri, one in snapshots.first.trust.status_lists.items()
    }
    snapshots.turn_trust(status_lists=lists)


def _cannot_read(error: Exception) -> Callable[[_TurningSnapshots], None]:
    def turn(snapshots: _TurningSnapshots) -> None:
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

    def turn(snapshots: _TurningSnapshots) -> None:
        catalogue = msgspec.structs.replace(snapshots.first.trust.catalogue, version="newer")
        snapshots.turn_trust(version=99, catalogue=catalogue)
        snapshots.turn(policy=None)

    case.behind.append(turn)
    manifest = case.run().manifest
    assert manifest.trust == case.city.trust.version
    assert manifest.catalogue == case.city.catalogue.version


# --- What is left


class _StoppingLedger:
    """A ledger that is never reached alive."""

    def append(self, entry: Entry) -> Receipt:
        raise RuntimeError("the process died here")


def test_a_crash_keeps_the_charge() -> None:
    """Rows are charged before anything is sealed, and nobody gives them back."""
    case = Case()
    case.ledger.inner = _StoppingLedger()  # type: ignore[assignment]
    with pytest.raises(RuntimeError, match="died"):
        case.run()
    assert case.used == 3


def test_quotas_are_counted_by_day_and_grant() -> None:
    """Until the day in China ends; another grant has rows of its own."""
    city = new_city()
    grant = city.grant({"rows_per_day": 4})
    request = city.request(rows(), grant=grant)
    city.provider.seal(request)
    assert refusal(city.provider.seal, request) == "QUOTA_EXCEEDED"
    city.provider.seal(city.request(rows()[:1], grant=grant))
    city.provider.seal(city.request(rows(), grant=city.grant({"rows_per_day": 4})))
    # The city begins at 8 in the morning.
    city.clock.forward(seconds=16 * 3600 - 0.001)
    assert refusal(city.provider.seal, request) == "QUOTA_EXCEEDED"
    city.clock.forward(seconds=0.001)
    city.provider.seal(request)


def test_rows_to_a_call_are_bounded() -> None:
    """And a call that is too large is not charged."""
    city = new_city()
    grant = city.grant({"rows_per_call": 2, "rows_per_day": 2})
    assert refusal(city.provider.seal, city.request(rows(), grant=grant)) == "QUOTA_EXCEEDED"
    assert city.provider.seal(city.request(rows()[:2], grant=grant)).manifest.records == 2


def test_one_wrong_record_refuses_all() -> None:
    """The last of many, and nothing is sealed."""
    city = new_city()
    many = rows() * 50
    for wrong, code in (
        ({"blood_type": "A"}, "FIELD_UNCATALOGUED"),
        ({"household_size": 3}, "FIELD_OUT_OF_SCOPE"),
        ({"region": "999999"}, "FIELD_INVALID"),
        ({"monthly_income": None}, "FIELD_INVALID"),
    ):
        records = [*many, {**many[0], **wrong}]
        with pytest.raises(SealgateError) as caught:
            city.provider.seal(city.request(records))
        assert caught.value.code == code
        assert caught.value.records == (151,)
    assert {entry.shared.outcome for entry in city.provider.ledger.entries} == {
        "FIELD_UNCATALOGUED",
        "FIELD_OUT_OF_SCOPE",
        "FIELD_INVALID",
    }


def test_every_record_lies_in_the_grants_region() -> None:
    """By the resource's region field; one outside refuses all."""
    city = new_city()
    region = rows()[0]["region"]
    inside = [{**row, "region": region} for row in rows()]
    grant = city.grant({"region": region[:4] + "00"})
    assert city.provider.seal(city.request(inside, grant=grant)).manifest.records == 3
    other = next(
        code.code
        for code in city.catalogue.code_lists["region"].codes
        if not code.code.startswith(region[:4])
    )
    inside[1] = {**inside[1], "region": other}
    with pytest.raises(SealgateError) as caught:
        city.provider.seal(city.request(inside, grant=grant))
    assert (caught.value.code, caught.value.records) == ("REGION_OUT_OF_SCOPE", (2,))


class _RunningClock:
    """A clock that moves on at every look."""

    def __init__(self, city: MemoryCity) -> None:
        self.city = city

    def __call__(self) -> int:
        self.city.clock.now += 1000
        return self.city.clock.now


def test_a_call_has_one_time() -> None:
    """Header, ledger and expiry agree, however long the call takes."""
    city = new_city()
    node = city.provider
    outbound = Outbound(
        department=node.department,
        snapshots=node.snapshots,
        keys=node.keys,
        ledger=node.ledger,
        quotas=node.state,
        clock=_RunningClock(city),
        dice=os.urandom,
    )
    sealed = outbound.seal(city.request(rows()))
    header = parse_envelope(sealed.envelope).header
    assert header.created == node.ledger.entries[-1].shared.time == city.clock.now
    assert header.expires - header.created == 24 * 3_600_000
    assert int.from_bytes(header.envelope_id[:6], "big") == header.created


def test_records_of_the_largest_size_are_taken() -> None:
    """One byte more is refused before the grant is even looked at."""
    case = Case()
    case.records = case.records.ljust(MAX_RECORD_BYTES)
    assert case.run().manifest.records == 3


# --- Beside sealing


def test_explaining_enters_nothing_and_holds_to_the_grant() -> None:
    """What would happen is told for the grant's own resource only."""
    city = new_city()
    grant, outbound = city.grant(), city.provider.outbound
    explanation = outbound.explain(RESOURCE, grant)
    assert {field.id for field in explanation.fields} == set(FIELDS)
    assert explanation.purpose == PURPOSE
    others = [code for code in city.catalogue.resources if code != RESOURCE]
    for code in (*others, "110101199003071233"):
        with pytest.raises(SealgateError) as caught:
            outbound.explain(code, grant)
        assert caught.value.code == "TOKEN_CLAIM_INVALID"
        assert code not in str(caught.value)
    assert refusal(outbound.explain, RESOURCE, "x") == "TOKEN_MALFORMED"
    city.publish(expires=city.clock() // 1000)
    assert refusal(outbound.explain, RESOURCE, grant) == "TRUST_STALE"
    assert city.provider.ledger.entries == []


def test_faults_are_told_only_to_who_could_seal() -> None:
    """Setting ill-typed rows aside passes the same steps as sealing."""
    city = new_city()
    bad = [rows()[0], {**rows()[1], "birth_date": "yesterday"}]
    fault = city.provider.outbound.faults(city.request(bad))
    assert fault is not None
    assert fault.records == (2,)
    assert city.provider.outbound.faults(city.request(rows())) is None
    wrong = city.request(bad, purpose="assistance-payment")
    assert refusal(city.provider.outbound.faults, wrong) == "PURPOSE_NOT_GRANTED"
    uncatalogued = city.request([{**rows()[0], "blood_type": "A"}])
    assert refusal(city.provider.outbound.faults, uncatalogued) == "FIELD_UNCATALOGUED"
    request = city.request(bad)
    city.publish(catalogue=_catalogue(city, status=Status.STOPPED))
    assert refusal(city.provider.outbound.faults, request) == "RESOURCE_STOPPED"
    city.publish(expires=city.clock() // 1000)
    assert refusal(city.provider.outbound.faults, request) == "TRUST_STALE"
    assert city.provider.ledger.entries == []
