"""Errors of every package, and those of `keys`.

::

    SealgateError                     code, text, text_zh, fields, records
    └── KeysError
        ├── KeyUnknownError           KEY_UNKNOWN
        ├── KeyUnavailableError       KEY_UNAVAILABLE
        ├── SuiteRefusedError         SUITE_REFUSED
        ├── SignatureInvalidError     SIGNATURE_INVALID
        └── DecryptionFailedError     DECRYPTION_FAILED

`masking.errors` and `gateway.errors` hang their own trees under
`SealgateError`. A leaf has a stable `code`; its texts name fields, positions,
codes and identifiers of public things, never a value, a token or a key.
"""

from collections.abc import Iterator
from typing import ClassVar, NamedTuple


class FieldFault(NamedTuple):
    """One thing wrong with one field of one record.

    `record` counts from 1 (None: the fault is not one record's); `field` is a
    field id or a position such as `#3`, never a value.
    """

    record: int | None
    field: str
    text: str
    text_zh: str


class SealgateError(Exception):
    """A refusal with a stable code and a text in English and Chinese.

    `text` and `text_zh` are templates filled from keyword arguments; callers
    pass only names, codes, counts, times and positions.
    """

    code: ClassVar[str] = ""
    text: ClassVar[str] = ""
    text_zh: ClassVar[str] = ""

    def __init__(
        self,
        *,
        fields: tuple[FieldFault, ...] = (),
        fault_count: int | None = None,
        records: tuple[int, ...] = (),
        **parameters: object,
    ) -> None:
        self.message = self.text.format(**parameters)
        self.message_zh = self.text_zh.format(**parameters)
        self.fields = fields
        self.fault_count = len(fields) if fault_count is None else fault_count
        self.records = records
        # Whether a ledger holds it, or counts it.
        self.entered = False
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def shift_records(self, offset: int) -> None:
        """Count records from further back, where a batch is one of several."""
        self.records = tuple(record + offset for record in self.records)
        self.fields = tuple(
            fault if fault.record is None else fault._replace(record=fault.record + offset)
            for fault in self.fields
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            type(self),
            self.message,
            self.message_zh,
            self.fields,
            self.fault_count,
            self.records,
        )


def _rebuild(
    kind: type[SealgateError],
    message: str,
    message_zh: str,
    fields: tuple[FieldFault, ...],
    fault_count: int,
    records: tuple[int, ...],
) -> SealgateError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.message, error.message_zh = message, message_zh
    error.fields, error.fault_count, error.records = fields, fault_count, records
    return error


def leaves(root: type[SealgateError] = SealgateError) -> Iterator[type[SealgateError]]:
    """Yield every error class below `root` that has no subclass."""
    below = root.__subclasses__()
    if not below:
        yield root
    for kind in below:
        yield from leaves(kind)


class KeysError(SealgateError):
    """Any error of `keys`."""


class KeyUnknownError(KeysError):
    code = "KEY_UNKNOWN"
    text = "no {kind} with id {key_id} is known here"
    text_zh = "此处没有编号为 {key_id} 的{kind_zh}"


class KeyUnavailableError(KeysError):
    code = "KEY_UNAVAILABLE"
    text = "{reason}"
    text_zh = "{reason_zh}"


class SuiteRefusedError(KeysError):
    code = "SUITE_REFUSED"
    text = "suite {suite} is refused: {reason}"
    text_zh = "拒绝使用密码套件 {suite}：{reason_zh}"


class SignatureInvalidError(KeysError):
    code = "SIGNATURE_INVALID"
    text = "the signature is not one of key {key_id} over this message"
    text_zh = "该签名不是密钥 {key_id} 对此消息的签名"


class DecryptionFailedError(KeysError):
    code = "DECRYPTION_FAILED"
    text = "the ciphertext does not open: wrong key, wrong context or altered bytes"
    text_zh = "密文无法解开：密钥不符、上下文不符或内容被改动"


def unexpected(error: BaseException) -> str:
    """Tell type and place of an error that is none of ours; its text may quote a value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
    return f"{type(error).__name__} at {place}"
