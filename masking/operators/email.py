"""Show the domain of an e-mail address."""

from typing import ClassVar

from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel, Operator
from masking.shapes import Shape

# RFC 5321 without quoted local parts, with its lengths, in ASCII.
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = Shape(
    r"(?=[^@\n]{1,64}@[^@\n]{1,253}$)"
    rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"
)
# Has the shape and says nothing: stands in for what is no address.
_NOBODY = "@"


class Email(Operator, frozen=True, kw_only=True):
    """Show the domain of an e-mail address, and with `first` the first character before it.

    Three stars stand for the local part whatever its length, and for all of a
    local part of one character. Anything that is not of the usual shape of an
    address gives `***`. A domain of one's own names its owner: where such
    addresses occur, another operator hides them.

    >>> tried(Email(), "wang.fang@example.com", "张三@example.com", "wang@localhost")
    ['***@example.com', '***', '***']
    >>> tried(Email(first=True), "wang.fang@example.com", "w@example.com")
    ['w***@example.com', '***@example.com']
    """

    name = "email"
    title = "e-mail domain"
    title_zh = "保留邮箱域名"
    description_zh: ClassVar[str] = (
        "保留电子邮箱的域名，@ 之前以三个星号代替；first 为 true 时保留首字符。"
        "不符合邮箱格式的值整体输出 ***。个人专用域名会指明其所有者，此类邮箱请改用其他算子。"
    )
    disclosure = Disclosure.PARTIAL
    accepts = frozenset(("string",))

    first: bool = False

    def shown(self) -> float:
        """Count the positions that a domain can have: it may name one person."""
        return 254.0 if self.first else 253.0

    def kernel(self, _bind: Binding) -> Kernel:
        first = self.first

        def mask(column: Column) -> Column:
            others = _ADDRESS.misfits(column)
            if others:
                column = column.copy()
                for index in others:
                    column[index] = _NOBODY
            if first:
                masked = [
                    f"{value[0]}***{value[at:]}"
                    if (at := value.find("@")) > 1
                    else "***" + value[at:]
                    for value in column
                ]
            else:
                masked = ["***" + value[value.find("@") :] for value in column]
            for index in others:
                masked[index] = HIDDEN
            return masked

        return mask
