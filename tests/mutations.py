"""Faults to put into YAML files, and which of them have nothing to do with each other."""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from masking.faults import Fault

Path = tuple[str | int, ...]
Plain = dict[str, Any]
# What plain data cannot say, by the text that stands for it.
_RAW = {"ALIAS": "*elsewhere", "ANCHORED": "&here text", "TAGGED": "!!set text", "__AGAIN": ""}
_RAW["MERGED"] = "<<"
_LINE = re.compile(" line [0-9]+")


class Mutation(NamedTuple):
    """One fault: how it comes into the files, what it changes, and what it is seen by."""

    name: str
    change: Callable[[Plain], None]
    changes: tuple[Path, ...]
    leans: tuple[Path, ...]

    def apart(self, other: "Mutation") -> bool:
        """Tell whether neither changes anything that the other is about."""
        return not (
            _meet(self.changes, (*other.changes, *other.leans)) or _meet(self.leans, other.changes)
        )


def _meet(some: Sequence[Path], others: Sequence[Path]) -> bool:
    return any(one[: len(two)] == two[: len(one)] for one in some for two in others)


def put(path: Path, value: object, *leans: Path, changes: Sequence[Path] = ()) -> Mutation:
    """Write `value` at a path, whose first step is the file."""

    def change(files: Plain) -> None:
        _holder(files, path)[path[-1]] = value

    return Mutation(f"{_spelled(path)}={str(value)[:20]}", change, (path, *changes), leans)


def drop(path: Path, *leans: Path) -> Mutation:
    """Leave a key out."""

    def change(files: Plain) -> None:
        del _holder(files, path)[path[-1]]

    return Mutation(f"{_spelled(path)} gone", change, (path,), leans)


def rename(path: Path, name: str) -> Mutation:
    """Spell a key otherwise."""

    def change(files: Plain) -> None:
        holder = _holder(files, path)
        items = [(name if key == path[-1] else key, value) for key, value in holder.items()]
        holder.clear()
        holder.update(items)

    return Mutation(f"{_spelled(path)} as {name}", change, (path, (*path[:-1], name)), ())


def both(one: Mutation, two: Mutation) -> Mutation:
    """Make one fault of two changes."""

    def change(files: Plain) -> None:
        one.change(files)
        two.change(files)

    name = f"{one.name} and {two.name}"
    return Mutation(name, change, (*one.changes, *two.changes), (*one.leans, *two.leans))


def chosen(names: Sequence[str], faulty: Mapping[str, Mutation]) -> list[Mutation]:
    """Return those of the named that are apart from all before."""
    found: list[Mutation] = []
    for name in names:
        if all(faulty[name].apart(other) for other in found):
            found.append(faulty[name])
    return found


def mutated(files: Mapping[str, Any], mutations: Sequence[Mutation]) -> dict[str, bytes]:
    """Write the files with these faults in them."""
    plain = copy.deepcopy(dict(files))
    for mutation in mutations:
        mutation.change(plain)
    return {name: _written(content) for name, content in plain.items()}


def said(faults: Sequence[Fault]) -> list[tuple[str, ...]]:
    """Return what faults say, less the lines, which move with the text before them."""
    return sorted(
        (fault.file, spell(fault.path), _LINE.sub("", fault.text), fault.remedy) for fault in faults
    )


def spell(path: Path) -> str:
    return "/".join(map(str, path))


def _written(content: object) -> bytes:
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=10_000)
    for marker, raw in _RAW.items():
        text = text.replace(marker, raw)
    return text.encode()


def _holder(files: Plain, path: Path) -> Any:
    holder: Any = files
    for step in path[:-1]:
        holder = holder[step]
    return holder


def _spelled(path: Path) -> str:
    return spell((str(path[0]).rsplit("/", 1)[-1], *path[1:]))
