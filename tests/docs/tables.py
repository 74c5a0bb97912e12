"""What a page says in its tables, and how the schema of a file would be told there."""

import enum
import re
import types
import typing
from collections.abc import Container, Iterator
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Meta

ROOT = Path(__file__).parents[2]
HAN = re.compile("[\u4e00-\u9fff]")
_FENCED = re.compile(r"^```.*?^```$", re.M | re.S)

Row = list[str]


def page(name: str) -> str:
    """Read a page below `docs`, without its blocks."""
    return _FENCED.sub("", (ROOT / "docs" / name).read_text("utf-8"))


def section(text: str, title: str) -> str:
    """Return what stands under a heading, named without its Chinese."""
    heading = re.compile(rf"^(#+) {re.escape(title)}(?: [\u4e00-\u9fff].*)?$", re.M)
    (found,) = heading.finditer(text)
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.M)
    return rest[: end.start()] if end else rest


def tables(text: str) -> list[list[Row]]:
    """Return the tables of a text: the cells of each row, without the head."""
    found: list[list[Row]] = []
    for block in re.findall(r"(?:^\|.*\n?)+", text, re.M):
        lines = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in block.splitlines()]
        rows = [[cell.strip() for cell in line] for line in lines]
        assert set("".join(rows[1])) <= {"-"}, rows[1]
        assert {len(row) for row in rows} == {len(rows[0])}, rows
        found.append(rows[2:])
    return found


def table(text: str, title: str) -> list[Row]:
    """Return the first table under a heading."""
    return tables(section(text, title))[0]


def bare(cell: str) -> str:
    """Take the marks of code off a cell."""
    return cell.strip("`")


def names(cell: str) -> list[str]:
    """Return what stands in marks of code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def headings(text: str, level: int) -> list[str]:
    """Return the titles of one level."""
    return re.findall(rf"^{'#' * level} (.+)$", text, re.M)


def both_languages(cell: str) -> bool:
    """Tell whether a cell says it in English and in Chinese."""
    return bool(HAN.search(cell) and re.search("[A-Za-z]{2}", cell))


def keys(shape: type[msgspec.Struct]) -> list[Row]:
    """Return for each key of a file's type: name, `yes`, `no` or the default."""
    return [[f"`{field.encode_name}`", _required(field)] for field in msgspec.structs.fields(shape)]


def _required(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "yes"
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if default is None or default == () or default == {} or isinstance(default, msgspec.Struct):
        return "no"
    return f"`{_spelled(default)}`"


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_spelled, value))}]"
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    return str(value)


def value_words(
    shape: type[msgspec.Struct], known: dict[object, str], named: Container[str] = ()
) -> Iterator[str]:
    """Yield for each key of a type how the page words its values.

    `known` gives the words that a page explains by themselves, by type; `named`
    the keys whose word is their own name.
    """
    hints = typing.get_type_hints(shape, include_extras=True)
    for field in msgspec.structs.fields(shape):
        own = field.encode_name in named
        yield field.encode_name if own else _word(hints[field.name], known)


def _word(kind: object, known: dict[object, str]) -> str:
    kind = _without_example(_without_none(kind))
    for each, word in known.items():
        if kind == each:
            return word
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        inner, *notes = typing.get_args(kind)
        (meta,) = (note for note in notes if isinstance(note, Meta))
        return _limited(_without_none(inner), meta, known)
    if origin is tuple:
        return f"list of {_word(typing.get_args(kind)[0], known)}"
    return _plain(kind)


def _without_none(kind: object) -> object:
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        rest = [each for each in typing.get_args(kind) if each is not type(None)]
        if len(rest) == 1:
            return rest[0]
    return kind


def _without_example(kind: object) -> object:
    """Take off notes that only give an example."""
    if typing.get_origin(kind) is not typing.Annotated:
        return kind
    inner, *notes = typing.get_args(kind)
    kept = [note for note in notes if note != Meta(examples=note.examples)]
    return typing.Annotated[(inner, *kept)] if kept else inner


def _limited(kind: object, meta: Meta, known: dict[object, str]) -> str:
    if kind is int or kind is float:
        return _range(meta.ge, meta.le)
    if kind is str:
        return f"{_range(meta.min_length, meta.max_length)} characters"
    return f"{_word(kind, known)}, {_range(meta.min_length, meta.max_length)}"


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return f"{low:,} or more"
    return f"{low or 0:,} to {high:,}"


def _plain(kind: object) -> str:
    if kind is bool:
        return "true or false"
    if kind is date:
        return "date"
    if kind is str:
        return "any text"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"one of {', '.join(f'`{_spelled(each)}`' for each in kind)}"
    if typing.get_origin(kind) is typing.Literal:
        return f"one of {', '.join(f'`{each}`' for each in typing.get_args(kind))}"
    assert isinstance(kind, type), kind
    assert issubclass(kind, msgspec.Struct), kind
    return "mapping"
