"""Every call of the service, over a real socket, against a sidecar in its own process."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import msgspec
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import gateway
from gateway.client import AsyncClient, Client, RefusedError, manifest, rows
from gateway.envelope.opening import parse_envelope
from gateway.ledger.receipts import read_receipt
from gateway.model.call import SealRequest
from gateway.node import Node
from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from tests.cli.command import PROVIDER, REQUESTER, RESOURCE, ROW
from tests.gateway.ledger_shards import entries_of
from tests.server.conftest import Running


def last_entry(folder: Path) -> dict[str, dict[str, object]]:
    """Read the newest entry of a call in a node's ledger."""
    entry: dict[str, dict[str, object]] = entries_of(folder, "seal", "open", writer="worker-0")[-1]
    return entry


def test_what_is_sealed_is_opened_masked(
    running: Running, sealing: Client, opening: Client
) -> None:
    """One record out and in; both ledgers name their caller, whom the socket tells."""
    sealed = sealing.seal([ROW], reference="青救〔2026〕1号", **running.about)
    assert sealed.records == 1
    assert parse_envelope(sealed.envelope).header.envelope_id == sealed.envelope_id
    entry = last_entry(running.desk.provider)
    assert entry["private"] == {"caller": "case-system", "reference": "青救〔2026〕1号"}
    assert entry["shared"]["envelope"] == sealed.envelope_id.hex()
    assert msgspec.json.decode(read_receipt(sealed.receipt.decode()).leaf) == entry["leaf"]

    opened = opening.open(sealed.envelope)
    assert (opened.sender, opened.digest) == (PROVIDER, sealed.digest)
    (row,) = rows(opened)
    assert row["address"] == f"{ROW['address'][:6]}{'*' * (len(ROW['address']) - 6)}"
    assert manifest(opened)["requester"] == REQUESTER
    opening_entry = last_entry(running.desk.requester)["private"]
    assert opening_entry["caller"] == "desk"
    # What came with it of the provider's ledger: the requester is its witness.
    assert "/worker-0-" in str(opening_entry["checkpoint"]).partition("\n")[0]


def test_a_sidecar_seals_what_the_library_seals(running: Running, sealing: Client) -> None:
    """The same envelope but for its id, times and keys: as long, and with the same records."""
    records = json.dumps([ROW]).encode()
    with Node(running.desk.provider) as node:
        ours = node.seal(SealRequest(records=records, **running.about))
    theirs = sealing.seal(records, **running.about)
    assert len(ours.envelope) == len(theirs.envelope)
    with Node(running.desk.requester) as node:
        assert node.open(ours.envelope).records == node.open(theirs.envelope).records


def test_records_may_be_lines(running: Running, sealing: Client, opening: Client) -> None:
    """With their encoding declared."""
    sealed = sealing.seal([ROW, ROW], encoding="ndjson", **running.about)
    assert len(rows(opening.open(sealed.envelope))) == 2


def test_a_stream_is_a_chain(running: Running, sealing: Client, opening: Client) -> None:
    """Part by part, the last one marked; opened in order."""
    parts = list(sealing.seal_stream([[ROW], [ROW, ROW]], mode="interface", **running.about))
    assert [(part.number, part.last, part.part.records) for part in parts] == [
        (1, False, 1),
        (2, True, 2),
    ]
    envelopes = [part.part.envelope for part in parts]
    opened = list(opening.open_stream(envelopes))
    assert [len(rows(part.part)) for part in opened] == [1, 2]
    with pytest.raises(RefusedError, match="STREAM_BROKEN"):
        list(opening.open_stream(envelopes[:1], reopen=True))


def test_batches_are_sealed_as_they_come(running: Running) -> None:
    """The first envelope is there before the last batch is sent: nothing is gathered."""
    answered = Event()

    def messages() -> Iterator[v1.SealStreamRequest]:
        batch = v1.SealStreamRequest(records=json.dumps([ROW]).encode())
        yield v1.SealStreamRequest(subject=running.subject)
        yield from (batch, batch)
        if answered.wait(20):
            yield batch

    with grpc.insecure_channel(running.provider.target()) as channel:
        numbers = []
        for answer in SidecarStub(channel).SealStream(messages(), timeout=30):
            numbers.append(answer.number)
            answered.set()
    assert numbers == [1, 2, 3]


