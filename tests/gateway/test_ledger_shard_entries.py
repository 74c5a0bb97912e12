"""What is entered: refusals with what is known of them, strangers as a count."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.errors import LedgerUnavailableError
from gateway.ledger import MAX_COUNTED, MAX_COUNTED_MS
from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart
from gateway.testing import MemoryCity
from tests.gateway.forge import Forge, field, new_city, refusal, rows
from tests.gateway.ledger_shards import checked, entries_in, sqlite_ledger


def test_a_refusal_is_entered_with_what_is_known() -> None:
    """Who, what and under which grant, as far as the call had come; and the code."""
    city = new_city()
    request = city.request([{**rows()[0], "blood_type": "A"}], caller="hospital", reference="7/26")
    assert refusal(city.provider.seal, request) == "FIELD_UNCATALOGUED"
    (entry,) = city.provider.ledger.entries
    assert entry.private == PrivatePart(caller="hospital", reference="7/26")
    assert entry.shared == SharedPart(
        version=1,
        time=city.clock(),
        kind="seal",
        outcome="FIELD_UNCATALOGUED",
        provider=city.provider.department,
        requester=city.requester.department,
        resource=request.resource,
        purpose=request.purpose,
        grant=entry.shared.grant,
        catalogue=city.catalogue.version,
        trust=city.trust.version,
    )
    assert entry.shared.grant
    assert "blood" not in repr(entry)


def _strange(city: MemoryCity, kind: str) -> bytes:
    """Return an envelope that anybody could have made."""
    forge = Forge(city)
    header = forge.header
    return {
        "noise": b"not an envelope",
        "unsigned": forge.envelope(by=city.outsider),
        "a stranger's": forge.envelope(header(sender="11149900MB0C99999X")),
        "a stranger's key": forge.envelope(header(sender_key_id="a" * 26)),
        "the future": forge.envelope(header(created=city.clock() + 1_000_000), by=city.outsider),
        "a key not in force": forge.envelope(header(created=1), by=city.outsider),
        "a suite not accepted": forge.envelope(
            header(suite=9), wrapped=b"w" * 80, by=city.outsider
        ),
        "too long": b"\x0a" * 20_000_000,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "noise",
        "unsigned",
        "a stranger's",
        "a stranger's key",
        "the future",
        "a key not in force",
        "a suite not accepted",
        "too long",
    ],
)
def test_a_stranger_cannot_fill_the_disk(kind: str) -> None:
    """What anybody can send is counted, and summed up once a minute or a thousand."""
    city = new_city()
    envelope = _strange(city, kind)
    code = refusal(city.requester.open, envelope)
    entries = city.requester.ledger.entries
    before = len(entries)
    for _ in range(MAX_COUNTED - 2):
        refusal(city.requester.open, envelope)
    assert len(entries) == before
    refusal(city.requester.open, envelope)
    (summed,) = entries[before:]
    assert summed.shared == SharedPart(
        version=1, time=city.clock(), kind="open", outcome=code, count=MAX_COUNTED
    )
    # Again from nothing; a minute later the next one brings them in.
    for _ in range(5):
        refusal(city.requester.open, envelope)
    city.clock.now += MAX_COUNTED_MS
    refusal(city.requester.open, envelope)
    assert [entry.shared.count for entry in entries[before:]] == [MAX_COUNTED, 6]
    refusal(city.requester.open, envelope)
    city.requester.inbound.close()
    assert entries[-1].shared.count == 1
    city.requester.inbound.close()
    assert len(entries) == before + 3


def test_strangers_at_the_way_out_are_counted_too() -> None:
    """A token that is none, or not signed by an issuer, by code."""
    city = new_city()
    good = city.request(rows())
    forged = good.grant[:-8] + ("A" * 7 + "Q")
    for token in ("", "a.b.c", "x" * 9000, forged, forged):
        refusal(city.provider.seal, msgspec.structs.replace(good, grant=token))
    assert city.provider.ledger.entries == []
    city.provider.outbound.close()
    counts = {e.shared.outcome: e.shared.count for e in city.provider.ledger.entries}
    assert counts == {"TOKEN_MALFORMED": 3, "TOKEN_SIGNATURE_INVALID": 2}


def test_a_node_without_trust_data_counts_as_well() -> None:
    """What anybody can bring about while trust data is stale does not fill the disk either."""
    city = new_city()
    envelope, request = Forge(city).honest.envelope, city.request(rows())
    city.publish(expires=city.clock() // 1000)
    before = len(city.provider.ledger.entries), len(city.requester.ledger.entries)
    for _ in range(3):
        assert refusal(city.provider.seal, request) == "TRUST_STALE"
        assert refusal(city.requester.open, envelope) == "TRUST_STALE"
    assert (len(city.provider.ledger.entries), len(city.requester.ledger.entries)) == before
    city.provider.outbound.close()
    city.requester.inbound.close()
    assert city.provider.ledger.entries[-1].shared.count == 3
    assert city.requester.ledger.entries[-1].shared.count == 3


def test_counts_are_not_lost_with_a_ledger_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be summed up is summed up later, once."""
    city = new_city()
    for data in (b"", b"x", field(1, b"x")):
        assert refusal(city.requester.open, data) == "ENVELOPE_MALFORMED"
    assert refusal(city.requester.open, Forge(city).envelope(by=city.outsider)) == (
        "ENVELOPE_SIGNATURE_INVALID"
    )
    ledger, written = city.requester.ledger, len(city.requester.ledger.entries)
    kept, fails = ledger.append, [True, False, True]

    def append(entry: Entry) -> Receipt:
        if fails and fails.pop(0):
            raise LedgerUnavailableError
        return kept(entry)

    monkeypatch.setattr(ledger, "append", append)
    assert refusal(city.requester.inbound.close) == "LEDGER_UNAVAILABLE"
    assert refusal(city.requester.inbound.close) == "LEDGER_UNAVAILABLE"
    city.requester.inbound.close()
    city.requester.inbound.close()
    counts = [(e.shared.outcome, e.shared.count) for e in ledger.entries[written:]]
    assert sorted(counts) == [("ENVELOPE_MALFORMED", 3), ("ENVELOPE_SIGNATURE_INVALID", 1)]


