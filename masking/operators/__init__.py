"""Find every operator of this package.

`AnyOperator` is the tagged union (`op`) of all of them, for `msgspec` and its
`inspect`; to the type checker it is `Operator`.
"""

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Union

from masking.operators._contract import (
    EVERY_TYPE,
    HIDDEN,
    Binding,
    Column,
    FieldType,
    Kernel,
    Operator,
    OutputType,
    Own,
    RecordKernel,
    Scope,
    unchanged,
)
from masking.operators._trial import tried

__all__ = [
    "EVERY_TYPE",
    "HIDDEN",
    "AnyOperator",
    "Binding",
    "Column",
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
    found: dict[str, type[Operator]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        own = [
            item
            for item in vars(loaded).values()
            if isinstance(item, type)
            and issubclass(item, Operator)
            and item.__module__ == loaded.__name__
        ]
        if len(own) != 1 or own[0].__struct_config__.tag != own[0].name or own[0].name in found:
            raise TypeError(f"{loaded.__name__} must hold one operator, named after its class")
        if own[0].kernel is Operator.kernel:
            raise TypeError(f"{loaded.__name__} does not say how to compile its operator")
        found[own[0].name] = own[0]
    return tuple(found[name] for name in sorted(found))


if TYPE_CHECKING:
    AnyOperator = Operator
else:
    # Members are known only at run time, which `X | Y` cannot say.
    AnyOperator = Union[operator_types()]  # noqa: UP007
