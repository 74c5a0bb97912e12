"""What a policy may not say, beyond its schema."""

from collections.abc import Iterable, Iterator, Sequence

from keys.errors import SuiteRefusedError
from keys.suites import suite
from masking.document import Document
from masking.document.words import nearest
from masking.faults import Fault, quote
from masking.grades import Disclosure, GradeScheme
from masking.kinds import KINDS
from masking.operators.pseudonym import Pseudonym
from masking.policy import loosening
from masking.policy.model import Pseudonyms, Rule, Treatment
from masking.policy.outcome import pseudonyms_allowed
from masking.policy.parts import Parts

Path = tuple[str | int, ...]
_NARROWEST = Pseudonym()


def faults_of(document: Document[Parts], scheme: GradeScheme | None) -> Iterator[Fault]:
    """Find what is wrong with the parts of a policy that could be read."""
    parts = document.value
    yield from _provider(document)
    if parts.pseudonyms is not None:
        yield from _pseudonyms(document, parts.pseudonyms)
    yield from _names(document, ("defaults", "grades"), parts.defaults.grades, _grades(scheme))
    yield from _names(document, ("defaults", "kinds"), parts.defaults.kinds, _KINDS)
    yield from _defaults(document)
    for index, rule in parts.rules.items():
        yield from _rule(document, index, rule, scheme)
    yield from _repeated_rules(document)
    yield from _suites(document)


def _provider(document: Document[Parts]) -> Iterator[Fault]:
    provider, misfits = document.value.provider, KINDS["uscc"].misfits
    if provider is None or len(provider) != 18 or misfits is None or not misfits([provider]):
        return
    yield document.fault(
        ("provider",),
        "the check digit of this code is wrong",
        "该代码的校验码不正确",
        "copy the department's unified social credit code again",
        "请重新抄录该部门的统一社会信用代码",
    )


def _pseudonyms(document: Document[Parts], pseudonyms: Pseudonyms) -> Iterator[Fault]:
    yield from _names(document, ("pseudonyms", "kinds"), pseudonyms.kinds, _KINDS)
    yield from _repeated(document, ("pseudonyms", "kinds"), pseudonyms.kinds)
    for index, name in enumerate(pseudonyms.kinds):
        if name in KINDS and not KINDS[name].identifier:
            yield document.fault(
                ("pseudonyms", "kinds", index),
                f"'{name}' is no identifier: whoever counts its pseudonyms can read them",
                f"“{name}”不是标识符：统计假名出现次数即可还原",
                "delete it; such fields are dropped instead",
                "请删除；该类信息项将不予提供",
            )
    wider = Pseudonym(scope=pseudonyms.scope).shown() > _NARROWEST.shown()
    if wider and not _spoken(pseudonyms.basis):
        yield document.fault(
            ("pseudonyms", "scope"),
            f"the scope '{pseudonyms.scope}' lets others join by pseudonym, "
            "and names no legal basis",
            f"假名范围“{pseudonyms.scope}”允许跨范围关联，但未写明法律依据",
            f"add `basis:` beside it, or write `scope: {_NARROWEST.scope}`",
            f"请在旁边添加 `basis:`，或写 `scope: {_NARROWEST.scope}`",
        )


def _defaults(document: Document[Parts]) -> Iterator[Fault]:
    parts = document.value
    if parts.pseudonyms is None:
        return
    for name, treatment in parts.defaults.kinds.items():
        if name in KINDS:
            path = ("defaults", "kinds", name)
            yield from _disallowed(document, path, treatment, [name], parts.pseudonyms)
    for section, written in (("grades", parts.defaults.grades), ("kinds", parts.defaults.kinds)):
        for name, treatment in written.items():
            if _wider(treatment, parts.pseudonyms):
                yield document.fault(
                    ("defaults", section, name, "scope"),
                    f"a default cannot have a wider scope than '{parts.pseudonyms.scope}'",
                    f"默认处理的假名范围不能宽于“{parts.pseudonyms.scope}”",
                    "write the scope under `pseudonyms:` with its basis, or make it a rule",
                    "请在 `pseudonyms:` 下写明范围及依据，或改为规则",
                )


