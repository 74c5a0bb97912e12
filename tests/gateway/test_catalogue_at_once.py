"""One reading tells all faults of a catalogue: none hides another, none follows from another."""

from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.catalogue import read_catalogue
from gateway.errors import CatalogueInvalidError
from masking.faults import Fault
from tests.gateway.small_catalogue import GRADES, PURPOSES, SEX, SOUND, TOWNS, A, B
from tests.mutations import Mutation, both, chosen, drop, mutated, put, rename, said

# What others refer to by name.
GRADE_IDS = tuple((GRADES, "grades", rank, "id") for rank in range(3))
LIST_IDS, CODES = ((SEX, "id"), (TOWNS, "id")), ((A, "code"), (B, "code"))
IDS = tuple((A, "fields", place, "id") for place in range(6))
KINDS = tuple((A, "fields", place, "kind") for place in range(6))

OF_THE_SCHEMA = [
    put((A, "colour"), "red"),
    rename((A, "abstract"), "abstrct"),
    drop((A, "name")),
    put((A, "name_en"), ["x"]),
    put((A, "classification"), "x"),
    drop((A, "provider", "name")),
    put((A, "provider", "department"), "111499"),
    put((A, "format"), "ALIAS"),
    put((A, "use_requirements"), "ANCHORED"),
    put((A, "source_business"), "TAGGED"),
    put((A, "update_cycle__AGAIN"), "每月", changes=[(A, "update_cycle")]),
    put((A, "share", "mode"), "接口"),
    put((A, "share", "class"), "secret"),
    put((A, "share", "colour"), "red"),
    rename((A, "share", "basis"), "basiss"),
    drop((A, "share", "class")),
    put((A, "open", "class"), ["none"]),
    rename((A, "open", "condition"), "conditions"),
    put((A, "open__AGAIN"), {"class": "conditional"}, changes=[(A, "open")]),
    put((A, "open", "MERGED"), {"a": "b"}, changes=[(A, "open")]),
    put((A, "published"), "2026-02-30"),
    put((A, "grade"), ""),
    drop((A, "protection", "users")),
    put((A, "protection", "agreement"), "yes"),
    put((A, "secrecy_review", "date"), "soon"),
    put((A, "related", 0), "a b"),
    put((A, "region_field"), "区划"),
    put((A, "status"), "old"),
    put((A, "replaced_by"), "a b"),
    put((A, "fields", 0, "id"), "a-b"),
    put((A, "fields", 1, "length"), 0),
    put((A, "fields", 1, "colour"), "red"),
    put((A, "fields", 2, "type"), "day"),
    rename((A, "fields", 2, "format"), "formt"),
    put((A, "fields", 3, "cap"), "some"),
    put((A, "fields", 3, "code_list"), ["sex"]),
    drop((A, "fields", 4, "grade")),
    put((A, "fields", 4, "precision"), 99),
    put((A, "fields", 4), "income"),
    put((A, "fields", 5, "name"), "名" * 129),
    put((A, "fields", 5, "description"), "ALIAS"),
    put((A, "fields"), "none"),
    put((B, "fields"), []),
    put((B, "code"), "b 1"),
    put((B, "abstract"), ["x"]),
    put((B, "fields", 1, "code_list"), "两"),
    put((SEX, "id"), ["sex"]),
    drop((SEX, "source")),
    put((SEX, "codes", 0, "code"), ""),
    put((TOWNS, "codes", 1), "x"),
    put((TOWNS, "colour"), "red"),
    drop((PURPOSES, "purposes", 0, "basis")),
    put((PURPOSES, "purposes", 1, "scenarios"), []),
    put((PURPOSES, "purposes", 1, "id"), "Q"),
    rename((GRADES, "id"), "idd"),
    drop((GRADES, "grades", 0, "title")),
    put((GRADES, "grades", 0, "id"), ["G1"]),
    put((GRADES, "grades", 1, "cap"), "most"),
    put((GRADES, "grades", 1, "above_level"), "ALIAS"),
]

