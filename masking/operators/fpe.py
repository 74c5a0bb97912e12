"""Put another value of the same format in a value's place, which its provider can turn back."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from keys.reversible import MIN_DIGITS, Ff1
from masking.errors import ExtraMissingError
from masking.formats import format_of
from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel
from masking.operators._reversible import Reveal, Reversible

if TYPE_CHECKING:
    from keys.derive import Mac

# NIST SP 800-38G revision 1: the values of a smaller domain can be tried one by one.
MIN_VALUES = 10**MIN_DIGITS
# How often a value is encrypted until its kind's shape takes the result: what rarely
# fits would keep a call busy. Mostly one result of ten fits, and one of a hundred of a VIN.
MAX_STEPS = 512

_Step = Callable[[str, bytes], str]


class Fpe(Reversible, frozen=True, kw_only=True):
    """Encrypt an identifier to another one of the same format (FF1, NIST SP 800-38G).

    A digit stays a digit and a letter a letter of its case; spaces, hyphens,
    slashes and dots stay where they are. A resident ID, a social credit code, a
    bank card and a mobile number become another such number, with right check
    digits. Equal values give equal results within `scope`, and only there.
    A value is hidden that has other characters, fewer than a million values of
    its format, or more than 64 characters; so is one that would come out as it
    went in, or for which none is found that its kind takes. A result
    cannot be told from a value in the clear: the manifest says what was done.
    `sealgate reveal` turns results back. Needs the extra `fpe`.

    The examples have a key made up for them; a node's own gives others.

    >>> from keys.derive import Mac
    >>> from masking.operators import Scope
    >>> def made_up(context):
    ...     return Mac(b"a key that everybody knows" + context)
    >>> aid = Scope(requester="R1", purpose="aid", resource="S1")
    >>> tried(Fpe(), "AB-1234567", "AB-123", "甲1234567", mac=made_up, scope=aid)
    ['IT-1693979', '***', '***']
    >>> tried(Fpe(), "11010519491231002X", kind="resident_id", mac=made_up, scope=aid)
    ['543410209106115691']
    >>> tried(Fpe(), "13812345678", kind="mobile", mac=made_up, scope=aid)
    ['15594212455']
    """

    name = "fpe"
    title = "format-preserving encryption"
    title_zh = "保留格式加密"
    description_zh: ClassVar[str] = (
        "将标识加密为同一格式的另一标识（FF1，NIST SP 800-38G）：数字仍为数字，"
        "大小写字母各自不变，空格、连字符、斜线和点保留原位。"
        "身份证号、统一社会信用代码、银行卡号和手机号加密后仍是合规号码，校验位正确。"
        "同一范围 scope 内同值同果，不同范围互不相通。含其他字符、同格式取值不足一百万、"
        "超过 64 个字符、加密后与原值相同或找不到合规结果的值被遮盖。"
        "结果与明文无法区分，处理方式以清单为准；用 `sealgate reveal` 还原。需要安装 fpe 组件。"
    )
    disclosure = Disclosure.LINKABLE
    accepts = frozenset(("string",))

    def kernel(self, bind: Binding) -> Kernel:
        """Compile for one field.

        Raises:
            ExtraMissingError: the extra `fpe` is not installed.
        """
        encrypt = _walking(_cipher(self.key(bind), bind).encrypt, bind)
        canonical = bind.canonical

        def mask(column: Column) -> Column:
            masked: list[str] = []
            for value in column:
                found = encrypt(value if canonical is None else canonical(value))
                # Another spelling of the value would give it back as well.
                masked.append(HIDDEN if found is None or found == value else found)
            return masked

        return mask

    def reveal(self, bind: Binding) -> Reveal:
        """Compile what turns results back; it cannot tell them from other values of the format.

        Raises:
            ExtraMissingError: the extra `fpe` is not installed.
        """
        decrypt, canonical = _walking(_cipher(self.key(bind), bind).decrypt, bind), bind.canonical
        return lambda value: decrypt(value if canonical is None else canonical(value))


def _walking(step: _Step, bind: Binding) -> Callable[[str], str | None]:
    """Return what goes from a value to the next one that the kind takes, by steps of FF1.

    The steps run through all numbers of as many digits in circles; those that
    are no value of the format, or that the shape of the kind does not take, are
    passed over, in either direction the same.
    """
    kind, misfits = bind.kind, bind.misfits

    def walk(value: str) -> str | None:
        form = format_of(kind, value)
        number = None if form is None else form.number(value)
        if form is None or number is None or form.size < MIN_VALUES:
            return None
        if misfits is not None and misfits([value]):
            return None
        size, tweak, number_of = form.size, form.template.encode(), form.value
        digits = f"{number:0{len(str(size - 1))}}"
        for _ in range(MAX_STEPS):
            digits = step(digits, tweak)
            number = int(digits)
            if number >= size:
                continue
            found = number_of(number)
            if misfits is None or not misfits([found]):
                return None if found == value else found
        return None

    return walk


def _cipher(mac: "Mac", bind: Binding) -> Ff1:
    try:
        return Ff1(mac)
    except ModuleNotFoundError:
        raise ExtraMissingError(
            purpose=f"format-preserving encryption of {bind.field}",
            purpose_zh=f"对 {bind.field} 作保留格式加密",
            extra="fpe",
        ) from None
