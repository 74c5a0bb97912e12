"""Hold a masking policy against a catalogue: a rule that names nothing never applies."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import cast

from gateway.catalogue.leaning import Known
from gateway.model.trust import Catalogue
from masking.document import Found, each, judged
from masking.faults import quote
from masking.operators import FieldType
from masking.policy import CataloguedField, Policy, Rule, check_policy, placed

_WORDS = {
    "resources": ("resource", "资源"),
    "fields": ("field", "信息项"),
    "purposes": ("purpose", "用途"),
}


def read_policy_beside(text: bytes, file: str, catalogue: Catalogue) -> Policy:
    """Read a policy whose rules name only what the catalogue has.

    Raises:
        PolicyInvalidError: with every fault of the file, in its order.
    """
    document = check_policy(text, file, scheme=catalogue.grades, fields=_fields(catalogue))
    found = document.found(partial(unmatched, catalogue=catalogue))
    return document.with_faults(map(placed, found)).value


def _fields(catalogue: Catalogue) -> Mapping[str, list[CataloguedField]]:
    """Return the fields of each provider."""
    fields: dict[str, list[CataloguedField]] = {}
    for resource in catalogue.resources.values():
        fields.setdefault(resource.provider.department, []).extend(
            # The catalogue spells a type with an enum of its own.
            CataloguedField(
                resource.code, each.id, cast("FieldType", each.type), each.kind, each.grade
            )
            for each in resource.fields
        )
    return fields


def unmatched(policy: Policy, catalogue: Catalogue) -> Iterator[Found]:
    """Yield a fault for every resource, field and purpose of a rule that is not catalogued.

    A restriction that is mistyped would leave the looser default in force.
    """
    fields = {field.id for resource in catalogue.resources.values() for field in resource.fields}
    known = {
        "resources": Known(sorted(catalogue.resources)),
        "fields": Known(sorted(fields)),
        "purposes": Known(sorted(catalogue.purposes)),
    }
    for index, rule in each(policy.rules):
        yield from judged(*(_unknown(index, rule, part, known[part]) for part in known))


def _unknown(index: int, rule: Rule, attribute: str, known: Known) -> Iterator[Found]:
    names: Iterable[tuple[int, str]] = each(getattr(rule.match, attribute) or ())
    word, word_zh = _WORDS[attribute]
    for place, name in names:
        if known.lack(name):
            yield Found(
                ("rules", index, "match", attribute, place),
                f"the catalogue has no {word} '{quote(name)}', so that the rule never applies",
                f"目录中没有{word_zh}“{quote(name)}”，此规则永远不会适用",
                *known.instead(name),
            )
