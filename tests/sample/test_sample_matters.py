"""Fields that belong together agree: bills add up, plates fit their kind, series go on."""

import re
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from gateway import sample
from gateway.model.resource import Field, FieldType
from gateway.sample import Record, matters
from gateway.sample.matters.vehicles import check_digit
from tests.sample.city import city, rows

COUNT = 2_000


def _rows(code: str) -> tuple[Record, ...]:
    return rows(code, COUNT)


def test_every_matter_is_that_of_some_resource() -> None:
    """What no resource has the fields for would be written by nobody."""
    for matter in matters.MATTERS:
        using = [
            resource
            for resource in city().resources.values()
            if matter.needs <= {field.id for field in resource.fields}
        ]
        assert using
        for field_id in matter.writers:
            assert any(field_id in matters.writers(resource) for resource in using), field_id


def test_a_bill_adds_up() -> None:
    """What was paid is the total, no part of it less than nothing."""
    parts = ("reimbursed", "critical_illness_paid", "assistance_paid", "self_paid")
    for row in _rows("2010010010001/000001"):
        paid = [Decimal(str(row[part])) for part in parts]
        assert min(paid) >= 0
        assert sum(paid) == row["total_cost"]
        assert all(amount.as_tuple().exponent == -2 for amount in paid)


def test_who_stays_in_hospital_leaves_it() -> None:
    """In-patients leave after they came and before the bill; out-patients have no such day."""
    for row in _rows("2010010010001/000001"):
        stays = row["visit_type"] in ("21", "24")
        assert (row["discharged"] is not None) == stays
        left = str(row["discharged"] if stays else row["admitted"])
        assert str(row["admitted"]) <= left == str(row["settled_at"])[:10]


def test_a_diagnosis_is_called_what_its_code_says() -> None:
    """In the words of the code list."""
    names = {code.code: code.name for code in city().code_lists["diagnosis"].codes}
    for row in _rows("2010010010001/000001"):
        assert names[str(row["diagnosis_code"])] == row["diagnosis_name"]


def test_who_is_struck_off_was_struck_off_some_day() -> None:
    """A date stands beside every status but the usual one; most people stand in the register."""
    found = _rows("1010010010001/000001")
    for row in found:
        assert (row["status_date"] is None) == (row["life_status"] == "1")
        assert row["status_date"] is None or str(row["status_date"]) > str(row["birth_date"])
    usual = sum(row["life_status"] == "1" for row in found)
    assert COUNT * 0.9 < usual < COUNT
    assert any(row["life_status"] == "2" for row in found)


def test_only_employees_have_an_employer() -> None:
    """Code and name of the employer and the account stand and fall with the kind of insurance."""
    seen = set()
    for row in _rows("2020010010001/000001"):
        employed = row["insurance_type"] == "310"
        seen.add(employed)
        for field in ("employer_uscc", "employer_name", "account_balance"):
            assert (row[field] is not None) == employed
    assert seen == {True, False}


def test_one_person_has_one_insurance_and_one_wage() -> None:
    """Bills and enrolment name the same insurance; the premium follows from the wage."""
    enrolled, wages = _rows("2020010010001/000001"), _rows("3080010010001/000001")
    bills = _rows("2010010010001/000001")
    assert [row["insurance_type"] for row in enrolled] == [row["insurance_type"] for row in bills]
    for row, wage in zip(enrolled, wages, strict=True):
        if row["insurance_type"] == "310":
            yearly = Decimal(str(wage["wage_base"])) * 12 * Decimal("0.02")
            assert abs(Decimal(str(row["premium"])) - yearly) < 1


def test_benefits_are_drawn_by_who_is_out_of_work() -> None:
    """Whose insurance goes on draws none."""
    found = _rows("3080010010001/000001")
    assert {row["enrolment_status"] for row in found if row["unemployment_benefit"]} == {"2"}


@pytest.mark.parametrize("number", ["1M8GDM9AXKP042788", "11111111111111111"])
def test_check_digits_of_vehicles_are_known(number: str) -> None:
    """Two numbers that are printed as examples everywhere."""
    assert check_digit(number) == number[8]


def test_vehicles_have_valid_numbers_and_fitting_plates() -> None:
    """Seventeen places without I, O and Q; a plate of eight is of a new-energy vehicle."""
    for row in _rows("3030010010001/000001"):
        number, plate = str(row["vin"]), str(row["plate"])
        assert re.fullmatch("[A-HJ-NPR-Z0-9]{17}", number)
        assert check_digit(number) == number[8]
        assert row["plate_type"] == {7: "02", 8: "52"}[len(plate)]
        assert str(row["inspected_until"]) >= "2026-06"


def test_parcels_are_coded_by_place_and_tenure() -> None:
    """Nineteen characters, twenty-eight with the unit, and rights that go with the letters."""
    rights = {"GB": {"3", "4"}, "JC": {"5", "6"}, "JB": {"7"}}
    for code, field, unit in (
        ("1050010010001/000001", "parcel_number", ""),
        ("3090010010001/000001", "unit_number", "F[0-9]{8}"),
    ):
        for row in _rows(code):
            number = str(row[field])
            found = re.fullmatch(f"([0-9]{{6}})[0-9]{{6}}(GB|JB|JC)[0-9]{{5}}{unit}", number)
            assert found
            assert found[1] == row["region"]
            assert row["right_type"] in rights[found[2]]


