"""The law of plans, over generated schemes, kinds, fields, grants and policies."""

from collections.abc import Callable
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from masking.errors import FieldUnreleasableError
from masking.grades import CORE, Disclosure, Grade, GradeScheme
from masking.kinds import KINDS, Kind
from masking.operators import EVERY_TYPE, FieldType, Operator
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.null import Null
from masking.operators.pseudonym import Pseudonym
from masking.operators.redact import Redact
from masking.operators.scrub import Scrub
from masking.operators.surname import Surname
from masking.operators.year import Year
from masking.plan import FieldPlan, Plan, make_plan
from masking.policy import Defaults, Match, Policy, Pseudonyms, Rule, Treatment
from masking.policy.outcome import settle

TODAY = date(2026, 6, 15)
REQUESTER, PURPOSE, RESOURCE = "R", "p", "res/1"
SCOPES = ("requester+purpose", "requester", "resource", "global")
REFUSE, NOTHING, LINKABLE, PARTIAL, CLEAR = Disclosure


class Field(Struct, frozen=True):
    """A catalogued field, as far as plans look at it."""

    id: str
    type: FieldType
    kind: str
    grade: str
    cap: Disclosure | None


class World(NamedTuple):
    """All that a plan is made from."""

    fields: tuple[Field, ...]
    scheme: GradeScheme
    level: str
    policy: Policy
    kinds: dict[str, Kind]

    def plan(self, at: date = TODAY) -> Plan:
        return make_plan(
            fields=self.fields, scheme=self.scheme, level=self.level, policy=self.policy,
            requester=REQUESTER, purpose=PURPOSE, resource=RESOURCE, at=at,
            kind_of=self.kinds.__getitem__,
        )

    def outcome(self, at: date = TODAY) -> "Result":
        """Return the plan, or what was refused, in a form to compare."""
        try:
            plan = self.plan(at)
        except FieldUnreleasableError as refusal:
            return Result(None, frozenset(fault.field for fault in refusal.fields))
        return Result(plan, frozenset())

    def settled(self, treatment: Treatment, field: Field) -> tuple[Disclosure, float]:
        pseudonyms = self.policy.pseudonyms
        return settle(treatment, self.kinds[field.kind], field.type, pseudonyms).weight

    def lower(self, treatment: Treatment) -> list[Treatment]:
        """Return treatments that come to no more than this one for any field."""
        return [
            other
            for other in TREATMENTS
            if all(self.settled(other, f) <= self.settled(treatment, f) for f in self.fields)
        ]


class Result(NamedTuple):
    plan: Plan | None
    refused: frozenset[str]

    def never_above(self, other: "Result") -> None:
        """Assert that no field discloses more than in `other`."""
        if self.plan is None:
            assert self.refused >= other.refused
            return
        assert other.plan is not None, "a refused call is let through"
        for mine, theirs in zip(self.plan.fields, other.plan.fields, strict=True):
            assert mine.disclosure <= theirs.disclosure, (mine, theirs)


TREATMENTS: tuple[Treatment, ...] = (
    REFUSE, NOTHING, LINKABLE, PARTIAL, CLEAR,
    Clear(), Drop(), Null(), Redact(), Redact(label="x"),
    Keep(prefix=1), Keep(suffix=1), Keep(prefix=3, suffix=4), Keep(prefix=9, suffix=9),
    Surname(), Year(), Month(), Bucket(width=10), Bucket(width=1000), Scrub(),
    *(Pseudonym(scope=scope) for scope in SCOPES), Pseudonym(digits=16),
)  # fmt: skip
PARTIALS: tuple[Operator | None, ...] = (
    None, Keep(prefix=1), Keep(prefix=3, suffix=4), Surname(), Year(), Bucket(width=100), Scrub(),
)  # fmt: skip
MADE_UP = ("k0", "k1", "k2", "k3")
REAL = ("resident_id", "birth_date", "free_text", "person_name", "sex", "mobile", "photo")
NAMES = (*MADE_UP, *REAL)
GRADES = ("A", "B", "C", "D", CORE)
TYPES: list[FieldType] = sorted(EVERY_TYPE)

caps = st.sampled_from((CLEAR, CLEAR, PARTIAL, LINKABLE, NOTHING))
treatments = st.sampled_from(TREATMENTS)
days = st.one_of(st.none(), st.integers(-4, 4).map(lambda n: TODAY + timedelta(days=n)),
                 st.just(date.max))
