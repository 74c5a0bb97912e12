"""Values numbered by how they are spelled: digits, letters of either case, separators."""

import re
from functools import lru_cache
from math import prod

from masking.formats.place import joined, parted

# What stands between digits and letters stays.
_SEPARATORS = " -/."
_SPELLED = re.compile(f"[0-9A-Za-z{re.escape(_SEPARATORS)}]+").fullmatch
_SIGNS = bytes(
    ord("0" if sign.isdigit() else "A" if sign.isupper() else "a" if sign.islower() else sign)
    for sign in map(chr, range(128))
) + bytes(range(128, 256))
_SIZES = {"0": 10, "A": 26, "a": 26}


class Spelled:
    """All values with a digit, a capital, a small letter or that very separator at each place.

    `template` has `0`, `A` and `a` for these.
    """

    __slots__ = ("_digits", "_places", "_sizes", "_starts", "size", "template")

    def __init__(self, template: str) -> None:
        self.template = template
        self._places = [place for place, sign in enumerate(template) if sign in _SIZES]
        self._sizes = [_SIZES[template[place]] for place in self._places]
        self._starts = [ord(template[place]) for place in self._places]
        self._digits = set(template) == {"0"}
        self.size = prod(self._sizes) if self._sizes else 0

    def number(self, value: str) -> int | None:
        """Return the number of a value; None if it is spelled in another way."""
        if template_of(value) != self.template:
            return None
        if self._digits:
            return int(value)
        parts = [
            ord(value[place]) - start
            for place, start in zip(self._places, self._starts, strict=True)
        ]
        return joined(parts, self._sizes)

    def value(self, number: int) -> str:
        """Return the value of a number."""
        if self._digits:
            return f"{number:0{len(self.template)}}"
        signs = list(self.template)
        parts = parted(number, self._sizes)
        for place, start, part in zip(self._places, self._starts, parts, strict=True):
            signs[place] = chr(start + part)
        return "".join(signs)


def template_of(value: str) -> str:
    """Return how a value of ASCII characters is spelled."""
    return value.encode("ascii").translate(_SIGNS).decode("ascii")


@lru_cache(maxsize=256)
def _of_template(template: str) -> Spelled:
    return Spelled(template)


def spelled(value: str) -> Spelled | None:
    """Return the format of a value of ASCII characters; None for one with other signs in it."""
    return _of_template(template_of(value)) if _SPELLED(value) else None
