"""What a sidecar refused, out of the status it answered with."""

from typing import NamedTuple

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


class Violation(NamedTuple):
    """One thing wrong with what was sent: `field` such as `records[0].name`, never a value."""

    field: str
    text: str
    text_zh: str


class RefusedError(Exception):
    """A call that the sidecar refused, or that did not reach it.

    `code` is the stable code of docs/reference/errors.md, or the name of the
    gRPC status where there is none, such as DEADLINE_EXCEEDED. `retry_after` is
    in seconds; None: to try again is no use.
    """

    def __init__(
        self,
        code: str,
        message: str,
        message_zh: str = "",
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        self.code, self.message, self.message_zh = code, message, message_zh or message
        self.violations, self.retry_after = violations, retry_after
        super().__init__(f"{code}: {message}")


def refusal_of(error: grpc.Call | grpc.aio.AioRpcError) -> RefusedError:
    """Read the refusal out of a failed call."""
    name = error.code().name
    status = _status(error)
    if status is None:
        return RefusedError(name, error.details() or name)
    code, message_zh, retry_after = name, "", None
    violations: tuple[Violation, ...] = ()
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            code = info.reason
        elif detail.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR):
            local = error_details_pb2.LocalizedMessage()
            detail.Unpack(local)
            message_zh = local.message
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            retry = error_details_pb2.RetryInfo()
            detail.Unpack(retry)
            retry_after = retry.retry_delay.ToTimedelta().total_seconds()
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            wrong = error_details_pb2.BadRequest()
            detail.Unpack(wrong)
            violations = tuple(
                Violation(each.field, each.description, each.localized_message.message)
                for each in wrong.field_violations
            )
    return RefusedError(code, status.message, message_zh, violations, retry_after)


def _status(error: grpc.Call | grpc.aio.AioRpcError) -> status_pb2.Status | None:
    try:
        if isinstance(error, grpc.aio.AioRpcError):
            return _from_trailers(error)
        return rpc_status.from_call(error)
    except ValueError:  # another's status beside ours
        return None


def _from_trailers(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return None
