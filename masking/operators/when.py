"""Treat a value by what another field of its record says."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec import Meta

from masking.examples import such_as
from masking.grades import Disclosure
from masking.operators._contract import (
    EVERY_TYPE,
    HIDDEN,
    Beside,
    Binding,
    Column,
    FieldName,
    FieldType,
    Kernel,
    Operator,
    OutputType,
    RecordKernel,
)
from masking.operators._discovery import others
from masking.operators.redact import Redact

if TYPE_CHECKING:
    Choice = Operator
else:
    Choice = others(__name__)

Text = Annotated[str, Meta(min_length=1, max_length=64)]

# A longer list is a copy of a code list, or of the data.
MAX_AMONG = 256


# Null stands in no column of these: what is hidden there is a text, or absent.
_NEVER_NULL: frozenset[OutputType] = frozenset(("string", "absent"))


class When(Operator, frozen=True, kw_only=True):
    """Treat a value by `then` where `field` of its record is `among` these, else by `otherwise`.

    Numbers are compared as they are written without exponent or trailing
    zeros, a boolean as `true` or `false`. Where the other field is null, empty,
    absent or of the wrong shape the value is hidden.
    Both must give values of one type; with any but text `null` goes too. Whoever
    sees which of the two it was learns whether the other field is among these,
    whatever is given of that one.

    >>> from masking.operators.surname import Surname
    >>> of = {"ward": ["0", "1", None]}
    >>> tried(When(field="ward", among=("0",), then=Surname()), "王芳", "张建国", "李", beside=of)
    ['王*', '***', '***']
    """

    name = "when"
    title = "conditional"
    title_zh = "按条件处理"
    description_zh: ClassVar[str] = (
        "同一记录的信息项 field 的值在 among 之列时按 then 处理，否则按 otherwise 处理。"
        "数值按不含指数和末尾零的写法比较，布尔值写作 true 或 false；"
        "该信息项为 null、空、缺失或形式不符时，值被遮盖。"
        "两种处理的输出类型必须相同；输出不是文本时，也可与 null 搭配。"
        "看出采用了哪种处理，即可知该信息项是否在列，无论其本身披露多少。"
    )
    disclosure = Disclosure.CLEAR
    accepts = EVERY_TYPE

    field: FieldName
    among: Annotated[
        tuple[Text, ...], Meta(min_length=1, max_length=MAX_AMONG, examples=["['1', '2']"])
    ]
    then: Annotated[Choice, such_as("{op: surname}")]
    otherwise: Choice = Redact()

    def discloses(self) -> Disclosure:
        return max(self.then.discloses(), self.otherwise.discloses())

    def takes(self, field_type: FieldType) -> bool:
        choices = self.then, self.otherwise
        given = {choice.output_type(field_type) for choice in choices}
        if not given & _NEVER_NULL:
            given.discard("null")
        return all(choice.takes(field_type) for choice in choices) and len(given) <= 1

    def output_type(self, field_type: FieldType) -> OutputType:
        given = self.then.output_type(field_type)
        return self.otherwise.output_type(field_type) if given == "null" else given

    def shown(self) -> float:
        loosest = self.discloses()
        choices = self.then, self.otherwise
        return max(choice.shown() for choice in choices if choice.discloses() is loosest)

    def parts(self) -> tuple[Operator, ...]:
        return (self, self.then, self.otherwise)

    def needs(self) -> frozenset[str]:
        return frozenset((self.field,)) | self.then.needs() | self.otherwise.needs()

    def gives_back(self, value: object) -> bool:
        return self.then.gives_back(value) or self.otherwise.gives_back(value)

    def told(self) -> dict[str, str | int | float | bool | None]:
        """Name field and treatments, without what the field is compared with."""
        choices = {"then": self.then.name, "otherwise": self.otherwise.name}
        return {"op": self.name, "field": self.field, **choices}

    def kernel(self, bind: Binding) -> Kernel:
        hidden = self._hidden(bind)
        return lambda column: [hidden] * len(column)

    def record_kernel(self, bind: Binding) -> RecordKernel:
        field, among, hidden = self.field, frozenset(self.among), self._hidden(bind)
        then, otherwise = self.then.record_kernel(bind), self.otherwise.record_kernel(bind)

        def mask(column: Column, beside: Beside) -> Column:
            masked: list[Any] = [hidden] * len(column)
            texts = beside.texts(field)
            met = [row for row, text in enumerate(texts) if text in among]
            rest = [row for row, text in enumerate(texts) if text and text not in among]
            for rows, choice in ((met, then), (rest, otherwise)):
                if not rows:
                    continue
                values = choice([column[row] for row in rows], beside.only(rows))
                for row, value in zip(rows, values, strict=True):
                    masked[row] = value
            return masked

        return mask

    def _hidden(self, bind: Binding) -> str | None:
        return HIDDEN if self.output_type(bind.type) == "string" else None
