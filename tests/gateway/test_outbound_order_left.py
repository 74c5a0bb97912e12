"""What is left of a call that stopped on the way out, and what stands beside sealing."""

import os

import pytest

from gateway.envelope.opening import parse_envelope
from gateway.model.call import Entry, Receipt
from gateway.model.resource import Status
from gateway.outbound import Outbound
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.testing import FIELDS, PURPOSE, RESOURCE, MemoryCity
from keys.errors import SealgateError
from tests.gateway.forge import new_city, refusal, rows
from tests.gateway.ledger_shards import EmptyLedger
from tests.gateway.outbound_cases import Case, catalogue_with

# --- What is left


class _StoppingLedger(EmptyLedger):
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
    city.publish(catalogue=catalogue_with(city, status=Status.STOPPED))
    assert refusal(city.provider.outbound.faults, request) == "RESOURCE_STOPPED"
    city.publish(expires=city.clock() // 1000)
    assert refusal(city.provider.outbound.faults, request) == "TRUST_STALE"
    assert city.provider.ledger.entries == []
