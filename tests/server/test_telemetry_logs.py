"""The log: lines, levels, and readers that do not read."""

import json
import logging
import os
import re
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.server.telemetry.calls import Telemetry
from gateway.server.telemetry.labels import CODES, NODE_FAULTS, STATUSES
from gateway.server.telemetry.logs import MAX_LINE_BYTES, LogSink, TextLine
from gateway.wire import STATUS
from tests.gateway.marks import Marks, Net
from tests.server.telling import free_address, telling
from tests.server.test_telemetry_traces import Collector

ID = "3f2b8c1e-5d7a-4a8e-9c55-0f2d9d3c6b11"


def plain(sink: LogSink) -> Telemetry:
    """Return what tells by the log alone."""
    return Telemetry(worker=0, logs=sink, metrics=None, tracing=None)


def test_a_call_is_one_line() -> None:
    """With everything that is told of it."""
    with telling() as running:
        running.order(0, "call", call=["Seal", "case-system", ID], end=["TOKEN_EXPIRED", 7, 9])
        (line,) = running.lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert 0 < line.pop("duration_ms") < 1000
    assert line == {
        "level": "info",
        "event": "call",
        "worker": 0,
        "method": "Seal",
        "caller": "case-system",
        "code": "TOKEN_EXPIRED",
        "status": "UNAUTHENTICATED",
        "request_id": ID,
        "received": 7,
        "sent": 9,
    }


def test_a_call_without_an_id_gets_one() -> None:
    """And so does one whose id is none."""
    with telling() as running:
        made = [
            running.order(0, "call", call=["Seal", "a", given], end=["OK", 0, 0])
            for given in ("", "11010519491231002X", ID + "\n", ID.upper())
        ]
        assert [line["request_id"] for line in running.lines()] == made
    assert len(set(made)) == 4
    assert made[-1] == ID.upper()
    assert ID + "\n" not in made


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("info", ["OK", "TRUST_STALE", "INTERNAL"]),
        ("warning", ["TRUST_STALE", "INTERNAL"]),
        ("error", ["INTERNAL"]),
    ],
)
def test_the_level_chooses_lines(level: str, kept: list[str]) -> None:
    """Each call; what is the node's own fault; errors."""
    with telling(level=level) as running:
        for code in ("OK", "TRUST_STALE", "INTERNAL"):
            running.order(0, "call", call=["Seal", "a"], end=[code, 0, 0])
        for number in (logging.INFO, logging.WARNING, logging.ERROR):
            running.order(0, "log", logger="gateway.x", level=number, text="said")
        lines = running.lines()
    assert [line["code"] for line in lines if line["event"] == "call"] == kept
    assert len([line for line in lines if line.get("text") == "said"]) == len(kept)


def test_every_code_has_its_status() -> None:
    """Those of refusals as the wire has them, those of gRPC by their own names."""
    assert {code: STATUSES[code][0] for code in STATUS} == STATUS
    assert {code for code in CODES if code in {"OK", "CANCELLED", "INTERNAL", "DEADLINE_EXCEEDED"}}
    assert set(STATUSES) | {"other"} == set(CODES)
    assert set(CODES) >= NODE_FAULTS


def test_a_full_pipe_holds_nobody_up() -> None:
    """Lines are dropped, whole, and counted; the next that fits says how many."""
    reading, writing = os.pipe()
    sink = LogSink(handle=writing)
    telemetry = plain(sink)
    began = time.monotonic()
    for _ in range(20_000):
        telemetry.begin("Seal", "a", ID).end("OK", 0, 0)
    assert time.monotonic() - began < 5
    assert sink.dropped > 0
    assert os.get_blocking(writing), "whoever shares the pipe has it as it was"
    os.set_blocking(reading, False)
    first = drained(reading)
    telemetry.begin("Seal", "a", ID).end("OK", 0, 0)
    notice, last = drained(reading)
    assert len(first) + sink.dropped == 20_000
    assert (notice["event"], notice["lines"]) == ("dropped", sink.dropped)
    assert last["event"] == "call"
    os.close(reading)
    telemetry.begin("Seal", "a", ID).end("OK", 0, 0)
    assert len(first) + sink.dropped == 20_001
    sink.close()
    os.close(writing)


