"""Policy files: what is read from them, and every fault with its place and remedy."""

from datetime import date

import pytest

from masking.errors import PolicyInvalidError
from masking.faults import Fault
from masking.grades import DEFAULT_SCHEME, Disclosure
from masking.operators.keep import Keep
from masking.operators.null import Null
from masking.operators.pseudonym import Pseudonym
from masking.operators.surname import Surname
from masking.policy import (
    Cache,
    Defaults,
    Match,
    Policy,
    Pseudonyms,
    Rule,
    Sealing,
    read_policy,
)

FULL = """\
policy: civil-affairs-default
version: 3
provider: 11110000MB0000001Y
defaults:
  grades: {G1: clear, G2: partial, G3: partial, G4: nothing}
  kinds:
    resident_id: partial
    person_name: {op: surname}
    photo: {op: null}
    free_text: refuse
pseudonyms: {kinds: [resident_id, uscc, mobile], scope: requester, basis: 《…》第九条}
rules:
  - id: pension-check-id
    match: {resources: [3070/1], kinds: [resident_id], requesters: [12110000MB0000002X]}
    treatment: clear
    basis: 《…》第十二条
    from: 2026-01-01
    until: 2027-12-31
  - id: less-for-tax
    match: {purposes: [tax], grades: [G1]}
    treatment: {op: keep, suffix: 2}
sealing: {suites: [2], cache: {seconds: 0}, lifetime_hours: 2}
"""
LEAST = """\
policy: least
version: 1
provider: 11110000MB0000001Y
"""


def faults(text: str) -> list[Fault]:
    with pytest.raises(PolicyInvalidError) as refusal:
        read_policy(text.encode(), "p.yaml", scheme=DEFAULT_SCHEME)
    found = list(refusal.value.faults)
    assert refusal.value.fault_count == len(found)
    assert [(fault.line, fault.column) for fault in found] == sorted(
        (fault.line, fault.column) for fault in found
    )
    for fault in found:
        assert fault.file == "p.yaml"
        assert all((fault.text, fault.text_zh, fault.remedy, fault.remedy_zh))
    return found


def test_a_full_policy_is_read() -> None:
    """Every key of the format has its place in the value."""
    assert read_policy(FULL.encode(), "p.yaml", scheme=DEFAULT_SCHEME) == Policy(
        id="civil-affairs-default",
        version=3,
        provider="11110000MB0000001Y",
        defaults=Defaults(
            grades={
                "G1": Disclosure.CLEAR,
                "G2": Disclosure.PARTIAL,
                "G3": Disclosure.PARTIAL,
                "G4": Disclosure.NOTHING,
            },
            kinds={
                "resident_id": Disclosure.PARTIAL,
                "person_name": Surname(),
                "photo": Null(),
                "free_text": Disclosure.REFUSE,
            },
        ),
        pseudonyms=Pseudonyms(
            kinds=("resident_id", "uscc", "mobile"), scope="requester", basis="《…》第九条"
        ),
        rules=(
            Rule(
                id="pension-check-id",
                match=Match(
                    resources=("3070/1",),
                    kinds=("resident_id",),
                    requesters=("12110000MB0000002X",),
                ),
                treatment=Disclosure.CLEAR,
                basis="《…》第十二条",
                start=date(2026, 1, 1),
                until=date(2027, 12, 31),
            ),
            Rule(
                id="less-for-tax",
                match=Match(purposes=("tax",), grades=("G1",)),
                treatment=Keep(suffix=2),
            ),
        ),
        sealing=Sealing(suites=(2,), cache=Cache(seconds=0, envelopes=1000), lifetime_hours=2),
    )


def test_the_least_policy_gives_nothing_and_seals_to_all_suites() -> None:
    """Three keys are enough; what is left out is the safe choice."""
    policy = read_policy(LEAST.encode(), "p.yaml")
    assert policy.defaults == Defaults()
    assert policy.pseudonyms == Pseudonyms(scope="requester+purpose")
    assert policy.rules == ()
    assert policy.sealing == Sealing(suites=(1, 2), cache=Cache(seconds=60, envelopes=1000))
    assert policy.sealing.lifetime_hours == 24


