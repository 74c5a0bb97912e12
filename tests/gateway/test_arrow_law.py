"""The same data gives the same columns, whether it comes as JSON or as Arrow."""

import base64
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from gateway.model.call import FieldTreatment, GrantReference, Manifest
from gateway.model.resource import Field, FieldType
from gateway.records import RecordDecoder
from gateway.records.arrow import records_to_arrow
from keys.errors import SealgateError
from tests.gateway.arrow_streams import stream_of
from tests.gateway.entries import CODES, make_decoder, make_field

TYPES = [kind for kind in FieldType if len(kind) > 1]
FORMATS = {
    FieldType.DATE: ("YYYY-MM-DD", "YYYYMMDD", "YYYY年MM月DD日", "YYYY/MM/DD"),
    FieldType.DATETIME: ("YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DD HH:mm", "YYYYMMDDHHmmss"),
}
TEXTS = ("", "a", "名", "\U0001f600", "a\nb", "\x00", "长期", "1", "1.5", "QQ==", "x" * 15, *CODES)
STRINGS = (pa.utf8(), pa.large_utf8(), pa.string_view(), pa.dictionary(pa.int8(), pa.utf8()))


def _spelled(moment: datetime, pattern: str) -> str:
    for part, code in zip(
        ("YYYY", "MM", "DD", "HH", "mm", "ss"), ["Y", "m", "d", "H", "M", "S"], strict=True
    ):
        pattern = pattern.replace(part, moment.strftime(f"%{code}").zfill(len(part)))
    return pattern


@st.composite
def _times(draw: st.DrawFn, field: Field) -> tuple[Any, list[Any], Callable[[Any], Any]]:
    step = timedelta(days=1) if field.type is FieldType.DATE else timedelta(minutes=1)
    first = datetime(1, 1, 1)
    most = (datetime(9999, 12, 31) - first) // step
    moments = st.integers(0, most).map(lambda count: first + count * step)

    def spell(moment: Any) -> str:
        return _spelled(datetime(*moment.timetuple()[:6]), field.format or "")

    if field.type is FieldType.DATE and draw(st.booleans()):
        kind = draw(st.sampled_from([pa.date32(), pa.date64()]))
        return kind, [moments.map(datetime.date)], spell
    return pa.timestamp(draw(st.sampled_from(["s", "ms", "us"]))), [moments], spell


def _same(value: Any) -> Any:
    return value


@st.composite
def _native(draw: st.DrawFn, field: Field) -> tuple[Any, Any, Callable[[Any], Any]]:
    """Choose a type of Arrow's own: with it values, and how JSON spells one."""
    match field.type:
        case FieldType.INTEGER:
            kind = draw(st.sampled_from([pa.int64(), pa.int32(), pa.uint8(), pa.int16()]))
            bits, signed = kind.bit_width, not str(kind).startswith("u")
            low = -(1 << bits - 1) if signed else 0
            return kind, st.integers(low, low + (1 << bits) - 1), _same
        case FieldType.DECIMAL if draw(st.booleans()):
            return pa.float64(), st.integers(-9999, 9999).map(lambda n: n / 8), _same
        case FieldType.DECIMAL:
            scale = draw(st.integers(0, field.scale or 0))
            kind = draw(st.sampled_from([pa.decimal128(30, scale), pa.decimal256(60, scale)]))
            numbers = st.integers(-(10**9), 10**9)
            return kind, numbers.map(lambda n: Decimal(n).scaleb(-scale)), str
        case FieldType.BOOLEAN:
            return pa.bool_(), st.booleans(), _same
        case FieldType.DATE | FieldType.DATETIME:
            kind, (values,), spell = draw(_times(field))
            return kind, values, spell
        case FieldType.BINARY:
            kind = draw(st.sampled_from([pa.binary(), pa.large_binary(), pa.binary_view()]))
            return kind, st.binary(max_size=14), lambda data: base64.b64encode(data).decode()
    return pa.utf8(), st.sampled_from(TEXTS), _same


@st.composite
def _field(draw: st.DrawFn, name: str) -> Field:
    kind = draw(st.sampled_from(TYPES))
    more: dict[str, Any] = {"required": draw(st.booleans()), "null": draw(st.booleans())}
    if kind in (FieldType.STRING, FieldType.BINARY):
        more["length"] = draw(st.integers(1, 20))
    if kind is FieldType.STRING:
        more["empty"] = draw(st.booleans())
    if kind is FieldType.DECIMAL:
        more["precision"] = draw(st.integers(1, 12))
        more["scale"] = draw(st.integers(0, more["precision"]))
    if kind in FORMATS:
        more["format"] = draw(st.sampled_from(FORMATS[kind]))
        more["open_end"] = draw(st.booleans())
    return make_field(name, kind, **more)


@st.composite
def calls(draw: st.DrawFn) -> tuple[tuple[Field, ...], bytes, bytes]:
    """Generate fields, and the same records as JSON and as Arrow, right ones or wrong."""
    fields = tuple(draw(_field(f"f{number}")) for number in range(draw(st.integers(1, 4))))
    size = draw(st.integers(1, 5))
    rows: list[dict[str, Any]] = [{} for _ in range(size)]
    columns: dict[str, Any] = {}
    for field in fields:
        if draw(st.integers(0, 9)) == 0:
            continue
        if draw(st.booleans()):
            texts = st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8"), max_size=5)
            kind, values = draw(st.sampled_from(STRINGS)), texts
            spell: Callable[[Any], Any] = _same
        else:
            kind, values, spell = draw(_native(field))
        nulls = st.none() if draw(st.booleans()) else st.nothing()
        column = draw(st.lists(values | nulls, min_size=size, max_size=size))
        columns[field.id] = pa.array(column, kind)
        for row, value in zip(rows, column, strict=True):
            if value is not None or field.required or field.null:
                row[field.id] = None if value is None else spell(value)
    if not columns:
        columns["f0"], rows = pa.nulls(size), [{"f0": None} for _ in rows]
        if not (fields[0].required or fields[0].null):
            rows = [{} for _ in rows]
    parts = draw(st.sampled_from([1, 2, None]))
    return fields, json.dumps(rows).encode(), stream_of(pa.table(columns), parts)


