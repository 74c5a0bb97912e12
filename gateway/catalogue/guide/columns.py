"""A column and a sheet of the workbook, as the forms describe them."""

from typing import NamedTuple

from gateway.catalogue.guide.spellings import OneOf, Prose, Spelling, folded


class Column(NamedTuple):
    """One column; `path` leads to its value in the entry, or in one of its items.

    Without a path the value is made from several columns, by the form's own rules.
    `others` are titles that it is found by too, `default` what a blank cell means,
    `guide` tells that the guide has it.
    """

    title: str
    path: tuple[str, ...]
    spelling: Spelling
    hint_zh: str
    hint: str
    others: tuple[str, ...] = ()
    group: str = ""
    required: bool = False
    item: bool = False
    guide: bool = False
    default: str | bool | None = None
    width: int = 14

    @property
    def titles(self) -> tuple[str, ...]:
        """Return all titles, also behind that of the group: sheets may have two title rows."""
        own = (self.title, *self.others)
        return (*own, *(self.group + title for title in own)) if self.group else own

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words of a closed column."""
        return self.spelling.choices if isinstance(self.spelling, OneOf) else ()


def column(
    title: str,
    key: str,
    spelling: Spelling = Prose(),  # noqa: B008 - a value without state
    hint_zh: str = "",
    hint: str = "",
    *others: str,
    group: str = "",
    required: bool = False,
    item: bool = False,
    guide: bool = False,
    default: str | bool | None = None,
    width: int = 14,
) -> Column:
    """Make a column; `key` is its path, with dots between."""
    return Column(
        title,
        path(key),
        spelling,
        hint_zh,
        hint,
        others,
        group=group,
        required=required,
        item=item,
        guide=guide,
        default=default,
        width=width,
    )


class Form(NamedTuple):
    """A sheet: its columns, and how its rows make entries.

    `keys` are the columns whose values begin another entry; `items` is the key of the
    YAML file that an entry's items stand under.
    """

    sheet: str
    others: tuple[str, ...]
    columns: tuple[Column, ...]
    keys: tuple[str, ...]
    items: str
    noun: str
    noun_zh: str
    item_noun: str
    item_noun_zh: str

    def column(self, title: str) -> Column:
        """Return the column of that title."""
        return next(column for column in self.columns if column.title == title)


def path(key: str) -> tuple[str, ...]:
    """Return the path that a key such as `share.class` spells."""
    return tuple(key.split(".")) if key else ()


def fold_title(title: str) -> str:
    """Leave out of a title what people decorate it with."""
    plain = folded(title).strip("*:")
    for mark in ("(必填)", "(选填)", "(必选)", "(可选)"):
        plain = plain.replace(mark, "")
    return plain.lower()
