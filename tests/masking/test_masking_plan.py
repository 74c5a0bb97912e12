"""Plans, case by case: who decides, what comes of it, and the words for it."""

from datetime import date
from itertools import product
from time import perf_counter

import pytest
from msgspec import Struct

from masking.errors import FieldUnreleasableError
from masking.grades import DEFAULT_SCHEME, Disclosure
from masking.kinds import KINDS
from masking.operators import EVERY_TYPE, FieldType, Operator
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.pseudonym import Pseudonym
from masking.operators.redact import Redact
from masking.operators.scrub import Scrub
from masking.operators.surname import Surname
from masking.operators.year import Year
from masking.plan import FieldPlan, Plan, make_plan
from masking.policy import Defaults, Match, Policy, Pseudonyms, Rule, Treatment
from masking.policy.outcome import settle

REFUSE, NOTHING, LINKABLE, PARTIAL, CLEAR = Disclosure
DAY = date(2026, 6, 15)
LAW = "《社会保险法》第七十四条"


class Field(Struct, frozen=True, kw_only=True):
    """A catalogued field, as far as plans look at it."""

    id: str = "f"
    kind: str = "general"
    grade: str = "G1"
    type: FieldType = "string"
    cap: Disclosure | None = None


def policy(
    *rules: Rule,
    grades: dict[str, Treatment] | None = None,
    kinds: dict[str, Treatment] | None = None,
    pseudonyms: Pseudonyms = Pseudonyms(),  # noqa: B008  # frozen
) -> Policy:
    every = {grade.id: CLEAR for grade in DEFAULT_SCHEME.grades}
    return Policy(
        id="test", version=7, provider="11110000MB0000001Y", rules=rules, pseudonyms=pseudonyms,
        defaults=Defaults(grades=every if grades is None else grades, kinds=kinds or {}),
    )  # fmt: skip


def plan(*fields: Field, by: Policy, level: str = "G4", at: date = DAY) -> Plan:
    return make_plan(
        fields=fields, scheme=DEFAULT_SCHEME, level=level, policy=by,
        requester="R", purpose="pensions", resource="3070/1", at=at,
    )  # fmt: skip


def one(field: Field, by: Policy, level: str = "G4") -> FieldPlan:
    [planned] = plan(field, by=by, level=level).fields
    return planned


def rule(name: str, treatment: Treatment, *, licensed: bool = True, **match: object) -> Rule:
    return Rule(
        id=name, match=Match(**{"fields": ("f",), **match}), treatment=treatment,  # type: ignore[arg-type]  # any key
        basis=LAW if licensed else None, until=date(2026, 12, 31) if licensed else None,
    )  # fmt: skip


MOBILE = Field(kind="mobile")
ALLOWED = Pseudonyms(kinds=("mobile", "resident_id"))


@pytest.mark.parametrize(
    ("field", "level", "disclosure", "layer", "decided"),
    [
        (Field(), "G1", CLEAR, "policy", "grade G1"),
        (Field(grade="G4"), "G4", CLEAR, "policy", "grade G4"),
        (Field(kind="mobile", grade="G2"), "G1", PARTIAL, "grant", "level G1"),
        (Field(kind="mobile", grade="G3"), "G2", LINKABLE, "grant", "level G2"),
        (Field(kind="address", grade="G3"), "G2", NOTHING, "grant", "level G2"),
        (Field(kind="mobile", grade="G4"), "G3", NOTHING, "grant", "level G3"),
        (Field(kind="mobile", cap=PARTIAL), "G4", PARTIAL, "catalogue", "field cap"),
        (Field(kind="mobile", cap=LINKABLE), "G4", LINKABLE, "catalogue", "field cap"),
        (Field(kind="mobile", cap=NOTHING), "G4", NOTHING, "catalogue", "field cap"),
        (Field(kind="sex", cap=PARTIAL), "G4", NOTHING, "catalogue", "field cap"),
        (Field(kind="mobile", cap=CLEAR), "G4", CLEAR, "policy", "grade G1"),
        (Field(kind="mobile", grade="G3", cap=PARTIAL), "G2", LINKABLE, "grant", "level G2"),
        (Field(kind="mobile", grade="G2", cap=PARTIAL), "G1", PARTIAL, "catalogue", "field cap"),
        (Field(kind="mobile", grade="G2"), "unheard of", PARTIAL, "grant", "level unheard of"),
    ],
)
def test_the_strictest_layer_decides(
    field: Field, level: str, disclosure: Disclosure, layer: str, decided: str
) -> None:
    """Of a policy that gives all, catalogue and grant leave what their caps say."""
    planned = one(field, policy(pseudonyms=ALLOWED), level)
    assert (planned.disclosure, planned.layer, planned.rule) == (disclosure, layer, decided)


