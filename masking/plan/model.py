"""What a plan is made of."""

from datetime import date
from typing import Literal, Protocol, cast

from msgspec import Struct

from masking.grades import Disclosure
from masking.operators import FieldType, Operator, OutputType

Layer = Literal["catalogue", "grant", "policy"]


class PlannedField(Protocol):
    """What a plan needs to know of a catalogued field."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def grade(self) -> str: ...
    @property
    def cap(self) -> Disclosure | None: ...


def type_of(field: PlannedField) -> FieldType:
    """Return a field's type; a catalogue may spell it with an enum of its own."""
    return cast("FieldType", field.type)


class FieldPlan(Struct, frozen=True, kw_only=True):
    """What happens to one field, and why.

    `disclosure` may be above the operator's own: a mask that shows more than
    the kind's usual one counts as clear. `rule` is a rule's id, or one of
    `grade G3`, `kind mobile`, `unspoken` (policy), `grade G3`, `field cap`,
    `contains birth_date` (catalogue), `level G2` (grant).
    """

    id: str
    treatment: Operator
    disclosure: Disclosure
    output_type: OutputType
    layer: Layer
    rule: str
    reason: str
    reason_zh: str


class Plan(Struct, frozen=True, kw_only=True):
    """The treatment of each field that a grant names, in the order asked.

    `valid_until` is the first day on which the plan may be another one; None:
    nothing in the policy will change it.
    """

    fields: tuple[FieldPlan, ...]
    valid_until: date | None
    policy: str
    policy_version: int
