"""What tests of masking share: a detector takes a second to load."""

import pytest

from masking.detect.presidio import PresidioDetector


@pytest.fixture(scope="session")
def detector() -> PresidioDetector:
    """Make one detector for all tests; it keeps nothing of what it searched."""
    pytest.importorskip("presidio_analyzer")
    return PresidioDetector()
