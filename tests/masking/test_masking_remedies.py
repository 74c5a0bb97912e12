"""Whoever does what a remedy says, to the letter, has healed the fault of the policy."""

from collections.abc import Sequence

import msgspec
import pytest

from masking.document import salvage
from masking.faults import Fault
from masking.grades import DEFAULT_SCHEME
from masking.operators import Operator, operator_types
from masking.policy import check_policy
from masking.policy.model import Policy
from tests import remedies
from tests.masking import test_masking_policy_at_once as at_once
from tests.masking.papers import Paper
from tests.mutations import mutated
from tests.remedies import Wrong

POLICY = """
policy: civil
version: 3
provider: 11110000MB0000001Y
defaults:
  grades: {G1: clear, G2: partial, G3: {op: month}, G4: {op: redact, label: x}}
  kinds:
    person_name: {op: surname}
    mobile: {op: pseudonym, digits: 20, scope: resource}
    amount: {op: bucket, width: 10, origin: 5}
pseudonyms: {kinds: [mobile, resident_id], scope: requester, basis: 某法}
rules:
  - id: names
    match:
      kinds: [person_name]
      fields: [name]
      purposes: [p]
      resources: [a/1]
      grades: [G1]
      requesters: [11149900MB0C13013W]
    treatment: {op: keep, prefix: 1, suffix: 2}
    basis: 某法
    from: 2026-01-01
    until: 2027-12-31
sealing: {suites: [2, 1], cache: {seconds: 30, envelopes: 10}, lifetime_hours: 2}
"""
PAPER = """
paper: a
version: 1
grades: {A: clear, B: {op: keep, prefix: 3, suffix: 2}}
rules:
  - {id: a, act: low, from: 2026-01-01, at: '2026-01-01T00:00:00Z', until: 2026-01-02}
  - {id: b, act: {op: 'null'}, colour: red, fields: [x], ratio: 0.2, price: 1.5, flag: true}
  - {id: c, word: x, either: 3}
regions: [a]
names: [b]
levels: {low: 3}
"""
WRONGS = [remedies.lacking, remedies.misspelt, remedies.mistyped]


def policy_faults(text: bytes) -> Sequence[Fault]:
    """Read a policy, and tell what its schema says."""
    return salvage(text, Policy, file="policy.yaml").faults


def paper_faults(text: bytes) -> Sequence[Fault]:
    """Read a paper."""
    return salvage(text, Paper, file="paper.yaml").faults


def test_the_policy_has_every_key() -> None:
    """Else a remedy of one would go untried."""
    operators = {key for each in operator_types() for key in remedies.keys_of(each)}
    file = remedies.tree(POLICY)
    written = {path[-1] for path in remedies.places(file)}
    assert remedies.keys_of(Policy) - operators <= written
    assert not policy_faults(remedies.written(file))
    assert not paper_faults(remedies.written(remedies.tree(PAPER)))


@pytest.mark.parametrize("operator", operator_types(), ids=lambda each: each.name)
def test_what_a_remedy_spells_out_heals_an_operator(operator: type[Operator]) -> None:
    """From its name alone, and each of its parameters."""
    file = remedies.tree(POLICY)
    rule = ("rules", 0, "treatment")
    for written in (operator.name, {"op": operator.name}):
        remedies.at(file, rule[:-1])["treatment"] = written
        remedies.healed(Wrong(operator.name, file, rule, "partial"), policy_faults)
    for field in msgspec.structs.fields(operator):
        for name, value in remedies.WRONG.items():
            remedies.at(file, rule[:-1])["treatment"] = {
                "op": operator.name,
                field.encode_name: value,
            }
            wrong = Wrong(f"{name} as {field.encode_name}", file, rule, "partial")
            remedies.healed(wrong, policy_faults)


@pytest.mark.parametrize("wrongs", WRONGS)
def test_what_a_remedy_spells_out_heals_a_policy(wrongs: remedies.Wrongs) -> None:
    """Of a key that is missing, misspelt or holds something else."""
    healed = [remedies.healed(wrong, policy_faults) for wrong in wrongs(remedies.tree(POLICY))]
    assert sum(map(bool, healed)) > len(healed) / 8


@pytest.mark.parametrize("wrongs", WRONGS)
def test_what_a_remedy_spells_out_heals_any_type(wrongs: remedies.Wrongs) -> None:
    """Numbers, dates, enums, sets, alternatives."""
    healed = [remedies.healed(wrong, paper_faults) for wrong in wrongs(remedies.tree(PAPER))]
    assert any(healed)


def beyond(text: bytes) -> Sequence[Fault]:
    """Read a policy, and tell what is wrong beyond its schema too."""
    return check_policy(text, at_once.P, scheme=DEFAULT_SCHEME).faults


@pytest.mark.parametrize("name", [each.name for each in at_once.BEYOND_THE_SCHEMA])
def test_what_a_remedy_spells_out_heals_beyond_the_schema(name: str) -> None:
    """A rule that lacks its basis, a kind that is none, a scope too wide."""
    text = mutated(at_once.SOUND, [at_once.FAULTY[name]])[at_once.P].decode()
    wrong = Wrong(name, remedies.tree(text), (), None)
    for fault in beyond(remedies.written(wrong.file)):
        if remedies.followable(fault):
            remedies.followed(wrong, fault, beyond)
