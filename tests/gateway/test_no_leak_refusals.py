"""A refusal, of records, a call or an envelope, repeats no value and no token."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from gateway.cli.main import describe
from gateway.model.call import Opened
from gateway.model.trust import Blocks
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.forge import Forge
from tests.gateway.marked_record import (
    FIELDS,
    MARK,
    RECORD,
    marked_request,
    secrets_of,
    values_in,
)
from tests.gateway.marks import Marks, Net

# --- Refusals on the way out


def _wrong_values() -> Iterator[tuple[str, bytes]]:
    """Yield records that are refused, each with a mark where it must not be repeated."""
    for name in FIELDS:
        for value in (MARK, [MARK], {MARK: MARK}, 7114711471147114711471147, 47114711.47114711):
            record = {**RECORD, name: value}
            if name != "monthly_income" or not isinstance(value, float):
                yield f"{name} {type(value).__name__}", json.dumps([RECORD, record]).encode()
        yield f"{name} null", json.dumps([{**RECORD, name: None}]).encode()
    for key in (MARK, "MARK键4711471147", "140926196210031157", "x" * 70 + MARK, MARK + "\n"):
        yield f"key {key[:9]}", json.dumps([{**RECORD, key: MARK}]).encode()
        yield f"ascii key {key[:9]}", json.dumps([{key: key}], ensure_ascii=False).encode()
    good = json.dumps(RECORD, ensure_ascii=False).encode()
    yield "cut", b"[" + good[:-9]
    yield "cut in a value", b"[" + good[: good.index(b"4711") + 3]
    yield "no object", json.dumps([MARK]).encode()
    yield "no array", json.dumps(MARK).encode()
    yield "an object", good
    yield "no JSON", MARK.encode()
    yield "comma", b"[" + good + b"," + MARK.encode() + b"]"
    yield "no UTF-8", b"[" + good.replace(b"MARKNAME", b"MARKNAME\xff") + b"]"
    yield "surrogate", b'[{"name":"' + MARK.encode() + b'\\ud800"}]'
    yield "control", b'[{"name":"' + MARK.encode() + b'\n"}]'
    yield "twice", b'[{"name":"' + MARK.encode() + b'","name":"MARKNAME4711","x":1}]'
    yield "deep", b'[{"name":' + b"[" * 5000 + good
    yield "number", b'[{"household_size":' + b"7114711471147114711471147" * 300 + b"}]"
    yield "exponent", b'[{"monthly_income":7114711471147114711471147e999999999}]'
    yield "NaN", b'[{"monthly_income":NaN,"name":"' + MARK.encode() + b'"}]'
    yield "constant", b'[{"name":' + MARK.encode() + b"}]"


def test_refused_records_show_no_value(city: MemoryCity) -> None:
    """Whatever is wrong, it is told by record number and field, never by what stood there."""
    net, request = Net(), marked_request(city)
    refused = 0
    for name, records in _wrong_values():
        for encoding in ("json", "ndjson"):
            data = records[1:-1] if encoding == "ndjson" and records[:1] == b"[" else records
            asked = msgspec.structs.replace(request, records=data, encoding=encoding)
            for attempt in (city.provider.seal, city.provider.outbound.faults):
                try:
                    net.take(attempt(asked))
                except SealgateError as error:
                    refused += 1
                    net.take_error(error)
                    net.take_json(describe(error))
            assert values_in(net) == set(), name
            net.caught = []
    assert refused > 250
    net.take_json(city.provider.ledger.entries)
    assert values_in(net) == set()


def test_a_name_that_could_be_a_value_is_not_repeated(city: MemoryCity) -> None:
    """Of uncatalogued keys only those that look like names are shown."""
    with pytest.raises(SealgateError) as refused:
        city.provider.seal(marked_request(city, {**RECORD, MARK: 1, "blood_type": 1}))
    assert "blood_type" in str(refused.value)
    assert [fault.field for fault in refused.value.fields] == [f"#{len(RECORD) + 1}", "blood_type"]


Break = Callable[[MemoryCity], dict[str, Any]]


def _stale(city: MemoryCity) -> dict[str, Any]:
    city.publish(expires=city.clock() // 1000)
    return {}


def _blocked(city: MemoryCity) -> dict[str, Any]:
    blocks = Blocks(requesters=frozenset({city.requester.department}))
    city.provider.snapshots.change(blocks=blocks)
    return {}


def _no_policy(city: MemoryCity) -> dict[str, Any]:
    city.provider.snapshots.change(policy=None)
    return {}


def _expired(city: MemoryCity) -> dict[str, Any]:
    city.clock.forward(seconds=8 * 86_400)
    return {}


def _revoked(city: MemoryCity) -> dict[str, Any]:
    city.revoked.update(range(city.issued + 1))
    city.publish()
    return {}


def _grant(**detail: Any) -> Break:
    return lambda city: {"grant": city.grant({"fields": FIELDS, "level": "G2", **detail})}


def _claim(**claims: Any) -> Break:
    return lambda city: {"grant": city.grant({"fields": FIELDS, "level": "G2"}, **claims)}


BREAKS: dict[str, Break] = {
    "stale": _stale,
    "blocked": _blocked,
    "no policy": _no_policy,
    "expired": _expired,
    "revoked": _revoked,
    "out of scope": _grant(fields=FIELDS[:5]),
    "region": _grant(region="140781"),
    "rows": lambda city: {**_grant(rows_per_day=1)(city)},
    "no approval": _grant(approval=None),
    "level": _grant(level="G9"),
    "purpose": lambda _: {"purpose": MARK},
    "resource": lambda _: {"resource": MARK},
    "mode": _grant(modes=("database",)),
    "encoding": lambda _: {"encoding": MARK},
    "suite": lambda _: {"suite": 9},
    "token": lambda _: {"grant": MARK},
    "token of three": lambda _: {"grant": ".".join([base64.b64encode(MARK.encode()).decode()] * 3)},
    "too large": lambda _: {"records": json.dumps([RECORD]).encode().ljust(17 << 20)},
    "audience": _claim(aud="11149900MB0C13013W"),
    "not yet": _claim(nbf=1_893_577_600, exp=1_993_577_600),
    "unknown issuer": _claim(iss="urn:" + "issuer"),
    "unknown requester": _claim(sub="11149900MB0C99999X"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_refused_call_shows_neither_value_nor_token(city: MemoryCity, name: str) -> None:
    """Errors, their tracebacks, and what is kept of the refusal."""
    net, request = Net(), marked_request(city)
    asked = msgspec.structs.replace(request, **BREAKS[name](city))
    attempts: list[Callable[[], object]] = [
        lambda: city.provider.seal(asked),
        lambda: list(city.provider.outbound.seal_stream(asked, [asked.records])),
        lambda: city.provider.outbound.explain(asked.resource, asked.grant),
        lambda: city.provider.outbound.faults(asked),
    ]
    codes = set()
    for attempt in attempts:
        try:
            net.take(attempt())
        except SealgateError as error:
            codes.add(error.code)
            net.take_error(error)
            net.take_json(describe(error))
    city.provider.outbound.close()
    net.take_json(city.provider.ledger.entries)
    net.take_reachable(city.provider.outbound)
    assert codes or name == "rows"
    assert values_in(net) == set()
    for token in {request.grant, asked.grant} - {MARK}:
        assert secrets_of(token).found_in(net.caught) == set()


# --- Refusals on the way in


def _open_alone(city: MemoryCity, envelope: bytes) -> list[Opened]:
    return [city.requester.open(envelope)]


def _open_stream(city: MemoryCity, envelope: bytes) -> list[Opened]:
    return list(city.requester.inbound.open_stream([envelope]))


def test_a_refused_envelope_shows_nothing_of_its_plaintext(city: MemoryCity) -> None:
    """At every step, in every spelling."""
    net = Net()
    forge = Forge(city)
    marked = json.dumps([RECORD, {**RECORD, MARK: MARK}]).encode()
    good = forge.envelope(plaintext=forge.plaintext(records=forge.records))
    header = forge.header
    envelopes = [
        good,
        good,
        good[:-1],
        good[:-1] + bytes([good[-1] ^ 1]),
        forge.envelope(plaintext=forge.plaintext(records=marked)),
        forge.envelope(plaintext=forge.plaintext(records=marked[:-5])),
        forge.envelope(plaintext=forge.plaintext(MARK.encode(), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(**{MARK: MARK}), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(resource=MARK * 9), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(purpose=MARK), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(findings={MARK: 1}), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(policy=MARK + "\n"), marked)),
        forge.envelope(plaintext=forge.plaintext(records=marked)[:-7]),
        forge.envelope(header(recipient=city.outsider.department)),
        forge.envelope(header(type=2), plaintext=forge.plaintext(records=marked)),
        forge.envelope(header(created=city.clock() - 9, expires=city.clock() - 1)),
        forge.envelope(
            header(stream_id=b"s" * 16, part=1), plaintext=forge.plaintext(None, marked)
        ),
        forge.envelope(by=city.outsider),
        MARK.encode() * 10,
        b"\x0a" + bytes([len(MARK)]) + MARK.encode(),
    ]
    codes = []
    for envelope in envelopes:
        for attempt in (_open_alone, _open_stream):
            try:
                net.take(*attempt(city, envelope))
            except SealgateError as error:
                codes.append(error.code)
                net.take_error(error)
                net.take_json(describe(error))
    city.requester.inbound.close()
    net.take_json(city.requester.ledger.entries)
    net.take_reachable(city.requester.inbound)
    assert len(set(codes)) >= 7
    assert values_in(net) == set()
    assert Marks(records=forge.records[30:90]).found_in(net.caught) == set()
