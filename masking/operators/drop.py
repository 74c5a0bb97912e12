"""Leave the field out of every record."""

from typing import ClassVar

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
    """Leave the field out of every record.

    Records that had a value and those that had none come out alike.

    >>> tried(Drop(), "13812345678", "")
    [UNSET, UNSET]
    """

    name = "drop"
    title = "drop"
    title_zh = "删除"
    description_zh: ClassVar[str] = (
        "每条记录都去掉该信息项，键也不出现；原来有值、为空或缺失的记录看不出区别。"
    )
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    def output_type(self, _field_type: FieldType) -> OutputType:
        return "absent"

    def kernel(self, _bind: Binding) -> Kernel:
        return lambda column: [UNSET] * len(column)
