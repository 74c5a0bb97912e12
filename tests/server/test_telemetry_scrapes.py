"""Metrics over real HTTP, of several real processes."""

import socket
import time
from collections.abc import Iterator

import pytest

from gateway.server.telemetry.board import BUCKETS
from gateway.server.telemetry.labels import CODES, METHODS
from gateway.server.telemetry.metrics import FAMILIES, PAGE_SECONDS
from gateway.server.telemetry.scraping import MAX_SCRAPE_BYTES, MAX_SCRAPES, SCRAPE_SECONDS
from tests.server.telling import PATIENCE, Samples, Telling, free_address, sample, telling

SEEN = [12.5, 3, [["signing", "a" * 26, 29.5]], [["server", 12.0]], [["keys", "ok"]]]


@pytest.fixture(scope="module")
def two() -> Iterator[Telling]:
    """Run two workers; tests look at what they added."""
    with telling(2, metrics=free_address()) as running:
        yield running


def after(running: Telling) -> Samples:
    """Scrape anew, and not the page of a moment ago."""
    time.sleep(PAGE_SECONDS)
    return running.scrape()


def added(before: Samples, now: Samples, name: str, **labels: str) -> float:
    """Return what a series went up by."""
    return (sample(now, name, **labels) or 0) - (sample(before, name, **labels) or 0)


def test_one_scrape_gives_the_whole_node(two: Telling) -> None:
    """Calls, durations and bytes of both workers, by method and code."""
    before = after(two)
    for worker, code, calls in ((0, "OK", 3), (1, "OK", 4), (1, "TOKEN_EXPIRED", 1)):
        for _ in range(calls):
            two.order(worker, "call", call=["Seal", "a"], end=[code, 10, 100])
    now = after(two)
    ok = {"method": "Seal", "code": "OK"}
    assert added(before, now, "sealgate_calls_total", **ok) == 7
    assert added(before, now, "sealgate_call_duration_seconds_count", **ok) == 7
    assert added(before, now, "sealgate_call_duration_seconds_bucket", le="+Inf", **ok) == 7
    assert 0 < added(before, now, "sealgate_call_duration_seconds_sum", **ok) < 7
    expired = {"method": "Seal", "code": "TOKEN_EXPIRED"}
    assert added(before, now, "sealgate_calls_total", **expired) == 1
    assert added(before, now, "sealgate_received_bytes_total", method="Seal") == 80
    assert added(before, now, "sealgate_sent_bytes_total", method="Seal") == 800
    assert sample(now, "sealgate_workers") == 2


def test_every_worker_answers_for_all(two: Telling) -> None:
    """Whoever of them is asked."""
    two.order(0, "call", call=["Open", "a"], end=["OK", 1, 1])
    time.sleep(PAGE_SECONDS)
    pages = [two.scrape() for _ in range(30)]
    counts = {sample(page, "sealgate_calls_total", method="Open", code="OK") for page in pages}
    assert len(counts) == 1


def test_calls_that_run_are_seen(two: Telling) -> None:
    """As a number that goes down again."""
    before = sample(after(two), "sealgate_calls_in_flight") or 0
    two.order(0, "begin", call=["SealStream", "a"])
    two.order(1, "begin", call=["SealStream", "a"])
    assert sample(after(two), "sealgate_calls_in_flight") == before + 2


def test_what_workers_see_of_the_node_is_put_together(two: Telling) -> None:
    """The worst counts; queues are added up."""
    worse = [20.0, 4, [["signing", "a" * 26, -1.5]], [["server", 11.0]], [["keys", "failed"]]]
    two.order(0, "observe", seen=SEEN)
    two.order(1, "observe", seen=worse)
    now = after(two)
    assert sample(now, "sealgate_trust_age_seconds") == 20
    assert sample(now, "sealgate_ledger_queue") == 7
    assert sample(now, "sealgate_key_days_left", purpose="signing", key_id="a" * 26) == -1.5
    assert sample(now, "sealgate_certificate_days_left", certificate="server") == 11
    assert sample(now, "sealgate_condition", condition="keys") == 2