@pytest.mark.parametrize(
    ("grades", "kinds", "expected", "decided"),
    [
        ({"G1": CLEAR}, {"mobile": PARTIAL}, Keep(prefix=3, suffix=4), "kind mobile"),
        ({"G1": NOTHING}, {"mobile": CLEAR}, Drop(), "grade G1"),
        ({"G1": PARTIAL}, {"mobile": Keep(suffix=2)}, Keep(suffix=2), "kind mobile"),
        ({"G1": Keep(suffix=2)}, {"mobile": PARTIAL}, Keep(suffix=2), "grade G1"),
        ({"G2": CLEAR}, {"mobile": PARTIAL}, Keep(prefix=3, suffix=4), "kind mobile"),
        ({"G1": PARTIAL}, {"email": CLEAR}, Keep(prefix=3, suffix=4), "grade G1"),
        ({"G1": LINKABLE}, {"mobile": Pseudonym()}, Pseudonym(), "grade G1"),
        ({"G1": Redact(label="#")}, {}, Redact(label="#"), "grade G1"),
        ({"G2": CLEAR}, {"email": CLEAR}, Drop(), "unspoken"),
        ({}, {}, Drop(), "unspoken"),
    ],
)
def test_the_default_is_the_stricter_of_grade_and_kind(
    grades: dict[str, Treatment], kinds: dict[str, Treatment], expected: Operator, decided: str
) -> None:
    """One that is missing leaves it to the other; with neither, nothing is given."""
    planned = one(MOBILE, policy(grades=grades, kinds=kinds, pseudonyms=ALLOWED))
    assert (planned.treatment, planned.rule) == (expected, decided)


@pytest.mark.parametrize(
    ("rules", "expected", "decided"),
    [
        ([rule("a", CLEAR)], Clear(), "a"),
        ([rule("a", CLEAR), rule("b", PARTIAL)], Keep(prefix=3, suffix=4), "b"),
        ([rule("a", PARTIAL), rule("b", Keep(suffix=4))], Keep(suffix=4), "b"),
        ([rule("b", Keep(suffix=4)), rule("a", Keep(prefix=4))], Keep(prefix=4), "a"),
        ([rule("a", CLEAR), rule("b", NOTHING, licensed=False)], Drop(), "b"),
        ([rule("a", NOTHING, licensed=False)], Drop(), "a"),
        ([rule("a", PARTIAL, licensed=False)], Keep(suffix=2), "kind mobile"),
        ([rule("a", CLEAR), rule("b", PARTIAL, licensed=False)], Keep(suffix=2), "kind mobile"),
        ([rule("a", Keep(suffix=1), licensed=False)], Keep(suffix=1), "a"),
        ([rule("a", CLEAR, fields=("g",))], Keep(suffix=2), "kind mobile"),
        ([rule("a", CLEAR, requesters=("Q",))], Keep(suffix=2), "kind mobile"),
        ([rule("a", CLEAR, requesters=("Q", "R"))], Clear(), "a"),
        ([rule("a", CLEAR, purposes=("tax",))], Keep(suffix=2), "kind mobile"),
        ([rule("a", CLEAR, resources=("3070/1",), kinds=("mobile",), grades=("G1",))],
         Clear(), "a"),
        ([rule("a", CLEAR, grades=("G2",))], Keep(suffix=2), "kind mobile"),
    ],
)  # fmt: skip
def test_the_strictest_matching_rule_stands_over_the_default(
    rules: list[Rule], expected: Operator, decided: str
) -> None:
    """Without basis and end date a rule comes to the default at most."""
    by = policy(*rules, kinds={"mobile": Keep(suffix=2)}, pseudonyms=ALLOWED)
    planned = one(MOBILE, by)
    assert (planned.treatment, planned.layer, planned.rule) == (expected, "policy", decided)


