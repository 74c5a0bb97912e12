"""Hide in free text what identifies a person, and leave the rest."""

from typing import TYPE_CHECKING, ClassVar

from masking.detect.own import scrub_column
from masking.errors import ExtraMissingError
from masking.grades import Disclosure
from masking.operators._contract import (
    EVERY_FIELD,
    Beside,
    Binding,
    Column,
    Kernel,
    Operator,
    RecordKernel,
)

if TYPE_CHECKING:
    from masking.detect import Detector


class Scrub(Operator, frozen=True, kw_only=True):
    """Put labels such as `[手机号]` over a text's identifying passages.

    Hidden are the values of the record's other fields that do not leave in the
    clear, and whatever the detector finds. A text without any of them is given
    as it is.

    The example has a detector that finds mobile numbers and nothing else.

    >>> import re
    >>> from masking.detect import Span
    >>> class Mobiles:
    ...     def find(self, text):
    ...         found = re.finditer("1[3-9][0-9]{9}", text)
    ...         return [Span(*each.span(), "手机号") for each in found]
    ...
    ...     def find_column(self, texts):
    ...         return list(map(self.find, texts))
    >>> note = "王芳来电13812345678，称已搬家"
    >>> tried(Scrub(), note, "今日无事", detector=Mobiles)
    ['王芳来电[手机号]，称已搬家', '今日无事']
    >>> tried(Scrub(), note, own=[[("姓名", "王芳")]], detector=Mobiles)
    ['[姓名]来电[手机号]，称已搬家']
    """

    name = "scrub"
    title = "scrub"
    title_zh = "文本脱敏"
    description_zh: ClassVar[str] = (
        "以 [手机号] 之类的标签遮盖文本中能识别个人的片段："
        "本记录其他不以明文提供的信息项的值，以及检测器找到的内容。"
        "没有发现这类片段的文本原样输出；需要安装 text 组件。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string",))

    def needs(self) -> frozenset[str]:
        return frozenset((EVERY_FIELD,))

    def kernel(self, bind: Binding) -> Kernel:
        detector = _detector(bind)
        return lambda column: scrub_column(column, [()] * len(column), detector)

    def record_kernel(self, bind: Binding) -> RecordKernel:
        """Compile for one field.

        Raises:
            ExtraMissingError: there is no detector, and a text half searched must not leave.
        """
        detector = _detector(bind)

        def scrub(column: Column, beside: Beside) -> Column:
            return scrub_column(column, beside.own(), detector)

        return scrub


def _detector(bind: Binding) -> "Detector":
    if bind.detector is None:
        raise ExtraMissingError(
            purpose=f"scrubbing the free text of {bind.field}",
            purpose_zh=f"对自由文本 {bind.field} 脱敏",
            extra="text",
        )
    return bind.detector()
