"""What a treatment comes to for a field of one kind and type.

Treatments are compared by what they come to, never by how they are written:
by disclosure, then by positions shown. Written order would not do: `keep` on a
date comes to nothing, and a smaller operator that fits a date to more.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from masking.grades import Disclosure
from masking.kinds import Kind
from masking.operators import EVERY_FIELD, FieldType, Operator
from masking.operators._keyed import Keyed, Subjected, rank
from masking.operators.drop import Drop
from masking.operators.scrub import Scrub
from masking.operators.when import When
from masking.policy.model import Defaults, Pseudonyms, Treatment


class Outcome(Struct, frozen=True):
    """An operator, and what it discloses of one kind.

    `note` says why it is not what was written, empty where it is. With REFUSE
    the operator is never run.
    """

    operator: Operator
    disclosure: Disclosure
    shown: float = 0.0
    note: str = ""
    note_zh: str = ""

    @property
    def weight(self) -> tuple[Disclosure, float]:
        """Return how much is given away, to compare."""
        return self.disclosure, self.shown


# The kinds of the fields that a call's records have, by field id; None: that is not known.
Beside = Mapping[str, Kind] | None

# More positions than a value has, fewer than clear.
_UNBOUNDED = 1e9
_DROP = Drop()
DROPPED = Outcome(_DROP, Disclosure.NOTHING)
REFUSED = Outcome(_DROP, Disclosure.REFUSE)
_DOWNWARDS = {
    Disclosure.CLEAR: (Disclosure.CLEAR, Disclosure.PARTIAL, Disclosure.LINKABLE),
    Disclosure.PARTIAL: (Disclosure.PARTIAL, Disclosure.LINKABLE),
    Disclosure.LINKABLE: (Disclosure.LINKABLE,),
}


def standard(
    kind: Kind, field_type: FieldType | None, cap: Disclosure, pseudonyms: Pseudonyms
) -> Outcome:
    """Return the kind's own treatment at `cap`, or at the next class down that it has.

    A type of None stands for any type.
    """
    for disclosure in _DOWNWARDS.get(cap, ()):
        operator = kind.standard.get(disclosure)
        if operator is None or not _fits(operator, field_type):
            continue
        if disclosure is Disclosure.CLEAR and scrubbed(kind):
            continue
        if disclosure is Disclosure.LINKABLE:
            if not pseudonyms_allowed(kind, pseudonyms):
                continue
            operator = _scoped(operator, pseudonyms)
        return Outcome(operator, disclosure, operator.shown())
    if cap is Disclosure.REFUSE:
        return REFUSED
    last = kind.standard.get(Disclosure.NOTHING, _DROP)
    return Outcome(last, Disclosure.NOTHING) if _fits(last, field_type) else DROPPED


def settle(
    treatment: Treatment,
    kind: Kind,
    field_type: FieldType | None,
    pseudonyms: Pseudonyms,
    beside: Beside = None,
) -> Outcome:
    """Return what a written treatment comes to.

    A partial operator that shows more positions than the kind's own, or for
    which the kind has none, counts as clear. An operator that does not take
    the type, or needs a field that is not `beside`, falls to the class below; a
    pseudonym that is not allowed to nothing. One that chooses comes to the
    loosest of its choices; where it falls, to no more than its strictest.
    """
    if isinstance(treatment, Disclosure):
        return _named(treatment, kind, field_type, pseudonyms)
    disclosure = treatment.discloses()
    if disclosure >= Disclosure.PARTIAL and scrubbed(kind):
        return _noted(standard(kind, field_type, Disclosure.PARTIAL, pseudonyms), treatment)
    if disclosure is Disclosure.LINKABLE and not pseudonyms_allowed(kind, pseudonyms):
        return replace(DROPPED, note=_NO_PSEUDONYM[0], note_zh=_NO_PSEUDONYM[1])
    unfit = _unfit(treatment, field_type, beside)
    if unfit is not None:
        below = Disclosure(max(disclosure - 1, Disclosure.NOTHING))
        lower = standard(kind, field_type, below, pseudonyms)
        if isinstance(treatment, When):
            # A grant that lacks the field must not get what this was to hide from some.
            choices = treatment.then, treatment.otherwise
            found = (settle(choice, kind, field_type, pseudonyms, beside) for choice in choices)
            lower = min(lower, *found, key=_weight)
        return replace(lower, note=unfit[0], note_zh=unfit[1])
    if isinstance(treatment, When):
        return _chosen(treatment, kind, field_type, pseudonyms)
    if disclosure is not Disclosure.PARTIAL:
        return Outcome(treatment, disclosure, treatment.shown())
    return _measured(treatment, kind, field_type)


class Default(NamedTuple):
    """What happens to a field without a rule, and which default says so."""

    outcome: Outcome
    source: Literal["grade", "kind", "unspoken"]


def default(
    defaults: Defaults,
    pseudonyms: Pseudonyms,
    kind: Kind,
    grade: str | None,
    field_type: FieldType | None,
    beside: Beside = None,
) -> Default:
    """Return the stricter of the grade's default and the kind's; with neither, nothing."""
    of_grade = defaults.grades.get(grade) if grade is not None else None
    of_kind = defaults.kinds.get(kind.name)
    found: list[Default] = []
    if of_grade is not None:
        outcome = settle(of_grade, kind, field_type, pseudonyms, beside)
        found.append(Default(narrowed(outcome, pseudonyms), "grade"))
    if of_kind is not None:
        outcome = settle(of_kind, kind, field_type, pseudonyms, beside)
        found.append(Default(narrowed(outcome, pseudonyms), "kind"))
    return min(found, key=lambda each: each.outcome.weight, default=_UNSPOKEN)


def narrowed(outcome: Outcome, pseudonyms: Pseudonyms) -> Outcome:
    """Bring what is keyed to the policy's own scope if it has a wider one."""
    operator = _narrowed(outcome.operator, pseudonyms)
    if operator == outcome.operator:
        return outcome
    return Outcome(operator, outcome.disclosure, operator.shown(), *_NARROWED)


