"""Identifiers have the check digits and shapes that others compute too."""

from collections.abc import Callable
from datetime import date

import pytest
from stdnum import luhn, numdb
from stdnum.cn import ric, uscc

from gateway import sample
from gateway.model.resource import Field, FieldType, Resource
from gateway.sample import identifiers
from gateway.sample.chance import Streams
from gateway.sample.regions import places
from gateway.sample.texts import WRITERS
from masking.kinds import KINDS

MakeResource = Callable[..., Resource]
ROWS = 2_000


def _column(entry: MakeResource, **options: object) -> list[str]:
    resource = entry(Field(id="value", name="值", grade="G1", type=FieldType.STRING, **options))  # type: ignore[arg-type]  # any option of a field
    return [str(row["value"]) for row in sample.rows(resource, {}, rows=ROWS, seed=3)]


def test_resident_ids_are_valid(entry: MakeResource) -> None:
    """Check digit, date and division hold against an independent library."""
    divisions = numdb.get("cn/loc")
    for number in _column(entry, kind="resident_id"):
        assert len(number) == 18
        assert number[-1] == ric.calc_check_digit(number)
        assert ric.get_birth_date(number) < date(2026, 6, 30)
        assert any("county" in found for _, found in divisions.info(number[:6]))


def test_credit_codes_are_valid_within_and_without(entry: MakeResource) -> None:
    """The code's check character holds, and that of the organisation code in it."""
    for code in _column(entry, kind="uscc"):
        assert uscc.is_valid(code)
        assert code[16] == identifiers.body_check(code[8:16])


@pytest.mark.parametrize(
    ("body", "check"), [("D2143569", "X"), ("MB000000", "0"), ("60003734", "1"), ("00000000", "0")]
)
def test_organisation_codes_are_checked_by_gb_11714(body: str, check: str) -> None:
    """Known organisation codes, among them the standard's own example."""
    assert identifiers.body_check(body) == check


@pytest.mark.parametrize(("length", "expected"), [(None, 19), (30, 19), (19, 19), (18, 16)])
def test_cards_pass_luhn_and_name_no_bank(
    entry: MakeResource, length: int | None, expected: int
) -> None:
    """Cards are as long as the field permits and have one of our own heads."""
    for card in _column(entry, kind="bank_card", length=length):
        assert luhn.is_valid(card)
        assert len(card) == expected
        assert card[:6] in identifiers.SYNTHETIC_BINS


def test_every_kind_of_the_masks_is_written() -> None:
    """A kind that is new there needs a writer here."""
    assert set(WRITERS) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_values_are_of_their_kind(entry: MakeResource, kind: str) -> None:
    """What is written of a kind has the shape that the masks expect of it."""
    misfits = KINDS[kind].misfits
    column = _column(entry, kind=kind)
    assert all(column)
    assert misfits is None or misfits(column) == []


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("length", [1, 5, 40])
def test_values_keep_to_the_length(entry: MakeResource, kind: str, length: int) -> None:
    """No text is longer than its field, or empty."""
    assert all(0 < len(text) <= length for text in _column(entry, kind=kind, length=length))


def test_telephones_and_plates_belong_to_the_place() -> None:
    """Area code and plate are those of the division's city or province."""
    draw = Streams(1)["test"]
    found = {place.code: place for place in places(None)}
    assert found["140105"].text == "山西省太原市小店区"
    assert found["310115"].text == "上海市浦东新区"
    for place in found.values():
        (landline,) = identifiers.landlines(draw, [place.area_code])
        (plate,) = identifiers.plates(draw, [place.plate])
        assert landline.startswith(f"{place.area_code}-")
        assert plate.startswith(place.plate)
        assert len(plate) in (7, 8)


def test_default_divisions_are_known() -> None:
    """Where a catalogue names no divisions, ours are those of the national list."""
    divisions = numdb.get("cn/loc")
    for place in places(None):
        names = [found["county"] for _, found in divisions.info(place.code) if "county" in found]
        assert any(place.name in name for name in names)
