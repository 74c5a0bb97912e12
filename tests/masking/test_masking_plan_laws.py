"""The law of plans, over made-up schemes, kinds, fields, grants and policies."""

from collections.abc import Callable
from datetime import date, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from masking.grades import CORE, Disclosure
from masking.operators import EVERY_FIELD, Operator
from masking.operators._keyed import Keyed, Subjected
from masking.operators.scrub import Scrub
from masking.plan import FieldPlan
from masking.policy import Defaults, Match, Rule, Treatment
from tests.masking.plan_worlds import (
    CLEAR,
    GRADES,
    LINKABLE,
    NAMES,
    NOTHING,
    PARTIAL,
    PURPOSE,
    REFUSE,
    REQUESTER,
    RESOURCE,
    SCOPES,
    TODAY,
    TREATMENTS,
    Draw,
    Field,
    Move,
    World,
    many,
    rules,
    worlds,
)


def with_policy(world: World, **changes: object) -> World:
    return world._replace(policy=replace(world.policy, **changes))


def lower_field_cap(draw: Draw, world: World) -> World:
    index = draw(st.integers(0, len(world.fields) - 1))
    field = world.fields[index]
    below = [cap for cap in Disclosure if field.cap is None or cap < field.cap]
    assume(below)
    changed = replace(field, cap=draw(st.sampled_from(below)))
    return world._replace(fields=(*world.fields[:index], changed, *world.fields[index + 1 :]))


def lower_level(draw: Draw, world: World) -> World:
    rank = GRADES.index(world.level) if world.level in GRADES else 0
    return world._replace(level=draw(st.sampled_from((*GRADES[:rank], "unknown"))))


def lower_scheme(draw: Draw, world: World) -> World:
    """Lower one grade's cap and what it leaves above a level, and with it those of all above."""
    first = draw(st.integers(0, len(GRADES) - 1))
    cap = draw(st.sampled_from(Disclosure))
    above = draw(st.sampled_from((PARTIAL, LINKABLE, NOTHING)))
    grades = tuple(
        grade
        if index < first
        else replace(grade, cap=min(cap, grade.cap), above_level=min(above, grade.above_level))
        for index, grade in enumerate(world.scheme.grades)
    )
    return world._replace(scheme=replace(world.scheme, grades=grades))


def lower_default(draw: Draw, world: World) -> World:
    section = draw(st.sampled_from(("grades", "kinds")))
    written: dict[str, Treatment] = getattr(world.policy.defaults, section)
    assume(written)
    name = draw(st.sampled_from(sorted(written)))
    changed = {**written, name: draw(st.sampled_from(world.lower(written[name])))}
    return with_policy(world, defaults=replace(world.policy.defaults, **{section: changed}))


def lower_rule(draw: Draw, world: World) -> World:
    return change_rule(
        draw,
        world,
        lambda rule: replace(rule, treatment=draw(st.sampled_from(world.lower(rule.treatment)))),
    )


def take_basis(draw: Draw, world: World) -> World:
    return change_rule(draw, world, lambda rule: replace(rule, basis=None))


def take_end(draw: Draw, world: World) -> World:
    return change_rule(draw, world, lambda rule: replace(rule, until=None))


def change_rule(draw: Draw, world: World, change: Callable[[Rule], Rule]) -> World:
    listed = list(world.policy.rules)
    assume(listed)
    index = draw(st.integers(0, len(listed) - 1))
    listed[index] = change(listed[index])
    return with_policy(world, rules=tuple(listed))


def add_rule_without_basis(draw: Draw, world: World) -> World:
    rule = replace(draw(rules("z")), basis=None)
    return with_policy(world, rules=(*world.policy.rules, rule))


def add_default(draw: Draw, world: World) -> World:
    """Speak of a kind whose fields all have a default by their grade."""
    defaults, name = world.policy.defaults, draw(st.sampled_from(NAMES))
    assume(name not in defaults.kinds)
    assume(all(f.grade in defaults.grades for f in world.fields if f.kind == name))
    added = {**defaults.kinds, name: draw(st.sampled_from(TREATMENTS))}
    return with_policy(world, defaults=replace(defaults, kinds=added))


def allow_fewer_pseudonyms(draw: Draw, world: World) -> World:
    pseudonyms = world.policy.pseudonyms
    kept = tuple(name for name in pseudonyms.kinds if draw(st.booleans()))
    return with_policy(world, pseudonyms=replace(pseudonyms, kinds=kept))


def narrow_pseudonyms(draw: Draw, world: World) -> World:
    pseudonyms = world.policy.pseudonyms
    scopes = SCOPES[: SCOPES.index(pseudonyms.scope) + 1]
    return with_policy(world, pseudonyms=replace(pseudonyms, scope=draw(st.sampled_from(scopes))))


CAPS = (lower_field_cap, lower_level, lower_scheme)
TREATMENT_MOVES = (
    lower_default, lower_rule, take_basis, take_end, add_rule_without_basis, add_default,
    allow_fewer_pseudonyms, narrow_pseudonyms,
)  # fmt: skip


@many
@given(world=worlds(GRADES))
def test_core_never_leaves_and_every_such_field_is_named(world: World) -> None:
    """Whatever policy and grant say, a call for CORE fields is refused, and names all of them."""
    core = {field.id for field in world.fields if field.grade == CORE}
    result = world.result()
    assert core <= result.refused
    assert not core or result.plan is None


