"""Words that sample records are made of, from `words.toml` beside this module."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _sections() -> dict[str, str]:
    text = (files(__package__) / "words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def sections(start: str) -> tuple[str, ...]:
    """Return the names of the sections that begin so."""
    return tuple(name for name in _sections() if name.startswith(start))


def words(name: str) -> tuple[str, ...]:
    """Return the words of a section, in order."""
    return tuple(_sections()[name].split())


def table(name: str, width: int) -> tuple[tuple[str, ...], ...]:
    """Return the words of a section in rows of `width`."""
    return tuple(zip(*(iter(words(name)),) * width, strict=True))


def pairs(name: str) -> dict[str, str]:
    """Return the words of a section, each second one by the one before it."""
    found = words(name)
    return dict(zip(found[::2], found[1::2], strict=True))
