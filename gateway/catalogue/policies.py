"""Hold a masking policy against a catalogue: a rule that names nothing never applies."""

from collections.abc import Iterable, Iterator

from gateway.model.trust import Catalogue
from masking.document import Document, Fault
from masking.document.words import nearest
from masking.policy import Policy


def unmatched(document: Document[Policy], catalogue: Catalogue) -> Iterator[Fault]:
    """Yield a fault for every resource, field and purpose of a rule that is not catalogued.

    A restriction that is mistyped would leave the looser default in force.
    """
    fields = {field.id for resource in catalogue.resources.values() for field in resource.fields}
    for index, rule in enumerate(document.value.rules):
        match = rule.match
        for attribute, names, known in (
            ("resources", match.resources, set(catalogue.resources)),
            ("fields", match.fields, fields),
            ("purposes", match.purposes, set(catalogue.purposes)),
        ):
            path = ("rules", index, "match", attribute)
            yield from _unknown(document, path, names or (), known)


def _unknown(
    document: Document[Policy], path: tuple[str | int, ...], names: Iterable[str], known: set[str]
) -> Iterator[Fault]:
    for place, name in enumerate(names):
        if name in known:
            continue
        near = nearest(name, sorted(known))
        yield document.fault(
            (*path, place),
            "the catalogue does not have this, so that the rule never applies",
            "目录中没有该项，此规则永远不会适用",
            f"write {near}" if near else "write what the catalogue has",
            f"是否为 {near}" if near else "请按目录填写",
        )
