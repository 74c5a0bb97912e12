"""Fields that a treatment looks at: beside a catalogue, those that are nowhere are told."""

import copy
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.faults import Fault
from masking.grades import DEFAULT_SCHEME
from masking.operators import FieldName, operator_types
from masking.operators._keyed import Subjected
from masking.operators.when import When
from masking.policy import CataloguedField, check_policy
from masking.policy.beside import MAX_COMPARED
from tests import remedies
from tests.masking.test_masking_policy_at_once import DEFAULTS, FAULTY, RULES, SOUND, P
from tests.mutations import Mutation, chosen, mutated, put, rename, said
from tests.remedies import Wrong

PROVIDER = "11110000MB0000001Y"
FIELDS = [
    CataloguedField("a/1", "resident_id", "string", "resident_id", "G3"),
    CataloguedField("a/1", "birth_date", "date", "birth_date", "G2"),
    CataloguedField("a/1", "sort", "code", "general", "G1"),
    CataloguedField("b/1", "credit_code", "string", "uscc", "G1"),
    CataloguedField("b/1", "founded", "date", "date", "G1"),
    CataloguedField("c/1", "opened", "date", "date", "G4"),
]
HEAD = f"policy: p\nversion: 1\nprovider: {PROVIDER}\n"
TERMS = "basis: 某法, until: 2035-12-31"


def told(
    text: str, fields: Mapping[str, Sequence[CataloguedField]] | None = None
) -> tuple[Fault, ...]:
    """List the faults of a policy, beside the catalogue above if no other is given."""
    fields = {PROVIDER: FIELDS} if fields is None else fields
    document = check_policy(text.encode(), "p.yaml", scheme=DEFAULT_SCHEME, fields=fields)
    return document.faults


def rule(match: str, treatment: str) -> str:
    return (
        f"{HEAD}rules:\n- id: a\n  match: {{{match}}}\n"
        f"  treatment: {treatment}\n  basis: 某法\n  until: 2035-12-31\n"
    )


SHIFT = "{op: shift, subject: %s, days: 200}"
ANY = "resources: [a/1, b/1]"


@pytest.mark.parametrize(
    ("match", "treatment", "keys", "column", "text", "remedy"),
    [
        ("resources: [a/1]", SHIFT % "resident_it", ("subject",), 35,
         "no resource that this rule meets has a field 'resident_it', "
         "so that this treatment never applies", "did you mean 'resident_id'?"),
        ("resources: [b/1]", SHIFT % "resident_id", ("subject",), 35,
         "has a field 'resident_id'", "use 'credit_code'"),
        ("fields: [founded]", SHIFT % "resident_id", ("subject",), 35,
         "has a field 'resident_id'", "use 'credit_code'"),
        ("grades: [G2]", SHIFT % "sort", ("subject",), 35,
         "'sort' identifies nobody in any resource that this rule meets", "use 'resident_id'"),
        (ANY, SHIFT % "nobody", ("subject",), 35,
         "has a field 'nobody'", "use one of resident_id, credit_code"),
        ("resources: [c/1]", SHIFT % "opened", ("subject",), 35,
         "'opened' identifies nobody", "choose a treatment without a subject"),
        ("fields: [neverland]", SHIFT % "neverland", ("subject",), 35,
         "no resource of this provider has a field 'neverland'", "use one of"),
        (ANY, "{op: noise, spread: 5, subject: founded}", ("subject",), 46,
         "'founded' identifies nobody", "use one of resident_id, credit_code"),
        (ANY, "{op: when, field: sorts, among: ['1'], then: {op: clear}}", ("field",), 32,
         "has a field 'sorts'", "did you mean 'sort'?"),
        (ANY, "{op: when, field: sort, among: ['1'], then: {op: fake, subject: sort}}",
         ("then", "subject"), 78, "'sort' identifies nobody", "use one of"),
        (ANY, "{op: when, field: sort, among: ['1'], then: {op: redact},"
         " otherwise: {op: fake, subject: credit_cod}}",
         ("otherwise", "subject"), 103, "has a field 'credit_cod'", "did you mean 'credit_code'?"),
    ],
)  # fmt: skip
def test_a_field_that_is_named_in_vain_is_told(
    match: str, treatment: str, keys: tuple[str, ...], column: int, text: str, remedy: str
) -> None:
    """At the key that names it, also inside a conditional; what to write is a field there."""
    (fault,) = told(rule(match, treatment))
    assert (fault.line, fault.column) == (7, column)
    assert fault.path == ("rules", 0, "treatment", *keys)
    assert text in fault.text
    assert "此处理永远不会适用" in fault.text_zh
    assert remedy in fault.remedy
    assert fault.remedy_zh


