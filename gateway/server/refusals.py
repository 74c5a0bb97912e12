"""Refusals as gRPC statuses with details (google.rpc: ErrorInfo, BadRequest, …)."""

import logging
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import ServicerContext
from grpc_status import rpc_status

from gateway.wire import DOMAIN, STATUS, Status
from keys.errors import FieldFault, SealgateError, unexpected

# gRPC drops details above about 8 KiB at random; whole statuses stay well below.
MAX_DETAILS_BYTES = 4096
# Refusals that may pass without anybody's doing, and when to try again.
RETRY_SECONDS = {
    "LEDGER_UNAVAILABLE": 1,
    "RATE_EXCEEDED": 1,
    "REQUEST_IN_PROGRESS": 1,
    "TRUST_STALE": 60,
}

_log = logging.getLogger(__name__)


def refuse(context: "ServicerContext[Any, Any]", error: Exception, request_id: str = "") -> None:
    """Give a call that ends now the status of a refusal, and the id by which the log has it.

    Of any other error nothing is said but its type and place, in the log: its
    text may quote what was sent.
    """
    if isinstance(error, SealgateError):
        spelled = status_of(error)
    else:
        _log.error("internal error %s", unexpected(error))
        spelled = status_pb2.Status(code=Status.INTERNAL, message="internal error 内部错误")
        _add(spelled, error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN))
    if request_id:
        _add(spelled, error_details_pb2.RequestInfo(request_id=request_id))
    status = rpc_status.to_status(spelled)
    # Not `abort`: what that raises holds the call, and the call it, with all that was sent,
    # until the garbage collector comes by; a few large calls would fill the memory.
    context.set_code(status.code)
    context.set_details(status.details)
    context.set_trailing_metadata(status.trailing_metadata)


def status_of(refusal: SealgateError) -> status_pb2.Status:
    """Spell a refusal: its code, both texts, the fields at fault."""
    code = STATUS.get(refusal.code, Status.INTERNAL)
    status = status_pb2.Status(code=code, message=refusal.message)
    _add(status, error_details_pb2.ErrorInfo(reason=refusal.code, domain=DOMAIN))
    _add(
        status,
        error_details_pb2.LocalizedMessage(locale="zh-CN", message=refusal.message_zh),
    )
    seconds = RETRY_SECONDS.get(refusal.code)
    if seconds is not None:
        _add(status, error_details_pb2.RetryInfo(retry_delay=Duration(seconds=seconds)))
    _add_faults(status, refusal)
    return status


def _add(status: status_pb2.Status, detail: Message) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


def _add_faults(status: status_pb2.Status, refusal: SealgateError) -> None:
    """Add the faults, as many as fit."""
    room = MAX_DETAILS_BYTES - status.ByteSize()
    wrong = error_details_pb2.BadRequest()
    for fault in refusal.fields:
        violation = wrong.field_violations.add(field=_place(fault), description=fault.text)
        violation.localized_message.CopyFrom(
            error_details_pb2.LocalizedMessage(locale="zh-CN", message=fault.text_zh)
        )
        if wrong.ByteSize() > room:
            del wrong.field_violations[-1]
            break
    if wrong.field_violations:
        _add(status, wrong)


def _place(fault: FieldFault) -> str:
    if fault.record is None:
        return fault.field
    record = f"records[{fault.record - 1}]"
    return f"{record}.{fault.field}" if fault.field else record
