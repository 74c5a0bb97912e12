"""The way out takes its steps in their order, and the earlier one decides."""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.model.resource import Status
from gateway.model.trust import Blocks
from gateway.records.decoder import MAX_RECORD_BYTES
from keys.material import Purpose
from tests.gateway.forge import refusal
from tests.gateway.outbound_cases import QUOTA, Case, catalogue_with


def _too_large(case: Case) -> None:
    case.records = case.records.ljust(MAX_RECORD_BYTES + 1)


def _stale(case: Case) -> None:
    case.city.publish(expires=case.city.clock() // 1000)


def _no_token(case: Case) -> None:
    case.changes["grant"] = "not.a.token"


def _another_purpose(case: Case) -> None:
    case.changes["purpose"] = "assistance-payment"


def _stopped(case: Case) -> None:
    case.city.publish(catalogue=catalogue_with(case.city, status=Status.STOPPED))


def _uncatalogued(case: Case) -> None:
    case.records = case.records.replace(b'"category"', b'"blood_type"', 1)


def _quota(case: Case) -> None:
    case.used_before = QUOTA - 2


def _no_policy(case: Case) -> None:
    case.city.provider.snapshots.change(policy=None)


def _no_key(case: Case) -> None:
    departments = dict(case.city.trust.departments)
    entry = departments[case.city.requester.department]
    keys = tuple(key for key in entry.keys if key.purpose is not Purpose.OPENING)
    departments[entry.id] = msgspec.structs.replace(entry, keys=keys)
    case.city.publish(departments=departments)


def _blocked_behind(case: Case) -> None:
    blocks = Blocks(requesters=frozenset({case.city.requester.department}))
    case.behind.append(lambda snapshots: snapshots.turn(blocks=blocks))


def _no_ledger(case: Case) -> None:
    case.ledger.fails = True


# What can be wrong, in the order in which it is found: step, code, whether rows are charged.
FAULTS: list[tuple[Callable[[Case], None], str, bool]] = [
    (_too_large, "LIMIT_EXCEEDED", False),  # 1
    (_stale, "TRUST_STALE", False),
    (_no_token, "TOKEN_MALFORMED", False),  # 2
    (_another_purpose, "PURPOSE_NOT_GRANTED", False),
    (_stopped, "RESOURCE_STOPPED", False),  # 3
    (_uncatalogued, "FIELD_UNCATALOGUED", False),  # 4
    (_quota, "QUOTA_EXCEEDED", False),  # 5
    (_no_policy, "POLICY_MISSING", True),  # 6
    (_no_key, "KEY_UNAVAILABLE", True),  # 9
    (_blocked_behind, "TOKEN_BLOCKED", True),  # 10
    (_no_ledger, "LEDGER_UNAVAILABLE", True),  # 11
]


def _name(fault: Any) -> str:
    return str(getattr(fault, "__name__", fault)).strip("_")


def test_a_call_in_order_is_sealed() -> None:
    """What the faults below break is good as it stands."""
    case = Case()
    sealed = case.run()
    assert case.city.requester.open(sealed.envelope).manifest == sealed.manifest
    assert case.used == 3
    assert [entry.shared.outcome for entry in case.ledger.inner.entries] == ["ok"]


@pytest.mark.parametrize(("fault", "code", "charged"), FAULTS, ids=_name)
def test_each_step_refuses(fault: Callable[[Case], None], code: str, charged: bool) -> None:
    """With its code; nothing is returned, rows stay charged from step 5 on."""
    case = Case()
    fault(case)
    assert refusal(case.run) == code
    assert case.used - case.used_before == (3 if charged else 0)
    entries = case.ledger.inner.entries
    strangers = {"LIMIT_EXCEEDED", "TRUST_STALE", "TOKEN_MALFORMED", "LEDGER_UNAVAILABLE"}
    assert [entry.shared.outcome for entry in entries] == ([] if code in strangers else [code])
    assert all(entry.shared.envelope is None for entry in entries)


@pytest.mark.parametrize(
    ("first", "second"),
    list(itertools.combinations(FAULTS, 2)),
    ids=lambda fault: _name(fault[0]),
)
def test_the_earlier_step_decides(first: Any, second: Any) -> None:
    """Of any two things that are wrong the one that is found first is told."""
    case = Case()
    second[0](case)
    first[0](case)
    expected = first[1]
    if second[0] is _no_ledger and expected not in (
        "LIMIT_EXCEEDED",
        "TRUST_STALE",
        "TOKEN_MALFORMED",
    ):
        # Its refusal cannot be entered, and that is worse.
        expected = "LEDGER_UNAVAILABLE"
    assert refusal(case.run) == expected
