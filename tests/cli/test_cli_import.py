"""The command is light to load: each command brings its own, and nothing that it does not need."""

import subprocess
import sys

import pytest

from tests.cli.command import environment

# Extras, and what takes long to load.
HEAVY = {"google", "grpc", "numpy", "pandas", "polars", "presidio_analyzer", "spacy"}
SLOW = {"yaml", "nacl", "cryptography", "joserfc", "msgspec", "sqlite3", "tempfile"}
PROBE = """
import sys
from gateway.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("modules:", *sys.modules)
"""


def _loaded(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    line = done.stdout.splitlines()[-1]
    assert line.startswith("modules: ")
    return {name.partition(".")[0] for name in line.split()[1:]}


def test_the_version_loads_next_to_nothing() -> None:
    """No YAML, no cryptography."""
    assert not _loaded("--version") & (HEAVY | SLOW)


@pytest.mark.parametrize(
    "words",
    [("--help",), ("seal", "--help"), ("explain", "--help"), ("envelope", "inspect", "nothing")],
    ids=" ".join,
)
def test_no_command_loads_an_extra_before_it_needs_one(words: tuple[str, ...]) -> None:
    """Free text alone needs one."""
    assert not _loaded(*words) & HEAVY
