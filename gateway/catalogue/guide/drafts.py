"""The files that entries become, and where in the workbook each of their values stands."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.catalogue.guide.columns import Form
from gateway.catalogue.guide.entries import Entry
from gateway.catalogue.guide.faults import FaultList, Place, Words
from gateway.catalogue.guide.forms import CODE_LISTS, GRADES, PURPOSES, RESOURCES
from gateway.catalogue.guide.leaves import Leaf, Path, leaves
from gateway.catalogue.guide.yaml_files import Kind, yaml_file
from gateway.model.resource import CodeList, Purposes, Resource
from masking.grades import GradeScheme

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
FOLDERS = {RESOURCES.sheet: "resources/", CODE_LISTS.sheet: "code-lists/"}
_KINDS: dict[str, Kind] = {
    RESOURCES.sheet: Resource,
    CODE_LISTS.sheet: CodeList,
    PURPOSES.sheet: Purposes,
    GRADES.sheet: GradeScheme,
}
PURPOSES_FILE, GRADES_FILE = "purposes.yaml", "grades.yaml"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file to be, with the places of what it holds, and the id that it goes by."""

    form: Form
    id: str
    tree: dict[str, Any]
    places: dict[Path, Place] = field(default_factory=dict)

    def text(self) -> bytes:
        """Return the file."""
        return yaml_file(self.tree, _KINDS[self.form.sheet])

    def place(self, path: Path) -> Place:
        """Return where a path stands, or the nearest above it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path]


def draft(form: Form, entry: Entry, faults: FaultList) -> Draft:
    """Make the file of one entry."""
    key = form.keys[0]
    made = Draft(form, entry.text(key), {}, {(): entry.place(key)})
    _plant(made, (), leaves(form, entry, item=False, faults=faults), entry)
    items: list[Any] = []
    for index, item in enumerate(entry.items):
        branch = Draft(form, "", {})
        said = leaves(form, item, item=True, faults=faults)
        _plant(made, (form.items, index), said, item)
        for leaf in said:
            _set(branch.tree, leaf)
        items.append(branch.tree if branch.tree else next((leaf.value for leaf in said), None))
    made.tree[form.items] = items
    if not items:
        faults.add(entry.place(key), _no_item(form))
        made.places[form.items,] = entry.place(key)
    return made


def _plant(made: Draft, below: Path, said: Iterable[Leaf], values: Any) -> None:
    for leaf in said:
        path = (*below, *leaf.path)
        place = values.place(leaf.title)
        made.places[path] = place
        for length in range(len(below), len(path)):
            made.places.setdefault(path[:length], place)
        if not below:
            _set(made.tree, leaf)


def _set(tree: dict[str, Any], leaf: Leaf) -> None:
    for step in leaf.path[:-1]:
        tree = tree.setdefault(str(step), {})
    if leaf.path:
        tree[str(leaf.path[-1])] = leaf.value


def _no_item(form: Form) -> Words:
    return Words(
        f"the {form.noun} has no {form.item_noun}",
        f"{form.noun_zh}没有{form.item_noun_zh}",
        "write one in each row, beginning with this one",
        "请自此行起每行填写一个",
    )


def gathered(drafts: Sequence[Draft]) -> Draft:
    """Put entries that share a file into one: the purposes."""
    whole = Draft(drafts[0].form, "", {"purposes": [each.tree for each in drafts]})
    whole.places[()] = drafts[0].places[()]
    for index, each in enumerate(drafts):
        for path, place in each.places.items():
            whole.places["purposes", index, *path] = place
    return whole


def file_name(made: Draft, taken: Iterable[str]) -> str:
    """Name the file of an entry by its id; ids hold signs that no file name may."""
    match made.form:
        case form if form is PURPOSES:
            return PURPOSES_FILE
        case form if form is GRADES:
            return GRADES_FILE
    stem = _NO_NAME.sub("-", made.id).strip(".-") or "entry"
    used = {name.lower() for name in taken}
    name, number = f"{FOLDERS[made.form.sheet]}{stem}.yaml", 1
    while name.lower() in used:
        number += 1
        name = f"{FOLDERS[made.form.sheet]}{stem}-{number}.yaml"
    return name