def scrubbed(kind: Kind) -> bool:
    """Tell whether values are running text: never clear, nor shown by position."""
    return isinstance(kind.standard.get(Disclosure.PARTIAL), Scrub)


def pseudonyms_allowed(kind: Kind, pseudonyms: Pseudonyms) -> bool:
    """Tell whether a pseudonym hides a value of this kind, and the policy allows it.

    For a kind of few values it would be a table that whoever counts can read.
    """
    return kind.identifier and kind.name in pseudonyms.kinds


def _named(
    cap: Disclosure, kind: Kind, field_type: FieldType | None, pseudonyms: Pseudonyms
) -> Outcome:
    outcome = standard(kind, field_type, cap, pseudonyms)
    if outcome.disclosure is cap:
        return outcome
    return replace(
        outcome,
        note=f"kind {kind.name} has no {cap.label} treatment here",
        note_zh=f"{kind.title_zh}在此没有“{cap.label_zh}”的处理方式",
    )


def _measured(operator: Operator, kind: Kind, field_type: FieldType | None) -> Outcome:
    usual = kind.standard.get(Disclosure.PARTIAL)
    if usual is not None and not _fits(usual, field_type):
        usual = None  # positions of a text are not compared with those of a number
    if isinstance(operator, Scrub):  # made for running text: it may leave a bare name whole
        return Outcome(operator, Disclosure.CLEAR, _UNBOUNDED, *_SHOWS_MORE)
    shown = operator.shown()
    if usual is not None and shown <= usual.shown():
        return Outcome(operator, Disclosure.PARTIAL, shown)
    return Outcome(operator, Disclosure.CLEAR, shown, *_SHOWS_MORE)