def test_points_lie_in_the_province() -> None:
    """Parcels, places and hospitals: longitude first."""
    for code, field in (
        ("1050010010001/000001", "centre"),
        ("1050020010001/000002", "point"),
        ("2020020010001/000003", "point"),
    ):
        for row in _rows(code):
            longitude, latitude = map(float, str(row[field]).split(","))
            assert 110 < longitude < 115
            assert 34 < latitude < 41


def test_indicators_go_on_as_series() -> None:
    """No two rows are of the same indicator, division and month; months are past and released."""
    found = rows("1040010010001/000001", 4_000)
    names = {code.code: code.name for code in city().code_lists["indicator"].codes}
    keys = {(row["indicator_code"], row["region"], row["period"]) for row in found}
    assert len(keys) == len(found)
    assert {row["indicator_code"] for row in found} == set(names)
    for row in found:
        assert names[str(row["indicator_code"])] == row["indicator_name"]
        assert str(row["period"]) < str(row["released_at"])[:7] <= "2026-06"
    units = {row["indicator_code"]: row["unit"] for row in found}
    assert units["E01"] == "%"
    assert units["A01"] == "亿元"


def test_a_certificate_is_called_numbered_and_dated_by_its_kind() -> None:
    """An identity card has the holder's number; what has run out says so."""
    names = {code.code: code.name for code in city().code_lists["certificate-type"].codes}
    found = _rows("1060010010001/000001")
    assert {row["certificate_type"] for row in found} == set(names)
    for row in found:
        kind = str(row["certificate_type"])
        assert names[kind] == row["certificate_name"]
        assert (row["certificate_number"] == row["holder_id"]) == (kind in ("11", "41"))
        assert (str(row["valid_until"]) < "20260630") == (row["status"] == "2")
        assert re.fullmatch("[0-9a-f]{64}", str(row["file_digest"]))
    assert any(row["valid_until"] == "长期" for row in found)


def test_penalties_fit_the_offence() -> None:
    """Only who is fined has a fine; the facts name the business, and the law is one of ours."""
    for row in _rows("1030010010001/000001"):
        assert (row["fine"] != Decimal("0.00")) == (row["penalty_kind"] == "2")
        assert str(row["facts"]).startswith(str(row["name"]))
        assert re.fullmatch("《.+》第.+条", str(row["legal_basis"]))
        assert str(row["decided_date"])[:4] in str(row["decision_number"])


def test_who_was_listed_long_enough_is_off_the_list() -> None:
    """Status goes by the last day."""
    for row in _rows("1030020010001/000002"):
        assert str(row["listed_date"]) < str(row["listed_until"])
        over = date.fromisoformat(str(row["listed_until"])) < date(2026, 6, 30)
        assert row["list_status"] == ("2" if over else "1")


def test_businesses_were_founded_before_anything_happened_to_them() -> None:
    """Registered before the sample's years; a trader has a trader's code and little capital."""
    for row in _rows("1020010010001/000001"):
        assert str(row["established_date"]) <= "2016-07-01"
        assert (row["entity_type"] == "9500") == str(row["uscc"]).startswith("92")
        assert row["business_until"] == "长期" or str(row["business_until"]) > "2026-06-30"


def test_readings_are_those_of_the_disease() -> None:
    """Glucose for diabetes, pressure for the others, the lower one lower."""
    for row in _rows("2020030010001/000004"):
        assert (row["glucose"] is None) == (row["diagnosis_code"] != "E11.900")
        assert (row["systolic"] is None) == (row["diastolic"] is None)
        if row["systolic"] is not None:
            assert int(str(row["diastolic"])) < int(str(row["systolic"])) < 200


def test_a_field_that_cannot_hold_a_matter_is_filled_by_its_type() -> None:
    """A department may call a code list or a number by an id of ours, and be read all the same."""
    resource = city().resources["2010010010001/000001"]
    changed: dict[str, dict[str, object]] = {
        "reimbursed": {"type": FieldType.INTEGER, "precision": None, "scale": None},
        "total_cost": {"precision": 5, "scale": 2},
        "discharged": {"null": False},
        "visit_type": {"code_list": "sex"},
        "hospital_code": {"length": 3},
    }
    fields = tuple(
        msgspec.structs.replace(field, **changed.get(field.id, {})) for field in resource.fields
    )
    other = msgspec.structs.replace(resource, fields=fields)
    for row in sample.rows(other, city().code_lists, rows=200, seed=1):
        assert isinstance(row["reimbursed"], int)
        assert Decimal(str(row["total_cost"])) < 1000
        assert row["discharged"] is not None
        assert row["visit_type"] in ("0", "1", "2", "9")
        assert len(str(row["hospital_code"])) == 3


def test_a_series_needs_no_list_of_ours() -> None:
    """Codes of somebody else's list get a unit and a value too."""
    resource = city().resources["1040010010001/000001"]
    fields = tuple(
        msgspec.structs.replace(field, code_list="sex") if field.id == "indicator_code" else field
        for field in resource.fields
    )
    other: list[Field] = list(fields)
    changed = msgspec.structs.replace(resource, fields=tuple(other))
    made = list(sample.rows(changed, city().code_lists, rows=8, seed=1))
    assert [row["indicator_code"] for row in made[:4]] == ["0", "1", "2", "9"]
    assert {row["unit"] for row in made} == {"亿元"}
