"""Beside a catalogue a policy's faults name what the catalogue has."""

import copy

import pytest

from gateway.catalogue import read_catalogue
from gateway.catalogue.policies import read_policy_beside
from gateway.model.trust import Catalogue
from masking.errors import PolicyInvalidError
from masking.faults import Fault
from masking.policy import read_policy
from tests.gateway.small_catalogue import SOUND, A, B
from tests.mutations import mutated

PROVIDER = "11149900MB0C12002H"
HEAD = f"""\
policy: civil-affairs
version: 1
provider: {PROVIDER}
defaults:
  grades: {{G1: clear, G2: partial, G3: nothing}}
pseudonyms: {{kinds: [resident_id]}}
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Read two entries, the second of another provider."""
    plain = copy.deepcopy(SOUND)
    plain[A]["fields"][1].update(kind="person_name", grade="G2")
    plain[A]["fields"][4].update(kind="amount", grade="G3")
    plain[B]["provider"]["department"] = "11149900MB0C13013W"
    plain[B]["grade"] = plain[B]["fields"][0]["grade"] = "G2"
    return read_catalogue(mutated(plain, []))


def _faults(text: str, catalogue: Catalogue) -> tuple[Fault, ...]:
    with pytest.raises(PolicyInvalidError) as caught:
        read_policy_beside(text.encode(), "p.yaml", catalogue)
    return caught.value.faults


def _rule(match: str, treatment: str = "clear") -> str:
    return f"{HEAD}rules: [{{id: a, match: {{{match}}}, treatment: {treatment}}}]\n"


@pytest.mark.parametrize(
    ("match", "treatment", "about", "about_zh"),
    [
        (
            "fields: [name]",
            "clear",
            "name of a/1, person_name of grade G2: partial",
            "a/1 的 name，G2 级的姓名：部分披露",
        ),
        (
            "grades: [G3]",
            "partial",
            "income of a/1, amount of grade G3: nothing",
            "a/1 的 income，G3 级的金额：不披露",
        ),
        (
            "purposes: [p], kinds: [mobile]",
            "clear",
            "mobile of grade G2: partial",
            "G2 级的手机号：部分披露",
        ),
        (
            "resources: [b/1], grades: [G2]",
            "clear",
            "any field of grade G2: partial",
            "G2 级的任一信息项：部分披露",
        ),
        (
            "fields: [key], grades: [G2]",
            "clear",
            "field key of grade G2: partial",
            "G2 级的信息项 key：部分披露",
        ),
    ],
)
def test_a_rule_that_loosens_is_told_by_a_field_that_it_meets(
    catalogue: Catalogue, match: str, treatment: str, about: str, about_zh: str
) -> None:
    """Of the policy's own provider, whose fields alone it will meet; else by what it matches."""
    (fault,) = _faults(_rule(match, treatment), catalogue)
    assert f"discloses more than the default ({about})" in fault.text
    assert f"高于默认处理（{about_zh}）" in fault.text_zh


@pytest.mark.parametrize(
    ("match", "treatment"),
    [
        ("fields: [name]", "clear"),
        ("fields: [name]", "partial"),
        ("kinds: [mobile]", "clear"),
        ("kinds: [mobile]", "linkable"),
        ("grades: [G1]", "clear"),
        ("grades: [G3]", "partial"),
        ("purposes: [p]", "{op: keep, prefix: 1}"),
    ],
)
def test_the_catalogue_makes_no_rule_looser_or_stricter(
    catalogue: Catalogue, match: str, treatment: str
) -> None:
    """A node reads the policy without it, and must come to the same."""
    text = _rule(match, treatment)

    def places(read: object) -> list[tuple[object, ...]]:
        try:
            if read is read_policy:
                read_policy(text.encode(), "p.yaml", scheme=catalogue.grades)
            else:
                read_policy_beside(text.encode(), "p.yaml", catalogue)
        except PolicyInvalidError as refusal:
            return [fault.path for fault in refusal.faults]
        return []

    assert places(read_policy) == places(read_policy_beside)


def test_a_provider_with_a_slip_is_put_right(catalogue: Catalogue) -> None:
    """By the catalogue's providers; without one there is only the check digit."""
    text = HEAD.replace("MB0C12002H", "MB0C12003H")
    (fault,) = _faults(text, catalogue)
    assert fault.text == "provider: the check digit of this code is wrong"
    assert fault.remedy == f"did you mean '{PROVIDER}'?"
    with pytest.raises(PolicyInvalidError) as caught:
        read_policy(text.encode(), "p.yaml")
    assert caught.value.faults[0].remedy.startswith("copy the department's")


@pytest.mark.parametrize(
    ("match", "text", "remedy"),
    [
        (
            "resources: [A/1]",
            "rules[1].match.resources[1]: the catalogue has no resource 'A/1'",
            "did you mean 'a/1'?",
        ),
        (
            "fields: [incom]",
            "rules[1].match.fields[1]: the catalogue has no field 'incom'",
            "did you mean 'income'?",
        ),
        (
            "purposes: [P]",
            "rules[1].match.purposes[1]: the catalogue has no purpose 'P'",
            "did you mean 'p'?",
        ),
        ("purposes: [x]", "the catalogue has no purpose 'x'", "use one of p, q"),
    ],
)
def test_a_name_that_the_catalogue_lacks_is_told_with_the_nearest(
    catalogue: Catalogue, match: str, text: str, remedy: str
) -> None:
    """Such a rule would never apply."""
    (fault,) = _faults(_rule(match, "nothing"), catalogue)
    assert text in fault.text
    assert fault.remedy.startswith(remedy)
