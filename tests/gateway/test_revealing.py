"""The way back: only for a reason that stands in the ledger first, and never by a guess."""

from typing import Any

import msgspec
import pytest

from gateway.errors import LedgerUnavailableError
from gateway.model.call import Entry, Receipt
from gateway.revealing import MAX_REASON, MAX_REVEALED, Revealed, Revealing, RevealRequest
from gateway.testing import PURPOSE, RESOURCE, START_MS, MemoryCity
from keys.errors import SealgateError
from keys.material import Purpose
from masking.policy import read_policy
from tests.gateway.ledger_shards import EmptyLedger, shared_of

REASON = "核对 2026-17 号来信"
ID, OTHER_ID = "11010519491231002X", "140105199003078127"
MOBILE = "13812345678"
ROW = {"resident_id": OTHER_ID, "mobile": "13900000000", "bank_card": "6217000010001234569"}
_POLICY = """\
policy: reversible
version: 3
provider: 11149900MB0C12002H
defaults:
  grades: {G1: clear, G2: partial, G3: partial, G4: partial}
  kinds:
    resident_id: {op: token}
    mobile: {op: fpe}
    bank_card: {op: pseudonym}
pseudonyms:
  kinds: [resident_id, mobile, bank_card]
"""


def world(policy: str = _POLICY) -> MemoryCity:
    return MemoryCity(policy=read_policy(policy.encode(), "policy.yaml"))


@pytest.fixture
def reversible() -> MemoryCity:
    """Make a city whose provider gives tokens and encrypted numbers."""
    pytest.importorskip("fastfpe")
    return world()


def given(city: MemoryCity, **values: str) -> dict[str, Any]:
    """Let the requester have one record; return it as the requester gets it."""
    row = {**ROW, **values}
    grant = city.grant({"fields": tuple(ROW), "level": "G4"})
    request = city.request([row], grant=grant)
    return dict(city.requester.open(city.provider.seal(request).envelope).rows()[0])


def asked(city: MemoryCity, *tokens: str, **changes: Any) -> RevealRequest:
    request = RevealRequest(
        resource=RESOURCE,
        field="resident_id",
        requester=city.requester.department,
        purpose=PURPOSE,
        reason=REASON,
        tokens=tokens,
    )
    return msgspec.structs.replace(request, **changes)


def revealing(city: MemoryCity, **changes: Any) -> Revealing:
    node = city.provider
    parts = {
        "department": node.department,
        "snapshots": node.snapshots,
        "keys": node.keys,
        "ledger": node.ledger,
        "clock": node.clock,
    }
    return Revealing(**{**parts, **changes})


def refused(city: MemoryCity, request: RevealRequest, code: str) -> SealgateError:
    """Assert that a reversal is refused and entered, and that nothing of it is shown."""
    with pytest.raises(SealgateError) as caught:
        revealing(city).reveal(request)
    error = caught.value
    assert error.code == code
    entry = city.provider.ledger.entries[-1]
    assert (entry.shared.kind, entry.shared.outcome) == ("reveal", code)
    for shown in (str(error), repr(error), error.message_zh, repr(error.fields), repr(entry)):
        assert not any(token in shown for token in request.tokens if len(token) > 4)
        assert ID not in shown
    return error


def test_a_token_is_revealed_and_entered(reversible: MemoryCity) -> None:
    """With who was given it, for what, and why it is asked; the reason stays private."""
    token = given(reversible, resident_id=ID)["resident_id"]
    revealed = revealing(reversible).reveal(asked(reversible, token, token, caller="desk-3"))
    assert revealed.values == (ID, ID)
    entry = reversible.provider.ledger.entries[-1]
    assert entry.shared == shared_of(revealed.receipt)
    assert msgspec.to_builtins(entry.shared) == {
        "version": 1,
        "time": START_MS,
        "kind": "reveal",
        "outcome": "ok",
        "provider": reversible.provider.department,
        "requester": reversible.requester.department,
        "resource": RESOURCE,
        "purpose": PURPOSE,
        "fields": (("resident_id", "token"),),
        "records": 2,
        "policy": "reversible@3",
        "catalogue": reversible.catalogue.version,
        "trust": reversible.trust.version,
    }
    assert (entry.private.caller, entry.private.detail) == ("desk-3", REASON)


def test_an_encrypted_value_is_revealed(reversible: MemoryCity) -> None:
    """By the operator that the policy gives the field."""
    shown = given(reversible, mobile=MOBILE)["mobile"]
    assert shown != MOBILE
    revealed = revealing(reversible).reveal(asked(reversible, shown, field="mobile"))
    assert revealed.values == (MOBILE,)
    assert shared_of(revealed.receipt).fields == (("mobile", "fpe"),)


