"""Trust data is read whole, with every key what it says it is, or every fault is told."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
import yaml

from gateway.config import Places
from gateway.errors import CatalogueInvalidError
from gateway.founding import World, found_world
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust
from masking.faults import Fault

Files = Mapping[str, bytes]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found a world on disk."""
    return found_world(tmp_path_factory.mktemp("trust") / "world")


@pytest.fixture
def files(founded: World) -> dict[str, bytes]:
    """Read the files that the world's authority published."""
    return read_folder(Places(founded.place("authority")).trust, TRUST_SUFFIXES)


def _now() -> int:
    return system_clock() // 1000


def _faults(files: Files) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueInvalidError) as caught:
        read_trust(files, _now())
    found = caught.value.faults
    assert found == tuple(sorted(found, key=lambda fault: fault[:3]))
    assert all(fault.text and fault.text_zh and fault.remedy_zh for fault in found)
    return found


def _edited(files: Files, name: str, change: Callable[[Any], object]) -> dict[str, bytes]:
    plain = yaml.safe_load(files[name])
    change(plain)
    return {**files, name: yaml.safe_dump(plain, allow_unicode=True).encode()}


def _department(files: Files) -> str:
    return next(name for name in files if name.startswith("departments/"))


def test_what_was_published_is_read(files: Files, founded: World) -> None:
    """Departments, issuer, catalogue, status list, term."""
    trust = read_trust(files, _now())
    assert set(trust.departments) == {one.id for one in founded.departments.values()}
    assert set(trust.issuers) == {founded.issuer.iss}
    assert trust.version >= 1
    assert trust.issued <= _now() < trust.expires
    assert len(trust.status_lists) == 1
    for name, department in trust.departments.items():
        assert department.id == name
        assert all(key.raw for key in department.keys)
        assert department.key(department.keys[0].key_id, department.keys[0].purpose)
        assert department.key("a" * 26, department.keys[0].purpose) is None


@pytest.mark.parametrize("name", ["trust.yaml", "issuers.yaml", "catalogue/purposes.yaml"])
def test_a_missing_file_is_told(files: Files, name: str) -> None:
    """By its name, and without faults that only follow from it."""
    left = {key: content for key, content in files.items() if key != name}
    assert [(fault.file, fault.text) for fault in _faults(left)] == [(name, "the file is missing")]


def test_faults_of_several_files_are_told_at_once(files: Files) -> None:
    """With the catalogue's under its folder."""
    broken = _edited(files, "trust.yaml", lambda plain: plain.update(version=0, colour="red"))
    broken = _edited(broken, _department(files), lambda plain: plain.update(suites=[]))
    broken = _edited(broken, "catalogue/purposes.yaml", lambda plain: plain.update(purposes=[]))
    told = [fault.file for fault in _faults(broken)]
    assert told == ["catalogue/purposes.yaml", _department(files), "trust.yaml", "trust.yaml"]


TERMS: list[dict[str, object]] = [
    {"version": 0},
    {"version": 2**53 + 1},
    {"version": "1"},
    {"version": None},
    {"issued": -1},
    {"issued": 1e9},
    {"expires": 10**15},
    {"expires": "tomorrow"},
    {"more": 1},
]


@pytest.mark.parametrize("changes", TERMS, ids=str)
def test_a_term_is_whole_numbers_in_bounds(files: Files, changes: dict[str, object]) -> None:
    """The dates of a calendar, a version that JSON can hold."""
    broken = _edited(files, "trust.yaml", lambda plain: plain.update(changes))
    assert {fault.file for fault in _faults(broken)} == {"trust.yaml"}


def _swap(first: str, second: str) -> Callable[[Any], object]:
    """Give the key of one purpose the public half of another."""

    def change(plain: Any) -> None:
        keys = {(key["purpose"], key["suite"]): key for key in plain["keys"]}
        keys[first, 1]["public"] = keys[second, 1]["public"]

    return change


def _first(**changes: object) -> Callable[[Any], object]:
    return lambda plain: plain["keys"][0].update(changes)


