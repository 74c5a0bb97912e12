"""Families hang together: one home, one surname, a generation between parents and children."""

from collections import Counter

import pytest

from gateway.sample import Record
from gateway.sample.dates import LAST_DAY
from tests.sample.city import rows

MEMBERS, POPULATION = "1010020010001/000002", "1010010010001/000001"
ASSISTANCE = "3070010010001/000001"
KIN = ("spouse", "child", "child_second", "father", "mother")
COUNT = 3_000
# Groups whose names have no surname in front.
OWN_WAY = {"02", "04", "05", "17"}


@pytest.fixture(scope="module")
def families() -> tuple[Record, ...]:
    """Make the families of many people."""
    return rows(MEMBERS, COUNT)


@pytest.fixture(scope="module")
def people() -> tuple[Record, ...]:
    """Make the people whose families they are."""
    return rows(POPULATION, COUNT)


def _id(row: Record, who: str) -> str | None:
    value = row["resident_id" if who == "" else f"{who}_id"]
    return None if value is None else str(value)


def _year(number: str) -> float:
    return int(number[6:10]) + int(number[10:12]) / 12


def _sex(number: str) -> int:
    return 2 - int(number[16]) % 2


def test_a_member_is_there_whole_or_not_at_all(families: tuple[Record, ...]) -> None:
    """Name, number and date of birth of a relative are null together."""
    for row in families:
        for who in KIN:
            parts = {row[name] is None for name in row if name in _parts(who)}
            assert len(parts) == 1


def _parts(who: str) -> set[str]:
    return {f"{who}_{part}" for part in ("name", "id", "birth_date")}


def test_every_kind_of_member_occurs(families: tuple[Record, ...]) -> None:
    """And every one is missing in some family."""
    for who in KIN:
        found = [_id(row, who) is not None for row in families]
        assert 50 < sum(found) < len(found)


def test_no_more_members_than_the_household_has(families: tuple[Record, ...]) -> None:
    """The person and the relatives listed fit into the household."""
    for row in families:
        listed = 1 + sum(_id(row, who) is not None for who in KIN)
        assert listed <= int(str(row["household_size"]))


def test_a_household_lives_in_one_division(families: tuple[Record, ...]) -> None:
    """Number of the household and of each member begin with the division of the address."""
    for row in families:
        region = str(row["region"])
        assert str(row["household_number"]).startswith(region)
        for who in ("", "head", *KIN):
            number = _id(row, who)
            assert number is None or number[:6] == region


def test_registers_agree_on_the_household(
    families: tuple[Record, ...], people: tuple[Record, ...]
) -> None:
    """Household, address and relation are those of the register of persons, row by row."""
    for family, person in zip(families, people, strict=True):
        for name in ("household_number", "household_type", "address", "relation", "resident_id"):
            assert family[name] == person[name]


def test_assistance_counts_the_same_household(families: tuple[Record, ...]) -> None:
    """Civil affairs and public security count the members alike."""
    counted = [row["household_size"] for row in rows(ASSISTANCE, COUNT)]
    assert [row["household_size"] for row in families] == counted


def test_households_have_numbers_of_their_own(families: tuple[Record, ...]) -> None:
    """No two families share one."""
    assert len({row["household_number"] for row in families}) == len(families)


def test_members_are_of_their_sex(families: tuple[Record, ...]) -> None:
    """Fathers are men, mothers women, couples one of each."""
    for row in families:
        for who, sex in (("father", 1), ("mother", 2)):
            number = _id(row, who)
            assert number is None or _sex(number) == sex
        spouse = _id(row, "spouse")
        assert spouse is None or _sex(spouse) + _sex(str(row["resident_id"])) == 3


def test_only_the_married_have_spouses(
    families: tuple[Record, ...], people: tuple[Record, ...]
) -> None:
    """And the single have no children."""
    for family, person in zip(families, people, strict=True):
        married = str(person["marital_status"]).startswith("2")
        assert married or family["spouse_id"] is None
        assert person["marital_status"] != "10" or family["child_id"] is None


def test_generations_are_a_generation_apart(families: tuple[Record, ...]) -> None:
    """Children are at least 19 years younger than each parent; nobody is older than a century."""
    for row in families:
        own = _year(str(row["resident_id"]))
        for who in ("child", "child_second"):
            child = _id(row, who)
            if child is not None:
                spouse = _id(row, "spouse")
                parents = [own, *([_year(spouse)] if spouse else [])]
                assert _year(child) - max(parents) >= 19
                assert _year(child) <= 2026.5
        for who in ("father", "mother"):
            parent = _id(row, who)
            assert parent is None or 19 <= own - _year(parent) <= 45
        oldest = min(_year(n) for who in ("", *KIN) if (n := _id(row, who)))
        assert LAST_DAY / 365.25 - oldest <= 100


def test_siblings_are_born_in_order(families: tuple[Record, ...]) -> None:
    """A second child is younger than the first, which is there too."""
    for row in families:
        if row["child_second_id"] is not None:
            assert str(row["child_birth_date"]) < str(row["child_second_birth_date"])


def test_children_have_the_surname_of_their_father(
    families: tuple[Record, ...], people: tuple[Record, ...]
) -> None:
    """And the person that of theirs; names behind a middle dot are the father's first."""
    seen: Counter[str] = Counter()
    for family, person in zip(families, people, strict=True):
        own_way = person["ethnicity"] in OWN_WAY
        man = family if person["sex"] == "1" else None
        pairs = [(person["name"], family["father_name"])]
        father = person["name"] if man is not None else family["spouse_name"]
        pairs += [(family[f"{who}_name"], father) for who in ("child", "child_second")]
        for child, parent in pairs:
            if child is None or parent is None:
                continue
            if "·" in str(child):
                assert str(child).partition("·")[2] == str(parent).partition("·")[0]
                seen["dotted"] += 1
            elif not own_way:
                assert str(child)[0] == str(parent)[0]
                seen["surname"] += 1
    assert seen["dotted"] > 5
    assert seen["surname"] > 500


def test_the_head_is_who_the_relation_says(families: tuple[Record, ...]) -> None:
    """Heads themselves, husband and wife, and children at their parents'."""
    assert {row["relation"] for row in families} == {"02", "11", "12", "20", "30"}
    for row in families:
        own, head = row["resident_id"], row["head_id"]
        match row["relation"]:
            case "02":
                assert head == own
            case "11" | "12" as relation:
                assert head == row["spouse_id"]
                assert _sex(str(own)) == {"11": 1, "12": 2}[relation]
            case "20" | "30" as relation:
                assert head in (row["father_id"], row["mother_id"])
                assert _sex(str(own)) == {"20": 1, "30": 2}[relation]
