"""Kinds know their shape, and their usual treatments keep the promises of their class."""

import re
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masking.check_digits import RESIDENT_ID, USCC
from masking.grades import Disclosure
from masking.kinds import KINDS, Kind, kind
from masking.operators import HIDDEN, FieldType, tried
from masking.operators.region import Region
from masking.operators.scrub import Scrub

each_kind = pytest.mark.parametrize("each", KINDS.values(), ids=list(KINDS))


def _resident_id(first: str) -> str:
    return next(first + last for last in "0123456789X" if RESIDENT_ID.holds(first + last))


GOOD: Mapping[str, list[str]] = {
    "person_name": ["王芳", "欧阳娜娜", "买买提·艾力", "Anna-Lena O'Neil", "𠮷田", "مريم"],
    "resident_id": [
        "11010519491231002X",
        "11010519491231002x",
        _resident_id("11010520000229001"),
        _resident_id("83000019900101001"),
        _resident_id("91115619900101001"),
    ],
    "mobile": ["13812345678", "19900000000"],
    "landline": ["010-87654321", "0371 5234567", "87654321", "021-87654321-8001", "400-123-4567"],
    "email": ["wang.fang@example.com", "a@b.cn", "A+tag@sub.example.gov.cn"],
    "address": ["北京市朝阳区建国路1号院 2-301", "བོད་ལྗོངས", "No. 1, Jianguo Road"],
    "passport": ["E12345678", "EA1234567", "G12345678", "X1234567"],
    "sex": ["1", "2", "9", "男", "未说明的性别"],
    "marital_status": ["10", "21", "90", "未婚"],
    "ethnicity": ["01", "56", "97", "汉族"],
    "uscc": ["91110000600037341L", "11100000000013127D", "93440300MA5FQ2Y0XD"],
    "org_name": ["某某街道办事处", "ACME (China) Ltd."],
    "document_number": ["京(2020)不动产权第0012345号", "A-1"],
    "region": ["110101", "110101001", "110101001002"],
    "bank_card": ["4111111111111111", "6217000010001234569", "79927398713008"],
    "plate": ["京A12345", "京AD12345", "沪A·F1234", "粤Z1234港", "豫A1234挂", "使014578"],
}
ALL_GOOD = [value for values in GOOD.values() for value in values]
BAD: Mapping[str, list[str]] = {
    "person_name": [
        "",
        " 王芳",
        "王芳1",
        "王１",
        "wang@x",
        "王*",
        "王\n芳",
        "王\u200b芳",
        "王" * 51,
    ],
    "resident_id": [
        "110105194912310021",  # check digit
        "110105491231002",  # the old fifteen digits
        _resident_id("11010519490229001"),  # no such day
        _resident_id("11010519001331001"),
        _resident_id("19010519491231001"),  # no such province
        "１１０１０５１９４９１２３１００２X",
        "11010519491231002X ",
        "11010519491231002X\n",
        "",
    ],
    "mobile": [
        "1381234567",
        "138123456789",
        "12812345678",
        "+8613812345678",
        "１３８１２３４５６７８",
    ],
    "landline": ["13812345678", "12345", "010-1234", "0108765432112"],
    "email": ["wang", "@example.com", "a@b", "a b@example.com", "王@example.com", "a@b.cn\n"],
    "address": ["", "京", "北京\n朝阳", "北京\u202e朝阳", "京" * 201],
    "passport": ["ABCDEFGH", "E1234", "E123456789", "e12345678"],
    "sex": ["3", "11010519491231002X", "男1"],
    "marital_status": ["1", "24", "13812345678"],
    "ethnicity": ["1", "123", "Han"],
    "uscc": [
        "91110000600037341l",
        "91110000600037341M",
        "91110000O00037341L",
        "9111000060003734",
        "",
    ],
    "org_name": ["", "某\x00某", "某" * 201],
    "document_number": ["", "1", "a\tb"],
    "region": ["11010", "990101", "1101010011", "１１０１０１"],
    "bank_card": ["4111111111111112", "0111111111111111", "411111111111", "4111 1111 1111 1111"],
    "plate": ["A12345", "京12345", "京AI2345", "京A123", "京A1234567"],
}


def test_the_tables_name_every_kind_with_a_shape() -> None:
    """No kind gets a shape without values that fit and values that nearly do."""
    shaped = {name for name, each in KINDS.items() if each.misfits is not None}
    assert set(GOOD) == set(BAD) == shaped


@pytest.mark.parametrize("name", GOOD)
def test_good_values_fit(name: str) -> None:
    """One by one and in one column."""
    misfits = kind(name).misfits
    assert misfits is not None
    column = GOOD[name]
    assert [value for value in column if misfits([value])] == []
    assert misfits(column * 20) == []
    assert misfits([]) == []


