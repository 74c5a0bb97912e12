"""Decide what happens to each field of a call.

Three layers each set a bound, and the strictest holds:

1. The **catalogue**: the cap of the field's grade, and the entry's own.
2. The **grant**: none for grades up to its level, the scheme's `above_level`
   for those above.
3. The **policy**. Its default is the stricter of the grade's and the kind's;
   with neither it is nothing. Rules that match and are in force stand over the
   default, the strictest of them alone. A rule without basis and end date comes
   to the default where it would come to more. (It still takes part: were it
   passed over, a lower default could take a strict rule out of the contest and
   leave a loose one with a basis to win.)

The policy's outcome stands if it is within both caps; if not, the kind's own
treatment at the cap does, or at the next class down that the kind has. Last,
where the grant names a field whose kind this one's contains, a partial mask
falls to the class below, whether or not that other field discloses anything
(else lowering it would raise this one).

Laws:

- Where a bound is refuse the call is refused, and all such fields are named.
- No field discloses more than any layer's bound; one that the policy does not
  speak of discloses nothing.
- Lowering a cap, the level or a treatment never raises any field's disclosure;
  treatments are compared by what they come to (`policy.outcome`). A further
  rule without basis and end date never raises it either.
- Equal inputs give equal plans, whatever the order of the rules.
- A plan made on one day is the plan of every later day before `valid_until`.

They hold because every step is monotone in all it takes: what a treatment comes
to depends on kind and type alone, *stricter* and *strictest* are minima, a cap
and the fall of containers are monotone functions of the class.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import NamedTuple

from keys.errors import FieldFault
from masking import kinds
from masking.errors import FieldUnreleasableError
from masking.grades import Disclosure, GradeScheme
from masking.kinds import Kind
from masking.plan.layers import Decision, catalogue_bound, grant_bound, policy_decision
from masking.plan.model import FieldPlan, Layer, Plan, PlannedField, type_of
from masking.policy import Policy, Rule
from masking.policy.outcome import REFUSED, settle

__all__ = ["FieldPlan", "Layer", "Plan", "PlannedField", "make_plan"]


def make_plan(
    *,
    fields: Sequence[PlannedField],
    scheme: GradeScheme,
    level: str,
    policy: Policy,
    requester: str,
    purpose: str,
    resource: str,
    at: date,
    kind_of: Callable[[str], Kind] = kinds.kind,
) -> Plan:
    """Plan a call for the fields its grant names, in catalogue order.

    Raises:
        FieldUnreleasableError: fields that may not leave, all of them; those of
            a grade or kind that is not known here are among them.
    """
    rules = [rule for rule in policy.rules if rule.match.fits_call(requester, purpose, resource)]
    call = _Call(
        scheme=scheme,
        level=level,
        policy=policy,
        rules=[rule for rule in rules if rule.in_force(at)],
        kinds=(known := _known({field.kind for field in fields}, kind_of)),
        beside={field.id: known[field.kind] for field in fields if field.kind in known},
    )
    decisions = [_decide(field, call) for field in fields]
    _refuse(fields, decisions)
    return Plan(
        fields=tuple(map(_field_plan, fields, decisions)),
        valid_until=_valid_until(fields, rules, at),
        policy=policy.id,
        policy_version=policy.version,
    )


class _Call(NamedTuple):
    """What all fields of a plan have in common: `rules` in force, `kinds` that are named.

    `beside` has the kind of each field, by its id.
    """

    scheme: GradeScheme
    level: str
    policy: Policy
    rules: list[Rule]
    kinds: dict[str, Kind]
    beside: dict[str, Kind]


def _known(names: set[str], kind_of: Callable[[str], Kind]) -> dict[str, Kind]:
    found: dict[str, Kind] = {}
    for name in names:
        with suppress(KeyError):
            found[name] = kind_of(name)
    return found


def _decide(field: PlannedField, call: _Call) -> Decision:
    kind = call.kinds.get(field.kind)
    if kind is None or field.grade not in call.scheme.ids:
        return _UNKNOWN
    decision = policy_decision(field, kind, call.policy, call.rules, call.beside)
    decision = _capped(decision, field, kind, call)
    return _uncontained(decision, field, kind, call)


def _capped(decision: Decision, field: PlannedField, kind: Kind, call: _Call) -> Decision:
    """Bring what the policy says within the caps of catalogue and grant."""
    grade = call.scheme.grade(field.grade)
    bounds = catalogue_bound(field, grade), grant_bound(grade, call.scheme, call.level)
    bound = min(bounds, key=lambda bound: bound.cap)
    if decision.outcome.disclosure <= bound.cap:
        return decision
    outcome = settle(bound.cap, kind, type_of(field), call.policy.pseudonyms)
    return Decision(outcome, bound.layer, bound.rule, bound.why, bound.why_zh)


def _uncontained(decision: Decision, field: PlannedField, kind: Kind, call: _Call) -> Decision:
    """Take a partial mask away that another field of the grant would undo."""
    if decision.outcome.disclosure is not Disclosure.PARTIAL:
        return decision
    for name in kind.contains:
        if name in call.kinds and name != kind.name:
            outcome = settle(Disclosure.LINKABLE, kind, type_of(field), call.policy.pseudonyms)
            why = f"it contains {name}, which the grant names too and its mask would hide"
            why_zh = f"内含{call.kinds[name].title_zh}，而授权也包含该类信息项，掩码可被还原"
            return Decision(outcome, "catalogue", f"contains {name}", why, why_zh)
    return decision


def _refuse(fields: Sequence[PlannedField], decisions: Sequence[Decision]) -> None:
    refused = [
        FieldFault(None, field.id, decision.why, decision.why_zh)
        for field, decision in zip(fields, decisions, strict=True)
        if decision.outcome.disclosure is Disclosure.REFUSE
    ]
    if refused:
        raise FieldUnreleasableError(
            fields=tuple(refused), names=", ".join(fault.field for fault in refused)
        )


def _field_plan(field: PlannedField, decision: Decision) -> FieldPlan:
    outcome, layer, rule, why, why_zh = decision
    operator, disclosure = outcome.operator, outcome.disclosure
    note = f"; {outcome.note}" if outcome.note else ""
    note_zh = f"；{outcome.note_zh}" if outcome.note_zh else ""
    return FieldPlan(
        id=field.id,
        treatment=operator,
        disclosure=disclosure,
        output_type=operator.output_type(type_of(field)),
        layer=layer,
        rule=rule,
        reason=f"{why}: {disclosure.label}, by {operator.name}{note}",
        reason_zh=f"{why_zh}：{disclosure.label_zh}，{operator.title_zh}{note_zh}",
    )


def _valid_until(fields: Sequence[PlannedField], rules: Iterable[Rule], at: date) -> date | None:
    """Return the first day after `at` on which a rule about these fields comes or goes."""
    days = [
        day
        for rule in rules
        if any(rule.match.fits_field(field.id, field.kind, field.grade) for field in fields)
        for day in _turns(rule)
        if day > at
    ]
    return min(days, default=None)


def _turns(rule: Rule) -> list[date]:
    """Return the first day of a rule and the first day without it."""
    days = [] if rule.start is None else [rule.start]
    if rule.until is not None and rule.until < date.max:
        days.append(rule.until + timedelta(days=1))
    return days


_UNKNOWN = Decision(
    REFUSED,
    "catalogue",
    "unknown",
    "its grade or kind is not known here",
    "其级别或类别在此未知",
)