@pytest.mark.parametrize("text", ["\udcff\udcfe", "\ud800", "名" * 5000, "\x00\n\r", ""], ids=ascii)
def test_a_callers_name_is_entered_whatever_it_is(tmp_path: Path, text: str) -> None:
    """Also one that is no UTF-8, as a command line can hold; a long one is cut."""
    city = new_city()
    ledger: Any = sqlite_ledger(tmp_path)
    city.provider.ledger.append = ledger.append  # type: ignore[method-assign]
    sealed = city.provider.seal(city.request(rows(), caller=text, reference=text))
    assert checked(sealed.receipt).number == 0
    (entry,) = entries_in(tmp_path)
    assert len(msgspec.json.encode(entry)) < 6000


def test_what_a_caller_asks_for_is_entered_only_if_it_is_catalogued() -> None:
    """A resource or purpose that is none may be any text: an id number, a whole record."""
    city = new_city()
    for changes, code in (
        ({"resource": "110101199003071233"}, "TOKEN_CLAIM_INVALID"),
        ({"resource": "\ud800"}, "TOKEN_CLAIM_INVALID"),
        ({"purpose": "x" * 1_000_000}, "PURPOSE_NOT_GRANTED"),
    ):
        assert refusal(city.provider.seal, city.request(rows(), **changes)) == code
        entry = city.provider.ledger.entries[-1]
        assert entry.shared.outcome == code
        assert len(msgspec.json.encode(entry)) < 1000
        assert "110101" not in repr(entry)
