"""What may stand at a place of a document, and how a message describes it."""

import enum
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec.inspect as mi

from masking.faults import quote

# A message that lists every known name is read by nobody.
MAX_LISTED = 24
# Examples of examples are no help.
_EXAMPLE_DEPTH = 2


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A type without its notes, and the notes: description and example."""

    type: mi.Type
    description: str = ""
    description_zh: str = ""
    example: str = ""


class Phrase(NamedTuple):
    """A type in words: `a date`, `日期`, and an example of its spelling."""

    text: str
    text_zh: str
    example: str


Listed = mi.ListType | mi.VarTupleType | mi.SetType | mi.FrozenSetType


def shape_of(kind: mi.Type) -> Shape:
    """Take the notes of `msgspec.Meta` off a type."""
    description, description_zh, example = "", "", ""
    while isinstance(kind, mi.Metadata):
        schema = kind.extra_json_schema or {}
        examples = schema.get("examples") or ()
        description = description or str(schema.get("description", ""))
        description_zh = description_zh or str((kind.extra or {}).get("zh", ""))
        example = example or (str(examples[0]) if examples else "")
        kind = kind.type
    return Shape(kind, description, description_zh or description, example)


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
    phrases += [_tagged(tagged)] if several else []
    return Phrase(
        " or ".join(phrase.text for phrase in phrases),
        "，或".join(phrase.text_zh for phrase in phrases),
        shape.example or (phrases[0].example if phrases else "null"),
    )


def _tagged(structs: list[mi.StructType]) -> Phrase:
    field = structs[0].tag_field
    tags = [str(struct.tag) for struct in structs]
    return Phrase(
        f"a mapping whose '{field}' is one of {listed(tags)}",
        f" '{field}' 为 {listed(tags, '、')} 之一的映射",
        f"{{{field}: {tags[0]}}}",
    )


def _described(shape: Shape, depth: int) -> Phrase:
    phrase = _plain(shape, depth)
    text = f"{phrase.text} ({shape.description})" if shape.description else phrase.text
    text_zh = phrase.text_zh
    if shape.description_zh:
        text_zh = f"{text_zh}（{shape.description_zh}）"
    return Phrase(text, text_zh, shape.example or phrase.example)


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
        key, value = _example(kind.key_type, depth), _example(kind.value_type, depth)
        return Phrase("a mapping", "映射", f"{{{key}: {value}}}")
    if isinstance(kind, mi.StructType):
        return _struct(kind, depth)
    return _SIMPLE[type(kind)]


def _example(kind: mi.Type, depth: int) -> str:
    return "…" if depth >= _EXAMPLE_DEPTH else describe(shape_of(kind), depth + 1).example


def _text(kind: mi.StrType) -> Phrase:
    limits = _limits(kind.min_length, kind.max_length)
    if limits == ("", "") or limits == _limits(1, None):
        return Phrase("a text", "文字", "some text")
    return Phrase(f"a text of {limits[0]} characters", f"{limits[1]} 个字符的文字", "some text")


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
        return kind.ge
    if kind.gt is not None:
        middle = isinstance(kind, mi.FloatType) and high is not None and high < kind.gt + 2
        return (kind.gt + (high or 0)) / 2 if middle else kind.gt + step
    if high is not None:
        return high if kind.le is not None else high - step
    return 3 if isinstance(kind, mi.IntType) else 0.5


def _limits(low: float | None, high: float | None) -> tuple[str, str]:
    if low is not None and high is not None:
        if low == high:
            return f"{low}", f" {low}"
        return f"{low} to {high}", f" {low} 至 {high}"
    if low is not None:
        return f"{low} or more", f"不小于 {low}"
    if high is not None:
        return f"at most {high}", f"不大于 {high}"
    return "", ""


def _list(kind: Listed, depth: int) -> Phrase:
    limits = _limits(getattr(kind, "min_length", None) or None, getattr(kind, "max_length", None))
    example = f"[{_example(kind.item_type, depth)}]"
    if not limits[0]:
        return Phrase("a list", "列表", example)
    return Phrase(f"a list of {limits[0]} items", f"{limits[1]} 项的列表", example)


def _struct(kind: mi.StructType, depth: int) -> Phrase:
    required = [field for field in kind.fields if field.required]
    names = [field.encode_name for field in required or kind.fields]
    parts = [] if kind.tag is None else [f"{kind.tag_field}: {kind.tag}"]
    parts += [f"{field.encode_name}: {_example(field.type, depth)}" for field in required[:4]]
    if not parts and names:
        field = kind.fields[0]
        parts = [f"{field.encode_name}: {_example(field.type, depth)}"]
    with_en = f" with {listed(names)}" if names else ""
    with_zh = f"（含 {listed(names, '、')}）" if names else ""
    return Phrase(f"a mapping{with_en}", f"映射{with_zh}", "{" + ", ".join(parts) + "}")
