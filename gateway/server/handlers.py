"""The service's methods as gRPC handlers: bytes in, and nothing of an exception out.

Messages are parsed here and not by gRPC, which answers what it cannot parse, or
what is raised, with the exception's text.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from math import inf
from typing import Any, Final, NoReturn, Protocol, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from grpc.aio import ServicerContext

from gateway.errors import LedgerUnavailableError, RequestMalformedError
from gateway.server.deadlines import Deadline
from gateway.server.refusals import refuse
from gateway.server.service import SidecarService
from gateway.server.telemetry import CallRecord, Telemetry
from gateway.v1 import sidecar_pb2 as v1
from keys.errors import SealgateError

Context = ServicerContext[Any, Any]
_DESCRIPTOR = v1.DESCRIPTOR.services_by_name["Sidecar"]
SERVICE: Final = _DESCRIPTOR.full_name


class Door(Protocol):
    """Where calls come in: it tells whose they are, by what they came by."""

    def caller(self, context: Context) -> str:
        """Return the caller's name, for the log; empty for nobody."""

    def service(self, name: str) -> SidecarService:
        """Return the service as a caller may use it. Raises: CallerForbiddenError."""

    def turn_away(self, name: str, refusal: SealgateError) -> None:
        """Have a refusal counted that is in no ledger."""


def handlers(door: Door, telemetry: Telemetry) -> grpc.GenericRpcHandler:
    """Return the handlers of every method."""
    found = {method.name: _handler(method, door, telemetry) for method in _DESCRIPTOR.methods}
    return grpc.method_handlers_generic_handler(SERVICE, found)


def _handler(method: MethodDescriptor, door: Door, telemetry: Telemetry) -> Any:
    name = re.sub("(?<=[a-z])(?=[A-Z])", "_", method.name).lower()
    asked = getattr(v1, method.input_type.name)
    begin = _beginning(method.name, telemetry)
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(_streaming(name, asked, door, begin))
    return grpc.unary_unary_rpc_method_handler(_unary(name, asked, door, begin))


def _beginning(method: str, telemetry: Telemetry) -> Callable[[str, Context], CallRecord]:
    def begin(caller: str, context: Context) -> CallRecord:
        if telemetry.tracing is None:
            return telemetry.begin(method, caller)
        return telemetry.begin(method, caller, "", tuple(context.invocation_metadata() or ()))

    return begin


def _unary(
    name: str, asked: type[Message], door: Door, begin: Callable[[str, Context], CallRecord]
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    identified = "request_id" in asked.DESCRIPTOR.fields_by_name

    async def answer(data: bytes, context: Context) -> bytes:
        with _Visit(door, begin, context) as visit:
            service = visit.admitted()
            visit.received = len(data)
            request: Any = _parsed(data, asked)
            if identified and request.request_id:
                visit.record.known_as(request.request_id)
            deadline = Deadline(context.time_remaining(), waited=visit.record.waiting)
            told = await getattr(service, name)(request, deadline)
            done: bytes = told if isinstance(told, bytes) else told.SerializeToString()
            visit.sent = len(done)
            service.caller.hold(visit.received + visit.sent)
            return done
        return b""

    return answer


def _streaming(
    name: str, asked: type[Message], door: Door, begin: Callable[[str, Context], CallRecord]
) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[bytes]]:
    async def answer(pieces: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        with _Visit(door, begin, context, stream=True) as visit:
            service = visit.admitted()

            async def messages() -> AsyncIterator[Message]:
                async for data in pieces:
                    visit.received += len(data)
                    # Whoever was taken out of node.yaml meanwhile goes no further.
                    door.service(service.caller.name)
                    yield _parsed(data, asked)

            # As long as its parts go on coming, each within its own limits.
            deadline = Deadline(context.time_remaining(), longest=inf, waited=visit.record.waiting)
            async for told in getattr(service, name)(messages(), deadline):
                done = told.SerializeToString()
                visit.sent += len(done)
                yield done

    return answer


class _Visit:
    """A call from its beginning to its end: told of, counted, and refused where it fails."""

    __slots__ = ("_admitted", "_context", "_door", "_name", "_stream", "received", "record", "sent")

    def __init__(
        self,
        door: Door,
        begin: Callable[[str, Context], CallRecord],
        context: Context,
        *,
        stream: bool = False,
    ) -> None:
        self._door, self._context, self._stream = door, context, stream
        self._name = door.caller(context)
        self._admitted: SidecarService | None = None
        self.record = begin(self._name, context)
        # Bytes of messages.
        self.received = self.sent = 0

    def admitted(self) -> SidecarService:
        """Return the service as the caller may use it; its call is counted until it ends.

        Raises: CallerForbiddenError, RateExceededError, LimitExceededError.
        """
        service = self._door.service(self._name)
        service.caller.enter(stream=self._stream)
        self._admitted = service
        return service

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if self._admitted is not None:
            self._admitted.caller.leave(stream=self._stream)
        code = "OK" if error is None else _code(error)
        if isinstance(error, SealgateError) and not isinstance(error, LedgerUnavailableError):
            self._door.turn_away(self._name, error)
        if isinstance(error, Exception):
            refuse(self._context, error, self.record.request_id)
        self.record.end(code, self.received, self.sent)
        return isinstance(error, Exception)


def _code(error: BaseException) -> str:
    if isinstance(error, SealgateError):
        return error.code
    gone = isinstance(error, (asyncio.CancelledError, GeneratorExit))
    return "CANCELLED" if gone else "INTERNAL"


def _parsed(data: bytes, asked: type[Message]) -> Message:
    try:
        return asked.FromString(data)
    except DecodeError:
        _malformed()


def _malformed() -> NoReturn:
    raise RequestMalformedError(
        reason="it is no message of the service", reason_zh="请求不是本服务的消息"
    )
