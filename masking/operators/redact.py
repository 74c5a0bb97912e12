"""Put one label in the place of every value."""

from typing import Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import EVERY_TYPE, HIDDEN, Binding, Kernel, Operator


class Redact(Operator, frozen=True, kw_only=True):
    """Put one label in the place of every value, absent and null ones too.

    The label comes out whatever the type, and always as text.

    >>> tried(Redact(), "13812345678", "")
    ['***', '***']
    >>> tried(Redact(label="已遮盖"), 3280, 12, type="integer")
    ['已遮盖', '已遮盖']
    """

    name = "redact"
    title = "redact"
    title_zh = "遮盖"
    description_zh: ClassVar[str] = (
        "每个值都替换为同一个标签 label，缺失和为 null 的也一样；"
        "任何类型都输出文本，看不出原来有无值。"
    )
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    label: Annotated[str, Meta(min_length=1, max_length=32)] = HIDDEN

    def kernel(self, _bind: Binding) -> Kernel:
        label = self.label
        return lambda column: [label] * len(column)
