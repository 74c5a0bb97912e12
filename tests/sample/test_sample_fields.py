"""Rows of any resource fit it, as the node's own decoder sees it."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import sample
from gateway.catalogue.checking import settle
from gateway.catalogue.formats import DATE_FORMATS, DATETIME_FORMATS
from gateway.model.resource import TYPE_LETTERS, Code, CodeList, Field, FieldType, Resource
from gateway.records.decoder import RecordDecoder
from gateway.sample.matters import MATTERS
from gateway.sample.when import is_end
from masking.kinds import KINDS

MakeResource = Callable[..., Resource]
TYPES = {
    FieldType.STRING: str,
    FieldType.INTEGER: int,
    FieldType.DECIMAL: Decimal,
    FieldType.BOOLEAN: bool,
    FieldType.DATE: str,
    FieldType.DATETIME: str,
    FieldType.CODE: str,
    FieldType.GEO_POINT: str,
    FieldType.BINARY: bytes,
}
# Lists that say nothing of people or places, and one that says something wrong of both.
LISTS = {
    name: CodeList(
        id=name, name=name, source="自定", codes=tuple(Code(code=c, name=f"名{c}") for c in codes)
    )
    for name, codes in {"one": ["A"], "many": list("12345"), "long": ["140105", "99"]}.items()
}


def _decode(resource: Resource, lists: dict[str, CodeList], rows: int, seed: int) -> int:
    """Write rows as lines of JSON and decode them as records of the resource."""
    settled = msgspec.structs.replace(resource, fields=tuple(map(settle, resource.fields)))
    granted = frozenset(field.id for field in resource.fields)
    decoder = RecordDecoder(settled, granted, lists)
    lines = msgspec.json.Encoder().encode_lines(
        list(sample.rows(resource, lists, rows=rows, seed=seed))
    )
    return decoder.decode(lines, "ndjson").size


@st.composite
def fields(draw: st.DrawFn, number: int, field_id: str = "") -> Field:
    """Make a field of any type and kind, with whatever its type takes."""
    written = draw(st.sampled_from(FieldType))
    kind = TYPE_LETTERS.get(written, written)
    options: dict[str, object] = {}
    if kind in (FieldType.STRING, FieldType.BINARY):
        options["length"] = draw(st.none() | st.integers(1, 60))
    if kind is FieldType.STRING:
        options["empty"] = draw(st.booleans())
    if kind is FieldType.DECIMAL:
        precision = draw(st.none() | st.integers(1, 38))
        options["precision"] = precision
        options["scale"] = (
            draw(st.none() | st.integers(0, 18))
            if precision is None
            else draw(st.integers(0, min(precision, 18)))
        )
    if kind is FieldType.CODE:
        options["code_list"] = draw(st.sampled_from(sorted(LISTS)))
    if kind in (FieldType.DATE, FieldType.DATETIME):
        known = DATE_FORMATS if kind is FieldType.DATE else DATETIME_FORMATS
        options["format"] = draw(st.none() | st.sampled_from(known))
        options["open_end"] = draw(st.booleans())
    return Field(
        id=field_id or f"{draw(st.sampled_from(['f', 'wife', 'child', 'until']))}_{number}",
        name=f"{draw(st.sampled_from(['字段', '资金', '人口数', '男方', '有效期至']))}{number}",
        type=written,
        kind=draw(st.sampled_from(sorted(KINDS))),
        grade="G1",
        required=draw(st.booleans()),
        null=draw(st.booleans()),
        **options,  # type: ignore[arg-type]  # options of the field's type
    )


@st.composite
def field_lists(draw: st.DrawFn) -> list[Field]:
    """Make one to eight fields with different ids."""
    return [draw(fields(number)) for number in range(draw(st.integers(1, 8)))]


@given(made=field_lists(), seed=st.integers(0, 2**32))
def test_rows_of_any_resource_are_accepted(
    entry: MakeResource, made: list[Field], seed: int
) -> None:
    """Whatever a catalogue may say of fields, the rows fit it."""
    assert _decode(entry(*made), LISTS, 30, seed) == 30


@pytest.mark.parametrize("position", range(len(MATTERS)))
@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_rows_about_any_matter_are_accepted(
    entry: MakeResource, data: st.DataObject, seed: int, position: int
) -> None:
    """A field may be called as one of ours and be of any type, kind and length."""
    matter = MATTERS[position]
    ids = sorted(matter.needs | matter.writers.keys())
    made = [data.draw(fields(number, field_id)) for number, field_id in enumerate(ids)]
    family = [data.draw(fields(number, name)) for number, name in enumerate(("head_id", "name"))]
    known = {field.id for field in made}
    made += [field for field in family if field.id not in known]
    assert _decode(entry(*made), LISTS, 30, seed) == 30


@given(made=field_lists(), seed=st.integers(0, 2**32))
def test_values_are_of_the_type(entry: MakeResource, made: list[Field], seed: int) -> None:
    """A value is of the field's type, null or absent only where that is permitted."""
    resource = entry(*made)
    for row in sample.rows(resource, LISTS, rows=20, seed=seed):
        for field in resource.fields:
            value = row.get(field.id, msgspec.UNSET)
            if value is msgspec.UNSET:
                assert not field.required
            elif value is None:
                assert field.null
            else:
                assert type(value) is TYPES[TYPE_LETTERS.get(field.type, field.type)]