bases = st.sampled_from((None, "Act 1, article 2", "  "))


@st.composite
def kinds(draw: st.DrawFn, name: str) -> Kind:
    """Draw a kind, which may lack any class but the last."""
    identifier = draw(st.booleans())
    standard: dict[Disclosure, Operator] = {NOTHING: draw(st.sampled_from((Drop(), Null())))}
    if draw(st.booleans()):
        standard[CLEAR] = Clear()
    partial = draw(st.sampled_from(PARTIALS))
    if partial is not None:
        standard[PARTIAL] = partial
    if identifier and draw(st.booleans()):
        standard[LINKABLE] = Pseudonym()
    return Kind(
        name=name, title=name, title_zh=name, identifier=identifier, misfits=None, canonical=None,
        contains=tuple(draw(st.sets(st.sampled_from(NAMES), max_size=2))),
        standard=MappingProxyType(standard), source="",
    )


@st.composite
def schemes(draw: st.DrawFn) -> GradeScheme:
    """Draw a scheme in which nothing grows with the grade; CORE may be there."""
    cap, above, grades = CLEAR, PARTIAL, []
    for name in GRADES[:-1]:
        cap = min(cap, draw(st.sampled_from((CLEAR, CLEAR, CLEAR, PARTIAL, LINKABLE))))
        above = min(above, draw(st.sampled_from((PARTIAL, PARTIAL, LINKABLE, NOTHING))))
        grades.append(Grade(id=name, title=name, title_zh=name, cap=cap, above_level=above))
    core = Grade(id=CORE, title=CORE, title_zh=CORE, cap=REFUSE, core=True)
    return GradeScheme(id="drawn", grades=(*grades, core))


@st.composite
def matches(draw: st.DrawFn, ids: list[str]) -> Match:
    """Draw what a rule is about; mostly it is about some field of the call."""

    def some(names: tuple[str, ...]) -> tuple[str, ...] | None:
        return tuple(draw(st.sets(st.sampled_from(names), min_size=1, max_size=4)))

    dimension = draw(st.sampled_from(("fields", "kinds", "grades", "requesters", "all")))
    return Match(
        fields=some(tuple(ids)) if dimension == "fields" else None,
        kinds=some(NAMES) if dimension == "kinds" else None,
        grades=some(GRADES) if dimension in ("grades", "all") else None,
        requesters=draw(st.sampled_from(((REQUESTER,), ("Q", REQUESTER), ("Q",))))
        if dimension in ("requesters", "all") else None,
        purposes=draw(st.sampled_from((None, None, (PURPOSE,), ("other",)))),
        resources=draw(st.sampled_from((None, None, (RESOURCE,), ("other",)))),
    )


@st.composite
def rules(draw: st.DrawFn, ids: list[str], name: str) -> Rule:
    """Draw a rule: with or without basis and end, begun or not, expired or not."""
    start, until = draw(days), draw(days)
    return Rule(
        id=name, match=draw(matches(ids)), treatment=draw(treatments), basis=draw(bases),
        start=None if start == date.max else start, until=until,
    )