@pytest.mark.parametrize("scope", ["requester+purpose", "requester", "resource", "global"])
def test_a_token_of_any_scope_is_revealed(scope: str) -> None:
    """Whatever the policy says now: the token tells by which scope it was made."""
    city = world(_POLICY + f"  scope: {scope}\n  basis: 《…》第…条\n")
    token = given(city, resident_id=ID)["resident_id"]
    plain = read_policy(_POLICY.encode(), "policy.yaml")
    city.provider.snapshots.change(policy=plain)
    assert revealing(city).reveal(asked(city, token)).values == (ID,)
    city.provider.snapshots.change(policy=None)
    assert revealing(city).reveal(asked(city, token)).values == (ID,)


def _rotated(city: MemoryCity) -> tuple[str, str]:
    """Rotate the pseudonym key; return the old id and the new one."""
    keys, now = city.provider.keys, city.clock() // 1000
    old = next(key.key_id for key in keys.list_keys() if key.purpose is Purpose.PSEUDONYM)
    new = keys.new(Purpose.PSEUDONYM, 1, now, 366, "next").key_id
    keys.rotate(Purpose.PSEUDONYM, 1, now)
    return old, new


def test_a_token_of_a_retired_key_is_revealed(reversible: MemoryCity) -> None:
    """Found out by trying; or by that key alone, if it is named."""
    before = given(reversible, resident_id=ID)["resident_id"]
    old, new = _rotated(reversible)
    after = given(reversible, resident_id=ID)["resident_id"]
    assert before != after
    reveal = revealing(reversible).reveal
    assert reveal(asked(reversible, before, after)).values == (ID, ID)
    assert reveal(asked(reversible, before, key=old)).values == (ID,)
    refused(reversible, asked(reversible, before, key=new), "DECRYPTION_FAILED")


def test_an_encrypted_value_of_two_possible_keys_is_not_guessed(reversible: MemoryCity) -> None:
    """It would come back either way, once as somebody else's; so the key must be named."""
    before = given(reversible, mobile=MOBILE)["mobile"]
    old, new = _rotated(reversible)
    after = given(reversible, mobile=MOBILE)["mobile"]
    refused(reversible, asked(reversible, before, field="mobile"), "KEY_UNAVAILABLE")
    reveal = revealing(reversible).reveal
    assert reveal(asked(reversible, before, field="mobile", key=old)).values == (MOBILE,)
    assert reveal(asked(reversible, after, field="mobile", key=new)).values == (MOBILE,)


@pytest.mark.parametrize("key", ["a" * 26, "", "11010519491231002X", "x\n"])
def test_a_key_that_is_not_held_is_refused(reversible: MemoryCity, key: str) -> None:
    """So is one for another purpose; what is no id is not repeated."""
    token = given(reversible)["resident_id"]
    refused(reversible, asked(reversible, token, key=key), "KEY_UNKNOWN")
    signing = next(k for k in reversible.provider.keys.list_keys() if k.purpose is Purpose.SIGNING)
    refused(reversible, asked(reversible, token, key=signing.key_id), "KEY_UNKNOWN")


@pytest.mark.parametrize(
    "treatment",
    [
        "{op: keep, prefix: 1}",
        "{op: pseudonym}",
        "nothing",
        "{op: when, field: sex, among: ['1'], then: {op: fpe}, otherwise: {op: redact}}",
    ],
)
def test_a_value_is_decrypted_only_where_the_policy_encrypts(
    reversible: MemoryCity, treatment: str
) -> None:
    """Else it may be another mask's, or the value itself, and comes back as somebody else's."""
    shown = given(reversible, mobile=MOBILE)["mobile"]
    policy = _POLICY.replace("mobile: {op: fpe}", f"mobile: {treatment}")
    reversible.provider.snapshots.change(policy=read_policy(policy.encode(), "policy.yaml"))
    refused(reversible, asked(reversible, shown, field="mobile"), "DECRYPTION_FAILED")


def _strangers(city: MemoryCity, token: str) -> dict[str, RevealRequest]:
    outsider = city.outsider.department
    return {
        "another requester": asked(city, token, requester=outsider),
        "another purpose": asked(city, token, purpose="open-statistics"),
        "another field": asked(city, token, field="bank_card"),
        "altered": asked(city, token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]),
        "cut": asked(city, token[:-4]),
        "a value": asked(city, ID),
        "empty": asked(city, ""),
        "hidden": asked(city, "***"),
        "another provider's": asked(city, given(world(), resident_id=ID)["resident_id"]),
    }


