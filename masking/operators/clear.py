"""Give the value as it is."""

from typing import ClassVar

from masking.grades import Disclosure
from masking.operators._contract import (
    EVERY_TYPE,
    Binding,
    Expressed,
    Expression,
    FieldType,
    Kernel,
    Operator,
    OutputType,
    unchanged,
)


class Clear(Operator, frozen=True, kw_only=True):
    """Give the value as it is.

    >>> tried(Clear(), "13812345678", "")
    ['13812345678', '']
    >>> tried(Clear(), 3280, type="integer")
    [3280]
    """

    name = "clear"
    title = "clear"
    title_zh = "明文"
    description_zh: ClassVar[str] = (
        "任何类型的值都原样输出，不作处理；接收方得到完整的值，包括空文本。"
    )
    disclosure = Disclosure.CLEAR
    accepts = EVERY_TYPE

    def output_type(self, field_type: FieldType) -> OutputType:
        return field_type

    def shown(self) -> float:
        return float("inf")

    def kernel(self, _bind: Binding) -> Kernel:
        return unchanged

    def expression(self, _bind: Binding) -> Expression:
        return Expressed
