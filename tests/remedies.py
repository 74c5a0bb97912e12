"""Do what remedies say, to the letter, in files that were made wrong.

A file is a tree of mappings and lists; each leaf is a scalar as it is spelled in YAML,
so that what a remedy gives between backticks goes into the file as it stands.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import yaml
from msgspec import Struct, inspect

from masking.faults import Fault

Path = tuple[str | int, ...]
Read = Callable[[bytes], Sequence[Fault]]
Wrongs = Callable[[Any], "Iterator[Wrong]"]
# In brackets these would end a text that stands without quotation marks.
_MARKS = frozenset(",[]{}:#'\"")
# Rounds of reading and doing what is said; a mapping of nonsense has several faults.
_MAX_ROUNDS = 9
WRONG: dict[str, Any] = {
    "a mapping": {"x": "y"},
    "a list": ["[x]"],
    "nothing": "",
    "no text": "''",
    "a text 'null'": "'null'",
    "a tilde": "~",
    "signs": "？！",
    "a number": "-1",
    "a full-width number": "１",
    "a quoted number": "'1'",
    "yes": "yes",
    "a long text": "x" * 3000,
}


class Wrong(NamedTuple):
    """A file made wrong at a path, and what stood there."""

    name: str
    file: Any
    path: Path
    right: Any


def tree(text: str) -> Any:
    """Read a file."""
    return _of(yaml.compose(text, yaml.SafeLoader))


def _of(node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _of(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_of(item) for item in node.value]
    quoted = node.style or _MARKS & set(node.value)
    return json.dumps(node.value, ensure_ascii=False) if quoted else node.value


def written(part: Any) -> bytes:
    """Write a file again."""
    return _spelled(part).encode()


def _spelled(part: Any) -> str:
    if isinstance(part, dict):
        return "{" + ", ".join(f"'{key}': {_spelled(each)}" for key, each in part.items()) + "}"
    if isinstance(part, list):
        return "[" + ", ".join(map(_spelled, part)) + "]"
    return str(part)


def keys_of(kind: type[Struct]) -> set[str]:
    """List the keys of a file of this type, at any depth."""
    found: set[str] = set()
    for field in msgspec.structs.fields(kind):
        found.add(field.encode_name)
        for inner in _structs(inspect.type_info(field.type)):
            found |= keys_of(inner.cls)
    return found


def _structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    if isinstance(kind, inspect.StructType):
        yield kind
    for name in ("type", "item_type", "key_type", "value_type"):
        if isinstance(inner := getattr(kind, name, None), inspect.Type):
            yield from _structs(inner)
    for inner in getattr(kind, "types", ()):
        yield from _structs(inner)


def places(part: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in a file but the whole."""
    steps: Sequence[Any] = range(len(part)) if isinstance(part, list) else ()
    for step in list(part) if isinstance(part, dict) else steps:
        yield (*path, step)
        yield from places(part[step], (*path, step))


def lacking(file: Any) -> Iterator[Wrong]:
    """Yield the file without each of its keys."""
    for path in places(file):
        if isinstance(path[-1], str):
            changed = copy.deepcopy(file)
            right = at(changed, path[:-1]).pop(path[-1])
            yield Wrong(f"{spell(path)} gone", changed, path, right)


def misspelt(file: Any) -> Iterator[Wrong]:
    """Yield the file with each of its keys misspelt."""
    for path in places(file):
        if isinstance(path[-1], str):
            changed = copy.deepcopy(file)
            holder = at(changed, path[:-1])
            holder[f"{path[-1]}_"] = right = holder.pop(path[-1])
            yield Wrong(f"{spell(path)} misspelt", changed, path, right)


def mistyped(file: Any) -> Iterator[Wrong]:
    """Yield the file with something else in the place of everything in it."""
    for path in places(file):
        for name, wrong in WRONG.items():
            if wrong or isinstance(path[-1], str):
                changed = copy.deepcopy(file)
                holder = at(changed, path[:-1])
                right, holder[path[-1]] = holder[path[-1]], wrong
                yield Wrong(f"{name} as {spell(path)}", changed, path, right)


def healed(wrong: Wrong, read: Read) -> int:
    """Do what the first fault says until there is none; each must go. Return the rounds."""
    for done in range(_MAX_ROUNDS):
        faults = read(written(wrong.file))
        if not faults:
            return done
        wrong = wrong._replace(file=followed(wrong, faults[0], read))
    raise AssertionError(f"there is no end to it: {wrong.name}")


