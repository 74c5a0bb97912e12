"""What each layer says of one field."""

from collections.abc import Iterable
from typing import NamedTuple

from masking.grades import Disclosure, Grade, GradeScheme
from masking.kinds import Kind
from masking.plan.model import Layer, PlannedField, type_of
from masking.policy import Policy, Rule
from masking.policy.outcome import Beside, Outcome, default, narrowed, settle

_AT_MOST = {
    Disclosure.REFUSE: ("not released", "不得提供"),
    Disclosure.NOTHING: ("not disclosed", "不得披露"),
    Disclosure.LINKABLE: ("linkable at most", "至多可关联"),
    Disclosure.PARTIAL: ("partial at most", "至多部分披露"),
    Disclosure.CLEAR: ("clear at most", "可为明文"),
}


class Bound(NamedTuple):
    """The most that a layer lets a field disclose."""

    cap: Disclosure
    layer: Layer
    rule: str
    why: str
    why_zh: str


class Decision(NamedTuple):
    """What happens to a field, and which rule of which layer decided it."""

    outcome: Outcome
    layer: Layer
    rule: str
    why: str
    why_zh: str


def catalogue_bound(field: PlannedField, grade: Grade) -> Bound:
    """Return the lower of the grade's cap and the field's own."""
    if field.cap is not None and field.cap < grade.cap:
        said, said_zh = _AT_MOST[field.cap]
        why, why_zh = f"by its catalogue entry {said}", f"目录规定该信息项{said_zh}"
        return Bound(field.cap, "catalogue", "field cap", why, why_zh)
    said, said_zh = _AT_MOST[grade.cap]
    why, why_zh = f"grade {grade.id} is {said}", f"{grade.id} 级数据{said_zh}"
    return Bound(grade.cap, "catalogue", f"grade {grade.id}", why, why_zh)


def grant_bound(grade: Grade, scheme: GradeScheme, level: str) -> Bound:
    """Return what the grant leaves of a grade; all grades stand above an unknown level."""
    reached = level in scheme.ids and scheme.rank(grade.id) <= scheme.rank(level)
    cap = Disclosure.CLEAR if reached else grade.above_level
    said, said_zh = _AT_MOST[cap]
    stands, stands_zh = ("within", "未超出") if reached else ("above", "高于")
    return Bound(
        cap,
        "grant",
        f"level {level}",
        f"grade {grade.id}, {stands} the grant's level {level}, is {said}",
        f"{grade.id} 级{stands_zh}授权级别 {level}，{said_zh}",
    )


def policy_decision(
    field: PlannedField, kind: Kind, policy: Policy, rules: Iterable[Rule], beside: Beside
) -> Decision:
    """Return the strictest of the rules that match the field, or the default.

    `rules` are those that fit the call and are in force; `beside` are the call's
    fields.
    """
    usual = _default(field, kind, policy, beside)
    matching = (rule for rule in rules if rule.match.fits_field(field.id, kind.name, field.grade))
    found = [(rule.id, _by_rule(rule, field, kind, policy, beside, usual)) for rule in matching]
    if not found:
        return usual
    return min(found, key=lambda each: (each[1].outcome.weight, each[0]))[1]


def _default(field: PlannedField, kind: Kind, policy: Policy, beside: Beside) -> Decision:
    outcome, source = default(
        policy.defaults, policy.pseudonyms, kind, field.grade, type_of(field), beside
    )
    if source == "unspoken":
        return Decision(outcome, "policy", source, *_UNSPOKEN)
    name = field.grade if source == "grade" else kind.name
    name_zh = f" {field.grade} 级" if source == "grade" else kind.title_zh
    why, why_zh = f"the policy's default for {source} {name}", f"策略对{name_zh}的默认处理"
    return Decision(outcome, "policy", f"{source} {name}", why, why_zh)


def _by_rule(
    rule: Rule, field: PlannedField, kind: Kind, policy: Policy, beside: Beside, usual: Decision
) -> Decision:
    """Return what a rule comes to: without basis and end date, the default at most."""
    outcome = settle(rule.treatment, kind, type_of(field), policy.pseudonyms, beside)
    why, why_zh = f"rule {rule.id} of the policy", f"策略规则 {rule.id}"
    if rule.licensed:
        why, why_zh = f"{why} under {rule.basis}", f"{why_zh}（依据：{rule.basis}）"
        return Decision(outcome, "policy", rule.id, why, why_zh)
    outcome = narrowed(outcome, policy.pseudonyms)
    if outcome.weight <= usual.outcome.weight:
        return Decision(outcome, "policy", rule.id, why, why_zh)
    return usual._replace(
        why=f"{usual.why} (rule {rule.id} would disclose more, "
        "but names no legal basis and end date)",
        why_zh=f"{usual.why_zh}（规则 {rule.id} 拟披露更多，但未写明法律依据和截止日期）",
    )


_UNSPOKEN = (
    "the policy has no default for its grade or kind",
    "策略未对其级别和类别作出规定",
)
