"""Keep the field's name and give null for every value."""

from masking.grades import Disclosure
from masking.operators._contract import (
    EVERY_TYPE,
    Binding,
    FieldType,
    Kernel,
    Operator,
    OutputType,
)


class Null(Operator, frozen=True, kw_only=True):
    """Keep the field's name and give null for every value."""

    name = "null"
    title = "null"
    title_zh = "置空"
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    def output_type(self, _field_type: FieldType) -> OutputType:
        return "null"

    def kernel(self, _bind: Binding) -> Kernel:
        return lambda column: [None] * len(column)
