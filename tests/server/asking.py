"""Calls over a bare stub, which tries nothing again, and refusals in full."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from tests.cli.command import ROW, Desk
from tests.server.sidecars import PATIENCE, about

# Messages as large as a sidecar takes, and larger.
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Refusal(NamedTuple):
    """All that a refused call was told."""

    code: str
    status: str
    domain: str
    message: str
    message_zh: str
    request_id: str
    retry_seconds: int | None
    fields: tuple[str, ...]


def refusal_of(error: grpc.RpcError) -> Refusal:
    """Read a refusal; a status without our details has its own name for a code."""
    call = cast("grpc.Call", error)
    status = rpc_status.from_call(call)
    details = () if status is None else status.details
    found: dict[str, Any] = {}
    for packed in details:
        kind = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])
        found[kind.DESCRIPTOR.name] = detail = kind()
        packed.Unpack(detail)
    assert len(found) == len(details)
    info = found.get("ErrorInfo", error_details_pb2.ErrorInfo(reason=call.code().name))
    retry = found.get("RetryInfo")
    wrong = found.get("BadRequest", error_details_pb2.BadRequest())
    return Refusal(
        code=info.reason,
        status=call.code().name,
        domain=info.domain,
        message=call.details() or "",
        message_zh=found.get("LocalizedMessage", error_details_pb2.LocalizedMessage()).message,
        request_id=found.get("RequestInfo", error_details_pb2.RequestInfo()).request_id,
        retry_seconds=None if retry is None else retry.retry_delay.seconds,
        fields=tuple(each.field for each in wrong.field_violations),
    )


class Asking:
    """One caller's calls over one channel."""

    def __init__(self, channel: grpc.Channel, desk: Desk) -> None:
        self.channel, self.stub = channel, SidecarStub(channel)
        self._about = about(desk)

    def sealing(
        self, records: object = (ROW,), *, request_id: str = "", **changes: Any
    ) -> v1.SealRequest:
        """Spell a call to seal with the desk's grant, its subject changed by name."""
        data = records if isinstance(records, bytes) else json.dumps(records).encode()
        subject = v1.SealSubject(**{**self._about, **changes})
        return v1.SealRequest(subject=subject, records=data, request_id=request_id)

    def seal(self, records: object = (ROW,), **changes: Any) -> v1.SealResponse:
        """Seal. Raises: grpc.RpcError."""
        return self.stub.Seal(self.sealing(records, **changes), timeout=PATIENCE)

    def refused(self, method: str, *sent: Message | bytes) -> Refusal:
        """Make a call that is refused; streams are sent all messages."""
        try:
            self._made(method, sent)
        except grpc.RpcError as error:
            return refusal_of(error)
        raise AssertionError("it was not refused")

    def seal_refused(self, records: object = (ROW,), **changes: Any) -> Refusal:
        """Seal what is refused."""
        return self.refused("Seal", self.sealing(records, **changes))

    def code(self, records: object = (ROW,), **changes: Any) -> str:
        """Seal; return the code of the refusal, or OK."""
        try:
            self.seal(records, **changes)
        except grpc.RpcError as error:
            return refusal_of(error).code
        return "OK"

    def _made(self, method: str, sent: Iterable[Message | bytes]) -> None:
        path = f"/gateway.v1.Sidecar/{method}"
        data = [one if isinstance(one, bytes) else one.SerializeToString() for one in sent]
        if method.endswith("Stream"):
            stream = cast("Any", self.channel.stream_stream(path))
            list(stream(iter(data), timeout=PATIENCE))
        else:
            cast("Any", self.channel.unary_unary(path))(data[0], timeout=PATIENCE)


@contextmanager
def asking(
    target: str, desk: Desk, credentials: grpc.ChannelCredentials | None = None
) -> Iterator[Asking]:
    """Connect to a socket, or by TLS, over a connection of its own."""
    options = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
    if credentials is None:
        made = grpc.insecure_channel(target, options)
    else:
        made = grpc.secure_channel(target, credentials, options)
    with made as channel:
        yield Asking(channel, desk)


def many(count: int, row: Mapping[str, Any] = ROW) -> bytes:
    """Spell a record so many times over."""
    return b"[" + b",".join([json.dumps(row).encode()] * count) + b"]"