@pytest.mark.parametrize(
    "messages",
    [[], ["batch"], ["subject", "subject"], ["empty"], ["subject", "empty"]],
    ids=" ".join,
)
def test_a_stream_out_of_order_is_refused(running: Running, messages: list[str]) -> None:
    """First the subject, then batches."""
    subject = v1.SealStreamRequest(subject=running.subject)
    spelled = {"subject": subject, "batch": v1.SealStreamRequest(records=b"[]")}
    sent = [spelled.get(each, v1.SealStreamRequest()) for each in messages]
    with grpc.insecure_channel(running.provider.target()) as channel:
        answers = SidecarStub(channel).SealStream(iter(sent), timeout=30)
        with pytest.raises(grpc.RpcError) as caught:
            list(answers)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_stream_without_a_batch_is_refused(running: Running, sealing: Client) -> None:
    """As the library does."""
    with pytest.raises(RefusedError, match="STREAM_BROKEN"):
        list(sealing.seal_stream([], **running.about))


def test_what_would_leave_is_explained(running: Running, sealing: Client) -> None:
    """Field by field, as the command does, with reasons in both languages."""
    told = sealing.explain(RESOURCE, running.grant)
    assert (told.resource, told.requester, told.level) == (RESOURCE, REQUESTER, "G2")
    with Node(running.desk.provider) as node:
        ours = node.explain(RESOURCE, running.grant).fields
    assert [(one.id, json.loads(one.treatment), one.rule) for one in told.fields] == [
        (one.id, one.treatment, one.rule) for one in ours
    ]
    assert all(one.reason != one.reason_zh for one in told.fields)


def test_resources_are_listed_page_by_page(running: Running) -> None:
    """In the order of their codes; each stands on one page."""
    with grpc.insecure_channel(running.provider.target()) as channel:
        stub, codes, token = SidecarStub(channel), list[str](), ""
        while True:
            page = stub.ListResources(v1.ListResourcesRequest(page_size=2, page_token=token))
            assert 1 <= len(page.resources) <= 2
            codes += [one.code for one in page.resources]
            token = page.next_page_token
            if not token:
                break
    with running.provider.client() as client:
        listed = client.resources()
        assert [one.code for one in listed] == codes == sorted(codes)
        assert {one.department for one in listed} == {PROVIDER}
        assert client.resources(department=REQUESTER) == []


def test_a_resource_is_described(sealing: Client) -> None:
    """With the ids, titles and types of its fields; an unknown one is NOT_FOUND."""
    told = sealing.resource(RESOURCE)
    fields = {field.id: field for field in told.fields}
    assert told.summary.code == RESOURCE
    assert (fields["sex"].type, fields["sex"].code_list) == ("code", "sex")
    assert fields["monthly_income"].scale == 2
    with pytest.raises(RefusedError, match="RESOURCE_UNCATALOGUED"):
        sealing.resource("none/such")


def test_the_status_tells_every_condition(sealing: Client) -> None:
    """All of them hold here."""
    told = sealing.status()
    assert told.ready
    assert (told.department, told.version) == (PROVIDER, gateway.__version__)
    assert told.trust >= 1
    names = [condition.name for condition in told.conditions]
    assert {"keys", "ledger", "trust", "policy", "stores"} <= set(names)
    assert {condition.state for condition in told.conditions} <= {
        v1.CONDITION_STATE_OK,
        v1.CONDITION_STATE_WARNING,
    }


def test_health_and_reflection_are_served(running: Running) -> None:
    """By their own protocols, for load balancers and tools."""
    with grpc.insecure_channel(running.provider.target()) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)  # their stubs say too little
        for name in ("", "gateway.v1.Sidecar"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=30)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        asking: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (told,) = asking.ServerReflectionInfo(iter([asked]), timeout=30)
    assert "gateway.v1.Sidecar" in {one.name for one in told.list_services_response.service}


def test_the_client_for_asyncio_makes_the_same_calls(running: Running) -> None:
    """Many at once, and every method."""

    async def work() -> None:
        sealing = AsyncClient(running.provider.sockets / "case-system")
        opening = AsyncClient(running.requester.sockets / "desk")
        async with sealing, opening:
            some = await asyncio.gather(*(sealing.seal([ROW], **running.about) for _ in range(20)))
            assert len({one.envelope_id for one in some}) == 20
            opened = await asyncio.gather(*(opening.open(one.envelope) for one in some))
            assert all(rows(one) == rows(opened[0]) for one in opened)
            parts = [one async for one in _parts(sealing, running)]
            chain = opening.open_stream([one.part.envelope for one in parts])
            assert [one.part.sender async for one in chain] == [PROVIDER] * 2
            assert (await sealing.explain(RESOURCE, running.grant)).fields
            assert await sealing.resources()
            assert (await sealing.resource(RESOURCE)).summary.code == RESOURCE
            assert (await sealing.status()).ready
            with pytest.raises(RefusedError, match="ENVELOPE_REPLAYED"):
                await opening.open(some[0].envelope)

    asyncio.run(work())


def _parts(client: AsyncClient, running: Running) -> AsyncIterator[v1.SealStreamResponse]:
    return client.seal_stream([[ROW], [ROW]], **running.about)
