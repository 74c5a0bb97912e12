"""The service's calls: each takes a message apart, asks the node, and spells what it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from gateway.errors import RequestMalformedError, ResourceUncataloguedError, StreamBrokenError
from gateway.ledger.receipts import receipt_text
from gateway.model.call import Encoding, Mode, Opened, SealRequest
from gateway.node import Node
from gateway.readiness import check
from gateway.repeats import Answered, Repeats, parts_of
from gateway.server import answers
from gateway.server.callers import Caller
from gateway.server.committing import Conductor
from gateway.server.deadlines import Deadline
from gateway.server.tls import Certificates
from gateway.server.waits import told
from gateway.steps import Steps, write
from gateway.stores.reading import LedgerReading, Page
from gateway.v1 import sidecar_pb2 as v1
from keys.errors import SealgateError

T = TypeVar("T")

# A stream whose caller sends nothing for so long is ended: it holds one of its calls.
MAX_SILENCE_SECONDS = 60
# A page is one message, whatever is asked for.
MAX_PAGE = 1000
USUAL_PAGE = 100
# A call of more bytes is worked on in a thread, since the loop must answer others meanwhile.
MAX_SHORT_BYTES = 512 * 1024

_ENCODINGS: dict[int, Encoding] = {
    v1.RECORD_ENCODING_UNSPECIFIED: "json",
    v1.RECORD_ENCODING_JSON: "json",
    v1.RECORD_ENCODING_NDJSON: "ndjson",
    v1.RECORD_ENCODING_ARROW: "arrow",
}
_MODES: dict[int, Mode] = {
    v1.SHARING_MODE_UNSPECIFIED: "interface",
    v1.SHARING_MODE_INTERFACE: "interface",
    v1.SHARING_MODE_FILE: "file",
    v1.SHARING_MODE_DATABASE: "database",
}


class Facilities(NamedTuple):
    """What all callers of a worker share."""

    node: Node
    conductor: Conductor
    repeats: Repeats
    certificates: Certificates | None


class SidecarService:
    """A node, as one caller may use it: a method for each of the service's, named alike."""

    def __init__(self, caller: Caller, shared: Facilities) -> None:
        self.caller, self._shared = caller, shared
        self._node = shared.node

    async def seal(self, request: v1.SealRequest, deadline: Deadline) -> v1.SealResponse | bytes:
        """Seal records."""
        wanted = self._wanted(request.subject, request.records)
        if not request.request_id:
            steps = self._node.sealing(wanted, deadline)
            return answers.sealed(await self._drive(steps, deadline, wanted.records))
        once = self._sealing_once(wanted, request.request_id, deadline)
        return await self._drive(once, deadline, wanted.records)

    async def seal_stream(
        self, requests: AsyncIterator[v1.SealStreamRequest], deadline: Deadline
    ) -> AsyncIterator[v1.SealStreamResponse]:
        """Seal batch after batch; the last is known when nothing follows."""
        subject: v1.SealSubject | None = None
        held: bytes | None = None
        number = 0
        async for message in _attended(requests):
            kind = message.WhichOneof("message")
            if (kind == "subject") is not (subject is None):
                raise RequestMalformedError(
                    reason="its first message, and no other, holds the subject",
                    reason_zh="第一条消息须为 subject，其后均为 records",
                )
            if subject is None:
                subject = message.subject
                stream = self._node.begin_seal_stream(self._wanted(subject, b""))
                continue
            if held is not None:
                number += 1
                steps = stream.seal(held, last=False, deadline=deadline)
                part = answers.sealed(await self._drive(steps, deadline, held))
                yield v1.SealStreamResponse(part=part, number=number)
            held = message.records
        if subject is None:
            raise RequestMalformedError(reason="it is empty", reason_zh="请求为空")
        if held is not None:
            steps = stream.seal(held, last=True, deadline=deadline)
            part = answers.sealed(await self._drive(steps, deadline, held))
            yield v1.SealStreamResponse(part=part, number=number + 1, last=True)
        stream.end()

    async def open(self, request: v1.OpenRequest, deadline: Deadline) -> v1.OpenResponse:
        """Open an envelope."""
        self.caller.check("open")
        encoding = _encoding(request.encoding)
        steps = self._node.opening(
            request.envelope,
            reopen=request.reopen,
            caller=self.caller.name,
            reference=request.reference or None,
            deadline=deadline,
        )
        return await self._drive(_spelled(steps, encoding), deadline, request.envelope)

    async def open_stream(
        self, requests: AsyncIterator[v1.OpenStreamRequest], deadline: Deadline
    ) -> AsyncIterator[v1.OpenStreamResponse]:
        """Open part after part."""
        self.caller.check("open")
        stream = None
        async for message in _attended(requests):
            if stream is None:
                encoding = _encoding(message.encoding)
                stream = self._node.begin_open_stream(
                    reopen=message.reopen,
                    caller=self.caller.name,
                    reference=message.reference or None,
                )
            steps = _spelled(stream.open(message.envelope, deadline), encoding)
            part = await self._drive(steps, deadline, message.envelope)
            yield v1.OpenStreamResponse(part=part)
        if stream is None:
            raise RequestMalformedError(reason="it is empty", reason_zh="请求为空")
        await self._drive(stream.end(), deadline, b"")

    async def explain(self, request: v1.ExplainRequest, _: Deadline) -> v1.ExplainResponse:
        """Explain a grant."""
        self.caller.check("explain", request.resource)
        return answers.explained(self._node.explain(request.resource, request.grant))

    async def list_resources(
        self, request: v1.ListResourcesRequest, _: Deadline
    ) -> v1.ListResourcesResponse:
        """List what the caller may see."""
        size = _page(request.page_size)
        found = sorted(
            (
                resource
                for resource in self._node.snapshot().trust.catalogue.resources.values()
                if resource.code > request.page_token
                and request.department in ("", resource.provider.department)
                and self.caller.may_see(resource.code)
            ),
            key=lambda resource: resource.code,
        )
        page = found[:size]
        return v1.ListResourcesResponse(
            resources=map(answers.summary, page),
            next_page_token=page[-1].code if len(found) > size else "",
        )

    async def describe_resource(
        self, request: v1.DescribeResourceRequest, _: Deadline
    ) -> v1.DescribeResourceResponse:
        """Describe what the caller may see."""
        resource = self._node.snapshot().trust.catalogue.resources.get(request.resource)
        if resource is None or not self.caller.may_see(resource.code):
            raise ResourceUncataloguedError(resource="(of this request)")
        return answers.description(resource)

    async def get_status(self, _request: v1.GetStatusRequest, _: Deadline) -> v1.GetStatusResponse:
        """Tell every condition."""
        shared = self._shared
        conditions = await shared.conductor.apart(partial(check, self._node, shared.certificates))
        response = answers.status(self._node.department, conditions)
        try:
            trust = self._node.snapshot().trust
        except SealgateError:  # a condition tells it
            return response
        response.trust, response.catalogue = trust.version, trust.catalogue.version
        return response

    async def list_shards(
        self, request: v1.ListShardsRequest, _: Deadline
    ) -> v1.ListShardsResponse:
        """List the shards of the ledger."""
        self.caller.check("read_ledger")
        read = partial(self._node.reading.shards, request.page_token, _page(request.page_size))
        shards, more = await self._shared.conductor.apart(read)
        return v1.ListShardsResponse(
            shards=map(answers.shard, shards), next_page_token=shards[-1].name if more else ""
        )

    async def list_entries(
        self, request: v1.ListEntriesRequest, _: Deadline
    ) -> v1.ListEntriesResponse:
        """List entries of a shard."""
        self.caller.check("read_ledger")
        token_shard, begin = _position(request.page_token)
        if request.shard and token_shard not in ("", request.shard):
            raise _no_token()
        shard, count = token_shard or request.shard, _page(request.page_size)
        read = partial(_entries, self._node.reading, shard, request.worker, begin, count)
        page = await self._shared.conductor.apart(read)
        return v1.ListEntriesResponse() if page is None else answers.entries(page)

    async def get_entry(self, request: v1.GetEntryRequest, _: Deadline) -> v1.GetEntryResponse:
        """Read one entry."""
        self.caller.check("read_ledger")
        read = partial(self._node.reading.entry, request.shard, request.number)
        return v1.GetEntryResponse(entry=await self._shared.conductor.apart(read))

    async def get_receipt(
        self, request: v1.GetReceiptRequest, _: Deadline
    ) -> v1.GetReceiptResponse:
        """Make a receipt anew."""
        self.caller.check("read_ledger")
        read = partial(self._node.reading.receipt, request.shard, request.number)
        receipt = await self._shared.conductor.apart(read)
        return v1.GetReceiptResponse(receipt=receipt_text(receipt).encode())

    async def get_checkpoint(
        self, request: v1.GetCheckpointRequest, _: Deadline
    ) -> v1.GetCheckpointResponse:
        """Read a checkpoint."""
        self.caller.check("read_ledger")
        reading = self._node.reading
        read = partial(reading.checkpoint, request.shard, cosigned=request.cosigned)
        note = await self._shared.conductor.apart(read)
        return v1.GetCheckpointResponse(checkpoint=(note or "").encode())

    async def get_consistency_proof(
        self, request: v1.GetConsistencyProofRequest, _: Deadline
    ) -> v1.GetConsistencyProofResponse:
        """Prove that one size of a shard begins with another."""
        self.caller.check("read_ledger")
        sizes = request.old_size, request.new_size
        read = partial(self._node.reading.consistency, request.shard, *sizes)
        return v1.GetConsistencyProofResponse(hashes=await self._shared.conductor.apart(read))

    async def add_cosignature(
        self, request: v1.AddCosignatureRequest, deadline: Deadline
    ) -> v1.AddCosignatureResponse:
        """Keep cosignatures."""
        self.caller.check("administer")
        steps = self._node.witnessing.adding(request.checkpoint, self.caller.name, None)
        return answers.cosigned(await self._drive(steps, deadline, b""))

    async def set_block(
        self, request: v1.SetBlockRequest, deadline: Deadline
    ) -> v1.SetBlockResponse:
        """Cut a requester or a grant off, or lift that."""
        self.caller.check("administer")
        which = request.WhichOneof("subject")
        if which is None:
            raise RequestMalformedError(
                reason="it names neither a requester nor a grant",
                reason_zh="未指明使用部门或授权",
            )
        steps = self._node.blocking(
            requester=request.requester or None,
            grant=request.grant or None,
            blocked=request.blocked,
            caller=self.caller.name,
        )
        blocks = await self._drive(steps, deadline, b"")
        return v1.SetBlockResponse(
            requesters=sorted(blocks.requesters), grants=sorted(blocks.grants)
        )

    def _wanted(self, subject: v1.SealSubject, records: bytes) -> SealRequest:
        self.caller.check("seal", subject.resource)
        mode = _MODES.get(subject.mode)
        if mode is None:
            raise RequestMalformedError(reason="its mode is not known", reason_zh="共享方式未知")
        return SealRequest(
            resource=subject.resource,
            purpose=subject.purpose,
            grant=subject.grant,
            records=records,
            encoding=_encoding(subject.encoding),
            mode=mode,
            caller=self.caller.name,
            reference=subject.reference or None,
            suite=subject.suite or None,
        )

    def _sealing_once(
        self, wanted: SealRequest, request_id: str, deadline: Deadline
    ) -> Steps[bytes]:
        """Seal, or answer what the same request was answered before; see `gateway.repeats`."""
        repeats, now = self._shared.repeats, self._node.now()
        asked = repeats.ask(self.caller.name, "Seal", request_id, parts_of(wanted), now)
        begun = yield from write(repeats.store, partial(repeats.begin, asked, now))
        if isinstance(begun, Answered):
            # It left once already; who was cut off since does not get it again.
            yield from self._node.checking(wanted)
            return begun.answer
        try:
            sealed = yield from self._node.sealing(wanted, deadline)
        except Exception:
            # Where that fails it lapses by itself: what is told is why nothing was sealed.
            with suppress(SealgateError):
                yield from write(repeats.store, partial(repeats.abandon, begun))
            raise
        answer = answers.sealed(sealed).SerializeToString()
        return (yield from write(repeats.store, partial(repeats.finish, begun, answer, now)))

    async def _drive(self, steps: Steps[T], deadline: Deadline, data: bytes) -> T:
        if deadline.waited is not None:
            steps = told(steps, deadline.waited)
        long = len(data) > MAX_SHORT_BYTES
        return await self._shared.conductor.drive(steps, deadline.leave, long=long)


