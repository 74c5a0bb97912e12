"""Find rules that cannot but disclose more than the defaults.

Which fields a rule will meet is not known when its policy is read, only which
kinds and grades it may meet. A rule that is stricter than the default for some
of those and looser for others may well be meant to restrict (where it would
loosen, planning holds it to the default). A rule that is nowhere stricter, and
looser somewhere, has no other purpose.

Beside a catalogue such a rule is told by a field that it loosens, else by what
it matches.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from masking.document import each
from masking.document.partial import UnreadError
from masking.faults import quote
from masking.grades import Disclosure
from masking.kinds import KINDS, Kind
from masking.operators import FieldType
from masking.policy.model import Match, Policy, Rule
from masking.policy.outcome import Default, Outcome, default, narrowed, settle

# A rule may list a thousand fields.
_MAX_NAMED = 3


class CataloguedField(NamedTuple):
    """A field of one of the provider's resources, as a catalogue has it."""

    resource: str
    id: str
    type: FieldType
    kind: str
    grade: str


class Loosened(NamedTuple):
    """Of what a rule discloses more than `usual`, in English and Chinese."""

    about: str
    about_zh: str
    usual: Disclosure


def loosened(rule: Rule, policy: Policy, fields: Sequence[CataloguedField]) -> Loosened | None:
    """Return where a rule discloses more than the default; None if it may be stricter."""
    looser = []
    for case in _cases(rule, policy):
        if case.given.weight < case.usual.outcome.weight:
            return None
        if case.given.weight > case.usual.outcome.weight:
            looser.append(case)
    if not looser:
        return None
    try:
        return next(_met(rule, policy, fields), _by_match(rule.match, looser))
    except UnreadError:
        return _by_match(rule.match, looser)


class _Case(NamedTuple):
    """What a rule gives of a kind and grade, and what the defaults give."""

    kind: Kind
    grade: str | None
    given: Outcome
    usual: Default


def _case(
    rule: Rule, policy: Policy, kind: Kind, grade: str | None, field_type: FieldType | None
) -> _Case:
    links = policy.pseudonyms
    given = narrowed(settle(rule.treatment, kind, field_type, links), links)
    return _Case(kind, grade, given, default(policy.defaults, links, kind, grade, field_type))


def _cases(rule: Rule, policy: Policy) -> Iterator[_Case]:
    """Yield what a rule may meet, by grade."""
    names = KINDS if rule.match.kinds is None else rule.match.kinds
    kinds = [KINDS[name] for name in names if name in KINDS]
    grades = rule.match.grades or tuple(policy.defaults.grades) or (None,)
    return (_case(rule, policy, kind, grade, None) for grade in grades for kind in kinds)


def met(match: Match, fields: Sequence[CataloguedField]) -> Iterator[CataloguedField]:
    """Yield the fields that a rule is about.

    Raises: UnreadError.
    """
    resources = match.resources
    for field in fields:
        if not match.fits_field(field.id, field.kind, field.grade):
            continue
        if resources is None or field.resource in resources:
            yield field


def _met(rule: Rule, policy: Policy, fields: Sequence[CataloguedField]) -> Iterator[Loosened]:
    for field in met(rule.match, fields):
        kind = KINDS[field.kind]
        case = _case(rule, policy, kind, field.grade, field.type)
        if case.given.weight > case.usual.outcome.weight:
            yield Loosened(
                f"{field.id} of {field.resource}, {kind.name} of grade {field.grade}",
                f"{field.resource} 的 {field.id}，{field.grade} 级的{kind.title_zh}",
                case.usual.outcome.disclosure,
            )


def _by_match(match: Match, looser: Sequence[_Case]) -> Loosened:
    """Say it of the first grade, by the most that the defaults give of it.

    Without a kind if the rule names none and the default does not hang on it.
    """
    if match.kinds is None:
        looser = [case for case in looser if case.usual.source != "kind"] or looser
    grade = looser[0].grade
    of_grade = [case for case in looser if case.grade == grade]
    case = max(of_grade, key=lambda each: each.usual.outcome.weight)
    about, about_zh = _subject(match, case)
    if grade is not None:
        about, about_zh = f"{about} of grade {grade}", f"{grade} 级的{about_zh}"
    return Loosened(about, about_zh, case.usual.outcome.disclosure)


def _subject(match: Match, case: _Case) -> tuple[str, str]:
    """Name fields and kind by what the rule matches; the kind also where its default decides."""
    names, names_zh = _named(match)
    kind, kind_zh = case.kind.name, case.kind.title_zh
    if match.kinds is None and case.usual.source != "kind":
        kind, kind_zh = ("", "") if names else ("any field", "任一信息项")
    return ", ".join(filter(None, (names, kind))), "，".join(filter(None, (names_zh, kind_zh)))


def _named(match: Match) -> tuple[str, str]:
    """Name the fields that a rule names, if it does."""
    try:
        names = [name for _, name in each(match.fields or ())]
    except UnreadError:
        names = []
    if not names:
        return "", ""
    shown = list(map(quote, names[:_MAX_NAMED])) + ["…"] * (len(names) > _MAX_NAMED)
    noun = "field" if len(names) == 1 else "fields"
    return f"{noun} {', '.join(shown)}", f"信息项 {'、'.join(shown)}"