def followed(wrong: Wrong, fault: Fault, read: Read) -> Any:
    """Return the file after doing what the remedy says, by which the fault must go."""
    examples = _BETWEEN_TICKS.findall(fault.remedy)
    assert examples == _BETWEEN_TICKS.findall(fault.remedy_zh), fault
    tries = list(_tries(wrong, fault))
    assert tries, f"nobody knows how to do this: {fault}"
    for file in tries:
        if (fault.path, fault.text) not in [(left.path, left.text) for left in read(written(file))]:
            return file
    raise AssertionError(f"{wrong.name}: it does not help: {fault}")


def _tries(wrong: Wrong, fault: Fault) -> Iterator[Any]:
    """Yield the file with the remedy in it, at each place where it could be meant."""
    path = fault.path
    if unknown := _UNKNOWN_KEY.search(fault.text):
        path = (*path, unknown[1])
    for pattern, acts in _ACTS:
        if found := pattern.search(fault.remedy):
            for act in acts:
                for end in range(len(path), max(len(path) - 4, -1), -1):
                    file = copy.deepcopy(wrong.file)
                    if act(file, path[:end], found, wrong):
                        yield file
            return


_BETWEEN_TICKS = re.compile("`([^`]+)`")
_UNKNOWN_KEY = re.compile("the key '([^']+)' is not known")
Act = Callable[[Any, Path, re.Match[str], Wrong], bool]


def _add(file: Any, path: Path, found: re.Match[str], _: Wrong) -> bool:
    holder = at(file, path)
    if isinstance(holder, dict):
        for added in _BETWEEN_TICKS.findall(found[1]):
            key, _colon, value = added.partition(": ")
            holder[key] = value
    return isinstance(holder, dict)


def _replace(file: Any, path: Path, found: re.Match[str], _: Wrong) -> bool:
    holder: Any = at(file, path[:-1]) if path else ""
    if not isinstance(holder, str):
        holder[path[-1]] = found[1]
    return not isinstance(holder, str)


def _rename(file: Any, path: Path, found: re.Match[str], _: Wrong) -> bool:
    holder: Any = at(file, path[:-1]) if path else ""
    named = isinstance(holder, dict) and path[-1] in holder
    if named:
        holder[found[1]] = holder.pop(path[-1])
    return named


def _set(file: Any, path: Path, found: re.Match[str], _: Wrong) -> bool:
    holder = at(file, path)
    if isinstance(holder, dict):
        holder[found[1]] = found[2]
    return isinstance(holder, dict)


def _restore(file: Any, _path: Path, _found: re.Match[str], wrong: Wrong) -> bool:
    at(file, wrong.path[:-1])[wrong.path[-1]] = wrong.right
    return True


def _delete(file: Any, path: Path, _found: re.Match[str], _: Wrong) -> bool:
    if path:
        del at(file, path[:-1])[path[-1]]
    return bool(path)


_ACTS: tuple[tuple[re.Pattern[str], tuple[Act, ...]], ...] = (
    (re.compile("add ((?:`[^`]+: [^`]+`(?: and )?)+)"), (_add,)),
    (re.compile("add those .*: (`[^`]+`)"), (_add,)),
    (re.compile("add `([^`]+):` with one of ([^,]+)"), (_set,)),
    (re.compile("did you mean ['`]([^'`]+)['`]"), (_rename, _replace)),
    (re.compile("write `([a-z_]+): ([^`{]+)`"), (_set,)),
    (re.compile("(?:write|for example|characters:|brackets:|marks:) `([^`]+)`"), (_replace,)),
    (re.compile("^write ([A-Z][A-Z0-9]*)$"), (_replace,)),
    (re.compile("(?:^|; )(?:copy|take) it "), (_restore,)),
    (re.compile("^delete (?:it|one)|^keep one|or delete it"), (_delete,)),
    (re.compile("^use (?:one of |')([^,']+)"), (_replace, _rename)),
    (re.compile("^write (cap): (refuse)$"), (_set,)),
)


def followable(fault: Fault) -> bool:
    """Tell whether a remedy spells something out, and does not only say what to think about."""
    return any(pattern.search(fault.remedy) for pattern, _ in _ACTS)


def at(file: Any, path: Path) -> Any:
    """Return what stands at a path."""
    for step in path:
        file = file[step]
    return file


def spell(path: Path) -> str:
    """Write a path."""
    return ".".join(map(str, path))
