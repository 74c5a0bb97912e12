"""What a masking policy holds.

A policy is written by a provider's security staff. It says for each grade and
kind what happens by default, for which kinds pseudonyms may be given, and in
rules what happens for named resources, fields, requesters or purposes instead.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from masking.examples import such_as
from masking.grades import Disclosure
from masking.operators import AnyOperator
from masking.operators._keyed import KeyScope

# A plan looks at every rule: a generated file must not make planning slow.
MAX_RULES = 2_000
# One rule that lists every field of a department is no rule but a copy of its catalogue.
MAX_LISTED = 1_000
# A wrapped content key in memory for longer, or for more envelopes, is worth stealing.
MAX_CACHE_SECONDS = 60
MAX_CACHE_ENVELOPES = 1_000
# A retired key must open envelopes for as long as they live: it cannot be given up before.
MAX_LIFETIME_HOURS = 168

Treatment = Annotated[
    Disclosure | AnyOperator,
    Meta(
        description="a disclosure or an operator",
        extra={"zh": "披露程度或脱敏算子"},
        examples=["partial"],
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=256)]
Id = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z",
        description="1 to 64 letters, digits, dots, hyphens or underscores",
        extra={"zh": "1 至 64 个字母、数字、点、连字符或下划线"},
        examples=["pension-check-id"],
    ),
]
Basis = Annotated[Name, such_as("《…》第…条")]
_Resource = Annotated[Name, such_as("3070010010001/000012")]
_Field = Annotated[Name, such_as("birth_date")]
_Kind = Annotated[Name, such_as("mobile")]
_Grade = Annotated[Name, such_as("G2")]
_Department = Annotated[Name, such_as("11149900MB0C13013W")]
_Purpose = Annotated[Name, such_as("medical-assistance")]
_SEVERAL = Meta(min_length=1, max_length=MAX_LISTED)


class Defaults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens where no rule matches: the stricter of the grade's and the kind's."""

    grades: Mapping[Annotated[str, such_as("G2")], Treatment] = {}
    kinds: Mapping[Annotated[str, such_as("mobile")], Treatment] = {}


class Pseudonyms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which identifier kinds pseudonyms may be given, and who may join by them.

    What is said of pseudonyms holds of all that is linkable. A scope wider than
    `requester+purpose` lets more holders join what they have: it needs a legal
    basis.
    """

    kinds: tuple[_Kind, ...] = ()
    scope: Annotated[KeyScope, such_as("requester+purpose")] = "requester+purpose"
    basis: Basis | None = None


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fields of which calls a rule is about; what is absent does not matter."""

    resources: Annotated[tuple[_Resource, ...], _SEVERAL] | None = None
    fields: Annotated[tuple[_Field, ...], _SEVERAL] | None = None
    kinds: Annotated[tuple[_Kind, ...], _SEVERAL] | None = None
    grades: Annotated[tuple[_Grade, ...], _SEVERAL] | None = None
    requesters: Annotated[tuple[_Department, ...], _SEVERAL] | None = None
    purposes: Annotated[tuple[_Purpose, ...], _SEVERAL] | None = None

    def fits_call(self, requester: str, purpose: str, resource: str) -> bool:
        """Tell whether the rule is about calls such as this."""
        return (
            _fits(self.requesters, requester)
            and _fits(self.purposes, purpose)
            and _fits(self.resources, resource)
        )

    def fits_field(self, field: str, kind: str, grade: str) -> bool:
        """Tell whether the rule is about fields such as this."""
        return _fits(self.fields, field) and _fits(self.kinds, kind) and _fits(self.grades, grade)


def _fits(names: tuple[str, ...] | None, name: str) -> bool:
    return names is None or name in names


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exception to the defaults, from the first day to the last, both included."""

    id: Id
    match: Annotated[Match, such_as("{fields: [birth_date]}")]
    treatment: Treatment
    basis: Basis | None = None
    start: date | None = msgspec.field(default=None, name="from")
    until: Annotated[date, such_as("2027-12-31")] | None = None

    @property
    def licensed(self) -> bool:
        """Tell whether the rule may disclose more than the default."""
        return bool(self.basis and self.basis.strip()) and self.until is not None

    def in_force(self, at: date) -> bool:
        """Tell whether the rule holds on a day."""
        return (self.start is None or self.start <= at) and (self.until is None or at <= self.until)


class Cache(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, and for how many envelopes, a wrapped content key is kept; 0 turns it off."""

    seconds: Annotated[int, Meta(ge=0, le=MAX_CACHE_SECONDS)] = MAX_CACHE_SECONDS
    envelopes: Annotated[int, Meta(ge=0, le=MAX_CACHE_ENVELOPES)] = MAX_CACHE_ENVELOPES


class Sealing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How envelopes are sealed: the suites accepted, the preferred first, no others."""

    suites: Annotated[tuple[int, ...], Meta(min_length=1, max_length=16, examples=["[1, 2]"])] = (
        1,
        2,
    )
    cache: Cache = Cache()
    lifetime_hours: Annotated[int, Meta(ge=1, le=MAX_LIFETIME_HOURS)] = 24


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider's masking policy."""

    id: Annotated[Id, such_as("civil-affairs")] = msgspec.field(name="policy")
    version: Annotated[int, Meta(ge=1)]
    provider: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9A-HJ-NPQRTUWXY]{18}\Z",
            description="a unified social credit code",
            extra={"zh": "统一社会信用代码"},
            examples=["11149900MB0C12002H"],
        ),
    ]
    defaults: Defaults = Defaults()
    pseudonyms: Pseudonyms = Pseudonyms()
    rules: Annotated[tuple[Rule, ...], Meta(max_length=MAX_RULES)] = ()
    sealing: Sealing = Sealing()
