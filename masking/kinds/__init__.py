"""What values are: their shape, and their usual treatment at each disclosure."""

from masking.kinds import organisation, person, thing
from masking.kinds._contract import Kind

__all__ = ["KINDS", "Kind", "kind"]

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (*thing.KINDS, *person.KINDS, *organisation.KINDS)
}


def kind(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        KeyError: there is no such kind.
    """
    return KINDS[name]
