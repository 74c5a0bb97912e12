"""Leave the field out of every record."""

from msgspec import UNSET

from masking.grades import Disclosure
from masking.operators._contract import (
    EVERY_TYPE,
    Binding,
    FieldType,
    Kernel,
    Operator,
    OutputType,
)


class Drop(Operator, frozen=True, kw_only=True):
    """Leave the field out of every record."""

    name = "drop"
    title = "drop"
    title_zh = "删除"
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    def output_type(self, _field_type: FieldType) -> OutputType:
        return "absent"

    def kernel(self, _bind: Binding) -> Kernel:
        return lambda column: [UNSET] * len(column)
