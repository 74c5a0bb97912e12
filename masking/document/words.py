"""Say what is wrong with a value, and what to write instead."""

import difflib
import unicodedata

import msgspec.inspect as mi

from masking.document.collector import Words
from masking.document.nodes import Mapping, Node, Scalar, Sequence
from masking.document.shapes import Shape, describe, listed, members, spellings
from masking.faults import quote

_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def nearest(name: str, known: list[str]) -> str | None:
    """Give the known name that `name` was likely meant to be."""
    lower = {each.lower().replace("-", "_"): each for each in known}
    asked = quote(name).strip().lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(asked, lower, n=1, cutoff=0.6)
    return lower[close[0]] if close else None


def unknown_key(name: str, known: list[str], near: str | None) -> Words:
    text, text_zh = f"the key '{quote(name)}' is not known here", f"此处没有键 '{quote(name)}'"
    if near is not None:
        return Words(text, text_zh, f"did you mean '{near}'?", f"是否应为 '{near}'？")
    if not known:
        return Words(text, text_zh, "delete it; no key is known here", "请删除；此处不接受任何键")
    return Words(
        text,
        text_zh,
        f"use one of {listed(known)}, or delete it",
        f"请使用 {listed(known, '、')} 之一，或删除",
    )


def missing_key(name: str, shape: Shape) -> Words:
    phrase = describe(shape)
    return Words(
        f"the key '{name}' is missing",
        f"缺少键 '{name}'",
        f"add `{name}: {phrase.example}`, {phrase.text}",
        f"请添加 `{name}: {phrase.example}`，值为{phrase.text_zh}",
    )


def missing_tag(field: str, tags: list[str]) -> Words:
    return Words(
        f"the key '{field}', which says what this is, is missing",
        f"缺少说明类别的键 '{field}'",
        f"add `{field}: …` with one of {listed(tags)}",
        f"请添加 `{field}: …`，取 {listed(tags, '、')} 之一",
    )


def unknown_tag(field: str, tag: str, tags: list[str]) -> Words:
    near = nearest(tag, tags)
    hint, hint_zh = (f"did you mean '{near}'? ", f"是否应为 '{near}'？") if near else ("", "")
    return Words(
        f"'{quote(tag)}' is not known as '{field}'",
        f"'{field}' 没有取值 '{quote(tag)}'",
        f"{hint}use one of {listed(tags)}",
        f"{hint_zh}请使用 {listed(tags, '、')} 之一",
    )


def nothing_here(shape: Shape) -> Words:
    phrase = describe(shape)
    return Words(
        f"nothing stands here, but {phrase.text} is expected",
        f"此处没有值，应为{phrase.text_zh}",
        f"write for example `{phrase.example}`",
        f"请写值，例如 `{phrase.example}`",
    )


def null_text(shape: Shape, text: str) -> Words:
    phrase = describe(shape)
    return Words(
        f"{text} stands for no value, but {phrase.text} is expected",
        f"{text} 表示没有值，此处应为{phrase.text_zh}",
        f"write for example `{phrase.example}`; quote it ('{text}') if the text itself is meant",
        f"请写值，例如 `{phrase.example}`；若就是这几个字符，请加引号（'{text}'）",
    )


def wrong_scalar(shape: Shape, scalar: Scalar) -> Words:
    """Say that a text is not of any type expected."""
    phrase = describe(shape)
    shown = quote(scalar.text)
    hint, hint_zh = _hint(shape, scalar)
    return Words(
        f"'{shown}' is not {phrase.text}",
        f"'{shown}' 不是{phrase.text_zh}",
        hint or f"write for example `{phrase.example}`",
        hint_zh or f"请改写，例如 `{phrase.example}`",
    )


def _hint(shape: Shape, scalar: Scalar) -> tuple[str, str]:
    """Guess why a text was written where something else is expected."""
    options = members(shape)
    kinds = [each.type for each in options]
    text = scalar.text
    for kind in kinds:
        if isinstance(kind, mi.StructType) and kind.tag is not None and str(kind.tag) == text:
            example = describe(Shape(kind)).example
            return f"write `{example}`", f"请写成 `{example}`"
    if any(isinstance(kind, mi.StructType | mi.DictType) for kind in kinds):
        return _colon_hint(text) or _near_hint(kinds, text)
    if any(isinstance(kind, mi.BoolType) for kind in kinds) and text.lower() in _YES_NO:
        meant = _YES_NO[text.lower()]
        return f"write `{meant}`", f"请写成 `{meant}`"
    narrow = unicodedata.normalize("NFKC", text)
    if narrow != text and narrow.isascii():
        shown = quote(narrow)
        return f"write half-width characters: `{shown}`", f"请写半角字符：`{shown}`"
    numbers = mi.BoolType | mi.IntType | mi.FloatType
    if not scalar.plain and any(isinstance(kind, numbers) for kind in kinds):
        example = describe(shape).example
        return (
            f"write it without quotation marks, for example `{example}`",
            f"请去掉引号，例如 `{example}`",
        )
    return _near_hint(kinds, text)


