"""Cut a text into the positions that a reader sees, and tell whether enough is hidden.

What `keep` asks of its stars is asked here of any operator that shows part of
a text: a third of what leaves a mark is hidden, or nothing is shown.
"""

from collections.abc import Sequence
from unicodedata import category

from masking.operators._contract import HIDDEN
from masking.operators.keep import HIDDEN_SHARE, _inked, _plain


def plain(text: str) -> bool:
    """Tell whether every character of a text is a position of its own that leaves a mark."""
    return _plain(text) is not None


def positions(value: str) -> Sequence[str] | None:
    """Return the positions of a text: a letter and the combining marks on it are one.

    None if it has control, format or unassigned characters, which take up a
    place that nobody sees, or a mark with no letter to stand on.
    """
    if plain(value):
        return value
    clusters: list[str] = []
    for character in value:
        kind = category(character)
        if kind[0] == "C" or kind in ("Zl", "Zp"):
            return None
        if kind[0] != "M":
            clusters.append(character)
        elif clusters:
            clusters[-1] += character
        else:
            return None
    return clusters


def hides_enough(hidden: Sequence[str], whole: Sequence[str]) -> bool:
    """Tell whether a third of the positions that leave a mark is hidden, one at least."""
    if isinstance(whole, str):
        return len(hidden) * HIDDEN_SHARE >= max(len(whole), 1)
    return _inked(list(hidden)) * HIDDEN_SHARE >= max(_inked(list(whole)), 1)


def starred(parts: Sequence[str], start: int, stop: int, most: int) -> str:
    """Put stars over the positions from `start` up to `stop`.

    Nothing is shown where that hides too little, or leaves more than `most`.
    """
    hidden = parts[start:stop]
    if len(parts) - len(hidden) > most or not hides_enough(hidden, parts):
        return HIDDEN
    return "".join((*parts[:start], "*" * len(hidden), *parts[stop:]))