def test_a_worker_that_died_is_counted_on_and_forgotten() -> None:
    """Its counts stay, its calls in flight do not."""
    with telling(2, metrics=free_address()) as running:
        running.order(0, "call", call=["Seal", "a"], end=["OK", 1, 1])
        running.order(0, "begin", call=["Seal", "a"])
        running.order(0, "observe", seen=SEEN)
        running.order(0, "die")
        running.order(0, "call", call=["Seal", "a"], end=["OK", 1, 1])
        now = after(running)
    assert sample(now, "sealgate_calls_total", method="Seal", code="OK") == 2
    assert sample(now, "sealgate_calls_in_flight") == 0
    assert sample(now, "sealgate_ledger_queue") == 0
    assert sample(now, "sealgate_worker_starts_total") == 3


def test_labels_are_of_fixed_sets(two: Telling) -> None:
    """Whatever method or code is told: what is none of ours is `other`."""
    before = after(two)
    for number in range(20):
        two.order(0, "call", call=[f"Made-up-{number}", "a"], end=[f"CODE_{number}", 1, 1])
    now = after(two)
    assert added(before, now, "sealgate_calls_total", method="other", code="other") == 20
    labels = {name: value for _, labels in now for name, value in labels}
    assert "Made-up" not in str(labels)
    for _, pairs in now:
        named = dict(pairs)
        assert named.get("method", METHODS[0]) in METHODS
        assert named.get("code", CODES[0]) in CODES


def test_the_page_has_every_metric(two: Telling) -> None:
    """With the type that is told, and its help in both languages."""
    two.order(0, "observe", seen=SEEN)
    time.sleep(PAGE_SECONDS)
    _, text = two.get()
    for family in FAMILIES:
        assert f"# TYPE {family.name} {family.kind}\n" in text
        assert f"# HELP {family.name} {family.help}\n" in text
        assert f"\n{family.name}" in text
    assert text.count("_bucket{") % (len(BUCKETS) + 1) == 0


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /metrics?x=1 HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /metrics HTTP/1.0\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /metrics/.. HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"\0\xff\x16\x03\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/2\r\n\r\n", b"400"),
        (b"G" * (MAX_SCRAPE_BYTES + 1), b"431"),
        (b"GET /metrics HTTP/1.1\r\nA: " + b"a" * MAX_SCRAPE_BYTES, b"431"),
    ],
)
def test_nothing_but_the_page_is_served(two: Telling, asked: bytes, status: bytes) -> None:
    """Once, over a connection that is closed then."""
    with connected(two) as stream:
        stream.sendall(asked)
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert b"\r\nConnection: close" in head
    assert f"Content-Length: {len(body)}\r\n".encode() in head
    assert bool(body) is (status == b"200")


def connected(running: Telling) -> socket.socket:
    """Connect to where the metrics are."""
    host, _, port = str(running._address).partition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def test_a_request_in_pieces_is_answered(two: Telling) -> None:
    """Byte by byte."""
    with connected(two) as stream:
        for byte in b"GET /metrics HTTP/1.1\r\n\r\n":
            stream.send(bytes([byte]))
        assert stream.recv(15) == b"HTTP/1.1 200 OK"


def test_slow_and_many_clients_are_cut_off() -> None:
    """Those that send nothing, and those beyond the limit; afterwards all is well."""
    with telling(1, metrics=free_address()) as running:
        running.scrape()
        held = [connected(running) for _ in range(MAX_SCRAPES)]
        time.sleep(0.2)
        with connected(running) as extra:
            extra.settimeout(PATIENCE)
            assert ended(extra)
        began = time.monotonic()
        held[0].sendall(b"GET /metr")
        assert all(ended(each) for each in held)
        assert time.monotonic() - began < SCRAPE_SECONDS + 2
        for each in held:
            each.close()
        running.scrape()


def ended(stream: socket.socket) -> bool:
    """Wait until the other side closes."""
    try:
        return stream.recv(1) == b""
    except ConnectionResetError:
        return True