def drained(reading: int) -> list[dict[str, Any]]:
    """Read what a pipe holds: whole lines."""
    data = b""
    try:
        while piece := os.read(reading, 1 << 20):
            data += piece
    except BlockingIOError:
        pass
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def test_a_socket_and_a_file_are_written_too(tmp_path: Path) -> None:
    """A socket nobody reads from is not waited for; what else is in the file stays."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sink = LogSink(handle=ours.fileno())
        for _ in range(20_000):
            plain(sink).begin("Seal", "a", ID).end("OK", 0, 0)
        assert sink.dropped > 0
        assert json.loads(theirs.recv(65536).splitlines()[0])["event"] == "call"
        sink.close()
    file = tmp_path / "log"
    with file.open("w") as stream:
        stream.write("serving\n")
        stream.flush()
        plain(LogSink(handle=stream.fileno())).begin("Seal", "a").end("OK", 0, 0)
        stream.write("ended\n")
    first, call, last = file.read_text().splitlines()
    assert (first, json.loads(call)["event"], last) == ("serving", "call", "ended")


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    """So that a pipe takes its line whole."""
    file = tmp_path / "log"
    with file.open("w") as stream:
        sink = LogSink(handle=stream.fileno())
        line = TextLine(
            time=sink.now(), level="info", worker=0, logger="x", place="y", text="文" * 9999
        )
        sink.write(line)
    data = file.read_bytes()
    assert MAX_LINE_BYTES / 4 < len(data) <= MAX_LINE_BYTES
    assert set(json.loads(data)["text"]) == {"文"}


def test_of_exceptions_only_type_and_place_are_told() -> None:
    """In records, threads, callbacks, at the end of an object; and no text of a library."""
    mark = "标记MARK-4711-身份证"
    with telling() as running:
        running.order(0, "fail", text=mark)
        running.order(0, "log", logger="grpc._cython", level=logging.ERROR, text=mark)
        lines = running.lines()
    net = Net()
    net.take_json(lines)
    assert Marks(mark=mark).found_in(net.caught) == set()
    by_logger = {line["logger"]: line for line in lines}
    assert {"gateway.test", "asyncio", "threading", "unraisable", "grpc._cython"} <= set(by_logger)
    assert by_logger["gateway.test"]["text"] == "it failed"
    assert by_logger["gateway.test"]["error"].startswith("ValueError at ")
    assert "text" not in by_logger["asyncio"]


def test_nothing_a_caller_wrote_comes_out() -> None:
    """Marked secrets in method, request id, metadata and code; log, page and spans are searched."""
    mark = "标记MARK-4711-身份证"
    collector = Collector()
    tracing = {"endpoint": collector.endpoint, "sample": 1}
    net = Net()
    metadata = [
        ["traceparent", mark],
        ["tracestate", f"a={mark}"],
        ["baggage", f"a={mark}"],
        ["authorization", mark],
        [mark, mark],
    ]
    with telling(2, metrics=free_address(), tracing=tracing) as running:
        for worker in (0, 1):
            for call in (
                [mark, "a", mark, metadata],
                [f"/gateway.v1.Sidecar/{mark}", "a", "", [["tracestate", mark]]],
            ):
                assert mark not in running.order(worker, "call", call=call, end=[mark, 1, 1])
        time.sleep(0.2)
        net.take(
            running.get()[1],
            running.get(f"/metrics?{'MARK-4711'}")[1],
            running.get("/MARK-4711")[1],
        )
        lines = running.lines()
    collector.close()
    assert len(collector.spans()) == 8
    assert len(lines) == 4
    net.take_json(lines)
    net.take(*collector.raw)
    assert Marks(mark=mark, ascii="MARK-4711").found_in(net.caught) == set()