@st.composite
def policies(draw: st.DrawFn, ids: list[str]) -> Policy:
    """Draw a policy, which may speak of everything or of nothing."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5))
    return Policy(
        id="drawn", version=1, provider="11110000MB00000001",
        defaults=Defaults(
            grades=draw(st.dictionaries(st.sampled_from(GRADES), treatments, max_size=5)),
            kinds=draw(st.dictionaries(st.sampled_from(NAMES), treatments, max_size=4)),
        ),
        pseudonyms=Pseudonyms(
            kinds=tuple(draw(st.sets(st.sampled_from(NAMES)))),
            scope=draw(st.sampled_from(SCOPES)), basis="Act 1",
        ),
        rules=tuple(draw(rules(ids, name)) for name in names),
    )


@st.composite
def worlds(draw: st.DrawFn, core: bool = False) -> World:
    """Draw a world; CORE fields only where asked, since they end the call."""
    ids = [f"f{n}" for n in range(draw(st.integers(1, 5)))]
    grades = GRADES if core else GRADES[:-1]
    fields = tuple(
        Field(
            name, draw(st.sampled_from(TYPES) | st.just("string")), draw(st.sampled_from(NAMES)),
            draw(st.sampled_from(grades)), draw(st.none() | caps),
        )
        for name in ids
    )
    return World(
        fields, draw(schemes()), draw(st.sampled_from((*GRADES, "unknown"))), draw(policies(ids)),
        {**KINDS, **{name: draw(kinds(name)) for name in MADE_UP}},
    )


import os
many = settings(max_examples=int(os.environ.get("N","250")), deadline=None)


def with_policy(world: World, **changes: object) -> World:
    return world._replace(policy=replace(world.policy, **changes))


def lower_field_cap(draw: st.DrawFn, world: World) -> World:
    index = draw(st.integers(0, len(world.fields) - 1))
    field = world.fields[index]
    below = [cap for cap in Disclosure if field.cap is None or cap < field.cap]
    assume(below)
    changed = replace(field, cap=draw(st.sampled_from(below)))
    return world._replace(fields=(*world.fields[:index], changed, *world.fields[index + 1 :]))


def lower_level(draw: st.DrawFn, world: World) -> World:
    rank = GRADES.index(world.level) if world.level in GRADES else 0
    return world._replace(level=draw(st.sampled_from((*GRADES[:rank], "unknown"))))


def lower_scheme(draw: st.DrawFn, world: World) -> World:
    """Lower one grade's cap and what it leaves above a level, and with it those of all above."""
    first = draw(st.integers(0, len(GRADES) - 1))
    cap, above = draw(st.sampled_from(Disclosure)), draw(st.sampled_from((PARTIAL, LINKABLE, NOTHING)))
    grades = tuple(
        grade if index < first
        else replace(grade, cap=min(cap, grade.cap), above_level=min(above, grade.above_level))
        for index, grade in enumerate(world.scheme.grades)
    )
    return world._replace(scheme=replace(world.scheme, grades=grades))


def lower_default(draw: st.DrawFn, world: World) -> World:
    section = draw(st.sampled_from(("grades", "kinds")))
    written: dict[str, Treatment] = getattr(world.policy.defaults, section)
    assume(written)
    name = draw(st.sampled_from(sorted(written)))
    changed = {**written, name: draw(st.sampled_from(world.lower(written[name])))}
    return with_policy(world, defaults=replace(world.policy.defaults, **{section: changed}))


def lower_rule(draw: st.DrawFn, world: World) -> World:
    return change_rule(
        draw, world,
        lambda rule: replace(rule, treatment=draw(st.sampled_from(world.lower(rule.treatment)))),
    )


def take_basis(draw: st.DrawFn, world: World) -> World:
    return change_rule(draw, world, lambda rule: replace(rule, basis=None))


def take_end(draw: st.DrawFn, world: World) -> World:
    return change_rule(draw, world, lambda rule: replace(rule, until=None))


def change_rule(draw: st.DrawFn, world: World, change: Callable[[Rule], Rule]) -> World:
    listed = list(world.policy.rules)
    assume(listed)
    index = draw(st.integers(0, len(listed) - 1))
    listed[index] = change(listed[index])
    return with_policy(world, rules=tuple(listed))


def add_rule_without_basis(draw: st.DrawFn, world: World) -> World:
    rule = replace(draw(rules([field.id for field in world.fields], "z")), basis=None)
    return with_policy(world, rules=(*world.policy.rules, rule))


def add_default(draw: st.DrawFn, world: World) -> World:
    """Speak of a kind whose fields all have a default by their grade."""
    defaults, name = world.policy.defaults, draw(st.sampled_from(NAMES))
    assume(name not in defaults.kinds)
    assume(all(f.grade in defaults.grades for f in world.fields if f.kind == name))
    added = {**defaults.kinds, name: draw(treatments)}
    return with_policy(world, defaults=replace(defaults, kinds=added))


def allow_fewer_pseudonyms(draw: st.DrawFn, world: World) -> World:
    pseudonyms = world.policy.pseudonyms
    kept = tuple(name for name in pseudonyms.kinds if draw(st.booleans()))
    return with_policy(world, pseudonyms=replace(pseudonyms, kinds=kept))


def narrow_pseudonyms(draw: st.DrawFn, world: World) -> World:
    pseudonyms = world.policy.pseudonyms
    scopes = SCOPES[: SCOPES.index(pseudonyms.scope) + 1]
    return with_policy(world, pseudonyms=replace(pseudonyms, scope=draw(st.sampled_from(scopes))))