def test_a_lower_default_does_not_set_a_loose_rule_free() -> None:
    """A rule without a basis holds against one with, also where the default is below it."""
    loose, strict = rule("loose", CLEAR), rule("strict", PARTIAL, licensed=False)
    for default, expected in ((CLEAR, PARTIAL), (PARTIAL, PARTIAL), (NOTHING, NOTHING)):
        by = policy(loose, strict, kinds={"mobile": default})
        assert one(MOBILE, by).disclosure is expected


@pytest.mark.parametrize(
    ("kind", "field_type", "written", "expected", "disclosure"),
    [
        ("mobile", "string", Keep(prefix=3, suffix=5), Keep(prefix=3, suffix=5), CLEAR),
        ("mobile", "string", Keep(suffix=7), Keep(suffix=7), PARTIAL),
        ("sex", "string", Keep(), Keep(), CLEAR),
        ("birth_date", "date", Month(), Month(), CLEAR),
        ("date", "date", Year(), Year(), PARTIAL),
        ("age", "integer", Bucket(width=5), Bucket(width=5), CLEAR),
        ("age", "integer", Bucket(width=20), Bucket(width=20), PARTIAL),
        ("mobile", "string", LINKABLE, Pseudonym(), LINKABLE),
        ("sex", "string", LINKABLE, Drop(), NOTHING),
        ("sex", "string", Pseudonym(), Drop(), NOTHING),
        ("email", "string", Pseudonym(), Drop(), NOTHING),
        ("mobile", "integer", PARTIAL, Pseudonym(), LINKABLE),
        ("mobile", "integer", Keep(suffix=4), Pseudonym(), LINKABLE),
        ("birth_date", "string", Year(), Drop(), NOTHING),
        ("birth_date", "date", Keep(prefix=4), Drop(), NOTHING),
        ("mobile", "decimal", Pseudonym(), Drop(), NOTHING),
        ("free_text", "string", CLEAR, Scrub(), PARTIAL),
        ("free_text", "string", Clear(), Scrub(), PARTIAL),
        ("free_text", "string", Keep(prefix=2), Scrub(), PARTIAL),
        ("free_text", "string", PARTIAL, Scrub(), PARTIAL),
        ("free_text", "binary", CLEAR, Drop(), NOTHING),
        ("free_text", "string", LINKABLE, Drop(), NOTHING),
        ("person_name", "string", Scrub(), Scrub(), CLEAR),
        ("person_name", "string", PARTIAL, Surname(), PARTIAL),
        ("photo", "binary", PARTIAL, Drop(), NOTHING),
        ("photo", "binary", CLEAR, Clear(), CLEAR),
    ],
)
def test_what_a_treatment_comes_to(
    kind: str,
    field_type: FieldType,
    written: Treatment,
    expected: Operator,
    disclosure: Disclosure,
) -> None:
    """By kind and type: too wide a mask is clear, what does not fit falls to the class below."""
    field = Field(kind=kind, type=field_type)
    planned = one(field, policy(kinds={kind: written}, pseudonyms=ALLOWED))
    assert (planned.treatment, planned.disclosure) == (expected, disclosure)
    assert planned.output_type == expected.output_type(field_type)


def test_a_mask_that_counts_as_clear_gives_way_to_the_usual_one_below_a_cap() -> None:
    """Where clear is not allowed, neither is a mask that shows more than the kind's own."""
    field = Field(kind="mobile", grade="G2")
    by = policy(kinds={"mobile": Keep(prefix=5, suffix=4)})
    assert one(field, by, "G2").treatment == Keep(prefix=5, suffix=4)
    assert one(field, by, "G1").treatment == Keep(prefix=3, suffix=4)


def test_named_classes_and_smaller_masks_never_come_to_more() -> None:
    """For every kind and type, a lower word or fewer positions come to no more."""
    for kind, field_type in product(KINDS.values(), EVERY_TYPE):
        for allowed in (ALLOWED, Pseudonyms()):
            named = [settle(word, kind, field_type, allowed).weight for word in Disclosure]
            assert named == sorted(named)
            kept = [
                settle(Keep(prefix=n, suffix=m), kind, field_type, allowed).weight
                for n, m in ((0, 0), (1, 0), (1, 1), (3, 1), (3, 4), (9, 4), (9, 9))
            ]
            assert kept == sorted(kept)
            for word, outcome in zip(Disclosure, named, strict=True):
                assert outcome[0] <= word


