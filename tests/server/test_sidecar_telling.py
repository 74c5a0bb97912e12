"""What a sidecar tells of its calls while it serves: metrics and log, and no secret in either."""

import json
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import yaml

from gateway.server.telemetry.metrics import PAGE_SECONDS
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import ROW, Desk
from tests.gateway.marks import Marks
from tests.server.asking import Refusal, asking
from tests.server.sidecars import Sidecar, about, set_callers, sidecar, soon
from tests.server.telling import Samples, Telling, free_address, sample

MARK = "标记MARK4711"
ROWS = [{**ROW, "name": MARK, "address": f"{MARK}路1号"}]


class Told(NamedTuple):
    """What was called, and everything that was said about it."""

    refusals: Mapping[str, Refusal]
    request_id: str
    token: str
    samples: Samples
    page: str
    output: str
    errors: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Read the log's lines of calls."""
        lines = [json.loads(line) for line in self.errors.splitlines()]
        return [line for line in lines if line["event"] == "call"]


@pytest.fixture
def told(desk: Desk) -> Told:
    """Make calls of several outcomes to two workers, and gather what is said."""
    address = free_address()
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    file = desk.provider / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8")) | {"metrics": address}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    with sidecar(desk.provider, workers=2) as served:
        second = f"unix:{served.sockets / 'a' / 'worker-1.sock'}"
        with asking(served.target("a"), desk) as first, asking(second, desk) as other:
            request_id = str(uuid4()).upper()
            first.seal(ROWS, request_id=request_id)
            for caller in (first, other, other):
                caller.seal(ROWS)
            refusals = {
                "TOKEN_MALFORMED": first.seal_refused(ROWS, grant=MARK),
                "PURPOSE_NOT_GRANTED": other.seal_refused(ROWS, purpose=MARK),
                "FIELD_INVALID": other.seal_refused([{**ROWS[0], "household_size": MARK}]),
                "CALLER_FORBIDDEN": first.refused("Open", v1.OpenRequest(envelope=b"x")),
                "RESOURCE_UNCATALOGUED": first.refused(
                    "DescribeResource", v1.DescribeResourceRequest(resource=MARK)
                ),
            }
        scraper = Telling({"file": {"metrics": address}}, served.process)
        assert soon(lambda: sample(scraper.scrape(), "sealgate_workers") == 2)
        time.sleep(PAGE_SECONDS)
        samples, (_, page) = scraper.scrape(), scraper.get()
        output = _ended(served)
    token = about(desk)["grant"]
    return Told(refusals, request_id, token, samples, page, output, served.errors)


def _ended(served: Sidecar) -> str:
    served.process.terminate()
    output, served.errors = served.process.communicate(timeout=30)
    assert served.process.returncode == 0
    return output


def test_what_is_told_of_calls(told: Told) -> None:
    """A scrape counts them by method and code; the log has each, by the id that was answered."""
    _counted(told)
    _logged(told)
    _secret(told)


def _counted(told: Told) -> None:
    calls = "sealgate_calls_total"
    assert sample(told.samples, calls, method="Seal", code="OK") == 4
    for code in ("TOKEN_MALFORMED", "PURPOSE_NOT_GRANTED", "FIELD_INVALID"):
        assert sample(told.samples, calls, method="Seal", code=code) == 1
    assert sample(told.samples, calls, method="Open", code="CALLER_FORBIDDEN") == 1
    duration = "sealgate_call_duration_seconds_count"
    assert sample(told.samples, duration, method="Seal", code="OK") == 4
    for name in ("sealgate_received_bytes_total", "sealgate_sent_bytes_total"):
        assert (sample(told.samples, name, method="Seal") or 0) > 4000
    assert sample(told.samples, "sealgate_calls_in_flight") == 0
    assert sample(told.samples, "sealgate_condition", condition="keys") == 0
    days = [key for key in told.samples if key[0] == "sealgate_key_days_left"]
    assert len(days) >= 4
    assert sample(told.samples, "sealgate_trust_age_seconds") is not None


def _logged(told: Told) -> None:
    by_id = {line["request_id"]: line for line in told.lines}
    assert len(by_id) == len(told.lines) == 9
    for code, refusal in told.refusals.items():
        assert refusal.code == code
        line = by_id[refusal.request_id]
        assert (line["code"], line["status"], line["caller"]) == (code, refusal.status, "a")
    ours = by_id[told.request_id.lower()]
    assert (ours["code"], ours["worker"], ours["method"]) == ("OK", 0, "Seal")
    assert [line["worker"] for line in told.lines if line["code"] == "OK"].count(1) == 2
    assert all(line["duration_ms"] > 0 for line in told.lines)


def _secret(told: Told) -> None:
    signature = told.token.rpartition(".")[2]
    marks = Marks(value=MARK, token=told.token, signature=signature, resident=ROW["resident_id"])
    said = [told.page, told.output, told.errors, *map(repr, told.refusals.values())]
    assert marks.found_in([one.encode() for one in said]) == set()
    assert "Traceback" not in told.errors
