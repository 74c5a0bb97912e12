"""What a kind is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from masking.check_digits import Luhn, WeightedSum
from masking.grades import Disclosure
from masking.operators import Operator
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.pseudonym import Pseudonym
from masking.shapes import Shape

Misfits = Callable[[list[str]], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a value is, whatever the field is called.

    `contains` names the kinds that a value spells out in places which its
    usual mask hides: whoever is given one of those can fill the mask in.
    `standard` has a treatment for each disclosure the kind knows, NOTHING
    always among them. `misfits` gives the indexes of a column's values that
    are not of the kind's shape, empty ones always among them, and raises
    TypeError if any is no text;
    `canonical` gives one spelling of a value, letter by letter.
    `source` is the standard the shape is taken from.
    """

    name: str
    title: str
    title_zh: str
    contains: tuple[str, ...]
    identifier: bool
    standard: Mapping[Disclosure, Operator]
    misfits: Misfits | None
    canonical: Callable[[str], str] | None
    source: str


def define(
    name: str,
    title: str,
    title_zh: str,
    *,
    partial: Operator | None = None,
    identifier: bool = False,
    contains: tuple[str, ...] = (),
    misfits: Misfits | None = None,
    canonical: Callable[[str], str] | None = None,
    source: str = "",
) -> Kind:
    """Make a kind; an identifier has a pseudonym for its linkable treatment."""
    standard: dict[Disclosure, Operator] = {
        Disclosure.CLEAR: Clear(),
        Disclosure.NOTHING: Drop(),
    }
    if partial is not None:
        standard[Disclosure.PARTIAL] = partial
    if identifier:
        standard[Disclosure.LINKABLE] = Pseudonym()
    return Kind(
        name=name,
        title=title,
        title_zh=title_zh,
        contains=contains,
        identifier=identifier,
        standard=MappingProxyType(standard),
        misfits=misfits,
        canonical=canonical,
        source=source,
    )


def of_shape(pattern: str) -> Misfits:
    """Return the check for a shape alone."""
    return Shape(pattern).misfits


def with_check_digit(shape: Shape, check: WeightedSum | Luhn) -> Misfits:
    """Return the check for a shape with a check digit in it."""

    def misfits(column: list[str]) -> list[int]:
        if len(column) == 1:
            return [] if shape.fits(column[0]) and check.holds(column[0]) else [0]
        shapeless = shape.misfits(column)
        if not shapeless:
            return check.failures(column)
        excluded = set(shapeless)
        shaped = [index for index in range(len(column)) if index not in excluded]
        failed = check.failures([column[index] for index in shaped])
        return sorted((*shapeless, *(shaped[index] for index in failed)))

    return misfits