SHARE, OPEN = (A, "share", "class"), (A, "open", "class")
BEYOND_THE_SCHEMA = [
    drop((A, "share", "basis"), SHARE),
    put((A, "share", "departments"), ["11149900MB0C13013W"], SHARE),
    put(SHARE, "dedicated", (A, "share", "departments")),
    drop((A, "open", "condition"), OPEN),
    put((A, "status"), "replaced", (A, "replaced_by")),
    put((A, "replaced_by"), "b/1", (A, "status"), *CODES),
    both(put((A, "status"), "replaced"), put((A, "replaced_by"), "c/1", *CODES)),
    put((A, "related", 0), "c/1", *CODES),
    put((A, "related", 0), "a/1", *CODES),
    put((A, "region_field"), "nowhere", *IDS, *KINDS),
    put((A, "region_field"), "name", *IDS, *KINDS),
    put((A, "provider", "department"), "11149900MB0C12008H", (B, "provider", "department")),
    put((B, "provider", "department"), "11149900MB0C99999X", (A, "provider", "department")),
    put((A, "grade"), "G9", *GRADE_IDS),
    put((A, "grade"), "G2", *GRADE_IDS, (A, "fields", 1, "grade")),
    put((A, "fields", 5, "id"), "born", (A, "fields", 2, "id")),
    put((A, "fields", 5, "name"), "项sex", (A, "fields", 3, "name"), (A, "fields", 5, "id")),
    put((A, "fields", 0, "kind"), "regoin"),
    put((A, "fields", 1, "precision"), 2, (A, "fields", 1, "type")),
    put((A, "fields", 1, "open_end"), True, (A, "fields", 1, "type")),
    put((A, "fields", 2, "format"), "DDMMYYYY", (A, "fields", 2, "type")),
    put((A, "fields", 2, "grade"), "G7", *GRADE_IDS),
    put((A, "fields", 3, "code_list"), "sx", (A, "fields", 3, "type"), *LIST_IDS),
    put((A, "fields", 4, "scale"), 11, (A, "fields", 4, "type"), (A, "fields", 4, "precision")),
    put((A, "fields", 5, "kind"), "secret"),
    put((B, "code"), "a/1", (A, "code"), (A, "related", 0)),
    put((B, "related"), ["d/1"], *CODES),
    put((B, "fields", 0, "scale"), 0, (B, "fields", 0, "type")),
    drop((B, "fields", 1, "code_list"), (B, "fields", 1, "type"), *LIST_IDS),
    put((SEX, "codes", 2, "code"), "1", (SEX, "codes", 0, "code")),
    put((PURPOSES, "purposes", 1, "id"), "p", (PURPOSES, "purposes", 0, "id")),
    put((GRADES, "grades", 2, "above_level"), "clear"),
    put((GRADES, "grades", 0, "cap"), "partial", *((GRADES, "grades", n, "cap") for n in (1, 2))),
]
FAULTY = {mutation.name: mutation for mutation in (*OF_THE_SCHEMA, *BEYOND_THE_SCHEMA)}


def _faults(mutations: Sequence[Mutation]) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueInvalidError) as caught:
        read_catalogue(mutated(SOUND, mutations))
    assert caught.value.fault_count == len(caught.value.faults)
    return caught.value.faults


@cache
def _alone(name: str) -> list[tuple[str, ...]]:
    return said(_faults([FAULTY[name]]))


def test_the_catalogue_is_sound_before_anything_is_put_into_it() -> None:
    """Else its own fault would be found beside each."""
    assert len(FAULTY) == len(OF_THE_SCHEMA) + len(BEYOND_THE_SCHEMA)
    assert read_catalogue(mutated(SOUND, [])).resources.keys() == {"a/1", "b/1"}


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_told_once_where_it_stands(name: str) -> None:
    """Nothing that only follows from it is told beside it, and never in another file."""
    told = _alone(name)
    assert 1 <= len(told) == len(set(told)) <= 2
    assert {file for file, *_ in told} == {str(FAULTY[name].changes[0][0])}


@settings(max_examples=200)
@given(st.lists(st.sampled_from(sorted(FAULTY)), min_size=2, max_size=5))
def test_faults_hide_nothing_and_make_nothing_up(names: list[str]) -> None:
    """Faults that have nothing to do with each other are told together as each alone."""
    apart = chosen(names, FAULTY)
    together = said(_faults(apart))
    assert together == sorted(fault for one in apart for fault in _alone(one.name))