def _read(decoder: RecordDecoder, data: bytes, encoding: Any) -> Any:
    try:
        return [list(map(repr, column)) for column in decoder.decode(data, encoding).columns]
    except SealgateError as error:
        return error.code, error.fault_count, error.records


@given(calls())
def test_arrow_and_json_give_the_same_columns(
    call: tuple[tuple[Field, ...], bytes, bytes],
) -> None:
    """Of every field type and every type of column; what one refuses, the other refuses too."""
    fields, rows, stream = call
    decoder = make_decoder(*fields)
    assert _read(decoder, stream, "arrow") == _read(decoder, rows, "json")


def test_what_polars_writes_is_read_alike() -> None:
    """Its texts are views, short ones and long, and its categories dictionaries."""
    texts = ["a", None, "名" * 9, "x" * 40, "", "short", "b" * 12, "c" * 13]
    days = [date(2024, 2, 29), None, *[date(1999, 12, 31)] * 6]
    moments = [None, *[datetime(2024, 2, 29, 8, 30)] * 7]
    frame = pl.DataFrame(
        {
            "text": texts,
            "category": pl.Series([*texts[:2] * 4], dtype=pl.Categorical),
            "day": days,
            "moment": moments,
            "flag": [True, None, *[False] * 6],
            "amount": pl.Series([Decimal("1.50"), None, *[Decimal("-2.25")] * 6]),
        }
    )
    out, old = io.BytesIO(), io.BytesIO()
    pl.concat([frame[:3], frame[3:]], rechunk=False).write_ipc_stream(out)
    frame.write_ipc_stream(old, compat_level=pl.CompatLevel.oldest())
    decoder = make_decoder(
        make_field("text", null=True, empty=True, length=99),
        make_field("category", null=True),
        make_field("day", "date", null=True, format="YYYY-MM-DD"),
        make_field("moment", "datetime", null=True, format="YYYY-MM-DD HH:mm"),
        make_field("flag", "boolean", null=True),
        make_field("amount", "decimal", null=True, precision=5, scale=2),
    )
    spelled = frame.with_columns(
        pl.col("category", "amount").cast(pl.String), pl.col("moment").dt.strftime("%Y-%m-%d %H:%M")
    )
    wanted = _read(decoder, json.dumps(spelled.to_dicts(), default=str).encode(), "json")
    assert isinstance(wanted, list)
    for stream in (out, old):
        assert _read(decoder, stream.getvalue(), "arrow") == wanted


def manifest_of(*fields: tuple[str, str]) -> Manifest:
    """Make a manifest of fields with their output types."""
    return Manifest(
        version=1,
        provider="11149900MB0C12002H",
        requester="11149900MB0C13013W",
        resource="r/1",
        resource_name="资源",
        purpose="p",
        scenario="s",
        grant=GrantReference(jti="j", digest="0"),
        encoding="json",
        records=1,
        fields=tuple(
            FieldTreatment(id=name, name="n", type=kind, treatment={}, disclosure="clear")
            for name, kind in fields
        ),
        policy="p@1",
        catalogue="1",
        trust=1,
    )


@given(calls())
def test_what_is_written_reads_as_it_was(call: tuple[tuple[Field, ...], bytes, bytes]) -> None:
    """Records written as Arrow are those of the JSON, to another library and to ours."""
    fields, rows, _ = call
    decoder = make_decoder(*fields)
    if isinstance(_read(decoder, rows, "json"), tuple):
        return
    stream = records_to_arrow(rows, manifest_of(*((f.id, str(f.type)) for f in fields)))
    table = pa.ipc.open_stream(stream).read_all()
    table.validate(full=True)
    assert table.column_names == [field.id for field in fields]
    given_rows = json.loads(rows)
    for field in fields:
        if field.required or field.null:
            # Elsewhere null tells that the key is absent, as it does in what comes in.
            written, read = table[field.id].to_pylist(), [row.get(field.id) for row in given_rows]
            assert [value is None for value in written] == [value is None for value in read]
    again, first = decoder.decode(stream, "arrow"), decoder.decode(rows, "json")
    for field, mine, other in zip(fields, again.columns, first.columns, strict=True):
        gap = None if field.null and not field.required else UNSET
        assert mine == [gap if value is UNSET else value for value in other]


def test_days_at_the_ends_of_the_calendar_are_told() -> None:
    """The first and last days there are, in a long column and a short one."""
    days = [date(1, 1, 1), date(1899, 12, 31), date(1900, 1, 1), date(2050, 1, 1), date.max]
    decoder = make_decoder(make_field("f", "date", format="YYYYMMDD"))
    for column in (days, days * 50, [date(2000, 1, 1)] * 99):
        data = stream_of(pa.table({"f": pa.array(column, pa.date32())}))
        told = [f"{day.year:04}{day.month:02}{day.day:02}" for day in column]
        assert decoder.decode(data, "arrow").columns == [told]