@pytest.mark.parametrize(
    "case",
    [
        "another requester",
        "another purpose",
        "another field",
        "altered",
        "cut",
        "a value",
        "empty",
        "hidden",
        "another provider's",
    ],
)
def test_what_was_not_given_so_is_refused(reversible: MemoryCity, case: str) -> None:
    """By its position, never by what it is."""
    token = given(reversible, resident_id=ID)["resident_id"]
    request = _strangers(reversible, token)[case]
    error = refused(reversible, request, "DECRYPTION_FAILED")
    assert [(fault.record, fault.field) for fault in error.fields] == [(1, request.field)]


def test_all_are_told_or_none(reversible: MemoryCity) -> None:
    """The positions of those that are no tokens, and nothing of the others."""
    token = given(reversible, resident_id=ID)["resident_id"]
    texts = [token, "sgt1_no-token-of-ours", token, "no token of ours"]
    error = refused(reversible, asked(reversible, *texts), "DECRYPTION_FAILED")
    assert error.records == (2, 4)
    assert [fault.record for fault in error.fields] == [2, 4]


class Broken(EmptyLedger):
    """A ledger whose disk is full."""

    def append(self, entry: Entry) -> Receipt:
        """Fail."""
        raise LedgerUnavailableError


def test_nothing_is_told_that_is_not_entered(reversible: MemoryCity) -> None:
    """A ledger that cannot be written ends the call."""
    token = given(reversible, resident_id=ID)["resident_id"]
    with pytest.raises(LedgerUnavailableError) as caught:
        revealing(reversible, ledger=Broken()).reveal(asked(reversible, token))
    assert ID not in repr(caught.value)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no reason": ({"reason": ""}, "REQUEST_MALFORMED"),
    "a blank reason": ({"reason": " \t\u3000"}, "REQUEST_MALFORMED"),
    "two lines of reason": ({"reason": "a\nb"}, "REQUEST_MALFORMED"),
    "a reason that is no text": ({"reason": "a\ud800"}, "REQUEST_MALFORMED"),
    "a long reason": ({"reason": "x" * (MAX_REASON + 1)}, "LIMIT_EXCEEDED"),
    "no token": ({"tokens": ()}, "REQUEST_MALFORMED"),
    "many tokens": ({"tokens": ("sgt1_A",) * (MAX_REVEALED + 1)}, "LIMIT_EXCEEDED"),
    "a long token": ({"tokens": ("sgt1_" + "A" * 10_000,)}, "LIMIT_EXCEEDED"),
    "a surrogate for a token": ({"tokens": ("sgt1_\ud800",)}, "DECRYPTION_FAILED"),
    "no such resource": ({"resource": "3070010010001/999999"}, "RESOURCE_UNCATALOGUED"),
    "no resource's code": ({"resource": "甲\n"}, "REQUEST_MALFORMED"),
    "a resource of others": ({"resource": "2010010010001/000001"}, "RESOURCE_NOT_OURS"),
    "no such field": ({"field": "surname"}, "FIELD_UNCATALOGUED"),
    "a value for a field": ({"field": ID}, "FIELD_UNCATALOGUED"),
    "no such purpose": ({"purpose": ID}, "PURPOSE_NOT_GRANTED"),
    "no such requester": ({"requester": "11149900MB0C99999W"}, "DEPARTMENT_UNKNOWN"),
    "no department's code": ({"requester": ID + "X"}, "REQUEST_MALFORMED"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_request_that_cannot_be_is_refused(reversible: MemoryCity, case: str) -> None:
    """Each with its code, and entered."""
    changes, code = WRONG[case]
    token = given(reversible, resident_id=ID)["resident_id"]
    request = msgspec.structs.replace(asked(reversible, token), **changes)
    refused(reversible, request, code)


def test_stale_trust_data_stops_a_reversal(reversible: MemoryCity) -> None:
    """As it stops every call."""
    token = given(reversible)["resident_id"]
    reversible.clock.forward(seconds=400 * 86_400)
    refused(reversible, asked(reversible, token), "TRUST_STALE")


def test_nothing_shows_what_was_asked_or_told(reversible: MemoryCity) -> None:
    """Neither the request nor the answer."""
    request = asked(reversible, given(reversible, resident_id=ID)["resident_id"])
    revealed = revealing(reversible).reveal(request)
    assert repr(request) == "RevealRequest(…)"
    assert repr(revealed) == "Revealed(…)"
    assert isinstance(revealed, Revealed)
