"""Check the fields that treatments look at beside the one they are about.

Where the grant lacks such a field, or it is to be a subject and identifies
nobody, planning lets the treatment fall to the class below. A name of which
this is so in every resource that the treatment may meet is a slip. Which
resources there are only a catalogue tells; without one nothing is said.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from masking.document import Found, each, judged, stands_for
from masking.document.partial import UnreadError
from masking.document.words import instead, nearest
from masking.faults import quote
from masking.kinds import KINDS
from masking.operators._keyed import Subjected
from masking.operators.when import When
from masking.policy.linking import chosen
from masking.policy.loosening import CataloguedField, met
from masking.policy.model import Match, Policy, Rule, Treatment
from masking.policy.naming import Path

# Finding the nearest of many names is slow: a policy of nothing but slips must not take minutes.
MAX_COMPARED = 200_000


class _Named(NamedTuple):
    """A field that a treatment names, and whether it is to be a subject."""

    path: Path
    field: str
    subject: bool


class _Resources(NamedTuple):
    """The resources that a treatment may meet, by their fields, and what to call them."""

    fields: Sequence[CataloguedField]
    words: str
    words_zh: str


class FieldsBeside:
    """Checks what treatments of a policy look at, among the fields of its provider."""

    def __init__(self, fields: Sequence[CataloguedField]) -> None:
        self._fields = fields
        self._compared = 0

    def faults(self, policy: Policy) -> Iterator[Found]:
        """Yield the fields that treatments name in vain."""
        if self._fields:
            yield from judged(self._of_defaults(policy), self._of_rules(policy))

    def _of_defaults(self, policy: Policy) -> Iterator[Found]:
        for section in ("grades", "kinds"):
            for name, treatment in each(getattr(policy.defaults, section)):
                for named in _named(("defaults", section, name), treatment):
                    yield from self._in_vain(named, self._any())

    def _of_rules(self, policy: Policy) -> Iterator[Found]:
        for index, rule in each(policy.rules):
            yield from judged(self._of_rule(("rules", index, "treatment"), rule))

    def _of_rule(self, path: Path, rule: Rule) -> Iterator[Found]:
        for named in _named(path, rule.treatment):
            yield from self._in_vain(named, self._met(rule.match))

    def _any(self) -> _Resources:
        return _Resources(self._fields, "resource of this provider", "该部门的资源")

    def _met(self, match: Match) -> _Resources:
        """Return the resources with a field that a rule is about; any, if none is known."""
        try:
            resources = {field.resource for field in met(match, self._fields)}
        except UnreadError:
            return self._any()
        if not resources:
            return self._any()
        fields = [field for field in self._fields if field.resource in resources]
        return _Resources(fields, "resource that this rule meets", "该规则适用的资源")

    def _in_vain(self, named: _Named, resources: _Resources) -> Iterator[Found]:
        ids = {field.id: None for field in resources.fields}
        identifying = {field.id: None for field in resources.fields if KINDS[field.kind].identifier}
        known = identifying if named.subject else ids
        if named.field in known:
            return
        shown = quote(named.field)
        if named.field in ids:
            text = f"'{shown}' identifies nobody in any {resources.words}"
            text_zh = f"“{shown}”在{resources.words_zh}中不是标识类信息项"
        else:
            text = f"no {resources.words} has a field '{shown}'"
            text_zh = f"{resources.words_zh}中没有信息项“{shown}”"
        yield Found(
            named.path,
            f"{text}, so that this treatment never applies",
            f"{text_zh}，此处理永远不会适用",
            *self._remedy(named.field, tuple(known)),
        )

    def _remedy(self, name: str, known: Sequence[str]) -> tuple[str, str]:
        if not known:
            return _NOBODY
        if self._compared >= MAX_COMPARED:
            return instead(None, known)
        self._compared += len(known)
        return instead(nearest(name, known), known)


def _named(path: Path, treatment: Treatment) -> Iterator[_Named]:
    """Yield the fields that a treatment names, as far as it can be read."""
    for keys, operator in chosen(treatment):
        with suppress(UnreadError):
            if stands_for(operator, When):
                yield _Named((*path, *keys, "field"), operator.field, subject=False)
        with suppress(UnreadError):
            if (
                stands_for(operator, Subjected)  # type: ignore[type-abstract]  # only asked of instances
                and operator.subject is not None
            ):
                yield _Named((*path, *keys, "subject"), operator.subject, subject=True)


_NOBODY = (
    "choose a treatment without a subject; no field there identifies anybody",
    "请改用没有主体的处理；其中没有标识类信息项",
)
