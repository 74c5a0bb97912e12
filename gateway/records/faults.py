"""The second pass: say what is wrong with records, by record number and field.

Runs only after the compiled decoder refused. Texts of libraries never leave it,
since they quote the value or the key that offends, and a key can be an ID number.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.errors import (
    FieldInvalidError,
    FieldOutOfScopeError,
    FieldUncataloguedError,
    GatewayError,
    RecordMalformedError,
)
from gateway.model.call import Encoding
from gateway.model.resource import Field, FieldType, Resource
from gateway.records.columns import MAX_INTEGER, ColumnCheck
from gateway.records.objects import BrokenRecordError, Pairs, Unfit, read_objects
from keys.errors import FieldFault
from masking.counting import counted

# A refusal travels in gRPC error details, which are dropped at random above 8 KiB.
MAX_FAULTS = 50
MAX_FAULT_BYTES = 4096
MAX_NAMES = 20
MAX_NAME = 64

_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z][A-Za-z0-9_]*")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{1,3}")
_NUMBER_KINDS = frozenset(
    (
        *("resident_id", "disability_certificate", "passport", "travel_permit", "bank_card"),
        *("uscc", "org_code", "business_registration", "mobile", "landline", "imei"),
    )
)

Found = tuple[str, str]

_EXPECTED: dict[FieldType, Found] = {
    FieldType.STRING: ("expected text", "应为文本"),
    FieldType.INTEGER: ("expected a whole number", "应为整数"),
    FieldType.DECIMAL: ("expected a decimal number", "应为十进制数"),
    FieldType.BOOLEAN: ("expected true or false", "应为 true 或 false"),
    FieldType.DATE: ("expected a date as text", "应为文本形式的日期"),
    FieldType.DATETIME: ("expected a date and time as text", "应为文本形式的日期时间"),
    FieldType.CODE: ("expected a code as text", "应为文本形式的代码"),
    FieldType.GEO_POINT: ("expected `longitude,latitude` as text", "应为文本“经度,纬度”"),
    FieldType.BINARY: ("expected base64 text", "应为 base64 文本"),
}


def shown_name(name: str, position: int) -> str:
    """Show a key that looks like a name; else its position, since it may be a value."""
    return name if len(name) <= MAX_NAME and _NAME.fullmatch(name) else f"#{position}"


def uncatalogued_columns(
    resource: Resource, columns: Sequence[tuple[int, str]]
) -> FieldUncataloguedError:
    """Make the refusal of columns, by position and name, that the catalogue does not have."""
    found = _Faults()
    for position, name in columns:
        found.add(None, shown_name(name, position), _UNCATALOGUED)
    return _uncatalogued(resource.code, found)


def looks_rounded(field: Field, value: str) -> bool:
    """Tell whether a spreadsheet turned an identity number into 1.4E+17."""
    return field.kind in _NUMBER_KINDS and _SCIENTIFIC.fullmatch(value) is not None


class FaultFinder:
    """Finds the faults in records of one resource and grant."""

    def __init__(
        self, resource: Resource, fields: Sequence[Field], checks: Sequence[ColumnCheck | None]
    ) -> None:
        self._resource = resource
        self._fields = {field.id: field for field in fields}
        self._checks = dict(zip(self._fields, checks, strict=True))
        self._catalogued = frozenset(field.id for field in resource.fields)

    def error(self, data: bytes, encoding: Encoding) -> GatewayError:
        """Return the refusal for bytes that the decoder refused."""
        found = self.find(data, encoding)
        if found is None:
            return RecordMalformedError(reason="no flat objects", reason_zh="不是扁平的对象")
        return found

    def find(self, data: bytes, encoding: Encoding) -> GatewayError | None:
        """Return what is wrong with these bytes, or None: then the decoder takes them too."""
        tally = _Tally()
        try:
            for number, pairs in enumerate(self._read(data, encoding), 1):
                self._judge(number, pairs, tally)
        except BrokenRecordError as broken:
            return _malformed(broken)
        return tally.error(self._resource.code)

    def _read(self, data: bytes, encoding: Encoding) -> Iterator[Pairs]:
        if encoding != "arrow":
            return read_objects(data, encoding)
        from gateway.records.arrow import read_pairs

        return read_pairs(data, self._fields)

    def _judge(self, number: int, pairs: Pairs, tally: "_Tally") -> None:
        seen: set[str] = set()
        for position, (key, value) in enumerate(pairs, 1):
            field = self._fields.get(key)
            if key in seen:
                tally.invalid.add(number, shown_name(key, position), _TWICE)
            elif key not in self._catalogued:
                tally.uncatalogued.add(number, shown_name(key, position), _UNCATALOGUED)
            elif field is None:
                tally.scope.add(number, key, _OUT_OF_SCOPE)
            elif fault := self._value_fault(field, value):
                tally.invalid.add(number, key, fault)
            seen.add(key)
        for key, field in self._fields.items():
            if field.required and key not in seen:
                tally.invalid.add(number, key, ("the field is missing", "缺少该字段"))

    def _value_fault(self, field: Field, value: object) -> Found | None:
        if value is None:
            return None if field.null else ("null may not stand here", "不允许为 null")
        if isinstance(value, Unfit):
            return _unfit(field, value)
        typed, fault = _typed(field, value)
        if fault is not None:
            return fault
        check = self._checks[field.id]
        if check is not None and check([typed]):
            return _misfit(field)
        return None


_TWICE = ("the key stands twice in the record", "同一记录中该键重复")
_UNCATALOGUED = ("the field is not in the catalogue", "目录中没有该字段")
_OUT_OF_SCOPE = ("the grant does not name this field", "授权未包含该字段")


def _unfit(field: Field, value: Unfit) -> Found | None:
    if value.held is None:
        return None
    text, text_zh = _EXPECTED[field.type]
    return f"{text}, but the Arrow column is {value.held}", f"{text_zh}，但 Arrow 列为 {value.held}"


def _misfit(field: Field) -> Found:
    match field.type:
        case FieldType.CODE:
            return (
                f"not a code of list {field.code_list}",
                f"不是代码表 {field.code_list} 中的代码",
            )
        case FieldType.DECIMAL:
            return (
                f"expected at most {counted(field.precision or 0, 'digit')}, "
                f"{field.scale} behind the point, "
                "without an exponent",
                f"最多 {field.precision} 位数字，其中小数 {field.scale} 位，不得用指数形式",
            )
        case FieldType.GEO_POINT:
            return _EXPECTED[FieldType.GEO_POINT]
        case _:
            open_end = " or 长期" if field.open_end else ""
            return (
                f"expected {field.format}{open_end}",
                f"应为 {field.format}{open_end and '或长期'}",
            )


def _typed(field: Field, value: object) -> tuple[Any, Found | None]:
    """Return the value as the column would hold it, or what is wrong with its type."""
    expected = _EXPECTED[field.type]
    match field.type:
        case FieldType.BOOLEAN:
            return value, None if isinstance(value, bool) else expected
        case FieldType.INTEGER:
            good = isinstance(value, int) and not isinstance(value, bool)
            return value, None if good and abs(value) <= MAX_INTEGER else expected  # type: ignore[arg-type]
        case FieldType.DECIMAL:
            return _decimal(value)
    if not isinstance(value, str):
        hint = _number_hint(field, value)
        return value, (expected[0] + hint[0], expected[1] + hint[1])
    if field.type is FieldType.BINARY:
        return _binary(field, value)
    if field.type is FieldType.STRING:
        return value, _text_fault(field, value)
    return value, None


def _number_hint(field: Field, value: object) -> Found:
    """Say how a number may have come to stand where text is expected."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return "", ""
    if field.kind in _NUMBER_KINDS and isinstance(value, Decimal):
        return (
            " (a spreadsheet cut it off, as in 1.4E+17: make the column text and fill it anew)",
            "（电子表格已将其舍入为 1.4E+17 之类：请将该列设为文本格式并重新填写）",
        )
    return " (a number stands here: write it in quotes)", "（数字请加引号）"