@pytest.mark.parametrize(
    ("match", "treatment"),
    [
        (ANY, SHIFT % "resident_id"),
        (ANY, SHIFT % "credit_code"),
        ("kinds: [date]", SHIFT % "credit_code"),
        ("purposes: [p]", SHIFT % "resident_id"),
        ("fields: [elsewhere]", SHIFT % "resident_id"),
        ("resources: [other/1]", SHIFT % "resident_id"),
        (ANY, "{op: noise, spread: 5}"),
        (ANY, "{op: when, field: sort, among: ['1'], then: {op: fake}}"),
        (ANY, "partial"),
        ("kinds: [free_text]", "{op: scrub}"),
    ],
)
def test_a_field_of_one_resource_is_enough(match: str, treatment: str) -> None:
    """In the others planning lets the treatment fall, which may well be meant."""
    assert told(rule(match, treatment)) == ()


def test_a_scope_that_is_too_wide_inside_a_conditional_is_healed() -> None:
    """By basis and end date, which belong to the rule and not to the choice."""
    treatment = "{op: when, field: sort, among: ['1'], then: {op: noise, spread: 5, scope: global}}"
    text = f"{HEAD}rules: [{{id: a, match: {{grades: [G1]}}, treatment: {treatment}}}]\n"
    (path,) = (fault.path for fault in told(text) if fault.path[-1] == "scope")
    assert path == ("rules", 0, "treatment", "then", "scope")
    assert remedies.healed(Wrong("scope", remedies.tree(text), (), None), _told_bytes)


@pytest.mark.parametrize("section", ["grades: {G2", "kinds: {birth_date"])
def test_a_default_may_meet_any_resource_of_the_provider(section: str) -> None:
    """A field of none of them is a slip there too."""
    text = f"{HEAD}defaults:\n  {section}: {{op: shift, subject: %s, days: 200}}}}\n"
    assert told(text % "credit_code") == ()
    (fault,) = told(text % "credit_cod")
    assert fault.path[-1] == "subject"
    assert "no resource of this provider has a field 'credit_cod'" in fault.text
    assert "该部门的资源中没有信息项“credit_cod”" in fault.text_zh
    (fault,) = told(text % "sort")
    assert "'sort' identifies nobody in any resource of this provider" in fault.text


@pytest.mark.parametrize("fields", [{}, {"11110000MB00000010": FIELDS}, {PROVIDER: []}])
def test_without_a_catalogue_nothing_is_said(
    fields: Mapping[str, Sequence[CataloguedField]],
) -> None:
    """Nor where it has no resource of this provider."""
    assert told(rule(ANY, SHIFT % "neverland"), fields) == ()


def test_each_scope_that_is_too_wide_is_told_where_it_stands() -> None:
    """In both choices of a conditional, in rules and in defaults."""
    wide = "{op: fake, subject: resident_id, scope: %s}"
    when = (
        f"{{op: when, field: sort, among: ['1'], then: {wide % 'global'},"
        f" otherwise: {wide % 'requester'}}}"
    )
    links = "pseudonyms: {kinds: [mobile, person_name]}\n"
    text = f"{HEAD}{links}rules: [{{id: a, match: {{grades: [G2]}}, treatment: {when}}}]\n"
    one, other = (fault for fault in told(text) if "scope" in fault.path)
    assert one.path == ("rules", 0, "treatment", "then", "scope")
    assert other.path == ("rules", 0, "treatment", "otherwise", "scope")
    line = text.splitlines()[-1]
    assert one.column == line.index("global") + 1
    assert other.column == line.rindex("requester") + 1
    text = f"{HEAD}{links}defaults: {{grades: {{G1: {when}}}}}\n"
    assert [fault.path[3:] for fault in told(text)] == [
        ("then", "scope"),
        ("otherwise", "scope"),
    ]


@pytest.mark.parametrize(
    "operator",
    ["shift, days: 200, subject: resident_id", "noise, spread: 5000", "fake"],
)
def test_the_scope_of_whatever_is_keyed_is_judged(operator: str) -> None:
    """As a pseudonym's: a wider one needs a basis, and no default has it."""
    written = f"{{op: {operator}, scope: global}}"
    text = f"{HEAD}pseudonyms: {{kinds: [mobile]}}\nrules: [{{id: a, match: {{grades: [G1]}}, "
    paths = [fault.path for fault in told(f"{text}treatment: {written}}}]\n")]
    assert ("rules", 0, "treatment", "scope") in paths
    licensed = told(f"{text}treatment: {written}, {TERMS}}}]\n")
    assert licensed == ()
    (fault,) = told(f"{HEAD}defaults: {{grades: {{G1: {written}}}}}\n")
    assert fault.path == ("defaults", "grades", "G1", "scope")


def test_every_field_that_an_operator_names_is_checked() -> None:
    """By its parameter: `field` of a conditional, `subject` of what has one."""
    for operator in operator_types():
        for field in msgspec.structs.fields(operator):
            if field.type in (FieldName, FieldName | None):
                assert issubclass(operator, {"field": When, "subject": Subjected}[field.name])


