"""Say what is wrong with a value, and what to write instead.

What a remedy spells out between backticks heals the fault as it stands.
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache

import msgspec.inspect as mi

from masking.document.collector import Words
from masking.document.nodes import Mapping, Node, Scalar, Sequence
from masking.document.shapes import Phrase, Shape, describe, listed, members, spellings
from masking.faults import quote

_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Give the known name that `name` was likely meant to be.

    `cutoff`, up to 1, is how alike the two must be.
    """
    return _nearest(name, tuple(known), cutoff)


# One slip is often repeated, and finding the nearest of many names is slow.
@lru_cache(maxsize=256)
def _nearest(name: str, known: tuple[str, ...], cutoff: float) -> str | None:
    lower = {each.lower().replace("-", "_"): each for each in known}
    asked = quote(name).strip().lower().replace("-", "_").replace(" ", "_")
    close = difflib.get_close_matches(asked, lower, n=1, cutoff=cutoff)
    return lower[close[0]] if close else None


def instead(near: str | None, known: Iterable[str]) -> tuple[str, str]:
    """Say which known name to write, in English and Chinese: the nearest, if any is near."""
    if near is not None:
        return f"did you mean '{near}'?", f"是否应为 '{near}'？"
    names = list(known)
    if not names:
        return "delete it; nothing is known here", "请删除；此处没有可用的名称"
    if len(names) == 1:
        return f"use '{names[0]}'", f"请使用 '{names[0]}'"
    return f"use one of {listed(names)}", f"请使用 {listed(names, '、')} 之一"


def unknown_key(name: str, known: list[str], near: str | None) -> Words:
    text, text_zh = f"the key '{quote(name)}' is not known here", f"此处没有键 '{quote(name)}'"
    remedy, remedy_zh = instead(near, known)
    if near is None and known:
        remedy, remedy_zh = f"{remedy}, or delete it", f"{remedy_zh}，或删除"
    return Words(text, text_zh, remedy, remedy_zh)


def missing_key(name: str, shape: Shape) -> Words:
    phrase = describe(shape)
    text, text_zh = f"the key '{name}' is missing", f"缺少键 '{name}'"
    if phrase.example:
        added = f"`{name}: {phrase.example}`"
        return Words(
            text, text_zh, f"add {added}, {phrase.text}", f"请添加 {added}，值为{phrase.text_zh}"
        )
    where, where_zh = _written(phrase)
    return Words(
        text,
        text_zh,
        f"add `{name}:`, {phrase.text}; {where}",
        f"请添加 `{name}:`，值为{phrase.text_zh}；{where_zh}",
    )


def _written(phrase: Phrase) -> tuple[str, str]:
    """Say what to write, in English and Chinese: an example, else where to find it."""
    if phrase.example:
        return f"write for example `{phrase.example}`", f"请改写，例如 `{phrase.example}`"
    if any(phrase.advice):
        return phrase.advice
    return "an example stands in the documentation", "示例见文档"


def missing_tag(field: str, tags: list[str], fitting: str | None) -> Words:
    """Say that what tells alternatives apart is missing; `fitting` goes with the other keys."""
    text = f"the key '{field}', which says what this is, is missing"
    text_zh = f"缺少说明类别的键 '{field}'"
    if fitting is not None:
        added = f"`{field}: {fitting}`"
        return Words(text, text_zh, f"add {added}", f"请添加 {added}")
    return Words(
        text,
        text_zh,
        f"add `{field}:` with one of {listed(tags)}",
        f"请添加 `{field}:`，取 {listed(tags, '、')} 之一",
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
        *_written(phrase),
    )


def null_text(shape: Shape, text: str) -> Words:
    phrase = describe(shape)
    where, where_zh = _written(phrase)
    return Words(
        f"{text} stands for no value, but {phrase.text} is expected",
        f"{text} 表示没有值，此处应为{phrase.text_zh}",
        f"{where}; quote it ('{text}') if the text itself is meant",
        f"{where_zh}；若就是这几个字符，请加引号（'{text}'）",
    )


def wrong_scalar(shape: Shape, scalar: Scalar, reads: Callable[[str], bool]) -> Words:
    """Say that a text is not of any type expected; `reads` tells of another whether it is."""
    phrase = describe(shape)
    shown = quote(scalar.text)
    hint = _hint(shape, scalar, reads)
    return Words(
        f"'{shown}' is not {phrase.text}",
        f"'{shown}' 不是{phrase.text_zh}",
        *(hint if any(hint) else _written(phrase)),
    )


def _hint(shape: Shape, scalar: Scalar, reads: Callable[[str], bool]) -> tuple[str, str]:
    """Guess why a text was written where something else is expected."""
    options = members(shape)
    kinds = [each.type for each in options]
    text = scalar.text
    for kind in kinds:
        if isinstance(kind, mi.StructType) and kind.tag is not None and str(kind.tag) == text:
            return _write(describe(Shape(kind)).example)
    if any(isinstance(kind, mi.StructType | mi.DictType) for kind in kinds):
        return _colon_hint(text) or _near_hint(kinds, text)
    if any(isinstance(kind, mi.BoolType) for kind in kinds) and text.lower() in _YES_NO:
        return _write(_YES_NO[text.lower()])
    narrow = unicodedata.normalize("NFKC", text)
    if narrow != text and reads(narrow):
        return f"write half-width characters: `{narrow}`", f"请写半角字符：`{narrow}`"
    if not scalar.plain and reads(text):
        return f"write it without quotation marks: `{text}`", f"请去掉引号：`{text}`"
    return _near_hint(kinds, text)


def _write(text: str) -> tuple[str, str]:
    return f"write `{text}`", f"请写成 `{text}`"


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
        str(kind.tag): describe(Shape(kind)).example
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
        *_written(phrase),
    )


_NODES: dict[type[Node], tuple[str, str]] = {
    Mapping: ("a mapping", "映射"),
    Sequence: ("a list", "列表"),
    Scalar: ("a text", "文字"),
}


def not_a_list(shape: Shape, scalar: Scalar, item: bool) -> Words:
    """Say that a text stands where a list is expected; one of its items, or something else."""
    phrase = describe(shape)
    bracketed = f"write it in brackets: `[{scalar.text}]`", f"请加方括号：`[{scalar.text}]`"
    return Words(
        f"'{quote(scalar.text)}' is not {phrase.text}",
        f"'{quote(scalar.text)}' 不是{phrase.text_zh}",
        *(bracketed if item else _written(phrase)),
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
            *_written(phrase),
        )
    return Words(
        f"the length is {length}, but {phrase.text} is expected",
        f"长度为 {length}，应为{phrase.text_zh}",
        *_written(phrase),
    )


def wrong_form(shape: Shape, value: str) -> Words:
    """Say that a text does not fit the pattern; the description explains it if there is one."""
    pattern = getattr(shape.type, "pattern", "")
    expected = shape.description or f"a text that fits {pattern}"
    expected_zh = shape.description_zh or f"符合 {pattern} 的文字"
    more, more_zh = "", ""
    if any(shape.advice):
        more, more_zh = f"; {shape.advice[0]}", f"；{shape.advice[1]}"
    elif shape.example:
        more, more_zh = f", for example `{shape.example}`", f"，例如 `{shape.example}`"
    return Words(
        f"'{quote(value)}' does not have the form expected",
        f"'{quote(value)}' 的形式不对",
        f"write {expected}{more}",
        f"请写{expected_zh}{more_zh}",
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
