"""What a refusal is over gRPC: its code, both texts, the fields at fault, and never a value."""

import asyncio
from pathlib import Path

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2

from gateway.client import Client, RefusedError
from gateway.config import CallerFile
from gateway.errors import FieldInvalidError, LedgerUnavailableError
from gateway.server.callers import Caller
from gateway.server.deadlines import Deadline
from gateway.server.handlers import handlers
from gateway.server.refusals import MAX_DETAILS_BYTES, status_of
from gateway.server.service import SidecarService
from gateway.server.telemetry import Telemetry
from gateway.server.telemetry.logs import LogSink
from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub
from gateway.wire import STATUS
from keys.errors import FieldFault, SealgateError
from tests.cli.command import RESOURCE, ROW
from tests.server.conftest import Running
from tests.server.sidecars import short_folder

MARK = "标记MARK-4711-0815"


def details(status: status_pb2.Status) -> dict[str, object]:
    """Unpack the details by type."""
    kinds = (
        error_details_pb2.ErrorInfo,
        error_details_pb2.LocalizedMessage,
        error_details_pb2.BadRequest,
        error_details_pb2.RetryInfo,
    )
    found: dict[str, object] = {}
    for packed in status.details:
        for kind in kinds:
            if packed.Is(kind.DESCRIPTOR):
                detail = kind()
                packed.Unpack(detail)
                found[kind.DESCRIPTOR.name] = detail
    assert len(found) == len(status.details)
    return found


def test_every_status_is_one_of_grpc() -> None:
    """By number and name."""
    assert {status.name: int(status) for status in STATUS.values()}.items() <= dict(
        code_pb2.Code.items()
    ).items()


def test_a_refusal_is_spelled_with_details() -> None:
    """The code as the reason, Chinese beside it, when to try again."""
    status = status_of(LedgerUnavailableError())
    assert status.code == grpc.StatusCode.UNAVAILABLE.value[0]
    found = details(status)
    info, local = found["ErrorInfo"], found["LocalizedMessage"]
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert isinstance(local, error_details_pb2.LocalizedMessage)
    assert (info.reason, info.domain) == ("LEDGER_UNAVAILABLE", "sealgate")
    assert (local.locale, local.message) == ("zh-CN", LedgerUnavailableError().message_zh)
    assert "RetryInfo" in found


def test_details_stay_small_enough_to_arrive() -> None:
    """However many faults there are, and however long their texts."""
    faults = tuple(FieldFault(n, f"field{n}", "wrong " * 20, "有误" * 20) for n in range(1, 51))
    refusal = FieldInvalidError(
        fields=faults, values="50 values", among="50 records", record_count=50, count=50
    )
    status = status_of(refusal)
    wrong = details(status)["BadRequest"]
    assert isinstance(wrong, error_details_pb2.BadRequest)
    assert 5 <= len(wrong.field_violations) < 50
    assert wrong.field_violations[0].field == "records[0].field1"
    assert status.ByteSize() <= MAX_DETAILS_BYTES + 64


def test_faults_name_record_and_field_and_no_value(running: Running, sealing: Client) -> None:
    """As the client reads them."""
    wrong = {**ROW, "household_size": MARK, "sex": MARK}
    with pytest.raises(RefusedError) as caught:
        sealing.seal([ROW, wrong], **running.about)
    refusal = caught.value
    assert refusal.code == "FIELD_INVALID"
    assert {one.field for one in refusal.violations} == {
        "records[1].household_size",
        "records[1].sex",
    }
    said = f"{refusal!r} {refusal.message} {refusal.message_zh} {refusal.violations}"
    assert MARK not in said
    assert refusal.retry_after is None


def test_what_grpc_itself_refuses_has_its_status(running: Running, sealing: Client) -> None:
    """A message over the limit at once; a deadline that has passed."""
    with pytest.raises(RefusedError) as caught:
        sealing.seal(b" " * (18 * 1024 * 1024), **running.about)
    assert caught.value.code == "RESOURCE_EXHAUSTED"
    with pytest.raises(RefusedError) as caught:
        sealing.seal([ROW], timeout=-1, **running.about)
    assert caught.value.code == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("changed", [{"encoding": 9}, {"mode": 77}])
def test_an_unknown_enum_value_is_refused(running: Running, changed: dict[str, int]) -> None:
    """A newer client may know more than this sidecar."""
    subject = running.subject
    for name, value in changed.items():
        setattr(subject, name, value)
    request = v1.SealRequest(subject=subject, records=b"[]")
    with (
        grpc.insecure_channel(running.provider.target()) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        SidecarStub(channel).Seal(request, timeout=30)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_unknown_resource_is_not_named_back(running: Running, sealing: Client) -> None:
    """What is asked for may be anything, an identity number among it."""
    with pytest.raises(RefusedError) as caught:
        sealing.resource("11010519491231002X")
    assert "11010519491231002X" not in str(caught.value)
    with pytest.raises(RefusedError) as caught:
        sealing.seal([ROW], **{**running.about, "purpose": MARK})
    assert caught.value.code == "PURPOSE_NOT_GRANTED"
    assert MARK not in f"{caught.value} {caught.value.message_zh}"
    assert sealing.resource(RESOURCE).summary.code == RESOURCE


def test_nobody_there_is_unavailable(running: Running) -> None:
    """A client outlives its sidecar and says so."""
    with Client(running.provider.sockets / "clerk") as client:
        assert client.status(timeout=30).ready
    with pytest.raises(FileNotFoundError):
        Client(running.provider.sockets / "nobody")


class Broken(SidecarService):
    """A service with a fault of its own."""

    def __init__(self) -> None:
        """Has no node."""
        self.caller = Caller(CallerFile(name="a", may=("seal",)))

    async def get_status(self, _request: v1.GetStatusRequest, _: Deadline) -> v1.GetStatusResponse:
        """Fail with a value in the text."""
        raise ValueError(MARK)


class BrokenDoor:
    """Where every call is one caller's, to the service with a fault."""

    def caller(self, _: object) -> str:
        """Return the caller."""
        return "a"

    def service(self, _: str) -> SidecarService:
        """Return the service."""
        return Broken()

    def turn_away(self, _name: str, _refusal: SealgateError) -> None:
        """Count nothing."""


def test_a_fault_of_the_service_tells_type_and_place_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """To the caller not even those; nothing holds the error's text."""

    telemetry = Telemetry(worker=0, logs=LogSink("error"), metrics=None, tracing=None)

    async def call(path: Path) -> grpc.aio.AioRpcError:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((handlers(BrokenDoor(), telemetry),))
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"unix:{path}") as channel:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await SidecarStub(channel).GetStatus(v1.GetStatusRequest(), timeout=30)
        finally:
            await server.stop(None)
        return caught.value

    with short_folder() as folder:
        error = asyncio.run(call(folder / "s"))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert MARK not in f"{error.details()} {error.trailing_metadata()}"
    assert "internal error ValueError at tests.server.test_server_refusals:" in caplog.text
    assert MARK not in caplog.text
