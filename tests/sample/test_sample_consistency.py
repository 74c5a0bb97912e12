"""Fields of a row agree with each other."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import pytest

from gateway import sample
from gateway.model.resource import Code, CodeList, Field, FieldType, Resource
from gateway.model.trust import Catalogue
from gateway.sample.roles import cast

MakeResource = Callable[..., Resource]
Row = sample.Record
ASSISTANCE, ORGANISATIONS = "3070010010001/000001", "3070010020001/000002"
MARRIAGE, ADOPTION = "3070010030001/000003", "3070010040001/000004"
ROWS = 3_000


def _rows(catalogue: Catalogue, code: str) -> list[Row]:
    resource = catalogue.resources[code]
    return list(sample.rows(resource, catalogue.code_lists, rows=ROWS, seed=11))


@pytest.fixture(scope="module")
def recipients(catalogue: Catalogue) -> list[Row]:
    """Make rows of the largest resource."""
    return _rows(catalogue, ASSISTANCE)


def test_the_identity_number_says_what_the_row_says(recipients: list[Row]) -> None:
    """Division, date of birth and sex in the number are those beside it."""
    for row in recipients:
        number = str(row["resident_id"])
        assert number[:6] == row["region"]
        assert number[6:14] == row["birth_date"]
        assert "21"[int(number[16]) % 2] == row["sex"]


def test_the_address_begins_with_the_division(recipients: list[Row], catalogue: Catalogue) -> None:
    """An address spells the names of the row's division and those above it."""
    names = {code.code: code.name for code in catalogue.code_lists["region"].codes}
    for row in recipients:
        code = str(row["region"])
        above = names[code[:2] + "0000"] + names[code[:4] + "00"]
        assert str(row["address"]).startswith(above + names[code])


def test_dates_follow_each_other(recipients: list[Row]) -> None:
    """Nobody is approved before birth, and nothing ends or changes before it began."""
    for row in recipients:
        birth, approved, until = (
            str(row[k]) for k in ("birth_date", "approved_date", "valid_until")
        )
        assert birth < approved
        assert until == "长期" or approved < until
        assert approved <= str(row["updated_at"])[:10].replace("-", "")


def test_what_a_field_permits_beside_a_value_occurs(recipients: list[Row]) -> None:
    """Null, empty, absent and the open end are there, and only where they may be."""
    assert {None, ""} < {row["visit_note"] for row in recipients}
    assert any("mobile" not in row for row in recipients)
    assert "" in {row.get("mobile") for row in recipients}
    assert "长期" in {row["valid_until"] for row in recipients}
    for field in ("name", "resident_id", "region", "address", "disabled", "valid_until"):
        assert all(row[field] not in (None, "") for row in recipients)


def test_notes_mention_the_person_and_others(recipients: list[Row]) -> None:
    """Most notes name the person; some hold the person's numbers, some other people's."""
    notes = [(str(row["visit_note"]), row) for row in recipients if row["visit_note"]]
    named = sum(str(row["name"]) in note for note, row in notes)
    assert named > len(notes) * 0.8
    for field in ("resident_id", "mobile", "address", "bank_card"):
        assert any(str(row[field]) in note for note, row in notes if row.get(field))
    others = sum("身份证号" in note and str(row["resident_id"]) not in note for note, row in notes)
    assert others > 0


def test_minors_are_single(recipients: list[Row]) -> None:
    """Nobody under twenty is married."""
    for row in recipients:
        if str(row["birth_date"]) > "20070101" and row["marital_status"] is not None:
            assert row["marital_status"] == "10"


def test_common_surnames_are_common(recipients: list[Row]) -> None:
    """Wang, Li and Zhang lead; names of two-character surnames and with a middle dot occur."""
    names = [str(row["name"]) for row in recipients]
    leading = Counter(name[0] for name in names).most_common(3)
    assert {surname for surname, _ in leading} == {"王", "李", "张"}
    dotted = [row for row in recipients if "·" in str(row["name"])]
    assert dotted
    assert {row["ethnicity"] for row in dotted} <= {"05", "17", None}