def test_a_policy_of_nothing_but_slips_is_read_in_no_time() -> None:
    """Beyond some names none is looked for any more; all are told."""
    fields = [
        CataloguedField("a/1", f"field_{number}", "string", "mobile", "G1")
        for number in range(2000)
    ]
    rules = "".join(
        f"- {{id: r{n}, match: {{grades: [G1]}}, treatment: {{op: fake, subject: fjeld_{n}}}, "
        f"{TERMS}}}\n"
        for n in range(MAX_COMPARED // 2000 + 20)
    )
    found = told(f"{HEAD}rules:\n{rules}", {PROVIDER: fields})
    assert len(found) == MAX_COMPARED // 2000 + 20
    assert sum("did you mean" in fault.remedy for fault in found) == MAX_COMPARED // 2000


# Beside other faults

_BOTH: dict[str, Any] = copy.deepcopy(SOUND)
_BOTH[P]["rules"] += [
    {
        "id": "births",
        "match": {"resources": ["a/1"], "kinds": ["birth_date"]},
        "treatment": {"op": "shift", "subject": "resident_id", "days": 200},
        "basis": "《…》第十二条",
        "until": "2035-12-31",
    },
    {
        "id": "founded",
        "match": {"fields": ["founded"]},
        "treatment": {
            "op": "when",
            "field": "credit_code",
            "among": ["1"],
            "then": {"op": "shift", "subject": "credit_code", "days": 30},
            "otherwise": {"op": "null"},
        },
        "basis": "《…》第十二条",
        "until": "2035-12-31",
    },
]
_BOTH[P]["defaults"]["kinds"]["amount"] = {"op": "noise", "spread": 9000, "subject": "resident_id"}
_BIRTHS, _FOUNDED = (*RULES, 3), (*RULES, 4)
_ABOUT = (P, "provider")
BESIDE = [
    put((*_BIRTHS, "treatment", "subject"), "resident_it", _ABOUT, (*_BIRTHS, "match")),
    put((*_BIRTHS, "treatment", "subject"), "sort", _ABOUT, (*_BIRTHS, "match")),
    put((*_FOUNDED, "treatment", "field"), "credit_cod", _ABOUT, (*_FOUNDED, "match")),
    put((*_FOUNDED, "treatment", "then", "subject"), "founded", _ABOUT, (*_FOUNDED, "match")),
    put((*DEFAULTS, "kinds", "amount", "subject"), "sort", _ABOUT),
]
# What leaves these as they are, however near.
NEAR = [
    put((*_BIRTHS, "treatment", "days"), 1),
    put((*_FOUNDED, "treatment", "then", "days"), 1),
    put((*_FOUNDED, "treatment", "otherwise"), {"op": "monht"}),
    put((*_FOUNDED, "treatment", "colour"), "red"),
    put((*_FOUNDED, "treatment", "among"), []),
    put((*DEFAULTS, "kinds", "amount", "spread"), 0),
    rename((*_BIRTHS, "basis"), "basiss"),
]
_ALL: dict[str, Mutation] = {each.name: each for each in (*BESIDE, *NEAR)} | FAULTY


def _faults(mutations: Sequence[Mutation]) -> tuple[Fault, ...]:
    return told(mutated(_BOTH, mutations)[P].decode())


@cache
def _alone(name: str) -> list[tuple[str, ...]]:
    return said(_faults([_ALL[name]]))


def test_the_policy_is_sound_before() -> None:
    """Else its own fault would be found beside each."""
    assert _faults([]) == ()


@pytest.mark.parametrize("name", [each.name for each in BESIDE])
def test_a_name_in_vain_is_one_fault(name: str) -> None:
    """Nothing follows from it."""
    assert len(_alone(name)) == 1


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(each.name for each in BESIDE)),
    st.lists(st.sampled_from(sorted(_ALL)), min_size=1, max_size=4),
)
def test_faults_beside_hide_nothing_and_make_nothing_up(first: str, names: list[str]) -> None:
    """What cannot be read elsewhere in the file, or in the very treatment, bears on none."""
    apart = chosen([first, *names], _ALL)
    assert said(_faults(apart)) == sorted(fault for one in apart for fault in _alone(one.name))


@pytest.mark.parametrize("name", [each.name for each in BESIDE])
def test_whoever_does_what_a_remedy_says_has_healed_it(name: str) -> None:
    """To the letter."""
    text = mutated(_BOTH, [_ALL[name]])[P].decode()
    assert remedies.healed(Wrong(name, remedies.tree(text), (), None), _told_bytes)


def _told_bytes(written: bytes) -> Sequence[Fault]:
    return told(written.decode())
