"""What both clients do beside their calls: refusals told whole, ends, forks, no secret shown."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.client import AsyncClient, Client, RefusedError
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import RESOURCE, ROOT, ROW, Desk
from tests.server.conftest import Running
from tests.server.sidecars import Sidecar, about, set_callers, sidecar

CALLER = ({"name": "a", "may": ["seal", "explain", "read_ledger", "administer"]},)


@pytest.fixture(scope="module")
def governed(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """Serve a provider whose caller may do everything."""
    folder = tmp_path_factory.mktemp("governed") / "world"
    shutil.copytree(founded, folder, symlinks=True)
    set_callers(Desk(folder).provider, CALLER)
    with sidecar(Desk(folder).provider, workers=2) as served:
        yield served


def test_entries_are_read_page_by_page(governed: Sidecar, founded: Path) -> None:
    """Each worker's own, the oldest first, with who called; by both clients."""
    with Client(governed.sockets / "a" / "worker-1.sock") as client:
        sealed = [client.seal([ROW], **about(Desk(founded))).envelope_id.hex() for _ in range(230)]
    with governed.client("a") as client:
        found = [*client.entries(1)]
    envelopes = [one["leaf"]["shared"].get("envelope") for one in found]
    assert [one for one in envelopes if one in set(sealed)] == sealed
    assert {one["private"]["caller"] for one in found} == {"a", "(node)"}
    assert [one["number"] for one in found] == [*range(len(found))]

    async def work() -> list[object]:
        async with AsyncClient(governed.sockets / "a") as client:
            return [one async for one in client.entries(1)]

    assert asyncio.run(work()) == found


def test_both_clients_read_the_ledger_alike(governed: Sidecar, founded: Path) -> None:
    """Shards, an entry and what stands behind it, its receipt, a checkpoint and a proof."""
    with governed.client("a") as client:
        for _ in range(3):
            client.seal([ROW], **about(Desk(founded)))
        names = [one.name for one in client.shards()]
        shard = next(one["shard"] for one in client.entries())
        assert shard in names
        rest = [*client.entries(shard=shard, begin=1)]
        assert [one["number"] for one in rest] == [*range(1, len(rest) + 1)]
        entry, receipt = client.entry(shard, 1), client.receipt(shard, 1)
        assert entry == rest[0]
        proof = client.consistency(shard, 1, len(rest) + 1)
        note, cosigned = client.checkpoint(shard), client.checkpoint(shard, cosigned=True)
        assert receipt.endswith(note or "-")
        assert (cosigned, len(proof) > 0) == (None, True)
        with pytest.raises(RefusedError, match="CHECKPOINT_INVALID"):
            client.add_cosignature(note or "")

    async def work() -> None:
        async with AsyncClient(governed.sockets / "a") as client:
            assert [one.name for one in await client.shards()] == names
            assert [one async for one in client.entries(shard=shard, begin=1)][: len(rest)] == rest
            assert await client.entry(shard, 1) == entry
            receipts = [await client.receipt(shard, 1), receipt]
            assert receipts[0].splitlines()[:3] == receipts[1].splitlines()[:3]
            assert await client.consistency(shard, 1, len(rest) + 1) == proof
            assert await client.checkpoint(shard)
            assert await client.checkpoint(shard, cosigned=True) is None
            with pytest.raises(RefusedError, match="CHECKPOINT_INVALID"):
                await client.add_cosignature((note or "").encode())

    asyncio.run(work())


def test_a_caller_cuts_off_and_lets_in(governed: Sidecar, founded: Path) -> None:
    """A requester or a grant; just one of them is named; by both clients."""
    call, jti = about(Desk(founded)), "B" * 22
    with governed.client("a") as client:
        requester = client.explain(RESOURCE, call["grant"]).requester
        assert list(client.set_block(requester=requester).requesters) == [requester]
        with pytest.raises(RefusedError, match="TOKEN_BLOCKED"):
            client.seal([ROW], **call)
        assert not client.set_block(requester=requester, blocked=False).requesters
        assert client.seal([ROW], **call).records == 1
        for named in ({}, {"requester": requester, "grant": jti}):
            with pytest.raises(TypeError, match="a requester or a grant"):
                client.set_block(**cast("Any", named))

    async def work() -> None:
        async with AsyncClient(governed.sockets / "a") as client:
            assert jti in (await client.set_block(grant=jti)).grants
            assert jti not in (await client.set_block(grant=jti, blocked=False)).grants

    asyncio.run(work())


def test_a_refusal_is_told_whole(running: Running, sealing: Client) -> None:
    """Code, both texts, what is wrong, and what the log calls the call."""
    wrong = [ROW, {**ROW, "household_size": "many"}]
    with pytest.raises(RefusedError) as caught:
        sealing.seal(wrong, **running.about)
    refusal = caught.value
    assert (refusal.code, refusal.answered, refusal.retry_after) == ("FIELD_INVALID", True, None)
    assert str(refusal) == f"FIELD_INVALID: {refusal.message}"
    assert refusal.message_zh != refusal.message
    (violation,) = refusal.violations
    assert violation.field == "records[1].household_size"
    assert violation.text
    assert violation.text_zh
    assert refusal.request_id
    assert "many" not in repr(refusal) + refusal.message


