"""Marked secrets go in everywhere; whatever comes out is searched for them.

Values may be in the plaintext that the recipient opens, as the policy leaves them,
and nowhere else. Tokens and keys may be nowhere at all.
"""

import base64
import json

import msgspec
import pytest

from gateway.envelope.opening import parse_envelope
from gateway.testing import RESOURCE, MemoryCity
from keys.errors import SealgateError
from tests.gateway.marked_record import (
    CLEAR,
    HIDDEN,
    MARK,
    RECORD,
    marked_request,
    secrets_of,
    values_in,
)
from tests.gateway.marks import Marks, Net, spellings

# --- The net itself


def test_the_net_finds_a_secret_however_it_is_spelled() -> None:
    """Else the tests below would prove nothing."""
    net = Net()
    secret = "MARK标记4711"
    raw = secret.encode()
    for spelled in (
        secret,
        raw.hex(),
        raw.hex().upper(),
        json.dumps({"x": secret}),
        *(base64.b64encode(b"?" * shift + raw + b"!!").decode() for shift in range(6)),
        *(base64.urlsafe_b64encode(b"\xff" * shift + raw).decode() for shift in range(3)),
        secret.encode("gb18030"),
    ):
        net.caught = []
        net.take(spelled)
        assert Marks(secret=secret).found_in(net.caught) == {"secret"}, spelled
    net.caught = []
    net.take(SealgateError(), {"deep": ["harmless"]})
    assert Marks(secret=secret).found_in(net.caught) == set()
    assert all(len(one) >= 8 for one in spellings(raw))


# --- Success


def test_a_call_that_succeeds_shows_no_value(city: MemoryCity) -> None:
    """Envelope, receipt, ledger, findings and every object in reach, on both sides."""
    net, request = Net(), marked_request(city)
    sealed = city.provider.seal(request)
    opened = city.requester.open(sealed.envelope)
    net.take(sealed.envelope, sealed.manifest, sealed.receipt, sealed, request, opened)
    net.take_json(sealed.manifest, opened.manifest, sealed.receipt, opened.receipt)
    net.take_json(city.provider.ledger.entries, city.requester.ledger.entries)
    net.take(parse_envelope(sealed.envelope))
    net.take(city.provider.outbound.explain(RESOURCE, request.grant))
    reached = net.take_reachable(
        city.provider.outbound, city.requester.inbound, sealed, opened, request
    )
    assert reached > 300
    assert values_in(net) == set()
    assert secrets_of(request.grant).found_in(net.caught) == set()


def test_the_recipient_sees_what_the_policy_leaves(city: MemoryCity) -> None:
    """Nothing that is masked or dropped stands in what it opens, free text included."""
    opened = city.requester.open(city.provider.seal(marked_request(city)).envelope)
    (row,) = opened.rows()
    net = Net()
    net.take(opened.records)
    assert HIDDEN.found_in(net.caught) == set()
    assert CLEAR.found_in(net.caught) == set(CLEAR.spelled)
    assert row["name"] == "***"
    assert opened.manifest.findings == {"name": 1}


def test_a_stream_shows_no_value(city: MemoryCity) -> None:
    """Parts that came, and the one that did not."""
    net, request = Net(), marked_request(city)
    bad = {**RECORD, "sex": MARK}
    made = city.provider.outbound.seal_stream(
        request, [msgspec.json.encode([one]) for one in (RECORD, RECORD, bad)]
    )
    parts = [next(made), next(made)]
    with pytest.raises(SealgateError) as refused:
        next(made)
    net.take_error(refused.value)
    opened = city.requester.inbound.open_stream(part.envelope for part in parts)
    net.take(next(opened), next(opened))
    with pytest.raises(SealgateError) as broken:
        next(opened)
    net.take_error(broken.value)
    net.take(*(part.envelope for part in parts))
    net.take_json(city.provider.ledger.entries, city.requester.ledger.entries)
    assert values_in(net) == set()