def _decimal(value: object) -> tuple[Any, Found | None]:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return value, _EXPECTED[FieldType.DECIMAL]
    try:
        return Decimal(value), None
    except InvalidOperation:
        return value, _EXPECTED[FieldType.DECIMAL]


def _binary(field: Field, value: str) -> tuple[Any, Found | None]:
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value, _EXPECTED[FieldType.BINARY]
    if len(data) > (field.length or 0):
        return value, (
            f"longer than {counted(field.length or 0, 'byte')}",
            f"超过 {field.length} 字节",
        )
    return data, None


def _text_fault(field: Field, value: str) -> Found | None:
    if not value and not field.empty:
        return "empty text may not stand here", "不允许为空文本"
    if len(value) > (field.length or 0):
        longest = counted(field.length or 0, "character")
        return f"longer than {longest}", f"超过 {field.length} 个字符"
    return None


def _malformed(broken: BrokenRecordError) -> RecordMalformedError:
    reason, reason_zh, record = broken.reason, broken.reason_zh, broken.record
    if record is None:
        return RecordMalformedError(reason=reason, reason_zh=reason_zh)
    fault = FieldFault(record, "", reason, reason_zh)
    return RecordMalformedError(
        reason=reason, reason_zh=reason_zh, fields=(fault,), records=(record,)
    )


