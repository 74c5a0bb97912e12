"""Errors of masking carry what they must, and nothing else."""

import pickle

from keys.errors import SealgateError, leaves
from masking.errors import (
    DocumentInvalidError,
    ExtraMissingError,
    FieldUnreleasableError,
    MaskingError,
    PolicyInvalidError,
    PolicyMissingError,
)
from masking.faults import Fault

FAULTS = [
    Fault("p.yaml", 3, 5, ("rules", 0), "first", "其一", "remedy", "改法"),
    Fault("p.yaml", 9, 1, (), "second", "其二", "remedy", "改法"),
]


def test_every_leaf_has_a_code_and_two_texts() -> None:
    """Nobody meets an error without a code or without Chinese."""
    found: list[type[SealgateError]] = [*leaves(MaskingError), PolicyInvalidError]
    for leaf in found:
        assert leaf.code
        assert leaf.text
        assert any("\u4e00" <= c <= "\u9fff" for c in leaf.text_zh)


def test_a_document_error_tells_the_first_fault_and_the_count() -> None:
    """The report has the rest, a line each."""
    error = PolicyInvalidError(FAULTS)
    assert str(error).startswith("POLICY_INVALID: 2 faults; the first: p.yaml:3:5: first")
    assert "其一" in error.message_zh
    assert error.report().splitlines() == list(map(str, FAULTS))
    assert len(error.report_zh().splitlines()) == len(FAULTS)


def test_a_document_error_survives_a_process_boundary() -> None:
    """Faults and count come through a pickle."""
    error = pickle.loads(pickle.dumps(DocumentInvalidError(FAULTS, fault_count=7)))  # noqa: S301  # our own bytes
    assert error.faults == tuple(FAULTS)
    assert error.fault_count == 7


def test_texts_are_filled_from_names_alone() -> None:
    """Each message says what is missing, or which field."""
    missing = ExtraMissingError(purpose="free text", purpose_zh="自由文本", extra="text")
    assert "sealgate[text]" in str(missing)
    assert "自由文本" in missing.message_zh
    assert "G" in str(PolicyMissingError(provider="G"))
    assert "a, b" in str(FieldUnreleasableError(names="a, b"))
