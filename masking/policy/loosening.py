"""Find rules that cannot but disclose more than the defaults.

Which fields a rule will meet is not known when its policy is read, only which
kinds and grades it may meet. A rule that is stricter than the default for some
of those and looser for others may well be meant to restrict (where it would
loosen, planning holds it to the default). A rule that is nowhere stricter, and
looser somewhere, has no other purpose.
"""

from typing import NamedTuple

from masking.grades import Disclosure
from masking.kinds import KINDS, Kind
from masking.policy.model import Defaults, Pseudonyms, Rule
from masking.policy.outcome import default, narrowed, settle


class Example(NamedTuple):
    """A kind and grade for which a rule discloses more than `usual`."""

    kind: Kind
    grade: str | None
    usual: Disclosure

    @property
    def about(self) -> tuple[str, str]:
        """Name it in English and Chinese."""
        if self.grade is None:
            return self.kind.name, self.kind.title_zh
        return f"{self.kind.name} of grade {self.grade}", f"{self.grade} 级的{self.kind.title_zh}"


def example(rule: Rule, defaults: Defaults, pseudonyms: Pseudonyms) -> Example | None:
    """Return where a rule discloses more than the default; None if it may be stricter."""
    kinds = KINDS.values() if rule.match.kinds is None else _known(rule.match.kinds)
    grades = rule.match.grades or tuple(defaults.grades) or (None,)
    looser: Example | None = None
    for kind in kinds:
        outcome = narrowed(settle(rule.treatment, kind, None, pseudonyms), pseudonyms)
        for grade in grades:
            usual = default(defaults, pseudonyms, kind, grade, None).outcome
            if outcome.weight < usual.weight:
                return None
            if looser is None and outcome.weight > usual.weight:
                looser = Example(kind, grade, usual.disclosure)
    return looser


def _known(names: tuple[str, ...]) -> list[Kind]:
    return [KINDS[name] for name in names if name in KINDS]
