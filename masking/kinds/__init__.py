"""What values are: their shape, and their usual treatment at each disclosure."""

from masking.kinds import device, organisation, paper, person, thing, trait
from masking.kinds._contract import NO_STANDARD, Kind, Unshaped

__all__ = ["KINDS", "NO_STANDARD", "Kind", "Unshaped", "kind"]

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        *thing.KINDS,
        *person.KINDS,
        *paper.KINDS,
        *trait.KINDS,
        *organisation.KINDS,
        *device.KINDS,
    )
}


def kind(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        KeyError: there is no such kind.
    """
    return KINDS[name]
