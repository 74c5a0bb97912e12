"""Whatever a policy may say compiles for every field there is, and is opened."""

from collections.abc import Iterator

import pytest

from gateway.testing import RESOURCE, MemoryCity
from masking.grades import DEFAULT_SCHEME
from masking.kinds import KINDS
from masking.operators import operator_types
from masking.policy import check_policy
from tests.cli.command import ROW

_PARAMETERS = {
    "bucket": "width: 10",
    "grid": "millidegrees: 100",
    "keep": "prefix: 1",
    "mapping": "table: {a: b}",
    "mask": "from: 2, count: 1",
    "mask_part": "separator: '@', part: before",
    "noise": "spread: 500, subject: resident_id",
    "region": "to: city",
    "round": "to: 10",
    "shift": "subject: resident_id, days: 200",
    "top_bottom": "bottom: 1, top: 100",
    "truncate": "length: 2",
}
# Cannot be a choice; and what needs a detector of names, which is dear to load.
_APART = {"when", "scrub"}
_ALONE = {
    kind.name: f"{{op: '{kind.name}', {_PARAMETERS.get(kind.name, '')}}}"
    for kind in operator_types()
    if kind.name not in _APART
}
_HEAD = f"""\
policy: any
version: 1
provider: 11149900MB0C12002H
pseudonyms: {{kinds: [{", ".join(kind.name for kind in KINDS.values() if kind.identifier)}]}}
rules:
- id: any
  match: {{resources: ['{RESOURCE}']}}
  basis: 《…》第十二条
  until: 2035-12-31
  treatment: """


def _treatments(name: str) -> Iterator[str]:
    yield _ALONE[name]
    for other in ("redact", "null", "clear", "token", name):
        for then, otherwise in ((name, other), (other, name)):
            chosen = f"then: {_ALONE[then]}, otherwise: {_ALONE[otherwise]}"
            yield f"{{op: when, field: disabled, among: ['true'], {chosen}}}"


@pytest.mark.parametrize("name", _ALONE)
def test_what_the_policy_check_takes_is_sealed_and_opened(name: str) -> None:
    """Also where the grant lacks the fields that it looks at."""
    if name == "fpe":
        pytest.importorskip("fastfpe")
    for treatment in _treatments(name):
        text = f"{_HEAD}{treatment}\n".encode()
        document = check_policy(text, "policy.yaml", scheme=DEFAULT_SCHEME)
        if document.faults:
            assert treatment != _ALONE[name], document.faults
            continue
        city = MemoryCity(policy=document.value)
        fields = tuple(
            field.id for field in city.catalogue.resources[RESOURCE].fields if field.id in ROW
        )
        for named in fields, tuple(set(fields) - {"disabled", "resident_id"}):
            row = {field: ROW[field] for field in named}
            grant = city.grant({"fields": named, "level": "G4"})
            sealed = city.provider.seal(city.request([row, row], grant=grant))
            assert len(city.requester.open(sealed.envelope).rows()) == 2
