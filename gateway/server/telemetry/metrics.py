"""The node's metrics: what each is called and means, and their page for Prometheus.

`prometheus_client` writes the page; counting is the board's, which costs a call
a thirtieth of what its files shared between processes do.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from socket import socket
from typing import Any, Final, Literal, NamedTuple

from gateway import __version__
from gateway.server.telemetry.board import BUCKETS, WIDTH, Board, Cell, Part
from gateway.server.telemetry.labels import CODES, METHODS, OK
from gateway.server.telemetry.observing import Observation
from gateway.server.telemetry.scraping import answer_scrapes

# A page is made anew after so long at the earliest: it takes milliseconds, and whoever scrapes
# without a pause must not take them from the calls.
PAGE_SECONDS: Final = 0.1
_STATES: Final = {"ok": 0, "warning": 1, "failed": 2}
_BOUNDS: Final = (*map(str, map(float, BUCKETS)), "+Inf")


class Family(NamedTuple):
    """A metric: its name as it is scraped, type, labels and meaning."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str


_CALL = ("method", "code")
FAMILIES: Final = (
    Family("sealgate_calls_total", "counter", _CALL, "calls that ended 已结束的调用数"),
    Family("sealgate_call_duration_seconds", "histogram", _CALL, "their duration 调用耗时（秒）"),
    Family("sealgate_received_bytes_total", "counter", ("method",), "bytes received 接收字节数"),
    Family("sealgate_sent_bytes_total", "counter", ("method",), "bytes sent 发送字节数"),
    Family("sealgate_calls_in_flight", "gauge", (), "calls that run 进行中的调用数"),
    Family(
        "sealgate_trust_age_seconds", "gauge", (), "age of the trust data 信任数据的存续时间（秒）"
    ),
    Family(
        "sealgate_key_days_left", "gauge", ("purpose", "key_id"), "days a key has left 密钥剩余天数"
    ),
    Family(
        "sealgate_certificate_days_left",
        "gauge",
        ("certificate",),
        "days a certificate has left 证书剩余天数",
    ),
    Family(
        "sealgate_condition",
        "gauge",
        ("condition",),
        "0 holds, 1 not for long, 2 fails 状况：0 正常，1 预警，2 失败",
    ),
    Family("sealgate_ledger_queue", "gauge", (), "entries that wait for the ledger 待写入日志条目"),
    Family("sealgate_workers", "gauge", (), "workers that live 存活的工作进程数"),
    Family("sealgate_worker_starts_total", "counter", (), "starts of workers 工作进程启动次数"),
    Family("sealgate_log_lines_dropped_total", "counter", (), "log lines dropped 丢弃的日志行数"),
    Family("sealgate_spans_dropped_total", "counter", (), "spans dropped 丢弃的追踪片段数"),
    Family("sealgate_build_info", "gauge", ("version",), "version that runs 运行版本"),
)

Samples = Iterator[tuple[tuple[str, ...], Any]]


