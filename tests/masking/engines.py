"""Engines for a few fields, and what tests hand them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from keys.derive import Mac
from masking.detect import Span
from masking.engine import Engine, compile_plan
from masking.operators import FieldType, Operator, Scope
from masking.operators.clear import Clear
from masking.plan import FieldPlan, Plan

SCOPE = Scope(requester="r", purpose="p", resource="s")
ID = "11010519491231002X"
BAD_ID = "110105194912310021"


class Field(NamedTuple):
    """A catalogued field and its treatment."""

    id: str
    type: FieldType
    kind: str
    treatment: Operator
    format: str | None = None


class Nothing:
    """A detector that finds nothing."""

    def find(self, text: str) -> list[Span]:
        """Find nothing."""
        return []

    def find_column(self, texts: Sequence[str]) -> list[list[Span]]:
        """Find nothing, so many times."""
        return [[] for _ in texts]


def key(context: bytes) -> Mac:
    return Mac(b"k" * 32 + context)


def plan_of(*fields: Field) -> Plan:
    """Plan each field as it says."""
    planned = tuple(
        FieldPlan(
            id=field.id,
            treatment=field.treatment,
            disclosure=field.treatment.discloses(),
            output_type=field.treatment.output_type(field.type),
            layer="policy",
            rule="test",
            reason="",
            reason_zh="",
        )
        for field in fields
    )
    return Plan(fields=planned, valid_until=None, policy="test", policy_version=1)


def engine_of(
    *fields: Field, detector: Any = Nothing, whole: frozenset[str] | None = None
) -> Engine:
    # in another order than the plan, with one field that the plan does not name
    others = [*reversed(fields), Field("unplanned", "string", "general", Clear())]
    return compile_plan(plan_of(*fields), others, key, SCOPE, detector=detector, whole=whole)
