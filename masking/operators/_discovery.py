"""Find the operators of this package: one in each module that has a name of its own."""

import importlib
import pkgutil
import sys
from typing import Any, Union

from masking.operators._contract import Operator

_PACKAGE = "masking.operators"


def found(*, but: str = "") -> tuple[type[Operator], ...]:
    """Return the operator classes by name, without that of the module `but`.

    Raises:
        TypeError: a module holds no operator, one not named after its class, or
            one without a kernel.
    """
    operators: dict[str, type[Operator]] = {}
    for module in pkgutil.iter_modules(sys.modules[_PACKAGE].__path__):
        name = f"{_PACKAGE}.{module.name}"
        if module.name.startswith("_") or name == but:
            continue
        operator = _operator_of(name)
        if operator.name in operators:
            raise TypeError(f"{name} holds a second operator {operator.name}")
        operators[operator.name] = operator
    return tuple(operators[name] for name in sorted(operators))


def others(module: str) -> Any:
    """Return the union of all operators but that of `module`, for one that is made of others."""
    return Union[found(but=module)]  # noqa: UP007  # members are known only at run time


def _operator_of(name: str) -> type[Operator]:
    loaded = importlib.import_module(name)
    own = [
        item
        for item in vars(loaded).values()
        if isinstance(item, type) and issubclass(item, Operator) and item.__module__ == name
    ]
    if len(own) != 1 or own[0].__struct_config__.tag != own[0].name:
        raise TypeError(f"{name} must hold one operator, named after its class")
    if own[0].kernel is Operator.kernel:
        raise TypeError(f"{name} does not say how to compile its operator")
    return own[0]
