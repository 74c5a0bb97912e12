"""What may stand at a place of a document, and how a message describes it."""

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec.inspect as mi

from masking.counting import counted
from masking.faults import quote

# A message that lists every known name is read by nobody.
MAX_LISTED = 24
# Nor is one with a whole file in it: the documentation has that.
MAX_EXAMPLE = 240
# Stops a type that holds itself.
_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A type without its notes, and the notes: description, example, advice.

    Advice, in English and Chinese, says where a value comes from that no example
    can stand for, such as a key.
    """

    type: mi.Type
    description: str = ""
    description_zh: str = ""
    example: str = ""
    advice: tuple[str, str] = ("", "")


class Phrase(NamedTuple):
    """A type in words: `a date`, `日期`.

    `example`, put in the place of a value, is read as one; empty where there is none.
    """

    text: str
    text_zh: str
    example: str
    advice: tuple[str, str] = ("", "")


_TEXT = "some text"
Listed = mi.ListType | mi.VarTupleType | mi.SetType | mi.FrozenSetType


def shape_of(kind: mi.Type) -> Shape:
    """Take the notes of `msgspec.Meta` off a type."""
    description, description_zh, example, advice = "", "", "", ("", "")
    while isinstance(kind, mi.Metadata):
        schema, extra = kind.extra_json_schema or {}, kind.extra or {}
        examples = schema.get("examples") or ()
        description = description or str(schema.get("description", ""))
        description_zh = description_zh or str(extra.get("zh", ""))
        example = example or (str(examples[0]) if examples else "")
        advice = extra.get("advice", advice)
        kind = kind.type
    return Shape(kind, description, description_zh or description, example, advice)


def members(shape: Shape) -> tuple[Shape, ...]:
    """Give the alternatives of a union, each with the notes of the whole."""
    if not isinstance(shape.type, mi.UnionType):
        return (shape,)
    inner = [shape_of(kind) for kind in shape.type.types]
    return tuple(
        Shape(
            each.type,
            each.description or shape.description,
            each.description_zh or shape.description_zh,
            each.example or shape.example,
            each.advice if any(each.advice) else shape.advice,
        )
        for each in inner
    )


@lru_cache(maxsize=256)
def _enum_spellings(kind: type[enum.Enum]) -> dict[str, object]:
    return {
        member.value if isinstance(member.value, str) else member.name.lower(): member
        for member in kind
    }


def spellings(kind: mi.Type) -> dict[str, object]:
    """Give what may be written for an enum or `Literal`, with what it means.

    A member of an enum of texts is written by its value, of any other by its
    name in lower case.
    """
    if isinstance(kind, mi.EnumType):
        return _enum_spellings(kind.cls)
    if isinstance(kind, mi.LiteralType):
        return {str(value): value for value in kind.values}
    return {}


def listed(names: list[str], comma: str = ", ") -> str:
    shown = comma.join(quote(name) for name in names[:MAX_LISTED])
    return shown if len(names) <= MAX_LISTED else f"{shown}{comma}…"


def describe(shape: Shape, depth: int = 0) -> Phrase:
    """Say what is expected."""
    options = [each for each in members(shape) if not isinstance(each.type, mi.NoneType)]
    if len(options) == 1:
        return _described(options[0], depth)
    tagged = [each.type for each in options if isinstance(each.type, mi.StructType)]
    several = len(tagged) > 1
    phrases = [
        _described(each, depth)
        for each in options
        if not (several and isinstance(each.type, mi.StructType))
    ]
    phrases += [_tagged(tagged, depth)] if several else []
    return Phrase(
        " or ".join(phrase.text for phrase in phrases),
        "，或".join(phrase.text_zh for phrase in phrases),
        shape.example or next((each.example for each in phrases if each.example), ""),
        next((phrase.advice for phrase in phrases if any(phrase.advice)), ("", "")),
    )


def _tagged(structs: list[mi.StructType], depth: int) -> Phrase:
    field = structs[0].tag_field
    tags = [str(struct.tag) for struct in structs]
    return Phrase(
        f"a mapping whose '{field}' is one of {listed(tags)}",
        f" '{field}' 为 {listed(tags, '、')} 之一的映射",
        _struct(structs[0], depth).example,
    )


def _described(shape: Shape, depth: int) -> Phrase:
    phrase = _plain(shape, depth)
    text, text_zh = phrase.text, phrase.text_zh
    if shape.description and isinstance(shape.type, mi.StrType):
        # It says more than that the thing is a text.
        text, text_zh = shape.description, shape.description_zh
    elif shape.description:
        text, text_zh = f"{text} ({shape.description})", f"{text_zh}（{shape.description_zh}）"
    if any(shape.advice):
        return Phrase(text, text_zh, "", shape.advice)
    return Phrase(text, text_zh, shape.example or phrase.example, phrase.advice)


_SIMPLE: dict[type[mi.Type], Phrase] = {
    mi.BoolType: Phrase("true or false", " true 或 false", "true"),
    mi.DecimalType: Phrase("a decimal number", "十进制数", "12.50"),
    mi.DateType: Phrase("a date", "日期", "2026-01-31"),
    mi.DateTimeType: Phrase("a date and time", "日期时间", "2026-01-31T08:30:00+08:00"),
    mi.NoneType: Phrase("null", "null", "null"),
}


def _plain(shape: Shape, depth: int) -> Phrase:
    kind = shape.type
    if isinstance(kind, mi.StrType):
        return _text(kind)
    if isinstance(kind, mi.IntType | mi.FloatType):
        return _number(kind)
    if isinstance(kind, mi.EnumType | mi.LiteralType):
        names = list(spellings(kind))
        if len(names) == 1:
            return Phrase(names[0], f" {names[0]}", names[0])
        return Phrase(f"one of {listed(names)}", f" {listed(names, '、')} 之一", names[0])
    if isinstance(kind, Listed):
        return _list(kind, depth)
    if isinstance(kind, mi.DictType):
        parts = [_inner(kind.key_type, depth), _inner(kind.value_type, depth)]
        return _made("a mapping", "映射", "{%s: %s}", parts)
    if isinstance(kind, mi.StructType):
        return _struct(kind, depth)
    return _SIMPLE[type(kind)]


def _inner(kind: mi.Type, depth: int) -> Phrase:
    return Phrase("", "", "") if depth >= _MAX_DEPTH else describe(shape_of(kind), depth + 1)


def _made(text: str, text_zh: str, form: str, parts: list[Phrase]) -> Phrase:
    """Describe what holds other things: there is an example of it if there is one of each."""
    examples = [part.example for part in parts]
    example = form % tuple(examples) if all(examples) else ""
    advice = next((part.advice for part in parts if not part.example), ("", ""))
    return Phrase(text, text_zh, example if len(example) <= MAX_EXAMPLE else "", advice)


def _text(kind: mi.StrType) -> Phrase:
    low, high = kind.min_length or 0, kind.max_length
    # Nobody knows a text that fits a pattern but who wrote the pattern.
    example = "" if kind.pattern else _TEXT.ljust(low, "…")[:high]
    if low <= 1 and high is None:
        return Phrase("a text", "文字", example)
    limits = _limits(kind.min_length, high, "character")
    return Phrase(f"a text of {limits[0]}", f"{limits[1]} 个字符的文字", example)


def _number(kind: mi.IntType | mi.FloatType) -> Phrase:
    noun, noun_zh = (
        ("a whole number", "整数") if isinstance(kind, mi.IntType) else ("a number", "数字")
    )
    example = str(_sample(kind))
    if kind.ge is not None and kind.le is not None:
        return Phrase(
            f"{noun} from {kind.ge} to {kind.le}", f" {kind.ge} 至 {kind.le} 的{noun_zh}", example
        )
    bounds = [
        (f"{text} {bound}", f"{text_zh} {bound}")
        for text, text_zh, bound in (
            ("at least", "不小于", kind.ge),
            ("more than", "大于", kind.gt),
            ("at most", "不大于", kind.le),
            ("less than", "小于", kind.lt),
            ("a multiple of", "整倍于", kind.multiple_of),
        )
        if bound is not None
    ]
    if not bounds:
        return Phrase(noun, noun_zh, example)
    return Phrase(
        f"{noun} of {' and '.join(text for text, _ in bounds)}",
        f"{'且'.join(text_zh for _, text_zh in bounds)} 的{noun_zh}",
        example,
    )


def _sample(kind: mi.IntType | mi.FloatType) -> float:
    """Give a number within the bounds of `kind`."""
    step = kind.multiple_of or 1
    high = kind.le if kind.le is not None else kind.lt
    if kind.ge is not None:
        # Of a span that holds 0, that: its ends may be long.
        return 0 if kind.ge < 0 and (high is None or high > 0) else kind.ge
    if kind.gt is not None:
        middle = isinstance(kind, mi.FloatType) and high is not None and high < kind.gt + 2
        return (kind.gt + (high or 0)) / 2 if middle else kind.gt + step
    if high is not None:
        return high if kind.le is not None else high - step
    return 3 if isinstance(kind, mi.IntType) else 0.5


def _limits(low: int | None, high: int | None, noun: str) -> tuple[str, str]:
    if low is not None and high is not None:
        if low == high:
            return counted(low, noun), f" {low}"
        return f"{low:,} to {high:,} {noun}s", f" {low} 至 {high}"
    if low is not None:
        return f"{low:,} or more {noun}s", f"不小于 {low}"
    if high is not None:
        return f"at most {counted(high, noun)}", f"不大于 {high}"
    return "", ""


def _list(kind: Listed, depth: int) -> Phrase:
    low, high = getattr(kind, "min_length", None) or None, getattr(kind, "max_length", None)
    limits = _limits(low, high, "item")
    text = f"a list of {limits[0]}" if limits[0] else "a list"
    text_zh = f"{limits[1]} 项的列表" if limits[0] else "列表"
    return _made(text, text_zh, "[%s]", [_inner(kind.item_type, depth)])


def _struct(kind: mi.StructType, depth: int) -> Phrase:
    required = [field for field in kind.fields if field.required]
    names = [field.encode_name for field in required or kind.fields]
    tag = [] if kind.tag is None else [f"{kind.tag_field}: {kind.tag}"]
    shown = required or ([] if tag else list(kind.fields[:1]))
    form = ", ".join([*tag, *(f"{field.encode_name}: %s" for field in shown)])
    with_en = f" with {listed(names)}" if names else ""
    with_zh = f"（含 {listed(names, '、')}）" if names else ""
    return _made(
        f"a mapping{with_en}",
        f"映射{with_zh}",
        f"{{{form}}}",
        [_inner(field.type, depth) for field in shown],
    )