class Metrics:
    """The metrics of the whole node, as any of its workers can tell them."""

    def __init__(self, board: Board, worker: int, listening: socket) -> None:
        self.part = board[worker]
        self._board, self._listening = board, listening
        # Loaded now, and not while the first scrape holds calls up.
        from prometheus_client.exposition import generate_latest

        self._written = generate_latest
        self._page, self._made = b"", -PAGE_SECONDS

    async def serve(self) -> asyncio.Server:
        """Answer scrapes on the running loop, until what is returned is closed."""
        return await answer_scrapes(self._listening, self._recent_page)

    def _recent_page(self) -> bytes:
        now = time.monotonic()
        if now - self._made >= PAGE_SECONDS:
            self._page, self._made = self.page(), now
        return self._page

    def page(self) -> bytes:
        """Return the page that Prometheus scrapes."""
        # It asks for nothing but `collect`, as its own registry does.
        return self._written(self)

    def collect(self) -> Iterator[Any]:
        """Yield what `prometheus_client` calls metric families."""
        from prometheus_client.metrics_core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        made: dict[str, Callable[..., Any]] = {
            "counter": CounterMetricFamily,
            "gauge": GaugeMetricFamily,
            "histogram": HistogramMetricFamily,
        }
        samples = self._samples()
        for family in FAMILIES:
            metric = made[family.kind](family.name, family.help, labels=family.labels)
            for labels, value in samples[family.name]:
                if family.kind == "histogram":
                    metric.add_metric(labels, *value)
                else:
                    metric.add_metric(labels, value)
            yield metric

    def _samples(self) -> dict[str, Samples]:
        now = time.time()
        parts = tuple(self._board)
        living = [part for part in parts if part.fresh(now)]
        seen = [each for part in living if (each := part.observed()) is not None]
        return {
            **_calls(parts),
            **_observed(seen),
            "sealgate_received_bytes_total": _bytes(parts, Part.received),
            "sealgate_sent_bytes_total": _bytes(parts, Part.sent),
            "sealgate_calls_in_flight": _one(_sum(living, Cell.IN_FLIGHT)),
            "sealgate_ledger_queue": _one(sum(each.ledger_queue for each in seen)),
            "sealgate_workers": _one(len(living)),
            "sealgate_worker_starts_total": _one(_sum(parts, Cell.STARTS)),
            "sealgate_log_lines_dropped_total": _one(_sum(parts, Cell.LINES_DROPPED)),
            "sealgate_spans_dropped_total": _one(_sum(parts, Cell.SPANS_DROPPED)),
            "sealgate_build_info": iter([((__version__,), 1)]),
        }


def _one(value: float) -> Samples:
    yield (), value


def _sum(parts: Iterable[Part], cell: Cell) -> float:
    return sum(part[cell] for part in parts)


def _bytes(parts: tuple[Part, ...], number: Callable[[Part, int], float]) -> Samples:
    for index, method in enumerate(METHODS):
        yield (method,), sum(number(part, index) for part in parts)


def _calls(parts: tuple[Part, ...]) -> dict[str, Samples]:
    """Add up what was counted of each method and code that occurred, and of each method's OK."""
    numbers = list(map(sum, zip(*(part.calls() for part in parts), strict=True)))
    totals, durations = [], []
    for place, labels in enumerate(product(METHODS, CODES)):
        seconds, *counts = numbers[place * WIDTH : (place + 1) * WIDTH]
        if any(counts) or labels[1] == OK:
            totals.append((labels, sum(counts)))
            durations.append((labels, (_cumulated(counts), seconds)))
    return {
        "sealgate_calls_total": iter(totals),
        "sealgate_call_duration_seconds": iter(durations),
    }


def _cumulated(counts: Iterable[float]) -> list[tuple[str, float]]:
    """Return how many calls took as long as each bound at most."""
    total = 0.0
    found = []
    for bound, count in zip(_BOUNDS, counts, strict=True):
        total += count
        found.append((bound, total))
    return found


def _observed(seen: list[Observation]) -> dict[str, Samples]:
    """Put together what several workers saw; the worst counts."""
    keys: dict[tuple[str, ...], float] = {}
    certificates: dict[tuple[str, ...], float] = {}
    conditions: dict[tuple[str, ...], int] = {}
    for each in seen:
        for key in each.keys:
            name = (key.purpose, key.key_id)
            keys[name] = min(key.days, keys.get(name, key.days))
        for one in each.certificates:
            days = certificates.get((one.certificate,), one.days)
            certificates[(one.certificate,)] = min(one.days, days)
        for found in each.conditions:
            state = conditions.get((found.condition,), 0)
            conditions[(found.condition,)] = max(_STATES[found.state], state)
    ages = [each.trust_age for each in seen if each.trust_age is not None]
    return {
        "sealgate_trust_age_seconds": _one(max(ages)) if ages else iter(()),
        "sealgate_key_days_left": iter(keys.items()),
        "sealgate_certificate_days_left": iter(certificates.items()),
        "sealgate_condition": iter(conditions.items()),
    }
