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
from gateway.server.refusals import refuse
from gateway.server.service import SidecarService
from gateway.v1 import sidecar_pb2 as v1

Context = ServicerContext[Any, Any]
_DESCRIPTOR = v1.DESCRIPTOR.services_by_name["Sidecar"]
SERVICE: Final = _DESCRIPTOR.full_name


def handlers(service: SidecarService) -> grpc.GenericRpcHandler:
    """Return the handlers of every method."""
    found = {method.name: _handler(method, service) for method in _DESCRIPTOR.methods}
    return grpc.method_handlers_generic_handler(SERVICE, found)


def _handler(method: MethodDescriptor, service: SidecarService) -> Any:
    work = getattr(service, re.sub("(?<=[a-z])(?=[A-Z])", "_", method.name).lower())
    asked = getattr(v1, method.input_type.name)
    written = getattr(v1, method.output_type.name).SerializeToString
    if method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(
            _streaming(work, asked), response_serializer=written
        )
    return grpc.unary_unary_rpc_method_handler(_unary(work, asked), response_serializer=written)


def _unary(
    work: Callable[[Message], Message], asked: type[Message]
) -> Callable[[bytes, Context], Awaitable[Message]]:
    async def answer(data: bytes, context: Context) -> Message:
        try:
            return work(_parsed(data, asked))
        except Exception as error:
            await refuse(context, error)

    return answer


def _streaming(
    work: Callable[[AsyncIterator[Message]], AsyncIterator[Message]], asked: type[Message]
) -> Callable[[AsyncIterator[bytes], Context], AsyncIterator[Message]]:
    async def answer(pieces: AsyncIterator[bytes], context: Context) -> AsyncIterator[Message]:
        messages = (_parsed(data, asked) async for data in pieces)
        try:
            async for message in work(messages):
                yield message
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
