"""Say in which column a key of the YAML files stands, where a fault speaks of it."""

import re

from gateway.catalogue.guide.columns import Form
from gateway.catalogue.guide.entry_columns import OPEN
from gateway.catalogue.guide.faults import Words
from gateway.catalogue.guide.headers import Header
from gateway.catalogue.guide.item_columns import SCALE, SIZE, TYPE
from gateway.model.cells import column_letters
from masking.faults import Fault, spell_path

# A key as the texts spell it: in backticks, or before a colon.
_KEY = re.compile(r"`([a-z_]+)\b|\b([a-z_]+):")
# Keys whose values are made from several columns, by the column to begin with.
_MADE = {"type": TYPE, "length": SIZE, "precision": SIZE, "scale": SCALE, "open.class": OPEN}


def pointed(fault: Fault, form: Form, header: Header, at: str) -> Words:
    """Put the fault of a file into words for the cell under the title `at`.

    The path in the file, with which texts begin, is left out; added is which columns
    hold other keys that text and remedy name.
    """
    found = _KEY.findall(f"{fault.text} {fault.remedy}")
    names = dict.fromkeys(in_ticks or before_colon for in_ticks, before_colon in found)
    positions = {column.title: place for place, column in header.columns.items()}
    notes, notes_zh = "", ""
    for name in names:
        title = _title(form, name, fault.path)
        if title is not None and title != at:
            letters = column_letters(positions.get(title, 0))
            known = (f"column {letters}", f"{letters} 列")
            where, where_zh = known if letters else ("missing", "缺少该列")
            notes += f"; `{name}` is '{title}' ({where})"
            notes_zh += f"；`{name}` 即“{title}”（{where_zh}）"
    path = spell_path(fault.path)
    return Words(
        fault.text.removeprefix(f"{path}: "),
        fault.text_zh.removeprefix(f"{path}：").removeprefix(f"{path}: "),
        fault.remedy + notes,
        fault.remedy_zh + notes_zh,
    )


def _title(form: Form, name: str, path: tuple[str | int, ...]) -> str | None:
    """Return the title of the column of a key that stands at a path, below it or beside it."""
    item = bool(path) and path[0] == form.items
    steps = [str(step) for step in path if isinstance(step, str)][1 if item else 0 :]
    for above in (steps, steps[:-1]):
        keys = (*above, name)
        for column in form.columns:
            if column.item is item and column.path == keys:
                return column.title
        made = _MADE.get(".".join(keys))
        if made is not None:
            return made
    return None