def _rule(
    document: Document[Parts], index: int, rule: Rule, scheme: GradeScheme | None
) -> Iterator[Fault]:
    here: Path = ("rules", index)
    match, pseudonyms = rule.match, document.value.pseudonyms
    yield from _names(document, (*here, "match", "kinds"), match.kinds or (), _KINDS)
    yield from _names(document, (*here, "match", "grades"), match.grades or (), _grades(scheme))
    yield from _empty_match(document, here, rule)
    yield from _dates(document, here, rule)
    if rule.basis is not None and not _spoken(rule.basis):
        yield document.fault(
            (*here, "basis"),
            "the legal basis is blank",
            "法律依据为空白",
            "name the law or regulation and its article, or delete the key",
            "请写明法律法规名称和条款，或删除该项",
        )
    if pseudonyms is None:
        return
    named = [name for name in match.kinds or () if name in KINDS]
    yield from _disallowed(document, (*here, "treatment"), rule.treatment, named, pseudonyms)
    yield from _unlicensed(document, here, rule, pseudonyms)


def _empty_match(document: Document[Parts], here: Path, rule: Rule) -> Iterator[Fault]:
    if any(getattr(rule.match, name) is not None for name in rule.match.__struct_fields__):
        return
    names = ", ".join(rule.match.__struct_fields__)
    yield document.fault(
        (*here, "match"),
        "the match is empty: the rule would be about every field",
        "匹配条件为空：该规则将适用于所有信息项",
        f"name at least one of {names}; what holds for everything belongs into `defaults:`",
        f"请至少写明 {names} 之一；普遍适用的处理应写入 `defaults:`",
    )


def _dates(document: Document[Parts], here: Path, rule: Rule) -> Iterator[Fault]:
    if rule.start is not None and rule.until is not None and rule.until < rule.start:
        yield document.fault(
            (*here, "until"),
            f"the rule ends on {rule.until}, before it begins on {rule.start}",
            f"规则的截止日期 {rule.until} 早于起始日期 {rule.start}",
            "write a last day that is not before `from:`",
            "请写不早于 `from:` 的截止日期",
        )


def _unlicensed(
    document: Document[Parts], here: Path, rule: Rule, pseudonyms: Pseudonyms
) -> Iterator[Fault]:
    """Tell of a rule that discloses more, and lacks what it needs for it."""
    if rule.licensed:
        return
    lacking = [
        key for key, value in (("basis", _spoken(rule.basis)), ("until", rule.until)) if not value
    ]
    keys = " and ".join(f"`{key}:`" for key in lacking)
    keys_zh = " 和 ".join(f"`{key}:`" for key in lacking)
    if _wider(rule.treatment, pseudonyms):
        yield document.fault(
            (*here, "treatment", "scope"),
            f"a scope wider than '{pseudonyms.scope}' needs a legal basis and an end date",
            f"宽于“{pseudonyms.scope}”的假名范围需写明法律依据和截止日期",
            f"add {keys} to the rule, or write `scope: {pseudonyms.scope}`",
            f"请为规则添加 {keys_zh}，或写 `scope: {pseudonyms.scope}`",
        )
    if not document.value.whole_defaults:
        return
    found = loosening.example(rule, document.value.defaults, pseudonyms)
    if found is None:
        return
    about, about_zh = found.about
    yield document.fault(
        (*here, "treatment"),
        f"the rule discloses more than the default ({about}: {found.usual.label}) "
        "and needs a legal basis and an end date",
        f"规则的披露程度高于默认处理（{about_zh}：{found.usual.label_zh}），需写明法律依据和截止日期",
        f"add {keys}, or a treatment that gives no more than the default",
        f"请添加 {keys_zh}，或改用不超过默认处理的方式",
    )


