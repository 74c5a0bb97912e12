"""The service's calls: each takes a message apart, asks the node, and spells what it says."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import TypeVar

import msgspec

import gateway
from gateway.errors import (
    RequestMalformedError,
    ResourceUncataloguedError,
    StreamBrokenError,
)
from gateway.model.call import (
    Encoding,
    ExplainedField,
    Mode,
    Opened,
    Receipt,
    Sealed,
    SealRequest,
)
from gateway.model.resource import Field, Resource
from gateway.node import Node
from gateway.readiness import check
from gateway.server.callers import Caller
from gateway.server.committing import Conductor
from gateway.server.deadlines import Deadline
from gateway.steps import Steps
from gateway.v1 import sidecar_pb2 as v1
from keys.errors import SealgateError

T = TypeVar("T")

# A stream whose caller sends nothing for so long is ended: it holds one of its calls.
MAX_SILENCE_SECONDS = 60
# A page of resources is one message, whatever is asked for.
MAX_PAGE = 1000
# A call of more bytes is worked on in a thread, since the loop must answer others meanwhile.
MAX_SHORT_BYTES = 512 * 1024
USUAL_PAGE = 100

_ENCODINGS: dict[int, Encoding] = {
    v1.RECORD_ENCODING_UNSPECIFIED: "json",
    v1.RECORD_ENCODING_JSON: "json",
    v1.RECORD_ENCODING_NDJSON: "ndjson",
}
_MODES: dict[int, Mode] = {
    v1.SHARING_MODE_UNSPECIFIED: "interface",
    v1.SHARING_MODE_INTERFACE: "interface",
    v1.SHARING_MODE_FILE: "file",
    v1.SHARING_MODE_DATABASE: "database",
}
_STATES = {
    "ok": v1.CONDITION_STATE_OK,
    "warning": v1.CONDITION_STATE_WARNING,
    "failed": v1.CONDITION_STATE_FAILED,
}


class SidecarService:
    """A node, as one caller may use it: a method for each of the service's, named alike."""

    def __init__(self, node: Node, caller: Caller, conductor: Conductor) -> None:
        self.caller = caller
        self._node, self._conductor = node, conductor

    async def seal(self, request: v1.SealRequest, deadline: Deadline) -> v1.SealResponse:
        """Seal records."""
        wanted = self._wanted(request.subject, request.records)
        return _sealed(
            await self._drive(self._node.sealing(wanted, deadline), deadline, wanted.records)
        )

    async def _drive(self, steps: Steps[T], deadline: Deadline, data: bytes) -> T:
        long = len(data) > MAX_SHORT_BYTES
        return await self._conductor.drive(steps, deadline.leave, long=long)

    def _wanted(self, subject: v1.SealSubject, records: bytes) -> SealRequest:
        self.caller.check("seal", subject.resource)
        encoding, mode = _ENCODINGS.get(subject.encoding), _MODES.get(subject.mode)
        if encoding is None or mode is None:
            raise RequestMalformedError(
                reason="its encoding or mode is not known", reason_zh="记录编码或共享方式未知"
            )
        return SealRequest(
            resource=subject.resource,
            purpose=subject.purpose,
            grant=subject.grant,
            records=records,
            encoding=encoding,
            mode=mode,
            caller=self.caller.name,
            reference=subject.reference or None,
            suite=subject.suite or None,
        )

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
                part = await self._drive(
                    stream.seal(held, last=False, deadline=deadline), deadline, held
                )
                yield v1.SealStreamResponse(part=_sealed(part), number=number)
            held = message.records
        if subject is None:
            raise RequestMalformedError(reason="it is empty", reason_zh="请求为空")
        if held is not None:
            part = await self._drive(
                stream.seal(held, last=True, deadline=deadline), deadline, held
            )
            yield v1.SealStreamResponse(part=_sealed(part), number=number + 1, last=True)
        stream.end()

    async def open(self, request: v1.OpenRequest, deadline: Deadline) -> v1.OpenResponse:
        """Open an envelope."""
        self.caller.check("open")
        steps = self._node.opening(
            request.envelope,
            reopen=request.reopen,
            caller=self.caller.name,
            reference=request.reference or None,
            deadline=deadline,
        )
        return _opened(await self._drive(steps, deadline, request.envelope))

    async def open_stream(
        self, requests: AsyncIterator[v1.OpenStreamRequest], deadline: Deadline
    ) -> AsyncIterator[v1.OpenStreamResponse]:
        """Open part after part."""
        self.caller.check("open")
        stream = None
        async for message in _attended(requests):
            if stream is None:
                stream = self._node.begin_open_stream(
                    reopen=message.reopen,
                    caller=self.caller.name,
                    reference=message.reference or None,
                )
            part = await self._drive(
                stream.open(message.envelope, deadline), deadline, message.envelope
            )
            yield v1.OpenStreamResponse(part=_opened(part))
        if stream is None:
            raise RequestMalformedError(reason="it is empty", reason_zh="请求为空")
        await self._drive(stream.end(), deadline, b"")

    async def explain(self, request: v1.ExplainRequest, _: Deadline) -> v1.ExplainResponse:
        """Explain a grant."""
        self.caller.check("explain", request.resource)
        told = self._node.explain(request.resource, request.grant)
        return v1.ExplainResponse(
            resource=told.resource,
            resource_name=told.resource_name,
            requester=told.requester,
            purpose=told.purpose,
            level=told.level,
            policy=told.policy,
            fields=map(_explained, told.fields),
        )

    async def list_resources(
        self, request: v1.ListResourcesRequest, _: Deadline
    ) -> v1.ListResourcesResponse:
        """List what the caller may see."""
        size = min(request.page_size or USUAL_PAGE, MAX_PAGE)
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
            resources=map(_summary, page),
            next_page_token=page[-1].code if len(found) > size else "",
        )

    async def describe_resource(
        self, request: v1.DescribeResourceRequest, _: Deadline
    ) -> v1.DescribeResourceResponse:
        """Describe what the caller may see."""
        resource = self._node.snapshot().trust.catalogue.resources.get(request.resource)
        if resource is None or not self.caller.may_see(resource.code):
            raise ResourceUncataloguedError(resource="(of this request)")
        return v1.DescribeResourceResponse(
            summary=_summary(resource),
            abstract=resource.abstract,
            use_requirements=resource.use_requirements,
            update_cycle=resource.update_cycle,
            replaced_by=resource.replaced_by or "",
            fields=map(_field, resource.fields),
        )

    async def get_status(self, _request: v1.GetStatusRequest, _: Deadline) -> v1.GetStatusResponse:
        """Tell every condition."""
        conditions = await self._conductor.apart(partial(check, self._node))
        response = v1.GetStatusResponse(
            department=self._node.department,
            version=gateway.__version__,
            ready=all(condition.refusal is None for condition in conditions),
        )
        for condition in conditions:
            response.conditions.add(
                name=condition.name,
                title_zh=condition.title_zh,
                state=_STATES[condition.state],
                text=condition.text,
                text_zh=condition.text_zh,
                code="" if condition.refusal is None else condition.refusal.code,
            )
        try:
            trust = self._node.snapshot().trust
        except SealgateError:  # a condition tells it
            return response
        response.trust, response.catalogue = trust.version, trust.catalogue.version
        return response


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


