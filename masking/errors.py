"""Errors of `masking`, and of every YAML document.

::

    SealgateError
    ├── DocumentInvalidError          faults, report()
    │   └── PolicyInvalidError        POLICY_INVALID
    └── MaskingError
        ├── PolicyMissingError        POLICY_MISSING
        ├── FieldUnreleasableError    FIELD_UNRELEASABLE
        └── ExtraMissingError         EXTRA_MISSING

`gateway.errors` hangs the faults of its own documents under
`DocumentInvalidError`.
"""

from collections.abc import Sequence
from typing import ClassVar

from keys.errors import SealgateError
from masking.faults import Fault


class DocumentInvalidError(SealgateError):
    """A document that breaks its schema.

    `faults` holds them in file order; `fault_count` may be larger where a
    reader stopped listing.
    """

    text: ClassVar[str] = "{count} fault(s); the first: {first}"
    text_zh: ClassVar[str] = "共 {count} 处错误；第一处：{first_zh}"

    def __init__(self, faults: Sequence[Fault], *, fault_count: int | None = None) -> None:
        self.faults = tuple(faults)
        count = len(self.faults) if fault_count is None else fault_count
        super().__init__(
            fault_count=count,
            count=count,
            first=self.faults[0] if self.faults else "",
            first_zh=self.faults[0].chinese() if self.faults else "",
        )

    def report(self) -> str:
        """Give every fault on a line of its own."""
        return "\n".join(map(str, self.faults))

    def report_zh(self) -> str:
        """Give every fault on a line of its own, in Chinese."""
        return "\n".join(fault.chinese() for fault in self.faults)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.faults, self.fault_count)


def _rebuild(
    kind: type[DocumentInvalidError], faults: tuple[Fault, ...], fault_count: int
) -> DocumentInvalidError:
    return kind(faults, fault_count=fault_count)


class PolicyInvalidError(DocumentInvalidError):
    code = "POLICY_INVALID"


class MaskingError(SealgateError):
    """Any refusal of `masking`."""


class PolicyMissingError(MaskingError):
    code = "POLICY_MISSING"
    text = "provider {provider} has no masking policy here (policy.yaml of its node)"
    text_zh = "此处没有提供部门 {provider} 的脱敏策略（节点目录中的 policy.yaml）"


class FieldUnreleasableError(MaskingError):
    """Fields that may not leave at all; `fields` names each with its reason."""

    code = "FIELD_UNRELEASABLE"
    text = "these fields may not leave: {names}"
    text_zh = "以下信息项不得提供：{names}"


class ExtraMissingError(MaskingError):
    code = "EXTRA_MISSING"
    text = "{purpose} needs an optional part: pip install 'sealgate[{extra}]'"
    text_zh = "{purpose_zh}需要安装可选组件：pip install 'sealgate[{extra}]'"
