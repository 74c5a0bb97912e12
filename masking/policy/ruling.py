"""Check the rules of a policy, each by itself and against the defaults."""

from collections.abc import Iterator, Sequence

from masking.document import Found, each, judged, whole
from masking.kinds import KINDS
from masking.policy.linking import BASIS, disallowed, spoken, wider
from masking.policy.loosening import CataloguedField, loosened
from masking.policy.model import Match, Policy, Rule
from masking.policy.naming import KIND_NAMES, Path, unknown


def rule_faults(
    policy: Policy, grades: Sequence[str] | None, fields: Sequence[CataloguedField]
) -> Iterator[Found]:
    for index, rule in each(policy.rules):
        here: Path = ("rules", index)
        yield from judged(
            _matched(here, rule, "kinds", KIND_NAMES),
            _matched(here, rule, "grades", grades),
            _empty_match(here, rule),
            _dates(here, rule),
            _blank_basis(here, rule),
            _rule_pseudonyms(here, rule, policy),
            _unlicensed_scope(here, rule, policy),
            _unlicensed(here, rule, policy, grades, fields),
        )


def _matched(
    here: Path, rule: Rule, attribute: str, known: Sequence[str] | None
) -> Iterator[Found]:
    path = (*here, "match", attribute)
    yield from unknown(path, each(getattr(rule.match, attribute) or ()), known)


def _empty_match(here: Path, rule: Rule) -> Iterator[Found]:
    keys = Match.__struct_fields__
    if any(getattr(rule.match, key) is not None for key in keys):
        return
    yield Found(
        (*here, "match"),
        "the match is empty: the rule would be about every field",
        "匹配条件为空：该规则将适用于所有信息项",
        f"name at least one of {', '.join(keys)}; what holds for everything belongs into "
        "`defaults:`",
        f"请至少写明 {', '.join(keys)} 之一；普遍适用的处理应写入 `defaults:`",
    )


def _dates(here: Path, rule: Rule) -> Iterator[Found]:
    if rule.start is not None and rule.until is not None and rule.until < rule.start:
        yield Found(
            (*here, "until"),
            f"the rule ends on {rule.until}, before it begins on {rule.start}",
            f"规则的截止日期 {rule.until} 早于起始日期 {rule.start}",
            "write a last day that is not before `from:`",
            "请写不早于 `from:` 的截止日期",
        )


def _blank_basis(here: Path, rule: Rule) -> Iterator[Found]:
    if rule.basis is not None and not spoken(rule.basis):
        yield Found(
            (*here, "basis"),
            "the legal basis is blank",
            "法律依据为空白",
            "name the law or regulation and its article, or delete the key",
            "请写明法律法规名称和条款，或删除该项",
        )


def _rule_pseudonyms(here: Path, rule: Rule, policy: Policy) -> Iterator[Found]:
    named = [name for _, name in each(rule.match.kinds or ()) if name in KINDS]
    yield from disallowed((*here, "treatment"), rule.treatment, named, policy)


def _unlicensed_scope(here: Path, rule: Rule, policy: Policy) -> Iterator[Found]:
    if rule.licensed:
        return
    keys, keys_zh = _lacking(rule)
    scope = policy.pseudonyms.scope
    for path in wider((*here, "treatment"), rule.treatment, policy.pseudonyms):
        yield Found(
            path,
            f"a scope wider than '{scope}' needs a legal basis and an end date",
            f"宽于“{scope}”的范围需写明法律依据和截止日期",
            f"add {keys} to the rule, or write `scope: {scope}`",
            f"请为规则添加 {keys_zh}，或写 `scope: {scope}`",
        )


def _unlicensed(
    here: Path,
    rule: Rule,
    policy: Policy,
    grades: Sequence[str] | None,
    fields: Sequence[CataloguedField],
) -> Iterator[Found]:
    """Tell of a rule that discloses more than defaults that are all known."""
    if rule.licensed or not _comparable(policy, rule, grades):
        return
    found = loosened(rule, policy, fields)
    if found is None:
        return
    keys, keys_zh = _lacking(rule)
    usual = f"{found.about}: {found.usual.label}"
    usual_zh = f"{found.about_zh}：{found.usual.label_zh}"
    yield Found(
        (*here, "treatment"),
        f"the rule discloses more than the default ({usual}) "
        "and needs a legal basis and an end date",
        f"规则的披露程度高于默认处理（{usual_zh}），需写明法律依据和截止日期",
        f"add {keys}, or a treatment that gives no more than the default",
        f"请添加 {keys_zh}，或改用不超过默认处理的方式",
    )


def _comparable(policy: Policy, rule: Rule, grades: Sequence[str] | None) -> bool:
    """Tell whether all that a rule is compared by is known; a slip in a name may hide a default.

    Raises: UnreadError.
    """
    defaults, _ = whole(policy.defaults), whole(rule.treatment)
    named = {*defaults.grades, *(rule.match.grades or ())}
    kinds = {*defaults.kinds, *policy.pseudonyms.kinds}
    return kinds <= KINDS.keys() and (grades is None or named <= set(grades))


def _lacking(rule: Rule) -> tuple[str, str]:
    """Name what a rule lacks to disclose more, in English and Chinese."""
    parts = (BASIS, spoken(rule.basis)), ("`until: 2027-12-31`", rule.until)
    keys = [key for key, value in parts if not value]
    return " and ".join(keys), " 和 ".join(keys)


def ids_repeated(policy: Policy) -> Iterator[Found]:
    seen: dict[str, int] = {}
    for index, name in each(policy.rules, lambda rule: rule.id):
        first = seen.setdefault(name, index)
        if first != index:
            yield Found(
                ("rules", index, "id"),
                f"the rule id '{name}' stands already at rule {first + 1}",
                f"规则编号“{name}”已用于第 {first + 1} 条规则",
                "give each rule its own id",
                "每条规则使用不同的编号",
            )
