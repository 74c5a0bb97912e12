"""The client for asyncio."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self, TypeVar, Unpack, cast

import grpc
from google.protobuf.message import Message

from gateway.client import calls
from gateway.client.calls import USUAL_TIMEOUT, About, Batches, Call, Reading, Records, RequestId
from gateway.client.connecting import Lines, Options, Tls
from gateway.client.refusals import refusal_of
from gateway.client.retrying import Tries
from gateway.client.streaming import Source
from gateway.v1 import sidecar_pb2 as v1

R = TypeVar("R", bound=Message)


class AsyncClient:
    """Calls a sidecar over the caller's sockets, or by TCP.

    `timeout` of a call is in seconds, with all its tries; None takes the client's own,
    and for streams none at all. Every call raises RefusedError, and RuntimeError once
    the client is closed. It is for the tasks of the event loop that it was made in;
    another loop, or a child after a fork, makes one of its own.
    """

    def __init__(
        self,
        where: Path | str,
        *,
        tls: Tls | Path | str | None = None,
        connections: int = 1,
        timeout: float = USUAL_TIMEOUT,
    ) -> None:
        """Connect by the caller's folder, one socket in it, or with `tls` by `HOST:PORT`.

        `tls` names the files, or their folder. A connection reaches one worker: several
        of them reach several.
        Raises: FileNotFoundError where there is no socket or file, ValueError for what is
            no address, ConfigurationInvalidError for files that cannot shake hands.
        """
        self._lines: Lines[grpc.aio.Channel] = Lines(where, tls, connections, _channel)
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"AsyncClient({self._lines!r})"

    async def seal(
        self,
        records: Records,
        *,
        request_id: RequestId = True,
        timeout: float | None = None,
        **about: Unpack[About],
    ) -> v1.SealResponse:
        """Seal records for the requester of a grant.

        Tried again where the connection breaks, by the request id: `True` makes one, one
        of your own lets you repeat the call yourself, and with None it is tried once.
        """
        return await self._call(calls.seal(records, about, request_id), timeout)

    def seal_stream(
        self, batches: Batches[Records], *, timeout: float | None = None, **about: Unpack[About]
    ) -> AsyncIterator[v1.SealStreamResponse]:
        """Seal batch after batch as a chain of envelopes; never tried again.

        Batches that have to be waited for come from an asynchronous iterator.
        """
        return self._stream(calls.seal_stream(batches, about), timeout)

    async def open(
        self, envelope: bytes, *, timeout: float | None = None, **how: Unpack[Reading]
    ) -> v1.OpenResponse:
        """Open an envelope; `rows` or `table` reads its records. Never tried again."""
        return await self._call(calls.open_(envelope, how), timeout)

    def open_stream(
        self, envelopes: Batches[bytes], *, timeout: float | None = None, **how: Unpack[Reading]
    ) -> AsyncIterator[v1.OpenStreamResponse]:
        """Open a chain of envelopes; what it yields is provisional until it ends."""
        return self._stream(calls.open_stream(envelopes, how), timeout)

    async def explain(
        self, resource: str, grant: str, *, timeout: float | None = None
    ) -> v1.ExplainResponse:
        """Tell what a grant would let out of a resource, and why."""
        return await self._call(calls.explain(resource, grant), timeout)

    async def resources(
        self, *, department: str = "", timeout: float | None = None
    ) -> list[v1.ResourceSummary]:
        """Return the resources of the catalogue, by code; of one department, if it is given."""
        page = await self._call(calls.list_resources(department, ""), timeout)
        found = [*page.resources]
        while page.next_page_token:
            page = await self._call(calls.list_resources(department, page.next_page_token), timeout)
            found += page.resources
        return found

    async def resource(
        self, code: str, *, timeout: float | None = None
    ) -> v1.DescribeResourceResponse:
        """Describe a resource with its fields."""
        return await self._call(calls.describe_resource(code), timeout)

    async def status(self, *, timeout: float | None = None) -> v1.GetStatusResponse:
        """Tell whether the node can work, condition by condition."""
        return await self._call(calls.get_status(), timeout)

    async def shards(self, *, timeout: float | None = None) -> list[v1.Shard]:
        """Return the shards of the ledger, the oldest first."""
        page = await self._call(calls.list_shards(""), timeout)
        found = [*page.shards]
        while page.next_page_token:
            page = await self._call(calls.list_shards(page.next_page_token), timeout)
            found += page.shards
        return found

    async def entries(
        self, worker: int = 0, *, shard: str = "", begin: int = 0, timeout: float | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries of a shard, the oldest first; `timeout` is a page's.

        Without `shard` those of the newest one of a worker. Each tells its `shard` and
        its `number`: with that and `begin` they can be read on later.
        """
        token = calls.position(begin)
        while True:
            page = await self._call(calls.list_entries(worker, shard, token), timeout)
            for entry in calls.entries(page):
                yield entry
            token, shard = page.next_page_token, page.shard
            if not token:
                return

    async def entry(
        self, shard: str, number: int, *, timeout: float | None = None
    ) -> dict[str, Any]:
        """Return one entry of a shard, by its number from 0."""
        return calls.entry(await self._call(calls.get_entry(shard, number), timeout))

    async def receipt(self, shard: str, number: int, *, timeout: float | None = None) -> str:
        """Return the receipt of an entry, made anew against the newest checkpoint."""
        answer = await self._call(calls.get_receipt(shard, number), timeout)
        return answer.receipt.decode()

    async def checkpoint(
        self, shard: str, *, cosigned: bool = False, timeout: float | None = None
    ) -> str | None:
        """Return the newest checkpoint of a shard, a signed note, if there is one.

        With `cosigned` the newest of those that other departments cosigned.
        """
        answer = await self._call(calls.get_checkpoint(shard, cosigned), timeout)
        return answer.checkpoint.decode() or None

    async def consistency(
        self, shard: str, old: int, new: int, *, timeout: float | None = None
    ) -> list[bytes]:
        """Return the hashes that prove that `new` entries begin with the first `old`."""
        answer = await self._call(calls.get_consistency(shard, old, new), timeout)
        return [*answer.hashes]

    async def add_cosignature(
        self, checkpoint: bytes | str, *, timeout: float | None = None
    ) -> v1.AddCosignatureResponse:
        """Have the cosignatures of a checkpoint kept; return all that are kept with it."""
        return await self._call(calls.add_cosignature(checkpoint), timeout)

    async def set_block(
        self,
        *,
        requester: str | None = None,
        grant: str | None = None,
        blocked: bool = True,
        timeout: float | None = None,
    ) -> v1.SetBlockResponse:
        """Cut a requester or a grant (by its jti) off, or lift that; return what is cut off."""
        return await self._call(calls.set_block(requester, grant, blocked), timeout)

    async def close(self) -> None:
        """Close the channels; calls that run end with CANCELLED."""
        for channel in self._lines.close():
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _call(self, call: Call[R], timeout: float | None) -> R:
        tries = Tries(call, self._lines, self._timeout if timeout is None else timeout)
        while True:
            line = self._lines.take()
            try:
                method = getattr(line.stub, call.method)
                answer = await method(call.sent, timeout=tries.left)
            except grpc.aio.AioRpcError as error:
                refusal = refusal_of(error)
            else:
                tries.answered()
                return cast("R", answer)
            wait = tries.wait_after(refusal, line)
            if wait is None:
                raise refusal
            await asyncio.sleep(wait)

    async def _stream(self, call: Call[R], timeout: float | None) -> AsyncIterator[R]:
        source, line = Source(call), self._lines.take()
        running = getattr(line.stub, call.method)(source.messages(), timeout=timeout)
        source.bind(running.cancel)
        try:
            async for answer in running:
                yield answer
        except grpc.aio.AioRpcError as error:
            raised = source.raised or refusal_of(error)
        except asyncio.CancelledError:
            if source.raised is None:
                raise
            raised = source.raised
        else:
            return
        finally:
            # Whoever stops listening ends it.
            running.cancel()
        raise raised


def _channel(
    target: str, credentials: grpc.ChannelCredentials | None, options: Options
) -> grpc.aio.Channel:
    if credentials is None:
        return grpc.aio.insecure_channel(target, options)
    return grpc.aio.secure_channel(target, credentials, options)
