"""The client that waits."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self, TypeVar, Unpack, cast

import grpc
from google.protobuf.message import Message

from gateway.client import calls
from gateway.client.calls import OPTIONS, USUAL_TIMEOUT, About, Call, Records, targets
from gateway.client.refusals import refusal_of
from gateway.v1 import sidecar_pb2 as v1
from gateway.v1.sidecar_pb2_grpc import SidecarStub

R = TypeVar("R", bound=Message)


class Client:
    """Calls a sidecar over the caller's socket; safe to use from several threads.

    `timeout` of a call is in seconds; None takes the client's own, and for
    streams none at all. Every call raises RefusedError.
    """

    def __init__(self, where: Path | str, *, timeout: float = USUAL_TIMEOUT) -> None:
        """Connect by the caller's folder, or one socket in it.

        Raises: FileNotFoundError where there is no socket.
        """
        self._channels = [grpc.insecure_channel(target, OPTIONS) for target in targets(where)]
        self._stubs = itertools.cycle([SidecarStub(channel) for channel in self._channels])
        self._timeout = timeout

    def seal(
        self, records: Records, *, timeout: float | None = None, **about: Unpack[About]
    ) -> v1.SealResponse:
        """Seal records for the requester of a grant."""
        return self._call(calls.seal(records, about), timeout)

    def seal_stream(
        self, batches: Iterable[Records], *, timeout: float | None = None, **about: Unpack[About]
    ) -> Iterator[v1.SealStreamResponse]:
        """Seal batch after batch as a chain of envelopes."""
        return self._stream(calls.seal_stream(batches, about), timeout)

    def open(
        self,
        envelope: bytes,
        *,
        reopen: bool = False,
        reference: str = "",
        timeout: float | None = None,
    ) -> v1.OpenResponse:
        """Open an envelope."""
        return self._call(calls.open_(envelope, reopen, reference), timeout)

    def open_stream(
        self,
        envelopes: Iterable[bytes],
        *,
        reopen: bool = False,
        reference: str = "",
        timeout: float | None = None,
    ) -> Iterator[v1.OpenStreamResponse]:
        """Open a chain of envelopes; what it yields is provisional until it ends."""
        return self._stream(calls.open_stream(envelopes, reopen, reference), timeout)

    def explain(
        self, resource: str, grant: str, *, timeout: float | None = None
    ) -> v1.ExplainResponse:
        """Tell what a grant would let out of a resource, and why."""
        return self._call(calls.explain(resource, grant), timeout)

    def resources(
        self, *, department: str = "", timeout: float | None = None
    ) -> list[v1.ResourceSummary]:
        """Return the resources of the catalogue, by code; of one department, if it is given."""
        page = self._call(calls.list_resources(department, ""), timeout)
        found = [*page.resources]
        while page.next_page_token:
            page = self._call(calls.list_resources(department, page.next_page_token), timeout)
            found += page.resources
        return found

    def resource(self, code: str, *, timeout: float | None = None) -> v1.DescribeResourceResponse:
        """Describe a resource with its fields."""
        return self._call(calls.describe_resource(code), timeout)

    def status(self, *, timeout: float | None = None) -> v1.GetStatusResponse:
        """Tell whether the node can work, condition by condition."""
        return self._call(calls.get_status(), timeout)

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels:
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, call: Call[R], timeout: float | None) -> R:
        method = getattr(next(self._stubs), call.method)
        try:
            answer = method(call.sent, timeout=self._timeout if timeout is None else timeout)
        except grpc.RpcError as error:
            raise refusal_of(cast("grpc.Call", error)) from None
        return cast("R", answer)

    def _stream(self, call: Call[R], timeout: float | None) -> Iterator[R]:
        method = getattr(next(self._stubs), call.method)
        try:
            yield from method(call.sent, timeout=timeout)
        except grpc.RpcError as error:
            raise refusal_of(cast("grpc.Call", error)) from None
