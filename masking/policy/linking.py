"""Check where a policy gives pseudonyms: for which kinds, and who may join by them."""

from collections.abc import Iterator, Sequence

from masking.document import Found, each, judged, stands_for
from masking.grades import Disclosure
from masking.kinds import KINDS
from masking.operators._keyed import NARROWEST, Keyed, rank
from masking.policy.model import Policy, Pseudonyms, Treatment
from masking.policy.naming import KIND_NAMES, Path, listed_twice, meant, unknown

# As remedies spell it.
BASIS = "`basis: 《…》第…条`"


def kinds_listed(policy: Policy) -> Iterator[Found]:
    path, kinds = ("pseudonyms", "kinds"), policy.pseudonyms.kinds
    yield from unknown(path, each(kinds), KIND_NAMES)
    yield from listed_twice(path, each(kinds))
    for index, name in each(kinds):
        if name in KINDS and not KINDS[name].identifier:
            yield Found(
                (*path, index),
                f"'{name}' is no identifier: whoever counts its pseudonyms can read them",
                f"“{name}”不是标识符：统计假名出现次数即可还原",
                "delete it; such fields are dropped instead",
                "请删除；该类信息项将不予提供",
            )


def scope_licensed(policy: Policy) -> Iterator[Found]:
    scope = policy.pseudonyms.scope
    if rank(scope) > rank(NARROWEST) and not spoken(policy.pseudonyms.basis):
        yield Found(
            ("pseudonyms", "scope"),
            f"the scope '{scope}' lets others join by pseudonym, and names no legal basis",
            f"假名范围“{scope}”允许跨范围关联，但未写明法律依据",
            f"add {BASIS} beside it, or write `scope: {NARROWEST}`",
            f"请在旁边添加 {BASIS}，或写 `scope: {NARROWEST}`",
        )


def disallowed(
    path: Path, treatment: Treatment, kinds: Sequence[str], policy: Policy
) -> Iterator[Found]:
    """Tell of pseudonyms for kinds that the policy gives none to."""
    if _disclosure(treatment) is Disclosure.LINKABLE:
        yield from judged(*(_disallowed(path, name, policy) for name in kinds))


def _disallowed(path: Path, name: str, policy: Policy) -> Iterator[Found]:
    if not KINDS[name].identifier:
        remedy, remedy_zh = "write nothing, or partial", "请写 nothing 或 partial"
    elif name in meant(policy.pseudonyms.kinds):
        return
    else:
        remedy = f"add {name} to `pseudonyms: kinds:`, or write nothing"
        remedy_zh = f"请将 {name} 加入 `pseudonyms: kinds:`，或写 nothing"
    yield Found(
        path,
        f"the policy allows no pseudonyms for '{name}': such fields would be dropped",
        f"策略未允许对“{name}”使用假名：该类信息项将不予提供",
        remedy,
        remedy_zh,
    )


def wider(treatment: Treatment, pseudonyms: Pseudonyms) -> bool:
    """Tell whether a written treatment has a wider scope than the policy's own."""
    if isinstance(treatment, Disclosure):
        return False
    return any(
        stands_for(operator, Keyed)  # type: ignore[type-abstract]  # only asked of instances
        and rank(operator.scope) > rank(pseudonyms.scope)
        for operator in treatment.parts()
    )


def spoken(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def _disclosure(treatment: Treatment) -> Disclosure:
    return treatment if isinstance(treatment, Disclosure) else treatment.discloses()
