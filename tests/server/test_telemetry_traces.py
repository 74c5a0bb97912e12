"""Traces, as a collector receives them: OTLP over HTTP, parsed with the published protos."""

import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from gateway.server.telemetry.tracing import ATTRIBUTES, CLOSE_SECONDS, LEDGER_SPAN, parent_of
from tests.cli.command import RESOURCE, ROW, Desk
from tests.server.sidecars import about, set_callers, sidecar
from tests.server.telling import DEPARTMENT, free_address, sample, telling

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
NAMED = ["traceparent", f"00-{TRACE}-{PARENT}-01"]
ID = "3f2b8c1e-5d7a-4a8e-9c55-0f2d9d3c6b11"


class Collector:
    """A collector that keeps what it gets."""

    def __init__(self, status: int = 200) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.raw: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                assert self.headers["Content-Type"] == "application/x-protobuf"
                collector.raw.append(str(self.headers).encode() + body)
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self) -> list[Span]:
        """Return every span that came."""
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Run a collector."""
    running = Collector()
    yield running
    running.close()


def told(attributes: Any) -> dict[str, Any]:
    """Return attributes as plain values."""
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in attributes
    }


def test_a_call_is_a_span_of_the_callers_trace(collector: Collector) -> None:
    """Named and described by the conventions for RPC, with the wait for the ledger below it."""
    with telling(tracing={"endpoint": collector.endpoint, "sample": 0.0}) as running:
        running.order(0, "call", call=["Seal", "case-system", ID, [NAMED]], end=["OK", 1, 1])
        running.order(
            0, "call", call=["Open", "desk", ID, [NAMED]], end=["LEDGER_UNAVAILABLE", 1, 1]
        )
        lines = running.lines()
    spans = {span.name: span for span in collector.spans()}
    assert set(spans) == {"gateway.v1.Sidecar/Seal", "gateway.v1.Sidecar/Open", LEDGER_SPAN}
    seal, failed = spans["gateway.v1.Sidecar/Seal"], spans["gateway.v1.Sidecar/Open"]
    assert {span.trace_id.hex() for span in collector.spans()} == {TRACE}
    assert seal.parent_span_id.hex() == failed.parent_span_id.hex() == PARENT
    assert seal.kind == Span.SPAN_KIND_SERVER
    assert told(seal.attributes) == {
        "rpc.system": "grpc",
        "rpc.service": "gateway.v1.Sidecar",
        "rpc.method": "Seal",
        "rpc.grpc.status_code": 0,
        "sealgate.code": "OK",
        "sealgate.caller": "case-system",
        "sealgate.request_id": ID,
    }
    assert tuple(told(seal.attributes)) == tuple(
        sorted(ATTRIBUTES, key=list(told(seal.attributes)).index)
    )
    assert (seal.status.code, failed.status.code) == (
        Status.STATUS_CODE_UNSET,
        Status.STATUS_CODE_ERROR,
    )
    assert told(failed.attributes)["rpc.grpc.status_code"] == 14
    waits = [span for span in collector.spans() if span.name == LEDGER_SPAN]
    assert {span.parent_span_id for span in waits} == {seal.span_id, failed.span_id}
    assert {span.end_time_unix_nano - span.start_time_unix_nano for span in waits} == {10**9}
    resource = told(collector.requests[0].resource_spans[0].resource.attributes)
    assert resource["service.name"] == "sealgate"
    assert resource["service.instance.id"] == f"{DEPARTMENT}/0"
    assert {line["trace_id"] for line in lines} == {TRACE}


@pytest.mark.parametrize(
    ("sample_of", "flags", "spans"), [(1, "00", 0), (0, "01", 40), (0.5, None, None)]
)
def test_a_call_is_traced_as_its_caller_is(
    collector: Collector, sample_of: float, flags: str | None, spans: int | None
) -> None:
    """Where it says so; else by the share that is set."""
    metadata = [["traceparent", f"00-{TRACE}-{PARENT}-{flags}"]] if flags else []
    with telling(tracing={"endpoint": collector.endpoint, "sample": sample_of}) as running:
        for _ in range(40):
            running.order(0, "call", call=["Seal", "a", "", metadata], end=["OK", 1, 1])
        running.lines()
    calls = [span for span in collector.spans() if span.name != LEDGER_SPAN]
    if spans is None:
        # Outside of it once in ten million runs.
        assert 3 < len(calls) < 37
        assert len({span.trace_id for span in calls}) == len(calls)
    else:
        assert len(calls) == spans


@pytest.mark.parametrize("status", [None, 503])
def test_a_collector_that_takes_nothing_stops_nothing(status: int | None) -> None:
    """Neither one that is down nor one that refuses; what is lost is counted."""
    refusing = Collector(status) if status else None
    endpoint = refusing.endpoint if refusing else f"http://{free_address()}"
    with telling(metrics=free_address(), tracing={"endpoint": endpoint, "sample": 1}) as running:
        for _ in range(5):
            running.order(0, "call", call=["Seal", "a"], end=["OK", 1, 1])
        until = time.monotonic() + 10
        lost: float | None = 0
        while not lost and time.monotonic() < until:
            time.sleep(0.2)
            running.order(0, "observe", seen=[])
            lost = sample(running.scrape(), "sealgate_spans_dropped_total")
        assert lost == 10
        began = time.monotonic()
        lines = running.lines()
        assert time.monotonic() - began < CLOSE_SECONDS + 2
    assert [line["event"] for line in lines].count("call") == 5
    if refusing:
        refusing.close()


def test_nothing_is_loaded_that_is_not_asked_for(collector: Collector) -> None:
    """Neither OpenTelemetry without traces nor Prometheus without metrics."""
    for tracing, loaded in ((None, set()), ({"endpoint": collector.endpoint}, {"opentelemetry"})):
        with telling(tracing=tracing) as running:
            assert running.order(0, "call", call=["Seal", "a"], end=["OK", 1, 1])
            # The driver of the test reads pages with it; what writes them is not loaded.
            modules = set(running.order(0, "loaded"))
        assert modules & {"opentelemetry", "grpc"} == loaded


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-x",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f" 00-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE}-{PARENT}-0１",
    ],
)
def test_what_is_no_traceparent_is_none(value: str) -> None:
    """Nor are two of them, nor bytes."""
    assert parent_of([("traceparent", value)]) is None
    good = ("traceparent", NAMED[1])
    assert parent_of([good]) is not None
    assert parent_of([good, ("traceparent", value)]) is None
    assert parent_of([("traceparent", NAMED[1].encode())]) is None
    assert parent_of([("tracestate", NAMED[1]), ("baggage", NAMED[1])]) is None


def test_the_test_knows_a_trace_id() -> None:
    """As the log has it."""
    assert re.fullmatch("[0-9a-f]{32}", TRACE)


def test_a_live_sidecar_tells_of_its_waits_for_the_ledger(desk: Desk, collector: Collector) -> None:
    """Of each call that is entered: within its span, and none of calls that are not."""
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    file = desk.provider / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8"))
    settings["tracing"] = {"endpoint": collector.endpoint, "sample": 1.0}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    with sidecar(desk.provider) as served:
        with served.client("a") as client:
            assert client.seal([ROW], **about(desk)).records == 1
            assert client.resource(RESOURCE).summary.code == RESOURCE
        assert served.end() == 0
    calls = {span.name.rpartition("/")[2]: span for span in collector.spans()}
    assert set(calls) == {"Seal", "DescribeResource", LEDGER_SPAN}
    wait, call = calls[LEDGER_SPAN], calls["Seal"]
    assert (wait.trace_id, wait.parent_span_id) == (call.trace_id, call.span_id)
    assert call.start_time_unix_nano <= wait.start_time_unix_nano < wait.end_time_unix_nano
    assert wait.end_time_unix_nano <= call.end_time_unix_nano
