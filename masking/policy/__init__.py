"""Masking policies: what a provider lets happen to its fields.

`model` says what a policy holds, `checks` what it may not say, and `outcome`
what a treatment comes to for a field of one kind and type.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from masking.document import Document, salvage
from masking.errors import PolicyInvalidError
from masking.faults import Fault, spell_path
from masking.grades import GradeScheme
from masking.policy.checks import policy_faults
from masking.policy.loosening import CataloguedField
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

__all__ = [
    "Cache",
    "CataloguedField",
    "Defaults",
    "Match",
    "Policy",
    "Pseudonyms",
    "Rule",
    "Sealing",
    "Treatment",
    "check_policy",
    "placed",
    "read_policy",
]


def read_policy(text: bytes, file: str, *, scheme: GradeScheme | None = None) -> Policy:
    """Read a policy from YAML; with a scheme, its names of grades are checked too.

    `file` is the name shown in messages; nothing is opened.

    Raises:
        PolicyInvalidError: with every fault of the file, in its order.
    """
    return check_policy(text, file, scheme=scheme).value


def check_policy(
    text: bytes,
    file: str,
    *,
    scheme: GradeScheme | None = None,
    fields: Mapping[str, Sequence[CataloguedField]] | None = None,
) -> Document[Policy]:
    """Read what can be read of a policy, and find all its faults.

    `fields` are those of a catalogue by provider, for messages to name.
    """
    document = salvage(text, Policy, file=file, error=PolicyInvalidError)
    found = document.found(partial(policy_faults, scheme=scheme, fields=fields or {}))
    return document.with_faults(map(placed, found))


def placed(fault: Fault) -> Fault:
    """Begin the text with the place in the document, as reading does."""
    spelled = spell_path(fault.path)
    return fault._replace(text=f"{spelled}: {fault.text}", text_zh=f"{spelled}：{fault.text_zh}")
