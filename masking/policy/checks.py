"""What a policy may not say, beyond its schema; also of one that is readable only in part."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from keys.errors import SuiteRefusedError
from keys.suites import suite
from masking.document import Found, each, judged, names
from masking.document.partial import UnreadError
from masking.document.words import nearest
from masking.grades import GradeScheme
from masking.kinds import KINDS
from masking.policy.beside import FieldsBeside
from masking.policy.choices import ill_matched
from masking.policy.linking import disallowed, kinds_listed, scope_licensed, wider
from masking.policy.loosening import CataloguedField
from masking.policy.model import Policy, Treatment
from masking.policy.naming import (
    KIND_NAMES,
    Path,
    listed_twice,
    misspelt_department,
    unknown,
)
from masking.policy.ruling import ids_repeated, rule_faults


def policy_faults(
    policy: Policy,
    scheme: GradeScheme | None,
    fields: Mapping[str, Sequence[CataloguedField]],
) -> Iterator[Found]:
    """Yield what is wrong with a policy, as far as it could be read; `fields` are by provider."""
    grades = None if scheme is None else scheme.ids
    own = _own(policy, fields)
    return judged(
        _provider(policy, fields),
        kinds_listed(policy),
        scope_licensed(policy),
        _default_names(policy, grades),
        _default_pseudonyms(policy),
        _default_scopes(policy),
        rule_faults(policy, grades, own),
        FieldsBeside(own).faults(policy),
        ill_matched(policy),
        ids_repeated(policy),
        _suites(policy),
    )


def _provider(policy: Policy, providers: Iterable[str]) -> Iterator[Found]:
    def near(code: str, cutoff: float) -> str | None:
        return nearest(code, providers, cutoff)

    yield from misspelt_department(("provider",), policy.provider, near)


def _own(
    policy: Policy, fields: Mapping[str, Sequence[CataloguedField]]
) -> Sequence[CataloguedField]:
    try:
        return fields.get(policy.provider, ())
    except UnreadError:
        return ()


def _default_names(policy: Policy, grades: Sequence[str] | None) -> Iterator[Found]:
    for section, known in (("grades", grades), ("kinds", KIND_NAMES)):
        written = names(getattr(policy.defaults, section))
        yield from unknown(("defaults", section), zip(written, written, strict=True), known)


def _default_pseudonyms(policy: Policy) -> Iterator[Found]:
    for name, treatment in each(policy.defaults.kinds):
        if name in KINDS:
            path = ("defaults", "kinds", name)
            yield from judged(disallowed(path, treatment, [name], policy))


def _default_scopes(policy: Policy) -> Iterator[Found]:
    for section in ("grades", "kinds"):
        for name, treatment in each(getattr(policy.defaults, section)):
            yield from judged(_default_scope(("defaults", section, name), treatment, policy))


def _default_scope(path: Path, treatment: Treatment, policy: Policy) -> Iterator[Found]:
    for place in wider(path, treatment, policy.pseudonyms):
        yield Found(
            place,
            f"a default cannot have a wider scope than '{policy.pseudonyms.scope}'",
            f"默认处理的范围不能宽于“{policy.pseudonyms.scope}”",
            "write the scope under `pseudonyms:` with its basis, or make it a rule",
            "请在 `pseudonyms:` 下写明范围及依据，或改为规则",
        )


def _suites(policy: Policy) -> Iterator[Found]:
    path, suites = ("sealing", "suites"), policy.sealing.suites
    yield from listed_twice(path, each(suites, str))
    for index, number in each(suites):
        try:
            suite(number)
        except SuiteRefusedError as refusal:
            yield Found(
                (*path, index),
                refusal.message,
                refusal.message_zh,
                "delete it, or write the number of a suite that is built in, such as 1 or 2",
                "请删除，或写已内置的密码套件编号，如 1 或 2",
            )