@pytest.mark.parametrize(
    ("own", "written", "licensed", "expected"),
    [
        ("requester+purpose", LINKABLE, False, "requester+purpose"),
        ("requester", LINKABLE, False, "requester"),
        ("requester", Pseudonym(), False, "requester+purpose"),
        ("requester+purpose", Pseudonym(scope="global"), False, "requester+purpose"),
        ("requester", Pseudonym(scope="global"), False, "requester"),
        ("requester", Pseudonym(scope="global"), True, "global"),
    ],
)
def test_a_wider_scope_needs_a_basis(
    own: str, written: Treatment, licensed: bool, expected: str
) -> None:
    """Pseudonyms have the policy's scope, a narrower one, or a wider one that is licensed."""
    allowed = Pseudonyms(kinds=("mobile",), scope=own, basis=LAW)  # type: ignore[arg-type]  # a scope
    planned = one(MOBILE, policy(rule("a", written, licensed=licensed), pseudonyms=allowed))
    assert isinstance(planned.treatment, Pseudonym)
    assert planned.treatment.scope == expected
    assert planned.rule == "a"


def test_a_default_cannot_widen_the_scope() -> None:
    """A default's pseudonym keeps to the policy's scope."""
    by = policy(kinds={"mobile": Pseudonym(scope="global", digits=20)}, pseudonyms=ALLOWED)
    assert one(MOBILE, by).treatment == Pseudonym(digits=20)


ID = Field(id="id", kind="resident_id", grade="G2")
BORN = Field(id="born", kind="birth_date", grade="G1", type="date")


def test_a_container_falls_where_the_grant_names_what_it_contains() -> None:
    """With the birth date in the grant, the mask over an ID number would be filled in."""
    by = policy(kinds={"resident_id": PARTIAL}, pseudonyms=ALLOWED)
    alone, [first, second] = plan(ID, by=by).fields[0], plan(ID, BORN, by=by).fields
    assert alone.disclosure is PARTIAL
    assert (first.treatment, second.disclosure) == (Pseudonym(), CLEAR)
    assert (first.layer, first.rule) == ("catalogue", "contains birth_date")
    [dropped, _] = plan(ID, BORN, by=policy(kinds={"resident_id": PARTIAL})).fields
    assert dropped.treatment == Drop()


def test_a_container_falls_even_if_the_other_gives_nothing() -> None:
    """Else lowering the birth date would raise the ID number."""
    by = policy(kinds={"resident_id": PARTIAL, "birth_date": NOTHING}, pseudonyms=ALLOWED)
    [first, second] = plan(ID, BORN, by=by).fields
    assert (first.disclosure, second.disclosure) == (LINKABLE, NOTHING)


def test_a_clear_container_stays_clear() -> None:
    """Who may have the whole number learns nothing from its parts."""
    assert plan(ID, BORN, by=policy()).fields[0].treatment == Clear()


def test_all_unreleasable_fields_are_named() -> None:
    """CORE, IMPORTANT, a cap or a policy of refuse, an unknown grade or kind: one refusal."""
    fields = [
        Field(id="core", grade="CORE"), Field(id="fine"), Field(id="important", grade="IMPORTANT"),
        Field(id="capped", cap=REFUSE), Field(id="by_policy", kind="photo", type="binary"),
        Field(id="no_grade", grade="G7"), Field(id="no_kind", kind="horoscope"),
    ]  # fmt: skip
    by = policy(rule("a", CLEAR, fields=("core",)), kinds={"photo": REFUSE})
    with pytest.raises(FieldUnreleasableError) as refusal:
        plan(*fields, by=by, level="CORE")
    named = {fault.field: fault.text for fault in refusal.value.fields}
    assert list(named) == ["core", "important", "capped", "by_policy", "no_grade", "no_kind"]
    assert named["core"] == "grade CORE is not released"
    assert named["capped"] == "by its catalogue entry not released"
    assert named["by_policy"] == "the policy's default for kind photo"
    assert "fine" not in str(refusal.value)
    assert all(fault.text_zh for fault in refusal.value.fields)


