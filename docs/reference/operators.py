"""Write the page on operators from what they say of themselves.

    python -m docs.reference.operators

Titles, descriptions, parameters and limits are the classes' own; the examples
are those of their docstrings, each run anew. What stands above the first table
is written by hand.
"""

import doctest
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from inspect import cleandoc
from math import isinf
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import msgspec
import yaml
from msgspec import inspect as shapes

from masking.operators import (
    EVERY_TYPE,
    Column,
    FieldName,
    FieldType,
    Operator,
    operator_types,
    tried,
)

# Outputs that are no values.
_WITHOUT_VALUE = {"absent": "no key 不出现", "null": "always null 恒为 null"}

PAGE = Path(__file__).with_name("operators.md")
_TABLE = "| `op` | title 名称 | class 披露程度 | types 适用类型 |\n|---|---|---|---|\n"


class Example(NamedTuple):
    """An operator at work, as a docstring has it."""

    operator: Operator
    values: Column
    results: Column
    field: dict[str, Any]


def examples(operator_type: type[Operator]) -> Iterator[Example]:
    """Run the examples of a docstring; yield each that shows what comes out."""
    calls: list[Example] = []

    def recorded(operator: Operator, *values: object, **field: Any) -> Column:
        calls.append(Example(operator, list(values), tried(operator, *values, **field), field))
        return calls[-1].results

    known: dict[str, Any] = {**vars(sys.modules[operator_type.__module__])}
    known.update(tried=recorded, Decimal=Decimal)
    for example in doctest.DocTestParser().get_examples(operator_type.__doc__ or ""):
        if not example.want:
            exec(example.source, known)  # noqa: S102  # our own docstrings
        elif (result := eval(example.source, known)) is not None:  # noqa: S307  # as above
            yield from (call for call in calls if call.results is result)


def written() -> str:
    """Return the whole page; what stands above its first table is kept."""
    head, _, _ = PAGE.read_text("utf-8").partition(_TABLE)
    rows = [
        f"| [`{each.name}`](#{_anchor(each)}) | {each.title} {each.title_zh} "
        f"| `{each.disclosure.label}` | {_takes(each)} |"
        for each in operator_types()
    ]
    sections = map(section, operator_types())
    return head + _TABLE + "\n".join(rows) + "\n\n" + "\n".join(sections)


def section(operator_type: type[Operator]) -> str:
    """Return what the page says of one operator."""
    disclosure = operator_type.disclosure
    parts = (
        f"## `{operator_type.name}` {operator_type.title_zh}",
        f"**{operator_type.title[0].upper()}{operator_type.title[1:]}.**",
        _english(operator_type),
        _chinese(operator_type),
        f"- Class 披露程度: `{disclosure.label}` {disclosure.label_zh}\n"
        f"- Takes 适用类型: {_takes(operator_type)}\n"
        f"- Gives 输出类型: {_gives(operator_type)}",
        _parameters(operator_type),
        _examples(operator_type),
    )
    return "\n\n".join(filter(None, parts)) + "\n"


def _english(operator_type: type[Operator]) -> str:
    prose = cleandoc(operator_type.__doc__ or "").split(">>>")[0].strip()
    paragraphs = (" ".join(each.split()) for each in prose.split("\n\n"))
    return "\n\n".join(re.sub(r"(?<=[.?!]) (?=[A-Z])", "\n", each) for each in paragraphs)


def _chinese(operator_type: type[Operator]) -> str:
    text = re.sub(r"(?<!`)\*\*\*(?!`)", "`***`", operator_type.description_zh)
    return "\n".join(f"> {sentence}。" for sentence in text.split("。") if sentence)


def _anchor(operator_type: type[Operator]) -> str:
    return f"{operator_type.name}-{operator_type.title_zh}"


def _takes(operator_type: type[Operator]) -> str:
    if operator_type.accepts == EVERY_TYPE:
        return "every 全部"
    return ", ".join(f"`{each}`" for each in get_args(FieldType) if each in operator_type.accepts)


def _gives(operator_type: type[Operator]) -> str:
    output_type = next(examples(operator_type)).operator.output_type
    given = {each: output_type(each) for each in operator_type.accepts}
    if len(set(given.values())) > 1:
        if any(each != output for each, output in given.items()):
            raise TypeError(f"no words for what {operator_type.name} gives")
        return "the field's own 原类型"
    (output,) = set(given.values())
    return _WITHOUT_VALUE.get(output, f"`{output}`")


def _parameters(operator_type: type[Operator]) -> str:
    fields = msgspec.structs.fields(operator_type)
    if not fields:
        return ""
    head = ["| parameter 参数 | allowed 取值 | default 默认 |", "|---|---|---|"]
    rows = [
        f"| `{each.encode_name}` | {_allowed(each.type)} | {_default(each)} |" for each in fields
    ]
    return "\n".join((*head, *rows))


