"""What an operator is.

A new operator is one file in this package: a subclass of `Operator` named
after its `op` word, with typed parameters, what it discloses, what it accepts,
and a function over a column. Discovery, the policy's schema and the laws in
the tests pick it up from there.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Protocol

from msgspec import Meta, Struct, to_builtins

from masking.grades import Disclosure

if TYPE_CHECKING:
    import polars as pl

    from keys.derive import Mac
    from masking.detect import Detector

FieldType = Literal[
    "string", "integer", "decimal", "boolean", "date", "datetime", "code", "geo_point", "binary"
]
# What a recipient finds: a field type, always null, or no such key at all.
OutputType = Literal[
    "string",
    "integer",
    "decimal",
    "boolean",
    "date",
    "datetime",
    "code",
    "geo_point",
    "binary",
    "null",
    "absent",
]
EVERY_TYPE: frozenset[FieldType] = frozenset(
    ("string", "integer", "decimal", "boolean", "date", "datetime", "code", "geo_point", "binary")
)

# A column is a list of values of one field type, known only at run time.
Column = list[Any]
Kernel = Callable[[Column], Column]


def unchanged(column: Column) -> Column:
    """Give the column itself: the kernel of an operator that shows everything."""
    return column


class Expressed(NamedTuple):
    """An operator as an expression over a column of a table.

    `sure` is true where `value` equals what the kernel gives, and may be so anywhere
    else, or null; without it that is everywhere. The value of a null is null.
    """

    value: "pl.Expr"
    sure: "pl.Expr | None" = None


Expression = Callable[["pl.Expr"], Expressed]


# For each value the (kind's Chinese title, text) pairs of its record's other
# fields that do not leave in the clear.
Own = Sequence[Sequence[tuple[str, str]]]


class Beside(Protocol):
    """What stands in the records that a column's values come from, a row for each value."""

    def own(self) -> Own:
        """Return what of each record does not leave in the clear."""

    def texts(self, field: str) -> Sequence[str | None]:
        """Return another field's values as text, in their kind's one spelling.

        None where there is none, or one of the wrong shape.

        Raises: KeyError if the operator does not say that it needs the field.
        """

    def only(self, rows: Sequence[int]) -> "Beside":
        """Return the same of some rows, in the order given."""


RecordKernel = Callable[[Column, Beside], Column]
# What an operator needs that looks for its record's own values.
EVERY_FIELD = "*"

# The id of another field of the same resource, as operators name it.
FieldName = Annotated[
    str,
    Meta(
        # As catalogues spell ids.
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}\Z",
        description="the id of another field of the resource",
        extra={"zh": "同一资源中另一信息项的标识"},
        examples=["resident_id"],
    ),
]

# Shown in place of a value of the wrong shape, and of one too short to mask.
HIDDEN = "***"


class Scope(Struct, frozen=True, kw_only=True):
    """For whom, what for and from where: what a keyed operator may be bound to."""

    requester: str
    purpose: str
    resource: str


class Binding(Struct, frozen=True, kw_only=True):
    """All that an operator learns about the field it is compiled for.

    `kind_title_zh` is the kind's Chinese name where it is told, `format` a date
    pattern such as `YYYY-MM-DD`. `mac` gives a keyed hash
    for a context (which the operator names); operators without a key leave it.
    `canonical` gives values of the kind one spelling before they are compared,
    `misfits` the indexes of those that are not of its shape;
    `detector` makes what finds identifying passages in free text, which is dear.
    `checked` says that values were decoded by the catalogue, so that a date is of
    the field's format and a number within its precision. `at` is the day of the
    call; an operator that needs it hides everything where it is not told.
    """

    field: str
    type: FieldType
    kind: str
    scope: Scope
    mac: "Callable[[bytes], Mac]"
    kind_title_zh: str = ""
    format: str | None = None
    canonical: Callable[[str], str] | None = None
    misfits: Callable[[list[str]], list[int]] | None = None
    detector: "Callable[[], Detector] | None" = None
    checked: bool = False
    at: date | None = None


def op_word(class_name: str) -> str:
    """Return the `op` word of a class: AgeBand is age_band."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", class_name).lower()


class Operator(
    Struct, frozen=True, kw_only=True, tag_field="op", tag=op_word, forbid_unknown_fields=True
):
    """Turn values of a field into what may be disclosed of them.

    A kernel gets present values only (never null or absent) and gives as many
    back; its output depends on nothing but the value, the parameters and the
    binding. An operator whose disclosure is NOTHING gives one constant. A value
    that cannot be masked gives `***`, or null where values come out of another
    type than text.

    A class's docstring is its English description, with examples that a test
    runs; `description_zh` says the same in Chinese.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    title_zh: ClassVar[str]
    description_zh: ClassVar[str] = ""
    disclosure: ClassVar[Disclosure]
    accepts: ClassVar[frozenset[FieldType]]

    def output_type(self, _field_type: FieldType, /) -> OutputType:
        """Return the type of the values that come out."""
        return "string"

    def discloses(self) -> Disclosure:
        """Return the class of this very operator: one that chooses has its loosest choice's."""
        return self.disclosure

    def takes(self, field_type: FieldType, /) -> bool:
        """Tell whether values of a type can be masked by it."""
        return field_type in self.accepts

    def parts(self) -> "tuple[Operator, ...]":
        """Return the operator, and those that it chooses among."""
        return (self,)

    def needs(self) -> frozenset[str]:
        """Return the ids of the other fields of a record that it looks at, or `EVERY_FIELD`."""
        return frozenset()

    def shown(self) -> float:
        """Return how many positions of a value stay visible, to compare masks of one class."""
        return 0.0

    def told(self) -> dict[str, str | int | float | bool | None]:
        """Spell the operator for those who get the values: flat, without its tables."""
        written: dict[str, Any] = to_builtins(self)
        return {name: value for name, value in written.items() if not isinstance(value, dict)}

    def gives_back(self, _value: object, /) -> bool:
        """Tell whether a value comes back as it is, for it says no more than the operator lets out.

        Where this is ever so, the operator's description says when.
        """
        return False

    @abstractmethod
    def kernel(self, bind: Binding, /) -> Kernel:
        """Compile the operator for one field; discovery refuses an operator without it."""

    def record_kernel(self, bind: Binding, /) -> RecordKernel:
        """Compile the operator for a field with its record around it, as one that `needs` it is.

        Of values without a record `kernel` hides all that it would have to look up for.
        """
        kernel = self.kernel(bind)
        return lambda column, _beside: kernel(column)

    def expression(self, _bind: Binding, /) -> Expression | None:
        """Compile the operator for a column of a table, if an expression pays; the kernel rules.

        Numbers come as some integer or decimal type. A text, but for dates, has its kind's
        shape, and characters only that leave a mark of their own and change no other.
        """
        return None