def test_couples_are_of_two_sexes_and_of_age(catalogue: Catalogue) -> None:
    """Husband and wife are two people with identities of their own."""
    for row in _rows(catalogue, MARRIAGE):
        husband, wife = str(row["husband_id"]), str(row["wife_id"])
        assert (int(husband[16]) % 2, int(wife[16]) % 2) == (1, 0)
        married = date.fromisoformat(str(row["registered_date"]))
        for number in (husband, wife):
            assert married.year - int(number[6:10]) >= 20
        assert str(row["office"]).endswith("民政局")


def test_a_child_is_a_child_and_not_the_adopter(catalogue: Catalogue) -> None:
    """The adopted child is younger, and born before it is adopted."""
    for row in _rows(catalogue, ADOPTION):
        born = str(row["adoptee_birth_date"])
        assert int(born[:4]) - int(str(row["adopter_id"])[6:10]) >= 10
        assert born <= str(row["registered_date"])


def test_organisations_are_of_their_place(catalogue: Catalogue) -> None:
    """Credit code, name and telephone belong to the division of registration."""
    names = {code.code: code.name for code in catalogue.code_lists["region"].codes}
    for row in _rows(catalogue, ORGANISATIONS):
        code = str(row["region"])
        assert str(row["uscc"])[0] == "5"
        assert str(row["uscc"])[2:8] == code
        assert str(row["name"]).startswith(names[code])


@pytest.mark.parametrize(
    ("field_id", "name", "role"),
    [
        ("husband_name", "姓名", "husband"),
        ("NF_XM", "男方姓名", "husband"),
        ("adoptee_id", "被收养人证件号", "child"),
        ("SYR_XM", "收养人姓名", "adopter"),
        ("xm", "姓名", "subject"),
        ("region", "行政区划", "subject"),
    ],
)
def test_fields_find_their_person(field_id: str, name: str, role: str) -> None:
    """A first English word of an id, or a first Chinese one of a title, tells whose it is."""
    field = Field(id=field_id, name=name, grade="G1", type=FieldType.STRING, kind="person_name")
    assert cast([field])[field_id].name == role


def test_a_second_of_a_kind_is_a_second_person(entry: MakeResource) -> None:
    """Two names without a role are two people, each with a number of their own."""
    fields = [
        Field(id=f"{kind}_{n}", name=f"{kind} {n}", grade="G1", type=FieldType.STRING, kind=kind)
        for n in (1, 2)
        for kind in ("person_name", "resident_id")
    ]
    rows = list(sample.rows(entry(*fields), {}, rows=100, seed=1))
    assert sum(row["person_name_1"] != row["person_name_2"] for row in rows) > 90
    assert all(row["resident_id_1"] != row["resident_id_2"] for row in rows)


def test_codes_of_an_own_list_are_found_by_name(entry: MakeResource) -> None:
    """A department that writes M and F still gets rows whose numbers agree."""
    listed = CodeList(
        id="xb",
        name="性别",
        source="自定",
        codes=(Code(code="M", name="男"), Code(code="F", name="女")),
    )
    resource = entry(
        Field(id="xb", name="性别", grade="G1", type=FieldType.CODE, kind="sex", code_list="xb"),
        Field(id="sfz", name="证件", grade="G1", type=FieldType.STRING, kind="resident_id"),
    )
    for row in sample.rows(resource, {"xb": listed}, rows=300, seed=1):
        assert row["xb"] == "FM"[int(str(row["sfz"])[16]) % 2]


def test_a_list_of_one_county_keeps_rows_in_it(entry: MakeResource) -> None:
    """Rows lie where the resource's own list of divisions reaches."""
    listed = CodeList(
        id="qh",
        name="区划",
        source="自定",
        codes=(Code(code="330000", name="浙江省"), Code(code="330106", name="西湖区")),
    )
    resource = entry(
        Field(id="qh", name="区划", grade="G1", type=FieldType.CODE, kind="region", code_list="qh"),
        Field(id="dz", name="地址", grade="G1", type=FieldType.STRING, kind="address"),
        region_field="qh",
    )
    for row in sample.rows(resource, {"qh": listed}, rows=50, seed=1):
        assert row["qh"] == "330106"
        assert str(row["dz"]).startswith("浙江省杭州市西湖区")
