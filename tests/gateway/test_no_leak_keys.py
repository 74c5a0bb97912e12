"""No key is shown, by whatever fails and whoever looks."""

import os
from typing import Any

import msgspec

from gateway.envelope.opening import parse_envelope
from gateway.errors import LedgerUnavailableError
from gateway.model.call import Entry, Receipt
from gateway.outbound import Outbound
from gateway.testing import MemoryCity, MemoryNode
from keys.errors import SealgateError
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.stores.memory import HeldKey, MemoryStore
from keys.suites import suite
from tests.gateway.forge import Forge
from tests.gateway.ledger_shards import EmptyLedger
from tests.gateway.marked_record import RECORD, marked_request
from tests.gateway.marks import Marks, Net


class _NoLedger(EmptyLedger):
    def append(self, entry: Entry) -> Receipt:
        raise LedgerUnavailableError


def _seed(node: MemoryNode, info: KeyInfo) -> bytes:
    name = f"MARK-{node.department[-4:]}-{info.purpose}-{info.suite}-PRIVATE"
    return name.encode().ljust(32, b"#")[:32]


def _with_marked_keys(city: MemoryCity) -> Marks:
    """Give every node keys whose private bytes are marked; return the marks."""
    seeds: dict[str, bytes] = {}
    departments = dict(city.trust.departments)
    for node in city.nodes:
        held = []
        for info in node.keys.list_keys():
            seed = seeds[f"{node.department}-{info.purpose}-{info.suite}"] = _seed(node, info)
            key = suite(info.suite).private_key(info.purpose, seed)
            info = msgspec.structs.replace(info, key_id=key.key_id, public=key.public or None)
            held.append(HeldKey(info, key))
        node.keys = MemoryStore(held)
        departments[node.department] = node.entry()
    city.publish(departments=departments)
    for node in city.nodes:
        node.wire(node.snapshots)
    return Marks(**seeds, content_key=CONTENT_KEY)


CONTENT_KEY = b"MARK-CONTENT-KEY-4711-4711-4711!"


def _dice(count: int) -> bytes:
    return CONTENT_KEY if count == len(CONTENT_KEY) else os.urandom(count)


class _BadKeys:
    """A KeyProvider that fails at one of its tasks."""

    def __init__(self, inner: MemoryStore, task: str) -> None:
        self._inner, self._task = inner, task

    def __getattr__(self, name: str) -> Any:
        if name == self._task:
            return self._fail
        return getattr(self._inner, name)

    def _fail(self, *_: object) -> Any:
        raise LedgerUnavailableError


def test_no_key_is_shown_even_with_locals(city: MemoryCity) -> None:
    """Private keys, content keys and payload keys, in tracebacks that show all locals too."""
    marks, net = _with_marked_keys(city), Net()
    node = city.provider
    calls: list[Outbound] = [
        Outbound(
            department=node.department,
            snapshots=node.snapshots,
            keys=keys,
            ledger=ledger,
            quotas=node.state,
            clock=city.clock,
            dice=_dice,
        )
        for keys, ledger in (
            (node.keys, node.ledger),
            (node.keys, _NoLedger()),
            (_BadKeys(node.keys, "sign"), node.ledger),
            (_BadKeys(node.keys, "mac"), node.ledger),
        )
    ]
    requests = [marked_request(city, suite=number) for number in (1, 2)]
    requests.append(marked_request(city, RECORD, suite=9))
    sealed = []
    for outbound in calls:
        for request in requests:
            try:
                sealed.append(outbound.seal(request))
            except SealgateError as error:
                net.take_error(error, with_locals=True)
        net.take_reachable(outbound)
    forge = Forge(city)
    envelopes = [one.envelope for one in sealed]
    envelopes += [envelopes[0], envelopes[0][:-1], forge.envelope(wrapped=b"w" * 1168)]
    envelopes += [forge.envelope(payload=b"p" * 500), forge.envelope(by=city.outsider)]
    refused = 0
    for envelope in envelopes:
        try:
            net.take(city.requester.open(envelope))
        except SealgateError as error:
            refused += 1
            net.take_error(error, with_locals=True)
    net.take_reachable(city.requester.inbound)
    net.take(*envelopes)
    net.take_json(node.ledger.entries, city.requester.ledger.entries)
    assert len(sealed) >= 2
    assert refused == 5
    assert marks.found_in(net.caught) == set()
    # The marks are what the keys are made of: the test would find them.
    key = forge.key_id(city.requester, Purpose.OPENING)
    parsed = parse_envelope(sealed[0].envelope)
    unwrapped = city.requester.keys.unwrap(key, parsed.wrapped_key, forge.info(forge.header()))
    assert bytes(unwrapped) == CONTENT_KEY