def _colon_hint(text: str) -> tuple[str, str] | None:
    if "：" in text:
        return (
            "write a half-width colon and a space: `key: value`",
            "请把全角冒号改为半角冒号加空格：`key: value`",
        )
    if ":" in text:
        return "put a space after the colon: `key: value`", "冒号后请加空格：`key: value`"
    return None


def _near_hint(kinds: list[mi.Type], text: str) -> tuple[str, str]:
    known = [name for kind in kinds for name in spellings(kind)]
    tags = {
        str(kind.tag): f"{{{kind.tag_field}: {kind.tag}}}"
        for kind in kinds
        if isinstance(kind, mi.StructType) and kind.tag is not None
    }
    near = nearest(text, [*known, *tags])
    if near is None:
        return "", ""
    spelled = tags.get(near, near) if near not in known else near
    return f"did you mean `{spelled}`?", f"是否应为 `{spelled}`？"


def wrong_node(shape: Shape, node: Node) -> Words:
    """Say that a list or mapping stands where something else is expected."""
    phrase = describe(shape)
    found, found_zh = _NODES[type(node)]
    return Words(
        f"{found} stands here, but {phrase.text} is expected",
        f"此处是{found_zh}，应为{phrase.text_zh}",
        f"write for example `{phrase.example}`",
        f"请改写，例如 `{phrase.example}`",
    )


_NODES: dict[type[Node], tuple[str, str]] = {
    Mapping: ("a mapping", "映射"),
    Sequence: ("a list", "列表"),
    Scalar: ("a text", "文字"),
}


def not_a_list(shape: Shape, scalar: Scalar) -> Words:
    """Say that a single text stands where a list of such is expected."""
    phrase = describe(shape)
    example = f"[{quote(scalar.text)}]" if scalar.text else phrase.example
    return Words(
        f"'{quote(scalar.text)}' is not {phrase.text}",
        f"'{quote(scalar.text)}' 不是{phrase.text_zh}",
        f"write it in brackets: `{example}`",
        f"请加方括号：`{example}`",
    )


def out_of_range(shape: Shape) -> Words:
    phrase = describe(shape)
    return Words(
        "the number is out of range",
        "数字超出范围",
        f"write {phrase.text}, for example `{phrase.example}`",
        f"请写{phrase.text_zh}，例如 `{phrase.example}`",
    )


def wrong_length(shape: Shape, length: int) -> Words:
    phrase = describe(shape)
    if length == 0:
        return Words(
            f"the text or list is empty, but {phrase.text} is expected",
            f"内容为空，应为{phrase.text_zh}",
            f"write for example `{phrase.example}`",
            f"请改写，例如 `{phrase.example}`",
        )
    return Words(
        f"the length is {length}, but {phrase.text} is expected",
        f"长度为 {length}，应为{phrase.text_zh}",
        f"write for example `{phrase.example}`",
        f"请改写，例如 `{phrase.example}`",
    )


def wrong_form(shape: Shape, value: str) -> Words:
    """Say that a text does not fit the pattern; the description explains it if there is one."""
    pattern = getattr(shape.type, "pattern", "")
    expected = shape.description or f"a text that fits {pattern}"
    expected_zh = shape.description_zh or f"符合 {pattern} 的文字"
    example = f", for example `{shape.example}`" if shape.example else ""
    example_zh = f"，例如 `{shape.example}`" if shape.example else ""
    return Words(
        f"'{quote(value)}' does not have the form expected",
        f"'{quote(value)}' 的形式不对",
        f"write {expected}{example}",
        f"请写{expected_zh}{example_zh}",
    )


def repeated_item(value: str, line: int) -> Words:
    return Words(
        f"'{quote(value)}' stands in this list already (line {line})",
        f"'{quote(value)}' 已在此列表中（第 {line} 行）",
        "delete one of the two",
        "请删除其中之一",
    )


def refused(text: str, text_zh: str) -> Words:
    return Words(
        text or "these keys do not go together",
        text_zh or text or "这些项不能同时使用",
        "correct the keys of this mapping",
        "请修改此映射中的各项",
    )
