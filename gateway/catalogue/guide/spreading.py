"""What the cells of an entry hold, by the titles of their columns: the way out."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from msgspec import Struct, to_builtins

from gateway.catalogue.guide.columns import Column, Form
from gateway.catalogue.guide.entry_columns import (
    FINER_OPEN,
    FORMAT,
    FORMAT_TYPE,
    OPEN,
    OPEN_CONDITION,
)
from gateway.catalogue.guide.forms import PURPOSES, RESOURCES
from gateway.catalogue.guide.item_columns import FINER, SCALE, SIZE, TYPE
from gateway.catalogue.guide.spellings import Value
from gateway.catalogue.guide.vocabulary import FINER as FINER_TYPES
from gateway.catalogue.guide.vocabulary import letter_of
from gateway.model.resource import OpenClass
from masking.grades import Disclosure

Spread = dict[str, Value]


def spread(form: Form, entry: Struct) -> tuple[Spread, list[Spread]]:
    """Return what an entry's own cells hold, and what those of each item hold."""
    tree = to_builtins(entry, builtin_types=(date,))
    own = _plain(form, tree, item=False)
    if form is RESOURCES:
        own |= _format(tree["format"]) | _opening(tree["open"])
    items: list[Spread] = []
    for item in tree[form.items]:
        if form is PURPOSES:
            items.append({"应用场景": item})
        else:
            made = _typing(item) if form is RESOURCES else {}
            items.append(_plain(form, item, item=True) | made)
    return own, items


def _plain(form: Form, tree: Mapping[str, Any], *, item: bool) -> Spread:
    return {
        column.title: value
        for column in form.columns
        if column.item is item and column.path
        for value in _found(column, tree)
    }


def _found(column: Column, tree: Mapping[str, Any]) -> Iterator[Value]:
    value: Any = tree
    for step in column.path:
        value = value.get(step) if isinstance(value, Mapping) else None
    if value is not None and value not in ([], ()):
        if column.path[-1] in ("cap", "above_level"):
            value = Disclosure(value).label
        yield tuple(value) if isinstance(value, list) else value


def _format(text: str) -> Spread:
    kind, slash, finer = text.partition("/")
    if slash and (kind, finer) == (kind.strip(), finer.strip()) and kind and finer:
        return {FORMAT: kind, FORMAT_TYPE: finer}
    return {FORMAT: text}


def _opening(opening: Mapping[str, Any]) -> Spread:
    chosen = OpenClass(opening["class"])
    conditioned = chosen is OpenClass.UNCONDITIONAL and opening.get("condition") is not None
    # The guide's two columns would say that it is conditional.
    finer = {FINER_OPEN: str(chosen)} if conditioned else {}
    condition = {OPEN_CONDITION: opening["condition"]} if opening.get("condition") else {}
    return {OPEN: chosen is not OpenClass.NONE, **condition, **finer}


def _typing(item: Mapping[str, Any]) -> Spread:
    own = str(item["type"])
    made: Spread = {TYPE: letter_of(own)}
    if own in FINER_TYPES:
        made[FINER] = own
    size = item.get("length") or item.get("precision")
    if size is not None:
        made[SIZE] = size
    if item.get("scale") is not None:
        made[SCALE] = item["scale"]
    return made