@pytest.mark.parametrize("name", BAD)
def test_near_misses_are_found(name: str) -> None:
    """One by one, in one column, and each among good values, where it stands."""
    misfits = kind(name).misfits
    assert misfits is not None
    good = GOOD[name]
    assert [value for value in BAD[name] if not misfits([value])] == []
    assert misfits(BAD[name]) == list(range(len(BAD[name])))
    for value in ["", *BAD[name]]:
        assert misfits([*good, value, *good]) == [len(good)]


@each_kind
@given(column=st.lists(st.text(max_size=24) | st.sampled_from(ALL_GOOD), max_size=8))
def test_a_kind_judges_each_value_by_itself(each: Kind, column: list[str]) -> None:
    """No neighbour makes a value fit or misfit."""
    misfits = each.misfits
    if misfits is not None:
        expected = [index for index, value in enumerate(column) if misfits([value])]
        assert misfits(column) == expected


@each_kind
def test_a_column_that_is_not_text_is_an_error(each: Kind) -> None:
    """The engine takes it for a sign that the column is not whole."""
    for value in (None, 1, b"1"):
        for column in ([value], ["1", value]):
            if each.misfits is not None:
                with pytest.raises(TypeError):
                    each.misfits(column)  # type: ignore[arg-type]


@each_kind
def test_a_standard_treatment_is_of_the_class_it_stands_for(each: Kind) -> None:
    """Clear and nothing always exist; a pseudonym exists for identifiers alone."""
    for disclosure, operator in each.standard.items():
        assert operator.disclosure is disclosure
    assert {Disclosure.CLEAR, Disclosure.NOTHING} <= set(each.standard)
    assert (Disclosure.LINKABLE in each.standard) == each.identifier


@each_kind
def test_a_kind_says_what_it_is(each: Kind) -> None:
    """Titles in two languages; whatever it contains is a kind too, and not itself."""
    assert each.title.isascii()
    assert re.search("[\u4e00-\u9fff]", each.title_zh)
    assert set(each.contains) <= set(KINDS) - {each.name}
    assert KINDS[each.name] is kind(each.name) is each


def _masked(name: str, values: list[str], type: FieldType = "string") -> list[str]:
    operator = kind(name).standard[Disclosure.PARTIAL]
    return tried(operator, *values, type=type, kind=name)


@pytest.mark.parametrize("name", GOOD)
def test_the_usual_mask_hides_at_least_a_third(name: str) -> None:
    """No good value of a kind comes out of its kind's own mask nearly whole."""
    operator = kind(name).standard.get(Disclosure.PARTIAL)
    if operator is None or isinstance(operator, Scrub | Region):
        return
    for value, masked in zip(GOOD[name], _masked(name, GOOD[name]), strict=True):
        assert masked == HIDDEN or masked.count("*") * 3 >= len(value)


def test_the_usual_mask_of_a_region_tells_no_county() -> None:
    """All codes of a prefecture come out as its own, whatever they are codes of."""
    codes = ["140105", "140100", "140181", "140105001", "140105001002"]
    assert kind("region").misfits(codes) == []  # type: ignore[misc]  # the kind has a shape
    assert set(_masked("region", codes)) == {"140100"}


@given(st.integers(-1799, 1799), st.integers(-899, 899), st.data())
def test_the_usual_mask_of_a_point_tells_a_cell_of_a_tenth_of_a_degree(
    east: int, north: int, data: st.DataObject
) -> None:
    """All points of a cell come out as one: some 100 square kilometres, never a house."""
    inside = st.integers(0, 99_999)
    points = [
        f"{_degrees(east, data.draw(inside))},{_degrees(north, data.draw(inside))}"
        for _ in range(2)
    ]
    assert set(_masked("geo_point", points, "geo_point")) == {f"{east / 10:.3f},{north / 10:.3f}"}


def _degrees(tenths: int, millionths: int) -> str:
    return f"{Decimal(tenths) / 10 + Decimal(millionths) / 1_000_000:.6f}"


def test_the_usual_mask_of_an_address_of_mail_tells_no_domain() -> None:
    """One of one's own names its owner."""
    (masked,) = _masked("email", ["info@wangfang.example.com"])
    assert masked.strip("*") == "i"


def test_an_unknown_kind_is_an_error() -> None:
    """No default stands in for a kind that is not there."""
    with pytest.raises(KeyError):
        kind("resident-id")


@pytest.mark.parametrize("name", ["resident_id", "uscc"])
@given(data=st.data())
def test_check_digits_are_part_of_the_shape(name: str, data: st.DataObject) -> None:
    """A value with one character changed does not fit."""
    value = data.draw(st.sampled_from(GOOD[name]))
    place = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.sampled_from("0123456789"))
    changed = value[:place] + other + value[place + 1 :]
    misfits = kind(name).misfits
    assert misfits is not None
    assert bool(misfits([changed])) == (changed != value)
    check = RESIDENT_ID if name == "resident_id" else USCC
    assert check.holds(value)