def test_rules_come_and_go_by_the_day() -> None:
    """A rule holds from its first to its last day; the plan says when it may change."""
    temporary = Rule(
        id="a", match=Match(kinds=("mobile",)), treatment=CLEAR, basis=LAW,
        start=date(2026, 7, 1), until=date(2026, 7, 31),
    )  # fmt: skip
    by = policy(temporary, kinds={"mobile": PARTIAL})
    for at, disclosure, end in (
        (date(2026, 6, 30), PARTIAL, date(2026, 7, 1)),
        (date(2026, 7, 1), CLEAR, date(2026, 8, 1)),
        (date(2026, 7, 31), CLEAR, date(2026, 8, 1)),
        (date(2026, 8, 1), PARTIAL, None),
    ):
        made = plan(MOBILE, by=by, at=at)
        assert (made.fields[0].disclosure, made.valid_until) == (disclosure, end)


def test_only_rules_about_the_call_end_a_plan() -> None:
    """Another field's rule, and another requester's, do not; the last day there is does not."""
    others = rule("a", CLEAR, fields=("g",)), rule("b", CLEAR, requesters=("Q",))
    endless = Rule(id="c", match=Match(fields=("f",)), treatment=CLEAR, basis=LAW, until=date.max)
    made = plan(MOBILE, by=policy(*others, endless))
    assert made.valid_until is None
    assert (made.policy, made.policy_version) == ("test", 7)


@pytest.mark.parametrize(
    ("field", "by", "level", "words", "words_zh"),
    [
        (Field(), policy(), "G4",
         "the policy's default for grade G1: clear, by clear",
         "策略对 G1 级的默认处理：明文，明文"),
        (MOBILE, policy(kinds={"mobile": PARTIAL}), "G4",
         "the policy's default for kind mobile: partial, by keep",
         "策略对手机号的默认处理：部分披露，保留首尾"),
        (MOBILE, policy(rule("tax", CLEAR)), "G4",
         f"rule tax of the policy under {LAW}: clear, by clear",
         f"策略规则 tax（依据：{LAW}）：明文，明文"),
        (MOBILE, policy(rule("tax", CLEAR, licensed=False), grades={}), "G4",
         "the policy has no default for its grade or kind (rule tax would disclose more, "
         "but names no legal basis and end date): nothing, by drop",
         "策略未对其级别和类别作出规定（规则 tax 拟披露更多，"
         "但未写明法律依据和截止日期）：不披露，删除"),
        (Field(kind="address", grade="G3"), policy(), "G2",
         "grade G3, above the grant's level G2, is linkable at most: nothing, by drop; "
         "kind address has no linkable treatment here",
         "G3 级高于授权级别 G2，至多可关联：不披露，删除；地址在此没有“可关联”的处理方式"),
        (Field(kind="mobile", cap=PARTIAL), policy(), "G4",
         "by its catalogue entry partial at most: partial, by keep",
         "目录规定该信息项至多部分披露：部分披露，保留首尾"),
        (Field(kind="sex"), policy(kinds={"sex": Pseudonym()}), "G4",
         "the policy's default for kind sex: nothing, by drop; "
         "the policy allows no pseudonyms for this kind",
         "策略对性别的默认处理：不披露，删除；策略未允许对该类信息使用假名"),
        (Field(kind="birth_date", type="date"), policy(kinds={"birth_date": Keep()}), "G4",
         "the policy's default for kind birth_date: nothing, by drop; "
         "keep does not fit type date",
         "策略对出生日期的默认处理：不披露，删除；保留首尾不适用于类型 date"),
    ],
)  # fmt: skip
def test_the_plan_says_who_decided(
    field: Field, by: Policy, level: str, words: str, words_zh: str
) -> None:
    """Layer, rule and outcome stand in one sentence, in English and Chinese."""
    planned = one(field, by, level)
    assert (planned.reason, planned.reason_zh) == (words, words_zh)


def test_twenty_fields_are_planned_within_a_millisecond() -> None:
    """With thirty rules, ten of them about the call; the best of many tries counts."""
    names = list(KINDS)[:20]
    fields = [Field(id=name, kind=name, grade=f"G{n % 4 + 1}") for n, name in enumerate(names)]
    rules = [
        rule(f"r{n}", Keep(suffix=2), fields=(names[n % 20],), purposes=(purpose,))
        for n, purpose in enumerate(("pensions", "tax", "other") * 10)
    ]
    by = policy(*rules, pseudonyms=ALLOWED)

    def seconds() -> float:
        start = perf_counter()
        plan(*fields, by=by, level="G2")
        return perf_counter() - start

    assert min(seconds() for _ in range(50)) < 0.001
