"""The page on telemetry has what the code has: metrics, keys of the log, attributes."""

from msgspec import Struct

from gateway.server.telemetry.board import FRESH_SECONDS
from gateway.server.telemetry.labels import METHODS, OTHER, SERVICE
from gateway.server.telemetry.logs import CallLine, DroppedLine, TextLine
from gateway.server.telemetry.metrics import FAMILIES
from gateway.server.telemetry.tracing import ATTRIBUTES, LEDGER_SPAN
from gateway.v1 import sidecar_pb2 as v1
from tests.docs.tables import bare, both_languages, names, page, table

TEXT = page("reference/telemetry.md")


def test_every_metric_is_told() -> None:
    """In order, with type and labels, in both languages."""
    rows = table(TEXT, "Metrics")
    told = [(bare(row[0]), row[1], tuple(names(row[2]))) for row in rows]
    assert told == [(family.name, family.kind, family.labels) for family in FAMILIES]
    assert all(both_languages(row[-1]) for row in rows)
    assert f"within {FRESH_SECONDS:.0f} seconds" in TEXT


def test_every_key_of_the_log_is_told() -> None:
    """Of each kind of line, but for those that all have."""
    rows = table(TEXT, "Log")
    common = ("time", "level", "event", "worker")
    kinds: dict[str, type[Struct]] = {"call": CallLine, "text": TextLine, "dropped": DroppedLine}
    for event, line in kinds.items():
        told = [bare(row[1]) for row in rows if bare(row[0]) == event]
        keys = [key for key in line.__struct_fields__ if event == "call" or key not in common]
        assert told == keys
    assert {bare(row[0]) for row in rows} == set(kinds)
    assert all(both_languages(row[-1]) for row in rows)


def test_every_attribute_of_a_span_is_told() -> None:
    """And the names of spans."""
    assert tuple(bare(row[0]) for row in table(TEXT, "Traces")) == ATTRIBUTES
    assert f"`{SERVICE}/`" in TEXT
    assert f"a span `{LEDGER_SPAN}` below it" in TEXT


def test_methods_are_those_of_the_service() -> None:
    """A new one has a metric of its own."""
    service = v1.DESCRIPTOR.services_by_name["Sidecar"]
    assert (*(method.name for method in service.methods), OTHER) == METHODS
    assert service.full_name == SERVICE
