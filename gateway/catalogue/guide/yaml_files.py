"""Write the files of a catalogue as people write them, so that a change is one line.

Keys in the order of the schema; an item of plain values on one line; quotation marks
where YAML would read something else, or the eye.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, get_args

import msgspec
import yaml

Plain = str | int | bool | date | None
Tree = Mapping[str, Any]
Kind = type[msgspec.Struct]

# A list longer than this stands item below item.
MAX_LINE = 88
_resolver = yaml.resolver.Resolver()
_TEXT = "tag:yaml.org,2002:str"
# What makes a text something else at its beginning, or anywhere inside brackets.
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=~")
_FLOW = frozenset(",[]{}:")
# Other readers of YAML take these for true and false, and codes such as 08 for numbers.
_SHORT = frozenset(("y", "n"))
_NUMBER = re.compile(r"[-+.]?[0-9][0-9_.eE+]*", re.ASCII)


def yaml_file(tree: Tree, kind: Kind) -> bytes:
    """Write a file of a kind: a mapping of plain values, lists of these, and mappings.

    None stands for a value that is wanted.
    """
    return ("\n".join(_mapping(tree, kind)) + "\n").encode()


@cache
def _below(kind: Kind) -> dict[str, Kind | None]:
    """Return the keys of a kind in order, with the kind of what stands below each."""
    return {field.encode_name: _kind(field.type) for field in msgspec.structs.fields(kind)}


def _kind(annotation: Any) -> Kind | None:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation
    return next(filter(None, map(_kind, get_args(annotation))), None)


def _ordered(tree: Tree, kind: Kind | None) -> list[tuple[str, Any, Kind | None]]:
    """Return the pairs of a mapping in the order of the schema."""
    below = {} if kind is None else _below(kind)
    known = [key for key in below if key in tree]
    return [(key, tree[key], below.get(key)) for key in dict.fromkeys([*known, *tree])]


def _mapping(tree: Tree, kind: Kind | None, *, flow: bool = True) -> Iterator[str]:
    for key, value, below in _ordered(tree, kind):
        spelled = scalar(key)
        if isinstance(value, Mapping):
            yield f"{spelled}:"
            yield from (f"  {line}" for line in _mapping(value, below))
        elif _mappings(value):
            yield f"{spelled}:"
            for item in value:
                lines = _item(item, below)
                yield f"  - {next(lines)}"
                yield from (f"    {line}" for line in lines)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from _texts(spelled, value, flow=flow)
        else:
            yield f"{spelled}: {scalar(value)}".rstrip()


def _mappings(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _item(item: Tree, kind: Kind | None) -> Iterator[str]:
    if any(isinstance(value, list | tuple | Mapping) for value in item.values()):
        yield from _mapping(item, kind, flow=False)
        return
    inner = (f"{scalar(key)}: {scalar(value, flow=True)}" for key, value, _ in _ordered(item, kind))
    yield f"{{{', '.join(inner)}}}"


def _texts(key: str, texts: Sequence[Plain], *, flow: bool) -> Iterator[str]:
    line = f"{key}: [{', '.join(scalar(text, flow=True) for text in texts)}]"
    if (flow and len(line) <= MAX_LINE) or not texts or None in texts:
        yield line
        return
    yield f"{key}:"
    yield from (f"  - {scalar(text)}" for text in texts)


def scalar(value: Plain, *, flow: bool = False) -> str:
    """Spell one value, in quotation marks if it needs them; `flow` inside brackets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if not value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    return value if _is_plain(value, flow) else "'" + value.replace("'", "''") + "'"


def _is_plain(text: str, flow: bool) -> bool:
    if not text or text != text.strip() or text[0] in _INDICATORS or text[-1] == ":":
        return False
    if text.lower() in _SHORT or _NUMBER.fullmatch(text):
        return False
    if ": " in text or " #" in text or (flow and not _FLOW.isdisjoint(text)):
        return False
    read_as = _resolver.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # no types there
    return bool(read_as == _TEXT)
