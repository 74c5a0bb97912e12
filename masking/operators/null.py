"""Keep the field's name and give null for every value."""

from typing import ClassVar

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
    """Keep the field's name and give null for every value.

    Records that had a value and those that had none come out alike.

    >>> tried(Null(), "13812345678", "")
    [None, None]
    """

    name = "null"
    title = "null"
    title_zh = "置空"
    description_zh: ClassVar[str] = (
        "保留信息项的键，值一律为 null；原来有值、为空或缺失的记录看不出区别。"
    )
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    def output_type(self, _field_type: FieldType) -> OutputType:
        return "null"

    def kernel(self, _bind: Binding) -> Kernel:
        return lambda column: [None] * len(column)
