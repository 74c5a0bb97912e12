"""One reading tells all faults of a policy: none hides another, none follows from another."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masking.errors import PolicyInvalidError
from masking.faults import Fault
from masking.grades import DEFAULT_SCHEME
from masking.policy import read_policy
from tests.mutations import Mutation, Path, chosen, drop, mutated, put, rename, said

P = "policy.yaml"
PSEUDONYM = {"op": "pseudonym", "digits": 20}
SOUND: dict[str, Any] = {
    P: {
        "policy": "civil-affairs",
        "version": 3,
        "provider": "11110000MB0000001Y",
        "defaults": {
            "grades": {"G1": "clear", "G2": "partial", "G3": "partial", "G4": "nothing"},
            "kinds": {"person_name": {"op": "surname"}, "mobile": dict(PSEUDONYM)},
        },
        "pseudonyms": {
            "kinds": ["mobile", "resident_id"],
            "scope": "requester",
            "basis": "《…》第九条",
        },
        "rules": [
            {
                "id": "names",
                "match": {"kinds": ["person_name"], "fields": ["name"], "purposes": ["p"]},
                "treatment": "clear",
                "basis": "《…》第十二条",
                "from": "2026-01-01",
                "until": "2027-12-31",
            },
            {
                "id": "less",
                "match": {"grades": ["G1", "G2"], "requesters": ["12110000MB0000002X"]},
                "treatment": {"op": "redact"},
            },
            {
                "id": "mobiles",
                "match": {"kinds": ["mobile"], "grades": ["G1"]},
                "treatment": dict(PSEUDONYM),
            },
        ],
        "sealing": {"suites": [1, 2], "cache": {"seconds": 30}, "lifetime_hours": 2},
    }
}


def _at(*path: str | int) -> Path:
    return (P, *path)


DEFAULTS, RULES, LINKS = _at("defaults"), _at("rules"), _at("pseudonyms")
KINDS = (*DEFAULTS, "kinds")

OF_THE_SCHEMA = [
    put(_at("policy"), "a b"),
    put(_at("version"), "one"),
    put(_at("provider"), "民政局"),
    put(_at("colour"), "red"),
    rename(_at("sealing"), "sealings"),
    put((*DEFAULTS, "colour"), "red"),
    put((*DEFAULTS, "grades", "G4"), "none"),
    put((*DEFAULTS, "grades", "G3__AGAIN"), "clear", changes=[(*DEFAULTS, "grades", "G3")]),
    put((*KINDS, "person_name"), {"op": "surnam"}),
    put((*KINDS, "mobile", "digits"), 1),
    put((*LINKS, "scope"), "world"),
    rename((*LINKS, "basis"), "basiss"),
    put((*LINKS, "kinds", 1), ""),
    put(LINKS, "none"),
    put((*RULES, 0, "id"), "a b"),
    drop((*RULES, 0, "match")),
    put((*RULES, 0, "match", "fields"), []),
    put((*RULES, 0, "until"), "2026-13-01"),
    put((*RULES, 0, "colour"), "red"),
    put((*RULES, 0, "treatment"), "ALIAS"),
    rename((*RULES, 0, "basis"), "basiss"),
    put((*RULES, 1, "match", "grades", 0), ["G1"]),
    put((*RULES, 1, "match", "colour"), "red"),
    put((*RULES, 1), "less"),
    put((*RULES, 2, "treatment", "digits"), 1),
    put((*RULES, 2, "treatment", "MERGED"), "x", changes=[(*RULES, 2, "treatment")]),
    put(_at("sealing", "suites", 0), "one"),
    put(_at("sealing", "cache", "seconds"), 61),
    put(_at("sealing", "cache__AGAIN"), "x", changes=[_at("sealing", "cache")]),
    put(_at("sealing", "lifetime_hours"), "ALIAS"),
]
BEYOND_THE_SCHEMA = [
    put(_at("provider"), "11110000MB00000010"),
    put((*DEFAULTS, "grades", "G9"), "nothing"),
    put((*KINDS, "mobil"), "nothing"),
    put((*KINDS, "sex"), "linkable"),
    put((*KINDS, "email"), {"op": "pseudonym"}, (*LINKS, "kinds")),
    put((*KINDS, "mobile", "scope"), "global", (*LINKS, "scope")),
    put((*LINKS, "kinds", 0), "mobiles"),
    put((*LINKS, "kinds", 1), "mobile", (*LINKS, "kinds", 0)),
    put((*LINKS, "kinds", 1), "sex"),
    drop((*LINKS, "basis"), (*LINKS, "scope")),
    put((*RULES, 1, "match"), {}),
    put((*RULES, 0, "match", "kinds"), ["person_nam"]),
    put((*RULES, 1, "match", "grades", 1), "G9"),
    put((*RULES, 1, "basis"), " "),
    put((*RULES, 0, "from"), "2028-01-01", (*RULES, 0, "until")),
    drop((*RULES, 0, "until"), DEFAULTS, LINKS, (*RULES, 0)),
    drop((*RULES, 0, "basis"), DEFAULTS, LINKS, (*RULES, 0)),
    put((*RULES, 2, "match", "kinds", 0), "email", DEFAULTS, LINKS, (*RULES, 2, "treatment")),
    put((*RULES, 2, "treatment", "scope"), "global", LINKS, DEFAULTS, (*RULES, 2)),
    put((*RULES, 2, "id"), "names", (*RULES, 0, "id")),
    put((*RULES, 1, "id"), "mobiles", (*RULES, 2, "id")),
    put(_at("sealing", "suites", 1), 7),
    put(_at("sealing", "suites", 1), 1, _at("sealing", "suites", 0)),
]
FAULTY = {mutation.name: mutation for mutation in (*OF_THE_SCHEMA, *BEYOND_THE_SCHEMA)}


def _faults(mutations: Sequence[Mutation]) -> tuple[Fault, ...]:
    text = mutated(SOUND, mutations)[P]
    with pytest.raises(PolicyInvalidError) as caught:
        read_policy(text, P, scheme=DEFAULT_SCHEME)
    found = caught.value.faults
    assert caught.value.fault_count == len(found)
    assert list(found) == sorted(found, key=lambda fault: (fault.line, fault.column))
    return found


@cache
def _alone(name: str) -> list[tuple[str, ...]]:
    return said(_faults([FAULTY[name]]))


def test_the_policy_is_sound_before_anything_is_put_into_it() -> None:
    """Else its own fault would be found beside each."""
    assert len(FAULTY) == len(OF_THE_SCHEMA) + len(BEYOND_THE_SCHEMA)
    policy = read_policy(mutated(SOUND, [])[P], P, scheme=DEFAULT_SCHEME)
    assert len(policy.rules) == 3


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_told_once_where_it_stands(name: str) -> None:
    """Nothing that only follows from it is told beside it."""
    told = _alone(name)
    assert 1 <= len(told) == len(set(told)) <= 2


@settings(max_examples=200)
@given(st.lists(st.sampled_from(sorted(FAULTY)), min_size=2, max_size=5))
def test_faults_hide_nothing_and_make_nothing_up(names: list[str]) -> None:
    """Faults that have nothing to do with each other are told together as each alone."""
    apart = chosen(names, FAULTY)
    together = said(_faults(apart))
    assert together == sorted(fault for one in apart for fault in _alone(one.name))