def _allowed(kind: Any) -> str:
    if kind == FieldName:
        return "a field's id 信息项标识"
    shape = shapes.type_info(kind)
    shape = shape.type if isinstance(shape, shapes.Metadata) else shape
    match shape:
        case shapes.UnionType() if (some := _but_none(kind)) is not None:
            return _allowed(some)
        case shapes.UnionType():
            return "another operator 另一脱敏算子"
        case shapes.VarTupleType(min_length=low, max_length=high):
            (text,) = {_allowed(each) for each in _members(kind)}
            return f"{low} to {high} values, each {text} 若干值"
        case shapes.IntType(ge=low, le=high):
            return f"{_number(low)} to {_number(high)} 整数"
        case shapes.StrType(min_length=1, max_length=1):
            return "1 character 一个字符"
        case shapes.StrType(min_length=low, max_length=high):
            return f"{low} to {high} characters 字符"
        case shapes.BoolType():
            return "`true` or `false`"
        case shapes.LiteralType():
            return ", ".join(f"`{each}`" for each in _members(kind))
        case shapes.DictType(min_length=low, max_length=high):
            (text,) = {_allowed(each) for each in (get_args(get_args(kind)[0]) or get_args(kind))}
            return f"{low} to {high} values with their labels, each {text} 值到标签的映射"
    raise TypeError(f"no words for {shape}")


def _but_none(kind: Any) -> Any:
    """Return what an optional type is of; None if it is not optional."""
    kinds = [each for each in get_args(kind) if each is not NoneType]
    return kinds[0] if len(kinds) == 1 and NoneType in get_args(kind) else None


def _members(kind: Any) -> Iterator[Any]:
    """Yield what a tuple or a choice is made of; it may have notes."""
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return (each for each in get_args(bare) if each is not Ellipsis)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required 必填"
    if field.default is None:
        return "none 无"
    if isinstance(field.default, Operator):
        return f"`{treatment(field.default)}`"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return _number(field.default) if isinstance(field.default, int) else f"`{field.default}`"


def _number(value: float | None) -> str:
    text = f"{value:,}".replace(f"{10**18:,}", "10¹⁸")
    return text.replace("-", "−")


def _examples(operator_type: type[Operator]) -> str:
    head = ["| example 示例 | shown 显示位数 | value → result 值 → 结果 |", "|---|---|---|"]
    return "\n".join((*head, *map(_row, examples(operator_type))))


def _row(example: Example) -> str:
    pairs = zip(example.values, example.results, strict=True)
    cells = (
        "; ".join((f"`{treatment(example.operator)}`", *_said(example.field))),
        _positions(example.operator.shown()),
        "<br>".join(f"{_spelled(value)} → {_spelled(result)}" for value, result in pairs),
    )
    return f"| {' | '.join(cells)} |"


def treatment(operator: Operator) -> str:
    """Spell an operator as a policy does, without parameters that are left at their default."""
    defaults = {each.encode_name: each.default for each in msgspec.structs.fields(operator)}
    told = {
        name: value
        for name, value in msgspec.to_builtins(operator).items()
        if name == "op" or getattr(operator, name, value) != defaults[name]
    }
    flow = yaml.safe_dump(
        told, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000
    )
    return str(flow).strip()


def _said(field: dict[str, Any]) -> Iterator[str]:
    """Yield what an example says of the field and the call."""
    if "type" in field:
        yield f"`{field['type']}`"
    if "kind" in field:
        yield f"kind 数据类别 `{field['kind']}`"
    if "kind_title_zh" in field:
        yield f"kind 数据类别 {field['kind_title_zh']}"
    if "format" in field:
        yield f"`{field['format']}`"
    if (at := field.get("at")) is not None:
        yield f"on 调用日期 {at}"
    if (scope := field.get("scope")) is not None:
        yield f"purpose 用途 `{scope.purpose}`"
    for label, value in (pair for pairs in field.get("own", ()) for pair in pairs):
        yield f"in the record 同一记录: {label} `{value}`"
    for name, texts in field.get("beside", {}).items():
        said = ", ".join("none 无" if text is None else f"`{text}`" for text in texts)
        yield f"in the records 同一记录: `{name}` {said}"


def _positions(shown: float) -> str:
    return "all 全部" if isinf(shown) else f"{shown:.3g}"


def _spelled(value: object) -> str:
    if value == "":
        return "empty 空文本"
    if value is None:
        return "`null`"
    return _WITHOUT_VALUE["absent"] if value is msgspec.UNSET else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
