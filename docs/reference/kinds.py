"""Write the page on kinds from what they say of themselves.

    python -m docs.reference.kinds

What stands above the first table is written by hand. Each usual treatment is
run on the kind's example; pseudonyms have a key made up for the page.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

from docs.reference.operators import treatment
from keys.derive import Mac
from masking.detect import Span
from masking.grades import Disclosure
from masking.kinds import KINDS, Kind
from masking.operators import Column, FieldType, Operator, Scope, tried
from masking.policy.model import Pseudonyms
from masking.policy.outcome import standard

PAGE = Path(__file__).with_name("kinds.md")
_TABLE = (
    "| kind 类别 | title 名称 | contains 内含 | identifier 标识 | partial 部分披露 | shape 形式 |\n"
    "|---|---|---|---|---|---|\n"
)
_NONE = "—"
_FORMATS: dict[FieldType, str] = {"date": "YYYY-MM-DD"}
_SCOPE = Scope(requester="R1", purpose="aid", resource="S1")
_CLASSES = (Disclosure.CLEAR, Disclosure.PARTIAL, Disclosure.LINKABLE, Disclosure.NOTHING)


class Usual(NamedTuple):
    """What a kind has for one class, and what becomes of its example."""

    disclosure: Disclosure
    operator: Operator
    result: object


class _Mobiles:
    """Finds mobile numbers and nothing else."""

    def find(self, text: str) -> list[Span]:
        found = re.finditer("1[3-9][0-9]{9}", text)
        return [Span(*each.span(), KINDS["mobile"].title_zh) for each in found]

    def find_column(self, texts: Sequence[str]) -> list[list[Span]]:
        return list(map(self.find, texts))


def _made_up(context: bytes) -> Mac:
    return Mac(b"a key that everybody knows" + context)


def usual_type(kind: Kind) -> FieldType:
    """Return the type that a field of the kind mostly has: the first that its mask takes."""
    mask = kind.standard.get(Disclosure.PARTIAL)
    return next(each for each in get_args(FieldType) if mask is None or mask.takes(each))


def usual(kind: Kind) -> Iterator[Usual]:
    """Yield what becomes of the kind's example at each class that the kind has."""
    field_type = usual_type(kind)
    value = int(kind.example) if field_type == "integer" else kind.example
    for disclosure in _CLASSES:
        outcome = standard(kind, field_type, disclosure, Pseudonyms(kinds=(kind.name,)))
        if outcome.disclosure is not disclosure:
            continue
        results: Column = tried(
            outcome.operator,
            value,
            type=field_type,
            kind=kind.name,
            kind_title_zh=kind.title_zh,
            format=_FORMATS.get(field_type),
            scope=_SCOPE,
            mac=_made_up,
            detector=_Mobiles,
        )
        yield Usual(disclosure, outcome.operator, results[0])


def written() -> str:
    """Return the whole page; what stands above its first table is kept."""
    head, _, _ = PAGE.read_text("utf-8").partition(_TABLE)
    rows = map(_row, KINDS.values())
    return head + _TABLE + "\n".join(rows) + "\n\n" + "\n".join(map(section, KINDS.values()))


def _row(kind: Kind) -> str:
    mask = kind.standard.get(Disclosure.PARTIAL)
    cells = (
        f"[`{kind.name}`](#{kind.name}-{kind.title_zh})",
        f"{kind.title} {kind.title_zh}",
        _contains(kind),
        "yes 是" if kind.identifier else "no 否",
        _NONE if mask is None else f"`{treatment(mask)}`",
        _shape(kind),
    )
    return f"| {' | '.join(cells)} |"


def _contains(kind: Kind) -> str:
    return ", ".join(f"`{name}`" for name in kind.contains) or _NONE


def _shape(kind: Kind) -> str:
    if kind.misfits is None:
        return _NONE
    return "checked 有校验" if kind.source == _NONE else kind.source


def section(kind: Kind) -> str:
    """Return what the page says of one kind."""
    facts = (
        f"- Contains 内含: {_contains(kind)}",
        f"- Identifier 标识: {_identifier(kind)}",
        f"- Standard 标准: {kind.source}",
        f"- Shape 形式: {_checked(kind)}",
    )
    head = "| class 披露程度 | treatment 处理 | value → result 值 → 结果 |\n|---|---|---|"
    rows = (
        f"| `{each.disclosure.label}` {each.disclosure.label_zh} | `{treatment(each.operator)}` "
        f"| `{kind.example}` → {_spelled(each.result)} |"
        for each in usual(kind)
    )
    title = f"{kind.title[0].upper()}{kind.title[1:]}"
    return "\n".join(
        (
            f"## `{kind.name}` {kind.title_zh}",
            "",
            f"**{title}**, of type `{usual_type(kind)}` for the most part.",
            "",
            *facts,
            "",
            head,
            *rows,
            "",
        )
    )


def _identifier(kind: Kind) -> str:
    if kind.identifier:
        return "yes, a policy may allow pseudonyms 是，策略可允许使用假名"
    return "no, it is never linkable 否，不可关联"


def _checked(kind: Kind) -> str:
    if kind.unshaped is not None:
        return f"none, {kind.unshaped.text} 无，{kind.unshaped.text_zh}"
    return "checked where the field is of type `string` 类型为 `string` 时校验"


def _spelled(result: object) -> str:
    return f"`{result}`" if isinstance(result, str | int) else "no key 不出现"


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