def _other_suite(plain: Any) -> None:
    """Signatures of both suites are alike; sealing is not."""
    next(key for key in plain["keys"] if key["purpose"] == "opening")["suite"] = 2


KEYS: dict[str, Callable[[Any], object]] = {
    "another key's bytes": _swap("signing", "ledger"),
    "a key of another purpose": _swap("opening", "signing"),
    "another id": _first(key_id="a" * 26),
    "another purpose": _first(purpose="ledger"),
    "another suite": _other_suite,
    "an unknown suite": _first(suite=77),
    "no bytes": _first(public=""),
    "no base64": _first(public="not base64"),
    "base64 with a gap": _first(public="QUJD QUJD"),
    "too few bytes": _first(public="QUJD"),
    "bytes of nothing": _first(public="A" * 44),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_what_it_says(files: Files, name: str) -> None:
    """Else an envelope would be sealed to, or believed from, somebody else."""
    place = _department(files)
    faults = _faults(_edited(files, place, KEYS[name]))
    assert {fault.file for fault in faults} == {place}
    assert all(fault.path[0] == "keys" for fault in faults)
    assert all(fault.line > 1 for fault in faults)


def test_a_secret_in_the_directory_is_not_repeated(files: Files) -> None:
    """Somebody may paste a private key where the public one belongs."""
    place = _department(files)
    broken = _edited(files, place, _first(public="SECRET" * 20))
    with pytest.raises(CatalogueInvalidError) as caught:
        read_trust(broken, _now())
    assert "SECRET" not in caught.value.report() + str(caught.value)


def test_departments_and_issuers_stand_once(files: Files) -> None:
    """Of two the later would silently win."""
    place = _department(files)
    (fault,) = _faults({**files, "departments/z.yaml": files[place]})
    assert fault.file == "departments/z.yaml"
    assert "stands twice" in fault.text
    twice = _edited(
        files,
        "issuers.yaml",
        lambda plain: plain["issuers"].append(
            msgspec.json.decode(msgspec.json.encode(plain["issuers"][0]))
        ),
    )
    (fault,) = _faults(twice)
    assert (fault.file, fault.text) == ("issuers.yaml", "this issuer stands twice")


def test_an_issuers_key_is_what_it_says(files: Files) -> None:
    """Its status lists are not judged by a key that is not."""
    broken = _edited(
        files, "issuers.yaml", lambda plain: plain["issuers"][0]["keys"][0].update(key_id="b" * 26)
    )
    assert {fault.file for fault in _faults(broken)} <= {"issuers.yaml", "status/list.jwt"}


STATUS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "no token": lambda _: b"x.y.z",
    "no ASCII": lambda token: "令牌".encode() + token,
    "signature of another": lambda token: token.strip()[:-8] + b"AAAAAAAA",
    "claims of another": lambda token: token.replace(b".", b".A", 1),
    "cut": lambda token: token[: len(token) // 2],
    "very long": lambda token: token.strip() * 20_000,
}


@pytest.mark.parametrize("name", STATUS)
def test_a_status_list_is_the_issuers(files: Files, name: str) -> None:
    """Signed, and in its strict form."""
    broken = {**files, "status/list.jwt": STATUS[name](files["status/list.jwt"])}
    (fault,) = _faults(broken)
    assert fault.file == "status/list.jwt"


def test_a_status_list_from_the_future_is_refused(files: Files) -> None:
    """This clock is behind, or the list is a trick."""
    with pytest.raises(CatalogueInvalidError) as caught:
        read_trust(files, _now() - 10_000)
    assert [fault.file for fault in caught.value.faults] == ["status/list.jwt"]


def test_other_files_do_not_matter(files: Files) -> None:
    """Neither by name nor by content."""
    version = read_trust(files, _now()).catalogue.version
    more = {**files, "readme.yaml": b"\xff", "departments/notes.txt": b"\xff", "status/x.yaml": b""}
    assert read_trust(more, _now()).catalogue.version == version