class _Faults:
    """Faults of one sort: listed up to the limits, all of them counted."""

    def __init__(self) -> None:
        self.count = 0
        self.records: dict[int, None] = {}
        self.counts: dict[str, int] = {}
        self._listed: list[FieldFault] = []
        self._bytes = 0

    def add(self, record: int | None, name: str, text: Found) -> None:
        self.count += 1
        if record is not None:
            self.records[record] = None
            self._count(name)
        size = len(name.encode()) + len(text[0]) + len(text[1].encode()) + 8
        if len(self._listed) < MAX_FAULTS and self._bytes + size <= MAX_FAULT_BYTES:
            self._listed.append(FieldFault(record, name, *text))
            self._bytes += size

    def _count(self, name: str) -> None:
        # No more names than are listed, so that a record of many keys takes no more room.
        if name in self.counts or len(self.counts) < MAX_FAULTS:
            self.counts[name] = self.counts.get(name, 0) + 1

    def names(self) -> str:
        names = list(dict.fromkeys(fault.field for fault in self._listed))
        return ", ".join(names[:MAX_NAMES]) + ("…" if len(names) > MAX_NAMES else "")

    def details(self) -> dict[str, Any]:
        return {
            "fields": tuple(self._listed),
            "fault_count": self.count,
            "records": tuple(self.records),
        }


class _Tally:
    """The faults of all sorts; of several the first sort is told."""

    def __init__(self) -> None:
        self.uncatalogued, self.scope, self.invalid = _Faults(), _Faults(), _Faults()

    def error(self, resource: str) -> GatewayError | None:
        if self.uncatalogued.count:
            return _uncatalogued(resource, self.uncatalogued)
        if self.scope.count:
            refusal = FieldOutOfScopeError(names=self.scope.names(), **self.scope.details())
            refusal.counts = self.scope.counts
            return refusal
        if self.invalid.count:
            found = self.invalid
            count, record_count = found.count, len(found.records)
            return FieldInvalidError(
                count=count,
                record_count=record_count,
                values=counted(count, "value"),
                among=counted(record_count, "record"),
                **found.details(),
            )
        return None


def _uncatalogued(resource: str, found: _Faults) -> FieldUncataloguedError:
    refusal = FieldUncataloguedError(resource=resource, names=found.names(), **found.details())
    refusal.counts = found.counts
    return refusal
