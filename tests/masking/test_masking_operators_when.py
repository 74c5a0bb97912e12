"""Conditionals: they let no more out than the looser of their choices."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from keys.derive import Mac
from masking.engine import compile_plan
from masking.grades import DEFAULT_SCHEME, Disclosure
from masking.kinds import KINDS
from masking.operators import AnyOperator, FieldType, Operator, Scope
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.keep import Keep
from masking.operators.null import Null
from masking.operators.redact import Redact
from masking.operators.round import Round
from masking.operators.when import When
from masking.plan import make_plan
from masking.policy import Defaults, Policy, Pseudonyms, Treatment
from masking.policy.outcome import settle
from tests.masking.plan_worlds import Field

DAY = date(2026, 6, 15)


def _when(then: Operator, otherwise: Operator) -> When:
    return When(field="other", among=("1", "true"), then=then, otherwise=otherwise)


class _Formatted(Field, frozen=True):
    format: str | None = None


def _masked(
    treatment: When,
    values: Sequence[Any],
    others: Sequence[Any] = (),
    *,
    type: FieldType = "string",
    other_type: FieldType = "string",
) -> list[Any]:
    """Mask one column as a policy says; without `others` the grant lacks the other field."""
    fields = [_Formatted("f", type, "mobile" if type == "string" else "amount", "G1", None)]
    if others:
        fields.append(_Formatted("other", other_type, "general", "G1", None))
    kinds: dict[str, Treatment] = {fields[0].kind: treatment, "general": Disclosure.CLEAR}
    plan = make_plan(
        fields=fields,
        scheme=DEFAULT_SCHEME,
        level="G4",
        policy=Policy(id="p", version=1, provider="", defaults=Defaults(kinds=kinds)),
        requester="R",
        purpose="p",
        resource="r/1",
        at=DAY,
    )
    scope = Scope(requester="R", purpose="p", resource="r/1")
    engine = compile_plan(plan, fields, lambda _context: Mac(b"key"), scope)
    return engine.mask([list(values), list(others)][: len(fields)]).columns[0]


@pytest.mark.parametrize(
    ("then", "otherwise", "shown"),
    [
        (Redact(label="甲"), Redact(label="乙"), UNSET),
        (Redact(), Redact(), "***"),
        (Drop(), Drop(), UNSET),
        (Null(), Null(), None),
        (Redact(), Null(), UNSET),
    ],
)
def test_two_that_disclose_nothing_tell_nothing_together(
    then: Operator, otherwise: Operator, shown: object
) -> None:
    """Neither what the other field says, nor which records have a value."""
    values = ["13812345678", "13812345678", None, UNSET, "", "13900000000"]
    others = ["1", "0", "1", "0", "1", None]
    assert _masked(_when(then, otherwise), values, others) == [shown] * 6


@pytest.mark.parametrize(
    ("then", "otherwise", "disclosure"),
    [
        (Clear(), Redact(), Disclosure.NOTHING),
        (Redact(), Clear(), Disclosure.NOTHING),
        (Clear(), Drop(), Disclosure.NOTHING),
        (Clear(), Keep(prefix=1), Disclosure.PARTIAL),
    ],
)
def test_a_grant_without_the_field_gets_no_more_of_anybody(
    then: Operator, otherwise: Operator, disclosure: Disclosure
) -> None:
    """What was to be hidden from some is hidden: whoever asks for fewer fields gains nothing."""
    found = settle(_when(then, otherwise), KINDS["mobile"], "string", Pseudonyms(), {})
    assert found.disclosure is disclosure
    assert found.note
    if disclosure is Disclosure.NOTHING:
        assert len(set(_masked(_when(then, otherwise), ["13812345678", None]))) == 1


def test_a_boolean_is_true_or_false() -> None:
    """And hides where it is unknown."""
    answers = _masked(
        _when(Clear(), Redact(label="-")),
        ["13812345678"] * 4,
        [True, False, None, UNSET],
        other_type="boolean",
    )
    assert answers == ["13812345678", "-", "***", "***"]


def test_null_goes_with_what_is_no_text() -> None:
    """So that a number can be given of some and hidden of others."""
    hidden = _when(Round(to=1000), Null())
    assert hidden.output_type("integer") == "integer"
    assert _when(Null(), Round(to=1000)).output_type("integer") == "integer"
    assert _masked(hidden, [3280, 3280, 3280], ["1", "0", None], type="integer") == [
        3000,
        None,
        None,
    ]
    assert not _when(Keep(prefix=1), Null()).takes("string")
    assert not _when(Drop(), Null()).takes("integer")


@pytest.mark.parametrize("name", ["*", "a b", "", "1", "name\n"])
def test_a_field_is_named_as_catalogues_name_it(name: str) -> None:
    """A star stands for every field elsewhere, and is no name."""
    for written in (
        {"op": "when", "field": name, "among": ["1"], "then": {"op": "redact"}},
        {"op": "noise", "spread": 5, "subject": name},
        {"op": "shift", "days": 200, "subject": name},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(written, AnyOperator)