def _spelled(steps: Steps[Opened], encoding: Encoding) -> Steps[v1.OpenResponse]:
    return answers.opened((yield from steps), encoding)


def _encoding(number: int) -> Encoding:
    encoding = _ENCODINGS.get(number)
    if encoding is None:
        raise RequestMalformedError(reason="its encoding is not known", reason_zh="记录编码未知")
    return encoding


def _page(size: int) -> int:
    return min(size or USUAL_PAGE, MAX_PAGE)


def _position(token: str) -> tuple[str, int]:
    """Read a page token: a shard, if it names one, and the number of an entry."""
    shard, colon, number = token.rpartition(":")
    if not token:
        return "", 0
    if bool(shard) is not bool(colon) or not (
        number.isascii() and number.isdigit() and len(number) < 19
    ):
        raise _no_token()
    return shard, int(number)


def _no_token() -> RequestMalformedError:
    return RequestMalformedError(reason="its page token is none of ours", reason_zh="分页令牌无效")


def _entries(
    reading: LedgerReading, shard: str, worker: int, begin: int, count: int
) -> Page | None:
    """Read a page of a shard, or of the newest one of a worker, if that has any."""
    name = shard or reading.newest(worker)
    return None if name is None else reading.page(name, begin, count)


async def _attended(messages: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield what comes, as long as something does.

    Raises: StreamBrokenError.
    """
    number = 0
    while True:
        number += 1
        try:
            async with asyncio.timeout(MAX_SILENCE_SECONDS):
                message = await anext(messages)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise StreamBrokenError(
                part=number,
                reason=f"nothing came for {MAX_SILENCE_SECONDS} s",
                reason_zh=f"{MAX_SILENCE_SECONDS} 秒内未收到数据",
            ) from None
        yield message