def _sealed(sealed: Sealed) -> v1.SealResponse:
    return v1.SealResponse(
        envelope=sealed.envelope,
        envelope_id=sealed.envelope_id,
        digest=sealed.digest,
        records=sealed.manifest.records,
        findings=sealed.manifest.findings,
        receipt=_receipt(sealed.receipt),
    )


def _opened(opened: Opened) -> v1.OpenResponse:
    return v1.OpenResponse(
        records=opened.records,
        manifest=msgspec.json.encode(opened.manifest),
        sender=opened.sender,
        envelope_id=opened.envelope_id,
        digest=opened.digest,
        receipt=_receipt(opened.receipt),
    )


def _receipt(receipt: Receipt) -> bytes:
    return msgspec.json.encode(receipt)


def _explained(field: ExplainedField) -> v1.ExplainedField:
    return v1.ExplainedField(
        id=field.id,
        name=field.name,
        grade=field.grade,
        kind=field.kind,
        treatment=msgspec.json.encode(field.treatment),
        disclosure=field.disclosure,
        type=field.type,
        layer=field.layer,
        rule=field.rule,
        reason=field.reason,
        reason_zh=field.reason_zh,
    )


def _summary(resource: Resource) -> v1.ResourceSummary:
    return v1.ResourceSummary(
        code=resource.code,
        name=resource.name,
        name_en=resource.name_en or "",
        department=resource.provider.department,
        share_class=resource.share.share_class,
        grade=resource.grade,
        status=resource.status,
    )


def _field(field: Field) -> v1.ResourceField:
    return v1.ResourceField(
        id=field.id,
        name=field.name,
        name_en=field.name_en or "",
        type=field.type,
        kind=field.kind,
        grade=field.grade,
        required=field.required,
        nullable=field.null,
        format=field.format or "",
        code_list=field.code_list or "",
        length=field.length or 0,
        precision=field.precision or 0,
        scale=field.scale or 0,
    )