CAPS = (lower_field_cap, lower_level, lower_scheme)
TREATMENT_MOVES = (
    lower_default, lower_rule, take_basis, take_end, add_rule_without_basis, add_default,
    allow_fewer_pseudonyms, narrow_pseudonyms,
)  # fmt: skip


@many
@given(world=worlds(core=True))
def test_core_never_leaves_and_every_such_field_is_named(world: World) -> None:
    """Whatever policy and grant say, a call for CORE fields is refused, and names all of them."""
    core = {field.id for field in world.fields if field.grade == CORE}
    result = world.outcome()
    assert core <= result.refused
    assert not core or result.plan is None


@many
@given(world=worlds())
def test_a_field_no_policy_speaks_of_gives_nothing(world: World) -> None:
    """Without a default for its grade or kind, and without a rule, a field is dropped."""
    bare = with_policy(world, rules=(), defaults=Defaults(
        grades={name: CLEAR for name in GRADES[:1]}, kinds={name: CLEAR for name in NAMES[:2]},
    ))
    result = bare.outcome()
    if result.plan is None:
        return
    for field, planned in zip(bare.fields, result.plan.fields, strict=True):
        if field.grade not in GRADES[:1] and field.kind not in NAMES[:2]:
            assert planned.disclosure is NOTHING
            assert planned.output_type in ("absent", "null")


@many
@given(world=worlds())
def test_no_field_is_disclosed_above_any_layer(world: World) -> None:
    """The result is within the catalogue's cap, the grant's cap and the policy's own word."""
    result = world.outcome()
    for field in world.fields:
        bounds = catalogue_says(field, world), grant_says(field, world), policy_says(field, world)
        if result.plan is None:
            assert (field.id in result.refused) == (min(bounds) is REFUSE)
        else:
            [planned] = [each for each in result.plan.fields if each.id == field.id]
            assert NOTHING <= planned.disclosure <= min(bounds)


def catalogue_says(field: Field, world: World) -> Disclosure:
    cap = world.scheme.grade(field.grade).cap
    return cap if field.cap is None else min(cap, field.cap)


def grant_says(field: Field, world: World) -> Disclosure:
    order = world.scheme.ids
    if world.level in order and order.index(field.grade) <= order.index(world.level):
        return CLEAR
    return world.scheme.grade(field.grade).above_level


def policy_says(field: Field, world: World) -> Disclosure:
    """Say the policy's word once more, by disclosure alone and the long way round."""
    defaults = world.policy.defaults
    spoken = [defaults.grades.get(field.grade), defaults.kinds.get(field.kind)]
    words = [world.settled(each, field)[0] for each in spoken if each is not None]
    usual = min(words, default=NOTHING)
    found: list[Disclosure] = []
    for rule in world.policy.rules:
        begun = rule.start is None or rule.start <= TODAY
        ended = rule.until is not None and rule.until < TODAY
        if begun and not ended and is_about(rule.match, field):
            said = world.settled(rule.treatment, field)[0]
            named = (rule.basis or "").strip() != "" and rule.until is not None
            found.append(said if named else min(said, usual))
    return min(found, default=usual)


def is_about(match: Match, field: Field) -> bool:
    asked = {
        "resources": RESOURCE, "requesters": REQUESTER, "purposes": PURPOSE,
        "fields": field.id, "kinds": field.kind, "grades": field.grade,
    }  # fmt: skip
    return all(
        getattr(match, name) is None or value in getattr(match, name)
        for name, value in asked.items()
    )


@many
@given(world=worlds())
def test_what_is_planned_is_what_it_says(world: World) -> None:
    """Each treatment fits the field's type and really discloses no more than the plan says."""
    result = world.outcome()
    for field, planned in zip(world.fields, result.plan.fields if result.plan else (), strict=False):
        honest(field, planned, world)
        assert planned.reason
        assert planned.reason_zh
        assert planned.disclosure.label in planned.reason
        assert planned.disclosure.label_zh in planned.reason_zh


