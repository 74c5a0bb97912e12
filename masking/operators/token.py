"""Put a token in the place of a value, which its provider alone can turn back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import ClassVar

from keys.reversible import Siv
from masking.grades import Disclosure
from masking.operators._contract import HIDDEN, Binding, Column, Kernel
from masking.operators._reversible import Reveal, Reversible

# What a token begins with: what it is, and how it was made.
PREFIX = "sgt1_"
# No identifier is longer; stops a text of megabytes that comes back as a token of such.
MAX_BYTES = 1024
_BLOCK = 16
# Ends the value; zeros fill the last block (ISO/IEC 9797-1, padding method 2).
_END = b"\x80"
# The longest token: authentication, value and padding, four characters for three bytes.
_MAX_TOKEN = len(PREFIX) + (_BLOCK + MAX_BYTES + _BLOCK) * 4 // 3 + 4
# Has no more digits than a value may have bytes.
_MAX_BITS = 3 * MAX_BYTES


class Token(Reversible, frozen=True, kw_only=True):
    """Replace a value by a token that the provider, and nobody else, can turn back.

    Equal values give equal tokens within `scope`, and only there: each (kind,
    scope) has a key of its own. A token's length tells that of the value in
    steps of 16 bytes. A kind's spellings of one value count as equal, and come
    back as one. A value of more than 1,024 bytes, or that is not Unicode, is
    hidden. `sealgate reveal` turns tokens back, for a reason that it enters in
    the ledger.

    The example has a key made up for it; a node's own gives others.

    >>> from keys.derive import Mac
    >>> from masking.operators import Scope
    >>> def made_up(context):
    ...     return Mac(b"a key that everybody knows" + context)
    >>> aid = Scope(requester="R1", purpose="aid", resource="S1")
    >>> tried(Token(), "13812345678", mac=made_up, scope=aid)
    ['sgt1_QIRf1pqCGxQYWYV9sPh6_G2HYWLHTrIgIfhANdLPqYw']
    """

    name = "token"
    title = "reversible token"
    title_zh = "可逆令牌"
    description_zh: ClassVar[str] = (
        "以令牌代替值，只有提供部门能够还原。同一范围 scope 内同类同值的令牌相同，"
        "不同范围、不同类别的令牌互不相通。令牌长度只按 16 字节一档反映值的长度。"
        "同一值的不同写法视为相同，还原为统一写法；超过 1024 字节或不是合法 Unicode 的值被遮盖。"
        "用 `sealgate reveal` 还原，须写明理由并记入日志。"
    )
    disclosure = Disclosure.LINKABLE
    accepts = frozenset(("string", "code", "integer"))

    def kernel(self, bind: Binding) -> Kernel:
        encrypt, canonical = Siv(self.key(bind)).encrypt, bind.canonical

        def token(value: str | int) -> str:
            if not isinstance(value, str):
                if value.bit_length() > _MAX_BITS:
                    return HIDDEN
                value = str(value)
            elif canonical is not None:
                value = canonical(value)
            try:
                text = value.encode()
            except UnicodeEncodeError:
                return HIDDEN
            if len(text) > MAX_BYTES:
                return HIDDEN
            return PREFIX + urlsafe_b64encode(encrypt(_padded(text))).rstrip(b"=").decode()

        def mask(column: Column) -> Column:
            return list(map(token, column))

        return mask

    def reveal(self, bind: Binding) -> Reveal:
        decrypt = Siv(self.key(bind)).decrypt

        def value_of(token: str) -> str | None:
            sealed = _sealed(token)
            padded = None if sealed is None else decrypt(sealed)
            # Authentic from here on, so that it was padded and encoded above.
            return None if padded is None else padded.rstrip(b"\0")[:-1].decode()

        return value_of


def _padded(text: bytes) -> bytes:
    ended = text + _END
    return ended + bytes(-len(ended) % _BLOCK)


def _sealed(token: str) -> bytes | None:
    """Return the bytes that a token spells; None for any other text, or another spelling."""
    if not token.startswith(PREFIX) or len(token) > _MAX_TOKEN or not token.isascii():
        return None
    spelled = token.removeprefix(PREFIX).encode()
    try:
        sealed = urlsafe_b64decode(spelled + b"=" * (-len(spelled) % 4))
    except NotBase64:
        return None
    return sealed if urlsafe_b64encode(sealed).rstrip(b"=") == spelled else None
