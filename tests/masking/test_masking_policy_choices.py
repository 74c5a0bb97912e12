"""Conditionals in policies: those that can never apply, or would be dropped, are told."""

import pytest

from masking.policy import check_policy

HEAD = "policy: p\nversion: 1\nprovider: 11110000MB0000001Y\n"
WHEN = "{op: when, field: sort, among: ['1'], then: %s, otherwise: %s}"
CLEAR, REDACT, DROP, NULL = "{op: clear}", "{op: redact}", "{op: drop}", "{op: 'null'}"
NOISE, KEEP, TOKEN = "{op: noise, spread: 5000}", "{op: keep, prefix: 1}", "{op: token}"


def _rule(kind: str, treatment: str, links: str = "") -> str:
    return (
        f"{HEAD}{links}rules:\n- id: a\n  match: {{kinds: [{kind}]}}\n"
        f"  treatment: {treatment}\n  basis: 某法\n  until: 2035-12-31\n"
    )


@pytest.mark.parametrize(
    ("then", "otherwise"), [(CLEAR, DROP), (NOISE, REDACT), (NOISE, KEEP), (KEEP, NULL)]
)
def test_choices_that_never_go_together_are_told(then: str, otherwise: str) -> None:
    """In rules and in defaults: they come out of two types, whatever the field's."""
    treatment = WHEN % (then, otherwise)
    (fault,) = check_policy(_rule("amount", treatment).encode(), "p.yaml").faults
    assert fault.path == ("rules", 0, "treatment")
    assert "this treatment never applies" in fault.text
    assert "此处理永远不会适用" in fault.text_zh
    for text in (fault.remedy, fault.remedy_zh):
        assert REDACT in text
        assert NULL in text
    text = f"{HEAD}defaults: {{grades: {{G1: {treatment}}}}}\n"
    (fault,) = check_policy(text.encode(), "p.yaml").faults
    assert fault.path == ("defaults", "grades", "G1")


@pytest.mark.parametrize(
    ("then", "otherwise"), [(CLEAR, REDACT), (NOISE, NULL), (CLEAR, CLEAR), (KEEP, REDACT)]
)
def test_choices_that_go_together_somewhere_are_sound(then: str, otherwise: str) -> None:
    """One type of field is enough; of text and of anything else there is a way to hide."""
    assert check_policy(_rule("amount", WHEN % (then, otherwise)).encode(), "p.yaml").faults == ()


@pytest.mark.parametrize("kind", ["mobile", "sex"])
def test_a_pseudonym_that_is_but_a_choice_must_be_allowed(kind: str) -> None:
    """Else the whole conditional would be dropped; a choice cannot be a class."""
    text = _rule(kind, WHEN % (KEEP, TOKEN))
    (fault,) = check_policy(text.encode(), "p.yaml").faults
    assert fault.path == ("rules", 0, "treatment", "otherwise")
    assert "the policy allows no pseudonyms" in fault.text
    assert "choose another operator" in fault.remedy
    assert "nothing" not in fault.remedy
    allowed = _rule("mobile", WHEN % (KEEP, TOKEN), "pseudonyms: {kinds: [mobile]}\n")
    assert check_policy(allowed.encode(), "p.yaml").faults == ()


@pytest.mark.parametrize("operator", ["token", "pseudonym", "noise, spread: 5", "fake"])
def test_no_remedy_shows_the_widest_scope(operator: str) -> None:
    """Whoever copies an example must not let everybody join."""
    links = "pseudonyms: {kinds: [mobile], scope: x}\n"
    faults = check_policy(
        _rule("mobile", f"{{op: {operator}, scope: x}}", links).encode(), "p.yaml"
    ).faults
    scopes = [fault for fault in faults if fault.path[-1] == "scope"]
    assert len(scopes) == 2
    for fault in scopes:
        assert "`requester+purpose`" in fault.remedy
        assert "global`" not in fault.remedy
