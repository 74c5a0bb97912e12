"""Put one label in the place of every value."""

from typing import Annotated, ClassVar

from msgspec import Meta

from masking.grades import Disclosure
from masking.operators._contract import EVERY_TYPE, HIDDEN, Binding, Kernel, Operator

# What stands in a label for the name of the kind.
KIND = "{kind}"


class Redact(Operator, frozen=True, kw_only=True):
    """Put one label in the place of every value, absent and null ones too.

    The label comes out whatever the type, and always as text. `{kind}` in it
    stands for the Chinese name of the field's kind.

    >>> tried(Redact(), "13812345678", "")
    ['***', '***']
    >>> tried(Redact(label="已遮盖"), 3280, 12, type="integer")
    ['已遮盖', '已遮盖']
    >>> tried(Redact(label="[{kind}]"), "13812345678", "", kind_title_zh="手机号")
    ['[手机号]', '[手机号]']
    """

    name = "redact"
    title = "redact"
    title_zh = "遮盖"
    description_zh: ClassVar[str] = (
        "每个值都替换为同一个标签 label，缺失和为 null 的也一样；"
        "任何类型都输出文本，看不出原来有无值。"
        "label 中的 `{kind}` 代表该信息项数据类别的中文名称。"
    )
    disclosure = Disclosure.NOTHING
    accepts = EVERY_TYPE

    label: Annotated[str, Meta(min_length=1, max_length=32)] = HIDDEN

    def kernel(self, bind: Binding) -> Kernel:
        label = self.label.replace(KIND, bind.kind_title_zh or bind.kind)
        return lambda column: [label] * len(column)
