"""Errors of `masking`, and of every YAML document.

::

    SealgateError
    ├── DocumentInvalidError          faults, report()
    │   └── PolicyInvalidError        POLICY_INVALID
    └── MaskingError
        ├── PolicyMissingError        POLICY_MISSING
        ├── FieldUnreleasableError    FIELD_UNRELEASABLE
        ├── ExtraMissingError         EXTRA_MISSING
        └── TableInvalidError         TABLE_INVALID

`gateway.errors` hangs the faults of its own documents under
`DocumentInvalidError`.
"""

from collections.abc import Sequence
from typing import ClassVar

from keys.errors import SealgateError
from masking.counting import counted
from masking.faults import Fault


class DocumentInvalidError(SealgateError):
    """A document that breaks its schema.

    `faults` holds them in file order; `fault_count` may be larger where a
    reader stopped listing. `totals` says how many, in English and Chinese:
    what is left to say where they are listed already.
    """

    text: ClassVar[str] = "{total}; the first: {first}"
    text_zh: ClassVar[str] = "{total_zh}；第一处：{first_zh}"

    def __init__(self, faults: Sequence[Fault], *, fault_count: int | None = None) -> None:
        self.faults = tuple(faults)
        count = len(self.faults) if fault_count is None else fault_count
        self.totals = _totals(count, len({fault.file for fault in self.faults}))
        super().__init__(
            fault_count=count,
            total=self.totals[0],
            total_zh=self.totals[1],
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


def _totals(faults: int, files: int) -> tuple[str, str]:
    if files > 1:
        return f"{counted(faults, 'fault')} in {files:,} files", f"{files} 个文件共 {faults} 处错误"
    return counted(faults, "fault"), f"共 {faults} 处错误"


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


class TableInvalidError(MaskingError):
    """A table that does not fit its plan; `fields` has a fault for each column concerned."""

    code = "TABLE_INVALID"
    text = "the table cannot be masked: {reason}"
    text_zh = "表格无法脱敏：{reason_zh}"
