"""Find every operator of this package.

`AnyOperator` is the tagged union (`op`) of all of them, for `msgspec` and its
`inspect`; to the type checker it is `Operator`.
"""

from functools import cache
from typing import TYPE_CHECKING, Union

from masking.operators._contract import (
    EVERY_FIELD,
    EVERY_TYPE,
    HIDDEN,
    Beside,
    Binding,
    Column,
    Expressed,
    Expression,
    FieldName,
    FieldType,
    Kernel,
    Operator,
    OutputType,
    Own,
    RecordKernel,
    Scope,
    unchanged,
)
from masking.operators._discovery import found
from masking.operators._trial import tried

__all__ = [
    "EVERY_FIELD",
    "EVERY_TYPE",
    "HIDDEN",
    "AnyOperator",
    "Beside",
    "Binding",
    "Column",
    "Expressed",
    "Expression",
    "FieldName",
    "FieldType",
    "Kernel",
    "Operator",
    "OutputType",
    "Own",
    "RecordKernel",
    "Scope",
    "operator_types",
    "tried",
    "unchanged",
]


@cache
def operator_types() -> tuple[type[Operator], ...]:
    """Return every operator class of the package, by name.

    Raises:
        TypeError: a module holds no operator, one not named after its class, or
            one without a kernel.
    """
    return found()


if TYPE_CHECKING:
    AnyOperator = Operator
else:
    # Members are known only at run time, which `X | Y` cannot say.
    AnyOperator = Union[operator_types()]  # noqa: UP007
