"""Check that what a conditional treatment chooses among goes together."""

from collections.abc import Iterator

from masking.document import Found, each, judged, stands_for, whole
from masking.operators import EVERY_TYPE
from masking.operators.when import When
from masking.policy.model import Policy, Treatment
from masking.policy.naming import Path


def ill_matched(policy: Policy) -> Iterator[Found]:
    """Yield conditionals whose choices give values of two types, whatever the field's."""
    for section in ("grades", "kinds"):
        for name, treatment in each(getattr(policy.defaults, section)):
            yield from judged(_never_taken(("defaults", section, name), treatment))
    for index, treatment in each(policy.rules, lambda rule: rule.treatment):
        yield from judged(_never_taken(("rules", index, "treatment"), treatment))


def _never_taken(path: Path, treatment: Treatment) -> Iterator[Found]:
    if not stands_for(treatment, When):
        return
    # whoever has read both has no need of the rest
    then, otherwise = whole(treatment.then), whole(treatment.otherwise)
    chosen = When(field="any", among=("any",), then=then, otherwise=otherwise)
    if any(map(chosen.takes, EVERY_TYPE)):
        return
    yield Found(
        path,
        f"no field fits both {then.name} and {otherwise.name}, or they give values of two types: "
        "this treatment never applies",
        f"没有信息项同时适用于{then.title_zh}和{otherwise.title_zh}，或两者输出类型不同，"
        "此处理永远不会适用",
        "choose two that give one type; to hide, write `{op: redact}` beside text and "
        "`{op: 'null'}` beside anything else",
        "请选用输出类型相同的两种处理；如需遮盖，输出文本时写 `{op: redact}`，"
        "其他类型写 `{op: 'null'}`",
    )
