"""What a kind is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from masking.check_digits import Luhn, Mod11And10, WeightedSum
from masking.grades import Disclosure
from masking.operators import Operator
from masking.operators.clear import Clear
from masking.operators.drop import Drop
from masking.operators.pseudonym import Pseudonym
from masking.shapes import Shape

Misfits = Callable[[list[str]], list[int]]

# What stands for a source where no standard says what the values look like.
NO_STANDARD = "—"


class Unshaped(Enum):
    """Why a kind has no shape of its own to check: in English and in Chinese."""

    ANY_TEXT = ("any text may stand here", "可为任意文本")
    BY_TYPE = (
        "values are checked by the field's type: a date, a number, a point",
        "由信息项的类型校验：日期、数值或坐标",
    )
    NO_TEXT = ("values are bytes, or name a file", "内容为二进制数据或文件名")

    @property
    def text(self) -> str:
        """Return the reason in English."""
        return self.value[0]

    @property
    def text_zh(self) -> str:
        """Return the reason in Chinese."""
        return self.value[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a value is, whatever the field is called.

    `contains` names the kinds that a value spells out in places which its
    usual mask hides: whoever is given one of those can fill the mask in.
    `standard` has a treatment for each disclosure the kind knows, NOTHING
    always among them. `misfits` gives the indexes of a column's values that
    are not of the kind's shape, empty ones always among them, and raises
    TypeError if any is no text; a kind without it says why in `unshaped`;
    `canonical` gives one spelling of a value, letter by letter.
    `source` is the standard the shape is taken from, or NO_STANDARD.
    `example` is a value made up for documents.
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
    unshaped: Unshaped | None = None
    example: str = ""


def define(
    name: str,
    title: str,
    title_zh: str,
    *,
    example: str,
    shape: Misfits | Unshaped,
    partial: Operator | None = None,
    identifier: bool = False,
    contains: tuple[str, ...] = (),
    canonical: Callable[[str], str] | None = None,
    source: str = NO_STANDARD,
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
        misfits=None if isinstance(shape, Unshaped) else shape,
        canonical=canonical,
        source=source,
        unshaped=shape if isinstance(shape, Unshaped) else None,
        example=example,
    )


def of_shape(pattern: str) -> Misfits:
    """Return the check for a shape alone."""
    return Shape(pattern).misfits


def with_check_digit(
    shape: Shape,
    check: WeightedSum | Luhn | Mod11And10,
    part: Callable[[str], str] | None = None,
) -> Misfits:
    """Return the check for a shape with a check digit in it.

    `part` takes what is checked out of a value that has the shape; without it
    that is the whole value.
    """

    def failures(shaped: list[str]) -> list[int]:
        return check.failures(shaped if part is None else list(map(part, shaped)))

    def misfits(column: list[str]) -> list[int]:
        if len(column) == 1:
            (value,) = column
            if not shape.fits(value):
                return [0]
            return [] if check.holds(value if part is None else part(value)) else [0]
        shapeless = shape.misfits(column)
        if not shapeless:
            return failures(column)
        excluded = set(shapeless)
        shaped = [index for index in range(len(column)) if index not in excluded]
        failed = failures([column[index] for index in shaped])
        return sorted((*shapeless, *(shaped[index] for index in failed)))

    return misfits