@pytest.mark.parametrize("scale", [0, 2, 18])
def test_decimals_have_the_digits_declared(entry: MakeResource, scale: int) -> None:
    """A decimal has exactly its scale, and no exponent when written."""
    field = Field(id="m", name="数", grade="G1", type=FieldType.DECIMAL, precision=20, scale=scale)
    for row in sample.rows(entry(field), {}, rows=200, seed=1):
        value = row["m"]
        assert isinstance(value, Decimal)
        assert value.as_tuple().exponent == -scale
        assert "E" not in msgspec.json.encode(value).decode().upper()


@pytest.mark.parametrize(
    ("field_id", "name", "open_end", "end"),
    [
        ("valid_until", "有效期", False, True),
        ("YXQZ", "有效期至", False, True),
        ("YXQQ", "有效期起", False, False),
        ("from", "开始日期", False, False),
        ("JZRQ", "截止日期", False, True),
        ("x", "日期", True, True),
        ("updated_at", "更新时间", False, False),
    ],
)
def test_ends_are_told_from_beginnings(field_id: str, name: str, open_end: bool, end: bool) -> None:
    """Title, id or an open end tell that a date ends something."""
    field = Field(id=field_id, name=name, grade="G1", type=FieldType.DATE, open_end=open_end)
    assert is_end(field) is end


def test_sexes_in_a_number_field_are_codes(entry: MakeResource) -> None:
    """A whole number of a kind with a national list holds codes of that list."""
    field = Field(id="xb", name="性别", grade="G1", type=FieldType.INTEGER, kind="sex")
    assert {row["xb"] for row in sample.rows(entry(field), {}, rows=99, seed=1)} == {1, 2}


def test_a_missing_code_list_is_named(entry: MakeResource) -> None:
    """Who asks for codes of an unknown list is told which."""
    field = Field(id="c", name="代码", grade="G1", type=FieldType.CODE, code_list="nowhere")
    with pytest.raises(LookupError, match="field c needs code list nowhere"):
        list(sample.rows(entry(field), {}, rows=1, seed=1))


def test_days_lie_in_the_sample_years(entry: MakeResource) -> None:
    """Things began within ten years of the sample's last day, not of today."""
    field = Field(id="d", name="日期", grade="G1", type=FieldType.DATE)
    days = [str(row["d"]) for row in sample.rows(entry(field), {}, rows=500, seed=1)]
    assert date(2016, 7, 1) <= min(map(date.fromisoformat, days))
    assert max(map(date.fromisoformat, days)) <= date(2026, 6, 30)
