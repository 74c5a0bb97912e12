"""Two receipts of one envelope: whatever one side says otherwise, or hides, is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from gateway.errors import RequestMalformedError
from gateway.ledger.entries import Leaf
from gateway.ledger.matching import MEMBERS, Difference, match
from gateway.ledger.receipts import CheckedReceipt
from gateway.model.call import SharedPart

PROVIDER, REQUESTER = "11149900MB0C12002H", "11149900MB0C13013W"
SEALED = SharedPart(
    version=1,
    time=1_795_237_175_288,
    kind="seal",
    outcome="ok",
    provider=PROVIDER,
    requester=REQUESTER,
    resource="3070010010001/000001",
    purpose="medical-assistance",
    grant="A" * 22,
    fields=(("name", "clear"), ("birth_date", "year")),
    records=25,
    policy="default@1",
    catalogue="b76953e158765b43",
    trust=8,
    envelope="01" * 16,
    digest="ab" * 32,
)
OPENED = replace(SEALED, kind="open", time=SEALED.time + 5000, trust=7)


def receipt(shared: SharedPart, department: str) -> CheckedReceipt:
    """Return what a verified receipt gives."""
    leaf = Leaf(private="00" * 32, shared=shared)
    origin = f"sealgate/{department}/main/node-0199f0c2a1b2-0a1b2c3d"
    return CheckedReceipt(leaf, origin, department, 0, 1, "a" * 26)


def differences(ours: SharedPart, theirs: SharedPart) -> tuple[Difference, ...]:
    """Match the two, in both orders."""
    one, other = receipt(ours, PROVIDER), receipt(theirs, REQUESTER)
    matched = match(one, other)
    assert match(other, one) == matched
    assert (matched.sealed, matched.opened) == (one, other)
    return matched.differences


def test_what_both_say_alike_agrees() -> None:
    """Each by its own clock and its own version of trust data."""
    assert differences(SEALED, OPENED) == ()
    assert differences(SEALED, replace(OPENED, time=SEALED.time - 60_000)) == ()


def test_every_member_of_an_entry_is_looked_at() -> None:
    """Or is of the form, what the two are matched by, or compared in its own way."""
    apart = {"version", "kind", "envelope", "trust", "fields", "time"}
    assert {field.name for field in fields(SharedPart)} == {*MEMBERS} | apart


@pytest.mark.parametrize("member", [one for one in MEMBERS if one not in ("provider", "requester")])
def test_a_member_that_differs_or_is_hidden_is_named(member: str) -> None:
    """With what either side says."""
    held = getattr(SEALED, member)
    for value in (26, None) if member in ("records", "count") else ("another", None):
        for ours, theirs in (
            (replace(SEALED, **{member: value}), OPENED),
            (SEALED, replace(OPENED, **{member: value})),
        ):
            if held == value:
                continue
            (difference,) = differences(ours, theirs)
            said = [getattr(each, member) for each in (ours, theirs)]
            spelled = [None if one is None else str(one) for one in said]
            assert difference == Difference(member, *spelled)
            for one in filter(None, spelled):
                assert one in difference.text
                assert one in difference.text_zh
            assert ("hides" in difference.text) is (None in spelled)
            assert ("未载明" in difference.text_zh) is (None in spelled)


def test_the_other_party_that_one_names_is_named() -> None:
    """Each is sure of itself alone."""
    another = "11149900MB0C140248"
    assert differences(replace(SEALED, requester=another), OPENED)[0].member == "requester"
    assert differences(SEALED, replace(OPENED, provider=another))[0].member == "provider"
    assert differences(SEALED, replace(OPENED, provider=None))[0].requester is None


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ((("name", "clear"), ("birth_date", "clear")), [("fields.birth_date", "year", "clear")]),
        ((("name", "clear"),), [("fields.birth_date", "year", None)]),
        (
            (("name", "clear"), ("birth_date", "year"), ("mobile", "keep")),
            [("fields.mobile", None, "keep")],
        ),
        ((("birth_date", "year"), ("name", "clear")), []),
        ((), [("fields", "2", None)]),
    ],
)
def test_fields_are_compared_one_by_one(
    opened: tuple[tuple[str, str], ...], expected: list[tuple[Any, ...]]
) -> None:
    """By id, whatever their order; a side that names none at all is told once."""
    assert differences(SEALED, replace(OPENED, fields=opened)) == tuple(
        Difference(*one) for one in expected
    )


def test_nothing_is_opened_before_it_is_sealed() -> None:
    """By more than honest clocks differ."""
    (difference,) = differences(SEALED, replace(OPENED, time=SEALED.time - 60_001))
    assert difference == Difference("time", "2026-11-21T04:59:35Z", "2026-11-21T04:58:35Z")


@given(st.dictionaries(st.sampled_from(MEMBERS[3:6]), st.none() | st.text(max_size=5)))
def test_what_differs_is_what_was_changed(changes: dict[str, str | None]) -> None:
    """No more, and no less."""
    changed = {name for name, value in changes.items() if value != getattr(OPENED, name)}
    found = differences(SEALED, replace(OPENED, **changes))
    assert {difference.member for difference in found} == changed


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (receipt(SEALED, PROVIDER), receipt(SEALED, PROVIDER), "one is to be of a seal"),
        (receipt(OPENED, REQUESTER), receipt(OPENED, REQUESTER), "one is to be of a seal"),
        (
            receipt(replace(SEALED, kind="reveal"), PROVIDER),
            receipt(OPENED, REQUESTER),
            "one is to be of a seal",
        ),
        (
            receipt(SEALED, PROVIDER),
            receipt(replace(OPENED, envelope="02" * 16), REQUESTER),
            "not of one envelope",
        ),
        (
            receipt(replace(SEALED, envelope=None), PROVIDER),
            receipt(replace(OPENED, envelope=None), REQUESTER),
            "not of one envelope",
        ),
        (receipt(SEALED, REQUESTER), receipt(OPENED, REQUESTER), "not the provider's own"),
        (receipt(SEALED, PROVIDER), receipt(OPENED, PROVIDER), "not the requester's own"),
    ],
)
def test_what_does_not_belong_together_is_not_matched(
    one: CheckedReceipt, other: CheckedReceipt, why: str
) -> None:
    """Two of one side, of two envelopes, or of what a third party's ledger says."""
    with pytest.raises(RequestMalformedError, match=why):
        match(one, other)