def test_grades_are_checked_only_against_a_scheme() -> None:
    """Without one the names may be any."""
    text = LEAST + "defaults: {grades: {TOP: nothing}}\n"
    assert read_policy(text.encode(), "p.yaml").defaults.grades == {"TOP": Disclosure.NOTHING}
    [fault] = faults(text)
    assert fault.text == "defaults.grades.TOP: there is no grade 'TOP'"


TERMS = "basis: 某法, until: 2027-01-01"


@pytest.mark.parametrize(
    ("written", "line", "column", "text", "remedy"),
    [
        ("defaults: {kinds: {mobil: partial}}", 4, 27,
         "defaults.kinds.mobil: there is no kind 'mobil'", "did you mean 'mobile'?"),
        ("defaults: {grades: {G5: partial}}", 4, 25, "there is no grade 'G5'", "use one of"),
        ("defaults: {kinds: {sex: linkable}}", 4, 25,
         "no pseudonyms for 'sex'", "write nothing, or partial"),
        ("defaults: {kinds: {mobile: {op: pseudonym}}}", 4, 20,
         "no pseudonyms for 'mobile'", "add mobile to `pseudonyms: kinds:`"),
        ("pseudonyms: {kinds: [mobile]}\n"
         "defaults: {kinds: {mobile: {op: pseudonym, scope: global}}}", 5, 51,
         "a default cannot have a wider scope than 'requester+purpose'",
         "write the scope under `pseudonyms:` with its basis"),
        ("pseudonyms: {kinds: [mobiles]}", 4, 22, "there is no kind 'mobiles'", "did you mean"),
        ("pseudonyms: {kinds: [mobile, email, mobile]}", 4, 37,
         "'mobile' stands in this list already", "delete one"),
        ("pseudonyms: {kinds: [sex]}", 4, 22, "'sex' is no identifier", "delete it"),
        ("pseudonyms: {scope: global}", 4, 21,
         "the scope 'global' lets others join by pseudonym, and names no legal basis",
         "add `basis: 《…》第…条` beside it, or write `scope: requester+purpose`"),
        ("pseudonyms: {scope: resource, basis: ' '}", 4, 21,
         "names no legal basis", "add `basis: "),
        ("sealing: {suites: [1, 7]}", 4, 23, "suite 7 is refused", "such as 1 or 2"),
        ("sealing: {suites: [2, 2]}", 4, 23, "'2' stands in this list already", "delete one"),
        ("sealing: {suites: []}", 4, 19, "is empty", "[1, 2]"),
        ("sealing: {cache: {seconds: 61}}", 4, 28, "out of range", "0 to 60"),
        ("sealing: {lifetime_hours: 0}", 4, 27, "out of range", "1 to 168"),
        ("rule: []", 4, 1, "the key 'rule' is not known here", "did you mean 'rules'?"),
        ("rules: [{id: a, match: {}, treatment: nothing}]", 4, 17,
         "the match is empty", "name at least one of resources, fields, kinds"),
        ("rules: [{id: a, match: {fields: []}, treatment: nothing}]", 4, 33, "is empty", "write"),
        ("rules: [{id: a, treatment: nothing}]", 4, 9, "the key 'match' is missing", "add `match:"),
        ("rules: [{id: a b, match: {fields: [f]}, treatment: nothing}]", 4, 14,
         "does not have the form expected", "letters, digits"),
        ("rules: [{id: a, match: {kinds: [mobile, mail]}, treatment: nothing}]", 4, 41,
         "there is no kind 'mail'", "did you mean 'email'?"),
        ("rules: [{id: a, match: {grades: [G2, G9]}, treatment: nothing}]", 4, 38,
         "there is no grade 'G9'", "use one of G1, G2, G3, G4, IMPORTANT, CORE"),
        ("rules: [{id: a, match: {fields: [f]}, treatment: hush}]", 4, 50,
         "'hush' is not one of refuse, nothing, linkable, partial, clear", "write"),
        ("rules: [{id: a, match: {fields: [f]}, treatment: masked}]", 4, 50,
         "'masked' is not one of", "did you mean `{op: mask, "),
        ("rules: [{id: a, match: {fields: [f]}, treatment: {op: top_bottom, bottom: 2, top: 1}}]",
         4, 50, "`bottom` must be below `top`", ""),
        ("rules: [{id: a, match: {fields: [f]}, treatment: keep}]", 4, 50,
         "'keep' is not one of", "write `{op: keep}`"),
        ("rules: [{id: a, match: {fields: [f]}, treatment: nothing, basis: ' '}]", 4, 66,
         "the legal basis is blank", "name the law or regulation and its article"),
        ("rules: [{id: a, match: {fields: [f]}, treatment: nothing, until: 2026-13-01}]", 4, 66,
         "'2026-13-01' is not a date", "write"),
        ("rules: [{id: a, match: {fields: [f]}, treatment: nothing, "
         "from: 2026-02-01, until: 2026-01-31}]", 4, 84,
         "the rule ends on 2026-01-31, before it begins on 2026-02-01", "not before `from:`"),
        ("rules: [{id: a, match: {kinds: [mobile]}, treatment: linkable, " + TERMS + "}]", 4, 54,
         "no pseudonyms for 'mobile'", "add mobile"),
        ("pseudonyms: {kinds: [mobile]}\ndefaults: {kinds: {mobile: partial}}\n"
         "rules: [{id: a, match: {kinds: [mobile]}, treatment: {op: pseudonym, scope: global}}]",
         6, 77, "a scope wider than 'requester+purpose' needs a legal basis and an end date",
         "add `basis: 《…》第…条` and `until: 2027-12-31` to the rule, "
         "or write `scope: requester+purpose`"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_remedy(
    written: str, line: int, column: int, text: str, remedy: str
) -> None:
    """One fault each: line, column, what is wrong, and what to write instead."""
    [fault] = faults(f"{LEAST}{written}\n")
    assert (fault.line, fault.column) == (line, column)
    assert text in fault.text
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("head", "text"),
    [
        ("version: 1\nprovider: 11110000MB0000001Y", "the key 'policy' is missing"),
        ("policy: p\nversion: 0\nprovider: 11110000MB0000001Y", "version: the number is out"),
        ("policy: p\nversion: 1\nprovider: 11110000MB00000010", "provider: the check digit"),
        ("policy: p\nversion: 1\nprovider: 民政局", "provider: '民政局' does not have the form"),
    ],
)
def test_the_head_is_checked(head: str, text: str) -> None:
    """Id, version and the provider's code, down to its check digit."""
    [fault] = faults(head)
    assert text in fault.text


DEFAULTS = """\
defaults:
  grades: {G1: clear, G2: partial, G3: nothing}
  kinds: {mobile: {op: keep, suffix: 4}, email: partial}
pseudonyms: {kinds: [mobile]}
"""


@pytest.mark.parametrize(
    ("match", "treatment", "about"),
    [
        ("fields: [f]", "clear", "field f of grade G2: partial"),
        ("fields: [f, g, h, i]", "clear", "fields f, g, h, … of grade G2: partial"),
        ("fields: [f], grades: [G3]", "partial", "field f of grade G3: nothing"),
        ("fields: [f], kinds: [mobile]", "clear", "field f, mobile of grade G1: partial"),
        ("kinds: [mobile]", "clear", "mobile of grade G1: partial"),
        ("kinds: [mobile]", "partial", "mobile of grade G1: partial"),
        ("kinds: [mobile]", "{op: keep, prefix: 1, suffix: 4}", "mobile of grade G1: partial"),
        ("kinds: [mobile], grades: [G3]", "linkable", "mobile of grade G3: nothing"),
        ("kinds: [mobile], grades: [G3]", "{op: keep, suffix: 1}", "mobile of grade G3: nothing"),
        ("kinds: [address], grades: [G2]", "{op: keep, prefix: 7}", "address of grade G2: partial"),
        ("kinds: [sex], grades: [G2]", "{op: keep}", "sex of grade G2: nothing"),
        ("kinds: [email], grades: [G4]", "clear", "email of grade G4: partial"),
        ("grades: [G4], kinds: [address]", "partial", "address of grade G4: nothing"),
        ("fields: [f], grades: [G1]", "clear", "field f, mobile of grade G1: partial"),
        ("requesters: [R], purposes: [p]", "clear", "any field of grade G2: partial"),
    ],
)
def test_a_rule_that_can_only_loosen_needs_basis_and_end_date(
    match: str, treatment: str, about: str
) -> None:
    """It says where it would disclose more, and what is missing; with both it is read."""
    written = f"{LEAST}{DEFAULTS}rules:\n- id: a\n  match: {{{match}}}\n  treatment: {treatment}\n"
    for terms, lacking in (
        ("", "`basis: 《…》第…条` and `until: 2027-12-31`"),
        ("  basis: 某法\n", "`until: 2027-12-31`"),
        ("  until: 2027-01-01\n", "`basis: 《…》第…条`"),
    ):
        [fault] = faults(written + terms)
        assert fault.path == ("rules", 0, "treatment")
        assert f"discloses more than the default ({about})" in fault.text
        assert fault.remedy.startswith(f"add {lacking}, or")
    licensed = written + "  basis: 某法\n  until: 2027-01-01\n"
    assert read_policy(licensed.encode(), "p.yaml").rules[0].licensed


@pytest.mark.parametrize(
    ("match", "treatment"),
    [
        ("fields: [f]", "nothing"),
        ("fields: [f]", "refuse"),
        ("fields: [f]", "partial"),
        ("requesters: [R]", "linkable"),
        ("kinds: [mobile], grades: [G1]", "{op: keep, suffix: 4}"),
        ("kinds: [mobile], grades: [G1, G3]", "{op: keep, suffix: 3}"),
        ("kinds: [email], grades: [G2]", "partial"),
        ("grades: [G1]", "clear"),
        ("kinds: [mobile]", "{op: pseudonym}"),
    ],
)  # fmt: skip
def test_a_rule_that_may_restrict_needs_no_basis(match: str, treatment: str) -> None:
    """Where it would loosen after all, planning holds it to the default."""
    defaults = DEFAULTS if "G1]" not in match else DEFAULTS.replace(", email: partial", "")
    if match == "grades: [G1]":
        defaults = "defaults: {grades: {G1: clear}}\n"
    text = f"{LEAST}{defaults}rules: [{{id: a, match: {{{match}}}, treatment: {treatment}}}]\n"
    assert not read_policy(text.encode(), "p.yaml").rules[0].licensed


BROKEN = """\
policy: spaces are wrong
version: 1
provider: 11110000MB00000010
defaults:
  grades: {G1: clear, G9: partial}
  kinds: {mobil: partial, email: hidden}
pseudonyms: {kinds: [sex], scope: global}
rules:
  - {id: a, match: {fields: [f]}, treatment: nothing}
  - {id: a, match: {}, treatment: {op: keep, sufix: 2}}
  - {id: a, match: {}, treatment: nothing}
  - &anchor {id: c, match: {kinds: [mail]}, treatment: nothing}
  - {id: d, match: {kinds: [mail]}, treatment: nothing, from: 2026-02-01, until: 2026-01-01}
sealing: {suites: [1, 7], cache: {seconds: 61}}
"""


def test_all_faults_are_told_at_once() -> None:
    """What breaks the schema in one part does not hide what is wrong in another."""
    found = [(fault.line, fault.text.split(":")[0]) for fault in faults(BROKEN)]
    assert found == [
        (1, "policy"),
        (3, "provider"),
        (5, "defaults.grades.G9"),
        (6, "defaults.kinds.mobil"),
        (6, "defaults.kinds.email"),
        (7, "pseudonyms.kinds[1]"),
        (7, "pseudonyms.scope"),
        (10, "rules[2].id"),
        (10, "rules[2].match"),
        (10, "rules[2].treatment"),
        (11, "rules[3].id"),
        (11, "rules[3].match"),
        (12, "the anchor &anchor is not allowed"),
        (12, "rules[4].match.kinds[1]"),
        (13, "rules[5].match.kinds[1]"),
        (13, "rules[5].until"),
        (14, "sealing.suites[2]"),
        (14, "sealing.cache.seconds"),
    ]


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "\ufeff", "p: !!python/name:os.system\n"])
def test_what_is_no_policy_at_all_is_refused(text: str) -> None:
    """Empty, a list, broken YAML, a mark, a tag: told as what it is."""
    assert faults(text)


def test_a_default_that_cannot_be_read_makes_no_rule_look_loose() -> None:
    """Whether a rule loosens is only said where all defaults are known."""
    text = f"{LEAST}defaults: {{kinds: {{mobile: claer}}}}\n" + (
        "rules: [{id: a, match: {kinds: [mobile]}, treatment: clear}]\n"
    )
    [fault] = faults(text)
    assert fault.path == ("defaults", "kinds", "mobile")


def test_a_default_scope_is_the_narrowest() -> None:
    """Nothing written means requester and purpose, for operators too."""
    assert Pseudonym().scope == Pseudonyms().scope == "requester+purpose"
