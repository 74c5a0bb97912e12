"""Made-up schemes, kinds, fields, grants and policies to plan for."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import combinations, combinations_with_replacement, product
from types import MappingProxyType
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from masking.errors import FieldUnreleasableError
from masking.grades import CORE, Disclosure, Grade, GradeScheme
from masking.kinds import KINDS, Kind
from masking.operators import EVERY_TYPE, FieldType
from masking.operators._keyed import KeyScope
from masking.operators.bucket import Bucket
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.fake import Fake
from masking.operators.keep import Keep
from masking.operators.month import Month
from masking.operators.noise import Noise
from masking.operators.null import Null
from masking.operators.pseudonym import Pseudonym
from masking.operators.redact import Redact
from masking.operators.scrub import Scrub
from masking.operators.shift import Shift
from masking.operators.surname import Surname
from masking.operators.when import When
from masking.operators.year import Year
from masking.plan import Plan, make_plan
from masking.policy import Defaults, Match, Policy, Pseudonyms, Rule, Treatment
from masking.policy.outcome import settle

TODAY = date(2026, 6, 15)
REQUESTER, PURPOSE, RESOURCE = "R", "p", "res/1"
SCOPES: tuple[KeyScope, ...] = ("requester+purpose", "requester", "resource", "global")
REFUSE, NOTHING, LINKABLE, PARTIAL, CLEAR = Disclosure


class Field(Struct, frozen=True):
    """A catalogued field, as far as plans look at it."""

    id: str
    type: FieldType
    kind: str
    grade: str
    cap: Disclosure | None


Draw = Callable[..., Any]


class Result(NamedTuple):
    """A plan, or what was refused."""

    plan: Plan | None
    refused: frozenset[str]

    def assert_never_above(self, other: "Result") -> None:
        if self.plan is None:
            assert self.refused >= other.refused
            return
        assert other.plan is not None, "a refused call is let through"
        for mine, theirs in zip(self.plan.fields, other.plan.fields, strict=True):
            assert mine.disclosure <= theirs.disclosure, (mine, theirs)


class World(NamedTuple):
    """All that a plan is made from."""

    fields: tuple[Field, ...]
    scheme: GradeScheme
    level: str
    policy: Policy
    kinds: dict[str, Kind]

    def result(self, at: date = TODAY) -> Result:
        try:
            plan = make_plan(
                fields=self.fields, scheme=self.scheme, level=self.level, policy=self.policy,
                requester=REQUESTER, purpose=PURPOSE, resource=RESOURCE, at=at,
                kind_of=self.kinds.__getitem__,
            )  # fmt: skip
        except FieldUnreleasableError as refusal:
            return Result(None, frozenset(fault.field for fault in refusal.fields))
        return Result(plan, frozenset())

    def settled(self, treatment: Treatment, field: Field) -> tuple[Disclosure, float]:
        beside = {each.id: self.kinds[each.kind] for each in self.fields}
        pseudonyms = self.policy.pseudonyms
        return settle(treatment, self.kinds[field.kind], field.type, pseudonyms, beside).weight

    def lower(self, treatment: Treatment) -> list[Treatment]:
        """Return the treatments that come to no more than this one for any field."""
        return [
            other
            for other in TREATMENTS
            if all(self.settled(other, f) <= self.settled(treatment, f) for f in self.fields)
        ]


Move = Callable[[Draw, World], World]
# What looks at other fields of the call, which are not always there, nor identifiers.
BESIDE: tuple[Treatment, ...] = (
    Shift(subject="f0", days=200), Shift(subject="f1", days=9, scope="global"),
    Shift(subject="elsewhere", days=200), Noise(spread=5), Noise(spread=9000, scope="resource"),
    Noise(spread=9000, subject="f2"), Fake(), Fake(subject="f0", scope="global"),
    When(field="f1", among=("1",), then=Clear()),
    When(field="f0", among=("1",), then=Keep(prefix=1), otherwise=Keep(prefix=9, suffix=9)),
    When(field="f2", among=("1",), then=Pseudonym(scope="global"), otherwise=Fake(subject="f0")),
    When(field="f1", among=("1",), then=Shift(subject="f0", days=200), otherwise=Clear()),
    When(field="f2", among=("1",), then=Shift(subject="f0", days=9, scope="resource"),
         otherwise=Shift(subject="f1", days=3660)),
    When(field="f0", among=("1",), then=Noise(spread=5, scope="global"), otherwise=Noise(spread=9)),
    When(field="f0", among=("1",), then=Scrub(), otherwise=Pseudonym(scope="requester")),
    When(field="f1", among=("1",), then=Surname(), otherwise=Fake(subject="elsewhere")),
    When(field="elsewhere", among=("1",), then=Clear()),
)  # fmt: skip
TREATMENTS: tuple[Treatment, ...] = (
    REFUSE, NOTHING, LINKABLE, PARTIAL, CLEAR,
    Clear(), Drop(), Null(), Redact(), Redact(label="x"),
    Keep(prefix=1), Keep(suffix=1), Keep(prefix=3, suffix=4), Keep(prefix=9, suffix=9),
    Surname(), Year(), Month(), Bucket(width=10), Bucket(width=1000), Scrub(),
    *(Pseudonym(scope=scope) for scope in SCOPES), Pseudonym(digits=16),
    *BESIDE,
)  # fmt: skip
# A refusal ends the call, and nothing else is seen of it: it must be rare.
DRAWN = (None, *TREATMENTS[1:], None, *TREATMENTS)
RARER = (*[None] * len(DRAWN) * 2, *DRAWN)
IDS = ("f0", "f1", "f2")
GRADES = ("A", "B", "C", CORE)
MADE_UP = ("k0", "k1", "k2")
NAMES = (*MADE_UP, "resident_id", "birth_date", "free_text", "person_name", "sex")
# Strings and dates are what most operators are for.
TYPES: tuple[FieldType, ...] = (*sorted(EVERY_TYPE), *("string",) * 6, "date")


def made_up(name: str) -> list[Kind]:
    """Make kinds that lack this class or that, and contain one another."""
    return [
        Kind(
            name=name, title=name, title_zh=name, identifier=linkable is not None, misfits=None,
            canonical=None, contains=contains, source="",
            standard=MappingProxyType(
                {each.disclosure: each for each in (clear, partial, linkable, last) if each}
            ),
        )
        for clear in (Clear(), None)
        for partial in (
            None, Keep(prefix=1), Keep(prefix=3, suffix=4), Year(), Bucket(width=1000), Scrub(),
        )
        for linkable in (Pseudonym(), Pseudonym(digits=16), None)
        for last in (Drop(), Null())
        for contains in ((), ("k0",), ("k1", "birth_date"), NAMES)
    ]  # fmt: skip


def made_up_scheme(caps: tuple[Disclosure, ...], above: tuple[Disclosure, ...]) -> GradeScheme:
    general = (
        Grade(id=name, title=name, title_zh=name, cap=cap, above_level=left)
        for name, cap, left in zip(GRADES, caps, above, strict=False)
    )
    core = Grade(id=CORE, title=CORE, title_zh=CORE, cap=REFUSE, core=True)
    return GradeScheme(id="made-up", grades=(*general, core))


def falling(*values: Disclosure) -> list[tuple[Disclosure, ...]]:
    return list(combinations_with_replacement(values, len(GRADES) - 1))


SCHEMES = [
    made_up_scheme(caps, above)
    for caps in [(CLEAR,) * 3] * 8 + falling(CLEAR, PARTIAL, LINKABLE, NOTHING)
    for above in falling(PARTIAL, LINKABLE, NOTHING)
]
FIELDS = [
    Field("", *parts)
    for parts in product(TYPES, NAMES, GRADES, (None, None, CLEAR, PARTIAL, LINKABLE, NOTHING))
]
MATCHES = [
    *(Match(fields=each) for each in (*combinations(IDS, 2), IDS[:1], IDS)),
    *(Match(kinds=each) for each in (NAMES[:2], NAMES[2:5], NAMES)),
    *(Match(grades=each) for each in (GRADES[:1], GRADES[1:3], GRADES)),
    *(Match(requesters=each) for each in ((REQUESTER,), ("Q", REQUESTER), ("Q",))),
    Match(resources=(RESOURCE,)), Match(resources=("other",)),
    Match(purposes=(PURPOSE,)), Match(purposes=("other",)),
    Match(grades=GRADES, requesters=(REQUESTER,), purposes=(PURPOSE,)),
    Match(kinds=NAMES, grades=GRADES[:2], resources=(RESOURCE,), requesters=("Q",)),
]  # fmt: skip
ACT = "Act 1, article 2"
FOREVER = 10_000_000
# Basis, first day and last day, in days from today.
TERMS: list[tuple[str | None, int | None, int | None]] = [
    (ACT, None, 0), (ACT, None, 3), (ACT, -2, 3), (ACT, 0, 9), (ACT, -1, FOREVER),
    (ACT, None, -1), (ACT, 2, 4), (ACT, None, None), (ACT, 1, None), ("  ", None, 9),
    (None, None, None), (None, None, 1), (None, None, -1), (None, 1, 3), (None, -3, None),
]  # fmt: skip


def day(distance: int | None) -> date | None:
    if distance is None:
        return None
    return date.max if distance == FOREVER else TODAY + timedelta(days=distance)


def rules(name: str, treatments: Sequence[Treatment] = TREATMENTS) -> st.SearchStrategy[Rule]:
    return st.builds(
        lambda match, treatment, term: Rule(
            id=name, match=match, treatment=treatment, basis=term[0],
            start=day(term[1]), until=day(term[2]),
        ),
        st.sampled_from(MATCHES), st.sampled_from((*treatments[1:], *treatments)),
        st.sampled_from(TERMS),
    )  # fmt: skip


policies = st.builds(
    lambda of_grades, of_kinds, allowed, scope, listed: Policy(
        id="made-up", version=1, provider="11110000MB00000001",
        defaults=Defaults(
            grades={name: each for name, each in of_grades if each is not None},
            kinds={name: each for name, each in of_kinds if each is not None},
        ),
        pseudonyms=Pseudonyms(kinds=allowed, scope=scope, basis=ACT),
        rules=tuple(rule for rule in listed if rule is not None),
    ),
    st.tuples(*[st.tuples(st.just(name), st.sampled_from(DRAWN)) for name in GRADES[:-1]]),
    st.tuples(*[st.tuples(st.just(name), st.sampled_from(RARER)) for name in NAMES]),
    st.sampled_from([(), NAMES, NAMES, *combinations(NAMES, len(NAMES) // 2)]),
    st.sampled_from(SCOPES),
    st.tuples(*[st.none() | rules(name) | rules(name, BESIDE) for name in "bacd"]),
)  # fmt: skip


def identified(drawn: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(replace(field, id=name) for field, name in zip(drawn, IDS, strict=True))


def _about_subjects(drawn: Sequence[Field]) -> st.SearchStrategy[tuple[Field, ...]]:
    """Draw whom a record is about, a date and a number."""
    people = [field for field in drawn if (field.type, field.kind) == ("string", "resident_id")]
    dates = [field for field in drawn if field.type == "date"]
    numbers = [field for field in drawn if field.type in ("integer", "decimal")]
    return st.tuples(*map(st.sampled_from, (people, dates, numbers)))


def worlds(grades: tuple[str, ...] = GRADES[:-1]) -> st.SearchStrategy[World]:
    """Draw all that a plan is made from; CORE fields only where asked: they end the call."""
    drawn = [field for field in FIELDS if field.grade in grades]
    anything = st.sampled_from(drawn)
    kinds = st.tuples(*[st.sampled_from(made_up(name)) for name in MADE_UP])
    return st.builds(
        World,
        (st.tuples(anything, anything, anything) | _about_subjects(drawn)).map(identified),
        st.sampled_from(SCHEMES),
        st.sampled_from((*GRADES, "C", "B", "unknown")),
        policies,
        kinds.map(lambda found: {**KINDS, **{kind.name: kind for kind in found}}),
    )


many = settings(max_examples=300, deadline=None)
