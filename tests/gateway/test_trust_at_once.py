"""One reading tells all faults of trust data: none hides another, none follows from another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Places
from gateway.errors import CatalogueInvalidError
from gateway.founding import found_world
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import CATALOGUE, read_trust
from tests.gateway.small_catalogue import SOUND
from tests.mutations import Mutation, chosen, drop, mutated, put, rename, said

ISSUERS, TERM, LIST = "issuers.yaml", "trust.yaml", "status/list.jwt"
FIRST, SECOND = "departments/first.yaml", "departments/second.yaml"
PURPOSES = "catalogue/purposes.yaml"
KEY = (FIRST, "keys", 1)
NO_KEY = "QUJD"

MUTATIONS = [
    put((TERM, "version"), 0),
    put((TERM, "colour"), "red"),
    drop((FIRST, "name")),
    put((FIRST, "suites"), []),
    put((FIRST, "suites__AGAIN"), [1], changes=[(FIRST, "suites")]),
    put((FIRST, "keys", 0, "purpose"), "all"),
    put((FIRST, "keys", 0, "colour"), "red"),
    put((*KEY, "public"), NO_KEY, KEY),
    put((*KEY, "key_id"), "a" * 26, KEY),
    put((*KEY, "not_before"), "soon"),
    put((FIRST, "keys", 2), "ALIAS"),
    put((SECOND, "id"), "11149900MB0C12002", (FIRST, "id")),
    put((SECOND, "keys", 0, "suite"), 77, (SECOND, "keys", 0)),
    put((SECOND, "keys", 1, "public"), NO_KEY, (SECOND, "keys", 1)),
    rename((ISSUERS, "issuers", 0, "name"), "nam"),
    put((ISSUERS, "issuers", 0, "resources"), []),
    put((ISSUERS, "issuers", 0, "keys", 0, "public"), NO_KEY, (ISSUERS, "issuers", 0, "keys", 0)),
    drop((PURPOSES, "purposes", 0, "basis")),
]
FAULTY = {mutation.name: mutation for mutation in MUTATIONS}
Check = Callable[[Sequence[Mutation]], list[tuple[str, ...]]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Return what is said of a world's trust data with faults in it."""
    world = found_world(tmp_path_factory.mktemp("trust") / "world")
    files = read_folder(Places(world.place("authority")).trust, TRUST_SUFFIXES)
    departments = sorted(name for name in files if name.startswith("departments/"))
    sources = {FIRST: departments[0], SECOND: departments[1], ISSUERS: ISSUERS, TERM: TERM}
    plain: dict[str, Any] = {
        **{name: yaml.safe_load(files[source]) for name, source in sources.items()},
        **{CATALOGUE + name: content for name, content in SOUND.items()},
    }
    now = system_clock() // 1000

    def check(mutations: Sequence[Mutation]) -> list[tuple[str, ...]]:
        broken: Mapping[str, bytes] = {**mutated(plain, mutations), LIST: files[LIST]}
        if not mutations:
            assert len(read_trust(broken, now).status_lists) == 1
            return []
        with pytest.raises(CatalogueInvalidError) as caught:
            read_trust(broken, now)
        return said(caught.value.faults)

    return check


def test_trust_data_is_sound_before_anything_is_put_into_it(told: Check) -> None:
    """Else its own fault would be found beside each."""
    assert told([]) == []


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_told_once_where_it_stands(told: Check, name: str) -> None:
    """Nothing that only follows from it is told beside it: no list by an issuer's wrong key."""
    assert [file for file, *_ in told([FAULTY[name]])] == [str(FAULTY[name].changes[0][0])]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(sorted(FAULTY)), min_size=2, max_size=5))
def test_faults_hide_nothing_and_make_nothing_up(told: Check, names: list[str]) -> None:
    """Faults that have nothing to do with each other are told together as each alone."""
    apart = chosen(names, FAULTY)
    assert told(apart) == sorted(fault for one in apart for fault in told([one]))
