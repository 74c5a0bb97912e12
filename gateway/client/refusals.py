"""What a sidecar refused, out of the status it answered with."""

import re
from typing import Any, NamedTuple

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2

_DETAILS = "grpc-status-details-bin"
# gRPC's words, on either side, for a message that is too large: sizes in bytes.
_LARGER = re.compile(r"message larger than max \(([0-9]+) vs\. ([0-9]+)\)")
# What gRPC says without the sidecar, in Chinese.
_SAID_ZH = {
    "UNAVAILABLE": "无法连接网关服务，或连接中断",
    "DEADLINE_EXCEEDED": "调用超过时限",
    "CANCELLED": "调用已取消",
    "RESOURCE_EXHAUSTED": "网关服务暂时无法接受更多调用",
    "UNIMPLEMENTED": "该服务没有此方法，版本可能过旧",
}


class Violation(NamedTuple):
    """One thing wrong with what was sent: `field` such as `records[0].name`, never a value."""

    field: str
    text: str
    text_zh: str


class RefusedError(Exception):
    """A call that the sidecar refused, or that did not reach it.

    `code` is the stable code of docs/reference/errors.md, or the name of the
    gRPC status where there is none, such as UNAVAILABLE; `answered` tells whether the
    sidecar itself refused. `retry_after` is in seconds; None: to try again is no use.
    `request_id` is what the sidecar's log calls the call, where it says so.
    """

    def __init__(
        self,
        code: str,
        message: str,
        message_zh: str = "",
        *,
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
        request_id: str = "",
        answered: bool = False,
    ) -> None:
        self.code, self.message, self.message_zh = code, message, message_zh or message
        self.violations, self.retry_after = violations, retry_after
        self.request_id, self.answered = request_id, answered
        super().__init__(f"{code}: {message}")


def refusal_of(error: grpc.Call | grpc.aio.AioRpcError) -> RefusedError:
    """Read the refusal out of a failed call."""
    status = _status(error)
    if status is None:
        return _unanswered(error)
    refusal = RefusedError(error.code().name, status.message)
    for detail in status.details:
        _tell(refusal, detail)
    refusal.args = (f"{refusal.code}: {refusal.message}",)
    return refusal


def _unanswered(error: grpc.Call | grpc.aio.AioRpcError) -> RefusedError:
    name, text = error.code().name, error.details() or ""
    larger = _LARGER.search(text)
    if larger is None:
        return RefusedError(name, text or name, _SAID_ZH.get(name, ""))
    size, limit = int(larger[1]), int(larger[2])
    return RefusedError(
        name,
        f"the message has {size:,} bytes, at most {limit:,} are taken; send fewer, or a stream",
        f"消息有 {size:,} 字节，上限 {limit:,} 字节，请减少数据量或改用数据流",
    )


def _tell(refusal: RefusedError, detail: Packed) -> None:
    if (info := _unpacked(detail, details.ErrorInfo)) is not None:
        refusal.code, refusal.answered = info.reason, True
    elif (local := _unpacked(detail, details.LocalizedMessage)) is not None:
        refusal.message_zh = local.message
    elif (retry := _unpacked(detail, details.RetryInfo)) is not None:
        refusal.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    elif (request := _unpacked(detail, details.RequestInfo)) is not None:
        refusal.request_id = request.request_id
    elif (wrong := _unpacked(detail, details.BadRequest)) is not None:
        refusal.violations = tuple(
            Violation(each.field, each.description, each.localized_message.message)
            for each in wrong.field_violations
        )


def _unpacked(detail: Packed, kind: type[Any]) -> Any:
    if not detail.Is(kind.DESCRIPTOR):
        return None
    found = kind()
    detail.Unpack(found)
    return found


def _status(error: grpc.Call | grpc.aio.AioRpcError) -> status_pb2.Status | None:
    """Read the details; None where there are none, or they are not of this status."""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                return None
            return status if status.code == error.code().value[0] else None
    return None
