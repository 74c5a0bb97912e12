"""Give the value as it is."""

from masking.grades import Disclosure
from masking.operators._contract import (
    EVERY_TYPE,
    Binding,
    Column,
    FieldType,
    Kernel,
    Operator,
    OutputType,
)


class Clear(Operator, frozen=True, kw_only=True):
    """Give the value as it is."""

    name = "clear"
    title = "clear"
    title_zh = "明文"
    disclosure = Disclosure.CLEAR
    accepts = EVERY_TYPE

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        return float("inf")

    def kernel(self, _bind: Binding) -> Kernel:
        return _same


def _same(column: Column) -> Column:
    return column