def honest(field: Field, planned: FieldPlan, world: World) -> None:
    kind, operator = world.kinds[field.kind], planned.treatment
    assert field.type in operator.accepts
    assert planned.output_type == operator.output_type(field.type)
    assert operator.disclosure <= planned.disclosure
    usual = kind.standard.get(PARTIAL)
    if planned.disclosure is PARTIAL:
        assert usual is not None
        assert operator.shown() <= usual.shown()
        others = {each.kind for each in world.fields if each.kind != field.kind}
        assert not others & set(kind.contains)
        assert isinstance(operator, Scrub) <= isinstance(usual, Scrub)
    if planned.disclosure is LINKABLE:
        assert kind.identifier
        assert field.kind in world.policy.pseudonyms.kinds
    if isinstance(usual, Scrub):
        assert planned.disclosure is not CLEAR
        assert operator == usual or planned.disclosure <= LINKABLE


@many
@given(data=st.data(), world=worlds(), move=st.sampled_from((*CAPS, *TREATMENT_MOVES)))
def test_lowering_anything_raises_no_field(
    data: st.DataObject, world: World, move: Callable[[st.DrawFn, World], World]
) -> None:
    """A lower cap, level or treatment, or a right taken away, never raises any disclosure."""
    move(data.draw, world).outcome().never_above(world.outcome())


@many
@given(data=st.data(), world=worlds(), move=st.sampled_from(CAPS))
def test_lowering_a_cap_shows_no_more_positions(
    data: st.DataObject, world: World, move: Callable[[st.DrawFn, World], World]
) -> None:
    """Within one disclosure, a lower cap or level does not even show more of a value."""
    lowered, plain = move(data.draw, world).outcome(), world.outcome()
    if lowered.plan is None or plan_of(plain) is None:
        return
    for mine, theirs in zip(lowered.plan.fields, plan_of(plain) or (), strict=True):
        if mine.disclosure is theirs.disclosure:
            assert mine.treatment.shown() <= theirs.treatment.shown()


def plan_of(result: Result) -> tuple[FieldPlan, ...] | None:
    return None if result.plan is None else result.plan.fields


@many
@given(data=st.data(), world=worlds())
def test_equal_inputs_give_equal_plans_whatever_the_order_of_rules(
    data: st.DataObject, world: World
) -> None:
    """Neither the order of rules nor that of defaults and pseudonym kinds matters."""
    policy = world.policy
    shuffled = with_policy(
        world,
        rules=tuple(data.draw(st.permutations(policy.rules))),
        defaults=Defaults(
            grades=dict(data.draw(st.permutations(list(policy.defaults.grades.items())))),
            kinds=dict(data.draw(st.permutations(list(policy.defaults.kinds.items())))),
        ),
        pseudonyms=replace(
            policy.pseudonyms, kinds=tuple(data.draw(st.permutations(policy.pseudonyms.kinds)))
        ),
    )
    assert shuffled.outcome() == world.outcome()


@many
@given(data=st.data(), world=worlds())
def test_the_order_of_fields_decides_nothing_but_their_order(
    data: st.DataObject, world: World
) -> None:
    """A field's plan depends on which fields are named, not on where it stands."""
    result = world.outcome()
    moved = world._replace(fields=tuple(data.draw(st.permutations(world.fields)))).outcome()
    assert moved.refused == result.refused
    if result.plan is not None and moved.plan is not None:
        assert {each.id: each for each in moved.plan.fields} == {
            each.id: each for each in result.plan.fields
        }


@many
@given(world=worlds(), ahead=st.integers(0, 6))
def test_a_plan_holds_until_its_end(world: World, ahead: int) -> None:
    """Made on any later day before `valid_until`, the plan is the same."""
    result, later = world.outcome(), TODAY + timedelta(days=ahead)
    if result.plan is None or (result.plan.valid_until or date.max) <= later:
        return
    assert world.outcome(later) == result


def test_the_moves_are_met() -> None:
    """The generator reaches every disclosure, every layer and rules that expire."""
    met: set[object] = set()

    @settings(max_examples=300, deadline=None, database=None)
    @given(world=worlds())
    def look(world: World) -> None:
        result = world.outcome()
        met.update(["refused"] if result.plan is None else [])
        if result.plan is not None:
            met.update(["turns"] if result.plan.valid_until else [])
            for planned in result.plan.fields:
                met.update((planned.disclosure, planned.layer, planned.rule.split()[0]))

    look()
    expected = {NOTHING, LINKABLE, PARTIAL, CLEAR, "catalogue", "grant", "policy", "turns",
                "refused", "unspoken", "contains", "level", "grade", "kind", "field", "a"}
    assert expected <= met
