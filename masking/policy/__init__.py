"""Masking policies: what a provider lets happen to its fields.

`model` says what a policy holds, `checks` what it may not say, and `outcome`
what a treatment comes to for a field of one kind and type.
"""

from masking.document import Document, read
from masking.errors import PolicyInvalidError
from masking.faults import Fault, spell_path
from masking.grades import GradeScheme
from masking.policy.checks import faults_of
from masking.policy.model import (
    Cache,
    Defaults,
    Match,
    Policy,
    Pseudonyms,
    Rule,
    Sealing,
    Treatment,
)
from masking.policy.parts import salvaged, whole

__all__ = [
    "Cache",
    "Defaults",
    "Match",
    "Policy",
    "Pseudonyms",
    "Rule",
    "Sealing",
    "Treatment",
    "read_policy",
]


def read_policy(text: bytes, file: str, *, scheme: GradeScheme | None = None) -> Policy:
    """Read a policy from YAML; with a scheme, its names of grades are checked too.

    `file` is the name shown in messages; nothing is opened.

    Raises:
        PolicyInvalidError: with every fault of the file, in its order.
    """
    try:
        document = read(text, Policy, file=file, error=PolicyInvalidError)
    except PolicyInvalidError as refusal:
        raise _completed(refusal, text, file, scheme) from None
    parts = Document(whole(document.value), file, document.root, PolicyInvalidError)
    document.raise_if(map(_placed, faults_of(parts, scheme)))
    return document.value


def _completed(
    refusal: PolicyInvalidError, text: bytes, file: str, scheme: GradeScheme | None
) -> PolicyInvalidError:
    """Add the faults in the parts that fit the schema to those of the parts that do not."""
    document = salvaged(text, file)
    further = [] if document is None else list(map(_placed, faults_of(document, scheme)))
    faults = sorted((*refusal.faults, *further), key=_place)
    return PolicyInvalidError(faults, fault_count=refusal.fault_count + len(further))


def _placed(fault: Fault) -> Fault:
    """Begin the text with the place in the document, as `read` does."""
    spelled = spell_path(fault.path)
    return fault._replace(text=f"{spelled}: {fault.text}", text_zh=f"{spelled}：{fault.text_zh}")


def _place(fault: Fault) -> tuple[int, int]:
    return fault.line, fault.column
