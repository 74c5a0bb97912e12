"""What an entry leans on: the grades, code lists and resources that it may name."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from gateway.model.resource import Resource
from masking.document import Document, each
from masking.document.partial import UnreadError
from masking.document.words import instead, nearest
from masking.policy.naming import sound_department

V = TypeVar("V")
# Names compared to find the one that was meant; stops files full of slips, which a large
# catalogue would take hours for.
MAX_COMPARED = 200_000


class Known:
    """Names that stand somewhere, in their order.

    They are not `whole` where one could not be read, or stands in the place of
    another: then it is not known of any name that it is missing.
    """

    def __init__(self, names: Iterable[str], whole: bool = True) -> None:
        self.names = tuple(names)
        self.whole = whole
        self._all = frozenset(self.names)
        self._compared = 0

    def lack(self, name: str) -> bool:
        """Tell whether `name` is certainly none of them."""
        return self.whole and name not in self._all

    def nearest(self, name: str, cutoff: float = 0.6) -> str | None:
        """Return the one that `name` was likely meant to be."""
        if self._compared >= MAX_COMPARED:
            return None
        self._compared += len(self.names)
        return nearest(name, self.names, cutoff)

    def instead(self, name: str) -> tuple[str, str]:
        """Say what to write for a name that is none of them, in English and Chinese."""
        return instead(self.nearest(name), self.names)


class Leaning(NamedTuple):
    """The names that entries of one catalogue may use; grades from the lowest.

    `departments` are those that its entries name, as far as their codes are sound.
    """

    grades: Known
    lists: Known
    resources: Known
    departments: Known


def known_departments(entries: Sequence[Document[Resource]]) -> Known:
    """Gather the departments that entries name; one with a wrong check digit is a slip."""
    provides = each(entries, lambda entry: entry.parts.provider.department)
    named = [department for _, department in provides]
    for _, departments in each(entries, lambda entry: entry.parts.share.departments):
        named += (department for _, department in each(departments))
    return Known(sorted(department for department in set(named) if sound_department(department)))


def known(parts: Callable[[], Sequence[V]], name: Callable[[V], str]) -> Known:
    """Gather the names of parts, as far as they can be read."""
    try:
        found = parts()
        names = tuple(text for _, text in each(found, name))
        return Known(names, len(set(names)) == len(found))
    except UnreadError:
        return Known((), whole=False)