@many
@given(world=worlds())
def test_a_field_no_policy_speaks_of_gives_nothing(world: World) -> None:
    """Without a default for its grade or kind, and without a rule, a field is dropped."""
    spoken = dict.fromkeys(GRADES[:1], CLEAR), dict.fromkeys(NAMES[:2], CLEAR)
    defaults = Defaults(grades=spoken[0], kinds=spoken[1])
    plan = with_policy(world, rules=(), defaults=defaults).result().plan
    for field, planned in zip(world.fields, plan.fields if plan else (), strict=False):
        if field.grade not in GRADES[:1] and field.kind not in NAMES[:2]:
            assert planned.disclosure is NOTHING
            assert planned.output_type in ("absent", "null")


@many
@given(world=worlds())
def test_no_field_is_disclosed_above_any_layer(world: World) -> None:
    """The result is within the catalogue's cap, the grant's cap and the policy's own word."""
    result = world.result()
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
    plan = world.result().plan
    for field, planned in zip(world.fields, plan.fields if plan else (), strict=False):
        honest(field, planned, world)
        assert planned.reason
        assert planned.reason_zh
        assert planned.disclosure.label in planned.reason
        assert planned.disclosure.label_zh in planned.reason_zh


def honest(field: Field, planned: FieldPlan, world: World) -> None:
    kind, operator = world.kinds[field.kind], planned.treatment
    assert operator.takes(field.type)
    assert operator.needs() <= {EVERY_FIELD, *(each.id for each in world.fields)}
    assert planned.output_type == operator.output_type(field.type)
    assert operator.discloses() <= planned.disclosure
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
    for part in operator.parts():
        keyed(part, planned, world)
    if isinstance(usual, Scrub):
        assert planned.disclosure is not CLEAR
        assert operator == usual or planned.disclosure <= LINKABLE


def keyed(operator: Operator, planned: FieldPlan, world: World) -> None:
    """Only a licensed rule gives a scope of its own; a subject is an identifier of the call."""
    if isinstance(operator, Keyed):
        narrow = SCOPES.index(operator.scope) <= SCOPES.index(world.policy.pseudonyms.scope)
        assert narrow or planned.rule in {r.id for r in world.policy.rules if r.licensed}
    if isinstance(operator, Subjected) and operator.subject is not None:
        [subject] = [each for each in world.fields if each.id == operator.subject]
        assert world.kinds[subject.kind].identifier


@settings(many, max_examples=1500)
@given(data=st.data(), world=worlds(), move=st.sampled_from((*CAPS, *TREATMENT_MOVES)))
def test_lowering_anything_raises_no_field(data: st.DataObject, world: World, move: Move) -> None:
    """A lower cap, level or treatment, or a right taken away, never raises any disclosure."""
    move(data.draw, world).result().assert_never_above(world.result())


@many
@given(data=st.data(), world=worlds(), move=st.sampled_from(CAPS))
def test_lowering_a_cap_shows_no_more_positions(
    data: st.DataObject, world: World, move: Move
) -> None:
    """Within one disclosure, a lower cap or level does not even show more of a value."""
    lowered, plain = move(data.draw, world).result().plan, world.result().plan
    if lowered is None or plain is None:
        return
    for mine, theirs in zip(lowered.fields, plain.fields, strict=True):
        if mine.disclosure is theirs.disclosure:
            assert mine.treatment.shown() <= theirs.treatment.shown()


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
    assert shuffled.result() == world.result()


@many
@given(data=st.data(), world=worlds())
def test_the_order_of_fields_decides_nothing_but_their_order(
    data: st.DataObject, world: World
) -> None:
    """A field's plan depends on which fields are named, not on where it stands."""
    result = world.result()
    moved = world._replace(fields=tuple(data.draw(st.permutations(world.fields)))).result()
    assert moved.refused == result.refused
    if result.plan is not None and moved.plan is not None:
        assert {each.id: each for each in moved.plan.fields} == {
            each.id: each for each in result.plan.fields
        }


@many
@given(world=worlds(), ahead=st.integers(0, 6))
def test_a_plan_holds_until_its_end(world: World, ahead: int) -> None:
    """Made on any later day before `valid_until`, the plan is the same."""
    result, later = world.result(), TODAY + timedelta(days=ahead)
    if result.plan is None or (result.plan.valid_until or date.max) <= later:
        return
    assert world.result(later) == result


def test_the_made_up_worlds_reach_everything() -> None:
    """The laws are not empty: every disclosure, layer and cause is met, and plans that end."""
    met: set[object] = set()
    chosen: set[str] = set()

    @settings(max_examples=2000, deadline=None, database=None, derandomize=True)
    @given(world=worlds())
    def look(world: World) -> None:
        plan = world.result().plan
        met.add("refused" if plan is None else plan.valid_until is not None)
        for planned in () if plan is None else plan.fields:
            met.update((planned.disclosure, planned.layer, planned.rule.split()[0]))
            chosen.update(part.name for part in planned.treatment.parts())

    look()
    causes = {"unspoken", "contains", "level", "grade", "kind", "field", *"abcd"}
    layers = {"catalogue", "grant", "policy"}
    assert met == {NOTHING, LINKABLE, PARTIAL, CLEAR, True, False, "refused"} | causes | layers
    assert chosen >= {"shift", "noise", "fake", "when", "pseudonym", "keep"}
