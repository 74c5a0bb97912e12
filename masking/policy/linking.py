"""Check where a policy gives pseudonyms: for which kinds, and who may join by them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from masking.document import Found, each, judged, stands_for
from masking.document.partial import UnreadError
from masking.grades import Disclosure
from masking.kinds import KINDS
from masking.operators import Operator
from masking.operators._keyed import NARROWEST, Keyed, rank
from masking.operators.when import When
from masking.policy.model import Policy, Pseudonyms, Treatment
from masking.policy.naming import KIND_NAMES, Path, listed_twice, meant, unknown

# As remedies spell it.
BASIS = "`basis: 《…》第…条`"
_ANOTHER = ("choose another operator", "改用其他算子")


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
    for keys in _linkable(treatment):
        here = (*path, *keys)
        found = (_disallowed(here, name, policy, choice=bool(keys)) for name in kinds)
        yield from judged(*found)


def _disallowed(path: Path, name: str, policy: Policy, *, choice: bool) -> Iterator[Found]:
    # a conditional chooses among operators, no classes
    nothing, nothing_zh = _ANOTHER if choice else ("write nothing", "写 nothing")
    if not KINDS[name].identifier:
        remedy, remedy_zh = nothing, f"请{nothing_zh}"
        if not choice:
            remedy, remedy_zh = f"{remedy}, or partial", f"{remedy_zh} 或 partial"
    elif name in meant(policy.pseudonyms.kinds):
        return
    else:
        remedy = f"add {name} to `pseudonyms: kinds:`, or {nothing}"
        remedy_zh = f"请将 {name} 加入 `pseudonyms: kinds:`，或{nothing_zh}"
    yield Found(
        path,
        f"the policy allows no pseudonyms for '{name}': such fields would be dropped",
        f"策略未允许对“{name}”使用假名：该类信息项将不予提供",
        remedy,
        remedy_zh,
    )


def wider(path: Path, treatment: Treatment, pseudonyms: Pseudonyms) -> Iterator[Path]:
    """Yield where a treatment written at `path` has a wider scope than the policy's own."""
    for keys, operator in chosen(treatment):
        with suppress(UnreadError):
            if (
                stands_for(operator, Keyed)  # type: ignore[type-abstract]  # only asked of instances
                and rank(operator.scope) > rank(pseudonyms.scope)
            ):
                yield (*path, *keys, "scope")


def chosen(treatment: Treatment) -> Iterator[tuple[Path, Operator]]:
    """Yield an operator and those it chooses among, as far as they can be read, with their keys."""
    if isinstance(treatment, Disclosure):
        return
    yield (), treatment
    if stands_for(treatment, When):
        for key in ("then", "otherwise"):
            with suppress(UnreadError):
                yield (key,), getattr(treatment, key)


def spoken(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def _linkable(treatment: Treatment) -> Iterator[Path]:
    """Yield where a treatment is a pseudonym, or may choose one."""
    if treatment is Disclosure.LINKABLE:
        yield ()
    for keys, operator in chosen(treatment):
        with suppress(UnreadError):
            if not stands_for(operator, When) and operator.discloses() is Disclosure.LINKABLE:
                yield keys