def test_what_is_too_large_is_told_in_numbers(running: Running, sealing: Client) -> None:
    """Where gRPC itself refuses, on either side."""
    for size in (18, 65):
        with pytest.raises(RefusedError) as caught:
            sealing.seal(b" " * (size * 1024 * 1024), request_id=None, **running.about)
        assert caught.value.code == "RESOURCE_EXHAUSTED"
        assert "send fewer, or a stream" in caught.value.message
        assert "上限" in caught.value.message_zh


def test_a_client_shows_no_secret(running: Running) -> None:
    """Neither its own nor what it is about."""
    with running.provider.client() as client:
        client.seal([ROW], **running.about)
        shown = repr(client) + repr(vars(client))
    assert "case-system" in repr(client)
    assert running.grant not in shown
    assert str(ROW["name"]) not in shown


def test_a_closed_client_says_so(running: Running) -> None:
    """For a call and for a stream; of either kind."""
    with running.provider.client() as client:
        client.status()
    for call in (client.status, lambda: [*client.seal_stream([], **running.about)]):
        with pytest.raises(RuntimeError, match="closed"):
            call()

    async def work() -> None:
        async with AsyncClient(running.provider.sockets / "case-system") as other:
            await other.status()
        with pytest.raises(RuntimeError, match="closed"):
            await other.status()

    asyncio.run(work())


def test_a_fork_makes_a_client_of_its_own(running: Running) -> None:
    """One that the parent made says so in the child, and hangs not."""
    program = """
import os, sys
from gateway.client import Client
client = Client(sys.argv[1])
child = os.fork()
if child == 0:
    try:
        client.status()
    except RuntimeError as told:
        os._exit(7 if "fork" in str(told) else 1)
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), client.status().ready)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, running.provider.sockets / "case-system"],
        env=os.environ | {"PYTHONPATH": str(ROOT), "GRPC_ENABLE_FORK_SUPPORT": "0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.split() == ["7", "True"]


def test_threads_share_a_client(running: Running, sealing: Client) -> None:
    """Each gets its own answers."""
    found: list[tuple[int, int]] = []

    def seal(count: int) -> None:
        found.append((count, sealing.seal([ROW] * count, **running.about).records))

    threads = [threading.Thread(target=seal, args=(count,)) for count in range(1, 17)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [(count, count) for count in range(1, 17)]


@pytest.mark.parametrize("written", ["json", "ndjson"])
def test_records_are_written_as_told(running: Running, sealing: Client, written: str) -> None:
    """As mappings, text, or bytes, with any encoding."""
    text = json.dumps([ROW]) if written == "json" else json.dumps(ROW) + "\n"
    for records in ([ROW], text, text.encode()):
        sealed = sealing.seal(records, encoding=written, **running.about)  # type: ignore[arg-type]
        assert sealed.records == 1


def test_there_is_no_client_without_a_place(tmp_path: Path) -> None:
    """What is no socket, no address, or an address without certificates."""
    with pytest.raises(FileNotFoundError, match="no socket"):
        Client(tmp_path)
    with pytest.raises(ValueError, match="needs `tls`"):
        Client("https://localhost:8443")
    for wrong in ("localhost", "localhost:0", "localhost:70000", "a b:1", "http://localhost:1"):
        with pytest.raises(ValueError, match="HOST:PORT"):
            Client(wrong, tls=tmp_path)
    with pytest.raises(ValueError, match="from 1 to 64"):
        Client("localhost:1", tls=tmp_path, connections=65)
    with pytest.raises(FileNotFoundError):
        Client("localhost:1", tls=tmp_path)


def _breaking(batches: int) -> Iterator[list[Any]]:
    for _ in range(batches):
        yield [ROW]
    raise LookupError(ROW["name"])


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_a_source_that_breaks_ends_its_stream(
    running: Running, sealing: Client, caplog: pytest.LogCaptureFixture, batches: int
) -> None:
    """With the source's own error, which nobody logs; no part is the last; by both clients."""
    parts: list[v1.SealStreamResponse] = []
    with pytest.raises(LookupError):
        parts += sealing.seal_stream(_breaking(batches), **running.about)

    async def waited() -> AsyncIterator[list[Any]]:
        for batch in _breaking(batches):
            yield batch

    async def gather(stream: AsyncIterator[v1.SealStreamResponse]) -> None:
        async for part in stream:
            parts.append(part)

    async def work() -> None:
        async with AsyncClient(running.provider.sockets / "case-system") as client:
            for source in (waited(), _breaking(batches)):
                stream = client.seal_stream(source, **running.about)
                with pytest.raises(LookupError):
                    await gather(stream)

    asyncio.run(work())
    assert not any(part.last for part in parts)
    assert "Exception" not in caplog.text
    assert str(ROW["name"]) not in caplog.text


def test_who_stops_listening_ends_a_stream(running: Running, sealing: Client) -> None:
    """Its place is free again: as many as there may be are left one after the other."""
    for _ in range(40):
        stream = sealing.seal_stream(([ROW] for _ in range(1000)), **running.about)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
    assert sealing.status().department