def _disallowed(
    document: Document[Parts],
    path: Path,
    treatment: Treatment,
    names: Sequence[str],
    pseudonyms: Pseudonyms,
) -> Iterator[Fault]:
    """Tell of pseudonyms for kinds that the policy gives none to."""
    if _disclosure(treatment) is not Disclosure.LINKABLE:
        return
    for name in names:
        if pseudonyms_allowed(KINDS[name], pseudonyms):
            continue
        if KINDS[name].identifier:
            remedy, remedy_zh = (
                f"add {name} to `pseudonyms: kinds:`, or write nothing",
                (f"请将 {name} 加入 `pseudonyms: kinds:`，或写 nothing"),
            )
        else:
            remedy, remedy_zh = "write nothing, or partial", "请写 nothing 或 partial"
        yield document.fault(
            path,
            f"the policy allows no pseudonyms for '{name}': such fields would be dropped",
            f"策略未允许对“{name}”使用假名：该类信息项将不予提供",
            remedy,
            remedy_zh,
        )


def _repeated_rules(document: Document[Parts]) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for index, rule in document.value.rules.items():
        first = seen.setdefault(rule.id, index)
        if first != index:
            yield document.fault(
                ("rules", index, "id"),
                f"the rule id '{rule.id}' stands already at rule {first + 1}",
                f"规则编号“{rule.id}”已用于第 {first + 1} 条规则",
                "give each rule its own id",
                "每条规则使用不同的编号",
            )


def _suites(document: Document[Parts]) -> Iterator[Fault]:
    path, suites = ("sealing", "suites"), document.value.suites
    yield from _repeated(document, path, [str(number) for number in suites])
    for index, number in enumerate(suites):
        try:
            suite(number)
        except SuiteRefusedError as refusal:
            yield document.fault(
                (*path, index),
                refusal.message,
                refusal.message_zh,
                "delete it, or write the number of a suite that is built in, such as 1 or 2",
                "请删除，或写已内置的密码套件编号，如 1 或 2",
            )


def _names(
    document: Document[Parts], path: Path, names: Iterable[str], known: Sequence[str] | None
) -> Iterator[Fault]:
    """Tell of names that nothing is known by; a mapping's keys are located by name."""
    for index, name in enumerate(names):
        if known is None or name in known:
            continue
        near = nearest(name, list(known))
        yield document.fault(
            (*path, name if isinstance(names, dict) else index),
            f"there is no {_WORDS[str(path[-1])][0]} '{quote(name)}'",
            f"没有名为“{quote(name)}”的{_WORDS[str(path[-1])][1]}",
            f"did you mean '{near}'?" if near else f"use one of {', '.join(known)}",
            f"是否应为“{near}”？" if near else f"请使用 {', '.join(known)} 之一",
        )


def _repeated(document: Document[Parts], path: Path, names: Sequence[str]) -> Iterator[Fault]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield document.fault(
                (*path, index),
                f"'{quote(name)}' stands in this list already",
                f"“{quote(name)}”已在此列表中",
                "delete one of the two",
                "请删除其中之一",
            )


def _disclosure(treatment: Treatment) -> Disclosure:
    return treatment if isinstance(treatment, Disclosure) else treatment.disclosure


def _wider(treatment: Treatment, pseudonyms: Pseudonyms) -> bool:
    own = Pseudonym(scope=pseudonyms.scope)
    return isinstance(treatment, Pseudonym) and treatment.shown() > own.shown()


def _spoken(text: str | None) -> bool:
    return text is not None and bool(text.strip())


def _grades(scheme: GradeScheme | None) -> tuple[str, ...] | None:
    return None if scheme is None else scheme.ids


_KINDS = tuple(KINDS)
_WORDS = {"kinds": ("kind", "类别"), "grades": ("grade", "级别")}