def _noted(outcome: Outcome, written: Operator) -> Outcome:
    if outcome.operator == written:
        return outcome
    return replace(outcome, note=_RUNNING_TEXT[0], note_zh=_RUNNING_TEXT[1])


def _chosen(
    treatment: When, kind: Kind, field_type: FieldType | None, pseudonyms: Pseudonyms
) -> Outcome:
    """Settle each choice, and count the loosest.

    Where both disclose nothing they must not differ either: by which of two labels
    came out the other field would be told, and by null what this one has.
    """
    then = settle(treatment.then, kind, field_type, pseudonyms)
    otherwise = settle(treatment.otherwise, kind, field_type, pseudonyms)
    loosest = max(then, otherwise, key=_weight)
    if loosest.disclosure <= Disclosure.NOTHING:
        same = then.operator == otherwise.operator
        return then if same else replace(DROPPED, note=_TELLS[0], note_zh=_TELLS[1])
    chosen = replace(treatment, then=then.operator, otherwise=otherwise.operator)
    if field_type is not None and not chosen.takes(field_type):
        # What a choice falls to may come out of another type than the other does.
        return replace(DROPPED, note=loosest.note, note_zh=loosest.note_zh)
    return Outcome(chosen, loosest.disclosure, loosest.shown, loosest.note, loosest.note_zh)


def _weight(outcome: Outcome) -> tuple[Disclosure, float]:
    return outcome.weight


def _unfit(
    operator: Operator, field_type: FieldType | None, beside: Beside
) -> tuple[str, str] | None:
    """Say why an operator cannot be used here, in English and Chinese; None if it can."""
    if not _fits(operator, field_type):
        return (
            f"{operator.name} does not fit type {field_type}",
            f"{operator.title_zh}不适用于类型 {field_type}",
        )
    if beside is None:
        return None
    for name in sorted(operator.needs() - {EVERY_FIELD}):
        if name not in beside:
            return (
                f"{operator.name} looks at {name}, which the grant does not name",
                f"{operator.title_zh}需参照 {name}，而授权未包含该信息项",
            )
    for part in operator.parts():
        subject = part.subject if isinstance(part, Subjected) else None
        if subject is not None and not beside[subject].identifier:
            return (
                f"{part.name} needs an identifier for its subject, and {subject} is none",
                f"{part.title_zh}的主体须为标识符，而 {subject} 不是",
            )
    return None


def _fits(operator: Operator, field_type: FieldType | None) -> bool:
    return field_type is None or operator.takes(field_type)


def _scoped(operator: Operator, pseudonyms: Pseudonyms) -> Operator:
    """Give a kind's own treatment the policy's scope."""
    if not isinstance(operator, Keyed):
        return operator
    return replace(operator, scope=pseudonyms.scope)


def _narrowed(operator: Operator, pseudonyms: Pseudonyms) -> Operator:
    if isinstance(operator, When):
        then = _narrowed(operator.then, pseudonyms)
        return replace(operator, then=then, otherwise=_narrowed(operator.otherwise, pseudonyms))
    if isinstance(operator, Keyed) and rank(operator.scope) > rank(pseudonyms.scope):
        return replace(operator, scope=pseudonyms.scope)
    return operator


_UNSPOKEN = Default(DROPPED, "unspoken")
_NO_PSEUDONYM = (
    "the policy allows no pseudonyms for this kind",
    "策略未允许对该类信息使用假名",
)
_SHOWS_MORE = (
    "it shows more than the usual mask of this kind and counts as clear",
    "显示位数多于该类信息的常用掩码，按明文计",
)
_TELLS = (
    "which of two treatments it was would disclose something",
    "看出采用了哪种处理即有所披露",
)
_RUNNING_TEXT = ("running text is never clear, only scrubbed", "自由文本从不以明文提供，只做清洗")
_NARROWED = (
    "its wider scope needs a legal basis and an end date",
    "更宽的假名范围需写明法律依据和截止日期",
)
