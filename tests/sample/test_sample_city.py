"""All resources speak of one city: its people, businesses and hospitals are the same in each."""

from collections.abc import Iterable
from itertools import chain
from time import process_time

import msgspec
import pytest

from gateway import sample
from gateway.model.resource import Field
from gateway.records.decoder import RecordDecoder
from gateway.sample.organisations import is_office
from gateway.sample.roles import HOSPITAL, ROLES, Role
from tests.sample.city import SEED, city, held, rows

CODES = tuple(city().resources)
MARRIAGE, ADOPTION = "3070010030001/000003", "3070010040001/000004"
# Kinds of which one person, or one organisation, has one value.
PERSONAL = ("person_name", "resident_id", "birth_date", "sex", "ethnicity", "marital_status")
BESIDE = ("mobile", "address", "bank_card", "plate", "region")
(LEGAL,) = (role for role in ROLES if role.name == "legal")
MEDICAL = ("2010010010001/000001", "2020020010001/000003", "2020030010001/000004")


def _about_people() -> list[str]:
    """Return the resources whose rows are about a person."""
    return [
        code
        for code in CODES
        if {"person_name", "resident_id"} & {field.kind for field in held(city().resources[code])}
    ]


def _about_businesses() -> list[str]:
    """Return the resources that name a business by its credit code."""
    other = {"3070010020001/000002", "2020020010001/000003"}
    return [
        code
        for code in CODES
        if code not in other and "uscc" in {field.kind for field in held(city().resources[code])}
    ]


def _plain(field: Field, value: object) -> object:
    return str(value).replace("-", "") if field.kind == "birth_date" else value


def _known(codes: Iterable[str], kinds: tuple[str, ...], row: int) -> dict[str, set[object]]:
    """Collect by kind what the resources say of whom their row is about."""
    said: dict[str, set[object]] = {kind: set() for kind in kinds}
    for code in codes:
        for field in held(city().resources[code]):
            value = rows(code)[row].get(field.id)
            if field.kind in kinds and value and not is_office(field):
                said[field.kind].add(_plain(field, value))
    return said


def test_rows_of_people_are_about_the_same_person() -> None:
    """Row i says of a person the same in every resource: who it is, and how to reach them."""
    codes = _about_people()
    assert len(codes) >= 10
    for row in range(300):
        for kind, values in _known(codes, PERSONAL + BESIDE, row).items():
            assert len(values) == 1, (row, kind)


def test_couples_and_adoptions_are_of_their_own() -> None:
    """They are about several people, none of whom comes first."""
    assert not {MARRIAGE, ADOPTION} & set(_about_people())


def test_rows_of_businesses_are_about_the_same_business() -> None:
    """Row i names the same business by code and name wherever one is named."""
    codes = _about_businesses()
    assert len(codes) >= 7
    for row in range(300):
        for kind, values in _known(codes, ("uscc", "org_name"), row).items():
            assert len(values) == 1, (row, kind)


def _values(code: str, role: Role, kind: str) -> list[object]:
    (field,) = (field for field in held(city().resources[code], role) if field.kind == kind)
    return [row[field.id] for row in rows(code)]


def test_a_business_has_one_representative_and_one_capital() -> None:
    """Register, penalties, the list of debtors and the licence agree."""
    codes = [
        "1020010010001/000001",
        "1030010010001/000001",
        "1030020010001/000002",
        "1060020010001/000002",
    ]
    (first, *others) = [_values(code, LEGAL, "person_name") for code in codes]
    assert all(other == first for other in others)
    register, licences = rows(codes[0]), rows(codes[3])
    for field in ("registered_capital", "entity_type", "business_scope", "address"):
        assert [row[field] for row in register] == [row[field] for row in licences]


def test_rows_of_hospitals_are_about_the_same_hospital() -> None:
    """Bills, the register of institutions and care for the ill name one hospital in row i."""
    names = [_values(code, HOSPITAL, "org_name") for code in MEDICAL]
    assert names[0] == names[1] == names[2]
    for field in ("hospital_code", "hospital_level"):
        assert [row[field] for row in rows(MEDICAL[0])] == [row[field] for row in rows(MEDICAL[1])]


def test_whom_rows_are_about_lives_and_works_in_one_place() -> None:
    """Businesses and hospitals of row i stand in the county where its person lives."""
    codes = [*_about_people(), *_about_businesses(), MEDICAL[1]]
    for row in range(200):
        places = {rows(code)[row][str(city().resources[code].region_field)] for code in codes}
        assert len(places) == 1


def test_people_are_not_each_other() -> None:
    """The law above is not kept by a city of one."""
    ids = [row["resident_id"] for row in rows("1010010010001/000001")]
    codes = [row["uscc"] for row in rows("1020010010001/000001")]
    assert len(set(ids)) == len(ids)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("code", CODES)
def test_rows_of_the_city_are_accepted(code: str) -> None:
    """Each resource takes its own sample rows, all fields of them."""
    resource, lists = city().resources[code], dict(city().code_lists)
    decoder = RecordDecoder(resource, frozenset(field.id for field in resource.fields), lists)
    lines = msgspec.json.Encoder().encode_lines(list(rows(code)))
    assert decoder.decode(lines, "ndjson").size == len(rows(code))


@pytest.mark.parametrize("code", CODES)
def test_the_size_of_batches_does_not_show(code: str) -> None:
    """Batches of any size hold the same rows, and a further run repeats them."""
    resource = city().resources[code]
    batches = sample.batches(resource, city().code_lists, rows=90, seed=SEED, size=17)
    assert tuple(chain.from_iterable(batches)) == rows(code)[:90]


@pytest.mark.parametrize("code", CODES)
def test_another_seed_is_another_city(code: str) -> None:
    """Nothing of one seed is found again in another."""
    assert rows(code, 20, SEED + 1) != rows(code)[:20]


@pytest.mark.parametrize("code", CODES)
def test_a_hundred_thousand_rows_of_each_take_seconds(code: str) -> None:
    """A fiftieth of the rows takes a fiftieth of ten seconds of one core at most."""
    resource = city().resources[code]
    encoder = msgspec.json.Encoder()
    start = process_time()
    for batch in sample.batches(resource, city().code_lists, rows=2_000, seed=1):
        encoder.encode_lines(batch)
    assert process_time() - start < 0.2
