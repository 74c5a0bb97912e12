"""The service's methods as gRPC handlers: bytes in, and nothing of an exception out.

Messages are parsed here and not by gRPC, which answers what it cannot parse, or
what is raised, with the exception's text.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NoReturn

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from grpc.aio import ServicerContext

from gateway.errors import RequestMalformedError
from gateway.server.deadlines import Deadline
from gateway.server.refusals import refuse
from gateway.server.service import SidecarService
from gateway.v1 import sidecar_pb2 as v1

Context = ServicerContext[Any, Any]
# Whose call it is, by what it came by. Raises: CallerForbiddenError.
Door = Callable[[Context], SidecarService]
_DESCRIPTOR = v1.DESCRIPTOR.services_by_name["Sidecar"]
SERVICE: Final = _DESCRIPTOR.full_name


def handlers(door: Door) -> grpc.GenericRpcHandler:
    """Return the handlers of every method."""
    found = {method.name: _handler(method, door) for method in _DESCRIPTOR.methods}
    return grpc.method_handlers_generic_handler(SERVICE, found)


def _handler(method: MethodDescriptor, door: Door) -> Any:
    name = re.sub("(?<=[a-z])(?=[A-Z])", "_", method.name).lower()
    asked = getattr(v1, method.input_type.name)
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(_streaming(name, asked, door))
    return grpc.unary_unary_rpc_method_handler(_unary(name, asked, door))


def _unary(
    name: str, asked: type[Message], door: Door
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    async def answer(data: bytes, context: Context) -> bytes:
        try:
            service = door(context)
            service.caller.enter(stream=False)
            try:
                deadline = Deadline(context.time_remaining())
                response = await getattr(service, name)(_parsed(data, asked), deadline)
                done: bytes = response.SerializeToString()
                return done
            finally:
                service.caller.leave(stream=False)
        except Exception as error:
            await refuse(context, error)

    return answer


def _streaming(
    name: str, asked: type[Message], door: Door
) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[bytes]]:
    async def answer(pieces: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        messages = (_parsed(data, asked) async for data in pieces)
        try:
            service = door(context)
            service.caller.enter(stream=True)
            try:
                deadline = Deadline(context.time_remaining())
                async for message in getattr(service, name)(messages, deadline):
                    yield message.SerializeToString()
            finally:
                service.caller.leave(stream=True)
        except Exception as error:
            await refuse(context, error)

    return answer


def _parsed(data: bytes, asked: type[Message]) -> Message:
    try:
        return asked.FromString(data)
    except DecodeError:
        _malformed()


def _malformed() -> NoReturn:
    raise RequestMalformedError(
        reason="it is no message of the service", reason_zh="请求不是本服务的消息"
    )
